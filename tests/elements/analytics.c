/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * analytics.c: the nuclei as GStreamer's own analytics metadata: detections,
 * the label map in 8 and 16 bits, what relates them, and whose metas stay.
 */
#include "support.h"

#include "analyticsmeta.h"

#define GST_USE_UNSTABLE_API
#include <gst/analytics/analytics.h>

#define WIDTH 64
#define HEIGHT 48

#define FILTER                                                                 \
  "nucsegfilter model=affine backend=reference overlay=none min-area=0 "

static GstHarness *
harness_new (const gchar *line, gint width, gint height)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, width, height);
  GstHarness *h = gst_harness_new_parse (line);

  gst_harness_set_src_caps_str (h, caps);
  return h;
}

/* What @line makes of @frame. */
static GstBuffer *
through (const gchar *line, GstBuffer *frame, gint width, gint height)
{
  GstHarness *h = harness_new (line, width, height);
  GstBuffer *out = nst_push_and_pull (h, frame);

  gst_harness_teardown (h);
  return out;
}

static GstBuffer *
scene (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);

  return nst_frame_new (&info, 0, NULL);
}

/* @n x @n bright squares of 2x2 pixels, 4 pixels from one to the next. */
static GstBuffer *
dots (gint n)
{
  const gint size = 4 * n;
  guint8 *pixels = g_malloc0 ((gsize) size * size);
  GstBuffer *buffer;

  for (gint y = 0; y < size; y++) {
    for (gint x = 0; x < size; x++)
      pixels[y * size + x] = x % 4 < 2 && y % 4 < 2 ? 255 : 0;
  }
  buffer = gst_buffer_new_wrapped (pixels, (gsize) size * size);
  GST_BUFFER_PTS (buffer) = 0;
  return buffer;
}

static guint
count_metas (GstBuffer *buffer)
{
  return gst_buffer_get_n_meta (buffer, GST_ANALYTICS_RELATION_META_API_TYPE);
}

/* --- What the meta says --------------------------------------------------- */

static void
check_map (const GstAnalyticsMtd *map, const NucsegMasks *masks)
{
  gint x, y;
  guint width, height;
  g_autoptr (GstBuffer) mask =
      gst_analytics_segmentation_mtd_get_mask (map, &x, &y, &width, &height);
  const GstVideoMeta *meta = gst_buffer_get_video_meta (mask);
  const gboolean small = masks->n_objects <= 255;
  const gsize n = (gsize) masks->width * masks->height;
  GstMapInfo info;

  g_assert_cmpint (x, ==, 0);
  g_assert_cmpint (y, ==, 0);
  g_assert_cmpuint (width, ==, masks->width);
  g_assert_cmpuint (height, ==, masks->height);
  g_assert_nonnull (meta);
  g_assert_cmpint (meta->format, ==,
      small                              ? GST_VIDEO_FORMAT_GRAY8
          : G_BYTE_ORDER == G_BIG_ENDIAN ? GST_VIDEO_FORMAT_GRAY16_BE
                                         : GST_VIDEO_FORMAT_GRAY16_LE);
  g_assert_cmpuint (meta->width, ==, width);
  g_assert_cmpuint (meta->height, ==, height);
  g_assert_cmpint (meta->stride[0], ==, masks->width * (small ? 1 : 2));
  g_assert_true (gst_buffer_map (mask, &info, GST_MAP_READ));
  if (small) {
    g_assert_cmpuint (info.size, ==, n);
    for (gsize i = 0; i < n; i++)
      g_assert_cmpuint (info.data[i], ==, masks->labels[i]);
  } else {
    g_assert_cmpmem (info.data, info.size, masks->labels, n * 2);
    /* not a copy */
    g_assert_true ((gconstpointer) info.data == masks->labels);
  }
  gst_buffer_unmap (mask, &info);
  g_assert_cmpuint (gst_analytics_segmentation_mtd_get_region_count (map), ==,
      masks->n_objects + 1);
  for (guint i = 0; i <= masks->n_objects; i++)
    g_assert_cmpuint (
        gst_analytics_segmentation_mtd_get_region_id (map, i), ==, i);
}

/* The meta of @buffer tells what its NucsegMeta does; returns the number of
 * detections. */
static guint
check_meta (GstBuffer *buffer)
{
  GstAnalyticsRelationMeta *meta =
      gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsMtd map, nucleus;
  gpointer state = NULL;
  NucsegMasks masks;
  guint n = 0;

  g_assert_cmpuint (count_metas (buffer), ==, 1);
  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_true (gst_analytics_relation_meta_iterate (
      meta, &state, gst_analytics_segmentation_mtd_get_mtd_type (), &map));
  check_map (&map, &masks);
  state = NULL;
  while (gst_analytics_relation_meta_iterate (
      meta, &state, gst_analytics_od_mtd_get_mtd_type (), &nucleus)) {
    const NucsegObject *o = &masks.objects[n++];
    gint x, y, width, height;
    gfloat confidence;

    g_assert_cmpstr (
        g_quark_to_string (gst_analytics_od_mtd_get_obj_type (&nucleus)), ==,
        "nucleus");
    g_assert_true (gst_analytics_od_mtd_get_location (
        &nucleus, &x, &y, &width, &height, &confidence));
    g_assert_cmpint (x, ==, o->x);
    g_assert_cmpint (y, ==, o->y);
    g_assert_cmpint (width, ==, o->width);
    g_assert_cmpint (height, ==, o->height);
    g_assert_cmpfloat (confidence, ==, 1);
    g_assert_cmpint (
        gst_analytics_relation_meta_get_relation (meta, nucleus.id, map.id), ==,
        GST_ANALYTICS_REL_TYPE_RELATE_TO);
    g_assert_cmpint (
        gst_analytics_relation_meta_get_relation (meta, map.id, nucleus.id), ==,
        GST_ANALYTICS_REL_TYPE_RELATE_TO);
  }
  g_assert_cmpuint (gst_analytics_relation_get_length (meta), ==, n + 1);
  g_assert_cmpuint (n, ==, MIN (masks.n_objects, NUCSEG_ANALYTICS_MOST));
  nucseg_masks_unmap (&masks);
  return n;
}

