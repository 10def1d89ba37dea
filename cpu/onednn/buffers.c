/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.c: the block of memory behind engine/placement.c's offsets.
 */
#include "cpu/onednn/buffers.h"

#include <stdlib.h>
#include <string.h>

#include "placement.h"

#define ALIGNMENT 64

struct _NucsegBuffers {
  NucsegPlacement *placement;
  guint8 *block;
  gsize size;
};

NucsegBuffers *
nucseg_buffers_new (void)
{
  NucsegBuffers *buffers = g_new0 (NucsegBuffers, 1);

  buffers->placement = nucseg_placement_new (ALIGNMENT);
  return buffers;
}

void
nucseg_buffers_free (NucsegBuffers *buffers)
{
  if (!buffers)
    return;
  nucseg_placement_free (buffers->placement);
  free (buffers->block);
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
  void *block = NULL;

  if (posix_memalign (&block, ALIGNMENT, size) != 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for the network's tensors: %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  memset (block, 0, size);
  buffers->block = block;
  buffers->size = size;
  return TRUE;
}

gpointer
nucseg_buffers_get (NucsegBuffers *buffers, guint buffer)
{
  return buffers->block
      + nucseg_placement_get_offset (buffers->placement, buffer);
}

gsize
nucseg_buffers_get_size (const NucsegBuffers *buffers, gsize *unshared)
{
  if (unshared)
    *unshared = nucseg_placement_get_unshared (buffers->placement);
  return buffers->size;
}
