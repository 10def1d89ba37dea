/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-stream.c: nucsegfilter over the life of a stream: sizes that change
 * and come back, flushes, what travels along, few nuclei and many, latency.
 * filter-stream-interval.c has the reuse of masks.
 */
#include "support.h"

static const gint sizes[][2] = { { 64, 48 }, { 33, 31 }, { 128, 96 } };

static GstBuffer *
push_size (GstHarness *h, guint which, guint n)
{
  const gint width = sizes[which][0], height = sizes[which][1];
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, width, height);
  g_autofree gchar *text = nst_caps (GST_VIDEO_FORMAT_GRAY8, width, height);
  GstCaps *caps = gst_caps_from_string (text);
  GstCaps *old = gst_pad_get_current_caps (h->srcpad);
  GstBuffer *out;

  /* the harness begins a new segment with each caps */
  if (!old || !gst_caps_is_equal (old, caps))
    gst_harness_set_src_caps (h, gst_caps_ref (caps));
  gst_clear_caps (&old);
  gst_caps_unref (caps);
  out = nst_push_and_pull (h, nst_frame_new (&info, n, NULL));
  nst_assert_scene (out, width, height, 255);
  return out;
}

static void
test_renegotiation (void)
{
  static const guint order[] = { 0, 1, 0, 2, 1, 0, 2, 2, 0 };
  GstHarness *h = nst_harness_new (nst_filter_new ("interval", 3, NULL), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    GstBuffer *out = push_size (h, order[i], i);

    /* a mask of another size is never reused, nor one of before */
    if (i == 0 || order[i] != order[i - 1])
      g_assert_true (nst_inferred (out));
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

static void
test_format_change (void)
{
  static const GstVideoFormat order[] = { GST_VIDEO_FORMAT_GRAY8,
    GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_GRAY8 };
  GstHarness *h = nst_harness_new (nst_filter_new (NULL, NULL), NULL);

  for (guint i = 0; i < G_N_ELEMENTS (order); i++) {
    const GstVideoInfo info = nst_info (order[i], 64, 48);
    g_autofree gchar *caps = nst_caps (order[i], 64, 48);
    GstBuffer *out;

    gst_harness_set_src_caps_str (h, caps);
    out = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));
    nst_assert_scene (out, 64, 48, 255);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

static void
test_eos (void)
{
  GstHarness *h = nst_harness_new (nst_filter_new (NULL, NULL), NULL);
  gboolean eos = FALSE;
  GstEvent *event;

  gst_buffer_unref (push_size (h, 0, 0));
  g_assert_true (gst_harness_push_event (h, gst_event_new_eos ()));
  while (!eos && (event = gst_harness_try_pull_event (h))) {
    eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  g_assert_true (eos);
  g_assert_cmpuint (gst_harness_buffers_in_queue (h), ==, 0);
  gst_harness_teardown (h);
}

static void
flush (GstHarness *h)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (gst_harness_push_event (h, gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  g_assert_true (gst_harness_push_event (h, gst_event_new_segment (&segment)));
}

static void
test_flush (void)
{
  GstHarness *h =
      nst_harness_new (nst_filter_new ("interval", 100, NULL), NULL);
  GstBuffer *out;

  for (guint i = 0; i < 3; i++) {
    out = push_size (h, 0, 0);
    g_assert_true (nst_inferred (out));
    gst_buffer_unref (out);
    out = push_size (h, 0, 1);
    g_assert_false (nst_inferred (out));
    gst_buffer_unref (out);
    /* what comes after a flush is another scene */
    flush (h);
  }
  gst_harness_teardown (h);
}

/* --- What travels along -------------------------------------------------- */

/* None of type nucleus but those that were found in this frame. */
static void
assert_regions_are_ours (GstBuffer *buffer)
{
  gpointer state = NULL;
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *) meta;

    if (g_str_equal (g_quark_to_string (roi->roi_type), NUCSEG_ROI_TYPE))
      g_assert_nonnull (
          gst_video_region_of_interest_meta_get_param (roi, NUCSEG_ROI_PARAM));
  }
}

static void
assert_kept (GstElement *filter, const gchar *downstream)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h = nst_harness_new (filter, NULL);
  GstCaps *reference = gst_caps_new_empty_simple ("timestamp/x-test");

  if (downstream)
    gst_harness_set_sink_caps_str (h, downstream);
  gst_harness_set_src_caps_str (h, caps);
  for (guint held = 0; held < 2; held++) {
    GstBuffer *in = nst_frame_new (&info, 9, NULL), *out;
    GstReferenceTimestampMeta *time;
    GstVideoRegionOfInterestMeta *roi;
    GstCustomMeta *custom;
    gint number = 0;

    GST_BUFFER_DTS (in) = 123;
    GST_BUFFER_OFFSET (in) = 456;
    GST_BUFFER_OFFSET_END (in) = 457;
    GST_BUFFER_FLAG_SET (
        in, (guint) GST_BUFFER_FLAG_MARKER | (guint) GST_BUFFER_FLAG_GAP);
    gst_buffer_add_reference_timestamp_meta (
        in, reference, 789, GST_CLOCK_TIME_NONE);
    roi = gst_buffer_add_video_region_of_interest_meta (in, "well", 1, 2, 3, 4);
    roi->id = 4711;
    /* of a filter before this one, converted in between: without parameters */
    gst_buffer_add_video_region_of_interest_meta (
        in, NUCSEG_ROI_TYPE, 5, 6, 7, 8);
    custom = gst_buffer_add_custom_meta (in, "NstForeignMeta");
    gst_structure_set (
        gst_custom_meta_get_structure (custom), "n", G_TYPE_INT, 42, NULL);
    if (held)
      gst_buffer_ref (in);

    out = nst_push_and_pull (h, in);
    g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 360 * GST_MSECOND);
    g_assert_cmpuint (GST_BUFFER_DURATION (out), ==, 40 * GST_MSECOND);
    g_assert_cmpuint (GST_BUFFER_DTS (out), ==, 123);
    g_assert_cmpuint (GST_BUFFER_OFFSET (out), ==, 456);
    g_assert_cmpuint (GST_BUFFER_OFFSET_END (out), ==, 457);
    g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_MARKER));
    g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_GAP));
    time = gst_buffer_get_reference_timestamp_meta (out, reference);
    g_assert_nonnull (time);
    g_assert_cmpuint (time->timestamp, ==, 789);
    roi = gst_buffer_get_video_region_of_interest_meta_id (out, 4711);
    g_assert_nonnull (roi);
    g_assert_cmpuint (roi->w, ==, 3);
    assert_regions_are_ours (out);
    custom = gst_buffer_get_custom_meta (out, "NstForeignMeta");
    g_assert_nonnull (custom);
    gst_structure_get_int (
        gst_custom_meta_get_structure (custom), "n", &number);
    g_assert_cmpint (number, ==, 42);
    nst_assert_scene (out, 64, 48, 255);
    if (held)
      gst_buffer_unref (in);
    gst_buffer_unref (out);
  }
  gst_caps_unref (reference);
  gst_harness_teardown (h);
}

