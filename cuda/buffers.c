/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.c: the block of device memory behind engine/placement.c's offsets.
 */
#include "cuda/buffers.h"

#include "placement.h"

#define ALIGNMENT 256
#define N_NOISE (512 * 1024) /* of 16 bits */

struct _NucsegBuffers {
  NucsegCudaDevice *device;
  NucsegPlacement *placement;
  guint8 *block; /* on the device */
  gsize size; /* of it */
};

NucsegBuffers *
nucseg_buffers_new (NucsegCudaDevice *device)
{
  NucsegBuffers *buffers = g_new0 (NucsegBuffers, 1);

  buffers->device = device;
  buffers->placement = nucseg_placement_new (ALIGNMENT);
  return buffers;
}

void
nucseg_buffers_free (NucsegBuffers *buffers)
{
  if (!buffers)
    return;
  nucseg_placement_free (buffers->placement);
  nucseg_cuda_free (buffers->device, buffers->block);
  g_free (buffers);
}

guint
nucseg_buffers_add (NucsegBuffers *buffers, gsize size)
{
  return nucseg_placement_add (buffers->placement, size);
}

void
nucseg_buffers_use (NucsegBuffers *buffers, guint buffer, guint step)
{
  nucseg_placement_use (buffers->placement, buffer, step);
}

gboolean
nucseg_buffers_allocate (NucsegBuffers *buffers, GError **error)
{
  buffers->size = nucseg_placement_place (buffers->placement);
  buffers->block = nucseg_cuda_alloc (
      buffers->device, buffers->size, "the network's tensors", error);
  return buffers->block != NULL;
}

gboolean
nucseg_buffers_fill (NucsegBuffers *buffers, GError **error)
{
  g_autofree guint16 *noise = g_new (guint16, N_NOISE);
  guint32 state = 1;
  gboolean ok = TRUE;

  for (guint i = 0; i < N_NOISE; i++) {
    state = state * 1664525 + 1013904223;
    /* bf16, or half of an f32, from 0.5 to 2 and from -2 to -0.5; f16 from
     * 1.75 to 2 and from -2 to -1.75 */
    noise[i] = (guint16) ((state >> 16 & 0x80ff) | 0x3f00);
  }
  for (gsize at = 0; ok && at < buffers->size; at += N_NOISE * sizeof *noise)
    ok = nucseg_cuda_upload (buffers->device, buffers->block + at, noise,
        MIN (buffers->size - at, N_NOISE * sizeof *noise), error);
  return nucseg_cuda_wait (buffers->device, ok ? error : NULL) && ok;
}

gpointer
nucseg_buffers_get (NucsegBuffers *buffers, guint buffer)
{
  return buffers->block
      + nucseg_placement_get_offset (buffers->placement, buffer);
}
