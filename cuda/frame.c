/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.c: live frames in one launch and one wait: all of their steps, captured
 * once for each number of frames and combination of formats and memories as a
 * CUDA graph. What differs from frame to frame is in the requests that the
 * graph copies first.
 */
#include "cuda/graph.h"
#include "cuda/plan.h"

#include <string.h>

/* A stream changes its formats seldom; of more than these, those that were made
 * first are dropped. */
#define MOST_ENTRIES 16

typedef struct _Entry Entry;

typedef struct {
  const Entry *entry;
  guint n; /* frames */
  NucsegCudaGraph *graph;
} Launch;

struct _Entry {
  NucsegPlan *plan;
  NucsegFrameKey key;
  Launch *launches; /* of 1, 2, ... frames: plan->n_lanes of them */
};

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  for (guint i = 0; i < entry->plan->n_lanes; i++)
    nucseg_cuda_graph_free (entry->launches[i].graph);
  g_free (entry->launches);
  g_free (entry);
}

void
nucseg_plan_forget_graphs (NucsegPlan *plan)
{
  if (plan->graphs)
    g_ptr_array_set_size (plan->graphs, 0);
}

static gboolean
record_front (NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  return nucseg_frame_upload (lane, key, error)
      && nucseg_frame_limits (lane, key, error)
      && nucseg_frame_fill (lane, key, error);
}

typedef struct {
  NucsegLane *lane;
  const NucsegFrameKey *key;
} Back;

static gboolean
draw (const Back *back, GError **error)
{
  return (!back->key->has_shown
             || nucseg_frame_overlay (back->lane, back->key, error))
      && nucseg_frame_download_shown (back->lane, back->key, error);
}

/* The steps behind decoding. The bus is at the labels while the picture is
 * drawn; objects are measured meanwhile too, unless it is drawn on the frame,
 * which they are measured in. */
static gboolean
queue_back (gpointer data, guint branch, cudaStream_t stream, GError **error)
{
  const Back *back = data;
  const gboolean apart = nucseg_frame_draws_elsewhere (back->key);

  switch (branch) {
  case 0:
    return (apart
               || nucseg_frame_measure (back->lane, back->key, stream, error))
        && draw (back, error);
  case 1:
    return nucseg_frame_deliver_labels (back->lane, stream, error);
  default:
    return nucseg_frame_measure (back->lane, back->key, stream, error);
  }
}

static gboolean
record_back (NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  const Back back = { lane, key };

  return nucseg_frame_decode (lane, error)
      && nucseg_cuda_run_branches (lane->device,
          nucseg_frame_draws_elsewhere (key) ? 3 : 2, queue_back,
          (gpointer) &back, error);
}

/* The network computes its whole batch: in lanes without a frame, what was
 * there before. */
static gboolean
record (gpointer data, GError **error)
{
  const Launch *launch = data;
  const NucsegFrameKey *key = &launch->entry->key;
  NucsegPlan *plan = launch->entry->plan;
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < launch->n; i++)
    ok = record_front (plan->lanes[i], key, error);
  ok = ok && nucseg_network_run (plan->network, error);
  for (guint i = 0; ok && i < launch->n; i++)
    ok = record_back (plan->lanes[i], key, error);
  return ok;
}

/* In all lanes, so that none has to be moved later. */
static gboolean
make_room (NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  gboolean ok = TRUE, any_moved = FALSE;

  for (guint i = 0; ok && i < plan->n_lanes; i++) {
    gboolean moved;

    ok = nucseg_frame_make_room (plan->lanes[i], key, &moved, error);
    any_moved = any_moved || moved;
  }
  /* graphs know the old addresses */
  if (!ok || any_moved)
    nucseg_plan_forget_graphs (plan);
  return ok;
}

static Entry *
find_entry (NucsegPlan *plan, const NucsegFrameKey *key)
{
  for (guint i = 0; plan->graphs && i < plan->graphs->len; i++) {
    Entry *entry = g_ptr_array_index (plan->graphs, i);

    if (memcmp (&entry->key, key, sizeof *key) == 0)
      return entry;
  }
  return NULL;
}

