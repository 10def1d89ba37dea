/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prepare: raw frames of every format, depth, alignment and stride, at many
 * scales, normalisations, smoothings and polarities. Limits and polarity have
 * to be equal, the network's input close.
 */
#include "tests/parity/parity.h"
#include "tests/parity/pictures.h"

#include <string.h>

#define CASES 24 /* of each format */

typedef struct {
  NucsegFormat format;
  gint width, height, padding, multiple;
  guint bits;
  gboolean msb_aligned, dark;
  gdouble scale, smoothing;
  const gchar *method, *trained;
  NucsegParams params;
} Setup;

static const gchar *
choose (NucsegRandom *random, const gchar *const *list, guint n)
{
  return list[nucseg_random_below (random, n)];
}

static Setup
draw_setup (NucsegFormat format, NucsegRandom *random)
{
  static const gchar *const methods[] = {
    "\"percentile\", \"low\": 1, \"high\": 99.8",
    "\"percentile\", \"low\": 0, \"high\": 100",
    "\"percentile\", \"low\": 10, \"high\": 60", "\"minmax\"", "\"none\"",
    "\"equalize\""
  };
  static const gchar *const trained[] = { "bright", "dark", "both" };
  static const gdouble scales[] = { 1, 1, 1, 0.5, 0.25, 0.3, 0.77, 1.3, 1.7, 2,
    3.1 };
  static const gdouble smoothings[] = { 0, 0, 0.5, 1, 2.2 };
  static const gint multiples[] = { 1, 8, 16, 32 };
  Setup s = { .format = format, .params = NUCSEG_PARAMS_INIT };

  s.width = 16 + nucseg_random_below (random, 90);
  s.height = 16 + nucseg_random_below (random, 70);
  s.padding = 2 * nucseg_random_below (random, 20);
  s.multiple = multiples[nucseg_random_below (random, 4)];
  s.bits = 8 + nucseg_random_below (random, 9);
  s.msb_aligned = nucseg_random_below (random, 2);
  s.dark = nucseg_random_below (random, 2);
  s.scale = scales[nucseg_random_below (random, G_N_ELEMENTS (scales))];
  s.smoothing =
      smoothings[nucseg_random_below (random, G_N_ELEMENTS (smoothings))];
  s.method = choose (random, methods, G_N_ELEMENTS (methods));
  s.trained = choose (random, trained, G_N_ELEMENTS (trained));
  s.params.polarity = nucseg_random_below (random, 3);
  if (nucseg_random_below (random, 4) == 0) {
    s.params.normalization = NUCSEG_NORMALIZATION_FIXED;
    s.params.black_level = nucseg_random_below (random, 40);
    s.params.white_level =
        s.params.black_level + 10 + nucseg_random_below (random, 300);
  }
  return s;
}

/* Prepares @picture; returns the network's input. */
static gfloat *
prepare (const NucsegBackend *backend, NucsegModel *model, const Setup *s,
    NucsegPrecision precision, const ParityPicture *picture,
    NucsegGeometry *geometry, NucsegResult *result)
{
  g_autoptr (GError) error = NULL;
  NucsegPlan *plan = parity_plan_new (
      backend, model, s->width, s->height, s->scale, precision, geometry);
  gfloat *input;

  if (plan == NULL)
    return NULL;
  input = g_new0 (gfloat, (gsize) geometry->pad_width * geometry->pad_height);
  backend->prepare (plan, &picture->frame, &s->params, result, &error);
  g_assert_no_error (error);
  backend->read_input (plan, input, &error);
  g_assert_no_error (error);
  backend->plan_free (plan);
  return input;
}

static void
check (const Setup *s, guint64 seed, NucsegPrecision precision,
    NucsegModel *model, const ParityPicture *picture,
    const ParityPicture *other_stride)
{
  NucsegResult expected_result = { 0 }, result = { 0 }, other_result = { 0 };
  NucsegGeometry g;
  g_autofree gfloat *expected = prepare (parity_reference (), model, s,
      NUCSEG_PRECISION_F32, picture, &g, &expected_result);
  g_autofree gfloat *actual =
      prepare (parity_backend (), model, s, precision, picture, &g, &result);
  g_autofree gfloat *other = prepare (
      parity_backend (), model, s, precision, other_stride, &g, &other_result);
  g_autofree gchar *what = g_strdup_printf (
      "%s %s %dx%d, %d bytes of padding, %u bits%s, scale %g, smoothing %g, "
      "method %s, trained %s, polarity %d, normalization %d (%u..%u)",
      nucseg_format_name (s->format), nucseg_precision_name (precision),
      s->width, s->height, s->padding, s->bits,
      s->msb_aligned ? " at the high end" : "", s->scale, s->smoothing,
      s->method, s->trained, s->params.polarity, s->params.normalization,
      s->params.black_level, s->params.white_level);

  if (expected == NULL || actual == NULL || other == NULL)
    return;
  if (expected_result.low != result.low || expected_result.high != result.high
      || expected_result.inverted != result.inverted) {
    g_test_message ("%s, seed %" G_GUINT64_FORMAT
                    ": expected low %u, high %u, inverted %d; found %u, %u, "
                    "%d; no tolerance",
        what, seed, expected_result.low, expected_result.high,
        expected_result.inverted, result.low, result.high, result.inverted);
    g_test_fail ();
  }
  parity_compare (what, seed, parity_input_limit (precision), expected, actual,
      NULL, g.pad_height, g.pad_width, 1);

  for (gint i = 0; i < g.pad_width * g.pad_height; i++)
    if (actual[i] != other[i]) {
      g_test_message ("%s, seed %" G_GUINT64_FORMAT
                      ": another stride gives %.9g instead of %.9g at row %d, "
                      "column %d",
          what, seed, other[i], actual[i], i / g.pad_width, i % g.pad_width);
      g_test_fail ();
      break;
    }
}

