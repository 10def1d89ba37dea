/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph.c: see graph.h.
 */
#include "cuda/graph.h"

struct _NucsegCudaGraph {
  NucsegCudaDevice *device;
  cudaGraphExec_t executable;
};

NucsegCudaGraph *
nucseg_cuda_graph_new (NucsegCudaDevice *device, NucsegCudaRecord record,
    gpointer data, GError **error)
{
  cudaStream_t stream = nucseg_cuda_device_get_stream (device);
  cudaGraph_t captured = NULL;
  cudaGraphExec_t executable = NULL;
  NucsegCudaGraph *graph;
  cudaError_t status;
  gboolean ok;

  /* Other threads go on with other streams: only this thread is watched. */
  if (!nucseg_cuda_check (
          cudaStreamBeginCapture (stream, cudaStreamCaptureModeThreadLocal),
          "beginning a graph", error))
    return NULL;
  ok = record (data, error);
  /* Ends the capture in any case. */
  status = cudaStreamEndCapture (stream, &captured);
  if (ok)
    ok = nucseg_cuda_check (status, "ending a graph", error)
        && nucseg_cuda_check (cudaGraphInstantiate (&executable, captured, 0),
            "making a graph ready", error)
        && nucseg_cuda_check (cudaGraphUpload (executable, stream),
            "bringing a graph to the GPU", error);
  else
    cudaGetLastError ();
  if (captured)
    cudaGraphDestroy (captured);
  if (!ok) {
    if (executable)
      cudaGraphExecDestroy (executable);
    return NULL;
  }
  graph = g_new0 (NucsegCudaGraph, 1);
  graph->device = device;
  graph->executable = executable;
  return graph;
}

void
nucseg_cuda_graph_free (NucsegCudaGraph *graph)
{
  if (!graph)
    return;
  cudaGraphExecDestroy (graph->executable);
  g_free (graph);
}

gboolean
nucseg_cuda_graph_launch (NucsegCudaGraph *graph, GError **error)
{
  return nucseg_cuda_check (cudaGraphLaunch (graph->executable,
                                nucseg_cuda_device_get_stream (graph->device)),
      "launching a frame", error);
}