/* Should cuDNN not be captured in several streams, it is in one. */
NucsegCudaGraph *
nucseg_plan_make_graph (
    NucsegPlan *plan, NucsegCudaRecord record, gpointer data, GError **error)
{
  g_autoptr (GError) why = NULL;
  NucsegCudaGraph *graph =
      nucseg_cuda_graph_new (plan->device, record, data, &why);

  if (!graph && !g_error_matches (why, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY)
      && nucseg_network_set_branches (plan->network, FALSE)) {
    graph = nucseg_cuda_graph_new (plan->device, record, data, NULL);
    if (graph)
      g_warning ("the network's steps run one after the other, which is "
                 "slower: %s",
          why->message);
    else
      nucseg_network_set_branches (plan->network, TRUE);
  }
  if (!graph)
    g_propagate_error (error, g_steal_pointer (&why));
  return graph;
}

/* Graphs of all numbers of frames at once: a capture takes milliseconds, which
 * a frame in mid-stream doesn't have. */
static Entry *
add_entry (NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  Entry *entry;
  gboolean ok = TRUE;

  if (!make_room (plan, key, error))
    return NULL;
  if (!plan->graphs)
    plan->graphs = g_ptr_array_new_with_free_func (free_entry);
  entry = g_new0 (Entry, 1);
  entry->plan = plan;
  entry->key = *key;
  entry->launches = g_new0 (Launch, plan->n_lanes);
  for (guint i = 0; ok && i < plan->n_lanes; i++) {
    Launch *launch = &entry->launches[i];

    launch->entry = entry;
    launch->n = i + 1;
    launch->graph = nucseg_plan_make_graph (plan, record, launch, error);
    ok = launch->graph != NULL;
  }
  if (!ok) {
    free_entry (entry);
    return NULL;
  }
  if (plan->graphs->len == MOST_ENTRIES)
    g_ptr_array_remove_index (plan->graphs, 0);
  g_ptr_array_add (plan->graphs, entry);
  return entry;
}

/* What is said of system memory at the start may turn out to be page-locked
 * when the first frame comes: @key, and the graphs for that, which need no more
 * room. */
static gboolean
add_memories (NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  const gboolean frame = key->frame_memory == NUCSEG_MEMORY_SYSTEM;
  const gboolean shown =
      key->has_shown && key->shown_memory == NUCSEG_MEMORY_SYSTEM;

  for (guint i = 0; i < 4; i++) {
    NucsegFrameKey other = *key;

    if ((i & 1 && !frame) || (i & 2 && !shown))
      continue;
    other.frame_mapped = (i & 1) != 0;
    other.shown_mapped = (i & 2) != 0;
    if (!find_entry (plan, &other) && !add_entry (plan, &other, error))
      return FALSE;
  }
  return TRUE;
}

/* Whether frames like those of @key may come without, or with, a drawing on
 * them from one to the next: @other. */
static gboolean
switch_drawing (const NucsegFrameKey *key, NucsegFrameKey *other)
{
  *other = *key;
  if (nucseg_frame_draws_elsewhere (key))
    return FALSE;
  other->has_shown = !key->has_shown;
  other->shown_memory = other->has_shown ? key->frame_memory : 0;
  other->shown_format = other->has_shown ? key->picture.format : 0;
  return TRUE;
}

/* All that a stream may ask for before its caps change, at once: a live frame
 * has no time for a capture. (Not of a first frame that is page-locked, before
 * which nobody has made ready: what isn't needs more room.) */
static Entry *
add_entries (NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  NucsegFrameKey other;

  if (key->frame_mapped || key->shown_mapped)
    return add_entry (plan, key, error);
  if (!add_memories (plan, key, error)
      || (switch_drawing (key, &other) && !add_memories (plan, &other, error)))
    return NULL;
  return find_entry (plan, key);
}

static void
fill_requests (NucsegPlan *plan, guint n, const NucsegFrameJob *const *jobs)
{
  for (guint i = 0; i < n; i++)
    nucseg_frame_fill_request (plan->lanes[i], jobs[i]);
}

