/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * f16: what tensors, weights and products are rounded to is what
 * docs/model-format.md says, worked out here once more from an f16's bits, and
 * the same in every back end to the bit: the sums are of one product or two,
 * exact in f32.
 */
#include "tests/parity/parity.h"

#include <math.h>

#define SIDE 24
#define N (SIDE * SIDE)
#define CHANNELS 8 /* as cuDNN's convolutions have, where there are some */
#define MOST 65504.0f

/* The value of @bits, as IEEE 754 has it. */
static gdouble
value_of (guint bits)
{
  const gint exponent = (gint) (bits >> 10 & 31), mantissa = bits & 1023;

  return exponent == 0 ? ldexp (mantissa, -24)
                       : ldexp (1024 + mantissa, exponent - 25);
}

/* Whether a model has it here; else @model is gone and the test skipped. */
static gboolean
is_supported (NucsegModel *model)
{
  if (parity_supports (model, NUCSEG_PRECISION_F16))
    return TRUE;
  g_test_skip ("the back end has no such precision here");
  nucseg_model_unref (model);
  return FALSE;
}

/* The map at each pixel, of @input; the model is gone then. */
static void
check (NucsegModel *model, const gfloat *input, const gfloat *expected)
{
  const NucsegBackend *backend = parity_backend ();
  g_autofree gfloat *maps = g_new (gfloat, N);
  NucsegGeometry geometry;
  NucsegPlan *plan;

  if (!is_supported (model))
    return;
  plan = parity_plan_new (
      backend, model, SIDE, SIDE, 1, NUCSEG_PRECISION_F16, &geometry);
  g_assert_nonnull (plan);
  parity_run_network (backend, plan, input, maps);
  for (gint i = 0; i < N; i++) {
    if (maps[i] != expected[i])
      g_error ("input %.9g: found %.9g, expected %.9g", input[i], maps[i],
          expected[i]);
  }
  backend->plan_free (plan);
  nucseg_model_unref (model);
}

static void
set_all (NucsegBuilder *b, const gchar *name, gfloat value)
{
  gsize n;
  gfloat *values = nucseg_builder_get_tensor (b, name, &n);

  for (gsize i = 0; i < n; i++)
    values[i] = value;
}

/* A 1x1 convolution by which output channel c is @weight x input channel c of
 * @n; of a single input each output is. */
static void
add_conv (NucsegBuilder *b, const gchar *name, const gchar *input, gint n,
    gint channels, gfloat weight, gboolean bias, const gchar *activation)
{
  g_autofree gchar *tensor = g_strconcat (name, ".weight", NULL);
  gfloat *values;

  nucseg_builder_conv (b, name, input, channels,
      &(NucsegBuilderConv){ .bias = bias, .activation = activation });
  set_all (b, tensor, 0);
  values = nucseg_builder_get_tensor (b, tensor, NULL);
  for (gint c = 0; c < channels; c++)
    values[n == 1 ? c : c * n + c] = weight;
}

/* "x": the input in all channels. */
static NucsegBuilder *
begin (void)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);

  add_conv (b, "x", "input", 1, CHANNELS, 1, FALSE, NULL);
  return b;
}

/* The first channel of @last times @factor, which f16 holds. */
static NucsegModel *
end (NucsegBuilder *b, const gchar *last, gfloat factor)
{
  add_conv (b, "maps", last, CHANNELS, 1, factor, FALSE, NULL);
  return parity_model (nucseg_builder_end (b, "maps", 0));
}

/* Values of f16 and those between them, of either sign; what is beyond the
 * largest; numbers below 2^-14, whose steps are all 2^-24. */
static void
test_values (void)
{
  g_autofree gfloat *input = g_new (gfloat, N), *expected = g_new (gfloat, N);
  const gfloat beyond[] = { 65504, 65519, 65520, 65536, 1e6f, 1e30f, INFINITY };

  /* some of each exponent, and of the ends */
  for (guint i = 0; i < N; i++) {
    const guint ends[] = { 0, 1, 0x3fe, 0x3ff, 0x400, 0x7bfe };
    const guint bits =
        i / 4 < G_N_ELEMENTS (ends) ? ends[i / 4] : i / 4 * 219 % 0x7bff;
    const gdouble low = value_of (bits), high = value_of (bits + 1);
    const gfloat middle = (gfloat) ((low + high) / 2);
    gdouble value = 0, rounded = 0;

    switch (i % 4) {
    case 0:
      value = rounded = low;
      break;
    case 1: /* to the even one */
      value = middle;
      rounded = bits % 2 == 0 ? low : high;
      break;
    case 2:
      value = nextafterf (middle, 0);
      rounded = low;
      break;
    case 3:
      value = nextafterf (middle, INFINITY);
      rounded = high;
      break;
    }
    if (i / 4 % 2 == 1) {
      value = -value;
      rounded = -rounded;
    }
    input[i] = (gfloat) value;
    expected[i] = (gfloat) rounded;
  }
  for (guint i = 0; i < 2 * G_N_ELEMENTS (beyond); i++) {
    input[N - 1 - i] = i % 2 ? -beyond[i / 2] : beyond[i / 2];
    expected[N - 1 - i] = i % 2 ? -MOST : MOST;
  }
  check (end (begin (), "x", 1), input, expected);
}

