/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mask-life.c: nucsegmask over the life of a stream: time stamps, flags and
 * foreign metas stay; renegotiation, restarts.
 */
#include "mask-support.h"

static void
test_what_stays (void)
{
  GstHarness *h =
      mask_new (GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGB, 32, 32, TRUE);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 32, 32);
  GstBuffer *in = frame_new (&info, 5, NUCSEG_META_NAME), *out;
  GstCaps *reference = gst_caps_new_empty_simple ("timestamp/x-test");
  NucsegMasks masks;

  GST_BUFFER_PTS (in) = 12345678;
  GST_BUFFER_DURATION (in) = 4321;
  GST_BUFFER_OFFSET (in) = 99;
  GST_BUFFER_FLAG_SET (in,
      GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_MARKER | GST_BUFFER_FLAG_GAP);
  gst_buffer_add_reference_timestamp_meta (in, reference, 777, 0);
  gst_buffer_add_video_region_of_interest_meta (in, "nucleus", 3, 4, 5, 6);
  out = nst_push_and_pull (h, in);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 12345678);
  g_assert_cmpuint (GST_BUFFER_DURATION (out), ==, 4321);
  g_assert_cmpuint (GST_BUFFER_OFFSET (out), ==, 99);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DISCONT));
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_MARKER));
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_GAP));
  g_assert_nonnull (gst_buffer_get_reference_timestamp_meta (out, reference));
  g_assert_nonnull (gst_buffer_get_video_region_of_interest_meta_id (out, 0));
  g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
  g_assert_cmpuint (masks.n_objects, ==, 5);
  nucseg_masks_unmap (&masks);
  gst_caps_unref (reference);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

/* The picture isn't needed: one that is cut off has its label map, and without
 * one none of an earlier frame. */
static void
test_cut_picture (void)
{
  GstHarness *h =
      mask_new (GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGB, 32, 32, FALSE);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 32, 32);

  for (guint i = 0; i < 6; i++) {
    const gboolean has_mask = i % 3 != 2;
    GstBuffer *in =
                  frame_new (&info, 5 + i, has_mask ? NUCSEG_META_NAME : NULL),
              *out;

    if (i % 3 > 0)
      gst_buffer_set_size (in, 100);
    out = nst_push_and_pull (h, in);
    assert_shown (out, GST_VIDEO_FORMAT_RGB, 32, 32, has_mask ? 5 + i : 0);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* Whoever is late downstream gets his label maps all the same. */
static void
test_late (void)
{
  GstHarness *h =
      mask_new (GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGB, 32, 32, TRUE);
  GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 32, 32);

  for (guint i = 0; i < 3; i++) {
    GstBuffer *in = frame_new (&info, 5, NUCSEG_META_NAME);

    GST_BUFFER_PTS (in) = i * GST_SECOND;
    gst_buffer_unref (nst_push_and_pull (h, in));
    g_assert_true (gst_harness_push_upstream_event (h,
        gst_event_new_qos (
            GST_QOS_TYPE_UNDERFLOW, 2, 100 * GST_SECOND, i * GST_SECOND)));
  }
  gst_harness_teardown (h);
}

static void
test_renegotiation (void)
{
  static const gint sizes[][2] = { { 32, 32 }, { 47, 19 }, { 640, 16 },
    { 32, 32 } };
  GstElement *mask = gst_element_factory_make ("nucsegmask", NULL);
  GstHarness *h = gst_harness_new_with_element (mask, "sink", "src");

  gst_object_unref (mask);
  gst_harness_set_sink_caps_str (h, "video/x-raw,format=RGB");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    gint width = sizes[i][0], height = sizes[i][1];
    GstVideoFormat format =
        i % 2 ? GST_VIDEO_FORMAT_GRAY16_LE : GST_VIDEO_FORMAT_I420;
    GstVideoInfo info = nst_info (format, width, height);
    g_autofree gchar *caps = nst_caps (format, width, height);
    GstBuffer *out;

    gst_harness_set_src_caps_str (h, caps);
    out = nst_push_and_pull (h, frame_new (&info, 11, NUCSEG_META_NAME));
    assert_shown (out, GST_VIDEO_FORMAT_RGB, width, height, 11);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* The whole line, twice; the mask of the truth is the truth. */
static void
test_pipeline_cycles (void)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (
      "nuctestsrc is-live=false ! "
      "video/x-raw,width=130,height=90 ! "
      "nucsegmask name=mask meta-name=NucsegTruthMeta required=true ! "
      "video/x-raw,format=GRAY16_LE ! appsink name=sink sync=false "
      "max-buffers=1",
      &error);
  GstElement *sink;

  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  for (guint cycle = 0; cycle < 2; cycle++) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    for (guint i = 0; i < 5; i++) {
      GstSample *sample = NULL;
      GstVideoInfo info;
      GstVideoFrame frame;
      NucsegMasks masks;

      /* an appsink keeps what waits in it through READY: one or two frames */
      for (guint k = 0; k < 3; k++) {
        g_clear_pointer (&sample, gst_sample_unref);
        g_signal_emit_by_name (sink, "pull-sample", &sample);
        g_assert_nonnull (sample);
        if (GST_BUFFER_OFFSET (gst_sample_get_buffer (sample)) == i)
          break;
      }
      g_assert_cmpuint (
          GST_BUFFER_OFFSET (gst_sample_get_buffer (sample)), ==, i);
      g_assert_true (
          gst_video_info_from_caps (&info, gst_sample_get_caps (sample)));
      g_assert_true (gst_video_frame_map (
          &frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ));
      g_assert_true (nucseg_masks_map (
          gst_sample_get_buffer (sample), NUCSEG_TRUTH_META_NAME, &masks));
      g_assert_cmpuint (masks.n_objects, >, 0);
      for (gint y = 0; y < info.height; y++) {
        const guint8 *row =
            (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0)
            + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);

        for (gint x = 0; x < info.width; x++)
          g_assert_cmpuint (GST_READ_UINT16_LE (row + 2 * x), ==,
              masks.labels[y * masks.width + x]);
      }
      nucseg_masks_unmap (&masks);
      gst_video_frame_unmap (&frame);
      gst_sample_unref (sample);
    }
    gst_element_set_state (pipeline, cycle ? GST_STATE_NULL : GST_STATE_READY);
  }
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/mask/what-stays", test_what_stays);
  g_test_add_func ("/mask/cut-picture", test_cut_picture);
  g_test_add_func ("/mask/late", test_late);
  g_test_add_func ("/mask/renegotiation", test_renegotiation);
  g_test_add_func ("/mask/pipeline-cycles", test_pipeline_cycles);
  return nst_run ();
}
