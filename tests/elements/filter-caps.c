/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-caps.c: what nucsegfilter agrees on with its neighbours: which format
 * it prefers, what it makes of what they leave open, and what it refuses.
 */
#include "support.h"

/* What comes out when downstream takes everything. */
static GstVideoFormat
preferred (GstVideoFormat from, gint overlay, const gchar *downstream)
{
  const GstVideoInfo info = nst_info (from, 32, 32);
  g_autofree gchar *caps = nst_caps (from, 32, 32);
  GstHarness *h =
      nst_harness_new (nst_filter_new ("overlay", overlay, NULL), NULL);
  GstVideoFormat format;

  if (downstream)
    gst_harness_set_sink_caps_str (h, downstream);
  gst_harness_set_src_caps_str (h, caps);
  gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, 0, NULL)));
  format = nst_out_format (h);
  gst_harness_teardown (h);
  return format;
}

static void
test_preference (void)
{
  /* nothing drawn: as it came; drawn on grey: in colour; colour: as it came */
  g_assert_cmpint (
      preferred (GST_VIDEO_FORMAT_GRAY8, 0, NULL), ==, GST_VIDEO_FORMAT_GRAY8);
  g_assert_cmpint (preferred (GST_VIDEO_FORMAT_GRAY16_LE, 0,
                       "video/x-raw,format={RGB,GRAY16_LE}"),
      ==, GST_VIDEO_FORMAT_GRAY16_LE);
  g_assert_cmpint (
      preferred (GST_VIDEO_FORMAT_GRAY8, 2, NULL), ==, GST_VIDEO_FORMAT_BGRx);
  /* RGB before YUV: outlines keep their colour in every pixel */
  g_assert_cmpint (preferred (GST_VIDEO_FORMAT_GRAY8, 2,
                       "video/x-raw,format={GRAY8,I420,BGR}"),
      ==, GST_VIDEO_FORMAT_BGR);
  g_assert_cmpint (preferred (GST_VIDEO_FORMAT_GRAY8, 2,
                       "video/x-raw,format={GRAY8,I420,NV12}"),
      ==, GST_VIDEO_FORMAT_I420);
  g_assert_cmpint (
      preferred (GST_VIDEO_FORMAT_GRAY8, 2, "video/x-raw,format=GRAY8"), ==,
      GST_VIDEO_FORMAT_GRAY8);
  g_assert_cmpint (
      preferred (GST_VIDEO_FORMAT_GRAY8, 0, "video/x-raw,format=RGB"), ==,
      GST_VIDEO_FORMAT_RGB);
  g_assert_cmpint (
      preferred (GST_VIDEO_FORMAT_BGR, 2, NULL), ==, GST_VIDEO_FORMAT_BGR);
  g_assert_cmpint (
      preferred (GST_VIDEO_FORMAT_NV12, 3, "video/x-raw,format={RGB,NV12}"), ==,
      GST_VIDEO_FORMAT_NV12);
}

/* What neither side fixes is plain: an application's source often names no
 * aspect ratio, and a scaler downstream takes any. */
static void
test_left_open (void)
{
  static const gchar *const downstream[] = {
    "video/x-raw,pixel-aspect-ratio=[1/2147483647,2147483647/1]",
    "video/x-raw,format=BGR,pixel-aspect-ratio=[1/2,3/1],"
    "interlace-mode={interleaved,mixed,progressive}",
  };
  g_autofree gchar *src = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (downstream); i++) {
    const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
    GstHarness *h =
        nst_harness_new (nst_filter_new ("overlay", i % 2 * 2, NULL), NULL);
    GstVideoInfo out;
    GstCaps *caps;

    gst_harness_set_sink_caps_str (h, downstream[i / 2]);
    gst_harness_set_src_caps_str (h, src);
    gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, 0, NULL)));
    caps = gst_pad_get_current_caps (h->sinkpad);
    g_assert_true (gst_video_info_from_caps (&out, caps));
    g_assert_cmpint (GST_VIDEO_INFO_PAR_N (&out), ==, 1);
    g_assert_cmpint (GST_VIDEO_INFO_PAR_D (&out), ==, 1);
    g_assert_false (GST_VIDEO_INFO_IS_INTERLACED (&out));
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
}

static void
test_refused (void)
{
  static const gchar *const pairs[][2] = {
    { "RGB", "BGR" },
    { "RGB", "GRAY8" },
    { "GRAY8", "GRAY16_LE" },
    { "GRAY8", "NV12,colorimetry=bt709" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autofree gchar *in = g_strdup_printf (
        "video/x-raw,format=%s,width=32,height=32,framerate=25/1", pairs[i][0]);
    g_autofree gchar *out =
        g_strdup_printf ("video/x-raw,format=%s", pairs[i][1]);
    GstHarness *h = nst_harness_new (nst_filter_new (NULL, NULL), NULL);
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, 32 * 32 * 4, NULL);

    gst_harness_set_sink_caps_str (h, out);
    gst_harness_set_src_caps_str (h, in);
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_NOT_NEGOTIATED);
    gst_harness_teardown (h);
  }
}

static void
test_too_small_or_large (void)
{
  static const gchar *const sizes[] = { "width=15,height=64",
    "width=64,height=15", "width=8193,height=16" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *in = g_strdup_printf (
        "video/x-raw,format=GRAY8,%s,framerate=25/1", sizes[i]);
    GstHarness *h = nst_harness_new (nst_filter_new (NULL, NULL), NULL);
    GstCaps *caps = gst_caps_from_string (in);

    g_assert_false (gst_pad_query_accept_caps (GST_PAD_PEER (h->srcpad), caps));
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/caps/preference", test_preference);
  g_test_add_func ("/filter/caps/left-open", test_left_open);
  g_test_add_func ("/filter/caps/refused", test_refused);
  g_test_add_func ("/filter/caps/too-small-or-large", test_too_small_or_large);
  return nst_run ();
}
