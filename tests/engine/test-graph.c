/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-graph.c: what is inferred from a graph: shapes, scales, the order of its
 * nodes; and how large a graph may be. test-graph-refused.c has what is
 * refused.
 */
#include "expect.h"
#include "model.h"
#include "modelbuilder.h"

/* Each operation's formula of docs/model-format.md, on 48x32. The branches
 * meet again by pooling to 1x1. */
static void
test_shapes (void)
{
  static const struct {
    const gchar *name;
    gint height, width, channels;
  } expected[] = {
    { "input", 48, 32, 1 },
    { "wide", 48, 32, 12 },
    { "strided", 24, 16, 5 }, /* (48 + 2 - 2 - 1) / 2 + 1 */
    { "dilated", 44, 31, 4 }, /* 3x2, dilation 3, padding 1: 48 + 2 - 7 + 1 */
    { "long", 48, 30, 4 }, /* 1x3 without padding */
    { "pooled", 23, 15, 12 }, /* (48 - 3) / 2 + 1 */
    { "avg", 3, 7, 12 },
    { "up", 6, 14, 12 },
    { "s2d", 12, 8, 192 },
    { "d2s", 96, 64, 3 },
  };
  NucsegBuilder *b = nucseg_builder_new (1, 16);
  nucseg_builder_conv (b, "wide", "input", 12,
      &(NucsegBuilderConv){ .kernel = 5, .padding = 2 });
  nucseg_builder_conv (b, "strided", "wide", 5,
      &(NucsegBuilderConv){ .kernel = 3, .padding = 1, .stride = 2 });
  nucseg_builder_conv (b, "dilated", "wide", 4,
      &(NucsegBuilderConv){ .kernel = 3,
          .kernel_w = 2,
          .padding = 1,
          .dilation = 3,
          .groups = 2 });
  nucseg_builder_conv (
      b, "long", "wide", 4, &(NucsegBuilderConv){ .kernel = 1, .kernel_w = 3 });
  nucseg_builder_max_pool (b, "pooled", "wide", 3, 2);
  nucseg_builder_avg_pool (b, "avg", "wide", 3, 7);
  nucseg_builder_upsample (b, "up", "avg", "nearest");
  nucseg_builder_space_to_depth (b, "s2d", "wide", 4);
  nucseg_builder_depth_to_space (b, "d2s", "wide", 2);
  static const gchar *const branches[] = { "strided", "dilated", "long",
    "pooled", "up", "s2d", "d2s" };
  for (guint i = 0; i < G_N_ELEMENTS (branches); i++) {
    g_autofree gchar *name = g_strdup_printf ("one%u", i);
    nucseg_builder_avg_pool (b, name, branches[i], 1, 1);
  }
  nucseg_builder_concat (
      b, "all", "one0", "one1", "one2", "one3", "one4", "one5", "one6", NULL);
  nucseg_builder_conv (
      b, "weights", "all", 12, &(NucsegBuilderConv){ .activation = "sigmoid" });
  nucseg_builder_mul (b, "out", "wide", "weights");
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "out", 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "built", &error);
  g_assert_no_error (error);
  const NucsegGraph *graph = nucseg_model_get_graph (model);
  g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);

  g_assert_true (nucseg_graph_infer (graph, 48, 32, shapes, &error));
  g_assert_no_error (error);
  guint n_found = 0;
  for (guint i = 0; i < graph->n_nodes; i++) {
    for (guint k = 0; k < G_N_ELEMENTS (expected); k++) {
      if (!g_str_equal (graph->nodes[i].name, expected[k].name))
        continue;
      g_test_message ("%s", expected[k].name);
      g_assert_cmpint (shapes[i].height, ==, expected[k].height);
      g_assert_cmpint (shapes[i].width, ==, expected[k].width);
      g_assert_cmpint (shapes[i].channels, ==, expected[k].channels);
      n_found++;
    }
  }
  g_assert_cmpuint (n_found, ==, G_N_ELEMENTS (expected));

  static const gint bad[][2] = { { 47, 32 }, { 48, 0 }, { -16, 16 },
    { 48, 65552 } };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (
        nucseg_graph_infer (graph, bad[i][0], bad[i][1], shapes, &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
    g_clear_error (&error);
  }
}

