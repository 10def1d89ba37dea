/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-streams.c: several sessions on one GPU, which the emulation stands for:
 * those of one model and precision have its weights in device memory once, and
 * those of one size the plans of cuDNN.
 *
 *   test-streams MODULE
 */
#include "emulated-log.h"
#include "emulated-session.h"

#include <string.h>

#define BACKEND "cuda_emulated"
#define MOST_WIDTH 48
#define MOST_HEIGHT 32

static EmulatedLog *memory;

typedef struct {
  NucsegSession *session;
  guint16 labels[MOST_HEIGHT * MOST_WIDTH];
  guint n_objects;
  gdouble threshold; /* of the next frames; 0: 0.01 */
} Stream;

/* Each with a model of its own from the same bytes, as elements have. */
static void
stream_start_model (Stream *stream, GBytes *bytes, NucsegPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "test", &error);
  const NucsegSessionOptions options = { .backend = BACKEND,
    .precision = precision };

  g_assert_no_error (error);
  stream->session = nucseg_session_new (model, &options, &error);
  g_assert_no_error (error);
}

static void
stream_start (Stream *stream, guint64 seed, NucsegPrecision precision)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (seed, 8);

  stream_start_model (stream, bytes, precision);
}

static void
stream_run_in (Stream *stream, gint width, gint height, guint8 *pixels)
{
  NucsegRandom random = { 5 };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  const NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = width,
    .height = height,
    .data = { pixels },
    .stride = { width } };
  g_autoptr (GError) error = NULL;
  NucsegResult result;

  for (guint i = 0; i < MOST_HEIGHT * MOST_WIDTH; i++)
    pixels[i] = (guint8) nucseg_random_below (&random, 256);
  /* random weights are sure of nothing: anything will do for a nucleus */
  params.threshold = stream->threshold > 0 ? stream->threshold : 0.01;
  params.min_area = 0;
  memset (stream->labels, 0, sizeof stream->labels);
  nucseg_session_run (stream->session, &frame, &params, stream->labels,
      (gsize) width * sizeof (guint16), NULL, &result, &error);
  g_assert_no_error (error);
  stream->n_objects = result.n_objects;
}

static void
stream_run (Stream *stream, gint width, gint height)
{
  guint8 pixels[MOST_HEIGHT * MOST_WIDTH];

  stream_run_in (stream, width, height, pixels);
}

static void
stream_end (Stream *stream)
{
  g_clear_pointer (&stream->session, nucseg_session_free);
}

static void
test_weights (void)
{
  g_autofree Stream *first = g_new0 (Stream, 1), *second = g_new0 (Stream, 1);
  g_autofree Stream *exact = g_new0 (Stream, 1), *other = g_new0 (Stream, 1);
  gsize once, twice;
  guint n;

  stream_start (first, 1, NUCSEG_PRECISION_BF16);
  stream_run (first, 48, 32);
  n = memory->n_weights;
  once = memory->live_weights;
  g_assert_cmpuint (n, >, 10);
  g_assert_cmpuint (first->n_objects, >, 0);

  /* the same again, and another size, in both sessions */
  stream_start (second, 1, NUCSEG_PRECISION_BF16);
  stream_run (second, 48, 32);
  g_assert_cmpmem (first->labels, sizeof first->labels, second->labels,
      sizeof first->labels);
  g_assert_cmpuint (first->n_objects, ==, second->n_objects);
  stream_run (second, 32, 32);
  stream_run (first, 32, 32);
  g_assert_cmpuint (memory->n_weights, ==, n);
  g_assert_cmpuint (memory->live_weights, ==, once);

  /* other weights, and the same in another precision */
  stream_start (other, 2, NUCSEG_PRECISION_BF16);
  stream_run (other, 48, 32);
  g_assert_cmpuint (memory->n_weights, ==, 2 * n);
  stream_start (exact, 1, NUCSEG_PRECISION_F32);
  stream_run (exact, 48, 32);
  twice = memory->live_weights;
  g_assert_cmpuint (twice, >, 2 * once);
  stream_end (other);
  g_assert_cmpuint (memory->live_weights, ==, twice - once);
  stream_end (exact);
  g_assert_cmpuint (memory->live_weights, ==, once);

  /* who uploaded them may go first */
  memcpy (other->labels, first->labels, sizeof first->labels);
  stream_end (first);
  g_assert_cmpuint (memory->live_weights, ==, once);
  stream_run (second, 32, 32);
  g_assert_cmpmem (other->labels, sizeof other->labels, second->labels,
      sizeof second->labels);
  stream_end (second);
  g_assert_cmpuint (memory->live_weights, ==, 0);
  g_assert_cmpuint (memory->live, ==, 0);
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
  g_assert_cmpint (memory->live_cudnn, ==, 1);
  stream_run (stream, 32, 32);
  g_assert_cmpint (memory->live_cudnn, ==, 2); /* another size */
  stream_end (stream);
  g_assert_cmpint (memory->live_cudnn, ==, 0);
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
  g_assert_cmpint (n, >, 0);
  /* none is compiled twice by a user */
  g_assert_cmpint (memory->n_plans, ==, before);
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
  g_assert_cmpint (all_plans () - before, ==, n);
  for (guint i = 1; i < G_N_ELEMENTS (streams); i++)
    g_assert_cmpmem (streams[0]->labels, sizeof streams[0]->labels,
        streams[i]->labels, sizeof streams[i]->labels);

  /* who built them may go first; the last one takes them along */
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    g_assert_cmpint (memory->live_cudnn, ==, 2);
    stream_end (streams[i]);
    g_free (streams[i]);
  }
  g_assert_cmpint (memory->live_cudnn, ==, 0);
  g_assert_cmpuint (memory->live, ==, 0);
}

