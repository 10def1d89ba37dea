/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-stream.c: nucsegfilter over the life of a stream: sizes that change
 * and come back, flushes, seeks, restarts, time stamps, what travels along,
 * reuse of masks, latency, and buffers that are not what they say.
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

static void
test_discont (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h =
      nst_harness_new (nst_filter_new ("interval", 100, NULL), NULL);
  GstBuffer *in, *out;

  gst_buffer_unref (push_size (h, 0, 0));
  in = nst_frame_new (&info, 1, NULL);
  GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_DISCONT);
  out = nst_push_and_pull (h, in);
  g_assert_true (nst_inferred (out));
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

/* --- What travels along -------------------------------------------------- */

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
    GST_BUFFER_FLAG_SET (in, GST_BUFFER_FLAG_MARKER);
    gst_buffer_add_reference_timestamp_meta (
        in, reference, 789, GST_CLOCK_TIME_NONE);
    roi = gst_buffer_add_video_region_of_interest_meta (in, "well", 1, 2, 3, 4);
    roi->id = 4711;
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
    time = gst_buffer_get_reference_timestamp_meta (out, reference);
    g_assert_nonnull (time);
    g_assert_cmpuint (time->timestamp, ==, 789);
    roi = gst_buffer_get_video_region_of_interest_meta_id (out, 4711);
    g_assert_nonnull (roi);
    g_assert_cmpuint (roi->w, ==, 3);
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

/* --- Reuse --------------------------------------------------------------- */

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

/* --- Latency ------------------------------------------------------------- */

static void
test_latency (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 512, 512);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 512, 512);
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
  for (guint i = 0; i < 110; i++)
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

/* --- Whole pipelines ----------------------------------------------------- */

static GstFlowReturn
on_sample (GstElement *sink, gpointer data)
{
  guint *n = data;
  GstSample *sample = NULL;

  g_signal_emit_by_name (sink, "pull-sample", &sample);
  g_assert_nonnull (sample);
  (*n)++;
  g_assert_true (gst_buffer_get_custom_meta (
      gst_sample_get_buffer (sample), NUCSEG_META_NAME));
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static void
wait_eos (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  g_assert_nonnull (message);
  g_assert_cmpstr (GST_MESSAGE_TYPE_NAME (message), ==, "eos");
  gst_message_unref (message);
  gst_object_unref (bus);
}

static GstElement *
pipeline_new (guint *n, const gchar *rest)
{
  g_autofree gchar *line =
      g_strdup_printf ("videotestsrc num-buffers=20 pattern=ball ! "
                       "video/x-raw,format=GRAY8,width=96,height=64 ! "
                       "nucsegfilter name=f model=affine backend=reference ! "
                       "%s appsink name=s sync=false emit-signals=true",
          rest);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error), *sink;

  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_signal_connect (sink, "new-sample", G_CALLBACK (on_sample), n);
  gst_object_unref (sink);
  return pipeline;
}

/* From READY and from NULL, each a few times. */
static void
test_restart (void)
{
  guint n = 0;
  GstElement *pipeline = pipeline_new (&n, "");
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "f");

  for (guint i = 0; i < 6; i++) {
    GstStructure *stats;
    guint64 frames = 0;

    n = 0;
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    wait_eos (pipeline);
    g_assert_cmpuint (n, ==, 20);
    g_object_get (filter, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "frames", &frames);
    g_assert_cmpuint (frames, ==, 20);
    gst_structure_free (stats);
    gst_element_set_state (pipeline, i & 1 ? GST_STATE_NULL : GST_STATE_READY);
    g_object_get (filter, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "frames", &frames);
    g_assert_cmpuint (frames, ==, 0);
    gst_structure_free (stats);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
}

static void
test_seek (void)
{
  guint n = 0;
  GstElement *pipeline = pipeline_new (&n, "");

  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (
      gst_element_get_state (pipeline, NULL, NULL, 30 * GST_SECOND), ==,
      GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < 3; i++) {
    g_assert_true (gst_element_seek_simple (
        pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, i * GST_SECOND / 10));
    gst_element_get_state (pipeline, NULL, NULL, 30 * GST_SECOND);
  }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_eos (pipeline);
  g_assert_cmpuint (n, >, 0);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* An end while frames are on their way. */
static void
test_abrupt_end (void)
{
  for (guint i = 0; i < 10; i++) {
    guint n = 0;
    GstElement *pipeline = pipeline_new (&n, "queue ! ");

    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_usleep (i * 2000);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
}

/* --- Buffers that are not what they say ---------------------------------- */

static void
assert_refused (GstBuffer *buffer, const gchar *expected)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstElement *filter = nst_filter_new (NULL, NULL);
  GstHarness *h = nst_harness_new (filter, caps);
  GstBus *bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;

  gst_element_set_bus (filter, bus);
  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_ERROR);
  error = nst_wait_error (filter, NULL);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_nonnull (g_strstr_len (error->message, -1, expected));
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_bad_buffers (void)
{
  static const gint strides[] = { 64, 4096, -64 };
  GstBuffer *buffer;

  assert_refused (gst_buffer_new_allocate (NULL, 64 * 48 - 1, NULL), "3071");
  assert_refused (gst_buffer_new (), "too short");
  /* another size or format than the caps */
  buffer = gst_buffer_new_allocate (NULL, 64 * 48, NULL);
  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, 32, 48);
  assert_refused (buffer, "32x48");
  buffer = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);
  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 64, 48);
  assert_refused (buffer, "RGB");
  /* rows beyond the end */
  for (guint i = 0; i < 3; i++) {
    gsize offset[GST_VIDEO_MAX_PLANES] = { i == 0 ? 100 : 0 };
    gint stride[GST_VIDEO_MAX_PLANES] = { strides[i] };

    buffer = gst_buffer_new_allocate (NULL, 64 * 48, NULL);
    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_FORMAT_GRAY8, 64, 48, 1, offset, stride);
    assert_refused (buffer, "3072");
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/stream/renegotiation", test_renegotiation);
  g_test_add_func ("/filter/stream/format-change", test_format_change);
  g_test_add_func ("/filter/stream/eos", test_eos);
  g_test_add_func ("/filter/stream/flush", test_flush);
  g_test_add_func ("/filter/stream/discont", test_discont);
  g_test_add_func ("/filter/stream/kept", test_kept);
  g_test_add_func ("/filter/stream/zero-nuclei", test_zero_nuclei);
  g_test_add_func ("/filter/stream/interval", test_interval);
  g_test_add_func ("/filter/stream/interval-draws", test_interval_draws);
  g_test_add_func ("/filter/stream/no-time-stamps", test_no_time_stamps);
  g_test_add_func ("/filter/stream/latency", test_latency);
  g_test_add_func ("/filter/stream/restart", test_restart);
  g_test_add_func ("/filter/stream/seek", test_seek);
  g_test_add_func ("/filter/stream/abrupt-end", test_abrupt_end);
  g_test_add_func ("/filter/stream/bad-buffers", test_bad_buffers);
  return nst_run ();
}
