/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-frame.c: one frame's way through nucsegfilter: which buffer
 * goes out, mapping, inference or reuse of the last mask, and the metadata.
 */
#include "errors.h"
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"
#include "roimeta.h"

#define JUMP GST_SECOND

#define PARENT_CLASS                                                           \
  (GST_BASE_TRANSFORM_CLASS (                                                  \
      g_type_class_peek_parent (g_type_class_peek (GST_TYPE_NUCSEG_FILTER))))

void
nucseg_filter_forget_mask (GstNucsegFilter *self)
{
  gst_clear_buffer (&self->mask.labels);
  gst_clear_buffer (&self->mask.objects);
  memset (&self->mask, 0, sizeof (self->mask));
  self->mask_pts = GST_CLOCK_TIME_NONE;
  self->mask_age = 0;
}

/* --- Which buffer goes out ---------------------------------------------- */

static GstFlowReturn
prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *inbuf, GstBuffer **outbuf)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  const gboolean same = GST_VIDEO_INFO_FORMAT (&self->in_info)
          == GST_VIDEO_INFO_FORMAT (&self->out_info)
      && self->in_cuda == self->out_cuda;

  /* One look at the properties for the whole frame: what is decided here must
   * still hold when it is drawn. */
  nucseg_filter_get_frame_settings (self, &self->now);
  self->draw = !same || nucseg_frame_settings_draws (&self->now);

  if (!self->draw) {
    /* A copy of the buffer is a new head on the same memory. */
    *outbuf = gst_buffer_is_writable (inbuf) ? inbuf : gst_buffer_copy (inbuf);
    return GST_FLOW_OK;
  }
  if (same && gst_buffer_is_writable (inbuf)
      && gst_buffer_is_all_memory_writable (inbuf)) {
    *outbuf = inbuf;
    return GST_FLOW_OK;
  }
  return PARENT_CLASS->prepare_output_buffer (trans, inbuf, outbuf);
}

static gboolean
transform_meta (
    GstBaseTransform *trans, GstBuffer *outbuf, GstMeta *meta, GstBuffer *inbuf)
{
  static GQuark colorspace = 0;
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);

  if (!colorspace)
    colorspace = g_quark_from_static_string (GST_META_TAG_VIDEO_COLORSPACE_STR);
  /* Same size, same orientation: all metas hold but those of the pixels'
   * colours, and those of the memory, which the base class leaves out. */
  return GST_VIDEO_INFO_FORMAT (&self->in_info)
      == GST_VIDEO_INFO_FORMAT (&self->out_info)
      || !gst_meta_api_type_has_tag (meta->info->api, colorspace);
}

/* --- Mapping ------------------------------------------------------------ */

/* A buffer that isn't what the caps say is refused before GstVideoFrame sees
 * it: that takes the meta's word for its size. */
static gboolean
check_buffer (
    GstNucsegFilter *self, GstBuffer *buffer, const GstVideoInfo *info)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  const gsize size = gst_buffer_get_size (buffer);

  if (meta
      && (meta->n_planes != GST_VIDEO_INFO_N_PLANES (info)
          || meta->format != GST_VIDEO_INFO_FORMAT (info)
          || meta->width != (guint) GST_VIDEO_INFO_WIDTH (info)
          || meta->height != (guint) GST_VIDEO_INFO_HEIGHT (info))) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer holds %s %ux%u, the caps say %s %dx%d.",
            gst_video_format_to_string (meta->format), meta->width,
            meta->height,
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info)),
        (NULL));
    return FALSE;
  }
  if (!meta && size < GST_VIDEO_INFO_SIZE (info)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT
         " bytes is too short: %s %dx%d has %" G_GSIZE_FORMAT ".",
            size, gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info),
            GST_VIDEO_INFO_SIZE (info)),
        (NULL));
    return FALSE;
  }
  return TRUE;
}

/* Bytes that the rows of plane @plane take up from its first pixel on. */
static gsize
plane_extent (const GstVideoFrame *frame, guint plane)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint component[GST_VIDEO_MAX_COMPONENTS];
  gsize rows, row;

  gst_video_format_info_component (finfo, plane, component);
  rows = GST_VIDEO_FRAME_COMP_HEIGHT (frame, component[0]);
  row = (gsize) GST_VIDEO_FRAME_COMP_WIDTH (frame, component[0])
      * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component[0]);
  return (rows - 1) * GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane) + row;
}

