/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.c: the block of device memory behind engine/placement.c's offsets.
 */
#include "cuda/buffers.h"

#include "placement.h"

#define ALIGNMENT 256

struct _NucsegBuffers {
  NucsegCudaDevice *device;
  NucsegPlacement *placement;
  guint8 *block; /* on the device */
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
  const gsize size = nucseg_placement_place (buffers->placement);

  buffers->block =
      nucseg_cuda_alloc (buffers->device, size, "the network's tensors", error);
  return buffers->block != NULL;
}

gpointer
nucseg_buffers_get (NucsegBuffers *buffers, guint buffer)
{
  return buffers->block
      + nucseg_placement_get_offset (buffers->placement, buffer);
}
