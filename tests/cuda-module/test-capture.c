/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-capture.c: cuda/device.c, cuda/graph.c and cuda/timer.c, files that the
 * emulation has a stand-in for, over a fake runtime that knows the rules of
 * streams and captures: branches wait for what is in front of them and for
 * nothing else, what is behind waits for all, captured or not; and whatever
 * call fails, nothing stays in a capture and nothing is lost.
 */
#include "cuda/device.h"
#include "cuda/graph.h"

#include "fake-runtime.h"

#include <string.h>

/* --- What is queued ------------------------------------------------------- */

typedef struct {
  NucsegCudaDevice *device;
  guint n; /* branches */
  guint spoils; /* so many of the next recordings, in a branch */
  FakeWork before, branch[NUCSEG_CUDA_MOST_BRANCHES], after;
} Job;

static gboolean
queue (gpointer data, guint branch, cudaStream_t stream, GError **error)
{
  Job *job = data;

  if (branch == job->n - 1 && job->spoils > 0) {
    job->spoils--;
    fake_spoil_captures ();
  }
  return nucseg_cuda_check (
      fake_work (stream, &job->branch[branch]), "a branch", error);
}

static gboolean
record (gpointer data, GError **error)
{
  Job *job = data;
  cudaStream_t stream = nucseg_cuda_device_get_stream (job->device);

  return nucseg_cuda_check (fake_work (stream, &job->before), "before", error)
      && nucseg_cuda_run_branches (job->device, job->n, queue, job, error)
      && nucseg_cuda_check (fake_work (stream, &job->after), "after", error);
}

static void
check_order (const Job *job)
{
  for (guint i = 0; i < job->n; i++) {
    g_assert_true (fake_is_before (&job->before, &job->branch[i]));
    g_assert_true (fake_is_before (&job->branch[i], &job->after));
    for (guint k = 0; k < job->n; k++)
      g_assert_false (fake_is_before (&job->branch[i], &job->branch[k]));
  }
}

static NucsegCudaDevice *
open_device (void)
{
  g_autoptr (GError) error = NULL;
  NucsegCudaDevice *device = nucseg_cuda_device_new (&error);

  g_assert_no_error (error);
  g_assert_true (nucseg_cuda_device_enter (device, NULL));
  return device;
}

static void
close_device (NucsegCudaDevice *device)
{
  nucseg_cuda_device_leave (device);
  nucseg_cuda_device_free (device);
  g_assert_cmpuint (fake_count_alive (), ==, 0);
}

/* --- Tests ---------------------------------------------------------------- */

/* Alone, captured, and both in turn: events are used again. */
static void
test_order (void)
{
  Job job = { .device = open_device () };

  for (guint turn = 0; turn < 3; turn++) {
    for (job.n = 1; job.n <= NUCSEG_CUDA_MOST_BRANCHES; job.n++) {
      g_autoptr (GError) error = NULL;
      NucsegCudaGraph *graph;

      g_assert_true (record (&job, &error));
      g_assert_no_error (error);
      check_order (&job);
      graph = nucseg_cuda_graph_new (job.device, record, &job, &error);
      g_assert_no_error (error);
      check_order (&job);
      g_assert_cmpuint (fake_count_capturing (), ==, 0);
      g_assert_true (nucseg_cuda_graph_launch (graph, &error));
      nucseg_cuda_graph_free (graph);
    }
  }
  close_device (job.device);
}

