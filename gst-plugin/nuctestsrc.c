/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc.c: the element around simulation, scene, camera and truth:
 * properties, caps, time, seeking, buffers and the truth's meta.
 */
/**
 * SECTION:element-nuctestsrc
 * @title: nuctestsrc
 * @short_description: a synthetic fluorescence microscope
 *
 * Cell nuclei that move, grow, divide, touch and die, with chromatin and
 * nucleoli, seen through blur, haze, uneven light, shot noise and read noise.
 *
 * What was drawn travels with each frame as the meta `NucsegTruthMeta`: the
 * true label map and the table of objects (docs/metadata.md).
 *
 * Frame n depends on the seed, on n, on the size and on the properties alone:
 * the same bits on every machine, in every run, after every seek. Motion is
 * counted in frames, not in seconds. A seek far ahead, or back, runs the
 * simulation up to there, which takes some 30 seconds for each million frames
 * of 80 nuclei.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 nuctestsrc count=120 ! nucsegfilter ! queue ! videoconvert !
 * autovideosink
 * ]|
 *
 * Since: 0.1
 */
#include "nuctestsrc.h"

#include <gst/video/video.h>

#include "nuctestsrc-private.h"

GST_DEBUG_CATEGORY (nuc_test_src_debug);

#define DEFAULT_WIDTH 512
#define DEFAULT_HEIGHT 512
#define DEFAULT_RATE 30

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-raw, format = (string) { GRAY8, GRAY16_LE }, "
                     "width = (int) [ 16, 8192 ], height = (int) [ 16, 8192 ], "
                     "framerate = " GST_VIDEO_FPS_RANGE));

G_DEFINE_TYPE (NucTestSrc, nuc_test_src, GST_TYPE_PUSH_SRC)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE (
    nuctestsrc, "nuctestsrc", GST_RANK_NONE, NUC_TYPE_TEST_SRC,
    GST_DEBUG_CATEGORY_INIT (nuc_test_src_debug, "nuctestsrc", 0,
        "synthetic fluorescence microscope");
    nucseg_meta_register ())

/* --- Caps and memory ---------------------------------------------------- */

static GstCaps *
nuc_test_src_fixate (GstBaseSrc *base, GstCaps *caps)
{
  GstStructure *s;

  caps = gst_caps_make_writable (gst_caps_truncate (caps));
  s = gst_caps_get_structure (caps, 0);
  gst_structure_fixate_field_string (s, "format", "GRAY8");
  gst_structure_fixate_field_nearest_int (s, "width", DEFAULT_WIDTH);
  gst_structure_fixate_field_nearest_int (s, "height", DEFAULT_HEIGHT);
  gst_structure_fixate_field_nearest_fraction (s, "framerate", DEFAULT_RATE, 1);
  if (gst_structure_has_field (s, "pixel-aspect-ratio"))
    gst_structure_fixate_field_nearest_fraction (s, "pixel-aspect-ratio", 1, 1);
  else
    gst_structure_set (s, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);
  if (gst_structure_has_field (s, "interlace-mode"))
    gst_structure_fixate_field_string (s, "interlace-mode", "progressive");
  else
    gst_structure_set (s, "interlace-mode", G_TYPE_STRING, "progressive", NULL);
  return GST_BASE_SRC_CLASS (nuc_test_src_parent_class)->fixate (base, caps);
}

static gboolean
nuc_test_src_set_caps (GstBaseSrc *base, GstCaps *caps)
{
  NucTestSrc *self = NUC_TEST_SRC (base);
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps)) {
    GST_ERROR_OBJECT (self, "not raw video: %" GST_PTR_FORMAT, caps);
    return FALSE;
  }
  if (self->info.fps_n > 0
      && (info.fps_n != self->info.fps_n || info.fps_d != self->info.fps_d)) {
    /* time goes on from where the old rate leaves it */
    self->base_time = nuc_test_src_frame_time (self, self->frame);
    self->base_frame = self->frame;
  }
  if (info.width != self->info.width || info.height != self->info.height)
    nuc_test_src_drop_picture (self);
  GST_OBJECT_LOCK (self);
  self->info = info;
  GST_OBJECT_UNLOCK (self);
  gst_base_src_set_blocksize (base, (guint) info.size);
  GST_DEBUG_OBJECT (self, "caps %" GST_PTR_FORMAT, caps);
  return TRUE;
}

