/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter.c: life of the element nucsegfilter: its class, start and stop,
 * events and queries. nucsegfilter-private.h names the rest.
 */
/**
 * SECTION:element-nucsegfilter
 * @title: nucsegfilter
 * @short_description: finds cell nuclei in live microscope video
 *
 * Finds each cell nucleus of each frame with a neural network, attaches labels
 * and measurements as metadata (docs/metadata.md) and draws them if asked. From
 * grey frames it also makes colour ones, stretched to what the eye can see.
 *
 * Each frame goes out, in order, with its time stamps, flags and foreign metas;
 * none is dropped for being late. To infer fewer frames than there are, see
 * #GstNucsegFilter:interval.
 *
 * With backend=auto the CPU takes over where a better back end is installed but
 * its device can't be used (no driver, no GPU, no memory). The bus then gets a
 * warning that says why, and an element message "nucseg-backend" with the
 * strings "backend" and "precision" (what runs instead) and "reason".
 *
 * Built with GStreamer's CUDA library, it also takes and makes frames in CUDA
 * memory (RGB and YUV; GStreamer has no grey there) and uses the CUDA context
 * of its neighbours. With a back end on a CPU such frames are copied.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 nuctestsrc ! nucsegfilter ! queue ! videoconvert !
 * autovideosink
 * ]| Outlines the nuclei of a synthetic stream.
 * |[
 * gst-launch-1.0 v4l2src ! video/x-raw,format=GRAY16_LE ! \
 *     nucsegfilter significant-bits=12 pixel-size=0.65 overlay=both \
 *     draw-count=true ! queue ! videoconvert ! autovideosink
 * ]| A 12-bit camera whose pixels show 0.65 micrometres.
 *
 * Since: 0.1
 */
#include "nucsegfilter-private.h"

#include "errors.h"
#include "nucsegfilter-cuda.h"

GST_DEBUG_CATEGORY (nucseg_filter_debug);

G_DEFINE_TYPE_WITH_CODE (GstNucsegFilter, gst_nucseg_filter,
    GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (
        nucseg_filter_debug, "nucsegfilter", 0, "segmentation of cell nuclei"))
GST_ELEMENT_REGISTER_DEFINE (
    nucsegfilter, "nucsegfilter", GST_RANK_NONE, GST_TYPE_NUCSEG_FILTER)

/* --- Start and stop ----------------------------------------------------- */

static gboolean
start (GstBaseTransform *trans)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  GError *error = NULL;

  nucseg_filter_stats_reset (self);
  GST_OBJECT_LOCK (self);
  self->depth = self->session_settings.depth;
  GST_OBJECT_UNLOCK (self);
  self->contradictions = 0;
  self->n_pushed = 0;
  self->last_pts = GST_CLOCK_TIME_NONE;
  self->n_distances = 0;
  if (!nucseg_filter_begin_session (self, &error)
      || !nucseg_filter_start_workers (self, &error)) {
    nucseg_element_error (GST_ELEMENT (self), error, "starting");
    return FALSE;
  }
  self->pool = nucseg_mask_pool_new ();
  return TRUE;
}

static gboolean
stop (GstBaseTransform *trans)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);

  nucseg_filter_stop_workers (self);
  nucseg_filter_forget_mask (self);
  g_clear_pointer (&self->pool, nucseg_mask_pool_free);
  gst_clear_object (&self->pinned_allocator);
  nucseg_filter_stats_reset (self);
  gst_video_info_init (&self->in_info);
  gst_video_info_init (&self->out_info);
  self->in_cuda = self->out_cuda = FALSE;
  self->downstream_video_meta = FALSE;
  return TRUE;
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (element);
  GstStateChangeReturn ret = GST_ELEMENT_CLASS (gst_nucseg_filter_parent_class)
                                 ->change_state (element, transition);

  /* Model and plans stay over PAUSED to READY and back: building them is what
   * takes time. NULL gives everything back. */
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    nucseg_filter_end_session (self);
    nucseg_filter_cuda_stop (self);
  }
  return ret;
}

static void
set_context (GstElement *element, GstContext *context)
{
  nucseg_filter_cuda_set_context (GST_NUCSEG_FILTER (element), context);
  GST_ELEMENT_CLASS (gst_nucseg_filter_parent_class)
      ->set_context (element, context);
}

/* --- Events and queries ------------------------------------------------- */

