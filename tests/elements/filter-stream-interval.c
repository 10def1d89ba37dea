/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-stream-interval.c: masks that nucsegfilter reuses (property interval):
 * how old they are, that they are drawn, and that a jump in time ends them.
 */
#include "support.h"

static void
test_interval (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstElement *filter = nst_filter_new ("interval", 3, "overlay", 0, NULL);
  GstHarness *h = nst_harness_new (filter, caps);

  for (guint i = 0; i < 10; i++) {
    /* the scene is there only in frames 0 to 4: reused masks are late */
    GstBuffer *in =
        i < 5 ? nst_frame_new (&info, i, NULL) : nst_empty_frame_new (&info, i);
    GstBuffer *out = nst_push_and_pull (h, in);
    guint frames;
    const guint64 age = nst_age (out, &frames);

    g_assert_cmpint (nst_inferred (out), ==, i % 3 == 0);
    g_assert_cmpuint (frames, ==, i % 3);
    g_assert_cmpuint (age, ==, (i % 3) * 40 * GST_MSECOND);
    if (i / 3 * 3 < 5)
      nst_assert_scene (out, 64, 48, 255);
    else
      nst_assert_empty (out, 64, 48);
    gst_buffer_unref (out);
  }
  /* from now on each */
  g_object_set (filter, "interval", 1, NULL);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *out = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));

    g_assert_true (nst_inferred (out));
    nst_assert_scene (out, 64, 48, 255);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* A mask that is reused is drawn too, on this frame. */
static void
test_interval_draws (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h = nst_harness_new (nst_filter_new ("interval", 2, "overlay", 2,
                                       "contour-color", 0xff0000, NULL),
      NULL);
  g_autofree gchar *in_caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *out_caps = nst_caps (GST_VIDEO_FORMAT_RGB, 64, 48);

  gst_harness_set_caps_str (h, in_caps, out_caps);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *out = nst_push_and_pull (h,
        i & 1 ? nst_empty_frame_new (&info, i)
              : nst_frame_new (&info, i, NULL));
    guint8 rgb[3];

    gst_buffer_extract (out, 64 * 3 + 2 * 3, rgb, 3);
    g_assert_cmpint (rgb[0], ==, 255);
    g_assert_cmpint (rgb[1], ==, 0);
    gst_buffer_extract (out, 64 * 3 * 2 + 4 * 3, rgb, 3);
    g_assert_cmpint (rgb[0], ==, i & 1 ? 10 : 200);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* The scale of a mask is that of the frame that it was found in: one that the
 * next such frame would fail with does not touch those in between. */
static void
test_interval_scale (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 1200, 16);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 1200, 16);
  GstElement *filter = nst_filter_new ("interval", 3, "overlay", 2, NULL);
  GstHarness *h = nst_harness_new (filter, caps);

  for (guint i = 0; i < 3; i++) {
    gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, i, NULL)));
    g_object_set (filter, "scale", i < 1 ? 8.0 : 0.0, NULL);
  }
  g_object_set (filter, "scale", 8.0, NULL);
  g_assert_cmpint (
      gst_harness_push (h, nst_frame_new (&info, 3, NULL)), ==, GST_FLOW_ERROR);
  gst_harness_teardown (h);
}

static void
test_no_time_stamps (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h = nst_harness_new (nst_filter_new ("interval", 2, NULL), caps);

  for (guint i = 0; i < 2; i++) {
    GstBuffer *in = nst_frame_new (&info, i, NULL), *out;
    guint frames;

    GST_BUFFER_PTS (in) = GST_CLOCK_TIME_NONE;
    GST_BUFFER_DURATION (in) = GST_CLOCK_TIME_NONE;
    out = nst_push_and_pull (h, in);
    g_assert_false (GST_BUFFER_PTS_IS_VALID (out));
    g_assert_cmpuint (nst_age (out, &frames), ==, 0);
    g_assert_cmpuint (frames, ==, i);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* A lost frame or two is no reason to infer; a jump in time is. */
static void
test_discont (void)
{
  static const struct {
    guint n; /* of 40 ms */
    gboolean inferred;
  } frames[] = { { 100, TRUE }, { 102, FALSE }, { 110, FALSE }, { 140, TRUE },
    { 141, FALSE }, { 5, TRUE }, { 6, FALSE } };
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h =
      nst_harness_new (nst_filter_new ("interval", 100, NULL), caps);

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    GstBuffer *in = nst_frame_new (&info, frames[i].n, NULL), *out;

    GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT);
    out = nst_push_and_pull (h, in);
    g_assert_cmpint (nst_inferred (out), ==, frames[i].inferred);
    g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DISCONT));
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* Played in reverse, each frame is earlier than the one before and may be
 * marked; the interval counts all the same. */
static void
test_reverse (void)
{
  static const guint frames[] = { 100, 98, 97, 96, 60, 61 };
  static const gboolean inferred[] = { TRUE, FALSE, FALSE, FALSE, TRUE, TRUE };
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h =
      nst_harness_new (nst_filter_new ("interval", 100, NULL), caps);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = segment.position = 10 * GST_SECOND;
  g_assert_true (gst_harness_push_event (h, gst_event_new_segment (&segment)));
  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    GstBuffer *in = nst_frame_new (&info, frames[i], NULL), *out;

    GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT);
    out = nst_push_and_pull (h, in);
    g_assert_cmpint (nst_inferred (out), ==, inferred[i]);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/stream/discont", test_discont);
  g_test_add_func ("/filter/stream/reverse", test_reverse);
  g_test_add_func ("/filter/stream/interval", test_interval);
  g_test_add_func ("/filter/stream/interval-draws", test_interval_draws);
  g_test_add_func ("/filter/stream/interval-scale", test_interval_scale);
  g_test_add_func ("/filter/stream/no-time-stamps", test_no_time_stamps);
  return nst_run ();
}
