/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * int8: what comes out of integers is what docs/model-format.md says, worked
 * out here once more, and the same in every back end. The network's input is
 * whole steps (k / 256), so that the first convolution leaves nothing to
 * rounding.
 *
 * A back end that scales before it adds the bias (oneDNN 3) may round another
 * way where the result is as good as half a step: one value in a thousand may
 * be one step off, no more.
 */
#include "tests/parity/parity.h"

#include <math.h>
#include <string.h>

#define STEP (1.0 / 256)
#define SIDE 24
#define N (SIDE * SIDE)

/* Input k / 256 at each pixel. */
static void
fill (guint64 seed, guint8 steps[N], gfloat input[N])
{
  NucsegRandom random = { seed };

  for (gint i = 0; i < N; i++) {
    steps[i] = (guint8) nucseg_random_below (&random, 256);
    input[i] = (gfloat) (steps[i] * STEP);
  }
}

/* "first": the input as steps of one channel. */
static NucsegBuilder *
begin (guint64 seed)
{
  NucsegBuilder *b = nucseg_builder_new (seed, 8);

  nucseg_builder_set_scale (b, STEP);
  nucseg_builder_conv (
      b, "first", "input", 1, &(NucsegBuilderConv){ .activation = "relu" });
  *nucseg_builder_get_tensor (b, "first.weight", NULL) = 1;
  return b;
}

/* Values of @last, which has one channel, as the maps show them: without a
 * rounding, 127 being the largest weight. */
static NucsegModel *
end (NucsegBuilder *b, const gchar *last)
{
  nucseg_builder_set_scale (b, 0);
  nucseg_builder_conv (b, "maps", last, 1, &(NucsegBuilderConv){ 0 });
  *nucseg_builder_get_tensor (b, "maps.weight", NULL) = 1;
  return parity_model (nucseg_builder_end (b, "maps", 0));
}

static void
run (const NucsegBackend *backend, NucsegModel *model, const gfloat *input,
    gfloat *maps)
{
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      backend, model, SIDE, SIDE, 1, NUCSEG_PRECISION_INT8, &geometry);

  g_assert_nonnull (plan);
  parity_run_network (backend, plan, input, maps);
  backend->plan_free (plan);
}

/* @expected: steps of @scale. */
static void
check (NucsegModel *model, const gfloat *input, const gint *expected,
    gdouble scale)
{
  g_autofree gfloat *maps = g_new (gfloat, N);
  gint n_off = 0;

  if (!parity_supports (model, NUCSEG_PRECISION_INT8)) {
    g_test_skip ("the back end has no such precision here");
    nucseg_model_unref (model);
    return;
  }
  run (parity_backend (), model, input, maps);
  for (gint i = 0; i < N; i++) {
    const gint found = (gint) rint (maps[i] / scale);

    g_assert_cmpfloat (fabs (maps[i] / scale - found), <, 1e-3);
    if (abs (found - expected[i]) > 1)
      g_test_message ("row %d, column %d", i / SIDE, i % SIDE);
    g_assert_cmpint (abs (found - expected[i]), <=, 1);
    n_off += found != expected[i];
  }
  g_assert_cmpint (n_off, <=, N / 1000);
  nucseg_model_unref (model);
}

static gint
to_step (gdouble x)
{
  return (gint) CLAMP (rint (x), 0, 255);
}

/* All steps there are come through, and what is beyond is cut. */
static void
test_first (void)
{
  g_autofree gfloat *input = g_new (gfloat, N);
  g_autofree gint *expected = g_new (gint, N);

  /* half a step between: to the even one */
  for (gint i = 0; i < N; i++) {
    const gdouble steps = i / 2.0 - 8;

    input[i] = (gfloat) (steps * STEP);
    expected[i] = to_step (steps);
  }
  g_assert_cmpint (expected[17], ==, 0);
  g_assert_cmpint (expected[19], ==, 2);
  g_assert_cmpint (expected[N - 1], ==, 255);
  check (end (begin (1), "first"), input, expected, STEP);
}

