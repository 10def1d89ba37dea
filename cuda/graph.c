/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph.c: see graph.h.
 */
#include "cuda/graph.h"

#define MOST_CAPTURES 5
/* The user's switch: 0 records at each launch instead, without any capture.
 * That tells what a capture spoils from what is wrong without it. */
#define GRAPHS_VARIABLE "NUCSEG_CUDA_GRAPHS"

struct _NucsegCudaGraph {
  NucsegCudaDevice *device;
  cudaGraphExec_t executable; /* NULL: what follows instead */
  NucsegCudaRecord record;
  gpointer data;
};

static GMutex capturing;

void
nucseg_cuda_capture_lock (void)
{
  g_mutex_lock (&capturing);
}

void
nucseg_cuda_capture_unlock (void)
{
  g_mutex_unlock (&capturing);
}

/* The graph of what is recorded. @spoilt: whether it failed for no fault of the
 * recording's: a program or library that shares the context waited for all of
 * it meanwhile, say. */
static cudaGraph_t
capture (cudaStream_t stream, NucsegCudaRecord record, gpointer data,
    gboolean *spoilt, GError **error)
{
  cudaGraph_t captured = NULL;
  cudaError_t status;
  gboolean ok;

  *spoilt = FALSE;
  /* Other threads go on with other streams: only this thread is watched. */
  if (!nucseg_cuda_check (
          cudaStreamBeginCapture (stream, cudaStreamCaptureModeThreadLocal),
          "beginning a graph", error))
    return NULL;
  ok = record (data, error);
  /* Ends the capture in any case. */
  status = cudaStreamEndCapture (stream, &captured);
  /* what was begun beside the stream can't join a capture that is spoilt */
  *spoilt = status == cudaErrorStreamCaptureInvalidated
      || (!ok && status == cudaErrorStreamCaptureUnjoined);
  if (ok)
    ok = nucseg_cuda_check (status, "ending a graph", error);
  else
    cudaGetLastError ();
  if (ok)
    return captured;
  if (captured)
    cudaGraphDestroy (captured);
  return NULL;
}

static cudaGraph_t
capture_patiently (
    cudaStream_t stream, NucsegCudaRecord record, gpointer data, GError **error)
{
  cudaGraph_t captured = NULL;
  gboolean spoilt = TRUE;

  for (guint i = 0; spoilt && i < MOST_CAPTURES; i++) {
    g_autoptr (GError) why = NULL;

    nucseg_cuda_capture_lock ();
    captured = capture (stream, record, data, &spoilt, &why);
    nucseg_cuda_capture_unlock ();
    if (captured)
      break;
    if (spoilt && i + 1 < MOST_CAPTURES)
      g_debug ("capture %u of a graph: %s", i + 1, why->message);
    else
      g_propagate_error (error, g_steal_pointer (&why));
  }
  return captured;
}

/* NULL where it can't be captured, or not be made ready. */
static cudaGraphExec_t
make_executable (NucsegCudaDevice *device, NucsegCudaRecord record,
    gpointer data, GError **error)
{
  cudaStream_t stream = nucseg_cuda_device_get_stream (device);
  cudaGraph_t captured = capture_patiently (stream, record, data, error);
  cudaGraphExec_t executable = NULL;
  gboolean ok;

  if (!captured)
    return NULL;
  ok = nucseg_cuda_check (cudaGraphInstantiate (&executable, captured, 0),
           "making a graph ready", error)
      && nucseg_cuda_check (cudaGraphUpload (executable, stream),
          "bringing a graph to the GPU", error);
  cudaGraphDestroy (captured);
  if (ok)
    return executable;
  if (executable)
    cudaGraphExecDestroy (executable);
  return NULL;
}

NucsegCudaGraph *
nucseg_cuda_graph_new (NucsegCudaDevice *device, NucsegCudaRecord record,
    gpointer data, GError **error)
{
  const gboolean captures = g_strcmp0 (g_getenv (GRAPHS_VARIABLE), "0") != 0;
  cudaGraphExec_t executable = NULL;
  NucsegCudaGraph *graph;

  if (captures && !(executable = make_executable (device, record, data, error)))
    return NULL;
  graph = g_new (NucsegCudaGraph, 1);
  *graph = (NucsegCudaGraph){ device, executable, record, data };
  return graph;
}

void
nucseg_cuda_graph_free (NucsegCudaGraph *graph)
{
  if (!graph)
    return;
  if (graph->executable)
    cudaGraphExecDestroy (graph->executable);
  g_free (graph);
}

gboolean
nucseg_cuda_graph_launch (NucsegCudaGraph *graph, GError **error)
{
  if (!graph->executable)
    return graph->record (graph->data, error);
  return nucseg_cuda_check (cudaGraphLaunch (graph->executable,
                                nucseg_cuda_device_get_stream (graph->device)),
      "launching a frame", error);
}
