/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks: every single-operation case and whole attention U-Nets, in f32,
 * bf16, f16 and int8, through the real table: write_input, network, read_maps.
 */
#include "tests/parity/cases.h"
#include "tests/parity/parity.h"

#include <math.h>

typedef struct {
  const ParityCase *single; /* NULL: a whole network */
  gint width, height;
  gint widths[4];
  NucsegPrecision precision;
} Test;

static gfloat *
random_input (guint64 seed, gsize n, gboolean absolute)
{
  NucsegRandom random = { ~seed };
  gfloat *input = g_new (gfloat, n);

  for (gsize i = 0; i < n; i++) {
    input[i] = parity_uniform (&random, -1, 1);
    if (absolute)
      input[i] = fabsf (input[i]);
  }
  return input;
}

/* Runs @input, and before it its negative, so that what is left over of an
 * earlier frame shows. */
static gfloat *
run (const NucsegBackend *backend, NucsegModel *model, gint width, gint height,
    NucsegPrecision precision, const gfloat *input)
{
  gsize n = (gsize) width * height;
  g_autofree gfloat *negative = g_new (gfloat, n);
  NucsegGeometry geometry;
  NucsegPlan *plan =
      parity_plan_new (backend, model, width, height, 1, precision, &geometry);
  gfloat *maps;

  if (plan == NULL)
    return NULL;
  g_assert_cmpint (geometry.pad_width, ==, width);
  g_assert_cmpint (geometry.pad_height, ==, height);
  maps = g_new (gfloat, n * nucseg_model_get_output (model)->n_maps);
  for (gsize i = 0; i < n; i++)
    negative[i] = -input[i];

  parity_run_network (backend, plan, negative, NULL);
  parity_run_network (backend, plan, input, maps);
  backend->plan_free (plan);
  return maps;
}

static NucsegModel *
build (const Test *test, guint64 seed)
{
  const gboolean int8 = test->precision == NUCSEG_PRECISION_INT8;

  if (test->single)
    return int8 ? parity_case_build_int8 (test->single)
                : parity_case_build (test->single, FALSE);
  return int8 ? parity_unet_build_int8 (seed, test->widths)
              : parity_unet_build (seed, test->widths);
}

static void
test_single (const Test *test)
{
  const ParityCase *c = test->single;
  NucsegPrecision precision = test->precision;
  guint64 seed = parity_case_seed (c);
  gint width = c->width * c->block, height = c->height * c->block;
  gsize n = (gsize) width * height;
  NucsegModel *model = build (test, seed);
  NucsegModel *absolute = parity_case_build (c, TRUE);
  g_autofree gfloat *input = random_input (seed, n, FALSE);
  g_autofree gfloat *absolute_input = random_input (seed, n, TRUE);
  g_autofree gfloat *magnitude = run (parity_reference (), absolute, width,
      height, NUCSEG_PRECISION_F32, absolute_input);
  g_autofree gfloat *expected =
      run (parity_reference (), model, width, height, precision, input);
  g_autofree gfloat *actual =
      run (parity_backend (), model, width, height, precision, input);

  if (expected != NULL && actual != NULL)
    parity_compare (c->name, seed, parity_maps_limit (precision, FALSE),
        expected, actual, magnitude, height, width, 1);
  nucseg_model_unref (model);
  nucseg_model_unref (absolute);
}

static void
test_whole (const Test *test)
{
  guint64 seed = 77 + (guint64) test->width * test->height;
  gsize n = (gsize) test->width * test->height;
  NucsegModel *model = build (test, seed);
  g_autofree gfloat *input = random_input (seed, n, FALSE);
  g_autofree gfloat *expected = run (parity_reference (), model, test->width,
      test->height, test->precision, input);
  g_autofree gfloat *actual = run (parity_backend (), model, test->width,
      test->height, test->precision, input);

  if (expected != NULL && actual != NULL) {
    g_autofree gfloat *magnitude = parity_largest_of_maps (expected, n, 3);

    parity_compare ("U-Net", seed, parity_maps_limit (test->precision, TRUE),
        expected, actual, magnitude, test->height, test->width, 3);
    if (g_str_equal (parity_backend ()->name, "onednn")) {
      g_autofree gfloat *shared = NULL;

      /* more threads than some layers have work for */
      parity_threads = 7;
      shared = run (parity_backend (), model, test->width, test->height,
          test->precision, input);
      parity_threads = 2;
      g_assert_nonnull (shared);
      parity_compare ("U-Net, 7 threads", seed,
          parity_maps_limit (test->precision, TRUE), expected, shared,
          magnitude, test->height, test->width, 3);
    }
  }
  nucseg_model_unref (model);
}

static void
test_network (gconstpointer data)
{
  const Test *test = data;
  NucsegModel *model = build (test, 1);
  gboolean supported = parity_supports (model, test->precision);

  nucseg_model_unref (model);
  if (!supported)
    g_test_skip ("the back end has no such precision here");
  else if (test->precision == NUCSEG_PRECISION_F16 && test->width >= 160
      && g_str_equal (parity_backend ()->name, "cuda_emulated"))
    g_test_skip ("half a minute by the emulation, which bf16 has taken");
  else if (test->single)
    test_single (test);
  else
    test_whole (test);
}

static void
add (void)
{
  static const Test whole[] = {
    { NULL, 16, 16, { 16, 16, 32, 32 } },
    { NULL, 48, 32, { 16, 32, 64, 64 } },
    { NULL, 112, 80, { 16, 24, 32, 48 } },
    { NULL, 160, 144, { 24, 48, 96, 128 } },
    { NULL, 64, 96, { 5, 7, 11, 13 } },
  };
  static const NucsegPrecision precisions[] = { NUCSEG_PRECISION_F32,
    NUCSEG_PRECISION_BF16, NUCSEG_PRECISION_F16, NUCSEG_PRECISION_INT8 };

  for (guint p = 0; p < G_N_ELEMENTS (precisions); p++) {
    const gchar *name = nucseg_precision_name (precisions[p]);

    if (!parity_offers (precisions[p]))
      continue;
    for (guint i = 0; i < parity_n_cases + G_N_ELEMENTS (whole); i++) {
      g_autofree gchar *path = NULL;
      Test *test = g_new0 (Test, 1);

      if (i < parity_n_cases) {
        test->single = &parity_cases[i];
        path =
            g_strdup_printf ("/parity/network/%s/%s", name, test->single->name);
      } else {
        *test = whole[i - parity_n_cases];
        path = g_strdup_printf (
            "/parity/network/%s/unet-%dx%d", name, test->width, test->height);
      }
      test->precision = precisions[p];
      g_test_add_data_func_full (path, test, test_network, g_free);
    }
  }
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
