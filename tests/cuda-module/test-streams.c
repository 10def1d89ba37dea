/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-streams.c: several sessions on one GPU, which the emulation stands for:
 * those of one model and precision have its weights in device memory once, and
 * those of one size the plans of cuDNN.
 *
 *   test-streams MODULE|cuda
 */
#include "gpu-or-emulated.h"

#include "emulated-stream.h"

static EmulatedLog *memory;

static void
test_weights (void)
{
  g_autofree Stream *first = g_new0 (Stream, 1), *second = g_new0 (Stream, 1);
  g_autofree Stream *exact = g_new0 (Stream, 1), *other = g_new0 (Stream, 1);
  g_autofree Stream *half = g_new0 (Stream, 1);
  gsize once, twice;
  guint n;

  stream_start (first, 1, NUCSEG_PRECISION_BF16);
  stream_run (first, 48, 32);
  n = memory->n_weights;
  once = memory->live_weights;
  assert_count (n, >, 10);
  g_assert_cmpuint (first->n_objects, >, 0);

  /* the same again, and another size, in both sessions */
  stream_start (second, 1, NUCSEG_PRECISION_BF16);
  stream_run (second, 48, 32);
  g_assert_cmpmem (first->labels, sizeof first->labels, second->labels,
      sizeof first->labels);
  g_assert_cmpuint (first->n_objects, ==, second->n_objects);
  stream_run (second, 32, 32);
  stream_run (first, 32, 32);
  assert_count (memory->n_weights, ==, n);
  assert_count (memory->live_weights, ==, once);

  /* other weights, and the same in another precision */
  stream_start (other, 2, NUCSEG_PRECISION_BF16);
  stream_run (other, 48, 32);
  assert_count (memory->n_weights, ==, 2 * n);
  stream_start (exact, 1, NUCSEG_PRECISION_F32);
  stream_run (exact, 48, 32);
  twice = memory->live_weights;
  assert_count (twice, >, 2 * once);
  /* f16 has as many bits as bf16, but others; what both have in f32 is there */
  stream_start (half, 1, NUCSEG_PRECISION_F16);
  stream_run (half, 48, 32);
  assert_count (memory->live_weights, >, twice);
  assert_count (memory->live_weights, <, twice + once);
  stream_end (half);
  assert_count (memory->live_weights, ==, twice);
  stream_end (other);
  assert_count (memory->live_weights, ==, twice - once);
  stream_end (exact);
  assert_count (memory->live_weights, ==, once);

  /* who uploaded them may go first */
  memcpy (other->labels, first->labels, sizeof first->labels);
  stream_end (first);
  assert_count (memory->live_weights, ==, once);
  stream_run (second, 32, 32);
  g_assert_cmpmem (other->labels, sizeof other->labels, second->labels,
      sizeof second->labels);
  stream_end (second);
  assert_count (memory->live_weights, ==, 0);
  assert_count (memory->live, ==, 0);
}

static gpointer
run_twice (gpointer data)
{
  stream_run (data, 32, 32);
  stream_run (data, 48, 32);
  return NULL;
}

/* Compiled, and read. */
static gint
all_plans (void)
{
  return memory->n_plans + memory->n_loaded;
}

/* Plans that one stream makes; those of engines that others chose are in the
 * cache. */
static gint
count_plans (void)
{
  g_autofree Stream *stream = g_new0 (Stream, 1);
  const gint before = all_plans ();

  stream_start (stream, 1, NUCSEG_PRECISION_BF16);
  stream_run (stream, 48, 32);
  assert_count (memory->live_cudnn, ==, 1);
  stream_run (stream, 32, 32);
  assert_count (memory->live_cudnn, ==, 2); /* another size */
  stream_end (stream);
  assert_count (memory->live_cudnn, ==, 0);
  return all_plans () - before;
}

/* Streams in threads, whose networks are equal: one builds the plans, and none
 * uses cuDNN's objects while another does, which the emulation watches. */
static void
test_plans (void)
{
  Stream *streams[4];
  GThread *threads[G_N_ELEMENTS (streams)];
  gint before, n;

  count_plans ();
  before = memory->n_plans;
  n = count_plans ();
  assert_count (n, >, 0);
  /* none is compiled twice by a user */
  assert_count (memory->n_plans, ==, before);
  before = all_plans ();
  memory->cudnn_us = 200;
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    streams[i] = g_new0 (Stream, 1);
    stream_start (streams[i], 1, NUCSEG_PRECISION_BF16);
    threads[i] = g_thread_new ("stream", run_twice, streams[i]);
  }
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    g_thread_join (threads[i]);
  memory->cudnn_us = 0;
  assert_count (all_plans () - before, ==, n);
  for (guint i = 1; i < G_N_ELEMENTS (streams); i++)
    g_assert_cmpmem (streams[0]->labels, sizeof streams[0]->labels,
        streams[i]->labels, sizeof streams[i]->labels);

  /* who built them may go first; the last one takes them along */
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    assert_count (memory->live_cudnn, ==, 2);
    stream_end (streams[i]);
    g_free (streams[i]);
  }
  assert_count (memory->live_cudnn, ==, 0);
  assert_count (memory->live, ==, 0);
}

/* Another precision has engines and plans of its own: the emulation aborts
 * where it reads another's. */
static void
test_precisions (void)
{
  g_autofree Stream *first = g_new0 (Stream, 1), *other = g_new0 (Stream, 1);

  for (guint i = 0; i < 2; i++) {
    const gint before = all_plans ();
    gint n;

    stream_start (first, 1, NUCSEG_PRECISION_BF16);
    stream_run (first, 48, 32);
    n = all_plans () - before;
    assert_count (n, >, 0);
    stream_start (other, 1, NUCSEG_PRECISION_F16);
    stream_run (other, 48, 32);
    assert_count (memory->live_cudnn, ==, 2);
    if (i == 1) /* both know their engines now */
      assert_count (all_plans () - before, ==, 2 * n);
    stream_end (other);
    stream_end (first);
    assert_count (memory->live_cudnn, ==, 0);
  }
}

/* Libraries have run once before they are captured, with engines that were
 * known and so not timed too; also where the first frame is the GPU's to read
 * where it lies. */
static void
test_rehearsal (void)
{
  g_autofree Stream *stream = g_new0 (Stream, 1);
  NucsegPinned *pinned =
      nucseg_pinned_new (emulated_backend, MOST_HEIGHT * MOST_WIDTH, NULL);
  gint executed = 0;

  g_assert_nonnull (pinned);
  for (guint i = 0; i < 3; i++) {
    stream_start (stream, 1, NUCSEG_PRECISION_BF16);
    executed = memory->n_executed;
    if (i < 2)
      stream_run (stream, 48, 32);
    else
      stream_run_in (stream, 48, 32, nucseg_pinned_get_data (pinned));
    stream_end (stream);
    if (i > 0)
      assert_count (memory->executed_at_graph, >, executed);
  }
  nucseg_pinned_free (pinned);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  memory = open_device (argv[1]);
  g_test_add_func ("/streams/weights", test_weights);
  g_test_add_func ("/streams/precisions", test_precisions);
  g_test_add_func ("/streams/plans", test_plans);
  g_test_add_func ("/streams/rehearsal", test_rehearsal);
  return g_test_run ();
}