static gboolean
nuc_test_src_decide_allocation (GstBaseSrc *base, GstQuery *query)
{
  NucTestSrc *self = NUC_TEST_SRC (base);
  GstBufferPool *pool = NULL;
  GstStructure *config;
  GstCaps *caps = NULL;
  guint size = 0, min = 0, max = 0;
  gboolean update = gst_query_get_n_allocation_pools (query) > 0;

  if (update)
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  size = MAX (size, (guint) self->info.size);
  if (pool == NULL)
    pool = gst_video_buffer_pool_new ();
  gst_query_parse_allocation (query, &caps, NULL);
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
    gst_buffer_pool_config_add_option (
        config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config (pool, config);
  if (update)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);
  return GST_BASE_SRC_CLASS (nuc_test_src_parent_class)
      ->decide_allocation (base, query);
}

/* --- Start, stop, time -------------------------------------------------- */

static gboolean
nuc_test_src_start (GstBaseSrc *base)
{
  NucTestSrc *self = NUC_TEST_SRC (base);

  gst_video_info_init (&self->info);
  self->info.fps_n = 0;
  self->frame = self->base_frame = 0;
  self->base_time = 0;
  self->n_pushed = self->n_skipped = 0;
  self->pool = nucseg_mask_pool_new ();
  GST_OBJECT_LOCK (self);
  self->config = self->population;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
nuc_test_src_stop (GstBaseSrc *base)
{
  NucTestSrc *self = NUC_TEST_SRC (base);

  nuc_test_src_drop_picture (self);
  g_clear_pointer (&self->pool, nucseg_mask_pool_free);
  return TRUE;
}

static gboolean
nuc_test_src_unlock (GstBaseSrc *base)
{
  g_atomic_int_set (&NUC_TEST_SRC (base)->flushing, TRUE);
  return TRUE;
}

static gboolean
nuc_test_src_unlock_stop (GstBaseSrc *base)
{
  g_atomic_int_set (&NUC_TEST_SRC (base)->flushing, FALSE);
  return TRUE;
}

static gboolean
nuc_test_src_is_seekable (GstBaseSrc *base)
{
  return !gst_base_src_is_live (base);
}

/* A seek that do_seek() refuses has already flushed, and leaves a stream
 * without a segment: what can be known before is refused here. */
static gboolean
nuc_test_src_event (GstBaseSrc *base, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK) {
    gdouble rate;

    gst_event_parse_seek (event, &rate, NULL, NULL, NULL, NULL, NULL, NULL);
    if (rate < 0) {
      GST_WARNING_OBJECT (
          base, "cells don't live backwards: rate %g refused", rate);
      return FALSE;
    }
  }
  return GST_BASE_SRC_CLASS (nuc_test_src_parent_class)->event (base, event);
}

static gboolean
nuc_test_src_do_seek (GstBaseSrc *base, GstSegment *segment)
{
  NucTestSrc *self = NUC_TEST_SRC (base);

  if (segment->rate < 0)
    return FALSE;
  segment->time = segment->start;
  self->base_time = 0;
  self->base_frame = 0;
  self->frame = 0;
  /* before the first caps the rate is unknown, and so is the frame; base
   * sources seek to 0 then */
  if (self->info.fps_n > 0)
    self->frame = gst_util_uint64_scale (segment->position,
        (guint64) self->info.fps_n, (guint64) self->info.fps_d * GST_SECOND);
  return TRUE;
}

static void
nuc_test_src_get_times (
    GstBaseSrc *base, GstBuffer *buffer, GstClockTime *start, GstClockTime *end)
{
  *start = *end = GST_CLOCK_TIME_NONE;
  if (!gst_base_src_is_live (base) || !GST_BUFFER_PTS_IS_VALID (buffer))
    return;
  *start = GST_BUFFER_PTS (buffer);
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    *end = *start + GST_BUFFER_DURATION (buffer);
}

