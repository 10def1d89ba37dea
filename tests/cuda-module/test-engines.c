/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-engines.c: what becomes of a network where engines of cuDNN's, plans of
 * them that were kept, or captures of them fail.
 *
 *   test-engines MODULE
 */
#include "emulated-log.h"
#include "emulated-stream.h"

#include "tests/parity/parity.h"

static EmulatedLog *memory;

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
    if (i == 1)
      g_test_expect_message ("nucseg", G_LOG_LEVEL_WARNING,
          "*steps run one after the other*fails as it was told*");
    g_assert_cmpint (nucseg_session_run (session, &frame, &params, labels, 128,
                         NULL, &result, &error),
        ==, i < 2);
    g_test_assert_expected_messages ();
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
  g_assert_cmpint (beside[2], ==, beside[0]); /* it wasn't their fault */
}

/* The same for the network alone, which is captured when it runs again. */
static void
test_capture_network (void)
{
  const NucsegBackend *backend = nucseg_backend_find (emulated_backend, NULL);
  g_autoptr (NucsegModel) model =
      parity_model (nucseg_builder_attention_unet (1, 8));
  g_autoptr (GError) error = NULL;
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      backend, model, 64, 48, 1, NUCSEG_PRECISION_BF16, &geometry);

  g_test_expect_message (
      "nucseg", G_LOG_LEVEL_WARNING, "*steps run one after the other*");
  memory->failing_graphs = 1;
  for (guint i = 0; i < 3; i++) {
    g_assert_true (backend->network (plan, &error));
    g_assert_no_error (error);
  }
  g_test_assert_expected_messages ();
  backend->plan_free (plan);
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
test_without_engines (gconstpointer data)
{
  const NucsegPrecision precision = GPOINTER_TO_INT (data);
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
  stream_start_model (usual, bytes, precision);
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
    stream_start_model (stream, bytes, precision);
    stream_run (stream, 48, 32);
    g_test_assert_expected_messages ();
    by_cudnn = memory->n_executed - executed;
    /* its engines are refused for others too, who needn't be told */
    stream_start_model (second, bytes, precision);
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
    /* f32 sums in another order, rounded: pixels at the threshold */
    g_assert_cmpuint (differing, <, 15);
  }
  memory->unbuildable = 0;
  memory->unbuildable_scaled = FALSE;
}

/* Of two convolutions that are alike the first has no engine: the second can't
 * take over what isn't there. */
static void
test_alike (void)
{
  const NucsegBuilderConv conv3 = {
    .kernel = 3, .padding = 1, .bias = TRUE, .activation = "relu"
  };
  NucsegBuilder *b = nucseg_builder_new (5, 16);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree Stream *stream = g_new0 (Stream, 1);

  nucseg_builder_space_to_depth (b, "stem", "input", 2);
  nucseg_builder_conv (b, "first", "stem", 16, &conv3);
  nucseg_builder_conv (b, "second", "first", 16, &conv3);
  nucseg_builder_conv (b, "third", "second", 16, &conv3);
  nucseg_builder_upsample (b, "up", "third", "nearest");
  bytes = nucseg_builder_end (b, "up", 3);
  for (guint unbuildable = 0; unbuildable <= 3; unbuildable += 3) {
    const gint ahead = memory->n_ahead, executed = memory->n_executed;

    memory->unbuildable = unbuildable;
    if (unbuildable > 0)
      g_test_expect_message ("nucseg", G_LOG_LEVEL_WARNING,
          "3 convolutions*cuDNN*can't be built*");
    stream_start_model (stream, bytes, NUCSEG_PRECISION_BF16);
    stream_run (stream, 48, 32);
    g_test_assert_expected_messages ();
    g_assert_cmpint (memory->n_executed > executed, ==, unbuildable == 0);
    if (unbuildable == 0)
      g_assert_cmpint (memory->n_ahead - ahead, ==, 2);
    stream_end (stream);
    g_assert_cmpint (memory->live_cudnn, ==, 0);
  }
  memory->unbuildable = 0;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  memory = emulated_open_log (argv[1]);
  g_test_add_func ("/engines/stale-plans", test_stale_plans);
  g_test_add_func ("/engines/fallback", test_fallback);
  g_test_add_func ("/engines/capture", test_capture);
  g_test_add_func ("/engines/capture-network", test_capture_network);
  g_test_add_data_func ("/engines/without-engines/bf16",
      GINT_TO_POINTER (NUCSEG_PRECISION_BF16), test_without_engines);
  g_test_add_data_func ("/engines/without-engines/f16",
      GINT_TO_POINTER (NUCSEG_PRECISION_F16), test_without_engines);
  g_test_add_func ("/engines/alike", test_alike);
  return g_test_run ();
}
