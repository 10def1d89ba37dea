/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-frame.c: one frame's way through nucsegfilter: which buffer
 * goes out, inference or reuse of the last mask, and the metadata.
 */
#include "errors.h"
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"
#include "roimeta.h"

#ifdef HAVE_ANALYTICS
#include "analyticsmeta.h"
#endif

#define JUMP GST_SECOND

void
nucseg_filter_forget_mask (GstNucsegFilter *self)
{
  gst_clear_buffer (&self->mask.labels);
  gst_clear_buffer (&self->mask.objects);
  memset (&self->mask, 0, sizeof (self->mask));
  self->mask_pts = GST_CLOCK_TIME_NONE;
  self->mask_age = 0;
  self->mask_session = 0;
}

/* --- Which buffer goes out ---------------------------------------------- */

static GstFlowReturn
prepare_output_buffer (
    GstBaseTransform *trans, GstBuffer *inbuf, GstBuffer **outbuf)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  NucsegJob *job = nucseg_filter_next_job (self);
  const gboolean same = GST_VIDEO_INFO_FORMAT (&self->in_info)
          == GST_VIDEO_INFO_FORMAT (&self->out_info)
      && self->in_cuda == self->out_cuda;

  /* One look at the properties for the whole frame: what is decided here must
   * still hold when it is drawn. */
  nucseg_filter_get_frame_settings (self, &job->settings);
  job->draw = !same || nucseg_frame_settings_draws (&job->settings);

  if (!job->draw) {
    /* A copy of the buffer is a new head on the same memory. */
    *outbuf = gst_buffer_is_writable (inbuf) ? inbuf : gst_buffer_copy (inbuf);
    return GST_FLOW_OK;
  }
  if (same && gst_buffer_is_writable (inbuf)
      && gst_buffer_is_all_memory_writable (inbuf)) {
    *outbuf = inbuf;
    return GST_FLOW_OK;
  }
  return NUCSEG_FILTER_PARENT_CLASS->prepare_output_buffer (
      trans, inbuf, outbuf);
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

/* --- Inference and reuse ------------------------------------------------ */

/* Whether a frame that does not follow the one before shows another scene. A
 * few lost frames don't make one: a leaky queue in front of a filter with an
 * interval would have each frame inferred, when time is shortest. Played in
 * reverse, what follows is earlier, and each frame may be marked. */
static gboolean
is_jump (GstNucsegFilter *self, GstClockTime pts)
{
  GstClockTimeDiff ahead;

  if (!GST_CLOCK_TIME_IS_VALID (pts)
      || !GST_CLOCK_TIME_IS_VALID (self->mask_pts))
    return TRUE;
  ahead = GST_CLOCK_DIFF (self->mask_pts, pts);
  if (GST_BASE_TRANSFORM (self)->segment.rate < 0)
    ahead = -ahead;
  return ahead < 0 || ahead > (GstClockTimeDiff) JUMP;
}

static gboolean
map_pictures (GstNucsegFilter *self, NucsegJob *job)
{
  const gboolean in_place = job->draw && job->in == job->out;

  if (!nucseg_filter_map (self, &job->settings, &self->in_info, job->in,
          in_place ? GST_MAP_READWRITE : GST_MAP_READ, &job->in_map,
          &job->frame))
    return FALSE;
  if (in_place)
    job->shown = job->frame;
  return in_place || !job->draw
      || nucseg_filter_map (self, &job->settings, &self->out_info, job->out,
          GST_MAP_WRITE, &job->out_map, &job->shown);
}

/* The label map to write, or the last one where that is drawn again. */
static gboolean
map_labels (GstNucsegFilter *self, NucsegJob *job, GError **error)
{
  if (job->reuse && !job->draw)
    return TRUE;
  job->labels = job->reuse ? gst_buffer_ref (self->mask.labels)
                           : nucseg_mask_pool_labels (
                               self->pool, job->frame.width, job->frame.height);
  if (job->labels
      && gst_buffer_map (job->labels, &job->labels_map,
          job->reuse ? GST_MAP_READ : GST_MAP_WRITE))
    return TRUE;
  gst_clear_buffer (&job->labels);
  if (job->reuse)
    g_set_error_literal (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "the last label map can't be read");
  else
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a label map of %dx%d", job->frame.width,
        job->frame.height);
  return FALSE;
}