/* Weights per output channel, bias in steps of the sum, one rounding. */
static void
test_conv (void)
{
  const gdouble scale = 0.0123;
  guint8 steps[N];
  gfloat input[N];
  g_autofree gint *expected = g_new (gint, N);
  NucsegBuilder *b = begin (2);
  gfloat w[9], bias, most = 0;
  gdouble unit;

  fill (2, steps, input);
  nucseg_builder_set_scale (b, scale);
  nucseg_builder_conv (b, "conv", "first", 1,
      &(NucsegBuilderConv){
          .kernel = 3, .padding = 1, .bias = TRUE, .activation = "relu" });
  memcpy (w, nucseg_builder_get_tensor (b, "conv.weight", NULL), sizeof w);
  bias = *nucseg_builder_get_tensor (b, "conv.bias", NULL);
  for (gint k = 0; k < 9; k++)
    most = MAX (most, fabsf (w[k]));
  unit = most / 127.0 * STEP;
  for (gint y = 0; y < SIDE; y++) {
    for (gint x = 0; x < SIDE; x++) {
      gint sum = (gint) rint (bias / unit);

      for (gint k = 0; k < 9; k++) {
        const gint row = y + k / 3 - 1, column = x + k % 3 - 1;

        if (row >= 0 && row < SIDE && column >= 0 && column < SIDE)
          sum +=
              (gint) rint (w[k] / (most / 127.0)) * steps[row * SIDE + column];
      }
      expected[y * SIDE + x] =
          to_step ((gfloat) sum * (gfloat) (unit / (gfloat) scale));
    }
  }
  check (end (b, "conv"), input, expected, (gfloat) scale);
}

/* What adds up to the most, with @channels alike: weights of 127 and steps of
 * 255 in patterns by which sums of any taps are largest. So many outputs, all
 * alike and joined in the end, fill one vector of 16 and half of another. */
#define N_ALIKE 24

static void
test_largest (gconstpointer data)
{
  /* of steps by row and column; weights with signs of their own */
  static const gchar *const patterns[] = { "111111", "100100", "010001",
    "101010", "110011", "011010" };
  static const gint signs[][9] = { { 1, 1, 1, 1, 1, 1, 1, 1, 1 },
    { 1, -1, 1, -1, 1, -1, 1, -1, 1 }, { 1, 1, 1, 1, 1, 1, -1, -1, -1 },
    { -1, 1, 1, -1, 1, 1, -1, 1, 1 } };
  const gint channels = GPOINTER_TO_INT (data);
  const gfloat scale = (gfloat) (9 * channels * STEP);

  for (guint k = 0; k < G_N_ELEMENTS (patterns) * G_N_ELEMENTS (signs); k++) {
    const gchar *pattern = patterns[k / G_N_ELEMENTS (signs)];
    const gint *sign = signs[k % G_N_ELEMENTS (signs)];
    NucsegBuilder *b = begin (7);
    gfloat input[N], *weight;
    g_autofree gint *expected = g_new (gint, N);
    gsize n;

    for (gint i = 0; i < N; i++)
      input[i] =
          pattern[i / SIDE % 6] == pattern[i % SIDE % 6] ? 255 * STEP : 0;
    nucseg_builder_conv (b, "wide", "first", channels,
        &(NucsegBuilderConv){ .activation = "relu" });
    weight = nucseg_builder_get_tensor (b, "wide.weight", &n);
    for (gsize i = 0; i < n; i++)
      weight[i] = 1;
    nucseg_builder_set_scale (b, scale);
    nucseg_builder_conv (b, "conv", "wide", N_ALIKE,
        &(NucsegBuilderConv){
            .kernel = 3, .padding = 1, .activation = "relu" });
    weight = nucseg_builder_get_tensor (b, "conv.weight", &n);
    for (gsize i = 0; i < n; i++)
      weight[i] = sign[i % 9];
    nucseg_builder_conv (
        b, "mean", "conv", 1, &(NucsegBuilderConv){ .activation = "relu" });
    weight = nucseg_builder_get_tensor (b, "mean.weight", &n);
    for (gsize i = 0; i < n; i++)
      weight[i] = 1.0f / N_ALIKE;
    for (gint y = 0; y < SIDE; y++) {
      for (gint x = 0; x < SIDE; x++) {
        gdouble sum = 0;

        for (gint t = 0; t < 9; t++) {
          const gint row = y + t / 3 - 1, column = x + t % 3 - 1;

          if (row >= 0 && row < SIDE && column >= 0 && column < SIDE)
            sum += sign[t] * input[row * SIDE + column];
        }
        expected[y * SIDE + x] = to_step (channels * sum / scale);
      }
    }
    check (end (b, "mean"), input, expected, scale);
  }
}