static void
test_scales_kept (void)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);
  const NucsegBuilderConv relu = { .activation = "relu" };

  nucseg_builder_set_scale (b, 0.125);
  nucseg_builder_conv (b, "a", "input", 4, &relu);
  nucseg_builder_max_pool (b, "p", "a", 2, 2);
  nucseg_builder_upsample (b, "u", "p", "bilinear");
  nucseg_builder_concat (b, "j", "u", "a", NULL);
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "j", 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "scales", &error);

  g_assert_no_error (error);
  const NucsegGraph *graph = nucseg_model_get_graph (model);
  g_assert_true (graph->quantised);
  for (guint i = 0; i < graph->n_nodes; i++)
    g_assert_cmpfloat (
        graph->nodes[i].scale, ==, i == 0 || i == graph->output ? 0 : 0.125f);
}

/* A chain of @n nodes of one operation. */
static GBytes *
build_chain (guint n, const gchar *op, const gchar *attributes)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);
  g_autofree gchar *last = g_strdup ("input");

  for (guint i = 0; i < n; i++) {
    g_autofree gchar *name = g_strdup_printf ("n%u", i);
    g_autofree gchar *json = g_strdup_printf (
        "{\"name\": \"%s\", \"op\": \"%s\", \"inputs\": [\"%s\"]%s}", name, op,
        last, attributes);
    nucseg_builder_raw_node (b, name, 1, json);
    g_free (last);
    last = g_steal_pointer (&name);
  }
  return nucseg_builder_end (b, last, 0);
}

static void
test_limits (void)
{
  static const gchar same[] = ", \"kernel\": 1";
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) most = build_chain (1023, "max_pool", same);
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (most, "most", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (nucseg_model_get_graph (model)->n_nodes, ==, 1024);
  expect_refused (build_chain (1024, "max_pool", same),
      "graph.nodes: found an array of 1024, expected an array of 1 to 1023");
  /* sizes and channels that would overflow */
  expect_refused (build_chain (40, "upsample", ", \"mode\": \"nearest\""),
      "at most 65536 a side");
  expect_refused (build_chain (12, "space_to_depth", ", \"block\": 8"),
      "262144 channels, expected at most 4096");
  /* an output of another size only at large inputs: 8 and more rows of cells */
  NucsegBuilder *b = nucseg_builder_new (1, 8);
  nucseg_builder_avg_pool (b, "x", "input", 8, 8);
  expect_refused (
      nucseg_builder_end (b, "x", 0), "the output is 8x8 for an input of 16x8");
}

/* The order of a file is no matter: a chain backwards is sorted. */
static void
test_backwards (void)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);

  for (gint i = 499; i >= 0; i--) {
    g_autofree gchar *name = g_strdup_printf ("n%d", i);
    g_autofree gchar *input =
        i ? g_strdup_printf ("n%d", i - 1) : g_strdup ("input");
    g_autofree gchar *json = g_strdup_printf (
        "{\"name\": \"%s\", \"op\": \"add\", \"inputs\": [\"%s\", \"%s\"]}",
        name, input, input);
    nucseg_builder_raw_node (b, name, 1, json);
  }
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "n499", 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "built", &error);
  g_assert_no_error (error);
  const NucsegGraph *graph = nucseg_model_get_graph (model);
  for (guint i = 1; i < graph->n_nodes; i++)
    g_assert_cmpuint (graph->nodes[i].inputs[0], ==, i - 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/scales-kept", test_scales_kept);
  g_test_add_func ("/graph/shapes", test_shapes);
  g_test_add_func ("/graph/limits", test_limits);
  g_test_add_func ("/graph/backwards", test_backwards);
  return g_test_run ();
}