/* Libraries have run once before they are captured, with engines that were
 * known and so not timed too; also where the first frame is the GPU's to read
 * where it lies. */
static void
test_rehearsal (void)
{
  g_autofree Stream *stream = g_new0 (Stream, 1);
  NucsegPinned *pinned =
      nucseg_pinned_new (BACKEND, MOST_HEIGHT * MOST_WIDTH, NULL);
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
      g_assert_cmpint (memory->executed_at_graph, >, executed);
  }
  nucseg_pinned_free (pinned);
}

/* Plans that were kept, but don't run here any more, are made anew, and not
 * met again. */
static void
test_stale_plans (void)
{
  g_autofree Stream *usual = g_new0 (Stream, 1), *stream = g_new0 (Stream, 1);
  gint plans;

  stream_start (usual, 9, NUCSEG_PRECISION_BF16);
  stream_run (usual, 48, 32);
  stream_end (usual);
  memory->unrunnable = 2;
  plans = memory->n_plans;
  stream_start (stream, 9, NUCSEG_PRECISION_BF16);
  stream_run (stream, 48, 32);
  stream_end (stream);
  g_assert_cmpuint (memory->unrunnable, ==, 0);
  g_assert_cmpint (memory->n_plans, >, plans);
  g_assert_cmpuint (stream->n_objects, >, 0);
  g_assert_cmpmem (stream->labels, sizeof stream->labels, usual->labels,
      sizeof usual->labels);
  plans = memory->n_plans;
  stream_start (stream, 9, NUCSEG_PRECISION_BF16);
  stream_run (stream, 48, 32);
  stream_end (stream);
  g_assert_cmpint (memory->n_plans, ==, plans);
}

/* Where cuDNN can build none of the engines that its heuristics name. */
static void
test_fallback (void)
{
  g_autofree Stream *usual = g_new0 (Stream, 1), *stream = g_new0 (Stream, 1);

  stream_start (usual, 7, NUCSEG_PRECISION_BF16);
  stream_run (usual, 48, 32);
  stream_end (usual);
  memory->unbuildable = 2;
  for (guint i = 0; i < 2; i++) {
    const gint plans = memory->n_plans;

    stream_start (stream, 7, NUCSEG_PRECISION_BF16);
    stream_run (stream, 48, 32);
    stream_end (stream);
    /* the second time, if not the first, it is in the cache */
    if (i > 0)
      g_assert_cmpint (memory->n_plans, ==, plans);
  }
  memory->unbuildable = 0;
  g_assert_cmpuint (stream->n_objects, >, 0);
  g_assert_cmpmem (stream->labels, sizeof stream->labels, usual->labels,
      sizeof usual->labels);
}

/* Where several streams can't be captured, one is; a graph that can't be had at
 * all is an error. */
static void
test_capture (void)
{
  const NucsegParams params = emulated_params ();
  g_autofree guint16 *labels = g_new (guint16, 64 * 48);
  g_autofree guint8 *pixels = g_malloc0 (64 * 48);
  const NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 64,
    .height = 48,
    .data = { pixels },
    .stride = { 64 } };
  gint beside[3];

  for (guint i = 0; i < 3; i++) {
    NucsegSession *session = emulated_session_new (1, 0);
    g_autoptr (GError) error = NULL;
    NucsegResult result;
    gint before;

    memory->failing_graphs = i;
    g_assert_cmpint (nucseg_session_run (session, &frame, &params, labels, 128,
                         NULL, &result, &error),
        ==, i < 2);
    g_assert_cmpuint (memory->failing_graphs, ==, 0);
    if (i == 2)
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
    else
      g_assert_no_error (error);
    before = memory->n_branches;
    g_clear_error (&error);
    nucseg_session_run (
        session, &frame, &params, labels, 128, NULL, &result, &error);
    g_assert_no_error (error);
    beside[i] = memory->n_branches - before;
    nucseg_session_free (session);
  }
  /* labels beside measuring */
  g_assert_cmpint (beside[1], ==, 2);
  g_assert_cmpint (beside[0], >, 2);
}