/* The network alone, of whatever its input holds. */
static gboolean
rehearse_network (NucsegPlan *plan, GError **error)
{
  if (!plan->network_ran)
    plan->network_ran = nucseg_cuda_finish (
        plan->device, nucseg_network_run (plan->network, error), error);
  return plan->network_ran;
}

/* Once without a graph, before the first capture: libraries load code and take
 * memory of their own when they first run, which a capture may not see. Of a
 * copy of the frame: where the GPU draws into the user's, it may do so once,
 * and then only the network, which is where the libraries are, is run. */
static gboolean
rehearse (NucsegPlan *plan, guint n, const NucsegFrameJob *const *jobs,
    GError **error)
{
  const NucsegFrameKey *key = &jobs[0]->key;
  Entry entry = { .plan = plan, .key = *key };
  Launch launch = { .entry = &entry, .n = n };

  if (plan->graphs)
    return TRUE;
  if (key->frame_memory != NUCSEG_MEMORY_SYSTEM || key->frame_mapped
      || key->shown_mapped
      || (key->has_shown && key->shown_memory != NUCSEG_MEMORY_SYSTEM))
    return rehearse_network (plan, error);
  if (!make_room (plan, key, error))
    return FALSE;
  fill_requests (plan, n, jobs);
  plan->network_ran =
      nucseg_cuda_finish (plan->device, record (&launch, error), error);
  return plan->network_ran;
}

gboolean
nucseg_plan_capture (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  return find_entry (plan, key)
      || (rehearse_network (plan, error) && add_entries (plan, key, error));
}

gboolean
nucseg_plan_launch (NucsegPlan *plan, guint n,
    const NucsegFrameJob *const *jobs, GError **error)
{
  const NucsegFrameKey *key = &jobs[0]->key;
  Entry *entry = find_entry (plan, key);

  if (!entry && rehearse (plan, n, jobs, error))
    entry = add_entries (plan, key, error);
  if (!entry)
    return FALSE;
  fill_requests (plan, n, jobs);
  return nucseg_cuda_finish (plan->device,
      nucseg_cuda_timer_launch (
          plan->timer, entry->launches[n - 1].graph, error),
      error);
}

/* --- The table's run ------------------------------------------------------ */

static gboolean
run_alone (NucsegPlan *plan, NucsegFrameJob *job, GError **error)
{
  const NucsegFrameJob *const jobs[] = { job };
  gboolean ok;

  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  nucseg_frame_find_mapped (plan->device, job);
  ok = nucseg_plan_launch (plan, 1, jobs, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

/* With the results, for they are in a lane that others wait for. */
static gboolean
run_gathered (NucsegPlan *plan, NucsegFrameJob *job, NucsegObjectList *objects,
    NucsegResult *result, GError **error)
{
  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  nucseg_frame_find_mapped (plan->device, job);
  nucseg_cuda_device_leave (plan->device);
  if (!nucseg_gather_run (plan->member, job, objects, result, error))
    return FALSE;
  nucseg_frame_set_limits (plan->lanes[0], result);
  return TRUE;
}

gboolean
nucseg_cuda_run (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegFrame *shown, NucsegResult *result,
    GError **error)
{
  NucsegLane *lane = plan->lanes[0];
  NucsegFrameJob job;

  nucseg_frame_job_init (&job, frame, shown, params);
  job.labels = labels;
  job.labels_stride = labels_stride;
  if (!nucseg_frame_accept (plan->device, &job, error))
    return FALSE;
  if (plan->member)
    return run_gathered (plan, &job, objects, result, error);
  if (!run_alone (plan, &job, error)
      || !nucseg_frame_take_labels (lane, &job, objects, result, error))
    return FALSE;
  nucseg_frame_take_limits (lane, result);
  nucseg_frame_take_shown (lane, &job);
  return TRUE;
}

gboolean
nucseg_cuda_ready (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
  NucsegFrameJob job;
  gboolean ok;

  nucseg_frame_job_init (&job, frame, shown, params);
  if (plan->member)
    return nucseg_gather_ready (plan->member, &job.key, error);
  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = nucseg_plan_capture (plan, &job.key, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}
