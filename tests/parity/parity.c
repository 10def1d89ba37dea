/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parity.c: see parity.h. Holds the one table of tolerances.
 */
#include "tests/parity/parity.h"

#include <math.h>
#include <string.h>

static const NucsegBackend *reference, *tested;

/* eps is 2^-24, half a step of f32 at 1; half a step of bf16 is 2^-8, of f16
 * 2^-11. */
const ParityTolerance parity_tolerances[PARITY_LAST] = {
  [PARITY_OPERATION_F32] = { "one operation, f32", 16 * 0x1p-24, 1e-6,
      "sums of n <= 1000 products in another order differ by some sqrt (n) / 2 "
      "eps of the sum of their absolute values (the magnitude); a sigmoid by a "
      "polynomial: 1e-6" },
  [PARITY_OPERATION_BF16] = { "one operation, bf16", 0x1p-8, 1e-5,
      "a sum near the middle between two bf16 values may be rounded to "
      "either: 2^-7 of a value in single elements of the tensors between, "
      "which are each a part of the sum of absolute products (the "
      "magnitude)" },
  [PARITY_OPERATION_F16] = { "one operation, f16", 0x1p-11, 1e-5,
      "as in bf16, with 2^-10 of a value for 2^-7" },
  [PARITY_OPERATION_INT8] = { "one operation, int8", 0x1p-8, 1e-5,
      "an f32 sum near the middle between two steps may be rounded to either: "
      "one step of 255 in single elements, which are each a part of the sum of "
      "absolute products (the magnitude); between integers nothing differs "
      "(parity/int8)" },
  [PARITY_NETWORK_F32] = { "whole network, f32", 1e-5, 1e-6,
      "the rounding of some forty layers, relative to the largest value of a "
      "map (the magnitude)" },
  [PARITY_NETWORK_BF16] = { "whole network, bf16", 0.03, 1e-3,
      "roundings to the other side, 2^-7 of a value each, in some forty "
      "layers, relative to the largest value of a map (the magnitude)" },
  [PARITY_NETWORK_F16] = { "whole network, f16", 0.03 / 8, 1e-3 / 8,
      "as in bf16, with 2^-10 of a value each: an eighth" },
  [PARITY_NETWORK_INT8] = { "whole network, int8", 0.01, 1e-3,
      "single steps more or less where f32 becomes steps (the first "
      "convolution, products with channel weights), carried through some forty "
      "layers, relative to the largest value of a map (the magnitude)" },
  [PARITY_PREPARE_F32] = { "prepare, f32", 8 * 0x1p-24, 2e-5,
      "the map as one multiply-add loses low / (high - low) eps, which "
      "min_range keeps below 100 eps, on either side of an inversion" },
  [PARITY_PREPARE_BF16] = { "prepare, bf16", 0x1p-8, 2e-5,
      "the input may be held in bf16: half a step, besides the f32 error" },
  [PARITY_PREPARE_F16] = { "prepare, f16", 0x1p-11, 2e-5,
      "the input may be held in f16: half a step, besides the f32 error" },
  [PARITY_VECTOR_NETWORK] = { "network against PyTorch", 1e-5, 1e-6,
      "PyTorch sums in f32 in an order of its own and the batch norms are "
      "folded; relative to the largest value of a map (the magnitude)" },
  [PARITY_VECTOR_SHIPPED] = { "shipped model against ONNX Runtime", 0, 1e-3,
      "f32 sums in another order through some fifty layers of up to 2,000 "
      "products; a thousandth of a logit moves a probability by 0.03 %" },
  [PARITY_VECTOR_PREPARE] = { "prepare against numpy", 0, 1e-5,
      "the tolerance that the vectors were written for" },
};

ParityLimit
parity_maps_limit (NucsegPrecision precision, gboolean whole)
{
  switch (precision) {
  case NUCSEG_PRECISION_F32:
    return whole ? PARITY_NETWORK_F32 : PARITY_OPERATION_F32;
  case NUCSEG_PRECISION_BF16:
    return whole ? PARITY_NETWORK_BF16 : PARITY_OPERATION_BF16;
  case NUCSEG_PRECISION_F16:
    return whole ? PARITY_NETWORK_F16 : PARITY_OPERATION_F16;
  default:
    return whole ? PARITY_NETWORK_INT8 : PARITY_OPERATION_INT8;
  }
}

