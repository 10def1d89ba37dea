/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-graph.c: cuda/graph.h, and the branches of cuda/device.h, for the
 * emulation.
 *
 * A graph calls its recording function again at each launch; what that reads
 * of the host meanwhile is what a real graph would have read when it was
 * captured, or the tests would see old frames. Branches run one after the other
 * in an order that is drawn.
 */
#include "cuda/graph.h"
#include "emulated-device.h"

struct _NucsegCudaGraph {
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

NucsegCudaGraph *
nucseg_cuda_graph_new (NucsegCudaDevice *device, NucsegCudaRecord record,
    gpointer data, GError **error)
{
  EmulatedLog *log = emulated_get_log ();
  NucsegCudaGraph *graph;

  emulated_check_entered (device);
  if (!emulated_call ("beginning a graph", error))
    return NULL;
  if (log->failing_graphs > 0) {
    log->failing_graphs--;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "ending a graph: the emulation fails as it was told");
    return NULL;
  }
  graph = g_new (NucsegCudaGraph, 1);
  nucseg_cuda_capture_lock ();
  nucseg_cuda_capture_unlock ();
  g_atomic_int_inc (&log->n_graphs);
  log->executed_at_graph = g_atomic_int_get (&log->n_executed);
  *graph = (NucsegCudaGraph){ record, data };
  return graph;
}

void
nucseg_cuda_graph_free (NucsegCudaGraph *graph)
{
  g_free (graph);
}

gboolean
nucseg_cuda_graph_launch (NucsegCudaGraph *graph, GError **error)
{
  EmulatedLog *log = emulated_get_log ();
  gboolean ok;

  g_atomic_int_inc (&log->n_launches);
  if (!emulated_call ("launching a frame", error))
    return FALSE;
  g_atomic_int_inc (&log->n_at_work);
  ok = graph->record (graph->data, error);
  g_atomic_int_add (&log->n_at_work, -1);
  return ok;
}

/* --- Time: the CPU's, which does the GPU's work ----------------------------
 */

struct _NucsegCudaTimer {
  NucsegCudaDevice *device;
  gint64 ns;
};

NucsegCudaTimer *
nucseg_cuda_timer_new (NucsegCudaDevice *device, GError **error)
{
  NucsegCudaTimer *timer = g_new (NucsegCudaTimer, 1);

  emulated_check_entered (device);
  *timer = (NucsegCudaTimer){ device, -1 };
  return timer;
}

void
nucseg_cuda_timer_free (NucsegCudaTimer *timer)
{
  if (timer)
    emulated_check_entered (timer->device);
  g_free (timer);
}

gboolean
nucseg_cuda_timer_launch (
    NucsegCudaTimer *timer, NucsegCudaGraph *graph, GError **error)
{
  const gint64 start = g_get_monotonic_time ();
  const gboolean ok = nucseg_cuda_graph_launch (graph, error);

  if (timer)
    timer->ns = ok ? (g_get_monotonic_time () - start) * 1000 : -1;
  return ok;
}

gint64
nucseg_cuda_timer_read (NucsegCudaTimer *timer)
{
  emulated_check_entered (timer->device);
  return timer->ns;
}

/* --- Branches ------------------------------------------------------------ */

/* The workspaces of the branches that the thread is at; NULL: at none. */
static GPrivate used;

void
emulated_use_workspace (gconstpointer workspace)
{
  GPtrArray *workspaces = g_private_get (&used);

  if (!workspaces)
    return;
  g_assert_false (g_ptr_array_find (workspaces, workspace, NULL));
  g_ptr_array_add (workspaces, (gpointer) workspace);
}

static void
draw_order (guint *order, guint n)
{
  static GMutex lock;
  static guint64 random;

  for (guint i = 0; i < n; i++)
    order[i] = i;
  g_mutex_lock (&lock);
  for (guint i = n - 1; i > 0; i--) {
    guint k, taken;

    /* Knuth's MMIX: the same in each run of a test */
    random = random * 6364136223846793005 + 1442695040888963407;
    k = (guint) (random >> 33) % (i + 1);
    taken = order[k];
    order[k] = order[i];
    order[i] = taken;
  }
  g_mutex_unlock (&lock);
}

gboolean
nucseg_cuda_run_branches (NucsegCudaDevice *device, guint n,
    NucsegCudaBranch queue, gpointer data, GError **error)
{
  g_autoptr (GPtrArray) workspaces = g_ptr_array_new ();
  guint order[NUCSEG_CUDA_MOST_BRANCHES];
  gboolean ok = TRUE;

  emulated_check_entered (device);
  g_assert (n >= 1 && n <= NUCSEG_CUDA_MOST_BRANCHES);
  if (n > 1)
    g_atomic_int_add (&emulated_get_log ()->n_branches, (gint) n);
  draw_order (order, n);
  if (n > 1)
    g_private_set (&used, workspaces);
  for (guint i = 0; ok && i < n; i++) {
    /* the device's own stream is NULL */
    cudaStream_t stream =
        order[i] == 0 ? NULL : (cudaStream_t) ((guint8 *) device + order[i]);

    emulation_set_stream (stream);
    ok = queue (data, order[i], stream, error);
  }
  emulation_set_stream (NULL);
  g_private_set (&used, NULL);
  return ok;
}
