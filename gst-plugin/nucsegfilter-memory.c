/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-memory.c: which buffers nucsegfilter proposes to who comes
 * before, and which it allocates, for frames and masks.
 */
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"
#include "pinnedallocator.h"

/* A pool of CUDA memory has rows of its own length, and so a size. */
static guint
get_size (GstBufferPool *pool)
{
  GstStructure *config = gst_buffer_pool_get_config (pool);
  guint size = 0;

  gst_buffer_pool_config_get_params (config, NULL, &size, NULL, NULL);
  gst_structure_free (config);
  return size;
}

/* Buffers of either side that are here at once, where it is more than the one
 * that is passed on; else 0. A pool with fewer would have us wait for
 * ourselves. */
static guint
get_needed (GstNucsegFilter *self)
{
  return self->n_sessions > 1 ? self->n_sessions : 0;
}

static gboolean
propose_cuda (GstNucsegFilter *self, GstQuery *query)
{
  GstBufferPool *pool;
  GstStructure *config;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  pool = nucseg_filter_cuda_pool_new (self);
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (
      config, caps, GST_VIDEO_INFO_SIZE (&self->in_info), get_needed (self), 0);
  gst_buffer_pool_config_add_option (config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  if (!gst_buffer_pool_set_config (pool, config)) {
    gst_object_unref (pool);
    return FALSE;
  }
  gst_query_add_allocation_pool (
      query, pool, get_size (pool), get_needed (self), 0);
  gst_object_unref (pool);
  return TRUE;
}

/* The sessions', kept: who is given another one page-locks anew. NULL where the
 * back end's device, if it has one, can't read host memory. */
static GstAllocator *
get_pinned_allocator (GstNucsegFilter *self)
{
  const gchar *backend = self->n_sessions > 0
      ? nucseg_session_get_backend (self->sessions[0])
      : NULL;

  if (self->pinned_allocator && backend
      && !nucseg_pinned_allocator_is_of (self->pinned_allocator, backend))
    gst_clear_object (&self->pinned_allocator);
  if (!self->pinned_allocator && backend)
    self->pinned_allocator = nucseg_pinned_allocator_new (backend);
  return backend ? self->pinned_allocator : NULL;
}

/* Beside the masks of all frames in work: the last one, which may be drawn
 * again, and one downstream. */
#define MORE_MASKS 2

void
nucseg_filter_prepare_masks (GstNucsegFilter *self, gboolean for_long)
{
  /* Page-locked memory is the primary context's, which takes hundreds of
   * megabytes where nobody else is in it: as the session is that has been given
   * no other. */
  const gboolean pinned =
      for_long && (!self->session_cuda || nucseg_filter_cuda_is_primary (self));

  nucseg_mask_pool_prepare (self->pool, GST_VIDEO_INFO_WIDTH (&self->in_info),
      GST_VIDEO_INFO_HEIGHT (&self->in_info),
      pinned ? get_pinned_allocator (self) : NULL,
      self->n_sessions + MORE_MASKS);
}

/* What a GPU reads where it lies. Only a pool: page-locking is too slow for
 * those who would allocate each buffer anew. */
static gboolean
propose_pinned (GstNucsegFilter *self, GstQuery *query)
{
  const guint needed = get_needed (self);
  const guint size = GST_VIDEO_INFO_SIZE (&self->in_info);
  GstAllocator *allocator;
  GstBufferPool *pool;
  GstStructure *config;
  GstCaps *caps;
  gboolean offered;

  gst_query_parse_allocation (query, &caps, NULL);
  allocator = caps ? get_pinned_allocator (self) : NULL;
  if (!allocator)
    return FALSE;
  pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, needed, 0);
  gst_buffer_pool_config_set_allocator (config, allocator, NULL);
  offered = gst_buffer_pool_set_config (pool, config);
  if (offered)
    gst_query_add_allocation_pool (query, pool, size, needed, 0);
  gst_object_unref (pool);
  return offered;
}

static gboolean
propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);

  if (!NUCSEG_FILTER_PARENT_CLASS->propose_allocation (
          trans, decide_query, query))
    return FALSE;
  /* A padded buffer may go on as it is: only who comes after can say whether
   * that is well. Where the format changes it never goes on. */
  if (self->downstream_video_meta || self->in_cuda
      || GST_VIDEO_INFO_FORMAT (&self->in_info)
          != GST_VIDEO_INFO_FORMAT (&self->out_info)) {
    if (!gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
      gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  }
  if (self->in_cuda)
    return propose_cuda (self, query);
  if (gst_query_get_n_allocation_pools (query) == 0
      && !propose_pinned (self, query) && get_needed (self) > 0)
    gst_query_add_allocation_pool (query, NULL,
        GST_VIDEO_INFO_SIZE (&self->in_info), get_needed (self), 0);
  return TRUE;
}

/* The base class gives the pool the query's first allocator. */
static void
decide_pinned (GstNucsegFilter *self, GstQuery *query)
{
  GstAllocator *allocator = NULL;
  GstAllocationParams params;

  gst_allocation_params_init (&params);
  if (gst_query_get_n_allocation_params (query) > 0) {
    gst_query_parse_nth_allocation_param (query, 0, &allocator, &params);
    if (allocator) { /* who comes after wants another */
      gst_object_unref (allocator);
      return;
    }
  }
  allocator = get_pinned_allocator (self);
  if (!allocator)
    return;
  if (gst_query_get_n_allocation_params (query) > 0)
    gst_query_set_nth_allocation_param (query, 0, allocator, &params);
  else
    gst_query_add_allocation_param (query, allocator, &params);
}

static gboolean
decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  GstBufferPool *pool = NULL;
  GstStructure *config;
  GstCaps *caps;
  guint size = GST_VIDEO_INFO_SIZE (&self->out_info), min = 0, max = 0;
  const gboolean offered = gst_query_get_n_allocation_pools (query) > 0;

  self->downstream_video_meta =
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_parse_allocation (query, &caps, NULL);
  if (offered) {
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
    size = MAX (size, GST_VIDEO_INFO_SIZE (&self->out_info));
  }
  if (get_needed (self) > 0)
    min = MAX (min, 1) + get_needed (self) - 1;
  if (max > 0 && max < min) {
    gst_clear_object (&pool);
    max = 0;
  }
  if (pool && self->out_cuda && !nucseg_filter_cuda_pool_fits (self, pool))
    gst_clear_object (&pool);
  if (!pool && !self->out_cuda)
    decide_pinned (self, query);
  if (!pool)
    pool = self->out_cuda ? nucseg_filter_cuda_pool_new (self)
                          : gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (self->downstream_video_meta || self->out_cuda)
    gst_buffer_pool_config_add_option (
        config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config (pool, config);
  if (self->out_cuda)
    size = get_size (pool);
  if (offered)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);

  return NUCSEG_FILTER_PARENT_CLASS->decide_allocation (trans, query);
}

void
nucseg_filter_install_memory (GstNucsegFilterClass *klass)
{
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  trans_class->propose_allocation = GST_DEBUG_FUNCPTR (propose_allocation);
  trans_class->decide_allocation = GST_DEBUG_FUNCPTR (decide_allocation);
}
