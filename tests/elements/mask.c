/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mask.c: nucsegmask: every output format from every input format, labels
 * beyond 255 and 65,535, no nuclei, no meta, a meta of another size, padded
 * rows, time stamps, flags and foreign metas, renegotiation, restarts.
 */
#include <string.h>

#include "support.h"

#include "palette.h"

/* Attaches a meta as docs/metadata.md describes it. */
static void
attach (GstBuffer *buffer, const gchar *meta_name, gint width, gint height,
    guint n, GstBuffer *labels, GstBuffer *objects)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, meta_name);
  GstStructure *s = gst_custom_meta_get_structure (meta);

  gst_structure_set (s, "width", G_TYPE_INT, width, "height", G_TYPE_INT,
      height, "n-objects", G_TYPE_UINT, n, "labels", GST_TYPE_BUFFER, labels,
      NULL);
  if (objects != NULL)
    gst_structure_set (s, "objects", GST_TYPE_BUFFER, objects, NULL);
}

/* A frame whose meta gives pixel (x, y) the label (x + y width) % (n + 1); @n
 * 0: no nuclei. NULL name: no meta. */
static GstBuffer *
frame_new (const GstVideoInfo *info, guint n, const gchar *meta_name)
{
  gsize size = (gsize) info->width * info->height;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstBuffer *map, *table = NULL;
  guint16 *labels = g_new (guint16, size);

  for (gsize i = 0; i < size; i++)
    labels[i] = (guint16) (i % (n + 1));
  map = gst_buffer_new_wrapped (labels, size * 2);
  if (n > 0) {
    NucsegObject *objects = g_new0 (NucsegObject, n);

    for (guint i = 0; i < n; i++)
      objects[i].label = i + 1;
    table = gst_buffer_new_wrapped (objects, n * sizeof (NucsegObject));
  }
  gst_buffer_memset (buffer, 0, 0x55, info->size);
  if (meta_name != NULL)
    attach (buffer, meta_name, info->width, info->height, n, map, table);
  gst_buffer_unref (map);
  gst_clear_buffer (&table);
  return buffer;
}

static GstHarness *
mask_new (GstVideoFormat in, GstVideoFormat out, gint width, gint height,
    gboolean required)
{
  GstElement *mask = gst_element_factory_make ("nucsegmask", NULL);
  GstHarness *h = gst_harness_new_with_element (mask, "sink", "src");
  g_autofree gchar *in_caps = nst_caps (in, width, height);
  g_autofree gchar *out_caps = nst_caps (out, width, height);

  g_object_set (mask, "required", required, NULL);
  gst_object_unref (mask);
  gst_harness_set_src_caps_str (h, in_caps);
  gst_harness_set_sink_caps_str (h, out_caps);
  return h;
}

/* The value that the label must have become, as bytes; returns how many. */
static guint
expected_pixel (GstVideoFormat format, guint label, guint8 bytes[4])
{
  guint32 color = label > 0 ? nucseg_palette_color (label) : 0;

  switch (format) {
  case GST_VIDEO_FORMAT_GRAY16_LE:
    bytes[0] = label & 0xff;
    bytes[1] = (guint8) (label >> 8);
    return 2;
  case GST_VIDEO_FORMAT_GRAY8:
    bytes[0] = label > 0 ? 255 : 0;
    return 1;
  default:
    bytes[0] = (guint8) (color >> 16);
    bytes[1] = (guint8) (color >> 8);
    bytes[2] = (guint8) color;
    bytes[3] = label > 0 ? 255 : 0;
    return format == GST_VIDEO_FORMAT_RGBA ? 4 : 3;
  }
}

/* Asserts that @buffer shows labels as frame_new() made them. */
static void
assert_shown (
    GstBuffer *buffer, GstVideoFormat format, gint width, gint height, guint n)
{
  GstVideoInfo info = nst_info (format, width, height);
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (gint y = 0; y < height; y++) {
    const guint8 *row = (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0)
        + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);

    for (gint x = 0; x < width; x++) {
      guint label = (guint) (((gsize) y * width + x) % (n + 1));
      guint8 bytes[4];
      guint size = expected_pixel (format, label, bytes);

      g_assert_cmpmem (row + (gsize) x * size, size, bytes, size);
    }
  }
  gst_video_frame_unmap (&frame);
}

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

/* --- What stays --------------------------------------------------------- */

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
  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_MARKER);
  gst_buffer_add_reference_timestamp_meta (in, reference, 777, 0);
  gst_buffer_add_video_region_of_interest_meta (in, "nucleus", 3, 4, 5, 6);
  out = nst_push_and_pull (h, in);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 12345678);
  g_assert_cmpuint (GST_BUFFER_DURATION (out), ==, 4321);
  g_assert_cmpuint (GST_BUFFER_OFFSET (out), ==, 99);
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DISCONT));
  g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_MARKER));
  g_assert_nonnull (gst_buffer_get_reference_timestamp_meta (out, reference));
  g_assert_nonnull (gst_buffer_get_video_region_of_interest_meta_id (out, 0));
  g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
  g_assert_cmpuint (masks.n_objects, ==, 5);
  nucseg_masks_unmap (&masks);
  gst_caps_unref (reference);
  gst_buffer_unref (out);
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
  g_test_add_func ("/mask/formats", test_formats);
  g_test_add_func ("/mask/all-labels", test_all_labels);
  g_test_add_func ("/mask/preferred-format", test_preferred_format);
  g_test_add_func ("/mask/meta-name", test_meta_name);
  g_test_add_func ("/mask/without-meta", test_without_meta);
  g_test_add_func ("/mask/other-size", test_other_size);
  g_test_add_func ("/mask/required", test_required);
  g_test_add_func ("/mask/what-stays", test_what_stays);
  g_test_add_func ("/mask/renegotiation", test_renegotiation);
  g_test_add_func ("/mask/pipeline-cycles", test_pipeline_cycles);
  return nst_run ();
}
