/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gather.c: see gather.h. There is no thread of its own: the session whose
 * frame has waited longest leads. It waits for others, takes what may go
 * together, runs it, and everybody fetches his own results from his lane. What
 * comes meanwhile waits for the next batch, whose leader begins when the last
 * result of this one is fetched.
 */
#include "cuda/gather.h"

#include "cuda/plan.h"
#include "cuda/registry.h"

#include <string.h>

typedef struct {
  NucsegMember *member;
  const NucsegFrameJob *job;
  guint lane, n_together; /* once it is run */
  gboolean done;
  GError *error;
} Waiting;

typedef struct _NucsegGather NucsegGather;

struct _NucsegMember {
  NucsegGather *gather;
  gboolean is_waiting; /* its frame is in the queue */
  guint64 last; /* number of its last batch, from 1; 0: none yet */
};

struct _NucsegGather {
  NucsegEntry entry;
  guint64 deadline_us;
  NucsegModel *model; /* the plan's */
  NucsegPlan *plan;

  GMutex lock;
  GCond changed;
  GPtrArray *members; /* under the lock, as what follows */
  GQueue queue; /* Waiting, the one that came first in front */
  guint n_running; /* frames whose results aren't fetched */
  guint64 n_batches; /* that were ever begun */
};

static NucsegRegistry gathers;

/* --- Who shares a plan ----------------------------------------------------
 */

static gchar *
make_key (gconstpointer context, const NucsegPlanOptions *options)
{
  const NucsegGeometry *g = &options->geometry;

  return g_strdup_printf ("%p %s %d %dx%d %a %u %" G_GUINT64_FORMAT, context,
      nucseg_model_get_sha256 (options->model), (gint) options->precision,
      g->frame_width, g->frame_height, g->scale, options->batch,
      options->batch_deadline_us);
}

static void
free_gather (gpointer data, gpointer user_data)
{
  NucsegGather *gather = data;

  nucseg_plan_free (gather->plan);
  g_ptr_array_unref (gather->members);
  nucseg_model_unref (gather->model);
  g_mutex_clear (&gather->lock);
  g_cond_clear (&gather->changed);
  g_free (gather);
}

static gpointer
new_gather (gconstpointer data, GError **error)
{
  const NucsegPlanOptions *options = data;
  NucsegGather *gather = g_new0 (NucsegGather, 1);
  NucsegPlanOptions own = *options;

  g_mutex_init (&gather->lock);
  g_cond_init (&gather->changed);
  g_queue_init (&gather->queue);
  gather->members = g_ptr_array_new_with_free_func (g_free);
  gather->deadline_us = options->batch_deadline_us;
  /* the session that comes first may go first */
  own.model = gather->model = nucseg_model_ref (options->model);
  gather->plan = nucseg_plan_build (&own, options->batch, error);
  if (gather->plan)
    return gather;
  free_gather (gather, NULL);
  return NULL;
}

static NucsegMember *
add_member (NucsegGather *gather)
{
  NucsegMember *member = g_new0 (NucsegMember, 1);

  member->gather = gather;
  g_mutex_lock (&gather->lock);
  g_ptr_array_add (gather->members, member);
  g_mutex_unlock (&gather->lock);
  return member;
}

static void
remove_member (NucsegGather *gather, NucsegMember *member)
{
  g_mutex_lock (&gather->lock);
  g_ptr_array_remove_fast (gather->members, member);
  /* a leader may be waiting for it */
  g_cond_broadcast (&gather->changed);
  g_mutex_unlock (&gather->lock);
}

NucsegMember *
nucseg_gather_join (
    gconstpointer context, const NucsegPlanOptions *options, GError **error)
{
  g_autofree gchar *key = make_key (context, options);
  NucsegGather *gather =
      nucseg_registry_take (&gathers, key, new_gather, options, error);

  return gather ? add_member (gather) : NULL;
}

void
nucseg_gather_leave (NucsegMember *member)
{
  NucsegGather *gather;

  if (!member)
    return;
  gather = member->gather;
  remove_member (gather, member);
  nucseg_registry_give_back (&gathers, gather, FALSE, free_gather, NULL);
}

/* --- Under the gather's lock ---------------------------------------------- */

static gboolean
goes_with (const Waiting *a, const Waiting *b)
{
  return memcmp (&a->job->key, &b->job->key, sizeof a->job->key) == 0;
}

static guint
count_alike (NucsegGather *gather, const Waiting *leader)
{
  guint n = 0;

  for (const GList *l = gather->queue.head; l; l = l->next)
    n += goes_with (leader, l->data);
  return n;
}

/* Whether a session may bring a frame before long. What waits with another
 * format has brought its own. */
