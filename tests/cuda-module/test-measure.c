/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-measure.c: cuda/measure.c over events, graphs and a clock of this file's
 * own: which launches count, what a run's share is, and that nothing is lost
 * where a call fails.
 */
#include "cuda/graph.h"

#define N 4
#define RUNS 5

struct CUevent_st {
  guint launch; /* that was the last when it was recorded */
};

static gint64 now = 1000000; /* microseconds */
static guint n_launches, n_queued, n_events, n_graphs;
static guint failing; /* the launch with this number fails; 0: none */

gint64
g_get_monotonic_time (void)
{
  return now;
}

/* What launch number @i takes: 1 to 3 milliseconds, the first the longest. */
static gfloat
time_of (guint i)
{
  return i == 1 ? 9 : 1 + i * 7 % 3;
}

/* --- What measure.c calls ------------------------------------------------- */

cudaError_t
cudaEventCreate (cudaEvent_t *event)
{
  *event = g_new0 (struct CUevent_st, 1);
  n_events++;
  return cudaSuccess;
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  g_free (event);
  n_events--;
  return cudaSuccess;
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  event->launch = n_launches;
  return cudaSuccess;
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  now += 1000;
  return cudaSuccess;
}

cudaError_t
cudaEventElapsedTime (float *milliseconds, cudaEvent_t begin, cudaEvent_t end)
{
  g_assert_cmpuint (end->launch, ==, begin->launch + 1);
  *milliseconds = time_of (end->launch);
  return cudaSuccess;
}

struct _NucsegCudaGraph {
  guint n_queued;
};

NucsegCudaGraph *
nucseg_cuda_graph_new (NucsegCudaDevice *device, NucsegCudaRecord record,
    gpointer data, GError **error)
{
  NucsegCudaGraph *graph = g_new0 (NucsegCudaGraph, 1);

  n_graphs++;
  n_queued = 0;
  g_assert_true (record (data, error));
  graph->n_queued = n_queued;
  return graph;
}

void
nucseg_cuda_graph_free (NucsegCudaGraph *graph)
{
  if (graph)
    n_graphs--;
  g_free (graph);
}

gboolean
nucseg_cuda_graph_launch (NucsegCudaGraph *graph, GError **error)
{
  g_assert_cmpuint (graph->n_queued, ==, RUNS);
  if (++n_launches != failing)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE, "as it was told");
  return FALSE;
}

cudaStream_t
nucseg_cuda_device_get_stream (const NucsegCudaDevice *device)
{
  return NULL;
}

gboolean
nucseg_cuda_check (cudaError_t status, const gchar *what, GError **error)
{
  return status == cudaSuccess;
}

gboolean
nucseg_cuda_wait (NucsegCudaDevice *device, GError **error)
{
  return TRUE;
}

/* --- Tests ---------------------------------------------------------------- */

static gboolean
queue (gpointer data, GError **error)
{
  n_queued++;
  return TRUE;
}

/* After a rest of the GPU launches don't count for 50 milliseconds, of which
 * each takes one here; without, two don't. */
static void
test_launches (void)
{
  gdouble times[N];

  for (guint round = 0; round < 3; round++) {
    const guint before = round == 1 ? 2 : 49;

    n_launches = 0;
    g_assert_true (
        nucseg_cuda_measure_launches (NULL, queue, NULL, RUNS, times, N, NULL));
    g_assert_cmpuint (n_launches, ==, before + N);
    for (guint i = 0; i < N; i++)
      g_assert_cmpfloat (times[i], ==, time_of (before + 1 + i) * 1000 / RUNS);
    if (round == 1)
      now += 6000;
  }
}

static void
test_fastest (void)
{
  n_launches = 0;
  g_assert_cmpfloat (
      nucseg_cuda_measure (NULL, queue, NULL, RUNS, NULL), ==, 1000.0 / RUNS);
}

static void
test_failing (void)
{
  g_autoptr (GError) error = NULL;
  gdouble times[N];

  n_launches = 0;
  failing = 3;
  g_assert_false (
      nucseg_cuda_measure_launches (NULL, queue, NULL, RUNS, times, N, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  n_launches = 0;
  g_assert_cmpfloat (nucseg_cuda_measure (NULL, queue, NULL, RUNS, NULL), <, 0);
  failing = 0;
  g_assert_cmpuint (n_events, ==, 0);
  g_assert_cmpuint (n_graphs, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda-module/measure/launches", test_launches);
  g_test_add_func ("/cuda-module/measure/fastest", test_fastest);
  g_test_add_func ("/cuda-module/measure/failing", test_failing);
  return g_test_run ();
}