/* *@memory: (out): where the planes of the mapped frame are */
static gboolean
map_frame (GstNucsegFilter *self, GstVideoFrame *frame,
    const GstVideoInfo *info, GstBuffer *buffer, GstMapFlags flags,
    NucsegMemory *memory)
{
  gboolean fits = TRUE;

  if (!check_buffer (self, buffer, info))
    return FALSE;
  *memory = nucseg_filter_cuda_map_flags (self, buffer, &flags)
      ? NUCSEG_MEMORY_CUDA
      : NUCSEG_MEMORY_SYSTEM;
  if (!gst_video_frame_map (
          frame, info, buffer, flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT " bytes can't be read as %s %dx%d.",
            gst_buffer_get_size (buffer),
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info)),
        (NULL));
    return FALSE;
  }
  if (*memory == NUCSEG_MEMORY_CUDA)
    nucseg_filter_cuda_wait (buffer);
  /* offsets and strides of a GstVideoMeta are the sender's word too */
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (frame) && fits; i++) {
    const GstMapInfo *map = &frame->map[i];
    const guint8 *end = frame->map[0].data + frame->map[0].size;
    const guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (frame, i);

    if (frame->meta)
      end = map->data + map->size;
    fits = GST_VIDEO_FRAME_PLANE_STRIDE (frame, i) > 0 && data < end
        && plane_extent (frame, i) <= (gsize) (end - data);
  }
  if (!fits) {
    gst_video_frame_unmap (frame);
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The offsets and strides of a buffer's GstVideoMeta reach beyond its "
         "%" G_GSIZE_FORMAT " bytes.",
            gst_buffer_get_size (buffer)),
        (NULL));
  }
  return fits;
}

static void
describe_frame (GstNucsegFilter *self, const GstVideoFrame *video,
    NucsegMemory memory, NucsegFrame *frame)
{
  memset (frame, 0, sizeof (*frame));
  frame->format = nucseg_filter_format (GST_VIDEO_FRAME_FORMAT (video));
  frame->memory = memory;
  frame->width = GST_VIDEO_FRAME_WIDTH (video);
  frame->height = GST_VIDEO_FRAME_HEIGHT (video);
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (video); i++) {
    frame->data[i] = GST_VIDEO_FRAME_PLANE_DATA (video, i);
    frame->stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (video, i);
  }
  frame->significant_bits = self->now.significant_bits;
  frame->msb_aligned = self->now.msb_aligned;
}

/* --- Inference and reuse ------------------------------------------------ */

/* A mask from this frame, into self->mask. */
static gboolean
infer (GstNucsegFilter *self, const NucsegFrame *frame, NucsegFrame *shown,
    GstClockTime pts, GError **error)
{
  NucsegMetaFacts *mask = &self->mask;
  GstBuffer *labels, *objects;
  NucsegResult result = { 0 };
  GstMapInfo map;
  gboolean ok;

  labels = nucseg_mask_pool_labels (self->pool, frame->width, frame->height);
  if (!labels || !gst_buffer_map (labels, &map, GST_MAP_WRITE)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a label map of %dx%d", frame->width, frame->height);
    gst_clear_buffer (&labels);
    return FALSE;
  }
  ok = nucseg_session_run (self->session, frame, &self->now.params,
      (guint16 *) (gpointer) map.data, (gsize) frame->width * 2, shown, &result,
      error);
  gst_buffer_unmap (labels, &map);
  if (!ok) {
    gst_buffer_unref (labels);
    return FALSE;
  }
  objects =
      nucseg_mask_pool_objects (self->pool, result.objects, result.n_objects);
  if (!objects && result.n_objects > 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a table of %u nuclei", result.n_objects);
    gst_buffer_unref (labels);
    return FALSE;
  }

  nucseg_filter_forget_mask (self);
  self->mask_pts = pts;
  mask->width = frame->width;
  mask->height = frame->height;
  mask->labels = labels;
  mask->n_objects = result.n_objects;
  mask->objects = objects;
  mask->inferred = TRUE;
  memcpy (mask->stage_ns, result.stage_ns, sizeof (mask->stage_ns));
  mask->scale = result.scale;
  mask->low = result.low;
  mask->high = result.high;
  mask->inverted = result.inverted;
  mask->dropped = result.dropped;
  return TRUE;
}

/* The last mask once more, drawn on this frame if anything is drawn. */
static gboolean
reuse (GstNucsegFilter *self, const NucsegFrame *frame, NucsegFrame *shown,
    GstClockTime pts, GError **error)
{
  NucsegMetaFacts *mask = &self->mask;
  guint64 elapsed = 0;

  if (shown) {
    GstMapInfo map;
    gboolean ok;

    if (!gst_buffer_map (mask->labels, &map, GST_MAP_READ)) {
      g_set_error_literal (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
          "the last label map can't be read");
      return FALSE;
    }
    ok = nucseg_session_draw (self->session, frame, &self->now.params,
        (const guint16 *) (gpointer) map.data, (gsize) mask->width * 2,
        mask->n_objects, shown, &elapsed, error);
    gst_buffer_unmap (mask->labels, &map);
    if (!ok)
      return FALSE;
  }
  mask->inferred = FALSE;
  mask->age_frames = ++self->mask_age;
  mask->age =
      GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (self->mask_pts)
      ? (guint64) ABS (GST_CLOCK_DIFF (self->mask_pts, pts))
      : 0;
  memset (mask->stage_ns, 0, sizeof (mask->stage_ns));
  mask->stage_ns[NUCSEG_STAGE_OVERLAY] = elapsed;
  mask->stage_ns[NUCSEG_STAGE_TOTAL] = elapsed;
  return TRUE;
}

