/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-picture.c: what nuctestsrc draws: the truth belongs to the pixels,
 * labels are in raster order, in one piece and do not overlap, the table counts
 * right, the noise is what its property says, the light is uneven as asked.
 */
#include "testsrc-support.h"

#include "nuctestsrc-sim.h"
#include "nuctestsrc-render.h"
#include "nuctestsrc-truth.h"

#define CAPS8 "video/x-raw,format=GRAY8,width=301,height=257,framerate=25/1"
#define CAPS16                                                                 \
  "video/x-raw,format=GRAY16_LE,width=301,height=257,framerate=25/1"

/* A frame with its truth, mapped. */
typedef struct {
  GstBuffer *buffer;
  GstVideoInfo info;
  GstVideoFrame frame;
  NucsegMasks truth;
} Shot;

static void
shot_pull (Shot *shot, GstHarness *h)
{
  GstCaps *caps;

  shot->buffer = gst_harness_pull (h);
  g_assert_nonnull (shot->buffer);
  caps = gst_pad_get_current_caps (h->sinkpad);
  g_assert_true (gst_video_info_from_caps (&shot->info, caps));
  gst_caps_unref (caps);
  g_assert_true (gst_video_frame_map (
      &shot->frame, &shot->info, shot->buffer, GST_MAP_READ));
  g_assert_true (
      nucseg_masks_map (shot->buffer, NUCSEG_TRUTH_META_NAME, &shot->truth));
}

static void
shot_free (Shot *shot)
{
  nucseg_masks_unmap (&shot->truth);
  gst_video_frame_unmap (&shot->frame);
  gst_buffer_unref (shot->buffer);
}

static guint
label_at (const Shot *shot, gint x, gint y)
{
  return x < 0 || y < 0 || x >= shot->truth.width || y >= shot->truth.height
      ? 0
      : shot->truth.labels[(gsize) y * shot->truth.width + x];
}

/* --- Table -------------------------------------------------------------- */

/* Counts one object pixel by pixel over the whole frame, the slow way. */
static void
assert_object (const Shot *shot, const NucsegObject *o)
{
  gint x0 = G_MAXINT, y0 = G_MAXINT, x1 = -1, y1 = -1;
  gdouble area = 0, sx = 0, sy = 0, sum = 0, lines[4] = { 0 }, perimeter;
  static const gint steps[4][2] = { { 1, 0 }, { 0, 1 }, { 1, 1 }, { 1, -1 } };

  for (gint y = -1; y <= shot->truth.height; y++) {
    for (gint x = -1; x <= shot->truth.width; x++) {
      gboolean here = label_at (shot, x, y) == o->label;

      for (guint k = 0; k < 4; k++)
        lines[k] += here
            != (label_at (shot, x + steps[k][0], y + steps[k][1]) == o->label);
      if (!here)
        continue;
      area++;
      sx += x;
      sy += y;
      sum += grey_at (&shot->frame, x, y);
      x0 = MIN (x0, x);
      x1 = MAX (x1, x);
      y0 = MIN (y0, y);
      y1 = MAX (y1, y);
    }
  }
  perimeter =
      G_PI / 8 * (lines[0] + lines[1] + (lines[2] + lines[3]) / G_SQRT2);
  g_assert_cmpfloat (area, >, 0);
  g_assert_cmpuint (o->area, ==, (guint) area);
  g_assert_cmpint (o->x, ==, x0);
  g_assert_cmpint (o->y, ==, y0);
  g_assert_cmpint (o->width, ==, x1 - x0 + 1);
  g_assert_cmpint (o->height, ==, y1 - y0 + 1);
  g_assert_cmpfloat_with_epsilon (o->centroid_x, sx / area, 1e-9);
  g_assert_cmpfloat_with_epsilon (o->centroid_y, sy / area, 1e-9);
  g_assert_cmpfloat_with_epsilon (o->mean, sum / area, 1e-9);
  g_assert_cmpfloat_with_epsilon (o->integrated, sum, 1e-6);
  g_assert_cmpfloat_with_epsilon (o->perimeter, perimeter, 1e-9);
  g_assert_cmpfloat (o->circularity, >, 0);
  g_assert_cmpfloat (o->circularity, <=, 1);
}

static void
test_table (gconstpointer caps)
{
  GstHarness *h = source_new (caps, 1, "count", 40, NULL);
  Shot shot;

  gst_harness_play (h);
  shot_pull (&shot, h);
  g_assert_cmpuint (shot.truth.n_objects, >=, 40);
  for (guint i = 0; i < shot.truth.n_objects; i++) {
    g_assert_cmpuint (shot.truth.objects[i].label, ==, i + 1);
    assert_object (&shot, &shot.truth.objects[i]);
  }
  shot_free (&shot);
  gst_harness_teardown (h);
}

