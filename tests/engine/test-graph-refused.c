/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-graph-refused.c: models whose graph, scales, input or output break a
 * rule of docs/model-format.md are refused, and the message says which.
 */
#include "expect.h"
#include "modelbuilder.h"

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
    { "{\"multiple\": 8.0}", "graph.multiple: found 8.0, expected an integer" },
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

/* Sums of steps fit 32 bits. */
static void
test_sums (void)
{
  for (gint channels = 68; channels <= 69; channels++) {
    NucsegBuilder *b = nucseg_builder_new (1, 8);
    g_autoptr (GError) error = NULL;
    g_autoptr (NucsegModel) model = NULL;
    g_autoptr (GBytes) bytes = NULL;

    nucseg_builder_set_scale (b, 1);
    nucseg_builder_conv (b, "wide", "input", channels,
        &(NucsegBuilderConv){ .activation = "relu" });
    nucseg_builder_set_scale (b, 0);
    nucseg_builder_conv (b, "maps", "wide", 1,
        &(NucsegBuilderConv){ .kernel = 31, .padding = 15 });
    bytes = nucseg_builder_end (b, "maps", 0);
    if (channels == 69) {
      expect_refused (g_steal_pointer (&bytes),
          "graph.nodes[1].weight: 66309 products for each output, expected at "
          "most 65536");
    } else {
      model = nucseg_model_new_from_bytes (bytes, "sums", &error);
      g_assert_no_error (error);
    }
  }
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
  g_test_add_func ("/graph/sums", test_sums);
  g_test_add_func ("/graph/refused", test_refused);
  g_test_add_func ("/graph/input-output-refused", test_input_refused);
  return g_test_run ();
}