/* Two convolutions by cuDNN, one of which multiplies its input with channel
 * weights. */
static GBytes *
scaled_network (void)
{
  const NucsegBuilderConv conv3 = {
    .kernel = 3, .padding = 1, .bias = TRUE, .activation = "relu"
  };
  NucsegBuilder *b = nucseg_builder_new (5, 16);

  nucseg_builder_space_to_depth (b, "stem", "input", 2);
  nucseg_builder_conv (b, "first", "stem", 16, &conv3);
  nucseg_builder_avg_pool (b, "pool", "first", 1, 1);
  nucseg_builder_conv (b, "weights", "pool", 16,
      &(NucsegBuilderConv){ .bias = TRUE, .activation = "sigmoid" });
  nucseg_builder_mul (b, "product", "first", "weights");
  nucseg_builder_conv (b, "second", "product", 16, &conv3);
  nucseg_builder_upsample (b, "up", "second", "nearest");
  return nucseg_builder_end (b, "up", 3);
}

/* Where no engine can be built, our own kernels stand in, in all networks of
 * the kind; where only those with channel weights can't, cuDNN does without. */
static void
test_without_engines (void)
{
  static const struct {
    guint unbuildable; /* of the engines without channel weights */
    const gchar *warnings[2];
    gboolean has_cudnn; /* that the network still runs */
  } cases[] = {
    { 0, { "1 convolutions*cuDNN*can't be built*" }, TRUE },
    /* both, then the one with channel weights as it is */
    { 3,
        { "2 convolutions*cuDNN*can't be built*",
            "1 convolutions*cuDNN*can't be built*" },
        FALSE },
  };
  g_autoptr (GBytes) bytes = scaled_network ();
  g_autofree Stream *usual = g_new0 (Stream, 1), *second = g_new0 (Stream, 1);

  usual->threshold = second->threshold = 0.5;
  stream_start_model (usual, bytes, NUCSEG_PRECISION_BF16);
  stream_run (usual, 48, 32);
  stream_end (usual);
  g_assert_cmpuint (usual->n_objects, >, 4);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree Stream *stream = g_new0 (Stream, 1);
    const gint executed = memory->n_executed;
    guint differing = 0;
    gint by_cudnn;

    stream->threshold = 0.5;
    memory->unbuildable = cases[i].unbuildable;
    memory->unbuildable_scaled = TRUE;
    for (guint k = 0; k < G_N_ELEMENTS (cases[i].warnings); k++)
      if (cases[i].warnings[k])
        g_test_expect_message (
            "nucseg", G_LOG_LEVEL_WARNING, cases[i].warnings[k]);
    stream_start_model (stream, bytes, NUCSEG_PRECISION_BF16);
    stream_run (stream, 48, 32);
    g_test_assert_expected_messages ();
    by_cudnn = memory->n_executed - executed;
    /* its engines are refused for others too, who needn't be told */
    stream_start_model (second, bytes, NUCSEG_PRECISION_BF16);
    stream_run (second, 48, 32);
    g_assert_cmpmem (stream->labels, sizeof stream->labels, second->labels,
        sizeof second->labels);
    stream_end (second);
    stream_end (stream);
    g_assert_cmpuint (memory->live, ==, 0);
    g_assert_cmpint (memory->live_cudnn, ==, 0);
    if (cases[i].has_cudnn)
      g_assert_cmpint (by_cudnn, >, 0);
    else
      g_assert_cmpint (by_cudnn, ==, 0);
    g_assert_cmpuint (stream->n_objects, ==, usual->n_objects);
    for (gsize k = 0; k < G_N_ELEMENTS (stream->labels); k++)
      differing += stream->labels[k] != usual->labels[k];
    /* f32 sums in another order, rounded to bf16: pixels at the threshold */
    g_assert_cmpuint (differing, <, 15);
  }
  memory->unbuildable = 0;
  memory->unbuildable_scaled = FALSE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  memory = emulated_open_log (argv[1]);
  g_test_add_func ("/streams/weights", test_weights);
  g_test_add_func ("/streams/plans", test_plans);
  g_test_add_func ("/streams/rehearsal", test_rehearsal);
  g_test_add_func ("/streams/stale-plans", test_stale_plans);
  g_test_add_func ("/streams/fallback", test_fallback);
  g_test_add_func ("/streams/capture", test_capture);
  g_test_add_func ("/streams/without-engines", test_without_engines);
  return g_test_run ();
}
