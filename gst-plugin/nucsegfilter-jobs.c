/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-jobs.c: several frames of nucsegfilter in work at once, each on
 * a session and in a thread of its own (property pipeline-depth). All else
 * happens in the streaming thread: it begins frames, waits for the oldest, and
 * pushes them in their order.
 *
 * Frames are pushed from here and not by the base class, which would mark the
 * frame that goes out as discontinuous when the one that came in is.
 */
#include "nucsegfilter-private.h"

NucsegJob *
nucseg_filter_next_job (GstNucsegFilter *self)
{
  return &self->jobs[(self->oldest + self->in_work) % NUCSEG_MAX_DEPTH];
}

/* --- Workers -------------------------------------------------------------- */

static void
work (gpointer data, gpointer user_data)
{
  GstNucsegFilter *self = user_data;
  NucsegJob *job = data;

  nucseg_job_run (self, job);
  g_mutex_lock (&self->jobs_lock);
  job->done = TRUE;
  g_cond_signal (&self->jobs_done);
  g_mutex_unlock (&self->jobs_lock);
}

gboolean
nucseg_filter_start_workers (GstNucsegFilter *self, GError **error)
{
  self->flow = GST_FLOW_OK;
  if (self->depth == 1)
    return TRUE;
  /* threads of its own: an OpenMP team belongs to the thread that calls it */
  self->workers =
      g_thread_pool_new (work, self, (gint) self->depth, TRUE, error);
  return self->workers != NULL;
}

void
nucseg_filter_stop_workers (GstNucsegFilter *self)
{
  nucseg_filter_drop_jobs (self);
  if (self->workers)
    g_thread_pool_free (self->workers, FALSE, TRUE);
  self->workers = NULL;
}

/* --- Events ----------------------------------------------------------------
 */

gboolean
nucseg_filter_defer_event (GstNucsegFilter *self, GstEvent *event)
{
  if (self->in_work == 0)
    return FALSE;
  g_queue_push_tail (
      &self->jobs[(self->oldest + self->in_work - 1) % NUCSEG_MAX_DEPTH].events,
      event);
  return TRUE;
}

/* Those behind a frame that was pushed; @flow: what was said to that. */
static void
push_events (GstNucsegFilter *self, NucsegJob *job, GstFlowReturn flow)
{
  GstEvent *event;

  while ((event = g_queue_pop_head (&job->events))) {
    if (flow == GST_FLOW_OK)
      gst_pad_push_event (GST_BASE_TRANSFORM_SRC_PAD (self), event);
    else
      gst_event_unref (event);
  }
}

/* --- The oldest frame ----------------------------------------------------- */

/* Waits for it; it is the caller's then. */
static NucsegJob *
take_oldest (GstNucsegFilter *self)
{
  NucsegJob *job = &self->jobs[self->oldest];

  g_mutex_lock (&self->jobs_lock);
  while (!job->done)
    g_cond_wait (&self->jobs_done, &self->jobs_lock);
  g_mutex_unlock (&self->jobs_lock);
  self->oldest = (self->oldest + 1) % NUCSEG_MAX_DEPTH;
  self->in_work--;
  return job;
}

static void
unref_buffers (NucsegJob *job)
{
  if (job->in != job->out)
    gst_buffer_unref (job->in);
  gst_buffer_unref (job->out);
}

void
nucseg_filter_drop_jobs (GstNucsegFilter *self)
{
  while (self->in_work > 0) {
    NucsegJob *job = take_oldest (self);

    nucseg_job_release (job);
    unref_buffers (job);
    push_events (self, job, GST_FLOW_FLUSHING);
  }
}

/* As the base class does for the frames that it pushes. */
static void
note_position (GstBaseTransform *trans, const GstBuffer *buffer)
{
  GstClockTime position = GST_BUFFER_PTS (buffer);

  if (trans->segment.format != GST_FORMAT_TIME
      || !GST_CLOCK_TIME_IS_VALID (position))
    return;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    position += GST_BUFFER_DURATION (buffer);
  trans->segment.position = position;
}

