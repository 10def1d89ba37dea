/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-props-effects.c: what each property of nucsegfilter does to its
 * results, and what its statistics say of them.
 */
#include "support.h"

static GstVideoInfo info; /* GRAY8 64x48 */

static GstHarness *
harness_new (GstElement *filter)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);

  return nst_harness_new (filter, caps);
}

static guint
count (GstHarness *h, guint n)
{
  GstBuffer *out = nst_push_and_pull (h, nst_frame_new (&info, n, NULL));
  NucsegMasks masks;
  guint n_objects;

  g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
  n_objects = masks.n_objects;
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (out);
  return n_objects;
}

static void
test_areas (void)
{
  GstElement *filter = nst_filter_new (NULL, NULL);
  GstHarness *h = harness_new (filter);

  /* the scene: 5x4, 6x7 and 4x5 pixels, none at the border */
  g_assert_cmpuint (count (h, 0), ==, 3);
  g_object_set (filter, "min-area", 21, NULL);
  g_assert_cmpuint (count (h, 1), ==, 1);
  g_object_set (filter, "min-area", -1, "max-area", 41, NULL);
  g_assert_cmpuint (count (h, 2), ==, 2);
  g_object_set (filter, "max-area", 0, "exclude-border", TRUE, NULL);
  g_assert_cmpuint (count (h, 3), ==, 3);
  gst_harness_teardown (h);
}

static void
test_threshold (void)
{
  GstElement *filter = nst_filter_new (NULL, NULL);
  GstHarness *h = harness_new (filter);

  /* 180, 200 and 255 of 255: foreground probabilities 0.89, 0.94 and 0.99 */
  g_object_set (filter, "threshold", 0.92, NULL);
  g_assert_cmpuint (count (h, 0), ==, 2);
  g_object_set (filter, "threshold", 0.97, NULL);
  g_assert_cmpuint (count (h, 1), ==, 1);
  g_object_set (filter, "threshold", 0.0, NULL);
  g_assert_cmpuint (count (h, 2), ==, 3);
  gst_harness_teardown (h);
}

static void
test_levels (void)
{
  GstElement *filter = nst_filter_new (
      "normalization", 1, "black-level", 150, "white-level", 230, NULL);
  GstHarness *h = harness_new (filter);

  /* one half lies at 190 */
  g_assert_cmpuint (count (h, 0), ==, 2);
  /* levels that cross, for a moment, stop nothing */
  g_object_set (filter, "black-level", 250, NULL);
  g_assert_cmpuint (count (h, 1), ==, 1);
  g_object_set (filter, "white-level", 300, NULL);
  g_assert_cmpuint (count (h, 2), ==, 0);
  g_object_set (filter, "normalization", 0, NULL);
  g_assert_cmpuint (count (h, 3), ==, 3);
  gst_harness_teardown (h);
}

static void
test_polarity (void)
{
  GstElement *filter =
      nst_filter_new ("model", "affine-bright", "polarity", 1, NULL);
  GstHarness *h = harness_new (filter);
  GstBuffer *out;
  NucsegMasks masks;

  g_assert_cmpuint (count (h, 0), ==, 3);
  g_object_set (filter, "polarity", 2, NULL);
  out = nst_push_and_pull (h, nst_frame_new (&info, 1, NULL));
  g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
  /* now the ground is the nucleus, and the scene its holes, which are filled */
  g_assert_cmpuint (masks.n_objects, ==, 1);
  g_assert_cmpuint (masks.objects[0].area, ==, 64 * 48);
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

static guint
count_regions (GstBuffer *buffer, gdouble *area_um2)
{
  gpointer state = NULL;
  GstMeta *meta;
  guint n = 0;

  *area_um2 = 0;
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *) meta;
    GstStructure *param =
        gst_video_region_of_interest_meta_get_param (roi, NUCSEG_ROI_PARAM);
    guint label = 0, area = 0;

    g_assert_cmpstr (g_quark_to_string (roi->roi_type), ==, NUCSEG_ROI_TYPE);
    g_assert_nonnull (param);
    gst_structure_get_uint (param, "label", &label);
    gst_structure_get_uint (param, "area", &area);
    g_assert_cmpint (roi->id, ==, label);
    g_assert_cmpuint (roi->w * roi->h, ==, area);
    if (gst_structure_has_field (param, "area-um2")) {
      gst_structure_get_double (param, "area-um2", area_um2);
      *area_um2 /= area;
    }
    n++;
  }
  return n;
}