/* A bias next to which the weights are nothing. */
static void
test_large_bias (void)
{
  guint8 steps[N];
  gfloat input[N];
  g_autofree gint *expected = g_new (gint, N);
  NucsegBuilder *b = begin (3);

  fill (3, steps, input);
  nucseg_builder_set_scale (b, 0.5);
  nucseg_builder_conv (b, "conv", "first", 1,
      &(NucsegBuilderConv){ .bias = TRUE, .activation = "relu" });
  *nucseg_builder_get_tensor (b, "conv.weight", NULL) = 1e-20f;
  *nucseg_builder_get_tensor (b, "conv.bias", NULL) = 50.1f;
  for (gint i = 0; i < N; i++)
    expected[i] = 100;
  check (end (b, "conv"), input, expected, 0.5);
}

/* Steps into each activation, by channels in one group, in some, and each by
 * itself; f32 behind the sums leaves little room. */
static void
test_activations (void)
{
  static const gint groups[] = { 1, 2, 4, -1 };
  static const gchar *const activations[] = { NULL, "relu", "sigmoid" };

  for (guint k = 0; k < 2 * G_N_ELEMENTS (groups) * G_N_ELEMENTS (activations);
       k++) {
    const gint in_groups = groups[k / 2 % G_N_ELEMENTS (groups)];
    NucsegBuilder *b = begin (8 + k);
    g_autofree gfloat *expected = g_new (gfloat, N);
    g_autofree gfloat *found = g_new (gfloat, N);
    NucsegModel *model;
    guint8 steps[N];
    gfloat input[N];

    fill (8 + k, steps, input);
    nucseg_builder_conv (b, "wide", "first", 16,
        &(NucsegBuilderConv){ .bias = TRUE, .activation = "relu" });
    nucseg_builder_set_scale (b, 0);
    nucseg_builder_conv (b, "conv", "wide", 16,
        &(NucsegBuilderConv){ .kernel = 3,
            .padding = 1,
            .groups = in_groups,
            .bias = k % 2,
            .activation = activations[k / 2 / G_N_ELEMENTS (groups)] });
    model = end (b, "conv");
    if (!parity_supports (model, NUCSEG_PRECISION_INT8)) {
      g_test_skip ("the back end has no such precision here");
      nucseg_model_unref (model);
      return;
    }
    run (parity_backend (), model, input, found);
    run (parity_reference (), model, input, expected);
    for (gint i = 0; i < N; i++)
      g_assert_cmpfloat_with_epsilon (found[i], expected[i], 2e-5);
    nucseg_model_unref (model);
  }
}

static void
test_bilinear (void)
{
  guint8 steps[N];
  gfloat input[N];
  g_autofree gint *expected = g_new (gint, N);
  NucsegBuilder *b = begin (4);

  fill (4, steps, input);
  nucseg_builder_max_pool (b, "pool", "first", 2, 2);
  nucseg_builder_upsample (b, "up", "pool", "bilinear");
  for (gint y = 0; y < SIDE; y++) {
    for (gint x = 0; x < SIDE; x++) {
      const gint half = SIDE / 2;
      const gint rows[2] = { y / 2,
        CLAMP (y / 2 + (y % 2 ? 1 : -1), 0, half - 1) };
      const gint columns[2] = { x / 2,
        CLAMP (x / 2 + (x % 2 ? 1 : -1), 0, half - 1) };
      gint sum = 8;

      for (gint k = 0; k < 4; k++) {
        const guint8 *p = steps + 2 * rows[k / 2] * SIDE + 2 * columns[k % 2];

        sum += (k / 2 ? 1 : 3) * (k % 2 ? 1 : 3)
            * MAX (MAX (p[0], p[1]), MAX (p[SIDE], p[SIDE + 1]));
      }
      expected[y * SIDE + x] = sum / 16;
    }
  }
  check (end (b, "up"), input, expected, STEP);
}