/* Without graphs there is no capture: each launch queues the work anew. */
static void
test_without_graphs (void)
{
  Job job = { .device = open_device (), .n = NUCSEG_CUDA_MOST_BRANCHES };
  g_autoptr (GError) error = NULL;
  NucsegCudaGraph *graph;

  g_setenv ("NUCSEG_CUDA_GRAPHS", "0", TRUE);
  /* a capture would be spoilt each time */
  job.spoils = 100;
  graph = nucseg_cuda_graph_new (job.device, record, &job, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (job.spoils, ==, 100);
  for (guint i = 1; i <= 3; i++) {
    g_assert_true (nucseg_cuda_graph_launch (graph, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (fake_count_capturing (), ==, 0);
    g_assert_cmpuint (job.spoils, ==, 100 - i);
    check_order (&job);
  }
  fake_fail (1);
  g_assert_false (nucseg_cuda_graph_launch (graph, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  nucseg_cuda_graph_free (graph);
  g_unsetenv ("NUCSEG_CUDA_GRAPHS");
  close_device (job.device);
}

/* Others' waits spoil a few captures in a branch: it is captured in the end. */
static void
test_spoilt (void)
{
  Job job = { .device = open_device () };

  for (job.n = 1; job.n <= NUCSEG_CUDA_MOST_BRANCHES; job.n++) {
    for (guint spoils = 1; spoils < 8; spoils++) {
      g_autoptr (GError) error = NULL;
      NucsegCudaGraph *graph;

      job.spoils = spoils;
      graph = nucseg_cuda_graph_new (job.device, record, &job, &error);
      g_assert_cmpint (graph != NULL, ==, spoils < 5);
      if (!graph)
        g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
      else
        check_order (&job);
      g_assert_cmpuint (fake_count_capturing (), ==, 0);
      nucseg_cuda_graph_free (graph);
    }
  }
  job.spoils = 0;
  close_device (job.device);
}

/* Each call in turn fails: outside of a capture and in one. The next try finds
 * all as it was. */
static void
test_failures (void)
{
  Job job = { .device = open_device () };

  for (job.n = 1; job.n <= NUCSEG_CUDA_MOST_BRANCHES; job.n++) {
    for (guint captured = 0; captured < 2; captured++) {
      gboolean failed = TRUE;
      guint n_refused = 0;

      for (guint i = 1; failed; i++) {
        g_autoptr (GError) error = NULL;
        NucsegCudaGraph *graph = NULL;
        gboolean ok;

        fake_fail (i);
        if (captured)
          graph = nucseg_cuda_graph_new (job.device, record, &job, &error);
        ok = captured ? graph != NULL : record (&job, &error);
        failed = !fake_is_failing ();
        fake_fail (0);
        /* a branch that can't be ended looks as if others had spoilt the
         * capture, and is tried once more */
        g_assert_true (ok ? captured || !failed : failed);
        g_assert_cmpint (error != NULL, ==, !ok);
        if (ok)
          check_order (&job);
        n_refused += failed && !ok;
        g_assert_cmpuint (fake_count_capturing (), ==, 0);
        nucseg_cuda_graph_free (graph);
      }
      /* before, branches and after; or those and four calls for the graph */
      g_assert_cmpuint (n_refused, >=, job.n + 2 + 4 * captured);
      g_assert_true (record (&job, NULL));
      check_order (&job);
    }
  }
  close_device (job.device);
}

/* A branch that fails: the stream still waits for those that were begun. */
static void
test_rest (void)
{
  Job job = { .device = open_device (), .n = 4 };

  /* before, the event, three branches: each a wait and its work */
  for (guint i = 1; i <= 4; i++) {
    FakeWork after;
    guint queued = 0;

    memset (job.branch, 0, sizeof job.branch);
    fake_fail (i < 4 ? 2 + 2 * i : 9); /* the work of branch i, or of 0 */
    g_assert_false (record (&job, NULL));
    fake_fail (0);
    g_assert_cmpint (
        fake_work (nucseg_cuda_device_get_stream (job.device), &after), ==,
        cudaSuccess);
    for (guint k = 1; k < job.n; k++) {
      queued += job.branch[k].at > 0;
      if (job.branch[k].at > 0)
        g_assert_true (fake_is_before (&job.branch[k], &after));
    }
    g_assert_cmpuint (queued, ==, i - 1);
  }
  close_device (job.device);
}

/* What could not all be queued is waited for too, and the first error counts.
 */
static void
test_finish (void)
{
  NucsegCudaDevice *device = open_device ();

  for (guint i = 0; i < 4; i++) {
    const gboolean queued = i & 1, waits = i & 2;
    g_autoptr (GError) error = NULL;
    const guint n_waits = fake_count_waits ();

    if (!queued)
      g_set_error_literal (
          &error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY, "it could not be queued");
    fake_fail (waits ? 0 : 1);
    g_assert_cmpint (
        nucseg_cuda_finish (device, queued, &error), ==, queued && waits);
    fake_fail (0);
    g_assert_cmpuint (fake_count_waits (), ==, n_waits + 1);
    if (!queued)
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
    else if (!waits)
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
    else
      g_assert_no_error (error);
  }
  close_device (device);
}

typedef struct {
  NucsegCudaDevice *device;
  guint busy; /* threads that may still keep a processor busy */
} Waiting;

/* One more than may: it sleeps. */
static void
wait_asleep (Waiting *waiting)
{
  g_autoptr (GError) error = NULL;

  for (guint failing = 0; failing < 2; failing++) {
    const guint n_waits = fake_count_waits (), n_sleeps = fake_count_sleeps ();

    fake_fail (failing); /* what it would sleep on: it waits all the same */
    g_assert_true (nucseg_cuda_wait (waiting->device, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (fake_count_waits (), ==, n_waits + 1);
    g_assert_cmpuint (fake_count_sleeps (), ==, n_sleeps + !failing);
  }
  fake_fail (2); /* its sleep */
  g_assert_false (nucseg_cuda_wait (waiting->device, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
}

/* Another thread that waits meanwhile. */
static void
wait_beside (gpointer stream, gpointer data)
{
  Waiting *waiting = data;
  const guint n_sleeps = fake_count_sleeps ();

  if (waiting->busy == 0) {
    wait_asleep (waiting);
    return;
  }
  waiting->busy--;
  fake_while_waiting (wait_beside, waiting);
  g_assert_true (nucseg_cuda_wait (waiting->device, NULL));
  g_assert_cmpuint (fake_count_sleeps (), ==, n_sleeps + 2);
}

/* One thread for four processors keeps one busy, the others sleep. */
static void
test_wait (void)
{
  Waiting waiting = { open_device (), MAX (1, g_get_num_processors () / 4) };

  for (guint i = 0; i < 2; i++) {
    const guint busy = waiting.busy;

    wait_beside (NULL, &waiting);
    waiting.busy = busy;
  }
  close_device (waiting.device);
}

/* A device of which a part can't be had leaves nothing. */
static void
test_device (void)
{
  gboolean failed = TRUE;

  for (guint i = 1; failed; i++) {
    g_autoptr (GError) error = NULL;
    NucsegCudaDevice *device;

    fake_fail (i);
    device = nucseg_cuda_device_new (&error);
    failed = !fake_is_failing ();
    fake_fail (0);
    g_assert_cmpint (device != NULL, ==, !failed);
    g_assert_cmpint (error != NULL, ==, failed);
    nucseg_cuda_device_free (device);
    g_assert_cmpuint (fake_count_alive (), ==, 0);
  }
}

/* One launch is between the events; where a call fails, there is no time. */
static void
test_timer (void)
{
  Job job = { .device = open_device (), .n = 1 };
  NucsegCudaGraph *graph =
      nucseg_cuda_graph_new (job.device, record, &job, NULL);
  gboolean failed = TRUE;
  guint n_failed = 0;

  g_assert_true (nucseg_cuda_timer_launch (NULL, graph, NULL));
  for (guint i = 1; failed; i++) {
    g_autoptr (GError) error = NULL;
    NucsegCudaTimer *timer;

    fake_fail (i);
    timer = nucseg_cuda_timer_new (job.device, &error);
    if (timer) {
      gboolean ok = nucseg_cuda_timer_launch (timer, graph, &error);
      gint64 time = nucseg_cuda_timer_read (timer);

      failed = !fake_is_failing ();
      fake_fail (0);
      g_assert_cmpint (time, ==, failed ? -1 : 1000000);
      g_assert_cmpint (error != NULL, ==, !ok);
      g_assert_true (nucseg_cuda_timer_launch (timer, graph, NULL));
      g_assert_cmpint (nucseg_cuda_timer_read (timer), ==, 1000000);
    } else {
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
    }
    n_failed += failed;
    nucseg_cuda_timer_free (timer);
  }
  /* two events, two records, the launch and the time */
  g_assert_cmpuint (n_failed, ==, 6);
  nucseg_cuda_graph_free (graph);
  close_device (job.device);
}

/* Where nobody has a context, ours is the primary one. It is made once in a
 * process: whoever asks next must not wait for it again. */
static void
test_primary (void)
{
  fake_have_context (FALSE);
  for (guint i = 0; i < 3; i++) {
    NucsegCudaDevice *device = nucseg_cuda_device_new (NULL);

    g_assert_nonnull (device);
    g_assert_cmpuint (fake_count_retained (), ==, 2);
    nucseg_cuda_device_free (device);
    g_assert_cmpuint (fake_count_retained (), ==, 1);
  }
  g_assert_cmpuint (fake_count_primaries (), ==, 1);
  fake_have_context (TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/capture/order", test_order);
  g_test_add_func ("/capture/without-graphs", test_without_graphs);
  g_test_add_func ("/capture/spoilt", test_spoilt);
  g_test_add_func ("/capture/failures", test_failures);
  g_test_add_func ("/capture/rest", test_rest);
  g_test_add_func ("/capture/finish", test_finish);
  g_test_add_func ("/capture/wait", test_wait);
  g_test_add_func ("/capture/device", test_device);
  g_test_add_func ("/capture/timer", test_timer);
  g_test_add_func ("/capture/primary", test_primary);
  return g_test_run ();
}
