/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-picture-truth.c: what nuctestsrc tells of its picture: the table
 * counts right, labels are in raster order, in one piece and do not overlap.
 */
#include "testsrc-shot.h"

#include "nuctestsrc-truth.h"

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

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_data_func ("/testsrc-picture/table", CAPS8, test_table);
  g_test_add_data_func ("/testsrc-picture/table-16", CAPS16, test_table);
  g_test_add_func ("/testsrc-picture/table-by-hand", test_table_by_hand);
  g_test_add_func ("/testsrc-picture/raster-order", test_raster_order);
  g_test_add_func ("/testsrc-picture/one-piece", test_one_piece);
  return nst_run ();
}