ParityLimit
parity_input_limit (NucsegPrecision precision)
{
  return precision == NUCSEG_PRECISION_BF16 ? PARITY_PREPARE_BF16
      : precision == NUCSEG_PRECISION_F16   ? PARITY_PREPARE_F16
                                            : PARITY_PREPARE_F32;
}

gfloat
parity_uniform (NucsegRandom *random, gfloat low, gfloat high)
{
  return low + (high - low) * (nucseg_random_float (random) + 1) / 2;
}

gfloat
parity_normal (NucsegRandom *random)
{
  gfloat sum = 0;

  for (gint i = 0; i < 12; i++)
    sum += parity_uniform (random, -0.5f, 0.5f);
  return sum;
}

gboolean
parity_compare (const gchar *what, guint64 seed, ParityLimit limit,
    const gfloat *expected, const gfloat *actual, const gfloat *magnitude,
    gint height, gint width, gint channels)
{
  const ParityTolerance *t = &parity_tolerances[limit];
  gsize n = (gsize) height * width * channels, n_bad = 0, first = 0;
  gdouble worst = 0, first_allowed = 0;

  for (gsize i = 0; i < n; i++) {
    gdouble m = magnitude ? magnitude[i] : fabs ((gdouble) expected[i]);
    gdouble allowed = t->relative * m + t->absolute;
    gdouble difference = fabs ((gdouble) actual[i] - expected[i]);

    if (difference <= allowed) {
      worst = MAX (worst, difference / allowed);
      continue;
    }
    if (n_bad++ == 0) {
      first = i;
      first_allowed = allowed;
    }
  }
  if (n_bad == 0) {
    g_test_message (
        "%s: at most %.3g of the tolerance (%s)", what, worst, t->name);
    return TRUE;
  }

  g_test_message ("%s, seed %" G_GUINT64_FORMAT ": %" G_GSIZE_FORMAT
                  " of %" G_GSIZE_FORMAT
                  " elements differ, first at row %d, column %d, channel %d: "
                  "expected %.9g, found %.9g, tolerance %.3g (%s: %s)",
      what, seed, n_bad, n, (gint) (first / channels / width),
      (gint) (first / channels % width), (gint) (first % channels),
      expected[first], actual[first], first_allowed, t->name, t->reason);
  g_test_fail ();
  return FALSE;
}

gfloat *
parity_largest_of_maps (const gfloat *maps, gsize n, gint channels)
{
  g_autofree gfloat *largest = g_new0 (gfloat, channels);
  gfloat *magnitude = g_new (gfloat, n * channels);

  for (gsize i = 0; i < n * channels; i++)
    largest[i % channels] = MAX (largest[i % channels], fabsf (maps[i]));
  for (gsize i = 0; i < n * channels; i++)
    magnitude[i] = largest[i % channels];
  return magnitude;
}

const NucsegBackend *
parity_reference (void)
{
  return reference;
}

const NucsegBackend *
parity_backend (void)
{
  return tested;
}

guint parity_threads = 2;

NucsegPlan *
parity_plan_new (const NucsegBackend *backend, NucsegModel *model,
    gint frame_width, gint frame_height, gdouble scale,
    NucsegPrecision precision, NucsegGeometry *geometry)
{
  g_autoptr (GError) error = NULL;
  NucsegPlanOptions options = { model, { 0 }, precision, parity_threads };
  gint multiple = nucseg_model_get_graph (model)->multiple;
  NucsegPlan *plan;

  geometry->frame_width = frame_width;
  geometry->frame_height = frame_height;
  geometry->scale = scale;
  geometry->net_width = MAX (1, (gint) lround (frame_width * scale));
  geometry->net_height = MAX (1, (gint) lround (frame_height * scale));
  geometry->pad_width =
      (geometry->net_width + multiple - 1) / multiple * multiple;
  geometry->pad_height =
      (geometry->net_height + multiple - 1) / multiple * multiple;
  options.geometry = *geometry;
  plan = backend->plan_new (&options, &error);
  if (plan == NULL) {
    g_test_message ("%s: no plan for %dx%d at %g: %s", backend->name,
        frame_width, frame_height, scale, error->message);
    g_test_fail ();
  }
  return plan;
}