static void
test_kept (void)
{
  static const gchar *tags[] = { NULL };

  gst_meta_register_custom ("NstForeignMeta", tags, NULL, NULL, NULL);
  /* untouched, drawn on in place or in a copy, converted */
  assert_kept (nst_filter_new ("overlay", 0, NULL), NULL);
  assert_kept (nst_filter_new ("overlay", 2, NULL), "video/x-raw,format=GRAY8");
  assert_kept (nst_filter_new ("overlay", 2, NULL), "video/x-raw,format=RGB");
}

static void
test_zero_nuclei (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h = nst_harness_new (nst_filter_new (NULL, NULL), caps);
  GstBuffer *out;
  gpointer state = NULL;

  for (guint i = 0; i < 4; i++) {
    if (i & 1) {
      out = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));
      nst_assert_scene (out, 64, 48, 255);
    } else {
      out = nst_push_and_pull (h, nst_empty_frame_new (&info, i));
      nst_assert_empty (out, 64, 48);
      g_assert_null (gst_buffer_iterate_meta_filtered (
          out, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE));
    }
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* As many as a crowded dish shows, then none, then as many again. */
static void
test_many_nuclei (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 400, 320);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 400, 320);
  GstHarness *h = nst_harness_new (nst_filter_new ("overlay", 0, NULL), caps);

  for (guint n = 0; n < 3; n++) {
    GstBuffer *in = nst_empty_frame_new (&info, n), *out;
    const guint expected = n == 1 ? 0 : 2000;
    gpointer state = NULL;
    NucsegMasks masks;
    GstMapInfo map;
    guint regions = 0;

    /* 50 x 40 squares of 3 x 3 pixels */
    gst_buffer_map (in, &map, GST_MAP_WRITE);
    for (guint i = 0; i < expected * 9; i++) {
      const guint x = i / 9 % 50 * 8 + i % 3 + 2;
      const guint y = i / 9 / 50 * 8 + i / 3 % 3 + 2;

      map.data[y * 400 + x] = 250;
    }
    gst_buffer_unmap (in, &map);
    out = nst_push_and_pull (h, in);
    g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
    g_assert_cmpuint (masks.n_objects, ==, expected);
    for (guint i = 0; i < expected; i++) {
      g_assert_cmpint (masks.objects[i].x, ==, i % 50 * 8 + 2);
      g_assert_cmpint (masks.objects[i].y, ==, i / 50 * 8 + 2);
      g_assert_cmpuint (masks.objects[i].area, ==, 9);
    }
    nucseg_masks_unmap (&masks);
    while (gst_buffer_iterate_meta_filtered (
        out, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))
      regions++;
    g_assert_cmpuint (regions, ==, expected);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

/* --- Latency ------------------------------------------------------------- */

static void
test_latency (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 256, 256);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 256, 256);
  GstElement *filter = nst_filter_new (NULL, NULL);
  GstHarness *h = nst_harness_new (filter, NULL);
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GstStructure *stats;
  guint64 latency = 0;
  guint messages = 0;

  gst_element_set_bus (filter, bus);
  gst_harness_set_upstream_latency (h, 30 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (h), ==, 30 * GST_MSECOND);
  gst_harness_set_src_caps_str (h, caps);
  for (guint i = 0; i < 60; i++)
    gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, i, NULL)));
  g_object_get (filter, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "latency", &latency));
  g_assert_cmpuint (latency, >, 0);
  gst_structure_free (stats);
  g_assert_cmpuint (
      gst_harness_query_latency (h), ==, 30 * GST_MSECOND + latency);
  /* said with a message, and not for each frame */
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_LATENCY))) {
    messages++;
    gst_message_unref (message);
  }
  g_assert_cmpuint (messages, >=, 1);
  g_assert_cmpuint (messages, <=, 3);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/stream/renegotiation", test_renegotiation);
  g_test_add_func ("/filter/stream/format-change", test_format_change);
  g_test_add_func ("/filter/stream/eos", test_eos);
  g_test_add_func ("/filter/stream/flush", test_flush);
  g_test_add_func ("/filter/stream/kept", test_kept);
  g_test_add_func ("/filter/stream/zero-nuclei", test_zero_nuclei);
  g_test_add_func ("/filter/stream/many-nuclei", test_many_nuclei);
  g_test_add_func ("/filter/stream/latency", test_latency);
  return nst_run ();
}
