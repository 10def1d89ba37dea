/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-graph.c: shapes that are inferred, and graphs that are refused.
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

#define NODE(name, op, inputs, rest)                                           \
  "{\"name\": \"" name "\", \"op\": \"" op "\", \"inputs\": [" inputs "]" rest \
  "}"
#define GRAPH(nodes, output)                                                   \
  "{\"multiple\": 8, \"nodes\": [" nodes "], \"output\": \"" output "\"}"

/* Graphs over the tensors w (3, 1, 3, 3), b (3), one (1, 1, 1, 1). The last
 * two strings: the graph and what the error says. */
static void
test_refused (void)
{
  static const struct {
    const gchar *graph, *part;
  } cases[] = {
    { "{}", "graph.multiple: missing" },
    { "{\"multiple\": 0}", "graph.multiple: found 0, expected an integer" },
    { "{\"multiple\": 65}", "expected an integer from 1 to 64" },
    { "{\"multiple\": 8.0}", "graph.multiple: found 8" },
    { "{\"multiple\": 8, \"nodes\": [], \"output\": \"x\"}",
        "graph.nodes: found an array of 0" },
    { "{\"multiple\": 8, \"nodes\": [1], \"output\": \"x\"}",
        "graph.nodes[0]: found 1, expected an object" },
    { "{\"multiple\": 8, \"nodes\": {}, \"output\": \"x\"}",
        "graph.nodes: found an object" },
    { "{\"multiple\": 8, \"nodes\": [{}], \"output\": \"x\", \"c\": 1}",
        "graph.c: unknown key" },
    { GRAPH ("{}", "x"), "graph.nodes[0].name: missing" },
    { GRAPH (NODE ("", "add", "", ""), "x"), "0 bytes, expected 1 to 128" },
    { GRAPH (NODE ("x", "conv3d", "\"input\"", ""), "x"),
        "graph.nodes[0].op: found \"conv3d\", expected one of conv, max_pool" },
    { GRAPH (NODE ("x", "input", "\"input\"", ""), "x"),
        "graph.nodes[0].op: found \"input\"" },
    { GRAPH (NODE ("input", "add", "\"input\", \"input\"", ""), "input"),
        "there are two nodes \"input\"" },
    { GRAPH (NODE ("x", "add", "\"input\", \"input\"", "") "," NODE (
                 "x", "add", "\"input\", \"input\"", ""),
          "x"),
        "graph.nodes[1].name: there are two nodes \"x\"" },
    { GRAPH (NODE ("x", "add", "\"input\", \"input\"", ""), "y"),
        "graph.output: there is no node \"y\"" },
    { GRAPH (NODE ("x", "add", "\"input\", \"y\"", ""), "x"),
        "graph.nodes[0].inputs: there is no node \"y\"" },
    { GRAPH (NODE ("x", "add", "\"input\", 7", ""), "x"),
        "graph.nodes[0].inputs[1]: found 7, expected a string" },
    { GRAPH (NODE ("x", "add", "", ""), "x"), "found an array of 0" },
    { GRAPH (NODE ("x", "add", "\"input\"", ""), "x"),
        "1 inputs, expected 2 to 8 for \"add\"" },
    { GRAPH (NODE ("x", "mul", "\"input\", \"input\", \"input\"", ""), "x"),
        "3 inputs, expected 2 to 2" },
    { GRAPH (NODE ("x", "max_pool", "\"input\", \"input\"", ""), "x"),
        "2 inputs, expected 1 to 1" },
    { GRAPH (NODE ("x", "add",
                 "\"input\", \"input\", \"input\", \"input\", \"input\", "
                 "\"input\", \"input\", \"input\", \"input\"",
                 ""),
          "x"),
        "found an array of 9, expected an array of 1 to 8" },
    /* cycles */
    { GRAPH (NODE ("x", "add", "\"input\", \"x\"", ""), "x"),
        "a cycle: \"x\" <- \"x\"" },
    { GRAPH (NODE ("x", "add", "\"input\", \"y\"", "") "," NODE ("y", "add",
                 "\"x\", \"x\"", "") "," NODE ("z", "add", "\"y\", \"y\"", ""),
          "z"),
        "a cycle: \"x\" <- \"y\" <- \"x\"" },
    { GRAPH (NODE ("x", "add", "\"input\", \"input\"", "") "," NODE (
                 "y", "add", "\"x\", \"input\"", ""),
          "x"),
        "nothing uses the node \"y\"" },
    /* attributes */
    { GRAPH (NODE ("x", "add", "\"input\", \"input\"", ", \"axis\": 1"), "x"),
        "graph.nodes[0].axis: unknown key" },
    { GRAPH (NODE ("x", "max_pool", "\"input\"", ", \"kernel\": 0"), "x"),
        "kernel: found 0" },
    { GRAPH (NODE ("x", "max_pool", "\"input\"", ", \"kernel\": 32"), "x"),
        "kernel: found 32, expected an integer from 1 to 31" },
    { GRAPH (NODE ("x", "avg_pool", "\"input\"", ", \"size\": [1]"), "x"),
        "size: found an array of 1, expected an array of 2" },
    { GRAPH (NODE ("x", "upsample", "\"input\"", ", \"mode\": \"cubic\""), "x"),
        "mode: found \"cubic\", expected one of nearest, bilinear" },
    { GRAPH (NODE ("x", "upsample", "\"input\"", ""), "x"), "mode: missing" },
    { GRAPH (NODE ("x", "space_to_depth", "\"input\"", ", \"block\": 1"), "x"),
        "block: found 1, expected an integer from 2 to 8" },
    { GRAPH (NODE ("x", "depth_to_space", "\"input\"", ", \"block\": 2"), "x"),
        "1 channels, expected a multiple of 4" },
    { GRAPH (NODE ("x", "conv", "\"input\"", ""), "x"), "weight: missing" },
    { GRAPH (NODE ("x", "conv", "\"input\"", ", \"weight\": \"none\""), "x"),
        "the file has no tensor \"none\"" },
    { GRAPH (NODE ("x", "conv", "\"input\"", ", \"weight\": \"b\""), "x"),
        "\"b\" has 1 dimensions, expected 4" },
    { GRAPH (NODE ("x", "conv", "\"input\"",
                 ", \"weight\": \"one\", \"bias\": \"b\""),
          "x"),
        "bias: 3 elements, expected 1" },
    { GRAPH (
          NODE ("x", "conv", "\"input\"", ", \"weight\": \"w\", \"groups\": 2"),
          "x"),
        "2 groups do not divide 1 input and 3 output channels" },
    { GRAPH (
          NODE ("x", "conv", "\"input\"",
              ", \"weight\": \"w\", \"padding\": 1, \"bias\": \"b\"") "," NODE ("y",
              "conv", "\"x\"", ", \"weight\": \"one\""),
          "y"),
        "1 input channels, expected 3 (3 channels in 1 groups)" },
    { GRAPH (
          NODE ("x", "conv", "\"input\"", ", \"weight\": \"w\", \"stride\": 0"),
          "x"),
        "stride: found 0" },
    { GRAPH (NODE ("x", "conv", "\"input\"",
                 ", \"weight\": \"w\", \"dilation\": 65"),
          "x"),
        "dilation: found 65" },
    { GRAPH (NODE ("x", "conv", "\"input\"",
                 ", \"weight\": \"w\", \"padding\": 513"),
          "x"),
        "padding: found 513" },
    { GRAPH (NODE ("x", "conv", "\"input\"",
                 ", \"weight\": \"w\", \"activation\": \"gelu\""),
          "x"),
        "found \"gelu\", expected one of none, relu, sigmoid" },
    /* shapes */
    { GRAPH (NODE ("x", "conv", "\"input\"",
                 ", \"weight\": \"w\", \"bias\": \"b\""),
          "x"),
        "at an input of 8x8: node \"x\" (conv): the output is 6x6" },
    { GRAPH (NODE ("x", "conv", "\"input\"",
                 ", \"weight\": \"w\", \"dilation\": 5"),
          "x"),
        "a kernel that spans 11x11 on 8x8" },
    { GRAPH (NODE ("x", "max_pool", "\"input\"", ", \"kernel\": 9"), "x"),
        "a kernel of 9 on 8x8" },
    { GRAPH (NODE ("x", "max_pool", "\"input\"", "") "," NODE (
                 "y", "add", "\"input\", \"x\"", ""),
          "y"),
        "input 2 is 4x4, the first is 8x8" },
    { GRAPH (NODE ("x", "mul", "\"input\", \"input\"", ""), "x"),
        "the second input is 8x8, expected 1x1" },
    { GRAPH (NODE ("x", "concat", "\"input\", \"input\"", "") "," NODE (
                 "y", "add", "\"input\", \"x\"", ""),
          "y"),
        "\"x\" has 2 channels, expected 1 as the first" },
    { GRAPH (NODE ("x", "max_pool", "\"input\"", "") "," NODE (
                 "y", "space_to_depth", "\"x\"", ", \"block\": 8"),
          "y"),
        "an input of 4x4, expected multiples of 8" },
    { GRAPH (NODE ("x", "concat", "\"input\", \"input\"", ""), "x"),
        "\"x\" has 2 channels, expected 1, one for each of output.maps" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    NucsegBuilder *b = nucseg_builder_new (1, 8);
    nucseg_builder_tensor (b, "w", NULL, 1, 4, 3, 1, 3, 3);
    nucseg_builder_tensor (b, "b", NULL, 1, 1, 3);
    nucseg_builder_tensor (b, "one", NULL, 1, 4, 1, 1, 1, 1);
    nucseg_builder_set (b, "graph", cases[i].graph);
    expect_refused (nucseg_builder_end (b, "input", 0), cases[i].part);
  }
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

/* Scales over the same tensors: relu gives "c" (3 channels), "s" has none. */
static void
test_scales (void)
{
#define CONV(rest) NODE ("c", "conv", "\"input\"", ", \"weight\": \"w\"" rest)
#define RELU(scale)                                                            \
  CONV (", \"padding\": 1, \"activation\": \"relu\", \"scale\": " scale)
#define LAST                                                                   \
  NODE ("m", "avg_pool", "\"c\"", ", \"size\": [1, 1]")                        \
  "," NODE ("x", "mul", "\"y\", \"m\"", "")
  static const struct {
    const gchar *format, *graph, *part;
  } cases[] = {
    { "nucseg-model/2", GRAPH (RELU ("0.5"), "c"),
        "graph.nodes[0].scale: the output has no scale" },
    { "nucseg-model/1", GRAPH (RELU ("0.5"), "c"),
        "graph.nodes[0].scale: unknown key in nucseg-model/1" },
    { "nucseg-model/2", GRAPH (RELU ("0"), "c"),
        "graph.nodes[0].scale: found 0" },
    { "nucseg-model/2", GRAPH (RELU ("-1"), "c"),
        "graph.nodes[0].scale: found -1" },
    { "nucseg-model/2", GRAPH (RELU ("1e-300"), "c"), "scale: found" },
    { "nucseg-model/2", GRAPH (RELU ("1e30"), "c"), "scale: found" },
    { "nucseg-model/2", GRAPH (RELU ("\"1\""), "c"), "scale: found \"1\"" },
    { "nucseg-model/2",
        GRAPH (CONV (", \"padding\": 1, \"scale\": 1") "," NODE (
                   "x", "max_pool", "\"c\"", ", \"kernel\": 1"),
            "x"),
        "graph.nodes[0].scale: a convolution with a scale has the activation" },
    { "nucseg-model/2",
        GRAPH (RELU ("0.5") "," NODE ("y", "max_pool", "\"c\"",
                   ", \"kernel\": 1, \"scale\": 0.25") "," LAST,
            "x"),
        "graph.nodes[1].scale: found 0.25, expected 0.5, the scale of the "
        "input \"c\"" },
    { "nucseg-model/2",
        GRAPH (RELU ("0.5") "," NODE (
                   "y", "add", "\"c\", \"c\"", ", \"scale\": 0.5") "," LAST,
            "x"),
        "graph.nodes[1].scale: \"add\" has no scale" },
    { "nucseg-model/2",
        GRAPH (CONV (", \"padding\": 1") "," NODE ("m", "avg_pool", "\"c\"",
                   ", \"size\": [1, 1]") "," NODE ("y", "mul", "\"c\", \"m\"",
                   ", \"scale\": 1") "," NODE ("x", "max_pool", "\"y\"",
                   ", \"kernel\": 1"),
            "x"),
        "graph.nodes[2].scale: the first input \"c\" has no scale" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    NucsegBuilder *b = nucseg_builder_new (1, 8);

    nucseg_builder_tensor (b, "w", NULL, 1, 4, 3, 1, 3, 3);
    nucseg_builder_set (b, "format", cases[i].format);
    nucseg_builder_set (b, "graph", cases[i].graph);
    nucseg_builder_set (b, "output", NUCSEG_BUILDER_OUTPUT3);
    g_test_message ("%s", cases[i].graph);
    expect_refused (nucseg_builder_end (b, "input", 0), cases[i].part);
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

static void
test_input_refused (void)
{
#define NORMALIZATION(text)                                                    \
  "{\"color\": \"grey\", \"polarity\": \"bright\", \"normalization\": {" text  \
  "}}"
  static const struct {
    const gchar *key, *json, *part;
  } cases[] = {
    { "input", "{}", "input.color: missing" },
    { "input", "{\"color\": \"rgb\"}", "found \"rgb\", expected one of grey" },
    { "input", "{\"color\": \"grey\"}", "input.normalization: missing" },
    { "input", "{\"mean\": 1}", "input.mean: unknown key" },
    { "input", NORMALIZATION (""), "input.normalization.method: missing" },
    { "input", NORMALIZATION ("\"method\": \"percentile\""),
        "input.normalization.low: missing" },
    { "input",
        NORMALIZATION ("\"method\": \"percentile\", \"low\": -1, \"high\": 99"),
        "low: found -1, expected a number from 0 to 100" },
    { "input",
        NORMALIZATION ("\"method\": \"percentile\", \"low\": 50, \"high\": 50"),
        "high: found 50, expected more than low (50)" },
    { "input",
        NORMALIZATION (
            "\"method\": \"percentile\", \"low\": 1, \"high\": 1e999"),
        "high: " },
    { "input", NORMALIZATION ("\"method\": \"minmax\", \"clip\": [1, 0]"),
        "clip: found [1, 0], expected the first below the second" },
    { "input", NORMALIZATION ("\"method\": \"minmax\", \"clip\": [0]"),
        "clip: found an array of 1" },
    { "input", NORMALIZATION ("\"method\": \"minmax\", \"min_range\": 2"),
        "min_range: found 2" },
    { "input",
        "{\"color\": \"grey\", \"polarity\": \"up\", \"normalization\": "
        "{\"method\": \"none\"}}",
        "input.polarity: found \"up\"" },
    { "input",
        "{\"color\": \"grey\", \"polarity\": \"dark\", \"normalization\": "
        "{\"method\": \"none\"}, \"smoothing\": 8.5}",
        "input.smoothing: found 8.5" },
    { "input",
        "{\"color\": \"grey\", \"polarity\": \"dark\", \"normalization\": "
        "{\"method\": \"none\"}, \"pixel_size_um\": -0.5}",
        "input.pixel_size_um: found -0.5" },
    { "output", "{}", "output.maps: missing" },
    { "output", "{\"maps\": []}", "output.maps: found an array of 0" },
    { "output", "{\"maps\": [\"edge\"]}",
        "found \"edge\", expected foreground" },
    { "output", "{\"maps\": [\"foreground\", \"foreground\"]}",
        "\"foreground\" appears twice" },
    { "output", "{\"maps\": [\"offset_x\"]}", "expected a map \"foreground\"" },
    { "output", "{\"maps\": [\"foreground\"]}", "output.decoder: missing" },
    { "output",
        "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": \"votes\", "
        "\"threshold\": 0.5, \"offset_scale\": 16, \"min_votes\": 3, "
        "\"radius\": 1}}",
        "\"votes\" needs the maps offset_y and offset_x" },
    { "output",
        "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": "
        "\"components\", \"threshold\": 1}}",
        "threshold: found 1, expected a number inside (0, 1)" },
    { "output",
        "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": "
        "\"components\", \"threshold\": 0.5, \"min_area\": -1}}",
        "min_area: found -1" },
    { "output",
        "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": "
        "\"components\", \"threshold\": 0.5, \"offset_scale\": 0.5}}",
        "offset_scale: found 0.5, expected a number from 1 to 256" },
    { "output",
        "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": "
        "\"watershed\", \"threshold\": 0.5}}",
        "found \"watershed\", expected one of components, votes" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    NucsegBuilder *b = nucseg_builder_new (1, 8);
    nucseg_builder_set (b, cases[i].key, cases[i].json);
    expect_refused (nucseg_builder_end (b, "input", 1), cases[i].part);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/scales", test_scales);
  g_test_add_func ("/graph/scales-kept", test_scales_kept);
  g_test_add_func ("/graph/shapes", test_shapes);
  g_test_add_func ("/graph/refused", test_refused);
  g_test_add_func ("/graph/limits", test_limits);
  g_test_add_func ("/graph/backwards", test_backwards);
  g_test_add_func ("/graph/input-output-refused", test_input_refused);
  return g_test_run ();
}
