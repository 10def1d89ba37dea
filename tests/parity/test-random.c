/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random networks (random-graphs.c): what a back end fuses, shares or writes in
 * place has to hold in all of them.
 */
#include "tests/parity/cases.h"
#include "tests/parity/parity.h"

#define N_GRAPHS 120
/* Another number: where each convolution is compiled, all of them take minutes.
 */
#define GRAPHS_VARIABLE "NUCSEG_TEST_GRAPHS"

static guint
count_graphs (void)
{
  const gchar *text = g_getenv (GRAPHS_VARIABLE);
  guint64 n = N_GRAPHS;

  if (text)
    g_assert_true (g_ascii_string_to_unsigned (text, 10, 1, 100000, &n, NULL));
  return (guint) n;
}

static gfloat *
run (const NucsegBackend *backend, NucsegModel *model, gint width, gint height,
    NucsegPrecision precision, const gfloat *input)
{
  NucsegGeometry geometry;
  NucsegPlan *plan =
      parity_plan_new (backend, model, width, height, 1, precision, &geometry);
  gfloat *maps;

  if (plan == NULL)
    return NULL;
  maps = g_new (gfloat, (gsize) width * height * 3);
  /* Twice: what an earlier frame left must not matter. */
  parity_run_network (backend, plan, input, NULL);
  parity_run_network (backend, plan, input, maps);
  backend->plan_free (plan);
  return maps;
}

static void
test_graphs (gconstpointer data)
{
  const NucsegPrecision precision = GPOINTER_TO_INT (data);
  const guint n_graphs = count_graphs ();
  guint n_run = 0;

  for (guint i = 0; i < n_graphs; i++) {
    static const gint multiples[] = { 10, 12, 14, 24 };
    const guint64 seed = 4711 + i;
    const gint multiple = multiples[i % 4];
    const gint height = multiple * (1 + i / 4 % 2);
    const gint width = multiple * (1 + i / 8 % 2);
    /* Frames have at least 16 pixels a side. */
    const gint h = MAX (height, 16 + multiple - 1) / multiple * multiple;
    const gint w = MAX (width, 16 + multiple - 1) / multiple * multiple;
    const gsize n = (gsize) h * w;
    NucsegModel *model = parity_random_build (
        seed, multiple, h, w, precision == NUCSEG_PRECISION_INT8);
    NucsegRandom random = { seed };
    g_autofree gfloat *input = g_new (gfloat, n);
    g_autofree gfloat *expected = NULL, *actual = NULL, *magnitude = NULL;

    if (precision == NUCSEG_PRECISION_INT8
        && !nucseg_model_get_graph (model)->quantised) {
      nucseg_model_unref (model);
      continue;
    }
    n_run++;
    if (!parity_supports (model, precision)) {
      g_test_skip ("the back end has no such precision here");
      nucseg_model_unref (model);
      return;
    }
    for (gsize k = 0; k < n; k++)
      input[k] = parity_uniform (&random, -1, 1);
    expected = run (parity_reference (), model, w, h, precision, input);
    actual = run (parity_backend (), model, w, h, precision, input);
    g_assert_nonnull (expected);
    g_assert_nonnull (actual);
    magnitude = parity_largest_of_maps (expected, n, 3);
    /* Sums that nearly cancel are common here, and leave little but the
     * roundings of bf16, f16 and int8. */
    if (precision != NUCSEG_PRECISION_F32) {
      for (gsize k = 0; k < n * 3; k++)
        magnitude[k] *= 2;
    }
    parity_compare ("random graph", seed, parity_maps_limit (precision, TRUE),
        expected, actual, magnitude, h, w, 3);
    nucseg_model_unref (model);
  }
  /* Few graphs happen to be without a scale. */
  g_assert_cmpuint (n_run, >=, n_graphs * 3 / 4);
}

static void
add (void)
{
  g_test_add_data_func ("/parity/random/f32",
      GINT_TO_POINTER (NUCSEG_PRECISION_F32), test_graphs);
  g_test_add_data_func ("/parity/random/bf16",
      GINT_TO_POINTER (NUCSEG_PRECISION_BF16), test_graphs);
  if (parity_offers (NUCSEG_PRECISION_F16))
    g_test_add_data_func ("/parity/random/f16",
        GINT_TO_POINTER (NUCSEG_PRECISION_F16), test_graphs);
  g_test_add_data_func ("/parity/random/int8",
      GINT_TO_POINTER (NUCSEG_PRECISION_INT8), test_graphs);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
