/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-picture.c: the light that nuctestsrc draws: nuclei are where its
 * truth says, the noise is what its property says, the light is uneven as
 * asked, blur softens. testsrc-picture-truth.c has table and labels.
 */
#include "testsrc-shot.h"

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

/* Each nucleus is brighter than its surroundings: the background pixels within
 * 12 pixels of its box, by half of what an unsaturated usual one has. */
static void
test_truth_is_bright (gconstpointer caps)
{
  GstHarness *h = source_new (caps, 20, "count", 60, "division-period", 60,
      "significant-bits", 12, NULL);

  gst_harness_play (h);
  for (guint i = 0; i < 20; i++) {
    Shot shot;
    gdouble full, ratio[2000];

    shot_pull (&shot, h);
    full = GST_VIDEO_INFO_FORMAT (&shot.info) == GST_VIDEO_FORMAT_GRAY8 ? 255
                                                                        : 4095;
    g_assert_cmpuint (shot.truth.n_objects, >=, 60);
    for (guint k = 0; k < shot.truth.n_objects; k++) {
      const NucsegObject *o = &shot.truth.objects[k];
      gdouble sum = 0, n = 0;

      for (gint y = MAX (o->y - 12, 0);
           y < MIN (o->y + o->height + 12, shot.truth.height); y++) {
        for (gint x = MAX (o->x - 12, 0);
             x < MIN (o->x + o->width + 12, shot.truth.width); x++) {
          if (label_at (&shot, x, y) == 0) {
            sum += grey_at (&shot.frame, x, y);
            n++;
          }
        }
      }
      g_assert_cmpfloat (n, >, 0);
      ratio[k] = (o->mean - sum / n) / full;
      /* a pixel of a nucleus that a neighbour hides is blurred to little */
      if (o->area >= 30)
        g_assert_cmpfloat (ratio[k], >, 0.08);
    }
    qsort (ratio, shot.truth.n_objects, sizeof (gdouble), compare_doubles);
    g_assert_cmpfloat (ratio[shot.truth.n_objects / 2], >, 0.2);
    shot_free (&shot);
  }
  gst_harness_teardown (h);
}

/* Mean and variance of the differences of two frames of a scene that stands
 * still, over background pixels. */
static gdouble
noise_variance (gdouble noise, gdouble background, gdouble *mean)
{
  GstHarness *h = source_new (CAPS16, 2, "count", 0, "noise", noise,
      "background", background, "illumination", 0.0, "significant-bits", 16,
      "speed", 0.0, "division-period", 0, NULL);
  Shot a, b;
  gdouble squares = 0, sum = 0, n = 0;

  gst_harness_play (h);
  shot_pull (&a, h);
  shot_pull (&b, h);
  for (gint y = 0; y < a.truth.height; y++) {
    for (gint x = 0; x < a.truth.width; x++) {
      gdouble p = grey_at (&a.frame, x, y) / 65535.0;
      gdouble q = grey_at (&b.frame, x, y) / 65535.0;

      squares += (p - q) * (p - q);
      sum += p + q;
      n++;
    }
  }
  *mean = sum / (2 * n);
  shot_free (&a);
  shot_free (&b);
  gst_harness_teardown (h);
  return squares / (2 * n);
}

static void
test_noise (void)
{
  static const gdouble levels[] = { 0.1, 0.4 };
  gdouble mean;

  g_assert_cmpfloat (noise_variance (0, 0.1, &mean), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++) {
    for (guint noise = 1; noise <= 2; noise++) {
      gdouble variance = noise_variance (noise, levels[i], &mean);
      /* Poisson's at 1,500 electrons, and 6 electrons of read noise */
      gdouble expected =
          noise * noise * (levels[i] / 1500 + 6.0 / 1500 * 6.0 / 1500);

      g_assert_cmpfloat_with_epsilon (mean, levels[i], 0.03 * levels[i]);
      /* the background is uneven, the table of noise finite: 5 % */
      g_assert_cmpfloat_with_epsilon (variance, expected, 0.05 * expected);
    }
  }
}

/* With half of the light lost in the worst corner, some corner has about half
 * of the middle's. */
static void
test_illumination (void)
{
  GstHarness *h = source_new (CAPS16, 1, "count", 0, "noise", 0.0, "background",
      0.5, "illumination", 0.5, "significant-bits", 16, NULL);
  Shot shot;
  guint darkest = G_MAXUINT, middle;
  gint right, bottom;

  gst_harness_play (h);
  shot_pull (&shot, h);
  right = shot.truth.width - 1;
  bottom = shot.truth.height - 1;
  middle = grey_at (&shot.frame, right / 2, bottom / 2);
  for (guint corner = 0; corner < 4; corner++)
    darkest = MIN (darkest,
        grey_at (&shot.frame, corner % 2 ? right : 0, corner / 2 ? bottom : 0));
  g_assert_cmpuint (darkest, >, middle * 35 / 100);
  g_assert_cmpuint (darkest, <, middle * 70 / 100);
  shot_free (&shot);
  gst_harness_teardown (h);
}

/* Sum of the squared differences of neighbours over the frame's sum: what blur
 * takes away. */
static gdouble
sharpness (gdouble blur)
{
  GstHarness *h = source_new (
      CAPS16, 1, "blur", blur, "noise", 0.0, "significant-bits", 16, NULL);
  Shot shot;
  gdouble steps = 0, light = 0;

  gst_harness_play (h);
  shot_pull (&shot, h);
  for (gint y = 0; y < shot.truth.height; y++) {
    for (gint x = 1; x < shot.truth.width; x++) {
      gdouble a = grey_at (&shot.frame, x - 1, y) / 65535.0;
      gdouble b = grey_at (&shot.frame, x, y) / 65535.0;

      steps += (a - b) * (a - b);
      light += b;
    }
  }
  shot_free (&shot);
  gst_harness_teardown (h);
  return steps / light;
}

static void
test_blur (void)
{
  gdouble sharp = sharpness (0), usual = sharpness (1), soft = sharpness (4);

  g_assert_cmpfloat (usual, <, 0.7 * sharp);
  g_assert_cmpfloat (soft, <, 0.3 * usual);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_data_func (
      "/testsrc-picture/truth-is-bright", CAPS8, test_truth_is_bright);
  g_test_add_data_func (
      "/testsrc-picture/truth-is-bright-16", CAPS16, test_truth_is_bright);
  g_test_add_func ("/testsrc-picture/noise", test_noise);
  g_test_add_func ("/testsrc-picture/illumination", test_illumination);
  g_test_add_func ("/testsrc-picture/blur", test_blur);
  return nst_run ();
}
