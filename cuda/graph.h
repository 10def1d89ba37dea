/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph.h: what a stream was told once, as one CUDA graph that is launched
 * again and again.
 */
#ifndef NUCSEG_CUDA_GRAPH_H
#define NUCSEG_CUDA_GRAPH_H

#include "cuda/device.h"

G_BEGIN_DECLS

typedef struct _NucsegCudaGraph NucsegCudaGraph;

/* Queues work in the device's stream, or in branches of it (cuda/device.h);
 * waits for nothing. */
typedef gboolean (*NucsegCudaRecord) (gpointer data, GError **error);

/**
 * nucseg_cuda_graph_new:
 * @device: entered; must outlive the graph
 * @record: is called during the call, more than once where what another part of
 *   the program did meanwhile spoils a capture; nothing that it queues runs
 * yet. With NUCSEG_CUDA_GRAPHS=0 in the environment not now, but at each launch
 * @data: for @record; must outlive the graph
 * @error: return location
 *
 * Returns: (nullable): NULL with DEVICE, MEMORY or @record's error
 */
NucsegCudaGraph *nucseg_cuda_graph_new (NucsegCudaDevice *device,
    NucsegCudaRecord record, gpointer data, GError **error);
/* Inside the device's context; NULL is allowed. */
void nucseg_cuda_graph_free (NucsegCudaGraph *graph);

/* Queues all of it in one call; FALSE with DEVICE. */
gboolean nucseg_cuda_graph_launch (NucsegCudaGraph *graph, GError **error);

/**
 * nucseg_cuda_measure:
 * @device: entered
 * @run: queues something in the stream; may be captured
 * @data: for @run
 * @n_runs: how often in one launch
 * @error: return location
 *
 * One thread at a time. Warms the GPU up where it stood idle.
 *
 * Returns: microseconds of a run by the GPU's own clock, of the fastest of
 *   several launches; below 0 with DEVICE or @run's error
 */
gdouble nucseg_cuda_measure (NucsegCudaDevice *device, NucsegCudaRecord run,
    gpointer data, guint n_runs, GError **error);
/* The same, of each of @n_times launches; FALSE with DEVICE or @run's error. */
gboolean
nucseg_cuda_measure_launches (NucsegCudaDevice *device, NucsegCudaRecord run,
    gpointer data, guint n_runs, gdouble *times, guint n_times, GError **error);

/* The GPU's own time of launches, for benchmarks. */
typedef struct _NucsegCudaTimer NucsegCudaTimer;

/* Inside the device's context, as all of it; NULL with DEVICE. */
NucsegCudaTimer *
nucseg_cuda_timer_new (NucsegCudaDevice *device, GError **error);
/* NULL is allowed. */
void nucseg_cuda_timer_free (NucsegCudaTimer *timer);

/* nucseg_cuda_graph_launch() between two events; @timer NULL: without. */
gboolean nucseg_cuda_timer_launch (
    NucsegCudaTimer *timer, NucsegCudaGraph *graph, GError **error);

/**
 * nucseg_cuda_timer_read:
 * @timer: whose last launch has been waited for
 *
 * Between the events lies what the CPU needs to launch a graph too, some
 * microseconds of an idle stream.
 *
 * Returns: nanoseconds; -1: nothing was launched
 */
gint64 nucseg_cuda_timer_read (NucsegCudaTimer *timer);

/* Held while anything is captured, so not inside @record. For those who call
 * what waits for the whole context or unloads code, which no other thread's
 * capture in it survives: cudnnDestroy() and the like; page-locking is said to
 * be such. */
void nucseg_cuda_capture_lock (void);
void nucseg_cuda_capture_unlock (void);

G_END_DECLS

#endif /* NUCSEG_CUDA_GRAPH_H */
