/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session.c: runs frames: finds or builds the plan of a frame's size, puts the
 * frame through the plan's verbs and takes the time of each.
 * session-start.c is where sessions come from.
 */
#include "params.h"
#include "session-private.h"

#include <time.h>

static guint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * 1000000000u + (guint64) now.tv_nsec;
}

void
nucseg_session_clear_slot (NucsegSession *session, NucsegSessionSlot *slot)
{
  if (slot->plan)
    session->backend->plan_free (slot->plan);
  *slot = (NucsegSessionSlot){ NULL };
}

void
nucseg_session_free (NucsegSession *session)
{
  if (!session)
    return;
  for (guint i = 0; i < session->max_plans; i++)
    nucseg_session_clear_slot (session, &session->slots[i]);
  g_free (session->slots);
  g_free (session->objects.items);
  g_clear_error (&session->fallback);
  nucseg_model_unref (session->model);
  g_free (session);
}

NucsegModel *
nucseg_session_get_model (NucsegSession *session)
{
  g_return_val_if_fail (session != NULL, NULL);
  return session->model;
}

const gchar *
nucseg_session_get_backend (NucsegSession *session)
{
  g_return_val_if_fail (session != NULL, NULL);
  return session->backend->name;
}

NucsegPrecision
nucseg_session_get_precision (NucsegSession *session)
{
  g_return_val_if_fail (session != NULL, NUCSEG_PRECISION_AUTO);
  return session->precision;
}

gboolean
nucseg_session_takes_memory (NucsegSession *session, NucsegMemory memory)
{
  g_return_val_if_fail (session != NULL, FALSE);
  return memory == NUCSEG_MEMORY_SYSTEM
      || nucseg_backend_has_device (session->backend);
}

/* The plan of this size and scale, built if it is not there. */
static NucsegSessionSlot *
get_slot (NucsegSession *session, const NucsegFrame *frame,
    const NucsegParams *params, GError **error)
{
  NucsegGeometry geometry;
  NucsegSessionSlot *oldest = &session->slots[0];

  if (!nucseg_geometry_init (&geometry, session->model, frame->width,
          frame->height, params, error))
    return NULL;
  session->clock++;
  for (guint i = 0; i < session->max_plans; i++) {
    NucsegSessionSlot *slot = &session->slots[i];
    if (slot->plan && slot->geometry.frame_width == geometry.frame_width
        && slot->geometry.frame_height == geometry.frame_height
        && slot->geometry.scale == geometry.scale) {
      slot->used = session->clock;
      return slot;
    }
    /* a free slot was never used: its time is 0 */
    if (slot->used < oldest->used)
      oldest = slot;
  }
  const NucsegGraph *graph = nucseg_model_get_graph (session->model);
  g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);
  if (!nucseg_graph_infer (
          graph, geometry.pad_height, geometry.pad_width, shapes, error))
    return NULL;
  if (!nucseg_backend_has_device (session->backend)
      && !nucseg_memory_check (graph, shapes,
          session->backend->keeps_f32 ? NUCSEG_PRECISION_F32
                                      : session->precision,
          error))
    return NULL;
  /* first out, then in: two plans of large frames may not fit together */
  nucseg_session_clear_slot (session, oldest);
  NucsegPlanOptions options = { session->model, geometry, session->precision,
    session->threads, session->batch, session->batch_deadline_us };
  oldest->plan = session->backend->plan_new (&options, error);
  if (!oldest->plan)
    return NULL;
  oldest->geometry = geometry;
  oldest->used = session->clock;
  return oldest;
}

/* The four verbs, each with its time. */
static gboolean
run_stages (NucsegSession *session, NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegFrame *shown, NucsegResult *result, GError **error)
{
  const NucsegBackend *backend = session->backend;
  NucsegObjectList *objects = &session->objects;
  guint64 start = now_ns (), end;

  if (!backend->prepare (plan, frame, params, result, error))
    return FALSE;
  end = now_ns ();
  result->stage_ns[NUCSEG_STAGE_PREPARE] = end - start;
  start = end;
  if (!backend->network (plan, error))
    return FALSE;
  end = now_ns ();
  result->stage_ns[NUCSEG_STAGE_NETWORK] = end - start;
  start = end;
  if (!backend->decode (
          plan, frame, params, labels, labels_stride, objects, result, error))
    return FALSE;
  end = now_ns ();
  result->stage_ns[NUCSEG_STAGE_DECODE] = end - start;
  if (!shown)
    return TRUE;
  start = end;
  if (!backend->overlay (
          plan, frame, params, labels, labels_stride, objects->n, shown, error))
    return FALSE;
  result->stage_ns[NUCSEG_STAGE_OVERLAY] = now_ns () - start;
  return TRUE;
}