static void
test_format (gconstpointer data)
{
  NucsegFormat format = GPOINTER_TO_UINT (data);

  for (guint64 seed = 1; seed <= CASES && !g_test_failed (); seed++) {
    NucsegRandom random = { seed << 8 | format };
    Setup s = draw_setup (format, &random);
    g_autofree gchar *input = g_strdup_printf (
        "{\"color\": \"grey\", \"normalization\": {\"method\": %s, \"clip\": "
        "[-0.25, 1.5], \"min_range\": 0.01}, \"smoothing\": %g, "
        "\"polarity\": \"%s\"}",
        s.method, s.smoothing, s.trained);
    NucsegModel *model = parity_plain_model (s.multiple, input, NULL);
    g_autoptr (ParityPicture) picture = parity_picture_new (
        s.format, s.width, s.height, s.padding, s.bits, s.msb_aligned);
    g_autoptr (ParityPicture) other = parity_picture_new (
        s.format, s.width, s.height, s.padding + 6, s.bits, s.msb_aligned);
    NucsegRandom again;

    again = random;
    parity_picture_fill (picture, &random, s.dark);
    parity_picture_fill (other, &again, s.dark);
    check (&s, seed, NUCSEG_PRECISION_F32, model, picture, other);
    if (parity_supports (model, NUCSEG_PRECISION_BF16))
      check (&s, seed, NUCSEG_PRECISION_BF16, model, picture, other);
    if (parity_supports (model, NUCSEG_PRECISION_F16))
      check (&s, seed, NUCSEG_PRECISION_F16, model, picture, other);
    nucseg_model_unref (model);
  }
}

/* A plan serves frames that differ in everything but size. */
static void
test_one_plan (void)
{
  const NucsegBackend *backends[2] = { parity_reference (), parity_backend () };
  NucsegModel *model = parity_plain_model (16, NULL, NULL);
  NucsegPlan *plans[2];
  NucsegGeometry g;
  gfloat *inputs[2];

  for (gint i = 0; i < 2; i++) {
    plans[i] = parity_plan_new (
        backends[i], model, 61, 45, 1, NUCSEG_PRECISION_F32, &g);
    g_assert_nonnull (plans[i]);
    inputs[i] = g_new0 (gfloat, (gsize) g.pad_width * g.pad_height);
  }
  for (guint round = 0; round < 4 * NUCSEG_FORMAT_LAST; round++) {
    NucsegRandom random = { round };
    g_autoptr (ParityPicture) picture = parity_picture_new (
        round % NUCSEG_FORMAT_LAST, 61, 45, 2, 8 + round % 9, round % 2);
    NucsegParams params = NUCSEG_PARAMS_INIT;

    parity_picture_fill (picture, &random, round % 3 == 0);
    for (gint i = 0; i < 2; i++) {
      g_autoptr (GError) error = NULL;
      NucsegResult result = { 0 };

      backends[i]->prepare (
          plans[i], &picture->frame, &params, &result, &error);
      g_assert_no_error (error);
      backends[i]->read_input (plans[i], inputs[i], &error);
      g_assert_no_error (error);
    }
    parity_compare (nucseg_format_name (picture->frame.format), round,
        PARITY_PREPARE_F32, inputs[0], inputs[1], NULL, g.pad_height,
        g.pad_width, 1);
  }
  for (gint i = 0; i < 2; i++) {
    backends[i]->plan_free (plans[i]);
    g_free (inputs[i]);
  }
  nucseg_model_unref (model);
}

/* The white level has to be above the black one. */
static void
test_levels_refused (void)
{
  NucsegModel *model = parity_plain_model (1, NULL, NULL);
  g_autoptr (ParityPicture) picture =
      parity_picture_new (NUCSEG_FORMAT_GRAY8, 16, 16, 0, 8, FALSE);
  g_autoptr (GError) error = NULL;
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      parity_backend (), model, 16, 16, 1, NUCSEG_PRECISION_F32, &geometry);

  g_assert_nonnull (plan);
  params.normalization = NUCSEG_NORMALIZATION_FIXED;
  params.black_level = params.white_level = 100;
  g_assert_false (parity_backend ()->prepare (
      plan, &picture->frame, &params, &result, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
  g_assert_nonnull (strstr (error->message, "100"));
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

static void
add (void)
{
  for (guint i = 0; i < NUCSEG_FORMAT_LAST; i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/parity/prepare/%s", nucseg_format_name (i));

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_format);
  }
  g_test_add_func ("/parity/prepare/one-plan", test_one_plan);
  g_test_add_func ("/parity/prepare/levels-refused", test_levels_refused);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