static void
test_regions (void)
{
  GstElement *filter = nst_filter_new ("overlay", 0, NULL);
  GstHarness *h = harness_new (filter);
  gdouble pixel_area;
  GstBuffer *out;
  NucsegMasks masks;
  gdouble size;

  out = nst_push_and_pull (h, nst_frame_new (&info, 0, NULL));
  g_assert_cmpuint (count_regions (out, &pixel_area), ==, 3);
  g_assert_cmpfloat (pixel_area, ==, 0);
  /* once more through a filter: old regions go, new ones come */
  g_object_set (filter, "pixel-size", 0.5, NULL);
  out = nst_push_and_pull (h, out);
  g_assert_cmpuint (count_regions (out, &pixel_area), ==, 3);
  g_assert_cmpfloat_with_epsilon (pixel_area, 0.25, 1e-12);
  g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
  gst_structure_get_double (masks.structure, "pixel-size", &size);
  g_assert_cmpfloat (size, ==, 0.5);
  nucseg_masks_unmap (&masks);
  g_object_set (filter, "roi-meta", FALSE, NULL);
  out = nst_push_and_pull (h, out);
  g_assert_cmpuint (count_regions (out, &pixel_area), ==, 0);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

/* Half the model's pixel size: the network sees half as many pixels. */
static void
test_scale (void)
{
  GstElement *filter = nst_filter_new ("pixel-size", 0.25, NULL);
  GstHarness *h = harness_new (filter);
  const gdouble scales[] = { 0, 1, 2 }, expected[] = { 0.5, 1, 2 };

  for (guint i = 0; i < 3; i++) {
    NucsegMasks masks;
    GstBuffer *out;
    gdouble scale;

    g_object_set (filter, "scale", scales[i], NULL);
    out = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));
    g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
    g_assert_cmpint (masks.width, ==, 64);
    g_assert_cmpuint (masks.n_objects, ==, 3);
    gst_structure_get_double (masks.structure, "scale", &scale);
    g_assert_cmpfloat (scale, ==, expected[i]);
    nucseg_masks_unmap (&masks);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

static void
test_draw_count (void)
{
  GstHarness *h =
      harness_new (nst_filter_new ("overlay", 0, "draw-count", TRUE, NULL));
  GstBuffer *in = nst_frame_new (&info, 0, NULL), *out;
  g_autofree guint8 *pixels = g_malloc0 (64 * 48 * 4);
  gboolean white = FALSE;

  out = nst_push_and_pull (h, in);
  gst_buffer_extract (out, 0, pixels, gst_buffer_get_size (out));
  for (guint i = 0; i < 16 * 64 * 4 && !white; i++)
    white = pixels[i] == 255 && i % 4 != 3;
  g_assert_true (white);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

/* --- Statistics ---------------------------------------------------------- */

static void
test_stats (void)
{
  static const gchar *const stages[] = { "prepare", "network", "decode",
    "overlay", "total", "element" };
  GstElement *filter = nst_filter_new ("interval", 2, NULL);
  GstHarness *h = harness_new (filter);
  guint64 frames = 0, inferred = 0;
  guint nuclei = 0, total = 0, element = 0;
  GstStructure *s;

  g_object_get (filter, "stats", &s, NULL);
  g_assert_true (gst_structure_get_uint64 (s, "frames", &frames));
  g_assert_cmpuint (frames, ==, 0);
  gst_structure_free (s);
  /* more than the window */
  for (guint i = 0; i < 1101; i++)
    gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, i, NULL)));
  g_object_get (filter, "stats", &s, NULL);
  g_assert_true (gst_structure_get_uint64 (s, "frames", &frames));
  g_assert_true (gst_structure_get_uint64 (s, "inferred", &inferred));
  g_assert_true (gst_structure_get_uint (s, "nuclei", &nuclei));
  g_assert_cmpuint (frames, ==, 1101);
  g_assert_cmpuint (inferred, ==, 551);
  g_assert_cmpuint (nuclei, ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    g_autofree gchar *a = g_strdup_printf ("%s-p50", stages[i]);
    g_autofree gchar *b = g_strdup_printf ("%s-p99", stages[i]);
    guint p50, p99;

    g_assert_true (gst_structure_get_uint (s, a, &p50));
    g_assert_true (gst_structure_get_uint (s, b, &p99));
    g_assert_cmpuint (p50, <=, p99);
  }
  gst_structure_get_uint (s, "total-p99", &total);
  gst_structure_get_uint (s, "element-p99", &element);
  g_assert_cmpuint (total, >, 0);
  g_assert_cmpuint (element, >, 0);
  g_assert_cmpstr (gst_structure_get_string (s, "model"), ==, "affine");
  g_assert_cmpstr (gst_structure_get_string (s, "backend"), ==, "reference");
  g_assert_cmpstr (gst_structure_get_string (s, "precision"), ==, "f32");
  g_assert_cmpuint (
      strlen (gst_structure_get_string (s, "model-sha256")), ==, 64);
  gst_structure_free (s);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_test_add_func ("/filter/props/areas", test_areas);
  g_test_add_func ("/filter/props/threshold", test_threshold);
  g_test_add_func ("/filter/props/levels", test_levels);
  g_test_add_func ("/filter/props/polarity", test_polarity);
  g_test_add_func ("/filter/props/regions", test_regions);
  g_test_add_func ("/filter/props/scale", test_scale);
  g_test_add_func ("/filter/props/draw-count", test_draw_count);
  g_test_add_func ("/filter/props/stats", test_stats);
  return nst_run ();
}
