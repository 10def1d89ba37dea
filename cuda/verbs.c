/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verbs.c: the table's verbs, each with a wait of its own. Live frames go
 * through frame.c, which waits once.
 */
#include "cuda/plan.h"

/* Enters the context; the request is filled and on its way. */
static gboolean
begin (NucsegPlan *plan, NucsegFrameJob *job, GError **error)
{
  NucsegLane *lane = plan->lanes[0];
  gboolean moved, ok;

  if (!nucseg_frame_accept (plan->device, job, error)
      || !nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  nucseg_frame_find_mapped (plan->device, job);
  ok = nucseg_frame_make_room (lane, &job->key, &moved, error);
  if (!ok || moved)
    nucseg_plan_forget_graphs (plan);
  if (ok) {
    nucseg_frame_fill_request (lane, job);
    if (nucseg_frame_upload (lane, &job->key, error))
      return TRUE;
    nucseg_cuda_wait (plan->device, NULL);
  }
  nucseg_cuda_device_leave (plan->device);
  return FALSE;
}

gboolean
nucseg_cuda_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error)
{
  NucsegLane *lane = plan->lanes[0];
  NucsegFrameJob job;
  gboolean ok;

  nucseg_frame_job_init (&job, frame, NULL, params);
  if (!begin (plan, &job, error))
    return FALSE;
  /* drawing wants the limits alone */
  ok = nucseg_frame_limits (lane, &job.key, error)
      && (!plan->network || nucseg_frame_fill (lane, &job.key, error))
      && nucseg_frame_download_reply (lane, error);
  ok = nucseg_cuda_finish (plan->device, ok, error);
  if (ok)
    nucseg_frame_take_limits (lane, result);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

static gboolean
record_network (gpointer data, GError **error)
{
  return nucseg_network_run (data, error);
}

/* From the second time on in one launch, as in a frame. */
static gboolean
launch_network (NucsegPlan *plan, GError **error)
{
  if (!plan->network_ran) {
    plan->network_ran = nucseg_network_run (plan->network, error);
    return plan->network_ran;
  }
  if (!plan->network_graph)
    plan->network_graph =
        nucseg_plan_make_graph (plan, record_network, plan->network, error);
  return plan->network_graph
      && nucseg_cuda_timer_launch (plan->timer, plan->network_graph, error);
}

gboolean
nucseg_cuda_network (NucsegPlan *plan, GError **error)
{
  gboolean ok;

  if (!nucseg_plan_check_network (plan, error)
      || !nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = nucseg_cuda_finish (plan->device, launch_network (plan, error), error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

gboolean
nucseg_cuda_labels (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  NucsegLane *lane = plan->lanes[0];
  cudaStream_t stream = nucseg_cuda_device_get_stream (plan->device);
  NucsegFrameJob job;
  gboolean ok;

  nucseg_frame_job_init (&job, frame, NULL, params);
  job.labels = labels;
  job.labels_stride = labels_stride;
  if (!nucseg_plan_check_network (plan, error) || !begin (plan, &job, error))
    return FALSE;
  ok = nucseg_frame_decode (lane, error)
      && nucseg_frame_measure (lane, &job.key, stream, error)
      && nucseg_frame_deliver_labels (lane, stream, error);
  ok = nucseg_cuda_finish (plan->device, ok, error)
      && nucseg_frame_take_labels (lane, &job, objects, result, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

gboolean
nucseg_cuda_draw (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error)
{
  NucsegLane *lane = plan->lanes[0];
  NucsegFrameJob job;
  gboolean ok;

  nucseg_frame_job_init (&job, frame, shown, params);
  if (!begin (plan, &job, error))
    return FALSE;
  ok =
      nucseg_frame_upload_labels (lane, labels, labels_stride, n_objects, error)
      && (lane->has_limits || nucseg_frame_limits (lane, &job.key, error))
      && nucseg_frame_overlay (lane, &job.key, error)
      && nucseg_frame_download_shown (lane, &job.key, error);
  ok = nucseg_cuda_finish (plan->device, ok, error);
  if (ok) {
    nucseg_frame_take_shown (lane, &job);
    lane->has_limits = TRUE;
  }
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

/* --- The GPU's time ------------------------------------------------------- */

gboolean
nucseg_cuda_plan_set_timed (NucsegPlan *plan, GError **error)
{
  if (plan->timer)
    return TRUE;
  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  plan->timer = nucseg_cuda_timer_new (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return plan->timer != NULL;
}

gint64
nucseg_cuda_plan_get_time (NucsegPlan *plan)
{
  gint64 time;

  if (!plan->timer || !nucseg_cuda_device_enter (plan->device, NULL))
    return -1;
  time = nucseg_cuda_timer_read (plan->timer);
  nucseg_cuda_device_leave (plan->device);
  return time;
}