static void
test_few (void)
{
  g_autoptr (GstBuffer) out =
      through (FILTER "analytics-meta=true", scene (), WIDTH, HEIGHT);

  g_assert_cmpuint (check_meta (out), ==, 3);
}

static void
test_none (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  g_autoptr (GstBuffer) out = through (FILTER "analytics-meta=true",
      nst_empty_frame_new (&info, 0), WIDTH, HEIGHT);

  g_assert_cmpuint (check_meta (out), ==, 0);
}

static void
test_number (gconstpointer data)
{
  const gint n = GPOINTER_TO_INT (data);
  g_autoptr (GstBuffer) out =
      through (FILTER "analytics-meta=true", dots (n), 4 * n, 4 * n);

  g_assert_cmpuint (check_meta (out), ==, MIN (n * n, NUCSEG_ANALYTICS_MOST));
}

/* A mask that is reused is told again, with each frame. */
static void
test_reused (void)
{
  GstHarness *h =
      harness_new (FILTER "analytics-meta=true interval=3", WIDTH, HEIGHT);

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GstBuffer) out = nst_push_and_pull (h, scene ());

    g_assert_cmpint (nst_inferred (out), ==, i % 3 == 0);
    g_assert_cmpuint (check_meta (out), ==, 3);
  }
  gst_harness_teardown (h);
}

/* --- Whose metas stay ------------------------------------------------------
 */

static void
test_off (void)
{
  GstHarness *h = harness_new (FILTER "name=f", WIDTH, HEIGHT);
  g_autoptr (GstElement) filter = gst_harness_find_element (h, "nucsegfilter");

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstBuffer) out = NULL;

    g_object_set (filter, "analytics-meta", i == 1, NULL);
    out = nst_push_and_pull (h, scene ());
    g_assert_cmpuint (count_metas (out), ==, i == 1);
  }
  gst_harness_teardown (h);
}

/* A second filter tells its own nuclei, or takes the first one's off. */
static void
test_again (void)
{
  g_autoptr (GstBuffer) own =
      through (FILTER "analytics-meta=true ! " FILTER "analytics-meta=true",
          scene (), WIDTH, HEIGHT);
  g_autoptr (GstBuffer) none =
      through (FILTER "analytics-meta=true ! " FILTER, scene (), WIDTH, HEIGHT);

  g_assert_cmpuint (check_meta (own), ==, 3);
  g_assert_cmpuint (count_metas (none), ==, 0);
}

/* Others' detections stay in front, of the same name too. */
static void
test_foreign (void)
{
  GstBuffer *frame = scene ();
  GstAnalyticsRelationMeta *meta =
      gst_buffer_add_analytics_relation_meta (frame);
  GstAnalyticsMtd mtd;
  gpointer state = NULL;
  gint x, y, width, height;
  gfloat confidence;

  gst_analytics_relation_meta_add_od_mtd (
      meta, g_quark_from_string ("nucleus"), 1, 2, 3, 4, 0.5f, &mtd);
  g_autoptr (GstBuffer) out =
      through (FILTER "analytics-meta=true", frame, WIDTH, HEIGHT);
  g_assert_cmpuint (count_metas (out), ==, 1);
  meta = gst_buffer_get_analytics_relation_meta (out);
  g_assert_cmpuint (gst_analytics_relation_get_length (meta), ==, 1 + 1 + 3);
  g_assert_true (gst_analytics_relation_meta_iterate (
      meta, &state, GST_ANALYTICS_MTD_TYPE_ANY, &mtd));
  g_assert_true (gst_analytics_od_mtd_get_location (
      &mtd, &x, &y, &width, &height, &confidence));
  g_assert_cmpint (x, ==, 1);
  g_assert_cmpint (height, ==, 4);
  g_assert_cmpfloat (confidence, ==, 0.5f);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/analytics/few", test_few);
  g_test_add_func ("/analytics/none", test_none);
  g_test_add_data_func ("/analytics/256", GINT_TO_POINTER (16), test_number);
  g_test_add_data_func ("/analytics/4900", GINT_TO_POINTER (70), test_number);
  g_test_add_func ("/analytics/reused", test_reused);
  g_test_add_func ("/analytics/off", test_off);
  g_test_add_func ("/analytics/again", test_again);
  g_test_add_func ("/analytics/foreign", test_foreign);
  return nst_run ();
}