static void
push_oldest (GstNucsegFilter *self)
{
  GstBaseTransform *trans = GST_BASE_TRANSFORM (self);
  NucsegJob *job = take_oldest (self);
  GstFlowReturn flow;

  if (!nucseg_job_finish (self, job)) {
    unref_buffers (job);
    push_events (self, job, GST_FLOW_ERROR);
    self->flow = GST_FLOW_ERROR;
    return;
  }
  if (job->in != job->out)
    gst_buffer_unref (job->in);
  note_position (trans, job->out);
  if (job->gap)
    GST_BUFFER_FLAG_SET (job->out, GST_BUFFER_FLAG_DISCONT);
  flow = gst_pad_push (GST_BASE_TRANSFORM_SRC_PAD (trans), job->out);
  if (flow != GST_FLOW_OK) {
    GST_DEBUG_OBJECT (self, "downstream: %s", gst_flow_get_name (flow));
    self->flow = flow;
  }
  self->n_pushed++;
  push_events (self, job, flow);
}

/* The base class counts the frames that it pushes, and would say that none was
 * when it drops one. */
static gboolean
post_message (GstElement *element, GstMessage *message)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (element);

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_QOS && self->depth > 1) {
    GstFormat format;
    guint64 dropped;

    gst_message_parse_qos_stats (message, &format, NULL, &dropped);
    gst_message_set_qos_stats (message, format, self->n_pushed, dropped);
  }
  return GST_ELEMENT_CLASS (NUCSEG_FILTER_PARENT_CLASS)
      ->post_message (element, message);
}

void
nucseg_filter_drain (GstNucsegFilter *self)
{
  while (self->in_work > 0 && self->flow == GST_FLOW_OK)
    push_oldest (self);
  /* what comes after a frame that nobody took isn't wanted either */
  nucseg_filter_drop_jobs (self);
}

/* What upstream has to hear: once. */
static GstFlowReturn
take_flow (GstNucsegFilter *self)
{
  const GstFlowReturn flow = self->flow;

  self->flow = GST_FLOW_OK;
  return flow;
}

/* --- The base class ------------------------------------------------------- */

/* Frames in work before the oldest is waited for. A mask that is reused is that
 * of the frame before. */
static guint
get_limit (GstNucsegFilter *self, const NucsegFrameSettings *settings)
{
  return settings->interval > 1 ? 1 : MAX (self->n_sessions, 1);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const GstClockTime x = *(const GstClockTime *) a;
  const GstClockTime y = *(const GstClockTime *) b;

  return (x > y) - (x < y);
}

/* How far apart frames come, by their time stamps: a camera that exposes for
 * long, or is triggered, is slower than its caps say. Half of them are nearer,
 * so that one pause is none; 0: not known. */
static GstClockTime
note_distance (GstNucsegFilter *self, const GstBuffer *buffer)
{
  const GstClockTime pts = GST_BUFFER_PTS (buffer), last = self->last_pts;
  GstClockTime sorted[NUCSEG_DISTANCES];

  self->last_pts = pts;
  if (GST_BUFFER_IS_DISCONT (buffer) || !GST_CLOCK_TIME_IS_VALID (pts)
      || !GST_CLOCK_TIME_IS_VALID (last)) {
    self->n_distances = 0;
    return 0;
  }
  self->distances[self->n_distances++ % NUCSEG_DISTANCES] =
      pts > last ? pts - last : last - pts;
  if (self->n_distances < NUCSEG_DISTANCES)
    return 0;
  memcpy (sorted, self->distances, sizeof sorted);
  qsort (sorted, NUCSEG_DISTANCES, sizeof sorted[0], compare_times);
  return sorted[NUCSEG_DISTANCES / 2];
}

