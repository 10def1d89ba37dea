/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * timer.c: see graph.h.
 */
#include "cuda/graph.h"

struct _NucsegCudaTimer {
  cudaStream_t stream;
  cudaEvent_t begin, end;
  gboolean launched;
};

NucsegCudaTimer *
nucseg_cuda_timer_new (NucsegCudaDevice *device, GError **error)
{
  NucsegCudaTimer *timer = g_new0 (NucsegCudaTimer, 1);

  timer->stream = nucseg_cuda_device_get_stream (device);
  if (nucseg_cuda_check (cudaEventCreate (&timer->begin), "an event", error)
      && nucseg_cuda_check (cudaEventCreate (&timer->end), "an event", error))
    return timer;
  nucseg_cuda_timer_free (timer);
  return NULL;
}

void
nucseg_cuda_timer_free (NucsegCudaTimer *timer)
{
  if (!timer)
    return;
  if (timer->begin)
    cudaEventDestroy (timer->begin);
  if (timer->end)
    cudaEventDestroy (timer->end);
  g_free (timer);
}

gboolean
nucseg_cuda_timer_launch (
    NucsegCudaTimer *timer, NucsegCudaGraph *graph, GError **error)
{
  if (!timer)
    return nucseg_cuda_graph_launch (graph, error);
  timer->launched =
      nucseg_cuda_check (
          cudaEventRecord (timer->begin, timer->stream), "an event", error)
      && nucseg_cuda_graph_launch (graph, error)
      && nucseg_cuda_check (
          cudaEventRecord (timer->end, timer->stream), "an event", error);
  return timer->launched;
}

gint64
nucseg_cuda_timer_read (NucsegCudaTimer *timer)
{
  gfloat milliseconds = 0;

  if (!timer->launched
      || !nucseg_cuda_check (
          cudaEventElapsedTime (&milliseconds, timer->begin, timer->end),
          "an event", NULL))
    return -1;
  return (gint64) (milliseconds * 1e6);
}