/* Everything is checked; @slot is of this frame. */
static gboolean
run_slot (NucsegSession *session, NucsegSessionSlot *slot,
    const NucsegFrame *frame, const NucsegParams *params, guint16 *labels,
    gsize labels_stride, NucsegFrame *shown, NucsegResult *result,
    GError **error)
{
  guint64 start = now_ns ();
  gboolean ok;

  *result = (NucsegResult){ .scale = slot->geometry.scale, .batch = 1 };
  session->objects.n = 0;
  if (session->backend->run)
    ok = session->backend->run (slot->plan, frame, params, labels,
        labels_stride, &session->objects, shown, result, error);
  else
    ok = run_stages (session, slot->plan, frame, params, labels, labels_stride,
        shown, result, error);
  if (!ok)
    return FALSE;
  result->n_objects = session->objects.n;
  result->objects = session->objects.items;
  result->stage_ns[NUCSEG_STAGE_TOTAL] = now_ns () - start;
  return TRUE;
}

gboolean
nucseg_session_run (NucsegSession *session, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegFrame *shown, NucsegResult *result, GError **error)
{
  g_return_val_if_fail (session != NULL && frame != NULL, FALSE);
  g_return_val_if_fail (params != NULL && labels != NULL, FALSE);
  g_return_val_if_fail (result != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  *result = (NucsegResult){ 0 };
  if (!nucseg_check_frame (session->backend, frame, error)
      || !nucseg_check_labels (frame, labels_stride, error)
      || (shown && !nucseg_check_shown (session->backend, frame, shown, error))
      || !nucseg_params_check (params, error))
    return FALSE;
  NucsegSessionSlot *slot = get_slot (session, frame, params, error);
  if (!slot
      || !run_slot (session, slot, frame, params, labels, labels_stride, shown,
          result, error))
    return FALSE;
  slot->has_limits = TRUE;
  session->has_run = TRUE;
  return TRUE;
}

gboolean
nucseg_session_draw (NucsegSession *session, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, guint64 *elapsed_ns, GError **error)
{
  guint64 start = now_ns ();

  g_return_val_if_fail (session != NULL && frame != NULL, FALSE);
  g_return_val_if_fail (params != NULL && labels != NULL, FALSE);
  g_return_val_if_fail (shown != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!nucseg_check_frame (session->backend, frame, error)
      || !nucseg_check_labels (frame, labels_stride, error)
      || !nucseg_check_shown (session->backend, frame, shown, error)
      || !nucseg_params_check (params, error))
    return FALSE;
  NucsegSessionSlot *slot = get_slot (session, frame, params, error);
  if (!slot)
    return FALSE;
  if (!slot->has_limits) {
    NucsegResult result = { 0 };
    if (!session->backend->prepare (slot->plan, frame, params, &result, error))
      return FALSE;
    slot->has_limits = TRUE;
  }
  if (!session->backend->overlay (slot->plan, frame, params, labels,
          labels_stride, n_objects, shown, error))
    return FALSE;
  if (elapsed_ns)
    *elapsed_ns = now_ns () - start;
  return TRUE;
}

/* Black pixels in system memory, of the format and size that *@frame says. */
static gpointer
make_empty (NucsegFrame *frame)
{
  const gsize size = nucseg_frame_layout (frame);
  guint8 *pixels = g_try_malloc0 (size);

  for (guint i = 0; pixels && i < G_N_ELEMENTS (frame->data); i++)
    frame->data[i] = pixels + GPOINTER_TO_SIZE (frame->data[i]);
  return pixels;
}

/* One empty frame like @frame; @shown: NULL, or in what it is drawn. */
static gboolean
run_empty (NucsegSession *session, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
  const NucsegBackend *backend = session->backend;
  NucsegResult result;
  NucsegSessionSlot *slot = get_slot (session, frame, params, error);

  if (!slot)
    return FALSE;
  NucsegFrame empty = *frame, drawn;
  const gboolean in_place = !shown || shown->format == frame->format;
  g_autofree gpointer pixels = make_empty (&empty);
  g_autofree gpointer picture = NULL;
  drawn = in_place ? empty : *shown;
  if (!in_place)
    picture = make_empty (&drawn);
  g_autofree guint16 *labels =
      g_try_new (guint16, (gsize) frame->width * (gsize) frame->height);
  if (!pixels || (!in_place && !picture) || !labels) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a frame of %dx%d", frame->width, frame->height);
    return FALSE;
  }
  /* drawing must not use limits that were found in nothing */
  slot->has_limits = FALSE;
  return run_slot (session, slot, &empty, params, labels,
             (gsize) frame->width * sizeof (guint16), shown ? &drawn : NULL,
             &result, error)
      && (!backend->ready
          || backend->ready (slot->plan, frame, shown, params, error));
}

gboolean
nucseg_session_warm_up (NucsegSession *session, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
  g_return_val_if_fail (session != NULL && frame != NULL, FALSE);
  g_return_val_if_fail (params != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!nucseg_frame_check (frame, FALSE, error)
      || (shown
          && (!nucseg_frame_check (shown, FALSE, error)
              || !nucseg_check_pictures (frame, shown, error)))
      || !nucseg_params_check (params, error))
    return FALSE;
  for (;;) {
    GError *failed = NULL;

    if (run_empty (session, frame, shown, params, &failed))
      return TRUE;
    if (!nucseg_session_fall_back (session, failed)) {
      g_propagate_error (error, failed);
      return FALSE;
    }
  }
}