static gboolean
is_any_expected (const NucsegGather *gather)
{
  for (guint i = 0; i < gather->members->len; i++) {
    const NucsegMember *member = g_ptr_array_index (gather->members, i);

    if (!member->is_waiting
        && member->last + NUCSEG_GATHER_PATIENCE > gather->n_batches)
      return TRUE;
  }
  return FALSE;
}

/* The leader first, then those that go with it in the order of their coming. */
static guint
take_batch (NucsegGather *gather, Waiting *leader, Waiting **batch)
{
  GList *next;
  guint n = 0;

  for (GList *l = gather->queue.head; l && n < gather->plan->n_lanes;
       l = next) {
    Waiting *waiting = l->data;

    next = l->next;
    if (!goes_with (leader, waiting))
      continue;
    waiting->lane = n;
    waiting->member->is_waiting = FALSE;
    waiting->member->last = gather->n_batches;
    batch[n++] = waiting;
    g_queue_delete_link (&gather->queue, l);
  }
  return n;
}

/* --- A batch ---------------------------------------------------------------
 */

static gboolean
run_batch (NucsegPlan *plan, guint n, Waiting *const *batch, GError **error)
{
  const NucsegFrameJob *jobs[NUCSEG_MAX_BATCH];
  gboolean ok;

  for (guint i = 0; i < n; i++)
    jobs[i] = batch[i]->job;
  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = nucseg_plan_launch (plan, n, jobs, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

/* Runs a batch of which @leader is one; the lock is released meanwhile. */
static void
lead (NucsegGather *gather, Waiting *leader, gint64 deadline)
{
  Waiting *batch[NUCSEG_MAX_BATCH];
  g_autoptr (GError) error = NULL;
  guint n;

  while (count_alike (gather, leader) < gather->plan->n_lanes
      && is_any_expected (gather)
      && g_cond_wait_until (&gather->changed, &gather->lock, deadline))
    ;
  /* graphs are being made */
  while (gather->n_running > 0)
    g_cond_wait (&gather->changed, &gather->lock);
  gather->n_batches++;
  n = take_batch (gather, leader, batch);
  gather->n_running = n;
  g_mutex_unlock (&gather->lock);
  run_batch (gather->plan, n, batch, &error);
  g_mutex_lock (&gather->lock);
  for (guint i = 0; i < n; i++) {
    batch[i]->n_together = n;
    batch[i]->error = error ? g_error_copy (error) : NULL;
    batch[i]->done = TRUE;
  }
  g_cond_broadcast (&gather->changed);
}

static gboolean
fetch (NucsegGather *gather, const Waiting *waiting, NucsegObjectList *objects,
    NucsegResult *result, GError **error)
{
  NucsegLane *lane = gather->plan->lanes[waiting->lane];

  if (!nucseg_frame_take_labels (lane, waiting->job, objects, result, error))
    return FALSE;
  nucseg_frame_take_limits (lane, result);
  result->batch = waiting->n_together;
  nucseg_frame_take_shown (lane, waiting->job);
  return TRUE;
}

gboolean
nucseg_gather_run (NucsegMember *member, const NucsegFrameJob *job,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  NucsegGather *gather = member->gather;
  const gint64 deadline =
      g_get_monotonic_time () + (gint64) gather->deadline_us;
  Waiting self = { .member = member, .job = job };
  gboolean ok;

  g_mutex_lock (&gather->lock);
  g_queue_push_tail (&gather->queue, &self);
  member->is_waiting = TRUE;
  g_cond_broadcast (&gather->changed);
  while (!self.done) {
    if (gather->n_running == 0 && g_queue_peek_head (&gather->queue) == &self)
      lead (gather, &self, deadline);
    else
      g_cond_wait (&gather->changed, &gather->lock);
  }
  g_mutex_unlock (&gather->lock);

  if (self.error)
    g_propagate_error (error, self.error);
  ok = !self.error && fetch (gather, &self, objects, result, error);

  g_mutex_lock (&gather->lock);
  if (--gather->n_running == 0)
    g_cond_broadcast (&gather->changed);
  g_mutex_unlock (&gather->lock);
  return ok;
}

gboolean
nucseg_gather_ready (
    NucsegMember *member, const NucsegFrameKey *key, GError **error)
{
  NucsegGather *gather = member->gather;
  NucsegCudaDevice *device = gather->plan->device;
  gboolean ok;

  g_mutex_lock (&gather->lock);
  while (gather->n_running > 0)
    g_cond_wait (&gather->changed, &gather->lock);
  /* nobody leads meanwhile */
  gather->n_running = 1;
  g_mutex_unlock (&gather->lock);

  ok = nucseg_cuda_device_enter (device, error);
  if (ok) {
    ok = nucseg_plan_capture (gather->plan, key, error);
    nucseg_cuda_device_leave (device);
  }

  g_mutex_lock (&gather->lock);
  gather->n_running = 0;
  g_cond_broadcast (&gather->changed);
  g_mutex_unlock (&gather->lock);
  return ok;
}
