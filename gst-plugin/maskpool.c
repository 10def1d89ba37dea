/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * maskpool.c: pools of the two buffers that every mask carries, so that a
 * stream in full run asks the system for no memory.
 */
#include "nucsegmeta-write.h"

struct _NucsegMaskPool {
  GstBufferPool *pools[2]; /* label maps; object tables */
  gsize sizes[2]; /* bytes of a buffer of each */
};

enum { LABELS, OBJECTS };

NucsegMaskPool *
nucseg_mask_pool_new (void)
{
  return g_new0 (NucsegMaskPool, 1);
}

static void
end_pool (NucsegMaskPool *pool, guint which)
{
  if (!pool->pools[which])
    return;
  /* buffers that are out are freed when they come back */
  gst_buffer_pool_set_active (pool->pools[which], FALSE);
  gst_clear_object (&pool->pools[which]);
  pool->sizes[which] = 0;
}

void
nucseg_mask_pool_free (NucsegMaskPool *pool)
{
  if (!pool)
    return;
  end_pool (pool, LABELS);
  end_pool (pool, OBJECTS);
  g_free (pool);
}

static GstBuffer *
acquire (NucsegMaskPool *pool, guint which, gsize size)
{
  GstBuffer *buffer = NULL;

  if (pool->sizes[which] != size) {
    GstStructure *config;

    end_pool (pool, which);
    pool->pools[which] = gst_buffer_pool_new ();
    config = gst_buffer_pool_get_config (pool->pools[which]);
    gst_buffer_pool_config_set_params (config, NULL, size, 0, 0);
    if (!gst_buffer_pool_set_config (pool->pools[which], config)
        || !gst_buffer_pool_set_active (pool->pools[which], TRUE)) {
      end_pool (pool, which);
      return NULL;
    }
    pool->sizes[which] = size;
  }
  if (gst_buffer_pool_acquire_buffer (pool->pools[which], &buffer, NULL)
      != GST_FLOW_OK)
    return NULL;
  return buffer;
}

GstBuffer *
nucseg_mask_pool_labels (NucsegMaskPool *pool, gint width, gint height)
{
  g_return_val_if_fail (pool && width > 0 && height > 0, NULL);

  return acquire (
      pool, LABELS, (gsize) width * (gsize) height * sizeof (guint16));
}

GstBuffer *
nucseg_mask_pool_objects (
    NucsegMaskPool *pool, const NucsegObject *objects, guint n_objects)
{
  const gsize bytes = n_objects * sizeof (NucsegObject);
  gsize size = MAX (pool->sizes[OBJECTS], 256 * sizeof (NucsegObject));
  GstBuffer *buffer;

  g_return_val_if_fail (n_objects == 0 || objects, NULL);

  if (n_objects == 0)
    return NULL;
  /* doubling: a count that creeps up must not make a pool for each frame */
  while (size < bytes)
    size *= 2;
  buffer = acquire (pool, OBJECTS, size);
  if (buffer) {
    gst_buffer_fill (buffer, 0, objects, bytes);
    gst_buffer_set_size (buffer, bytes);
  }
  return buffer;
}