static gboolean
sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);

  /* Serialized events come in the streaming thread, or (the end of a flush)
   * while it is held. They stay behind the frames that they came behind; those
   * of which the element knows nothing don't wait for them here: the latency
   * tracer sends one with each frame. */
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    nucseg_filter_drop_jobs (self);
    self->n_pushed = 0;
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_CUSTOM_DOWNSTREAM
      && nucseg_filter_defer_event (self, event))
    return TRUE;
  else if (GST_EVENT_IS_SERIALIZED (event))
    nucseg_filter_drain (self);

  switch (GST_EVENT_TYPE (event)) {
  case GST_EVENT_STREAM_START:
  case GST_EVENT_FLUSH_STOP:
    /* what was said to the frames before doesn't hold any more */
    self->flow = GST_FLOW_OK;
    /* fall through */
  case GST_EVENT_SEGMENT:
    /* What comes may be another scene. */
    nucseg_filter_forget_mask (self);
    break;
  default:
    break;
  }
  return GST_BASE_TRANSFORM_CLASS (gst_nucseg_filter_parent_class)
      ->sink_event (trans, event);
}

static gboolean
query (GstBaseTransform *trans, GstPadDirection direction, GstQuery *q)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  GstClockTime min, max, own, kept;
  gboolean live;

  /* a serialized query asks who has seen all frames before it */
  if (direction == GST_PAD_SINK && GST_QUERY_IS_SERIALIZED (q))
    nucseg_filter_drain (self);
  if (GST_QUERY_TYPE (q) == GST_QUERY_CONTEXT
      && nucseg_filter_cuda_query (self, q))
    return TRUE;
  if (!GST_BASE_TRANSFORM_CLASS (gst_nucseg_filter_parent_class)
           ->query (trans, direction, q))
    return FALSE;
  if (direction == GST_PAD_SRC && GST_QUERY_TYPE (q) == GST_QUERY_LATENCY) {
    gst_query_parse_latency (q, &live, &min, &max);
    own = nucseg_filter_get_latency (self, &kept);
    min += own;
    /* what a frame takes is no room for others while it lasts */
    if (GST_CLOCK_TIME_IS_VALID (max))
      max += kept;
    gst_query_set_latency (q, live, min, max);
  }
  return TRUE;
}

/* --- Class -------------------------------------------------------------- */

static void
finalize (GObject *object)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (object);

  nucseg_filter_end_session (self);
  nucseg_filter_cuda_stop (self);
  nucseg_filter_forget_mask (self);
  nucseg_mask_pool_free (self->pool);
  gst_clear_object (&self->pinned_allocator);
  g_free (self->session_settings.model);
  g_mutex_clear (&self->jobs_lock);
  g_cond_clear (&self->jobs_done);
  G_OBJECT_CLASS (gst_nucseg_filter_parent_class)->finalize (object);
}

static void
gst_nucseg_filter_class_init (GstNucsegFilterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  object_class->finalize = finalize;
  nucseg_filter_install_properties (object_class);
  nucseg_filter_install_caps (klass);
  nucseg_filter_install_set_caps (klass);
  nucseg_filter_install_memory (klass);
  nucseg_filter_install_frame (klass);
  nucseg_filter_install_jobs (klass);
  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  element_class->set_context = GST_DEBUG_FUNCPTR (set_context);
  trans_class->start = GST_DEBUG_FUNCPTR (start);
  trans_class->stop = GST_DEBUG_FUNCPTR (stop);
  trans_class->sink_event = GST_DEBUG_FUNCPTR (sink_event);
  trans_class->query = GST_DEBUG_FUNCPTR (query);

  gst_element_class_set_static_metadata (element_class,
      "Cell nucleus segmentation", "Filter/Analyzer/Video",
      "Finds cell nuclei in live microscope video: labels, measurements and "
      "an overlay",
      "The nucsegfilter project");
}

static void
gst_nucseg_filter_init (GstNucsegFilter *self)
{
  nucseg_filter_init_settings (self);
  g_mutex_init (&self->jobs_lock);
  g_cond_init (&self->jobs_done);
  nucseg_filter_forget_mask (self);
  gst_video_info_init (&self->in_info);
  gst_video_info_init (&self->out_info);
  /* A late frame is still wanted: its labels are data. */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
  /* a frame that stands for a gap is a frame: it keeps its flag */
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
