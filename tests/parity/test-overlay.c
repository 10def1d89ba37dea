/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overlay: every format into every format it can be drawn into, every mode,
 * in place and not: bytes have to be equal, padding has to stay.
 */
#include "tests/parity/parity.h"
#include "tests/parity/pictures.h"

#define CASES 16 /* of each pair of formats */
#define PAD 5 /* labels behind each row */

typedef struct {
  NucsegFormat from, to;
} Pair;

typedef struct {
  gint width, height, padding;
  guint bits, n_labels, n_objects;
  gboolean msb_aligned;
  NucsegYuv yuv;
  NucsegParams params;
} Setup;

static Setup
draw_setup (NucsegRandom *random)
{
  static const gdouble alphas[] = { 0, 0.1, 0.35, 0.5, 0.999, 1 };
  static const guint32 colors[] = { NUCSEG_COLOR_LABEL, NUCSEG_COLOR_LABEL,
    0xffffff, 0x000000, 0x12ab7f };
  static const guint counts[] = { 0, 1, 42, 1365, 65535 };
  Setup s = { .params = NUCSEG_PARAMS_INIT };

  s.width = 16 + nucseg_random_below (random, 120);
  s.height = 16 + nucseg_random_below (random, 60);
  if (nucseg_random_below (random, 8) == 0)
    s.height += 480; /* letters of more than one pixel a dot */
  s.padding = 2 * nucseg_random_below (random, 9);
  s.bits = 8 + nucseg_random_below (random, 9);
  s.msb_aligned = nucseg_random_below (random, 2);
  s.n_labels = nucseg_random_below (random, 60);
  s.n_objects = counts[nucseg_random_below (random, G_N_ELEMENTS (counts))];
  s.params.overlay = nucseg_random_below (random, 4);
  s.params.overlay_alpha =
      alphas[nucseg_random_below (random, G_N_ELEMENTS (alphas))];
  s.params.contour_color =
      colors[nucseg_random_below (random, G_N_ELEMENTS (colors))];
  s.params.fill_color =
      colors[nucseg_random_below (random, G_N_ELEMENTS (colors))];
  s.params.draw_count = nucseg_random_below (random, 2);
  s.yuv = nucseg_random_below (random, NUCSEG_YUV_LAST);
  return s;
}

/* Prepares a fresh plan (unless @lazy) and draws. */
static void
draw (const NucsegBackend *backend, NucsegModel *model, const Setup *s,
    const NucsegFrame *frame, const guint16 *labels, gboolean lazy,
    NucsegFrame *shown)
{
  g_autoptr (GError) error = NULL;
  NucsegResult result = { 0 };
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      backend, model, s->width, s->height, 1, NUCSEG_PRECISION_F32, &geometry);

  g_assert_nonnull (plan);
  if (!lazy)
    backend->prepare (plan, frame, &s->params, &result, &error);
  g_assert_no_error (error);
  backend->overlay (plan, frame, &s->params, labels,
      (gsize) (s->width + PAD) * sizeof (guint16), s->n_objects, shown, &error);
  g_assert_no_error (error);
  backend->plan_free (plan);
}