/* A channel weight of 1.5, into steps of twice the size. */
static void
test_product (void)
{
  guint8 steps[N];
  gfloat input[N];
  g_autofree gint *expected = g_new (gint, N);
  NucsegBuilder *b = begin (5);

  fill (5, steps, input);
  nucseg_builder_set_scale (b, 0);
  nucseg_builder_avg_pool (b, "mean", "first", 1, 1);
  nucseg_builder_conv (
      b, "weight", "mean", 1, &(NucsegBuilderConv){ .bias = TRUE });
  *nucseg_builder_get_tensor (b, "weight.weight", NULL) = 0;
  *nucseg_builder_get_tensor (b, "weight.bias", NULL) = 1.5f;
  nucseg_builder_set_scale (b, STEP * 2);
  nucseg_builder_mul (b, "product", "first", "weight");
  for (gint i = 0; i < N; i++)
    expected[i] = to_step (steps[i] * 0.75);
  check (end (b, "product"), input, expected, STEP * 2);
}

/* The mean of steps, by its effect on a product without a scale. */
static void
test_average (void)
{
  guint8 steps[N];
  gfloat input[N];
  g_autofree gfloat *maps = g_new (gfloat, N);
  NucsegBuilder *b = begin (6);
  g_autoptr (NucsegModel) model = NULL;
  gdouble mean = 0;

  fill (6, steps, input);
  nucseg_builder_set_scale (b, 0);
  nucseg_builder_avg_pool (b, "mean", "first", 1, 1);
  nucseg_builder_mul (b, "product", "first", "mean");
  model = end (b, "product");
  if (!parity_supports (model, NUCSEG_PRECISION_INT8)) {
    g_test_skip ("the back end has no such precision here");
    return;
  }
  for (gint i = 0; i < N; i++)
    mean += steps[i] * STEP / N;
  run (parity_backend (), model, input, maps);
  for (gint i = 0; i < N; i++)
    g_assert_cmpfloat_with_epsilon (maps[i], steps[i] * STEP * mean, 1e-6);
}

/* A model without scales has no int8, in any back end. */
static void
test_no_scales (void)
{
  g_autoptr (NucsegModel) model = parity_plain_model (8, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (
      parity_backend ()->supports (model, NUCSEG_PRECISION_INT8, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "int8"));
  g_assert_cmpint (
      parity_backend ()->best_precision (model), !=, NUCSEG_PRECISION_INT8);
}

/* Where nothing is asked for, the CPU runs a model that has scales in int8 if
 * it can: with AVX2 at least. */
static void
test_auto (void)
{
  g_autoptr (NucsegModel) model = end (begin (7), "first");
  const gboolean may = parity_supports (model, NUCSEG_PRECISION_INT8);

  if (!g_str_equal (parity_backend ()->name, "onednn")) {
    g_test_skip ("the back end's own choice is another");
    return;
  }
#ifdef __x86_64__
  if (__builtin_cpu_supports ("avx2") && !g_getenv ("NUCSEG_CPU_KERNELS")
      && !g_getenv ("ONEDNN_MAX_CPU_ISA"))
    g_assert_true (may);
#endif
  g_assert_cmpint (
      parity_backend ()->best_precision (model) == NUCSEG_PRECISION_INT8, ==,
      may);
}

static void
add (void)
{
  g_test_add_func ("/parity/int8/first", test_first);
  g_test_add_func ("/parity/int8/conv", test_conv);
  /* 115: the most whose sums 26 bits hold for certain */
  g_test_add_data_func (
      "/parity/int8/largest-64", GINT_TO_POINTER (64), test_largest);
  g_test_add_data_func (
      "/parity/int8/largest-115", GINT_TO_POINTER (115), test_largest);
  g_test_add_data_func (
      "/parity/int8/largest-116", GINT_TO_POINTER (116), test_largest);
  g_test_add_func ("/parity/int8/large-bias", test_large_bias);
  g_test_add_func ("/parity/int8/activations", test_activations);
  g_test_add_func ("/parity/int8/bilinear", test_bilinear);
  g_test_add_func ("/parity/int8/product", test_product);
  g_test_add_func ("/parity/int8/average", test_average);
  g_test_add_func ("/parity/int8/no-scales", test_no_scales);
  g_test_add_func ("/parity/int8/auto", test_auto);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
