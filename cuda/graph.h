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

/* Queues work in the device's stream; waits for nothing. */
typedef gboolean (*NucsegCudaRecord) (gpointer data, GError **error);

/**
 * nucseg_cuda_graph_new:
 * @device: entered; must outlive the graph
 * @record: is called during the call; nothing that it queues runs yet
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

G_END_DECLS

#endif /* NUCSEG_CUDA_GRAPH_H */