/* A square of 4 x 4 in the corner of a frame of 16 x 16: sums by hand. */
static void
test_table_by_hand (void)
{
  guint16 labels[16 * 16] = { 0 };
  guint8 pixels[16 * 16];
  NucsegObject object;

  memset (pixels, 10, sizeof (pixels));
  for (guint y = 0; y < 4; y++) {
    for (guint x = 0; x < 4; x++)
      labels[y * 16 + x] = 1;
  }
  pixels[0] = 26;
  nuc_truth_measure (labels, 16, 16, pixels, 16, FALSE, 1, &object);
  g_assert_cmpuint (object.area, ==, 16);
  g_assert_cmpfloat (object.centroid_x, ==, 1.5);
  g_assert_cmpfloat (object.mean, ==, 11);
  g_assert_cmpfloat (object.integrated, ==, 176);
  /* 4 rows and 4 columns with 2 transitions, 7 + 7 diagonals with 2 */
  g_assert_cmpfloat_with_epsilon (
      object.perimeter, G_PI / 8 * (16 + 28 / G_SQRT2), 1e-12);
}

/* --- Labels ------------------------------------------------------------- */

static void
test_raster_order (void)
{
  GstHarness *h = source_new (CAPS8, 10, "count", 150, NULL);
  Shot shot;

  gst_harness_play (h);
  for (guint i = 0; i < 10; i++) {
    guint seen = 0;

    shot_pull (&shot, h);
    for (gint y = 0; y < shot.truth.height; y++) {
      for (gint x = 0; x < shot.truth.width; x++) {
        guint label = label_at (&shot, x, y);

        g_assert_cmpuint (label, <=, seen + 1);
        seen = MAX (seen, label);
      }
    }
    g_assert_cmpuint (seen, ==, shot.truth.n_objects);
    shot_free (&shot);
  }
  gst_harness_teardown (h);
}

/* Pixels that 4-connected paths reach from (x, y) inside its label; clears
 * them in @labels. */
static guint
flood (guint16 *labels, gint width, gint height, gint start, GArray *stack)
{
  guint16 label = labels[start];
  guint n = 0;

  g_array_set_size (stack, 0);
  g_array_append_val (stack, start);
  labels[start] = 0;
  while (stack->len > 0) {
    gint at = g_array_index (stack, gint, stack->len - 1);
    gint x = at % width, y = at / width;
    const gint next[4] = { x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at,
      y > 0 ? at - width : at, y < height - 1 ? at + width : at };

    g_array_set_size (stack, stack->len - 1);
    n++;
    for (guint k = 0; k < 4; k++) {
      if (labels[next[k]] == label) {
        labels[next[k]] = 0;
        g_array_append_val (stack, next[k]);
      }
    }
  }
  return n;
}

/* A dense, dividing population: pieces besides the main one of a label are
 * slivers where three nuclei press on each other. */
static void
test_one_piece (void)
{
  GstHarness *h = source_new (
      CAPS8, 60, "count", 120, "division-period", 100, "clustering", 1.0, NULL);
  GArray *stack = g_array_new (FALSE, FALSE, sizeof (gint));
  guint64 pixels = 0, stray = 0;

  gst_harness_play (h);
  for (guint i = 0; i < 60; i++) {
    Shot shot;
    guint16 *labels;
    guint *largest;
    gint n;

    shot_pull (&shot, h);
    n = shot.truth.width * shot.truth.height;
    labels = g_memdup2 (shot.truth.labels, (gsize) n * 2);
    largest = g_new0 (guint, shot.truth.n_objects + 1);
    for (gint k = 0; k < n; k++) {
      guint label = labels[k], size;

      if (label == 0)
        continue;
      size = flood (labels, shot.truth.width, shot.truth.height, k, stack);
      largest[label] = MAX (largest[label], size);
    }
    for (guint k = 0; k < shot.truth.n_objects; k++) {
      pixels += shot.truth.objects[k].area;
      stray += shot.truth.objects[k].area - largest[k + 1];
    }
    g_free (labels);
    g_free (largest);
    shot_free (&shot);
  }
  g_test_message ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                  " pixels are not in the main piece of their label",
      stray, pixels);
  g_assert_cmpuint (stray * 10000, <=, pixels);
  g_array_unref (stack);
  gst_harness_teardown (h);
}

/* --- Light -------------------------------------------------------------- */

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
  g_test_add_data_func ("/testsrc-picture/table", CAPS8, test_table);
  g_test_add_data_func ("/testsrc-picture/table-16", CAPS16, test_table);
  g_test_add_func ("/testsrc-picture/table-by-hand", test_table_by_hand);
  g_test_add_func ("/testsrc-picture/raster-order", test_raster_order);
  g_test_add_func ("/testsrc-picture/one-piece", test_one_piece);
  g_test_add_data_func (
      "/testsrc-picture/truth-is-bright", CAPS8, test_truth_is_bright);
  g_test_add_data_func (
      "/testsrc-picture/truth-is-bright-16", CAPS16, test_truth_is_bright);
  g_test_add_func ("/testsrc-picture/noise", test_noise);
  g_test_add_func ("/testsrc-picture/illumination", test_illumination);
  g_test_add_func ("/testsrc-picture/blur", test_blur);
  return nst_run ();
}
