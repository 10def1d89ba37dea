/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure.c: the GPU's time for something that takes microseconds.
 *
 * Events around a single call would show how long the CPU needs to queue it:
 * on an idle stream the first one is done before the work is there. So many
 * runs are captured and launched at once.
 *
 * A GPU that has stood idle runs at a fraction of its clock, and takes tens of
 * milliseconds to raise it: what is measured first would look slow.
 */
#include "cuda/graph.h"

#define N_LAUNCHES 5
#define N_WARM_UP 2
/* Microseconds: after how long a rest the clock may have fallen, and how long
 * it is given to rise. */
#define REST 5000
#define RISE 50000

typedef struct {
  NucsegCudaRecord run;
  gpointer data;
  guint n;
} Runs;

static gboolean
record (gpointer data, GError **error)
{
  const Runs *runs = data;

  for (guint i = 0; i < runs->n; i++) {
    if (!runs->run (runs->data, error))
      return FALSE;
  }
  return TRUE;
}

/* Microseconds of @n_times launches. */
static gboolean
time_launches (NucsegCudaDevice *device, NucsegCudaGraph *graph, gdouble *times,
    guint n_times, GError **error)
{
  cudaStream_t stream = nucseg_cuda_device_get_stream (device);
  cudaEvent_t begin = NULL, end = NULL;
  static gint64 ended; /* one thread at a time */
  const gint64 begun = g_get_monotonic_time ();
  const gint64 warm = begun - ended > REST ? begun + RISE : begun;
  guint measured = 0;
  gboolean ok = nucseg_cuda_check (cudaEventCreate (&begin), "an event", error)
      && nucseg_cuda_check (cudaEventCreate (&end), "an event", error);

  for (guint i = 0; ok && measured < n_times; i++) {
    gfloat milliseconds = 0;

    ok = nucseg_cuda_check (cudaEventRecord (begin, stream), "an event", error)
        && nucseg_cuda_graph_launch (graph, error)
        && nucseg_cuda_check (cudaEventRecord (end, stream), "an event", error)
        && nucseg_cuda_check (
            cudaEventSynchronize (end), "waiting for the GPU", error)
        && nucseg_cuda_check (cudaEventElapsedTime (&milliseconds, begin, end),
            "an event", error);
    ended = g_get_monotonic_time ();
    if (!ok || i < N_WARM_UP || ended < warm)
      continue;
    times[measured++] = milliseconds * 1000;
  }
  if (begin)
    cudaEventDestroy (begin);
  if (end)
    cudaEventDestroy (end);
  return ok;
}

gboolean
nucseg_cuda_measure_launches (NucsegCudaDevice *device, NucsegCudaRecord run,
    gpointer data, guint n_runs, gdouble *times, guint n_times, GError **error)
{
  Runs runs = { run, data, n_runs };
  NucsegCudaGraph *graph;
  gboolean ok;

  /* Once by itself: libraries load code when they first run. */
  if (!run (data, error) || !nucseg_cuda_wait (device, error))
    return FALSE;
  graph = nucseg_cuda_graph_new (device, record, &runs, error);
  ok = graph && time_launches (device, graph, times, n_times, error);
  nucseg_cuda_graph_free (graph);
  for (guint i = 0; ok && i < n_times; i++)
    times[i] /= n_runs;
  return ok;
}

gdouble
nucseg_cuda_measure (NucsegCudaDevice *device, NucsegCudaRecord run,
    gpointer data, guint n_runs, GError **error)
{
  gdouble times[N_LAUNCHES], fastest;

  if (!nucseg_cuda_measure_launches (
          device, run, data, n_runs, times, N_LAUNCHES, error))
    return -1;
  fastest = times[0];
  for (guint i = 1; i < N_LAUNCHES; i++)
    fastest = MIN (fastest, times[i]);
  return fastest;
}