static GstClockTime
get_caps_duration (GstNucsegFilter *self)
{
  const gint n = GST_VIDEO_INFO_FPS_N (&self->in_info);
  const gint d = GST_VIDEO_INFO_FPS_D (&self->in_info);

  return n > 0 ? gst_util_uint64_scale_int (GST_SECOND, d, n) : 0;
}

void
nucseg_filter_note_depth (GstNucsegFilter *self,
    const NucsegFrameSettings *settings, const GstBuffer *buffer)
{
  const GstClockTime caps = get_caps_duration (self);
  const GstClockTime found = buffer ? note_distance (self, buffer) : 0;

  /* As with the time that a frame takes: not for noise. */
  if (!buffer || self->frame_duration < caps)
    self->frame_duration = caps;
  else if (found > self->frame_duration + self->frame_duration / 4
      || (found > 0 && found < self->frame_duration / 2))
    self->frame_duration = MAX (found, caps);
  nucseg_filter_set_held (
      self, get_limit (self, settings) - 1, self->frame_duration);
}

static GstFlowReturn
submit_input_buffer (
    GstBaseTransform *trans, gboolean is_discont, GstBuffer *inbuf)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  GstFlowReturn flow;

  /* other caps and pools are for the frames to come */
  if (gst_pad_needs_reconfigure (GST_BASE_TRANSFORM_SRC_PAD (trans)))
    nucseg_filter_drain (self);
  if (self->flow != GST_FLOW_OK) {
    gst_buffer_unref (inbuf);
    return take_flow (self);
  }
  flow = NUCSEG_FILTER_PARENT_CLASS->submit_input_buffer (
      trans, is_discont, inbuf);
  /* The base class marks the gap in the next buffer that it pushes itself. */
  self->gap = self->gap || flow == GST_BASE_TRANSFORM_FLOW_DROPPED;
  return flow;
}

/* Behind the frames that are in work. */
static void
start_job (GstNucsegFilter *self, NucsegJob *job)
{
  if (!nucseg_job_begin (self, job)) {
    unref_buffers (job);
    nucseg_filter_drain (self);
    self->flow = GST_FLOW_ERROR;
    return;
  }
  job->done = FALSE;
  self->turn = (self->turn + 1) % self->n_sessions;
  self->in_work++;
  g_thread_pool_push (self->workers, job, NULL);
}

static GstFlowReturn
generate_output (GstBaseTransform *trans, GstBuffer **outbuf)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  NucsegJob *job = nucseg_filter_next_job (self);
  GstBuffer *in, *out = NULL;
  GstFlowReturn ret;
  guint limit;

  if (self->depth == 1)
    return NUCSEG_FILTER_PARENT_CLASS->generate_output (trans, outbuf);
  *outbuf = NULL;
  in = g_steal_pointer (&trans->queued_buf);
  if (!in)
    return GST_FLOW_OK;
  ret = GST_BASE_TRANSFORM_GET_CLASS (trans)->prepare_output_buffer (
      trans, in, &out);
  if (ret != GST_FLOW_OK) {
    gst_buffer_unref (in);
    return ret;
  }
  job->in = in;
  job->out = out;
  job->gap = self->gap;
  self->gap = FALSE;
  limit = get_limit (self, &job->settings);
  if (limit == 1)
    nucseg_filter_drain (self);
  nucseg_filter_note_depth (self, &job->settings, in);
  if (self->flow == GST_FLOW_OK)
    start_job (self, job);
  else
    unref_buffers (job);
  while (self->in_work >= limit)
    push_oldest (self);
  /* frames after one that failed don't go out */
  if (self->flow == GST_FLOW_ERROR)
    nucseg_filter_drop_jobs (self);
  return take_flow (self);
}

void
nucseg_filter_install_jobs (GstNucsegFilterClass *klass)
{
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_ELEMENT_CLASS (klass)->post_message = post_message;
  trans_class->submit_input_buffer = GST_DEBUG_FUNCPTR (submit_input_buffer);
  trans_class->generate_output = GST_DEBUG_FUNCPTR (generate_output);
}
