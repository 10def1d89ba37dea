/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: what plan.c (the table of the cuda back end), frame.c (frames in one
 * launch), gather.c (frames of several sessions in one batch) and verbs.c (one
 * step at a time) share.
 */
#ifndef NUCSEG_CUDA_PLAN_H
#define NUCSEG_CUDA_PLAN_H

#include "backend.h"
#include "cuda/gather.h"
#include "cuda/graph.h"
#include "cuda/lane.h"

G_BEGIN_DECLS

struct _NucsegPlan {
  NucsegCudaDevice *device;
  NucsegModel *model; /* borrowed */
  NucsegGeometry geometry;
  NucsegNetwork *network; /* NULL: frames are gathered */
  NucsegLane **lanes; /* one for each image of the network's batch */
  guint n_lanes;
  NucsegLaneScratch scratch;
  gfloat *values; /* of the network's input, for tests; NULL until asked for */
  GPtrArray *graphs; /* of frame.c */
  gboolean network_ran; /* without a graph, as libraries load code then */
  NucsegCudaGraph *network_graph; /* of verbs.c; NULL until it is asked for */
  NucsegCudaTimer *timer; /* NULL: nobody asks for the GPU's time */
  NucsegMember *member; /* NULL: frames are run by themselves */
};

/**
 * nucseg_plan_build:
 * @options: model, geometry, precision; must outlive the plan
 * @n_lanes: images of the network's batch; 0: no network, one lane to draw in
 * @error: return location
 *
 * Returns: (nullable): a plan that does not gather; NULL with MEMORY, DEVICE,
 *   NO_DEVICE, SHAPE or UNSUPPORTED
 */
NucsegPlan *nucseg_plan_build (
    const NucsegPlanOptions *options, guint n_lanes, GError **error);
/* NULL is allowed. */
void nucseg_plan_free (NucsegPlan *plan);

/* Whether it has a network of its own; FALSE with UNSUPPORTED. One that gathers
 * frames has a lane for drawing alone. */
gboolean nucseg_plan_check_network (const NucsegPlan *plan, GError **error);

/* --- Frames in one launch (frame.c) --------------------------------------- */

/**
 * nucseg_plan_launch:
 * @plan: entered, with a network
 * @n: frames, at most the plan's lanes
 * @jobs: n of them, of equal keys; frame i takes lane i
 * @error: return location
 *
 * Returns: whether all went through the GPU; results wait in the lanes
 */
gboolean nucseg_plan_launch (NucsegPlan *plan, guint n,
    const NucsegFrameJob *const *jobs, GError **error);
/* Drops the graphs; inside the device's context. */
void nucseg_plan_forget_graphs (NucsegPlan *plan);

/* A graph of what runs the plan's network; as nucseg_cuda_graph_new(). */
NucsegCudaGraph *nucseg_plan_make_graph (
    NucsegPlan *plan, NucsegCudaRecord record, gpointer data, GError **error);

/* The graphs of frames like @key, unless they are there, page-locked or not,
 * with and without drawing on them; entered, with a network. */
gboolean nucseg_plan_capture (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error);

/* --- The table's functions ------------------------------------------------ */

gboolean nucseg_cuda_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error);
gboolean nucseg_cuda_network (NucsegPlan *plan, GError **error);
gboolean nucseg_cuda_labels (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error);
gboolean nucseg_cuda_draw (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error);
gboolean nucseg_cuda_run (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegFrame *shown, NucsegResult *result,
    GError **error);

gboolean nucseg_cuda_ready (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error);

/* --- For benchmarks, which look them up in the module --------------------- */

/* From now on the GPU's time of each launch is taken; FALSE with DEVICE. */
NUCSEG_API gboolean nucseg_cuda_plan_set_timed (
    NucsegPlan *plan, GError **error);
/* Nanoseconds between events around the last frame's, or network's, one launch;
 * -1 where there was none, as of a frame in a batch with others'. */
NUCSEG_API gint64 nucseg_cuda_plan_get_time (NucsegPlan *plan);

NUCSEG_API const NucsegBackend *nucseg_backend_get (void);

G_END_DECLS

#endif /* NUCSEG_CUDA_PLAN_H */