static void
check (const Pair *pair, const Setup *s, guint64 seed, NucsegRandom *random)
{
  NucsegModel *model = parity_plain_model (1, NULL, NULL);
  g_autofree guint16 *labels =
      g_new0 (guint16, (gsize) (s->width + PAD) * s->height);
  g_autoptr (ParityPicture) picture = parity_picture_new (
      pair->from, s->width, s->height, s->padding, s->bits, s->msb_aligned);
  g_autoptr (ParityPicture) expected = parity_picture_new (
      pair->to, s->width, s->height, s->padding + 2, s->bits, s->msb_aligned);
  g_autoptr (ParityPicture) actual = parity_picture_new (
      pair->to, s->width, s->height, s->padding + 4, s->bits, s->msb_aligned);
  g_autofree gchar *what = g_strdup_printf (
      "%s into %s, %dx%d, %u bits%s, overlay %d, alpha %g, colours %08x %08x, "
      "count %u%s, YUV %d",
      nucseg_format_name (pair->from), nucseg_format_name (pair->to), s->width,
      s->height, s->bits, s->msb_aligned ? " at the high end" : "",
      s->params.overlay, s->params.overlay_alpha, s->params.contour_color,
      s->params.fill_color, s->n_objects,
      s->params.draw_count ? "" : " not drawn", s->yuv);
  g_autoptr (ParityPicture) untouched = NULL;

  picture->frame.yuv = expected->frame.yuv = actual->frame.yuv = s->yuv;
  if (seed % 4 == 0)
    parity_picture_fill_noise (picture, random);
  else
    parity_picture_fill (picture, random, seed % 4 == 1);
  parity_labels_fill (
      labels, s->width + PAD, s->width, s->height, s->n_labels, random);
  untouched = parity_picture_copy (picture);

  draw (parity_reference (), model, s, &picture->frame, labels, seed % 5 == 0,
      &expected->frame);
  draw (parity_backend (), model, s, &picture->frame, labels, seed % 5 == 0,
      &actual->frame);
  parity_picture_equal (what, seed, expected, actual);
  parity_picture_equal ("the frame itself", seed, untouched, picture);
  parity_picture_check_padding (what, actual);
  if (pair->from == pair->to) {
    if (s->params.overlay == NUCSEG_OVERLAY_NONE && !s->params.draw_count)
      parity_picture_equal ("nothing to draw", seed, picture, actual);
    draw (parity_backend (), model, s, &picture->frame, labels, seed % 5 == 0,
        &picture->frame);
    parity_picture_equal ("in place", seed, expected, picture);
    parity_picture_check_padding (what, picture);
  }
  nucseg_model_unref (model);
}

static void
test_pair (gconstpointer data)
{
  const Pair *pair = data;

  for (guint64 seed = 1; seed <= CASES && !g_test_failed (); seed++) {
    NucsegRandom random = { seed << 16 | pair->from << 8 | pair->to };
    Setup s = draw_setup (&random);

    check (pair, &s, seed, &random);
  }
}

/* Pairs that there is no way to draw. */
static void
test_refused (void)
{
  static const Pair pairs[] = {
    { NUCSEG_FORMAT_RGB, NUCSEG_FORMAT_BGR },
    { NUCSEG_FORMAT_RGB, NUCSEG_FORMAT_GRAY8 },
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY16_LE },
    { NUCSEG_FORMAT_NV12, NUCSEG_FORMAT_I420 },
  };
  NucsegModel *model = parity_plain_model (1, NULL, NULL);
  g_autofree guint16 *labels = g_new0 (guint16, 32 * 32);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      parity_backend (), model, 32, 32, 1, NUCSEG_PRECISION_F32, &geometry);

  g_assert_nonnull (plan);
  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autoptr (ParityPicture) from =
        parity_picture_new (pairs[i].from, 32, 32, 0, 16, FALSE);
    g_autoptr (ParityPicture) to =
        parity_picture_new (pairs[i].to, 32, 32, 0, 16, FALSE);
    g_autoptr (GError) error = NULL;

    g_assert_false (parity_backend ()->overlay (
        plan, &from->frame, &params, labels, 64, 0, &to->frame, &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  }
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

static void
add (void)
{
  for (guint from = 0; from < NUCSEG_FORMAT_LAST; from++)
    for (guint to = 0; to < NUCSEG_FORMAT_LAST; to++) {
      g_autofree gchar *path = NULL;
      Pair *pair;

      if (from != to
          && (!nucseg_format_is_grey (from) || nucseg_format_is_grey (to)))
        continue;
      pair = g_new (Pair, 1);
      *pair = (Pair){ from, to };
      path = g_strdup_printf ("/parity/overlay/%s-to-%s",
          nucseg_format_name (from), nucseg_format_name (to));
      g_test_add_data_func_full (path, pair, test_pair, g_free);
    }
  g_test_add_func ("/parity/overlay/refused", test_refused);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
