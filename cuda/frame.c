/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.c: a live frame in one launch and one wait: all of its steps, captured
 * once for each combination of formats and memories as a CUDA graph. What
 * differs from frame to frame is in the request that the graph copies first.
 */
#include "cuda/graph.h"
#include "cuda/plan.h"

#include <string.h>

/* A stream changes its formats seldom; more than these are made anew. */
#define MOST_GRAPHS 8

typedef struct {
  NucsegPlan *plan;
  NucsegFrameKey key;
  NucsegCudaGraph *graph;
} Entry;

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  nucseg_cuda_graph_free (entry->graph);
  g_free (entry);
}

void
nucseg_cuda_forget_graphs (NucsegPlan *plan)
{
  if (plan->graphs)
    g_ptr_array_set_size (plan->graphs, 0);
}

/* All of a frame; what the host has to read comes last. */
static gboolean
record (gpointer data, GError **error)
{
  Entry *entry = data;
  NucsegPlan *plan = entry->plan;
  const NucsegFrameKey *key = &entry->key;

  return nucseg_frame_upload (plan, key, error)
      && nucseg_frame_limits (plan, key, error)
      && nucseg_frame_fill (plan, key, error)
      && nucseg_network_run (plan->network, error)
      && nucseg_frame_decode (plan, key, error)
      && (!key->has_shown || nucseg_frame_overlay (plan, key, error))
      && nucseg_frame_download_reply (plan, error)
      && nucseg_frame_download_labels (plan, error)
      && nucseg_frame_download_shown (plan, key, error);
}

static Entry *
find_entry (NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  gboolean moved;
  Entry *entry;

  if (!nucseg_frame_make_room (plan, key, &moved, error)) {
    nucseg_cuda_forget_graphs (plan);
    return NULL;
  }
  if (!plan->graphs)
    plan->graphs = g_ptr_array_new_with_free_func (free_entry);
  if (moved)
    nucseg_cuda_forget_graphs (plan);
  for (guint i = 0; i < plan->graphs->len; i++) {
    entry = g_ptr_array_index (plan->graphs, i);
    if (memcmp (&entry->key, key, sizeof *key) == 0)
      return entry;
  }
  if (plan->graphs->len == MOST_GRAPHS)
    g_ptr_array_remove_index (plan->graphs, 0);
  entry = g_new0 (Entry, 1);
  entry->plan = plan;
  entry->key = *key;
  entry->graph = nucseg_cuda_graph_new (plan->device, record, entry, error);
  if (!entry->graph) {
    g_free (entry);
    return NULL;
  }
  g_ptr_array_add (plan->graphs, entry);
  return entry;
}

gboolean
nucseg_cuda_run (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegFrame *shown, NucsegResult *result,
    GError **error)
{
  NucsegFrameKey key = nucseg_frame_key (frame, shown);
  Entry *entry;
  gboolean ok = FALSE;

  if (!nucseg_frame_accept (plan, frame, shown, params, error)
      || !nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  nucseg_frame_find_mapped (plan, &key, frame, shown);
  entry = find_entry (plan, &key, error);
  if (entry) {
    nucseg_frame_fill_request (plan, &key, frame, shown, params);
    ok = nucseg_cuda_graph_launch (entry->graph, error)
        && nucseg_cuda_wait (plan->device, error)
        && nucseg_frame_take_labels (
            plan, labels, labels_stride, objects, result, error);
  }
  if (ok) {
    nucseg_frame_take_limits (plan, result);
    nucseg_frame_take_shown (plan, &key, shown);
  }
  nucseg_cuda_device_leave (plan->device);
  return ok;
}
