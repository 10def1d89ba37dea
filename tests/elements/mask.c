/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mask.c: what nucsegmask shows: every output format from every input format,
 * labels beyond 255 and 65,535, padded rows; no nuclei, no meta, a meta of
 * another size. mask-life.c has the life of a stream.
 */
#include <string.h>

#include "mask-support.h"

static const GstVideoFormat out_formats[] = { GST_VIDEO_FORMAT_GRAY16_LE,
  GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_RGBA };

static void
test_formats (void)
{
  static const GstVideoFormat in[] = { GST_VIDEO_FORMAT_GRAY8,
    GST_VIDEO_FORMAT_GRAY16_LE, GST_VIDEO_FORMAT_GRAY16_BE,
    GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_BGRx, GST_VIDEO_FORMAT_RGBA,
    GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_YUY2 };
  /* none, few, beyond a byte; odd sizes have gaps between rows */
  static const guint counts[] = { 0, 3, 255, 256, 1000 };

  for (guint i = 0; i < G_N_ELEMENTS (in); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (out_formats); k++) {
      GstHarness *h = mask_new (in[i], out_formats[k], 45, 31, TRUE);
      GstVideoInfo info = nst_info (in[i], 45, 31);

      for (guint c = 0; c < G_N_ELEMENTS (counts); c++) {
        GstBuffer *out = nst_push_and_pull (
            h, frame_new (&info, counts[c], NUCSEG_META_NAME));

        assert_shown (out, out_formats[k], 45, 31, counts[c]);
        gst_buffer_unref (out);
      }
      gst_harness_teardown (h);
    }
  }
}

static void
test_all_labels (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (out_formats); k++) {
    GstHarness *h =
        mask_new (GST_VIDEO_FORMAT_GRAY8, out_formats[k], 512, 256, TRUE);
    GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 512, 256);
    GstBuffer *out =
        nst_push_and_pull (h, frame_new (&info, 65535, NUCSEG_META_NAME));

    assert_shown (out, out_formats[k], 512, 256, 65535);
    gst_buffer_unref (out);
    gst_harness_teardown (h);
  }
}

/* Who asks for nothing gets the labels. */
static void
test_preferred_format (void)
{
  GstElement *mask = gst_element_factory_make ("nucsegmask", NULL);
  GstHarness *h = gst_harness_new_with_element (mask, "sink", "src");
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_NV12, 32, 32);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_NV12, 32, 32);
  GstCaps *got;

  gst_object_unref (mask);
  gst_harness_set_src_caps_str (h, caps);
  gst_buffer_unref (
      nst_push_and_pull (h, frame_new (&info, 5, NUCSEG_META_NAME)));
  got = gst_pad_get_current_caps (h->sinkpad);
  g_assert_true (gst_video_info_from_caps (&info, got));
  gst_caps_unref (got);
  g_assert_cmpint (
      GST_VIDEO_INFO_FORMAT (&info), ==, GST_VIDEO_FORMAT_GRAY16_LE);
  g_assert_cmpint (info.width, ==, 32);
  gst_harness_teardown (h);
}

static void
test_meta_name (void)
{
  GstHarness *h = mask_new (
      GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_GRAY16_LE, 32, 20, TRUE);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 32, 20);
  GstBuffer *out;
  gchar *name = NULL;

  g_object_get (h->element, "meta-name", &name, NULL);
  g_assert_cmpstr (name, ==, "NucsegMeta");
  g_free (name);
  /* while running, and back */
  g_object_set (h->element, "meta-name", NUCSEG_TRUTH_META_NAME, NULL);
  out = nst_push_and_pull (h, frame_new (&info, 7, NUCSEG_TRUTH_META_NAME));
  assert_shown (out, GST_VIDEO_FORMAT_GRAY16_LE, 32, 20, 7);
  gst_buffer_unref (out);
  g_object_set (h->element, "meta-name", NUCSEG_META_NAME, NULL);
  out = nst_push_and_pull (h, frame_new (&info, 9, NUCSEG_META_NAME));
  assert_shown (out, GST_VIDEO_FORMAT_GRAY16_LE, 32, 20, 9);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

/* --- No mask ------------------------------------------------------------ */

static guint
count_messages (GstBus *bus, GstMessageType type)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (bus, type)) != NULL) {
    gst_message_unref (message);
    n++;
  }
  return n;
}

/* @meta_size: of the label map of the frames; 0: they have no meta */
static void
run_without (GstVideoFormat format, gint meta_size)
{
  GstHarness *h = mask_new (GST_VIDEO_FORMAT_GRAY8, format, 33, 33, FALSE);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 33, 33);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (h->element, bus);
  for (guint i = 0; i < 3; i++) {
    GstBuffer *in = frame_new (&info, 5, NULL), *out;

    if (meta_size > 0) {
      GstBuffer *map = gst_buffer_new_allocate (
          NULL, (gsize) meta_size * meta_size * 2, NULL);

      gst_buffer_memset (map, 0, 0, (gsize) -1);
      attach (in, NUCSEG_META_NAME, meta_size, meta_size, 0, map, NULL);
      gst_buffer_unref (map);
    }
    out = nst_push_and_pull (h, in);
    assert_shown (out, format, 33, 33, 0);
    gst_buffer_unref (out);
  }
  g_assert_cmpuint (count_messages (bus, GST_MESSAGE_WARNING), ==, 1);
  g_assert_cmpuint (count_messages (bus, GST_MESSAGE_ERROR), ==, 0);
  /* a frame with its mask is shown all the same */
  {
    GstBuffer *out =
        nst_push_and_pull (h, frame_new (&info, 5, NUCSEG_META_NAME));

    assert_shown (out, format, 33, 33, 5);
    gst_buffer_unref (out);
  }
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_without_meta (void)
{
  for (guint k = 0; k < G_N_ELEMENTS (out_formats); k++)
    run_without (out_formats[k], 0);
}

static void
test_other_size (void)
{
  run_without (GST_VIDEO_FORMAT_GRAY16_LE, 32);
  run_without (GST_VIDEO_FORMAT_GRAY8, 34);
}

static void
test_required (void)
{
  GstHarness *h = mask_new (
      GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_GRAY16_LE, 32, 32, TRUE);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 32, 32);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GError *error = NULL;

  gst_element_set_bus (h->element, bus);
  g_assert_cmpint (
      gst_harness_push (h, frame_new (&info, 5, NULL)), ==, GST_FLOW_ERROR);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "NucsegMeta"));
  g_error_free (error);
  gst_message_unref (message);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/mask/formats", test_formats);
  g_test_add_func ("/mask/all-labels", test_all_labels);
  g_test_add_func ("/mask/preferred-format", test_preferred_format);
  g_test_add_func ("/mask/meta-name", test_meta_name);
  g_test_add_func ("/mask/without-meta", test_without_meta);
  g_test_add_func ("/mask/other-size", test_other_size);
  g_test_add_func ("/mask/required", test_required);
  return nst_run ();
}