static void
unmap_all (NucsegJob *job)
{
  if (job->labels_map.memory)
    gst_buffer_unmap (job->labels, &job->labels_map);
  job->labels_map.memory = NULL;
  nucseg_filter_unmap (&job->out_map);
  nucseg_filter_unmap (&job->in_map);
}

void
nucseg_job_release (NucsegJob *job)
{
  unmap_all (job);
  gst_clear_buffer (&job->labels);
  g_clear_error (&job->error);
}

static void
fail (GstNucsegFilter *self, NucsegJob *job)
{
  self->session_failed = TRUE;
  nucseg_element_error (
      GST_ELEMENT (self), g_steal_pointer (&job->error), "segmenting a frame");
  nucseg_job_release (job);
}

gboolean
nucseg_job_begin (GstNucsegFilter *self, NucsegJob *job)
{
  GError *error = NULL;

  job->started = g_get_monotonic_time ();
  if (self->in_cuda && !nucseg_filter_cuda_adopt (self, job->in, &error)) {
    nucseg_element_error (GST_ELEMENT (self), error, "changing CUDA contexts");
    return FALSE;
  }
  /* none could be had in the last context, as was said then */
  if (self->n_sessions == 0)
    return FALSE;
  if (!map_pictures (self, job)) {
    nucseg_job_release (job);
    return FALSE;
  }
  if (GST_BUFFER_IS_DISCONT (job->in)
      && is_jump (self, GST_BUFFER_PTS (job->in)))
    nucseg_filter_forget_mask (self);
  job->reuse = self->mask.labels && self->mask_age + 1 < job->settings.interval;
  /* a mask is drawn with the limits of the run that it is of, and so at its
   * scale */
  job->session =
      (job->reuse ? self->mask_session : self->turn) % self->n_sessions;
  if (job->reuse)
    job->settings.params.scale = self->mask.scale;
  if (!map_labels (self, job, &job->error)) {
    fail (self, job);
    return FALSE;
  }
  return TRUE;
}

void
nucseg_job_run (GstNucsegFilter *self, NucsegJob *job)
{
  NucsegSession *session = self->sessions[job->session];
  NucsegFrame *shown = job->draw ? &job->shown : NULL;
  guint16 *labels = (guint16 *) (gpointer) job->labels_map.data;
  const gsize stride = (gsize) job->frame.width * sizeof (guint16);

  job->drawn_ns = 0;
  if (nucseg_filter_cuda_enter (self, &job->error)) {
    if (!job->reuse)
      nucseg_session_run (session, &job->frame, &job->settings.params, labels,
          stride, shown, &job->result, &job->error);
    else if (shown)
      nucseg_session_draw (session, &job->frame, &job->settings.params, labels,
          stride, self->mask.n_objects, shown, &job->drawn_ns, &job->error);
    nucseg_filter_cuda_leave (self);
  }
  job->ended = g_get_monotonic_time ();
}

/* --- The mask and the metadata ------------------------------------------ */

/* A mask from this frame, into self->mask. */
static gboolean
take_mask (GstNucsegFilter *self, NucsegJob *job, GError **error)
{
  const NucsegResult *result = &job->result;
  NucsegMetaFacts *mask = &self->mask;
  GstBuffer *objects =
      nucseg_mask_pool_objects (self->pool, result->objects, result->n_objects);

  if (!objects && result->n_objects > 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a table of %u nuclei", result->n_objects);
    return FALSE;
  }
  nucseg_filter_forget_mask (self);
  self->mask_pts = GST_BUFFER_PTS (job->in);
  self->mask_session = job->session;
  mask->width = job->frame.width;
  mask->height = job->frame.height;
  mask->labels = g_steal_pointer (&job->labels);
  mask->n_objects = result->n_objects;
  mask->objects = objects;
  mask->inferred = TRUE;
  memcpy (mask->stage_ns, result->stage_ns, sizeof (mask->stage_ns));
  mask->scale = result->scale;
  mask->low = result->low;
  mask->high = result->high;
  mask->inverted = result->inverted;
  mask->dropped = result->dropped;
  return TRUE;
}

