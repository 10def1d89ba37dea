/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * maskpool.c: pools of the two buffers that every mask carries, so that a
 * stream in full run asks the system for no memory.
 *
 * Label maps of a slow allocator are all made at once; where so many are out (a
 * queue behind the element holds them), others come from ordinary memory.
 */
#include "nucsegmeta-write.h"

struct _NucsegMaskPool {
  GstBufferPool *pools[2]; /* label maps; object tables */
  gsize sizes[2]; /* bytes of a buffer of each */
  GstAllocator *allocator; /* of label maps; NULL: the usual one */
  guint n_labels; /* of its label maps */
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
  gst_clear_object (&pool->allocator);
  g_free (pool);
}

/* Makes the pool of buffers of @size bytes, unless it is there. */
static gboolean
begin_pool (NucsegMaskPool *pool, guint which, gsize size)
{
  const gboolean slow = which == LABELS && pool->allocator;
  const guint n = slow ? pool->n_labels : 0;
  GstStructure *config;

  if (pool->sizes[which] == size)
    return TRUE;
  end_pool (pool, which);
  pool->pools[which] = gst_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool->pools[which]);
  gst_buffer_pool_config_set_params (config, NULL, size, n, n);
  if (slow)
    gst_buffer_pool_config_set_allocator (config, pool->allocator, NULL);
  if (!gst_buffer_pool_set_config (pool->pools[which], config)
      || !gst_buffer_pool_set_active (pool->pools[which], TRUE)) {
    end_pool (pool, which);
    return FALSE;
  }
  pool->sizes[which] = size;
  return TRUE;
}

static GstBuffer *
acquire (NucsegMaskPool *pool, guint which, gsize size)
{
  GstBufferPoolAcquireParams params = {
    .flags = GST_BUFFER_POOL_ACQUIRE_FLAG_DONTWAIT
  };
  GstBuffer *buffer = NULL;

  if (!begin_pool (pool, which, size))
    return NULL;
  switch (
      gst_buffer_pool_acquire_buffer (pool->pools[which], &buffer, &params)) {
  case GST_FLOW_OK:
    return buffer;
  case GST_FLOW_EOS:
    return gst_buffer_new_allocate (NULL, size, NULL);
  default:
    return NULL;
  }
}

static gsize
labels_size (gint width, gint height)
{
  return (gsize) width * (gsize) height * sizeof (guint16);
}

void
nucseg_mask_pool_prepare (NucsegMaskPool *pool, gint width, gint height,
    GstAllocator *allocator, guint n_labels)
{
  g_return_if_fail (pool && width > 0 && height > 0);

  if (allocator != pool->allocator
      || (allocator && n_labels != pool->n_labels)) {
    end_pool (pool, LABELS);
    gst_object_replace (
        (GstObject **) &pool->allocator, GST_OBJECT_CAST (allocator));
    pool->n_labels = n_labels;
  }
  /* who asks for a map will hear of what fails */
  begin_pool (pool, LABELS, labels_size (width, height));
}

GstBuffer *
nucseg_mask_pool_labels (NucsegMaskPool *pool, gint width, gint height)
{
  g_return_val_if_fail (pool && width > 0 && height > 0, NULL);

  return acquire (pool, LABELS, labels_size (width, height));
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
