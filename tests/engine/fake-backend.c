/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-backend.c: a back end that computes nothing and counts its calls. Built
 * several times: as a whole one, as one that does all in one launch, and with
 * the faults that the engine has to see (FAKE_NAME, FAKE_ABI, FAKE_GAP,
 * FAKE_ONE_LAUNCH, FAKE_NO_TABLE, FAKE_NO_PROBE; FAKE_FAIL and FAKE_CODE: the
 * step that fails from the start, and how; FAKE_MOST_PLANS: plans that there is
 * memory for; FAKE_MEET: frames that must be in work at once).
 */
#include "fake-backend.h"

#ifndef FAKE_ABI
#define FAKE_ABI NUCSEG_BACKEND_ABI
#endif

#ifdef FAKE_NO_TABLE
#define HAS_TABLE 0
#else
#define HAS_TABLE 1
#endif

struct _NucsegPlan {
  NucsegGeometry geometry;
};

#ifndef FAKE_FAIL
#define FAKE_FAIL FAKE_NOTHING
#define FAKE_CODE NUCSEG_ERROR_DEVICE
#endif

static FakeLog log_of_calls = { .fail = FAKE_FAIL, .code = FAKE_CODE };

NUCSEG_API FakeLog *fake_get_log (void);
NUCSEG_API const NucsegBackend *nucseg_backend_get (void);

FakeLog *
fake_get_log (void)
{
  return &log_of_calls;
}

static gboolean
step (FakeStep which, GError **error)
{
  if (log_of_calls.fail == which) {
    g_set_error (error, NUCSEG_ERROR,
        log_of_calls.code ? log_of_calls.code : NUCSEG_ERROR_DEVICE,
        "step %d was told to fail", which);
    return FALSE;
  }
  g_atomic_int_inc (&log_of_calls.n[which]);
  return TRUE;
}

static gchar *
fake_describe (void)
{
  return g_strdup ("fake 1.0");
}

static gboolean
fake_probe (GError **error)
{
#ifdef FAKE_NO_PROBE
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
      "the fake device is not there");
  return FALSE;
#else
  return TRUE;
#endif
}

static NucsegPrecision
fake_best_precision (const NucsegModel *model)
{
  return NUCSEG_PRECISION_BF16;
}

static gboolean
fake_supports (
    const NucsegModel *model, NucsegPrecision precision, GError **error)
{
  if (precision != NUCSEG_PRECISION_INT8)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "the fake back end has no int8");
  return FALSE;
}

static NucsegPlan *
fake_plan_new (const NucsegPlanOptions *options, GError **error)
{
  if (!step (FAKE_PLAN_NEW, error))
    return NULL;
#ifdef FAKE_MOST_PLANS
  if (log_of_calls.n[FAKE_PLAN_NEW] - log_of_calls.n_freed > FAKE_MOST_PLANS) {
    log_of_calls.n[FAKE_PLAN_NEW]--;
    g_set_error (
        error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY, "no memory for another plan");
    return NULL;
  }
#endif
  NucsegPlan *plan = g_new0 (NucsegPlan, 1);
  plan->geometry = options->geometry;
  return plan;
}

static void
fake_plan_free (NucsegPlan *plan)
{
  log_of_calls.n_freed += plan != NULL;
  g_free (plan);
}

static gboolean
fake_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error)
{
  if (!step (FAKE_PREPARE, error))
    return FALSE;
  log_of_calls.geometry = plan->geometry;
  log_of_calls.memory = frame->memory;
  result->low = 3;
  result->high = 250;
  result->inverted = TRUE;
  return TRUE;
}

static gboolean
fake_network (NucsegPlan *plan, GError **error)
{
  return step (FAKE_NETWORK, error);
}

/* One object: the first pixel. */
static gboolean
fake_decode (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  if (!step (FAKE_DECODE, error))
    return FALSE;
  for (gint y = 0; y < frame->height; y++) {
    guint16 *row = labels + (gsize) y * (labels_stride / sizeof *labels);
    for (gint x = 0; x < frame->width; x++)
      row[x] = x == 0 && y == 0;
  }
  if (!nucseg_object_list_set_size (objects, 1, error))
    return FALSE;
  objects->items[0] =
      (NucsegObject){ .label = 1, .width = 1, .height = 1, .area = 1 };
  result->dropped = 2;
  return TRUE;
}

static gboolean
fake_overlay (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error)
{
  if (!step (FAKE_OVERLAY, error))
    return FALSE;
  if (shown->memory == NUCSEG_MEMORY_SYSTEM)
    shown->data[0][0] = (guint8) n_objects;
  return TRUE;
}

#ifdef FAKE_ONE_LAUNCH
/* The first frames, but for the black ones of a warm-up, wait for each other.
 */
static gboolean
meet (const NucsegFrame *frame, GError **error)
{
#ifdef FAKE_MEET
  static GMutex lock;
  static GCond arrived;
  static guint n;
  const gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  gboolean met = TRUE;

  if (frame->data[0][0] == 0)
    return TRUE;
  g_mutex_lock (&lock);
  n++;
  g_cond_broadcast (&arrived);
  while (met && n < FAKE_MEET)
    met = g_cond_wait_until (&arrived, &lock, end);
  g_mutex_unlock (&lock);
  if (!met)
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "less than %d frames are in work at once", FAKE_MEET);
  return met;
#else
  return TRUE;
#endif
}

static gboolean
fake_run (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegFrame *shown, NucsegResult *result,
    GError **error)
{
  log_of_calls.geometry = plan->geometry;
  log_of_calls.memory = frame->memory;
  log_of_calls.shown = shown ? shown->format : NUCSEG_FORMAT_LAST;
  return step (FAKE_RUN, error) && meet (frame, error)
      && fake_decode (
          plan, frame, params, labels, labels_stride, objects, result, error);
}

static gboolean
fake_ready (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
  log_of_calls.ready = frame->memory;
  if (shown)
    log_of_calls.ready_shown = shown->memory;
  return step (FAKE_READY, error);
}
#else
#define fake_run NULL
#define fake_ready NULL
#endif

static gboolean
fake_write (NucsegPlan *plan, const gfloat *values, GError **error)
{
  return TRUE;
}

#ifdef FAKE_GAP
#define fake_read NULL
#else
static gboolean
fake_read (NucsegPlan *plan, gfloat *values, GError **error)
{
  return TRUE;
}
#endif

const NucsegBackend *
nucseg_backend_get (void)
{
  static const NucsegBackend table = { FAKE_ABI, FAKE_NAME, fake_describe,
    fake_probe, fake_best_precision, fake_supports, fake_plan_new,
    fake_plan_free, fake_prepare, fake_network, fake_decode, fake_overlay,
    fake_run, fake_ready, fake_write, fake_read, fake_write, fake_read };

  return HAS_TABLE ? &table : NULL;
}