/* The last mask once more. */
static void
age_mask (GstNucsegFilter *self, const NucsegJob *job)
{
  const GstClockTime pts = GST_BUFFER_PTS (job->in);
  NucsegMetaFacts *mask = &self->mask;

  mask->inferred = FALSE;
  mask->age_frames = ++self->mask_age;
  mask->age =
      GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (self->mask_pts)
      ? (guint64) ABS (GST_CLOCK_DIFF (self->mask_pts, pts))
      : 0;
  memset (mask->stage_ns, 0, sizeof (mask->stage_ns));
  mask->stage_ns[NUCSEG_STAGE_OVERLAY] = job->drawn_ns;
  mask->stage_ns[NUCSEG_STAGE_TOTAL] = job->drawn_ns;
}

static void
attach (GstNucsegFilter *self, const NucsegJob *job)
{
  NucsegMetaFacts *facts = &self->mask;

  facts->pixel_size = job->settings.params.pixel_size_um;
  facts->model = self->stats.model;
  facts->model_sha256 = self->stats.sha256;
  facts->backend = self->stats.backend;
  facts->precision = self->stats.precision;
  nucseg_meta_attach (job->out, NUCSEG_META_NAME, facts);
  nucseg_roi_clear (job->out);
  if (job->settings.roi_meta && facts->objects) {
    GstMapInfo map;

    if (gst_buffer_map (facts->objects, &map, GST_MAP_READ)) {
      nucseg_roi_attach (job->out, (const NucsegObject *) (gpointer) map.data,
          facts->n_objects, facts->pixel_size);
      gst_buffer_unmap (facts->objects, &map);
    }
  }
#ifdef HAVE_ANALYTICS
  nucseg_analytics_clear (job->out);
  if (job->settings.analytics_meta) {
    guint left_out = nucseg_analytics_attach (job->out, facts);

    if (left_out > 0)
      GST_WARNING_OBJECT (self,
          "%u nuclei beyond %u have no detection in the analytics meta",
          left_out, NUCSEG_ANALYTICS_MOST);
  }
#endif
}

gboolean
nucseg_job_finish (GstNucsegFilter *self, NucsegJob *job)
{
  const gint64 resumed = g_get_monotonic_time ();
  gint64 took;

  unmap_all (job);
  if (job->error || (!job->reuse && !take_mask (self, job, &job->error))) {
    fail (self, job);
    return FALSE;
  }
  if (job->reuse)
    age_mask (self, job);
  else
    nucseg_filter_check_limits (self, &job->settings, job->result.scale);
  gst_clear_buffer (&job->labels);
  attach (self, job);
  GST_LOG_OBJECT (self, "frame of %" GST_TIME_FORMAT ": %u nuclei, %s",
      GST_TIME_ARGS (GST_BUFFER_PTS (job->in)), self->mask.n_objects,
      self->mask.inferred ? "inferred" : "reused");
  /* between the two it waited for the frames after it */
  took = job->ended - job->started + g_get_monotonic_time () - resumed;
  nucseg_filter_stats_add (
      self, &self->mask, job->result.batch, (guint64) took * 1000);
  return TRUE;
}

/* One frame at a time. */
static GstFlowReturn
transform (GstBaseTransform *trans, GstBuffer *inbuf, GstBuffer *outbuf)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  NucsegJob *job = nucseg_filter_next_job (self);

  job->in = inbuf;
  job->out = outbuf;
  if (!nucseg_job_begin (self, job))
    return GST_FLOW_ERROR;
  nucseg_job_run (self, job);
  return nucseg_job_finish (self, job) ? GST_FLOW_OK : GST_FLOW_ERROR;
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