static void
attach (GstNucsegFilter *self, GstBuffer *outbuf)
{
  NucsegMetaFacts *facts = &self->mask;

  facts->pixel_size = self->now.params.pixel_size_um;
  facts->model = self->stats.model;
  facts->model_sha256 = self->stats.sha256;
  facts->backend = self->stats.backend;
  facts->precision = self->stats.precision;
  nucseg_meta_attach (outbuf, NUCSEG_META_NAME, facts);
  nucseg_roi_clear (outbuf);
  if (self->now.roi_meta && facts->objects) {
    GstMapInfo map;

    if (gst_buffer_map (facts->objects, &map, GST_MAP_READ)) {
      nucseg_roi_attach (outbuf, (const NucsegObject *) (gpointer) map.data,
          facts->n_objects, facts->pixel_size);
      gst_buffer_unmap (facts->objects, &map);
    }
  }
}

/* Whether a frame that does not follow the one before shows another scene. A
 * few lost frames don't make one: a leaky queue in front of a filter with an
 * interval would have each frame inferred, when time is shortest. */
static gboolean
is_jump (GstNucsegFilter *self, GstClockTime pts)
{
  return !GST_CLOCK_TIME_IS_VALID (pts)
      || !GST_CLOCK_TIME_IS_VALID (self->mask_pts) || pts < self->mask_pts
      || pts - self->mask_pts > JUMP;
}

static GstFlowReturn
transform (GstBaseTransform *trans, GstBuffer *inbuf, GstBuffer *outbuf)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  const gboolean in_place = self->draw && inbuf == outbuf;
  const gint64 started = g_get_monotonic_time ();
  const GstClockTime pts = GST_BUFFER_PTS (inbuf);
  GstVideoFrame in, out;
  NucsegFrame frame, shown;
  NucsegFrame *draw_on = NULL;
  NucsegMemory memory;
  GError *error = NULL;
  gboolean ok;

  if (self->in_cuda && !nucseg_filter_cuda_adopt (self, inbuf, &error)) {
    nucseg_element_error (GST_ELEMENT (self), error, "changing CUDA contexts");
    return GST_FLOW_ERROR;
  }
  if (!map_frame (self, &in, &self->in_info, inbuf,
          in_place ? GST_MAP_READWRITE : GST_MAP_READ, &memory))
    return GST_FLOW_ERROR;
  describe_frame (self, &in, memory, &frame);
  if (in_place) {
    shown = frame;
    draw_on = &shown;
  } else if (self->draw) {
    if (!map_frame (
            self, &out, &self->out_info, outbuf, GST_MAP_WRITE, &memory)) {
      gst_video_frame_unmap (&in);
      return GST_FLOW_ERROR;
    }
    describe_frame (self, &out, memory, &shown);
    draw_on = &shown;
  }

  if (GST_BUFFER_IS_DISCONT (inbuf) && is_jump (self, pts))
    nucseg_filter_forget_mask (self);
  nucseg_filter_cuda_enter (self);
  if (self->mask.labels && self->mask_age + 1 < self->now.interval)
    ok = reuse (self, &frame, draw_on, pts, &error);
  else
    ok = infer (self, &frame, draw_on, pts, &error);
  nucseg_filter_cuda_leave (self);

  if (self->draw && !in_place)
    gst_video_frame_unmap (&out);
  gst_video_frame_unmap (&in);
  if (!ok) {
    self->session_failed = TRUE;
    nucseg_element_error (GST_ELEMENT (self), error, "segmenting a frame");
    return GST_FLOW_ERROR;
  }
  attach (self, outbuf);
  GST_LOG_OBJECT (self, "frame of %" GST_TIME_FORMAT ": %u nuclei, %s",
      GST_TIME_ARGS (pts), self->mask.n_objects,
      self->mask.inferred ? "inferred" : "reused");
  nucseg_filter_stats_add (
      self, &self->mask, (guint64) (g_get_monotonic_time () - started) * 1000);
  return GST_FLOW_OK;
}

void
nucseg_filter_install_frame (GstNucsegFilterClass *klass)
{
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  trans_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (prepare_output_buffer);
  trans_class->transform_meta = GST_DEBUG_FUNCPTR (transform_meta);
  trans_class->transform = GST_DEBUG_FUNCPTR (transform);
}