void
parity_run_network (const NucsegBackend *backend, NucsegPlan *plan,
    const gfloat *input, gfloat *maps)
{
  g_autoptr (GError) error = NULL;

  backend->write_input (plan, input, &error);
  g_assert_no_error (error);
  backend->network (plan, &error);
  g_assert_no_error (error);
  if (maps == NULL)
    return;
  backend->read_maps (plan, maps, &error);
  g_assert_no_error (error);
}

gboolean
parity_supports (NucsegModel *model, NucsegPrecision precision)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (reference->supports (model, precision, NULL));
  if (tested->supports (model, precision, &error))
    return TRUE;
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_cmpint (precision, !=, NUCSEG_PRECISION_F32);
  return FALSE;
}

NucsegModel *
parity_model (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  NucsegModel *model = nucseg_model_new_from_bytes (bytes, "parity", &error);

  if (model == NULL)
    g_error ("the test's own model is refused: %s", error->message);
  g_bytes_unref (bytes);
  return model;
}

NucsegModel *
parity_plain_model (gint multiple, const gchar *input, const gchar *output)
{
  NucsegBuilder *b = nucseg_builder_new (1, multiple);
  gboolean three = output != NULL && strstr (output, "offset_y") != NULL;

  nucseg_builder_conv (
      b, "maps", "input", three ? 3 : 1, &(NucsegBuilderConv){ .bias = TRUE });
  nucseg_builder_set (b, "input", input ? input : NUCSEG_BUILDER_INPUT);
  nucseg_builder_set (b, "output", output ? output : NUCSEG_BUILDER_OUTPUT1);
  return parity_model (nucseg_builder_end (b, "maps", 0));
}

gboolean
parity_offers (NucsegPrecision precision)
{
  NucsegModel *model;
  gboolean offers;

  if (precision != NUCSEG_PRECISION_F16)
    return TRUE;
  model = parity_plain_model (16, NULL, NULL);
  offers = parity_supports (model, precision);
  nucseg_model_unref (model);
  return offers;
}

static gboolean
is_required (const gchar *name)
{
  const gchar *list = g_getenv ("NUCSEG_REQUIRE");
  g_auto (GStrv) names = g_strsplit (list ? list : "", ",", -1);

  return g_strv_contains ((const gchar *const *) names, name);
}

gint
parity_main (gint argc, gchar **argv, void (*add) (void))
{
  const gchar *name = argc > 1 && argv[1][0] != '-' ? argv[1] : "reference";
  g_autoptr (GError) error = NULL;
  NucsegPinned *pinned;
  gint status;

  reference = nucseg_backend_find ("reference", &error);
  if (reference == NULL) {
    g_printerr ("no reference back end: %s\n", error->message);
    return 1;
  }
  tested = nucseg_backend_find (name, &error);
  if (tested == NULL) {
    if (!g_error_matches (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE)
        || is_required (name)) {
      g_printerr ("back end '%s': %s\n", name, error->message);
      return 1;
    }
    /* meson shows a TAP plan without tests as skipped */
    g_print (
        "1..0 # SKIP back end '%s' is not here: %s\n", name, error->message);
    return 0;
  }

  g_test_init (&argc, &argv, NULL);
  add ();
  /* Without it a GPU's context ends with each test and begins with the next,
   * which takes longer than the tests. */
  pinned = nucseg_pinned_is_supported (name)
      ? nucseg_pinned_new (name, 1, &error)
      : NULL;
  g_assert_no_error (error);
  status = g_test_run ();
  nucseg_pinned_free (pinned);
  return status;
}