/* A sum is rounded once, its bias is f32. */
static void
test_sums (void)
{
  g_autofree gfloat *input = g_new (gfloat, N), *expected = g_new (gfloat, N);
  NucsegBuilder *b = begin ();

  add_conv (b, "y", "x", CHANNELS, CHANNELS, 0.5f, TRUE, "relu");
  set_all (b, "y.bias", 1025.0f + 0x1p-12f); /* f16 would hold 1025 */
  for (gint i = 0; i < N; i++) {
    /* steps are 2 from 2048 on: the little that the bias has more decides */
    const gint sum = 1024 + i + 1025;

    input[i] = (gfloat) (2 * (1024 + i));
    expected[i] = (gfloat) (sum % 2 ? sum + 1 : sum);
  }
  check (end (b, "y", 1), input, expected);
}

/* Weights are rounded, of the last convolution too: it reads a rounded
 * tensor. */
static void
test_weights (void)
{
  static const struct {
    gfloat weight, rounded;
  } cases[] = {
    { 1 + 0x1p-11f, 1 },
    { 1 + 0x1p-11f + 0x1p-20f, 1 + 0x1p-10f },
    { -1 - 3 * 0x1p-11f, -1 - 0x1p-9f },
    { 3 * 0x1p-26f, 0x1p-24f },
    { 0x1p-25f, 0 },
    { -1e6f, -MOST },
  };
  g_autofree gfloat *input = g_new (gfloat, N), *expected = g_new (gfloat, N);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    NucsegBuilder *b = begin ();

    for (gint k = 0; k < N; k++) {
      input[k] = k % 2 ? 1 : -1;
      expected[k] = input[k] * cases[i].rounded;
    }
    add_conv (b, "y", "x", CHANNELS, CHANNELS, cases[i].weight, FALSE, NULL);
    check (end (b, "y", 1), input, expected);
    check (end (begin (), "x", cases[i].weight), input, expected);
  }
}

/* What a convolution makes beyond the largest value becomes that: nothing
 * behind it meets an infinity. */
static void
test_beyond (void)
{
  static const gchar *const activations[] = { NULL, "relu" };
  g_autofree gfloat *input = g_new (gfloat, N), *expected = g_new (gfloat, N);

  for (guint i = 0; i < G_N_ELEMENTS (activations); i++) {
    NucsegBuilder *b = begin ();

    for (gint k = 0; k < N; k++) {
      const gfloat product = (gfloat) (k - N / 2) * 512;

      input[k] = (gfloat) (k - N / 2);
      expected[k] = CLAMP (product, i == 0 ? -MOST : 0, MOST) / 1024;
    }
    add_conv (b, "y", "x", CHANNELS, CHANNELS, 512, FALSE, activations[i]);
    add_conv (b, "z", "y", CHANNELS, CHANNELS, 0x1p-5f, FALSE, NULL);
    check (end (b, "z", 0x1p-5f), input, expected);
  }
}

/* The same of a product with channel weights, and of a sum of tensors; before
 * a convolution and not. */
static void
test_products (void)
{
  g_autofree gfloat *input = g_new (gfloat, N), *expected = g_new (gfloat, N);

  for (gint k = 0; k < N; k++) {
    input[k] = (gfloat) (k - N / 2) * 128;
    expected[k] = CLAMP (2 * input[k], -MOST, MOST) / 1024;
  }
  for (guint i = 0; i < 4; i++) {
    NucsegBuilder *b = begin ();
    const gchar *last = "y";

    if (i < 2) {
      nucseg_builder_avg_pool (b, "mean", "x", 1, 1);
      add_conv (b, "one", "mean", CHANNELS, CHANNELS, 0, TRUE, "sigmoid");
      set_all (b, "one.bias", 100); /* whose sigmoid is 1 */
      nucseg_builder_add (b, "two", "one", "one", NULL);
      nucseg_builder_mul (b, "y", "x", "two");
    } else {
      nucseg_builder_add (b, "y", "x", "x", NULL);
    }
    if (i % 2 == 0) {
      add_conv (b, "z", "y", CHANNELS, CHANNELS, 1, FALSE, NULL);
      last = "z";
    }
    check (end (b, last, 0x1p-10f), input, expected);
  }
}

static void
add (void)
{
  g_test_add_func ("/parity/f16/values", test_values);
  g_test_add_func ("/parity/f16/sums", test_sums);
  g_test_add_func ("/parity/f16/weights", test_weights);
  g_test_add_func ("/parity/f16/beyond", test_beyond);
  g_test_add_func ("/parity/f16/products", test_products);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