static gboolean
nuc_test_src_query (GstBaseSrc *base, GstQuery *query)
{
  NucTestSrc *self = NUC_TEST_SRC (base);
  GstVideoInfo info;

  GST_OBJECT_LOCK (self);
  info = self->info;
  GST_OBJECT_UNLOCK (self);

  switch (GST_QUERY_TYPE (query)) {
  case GST_QUERY_CONVERT: {
    GstFormat from, to;
    gint64 value, converted;

    gst_query_parse_convert (query, &from, &value, &to, &converted);
    if (info.finfo == NULL || info.width == 0
        || !gst_video_info_convert (&info, from, value, to, &converted))
      return FALSE;
    gst_query_set_convert (query, from, value, to, converted);
    return TRUE;
  }
  case GST_QUERY_LATENCY: {
    GstClockTime frame;

    if (info.fps_n == 0)
      break;
    /* a camera's frame is there when its exposure ends */
    frame = gst_util_uint64_scale (
        GST_SECOND, (guint64) info.fps_d, (guint64) info.fps_n);
    gst_query_set_latency (
        query, gst_base_src_is_live (base), frame, NUC_CAMERA_BUFFERS * frame);
    return TRUE;
  }
  case GST_QUERY_DURATION: {
    GstFormat format;
    gint n_buffers = -1;

    g_object_get (self, "num-buffers", &n_buffers, NULL);
    gst_query_parse_duration (query, &format, NULL);
    if (n_buffers < 0 || info.fps_n == 0)
      break;
    if (format == GST_FORMAT_TIME) {
      gst_query_set_duration (query, format,
          (gint64) gst_util_uint64_scale ((guint64) n_buffers,
              (guint64) info.fps_d * GST_SECOND, (guint64) info.fps_n));
      return TRUE;
    }
    if (format == GST_FORMAT_DEFAULT) {
      gst_query_set_duration (query, format, n_buffers);
      return TRUE;
    }
    break;
  }
  default:
    break;
  }
  return GST_BASE_SRC_CLASS (nuc_test_src_parent_class)->query (base, query);
}

static void
nuc_test_src_finalize (GObject *object)
{
  NucTestSrc *self = NUC_TEST_SRC (object);

  nuc_test_src_drop_picture (self);
  nucseg_mask_pool_free (self->pool);
  g_array_unref (self->objects);
  G_OBJECT_CLASS (nuc_test_src_parent_class)->finalize (object);
}

static void
nuc_test_src_class_init (NucTestSrcClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (klass);

  object->finalize = nuc_test_src_finalize;
  nuc_test_src_install_properties (object);

  gst_element_class_set_static_metadata (element,
      "Synthetic fluorescence microscope", "Source/Video",
      "Moving, dividing, touching cell nuclei with their true labels",
      "The nucsegfilter developers");
  gst_element_class_add_static_pad_template (element, &src_template);

  base->fixate = nuc_test_src_fixate;
  base->set_caps = nuc_test_src_set_caps;
  base->decide_allocation = nuc_test_src_decide_allocation;
  base->start = nuc_test_src_start;
  base->stop = nuc_test_src_stop;
  base->unlock = nuc_test_src_unlock;
  base->unlock_stop = nuc_test_src_unlock_stop;
  base->is_seekable = nuc_test_src_is_seekable;
  base->event = nuc_test_src_event;
  base->do_seek = nuc_test_src_do_seek;
  base->get_times = nuc_test_src_get_times;
  base->query = nuc_test_src_query;
  GST_PUSH_SRC_CLASS (klass)->fill = nuc_test_src_fill;
}

static void
nuc_test_src_init (NucTestSrc *self)
{
  nuc_test_src_init_properties (self);
  self->objects = g_array_new (FALSE, FALSE, sizeof (NucsegObject));
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}
