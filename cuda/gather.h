/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gather.h: frames of several sessions in one batch. Sessions that ask for it
 * with the same model, precision, size of frames, size of batch and CUDA
 * context share one plan, which lives as long as the last of them.
 */
#ifndef NUCSEG_CUDA_GATHER_H
#define NUCSEG_CUDA_GATHER_H

#include "backend.h"
#include "cuda/lane.h"

G_BEGIN_DECLS

/* At 30 frames a second a quarter of one: a hiccup of a camera is shorter. */
#define NUCSEG_GATHER_PATIENCE 8

/* A session that takes part. */
typedef struct _NucsegMember NucsegMember;

/**
 * nucseg_gather_join:
 * @context: CUDA context of the calling thread's plan
 * @options: of the session's plan, with a batch above 1
 * @error: return location
 *
 * Any thread; not inside a context. Builds the plan if nobody has yet.
 *
 * Returns: (transfer full) (nullable): NULL with the errors of
 *   nucseg_plan_build()
 */
NucsegMember *nucseg_gather_join (
    gconstpointer context, const NucsegPlanOptions *options, GError **error);
/* The last one frees the plan. Not inside a context. NULL is allowed. */
void nucseg_gather_leave (NucsegMember *member);

/**
 * nucseg_gather_run:
 * @member: of the caller's plan; one frame at a time
 * @job: accepted, with labels, and what is mapped found
 * @objects: as NucsegBackend.run
 * @result: likewise
 * @error: return location
 *
 * Waits until as many frames are there as fit into a batch, or one of every
 * session that is expected, or until the deadline of the one that came first is
 * over; one of the waiting threads runs them all. A session that had no frame
 * in any of the last NUCSEG_GATHER_PATIENCE batches (a camera that is paused,
 * or a slow one) isn't expected, until it brings one. Frames of other formats
 * or memories go in a batch of their own. Any number of threads.
 *
 * Returns: FALSE with DEVICE or MEMORY, which all frames of a batch get
 */
gboolean nucseg_gather_run (NucsegMember *member, const NucsegFrameJob *job,
    NucsegObjectList *objects, NucsegResult *result, GError **error);

/* Makes the graphs of frames like @key, between two batches; FALSE with DEVICE
 * or MEMORY. Any number of threads. */
gboolean nucseg_gather_ready (
    NucsegMember *member, const NucsegFrameKey *key, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_GATHER_H */
