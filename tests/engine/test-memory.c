/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-memory.c: networks that can't fit into this machine are refused by what
 * a precision keeps of them.
 */
#include "expect.h"
#include "modelbuilder.h"
#include "params.h"

#include <unistd.h>

#define SIDE 8192
#define MOST_CHANNELS 4096 /* docs/model-format.md */

/* Whether a network fits whose convolution behind the first has so many
 * channels at SIDE x SIDE, with a scale of its own or not. */
static gboolean
fits (gint channels, gboolean scaled, NucsegPrecision precision, GError **error)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree NucsegShape *shapes = NULL;
  const NucsegGraph *graph;
  NucsegModel *model;
  gboolean ok;

  nucseg_builder_set_scale (b, 1.0 / 256);
  nucseg_builder_conv (
      b, "first", "input", 1, &(NucsegBuilderConv){ .activation = "relu" });
  nucseg_builder_set_scale (b, scaled ? 1.0 / 256 : 0);
  nucseg_builder_conv (b, "wide", "first", channels,
      &(NucsegBuilderConv){ .activation = "relu" });
  nucseg_builder_set_scale (b, 0);
  nucseg_builder_conv (b, "maps", "wide", 1, &(NucsegBuilderConv){ 0 });
  bytes = nucseg_builder_end (b, "maps", 0);
  model = nucseg_model_new_from_bytes (bytes, "wide", error);
  g_assert_nonnull (model);
  graph = nucseg_model_get_graph (model);
  shapes = g_new (NucsegShape, graph->n_nodes);
  g_assert_true (nucseg_graph_infer (graph, SIDE, SIDE, shapes, error));
  ok = nucseg_memory_check (graph, shapes, precision, error);
  nucseg_model_unref (model);
  return ok;
}

static void
test_precisions (void)
{
  const gdouble memory =
      (gdouble) sysconf (_SC_PHYS_PAGES) * (gdouble) sysconf (_SC_PAGESIZE);
  /* at a byte an element 0.6 of the memory, at two 1.2, at four 2.4 */
  const gint channels = (gint) (memory * 0.6 / ((gdouble) SIDE * SIDE));
  static const struct {
    gboolean scaled;
    NucsegPrecision precision;
    gboolean fits, halved;
  } cases[] = { { TRUE, NUCSEG_PRECISION_INT8, TRUE, TRUE },
    { FALSE, NUCSEG_PRECISION_INT8, FALSE, FALSE },
    { TRUE, NUCSEG_PRECISION_BF16, FALSE, TRUE },
    { TRUE, NUCSEG_PRECISION_F16, FALSE, TRUE },
    { TRUE, NUCSEG_PRECISION_F32, FALSE, FALSE } };

  if (channels < 8 || channels > MOST_CHANNELS) {
    g_test_skip ("too little or too much memory for one convolution's");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (
        fits (channels, cases[i].scaled, cases[i].precision, &error), ==,
        cases[i].fits);
    if (!cases[i].fits) {
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
      expect_message (error, "8192x8192", "this machine has");
      g_clear_error (&error);
    }
    /* half of it fits where an element has two bytes, or one */
    g_assert_cmpint (
        fits (channels / 2, cases[i].scaled, cases[i].precision, NULL), ==,
        cases[i].halved);
    /* an eighth fits in any */
    g_assert_true (
        fits (channels / 8, cases[i].scaled, cases[i].precision, &error));
    g_assert_no_error (error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/precisions", test_precisions);
  return g_test_run ();
}
