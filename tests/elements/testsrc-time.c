/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-time.c: nuctestsrc and time: stamps, stills, durations, a change of
 * caps on the way, and what a live source does when nobody takes its frames.
 */
#include "testsrc-support.h"

#define CAPS8 "video/x-raw,format=GRAY8,width=512,height=512,framerate=25/1"
#define CAPS16 "video/x-raw,format=GRAY16_LE,width=97,height=61,framerate=25/1"

/* --- Time --------------------------------------------------------------- */

static void
test_times (void)
{
  GstHarness *h = source_new (
      "video/x-raw,format=GRAY8,width=64,height=64,framerate=30000/1001", 100,
      NULL);
  GstClockTime expected = 0;

  gst_harness_play (h);
  for (guint i = 0; i < 100; i++) {
    GstBuffer *buffer = gst_harness_pull (h);

    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==,
        gst_util_uint64_scale (i, 1001 * GST_SECOND, 30000));
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, expected);
    expected += GST_BUFFER_DURATION (buffer);
    g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, i);
    g_assert_cmpuint (GST_BUFFER_OFFSET_END (buffer), ==, i + 1);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

static void
test_still (void)
{
  GstHarness *h = source_new (
      "video/x-raw,format=GRAY8,width=64,height=64,framerate=0/1", -1, NULL);
  GstBuffer *buffer;
  GstEvent *event;
  gboolean eos = FALSE;

  gst_harness_play (h);
  buffer = gst_harness_pull (h);
  g_assert_nonnull (buffer);
  gst_buffer_unref (buffer);
  while (!eos && (event = gst_harness_pull_event (h)) != NULL) {
    eos = GST_EVENT_TYPE (event) == GST_EVENT_EOS;
    gst_event_unref (event);
  }
  g_assert_true (eos);
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, 1);
  gst_harness_teardown (h);
}

static void
test_duration (void)
{
  GstHarness *h = source_new (CAPS8, 50, NULL);
  gint64 value = 0;

  gst_harness_play (h);
  gst_buffer_unref (gst_harness_pull (h));
  g_assert_true (
      gst_element_query_duration (h->element, GST_FORMAT_TIME, &value));
  g_assert_cmpint (value, ==, 2 * GST_SECOND);
  g_assert_true (
      gst_element_query_duration (h->element, GST_FORMAT_DEFAULT, &value));
  g_assert_cmpint (value, ==, 50);
  g_assert_true (gst_element_query_convert (
      h->element, GST_FORMAT_DEFAULT, 25, GST_FORMAT_TIME, &value));
  g_assert_cmpint (value, ==, GST_SECOND);
  gst_harness_teardown (h);
}

/* Frame 3 of another size and rate is frame 3 of a stream that had them from
 * the start, and time goes on. */
static void
test_renegotiation (void)
{
  static const gchar *const other =
      "video/x-raw,format=GRAY16_LE,width=120,height=80,framerate=10/1";
  GstElement *pipeline, *filter, *sink;
  GstVideoInfo info = info_of (other);
  g_autoptr (GError) error = NULL;
  GstSample *sample = NULL;
  GstCaps *caps;
  guint64 n, expected = 0;
  GstClockTime time = 0;
  GstHarness *h;

  pipeline = gst_parse_launch ("nuctestsrc is-live=false ! capsfilter "
                               "name=filter caps=" CAPS8
                               " ! appsink name=sink sync=false max-buffers=1",
      &error);
  g_assert_no_error (error);
  filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  caps = gst_caps_from_string (other);
  g_object_set (filter, "caps", caps, NULL);
  gst_caps_unref (caps);
  /* some frames of the old size may be under way */
  for (guint i = 0;; i++) {
    GstVideoInfo now;

    g_clear_pointer (&sample, gst_sample_unref);
    g_assert_cmpuint (i, <, 20);
    g_signal_emit_by_name (sink, "pull-sample", &sample);
    g_assert_nonnull (sample);
    g_assert_true (
        gst_video_info_from_caps (&now, gst_sample_get_caps (sample)));
    g_assert_cmpuint (
        GST_BUFFER_OFFSET (gst_sample_get_buffer (sample)), ==, i);
    g_assert_cmpuint (
        GST_BUFFER_PTS (gst_sample_get_buffer (sample)), ==, time);
    time += GST_BUFFER_DURATION (gst_sample_get_buffer (sample));
    if (now.width == 120)
      break;
  }
  n = GST_BUFFER_OFFSET (gst_sample_get_buffer (sample));
  h = source_new (other, (gint) n + 1, NULL);
  gst_harness_play (h);
  for (guint64 i = 0; i <= n; i++) {
    GstBuffer *buffer = gst_harness_pull (h);

    expected = hash_frame (HASH_START, &info, buffer);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
  g_assert_cmphex (
      hash_frame (HASH_START, &info, gst_sample_get_buffer (sample)), ==,
      expected);
  gst_sample_unref (sample);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (filter);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
}

/* --- Live --------------------------------------------------------------- */

static GstHarness *
live_new (gboolean skip_late)
{
  GstElement *src = gst_element_factory_make ("nuctestsrc", NULL);
  GstHarness *h;
  gboolean live = FALSE;

  g_object_get (src, "is-live", &live, NULL);
  g_assert_true (live);
  g_object_set (src, "skip-late", skip_late, NULL);
  h = gst_harness_new_with_element (src, NULL, "src");
  gst_object_unref (src);
  gst_harness_use_testclock (h);
  gst_harness_set_sink_caps_str (h, CAPS16);
  return h;
}

/* The next frame: it waits for its time, which the clock is moved on to. */
static GstBuffer *
live_pull (GstHarness *h)
{
  guint before = gst_harness_buffers_received (h);
  GstBuffer *buffer;

  g_assert_true (gst_harness_wait_for_clock_id_waits (h, 1, 60));
  g_assert_cmpuint (gst_harness_buffers_received (h), ==, before);
  g_assert_true (gst_harness_crank_single_clock_wait (h));
  buffer = gst_harness_pull (h);
  g_assert_nonnull (buffer);
  return buffer;
}

static void
test_live_latency (void)
{
  GstHarness *h = live_new (TRUE);
  GstQuery *query = gst_query_new_latency ();
  gboolean live;
  GstClockTime low, high;

  gst_harness_play (h);
  for (guint i = 0; i < 5; i++) {
    gst_buffer_unref (live_pull (h));
    g_assert_cmpuint (gst_clock_get_time (GST_ELEMENT_CLOCK (h->element)), ==,
        i * 40 * GST_MSECOND);
  }
  g_assert_true (gst_element_query (h->element, query));
  gst_query_parse_latency (query, &live, &low, &high);
  g_assert_true (live);
  g_assert_cmpuint (low, ==, 40 * GST_MSECOND);
  /* as many frames as it keeps for who is late */
  g_assert_cmpuint (high, ==, 4 * 40 * GST_MSECOND);
  gst_query_unref (query);
  gst_harness_teardown (h);
}

/* After frame 0 the clock jumps to the time of frame @due, while frame 1 waits.
 */
static void
live_after_pause (
    guint64 due, gboolean skip_late, guint64 expected, gboolean gap)
{
  GstHarness *h = live_new (skip_late);
  GstBuffer *buffer;

  gst_harness_play (h);
  gst_buffer_unref (live_pull (h));
  g_assert_true (gst_harness_wait_for_clock_id_waits (h, 1, 60));
  gst_harness_set_time (h, due * 40 * GST_MSECOND);
  buffer = live_pull (h);
  g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, 1);
  gst_buffer_unref (buffer);
  buffer = live_pull (h);
  g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, expected);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, expected * 40 * GST_MSECOND);
  g_assert_true (
      GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT) == gap);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
}

static void
test_skip_late (void)
{
  live_after_pause (25, TRUE, 25, TRUE);
  live_after_pause (25, FALSE, 2, FALSE);
  /* a camera's driver has buffers too */
  live_after_pause (5, TRUE, 2, FALSE);
  live_after_pause (6, TRUE, 6, TRUE);
}

/* Simulating a frame takes longer than the frame lasts. */
static void
test_too_fast (void)
{
  GstHarness *h = gst_harness_new_parse ("nuctestsrc num-buffers=4");
  GstClockTime last = GST_CLOCK_TIME_NONE;
  guint64 frame = 0;

  gst_harness_use_systemclock (h);
  gst_harness_set_sink_caps_str (
      h, "video/x-raw,format=GRAY8,width=64,height=64,framerate=1000000/1");
  gst_harness_play (h);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = gst_harness_pull (h);

    g_assert_nonnull (buffer);
    if (i > 0) {
      g_assert_cmpuint (GST_BUFFER_PTS (buffer), >, last);
      g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), >, frame);
    }
    last = GST_BUFFER_PTS (buffer);
    frame = GST_BUFFER_OFFSET (buffer);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/testsrc-time/times", test_times);
  g_test_add_func ("/testsrc-time/still", test_still);
  g_test_add_func ("/testsrc-time/duration", test_duration);
  g_test_add_func ("/testsrc-time/renegotiation", test_renegotiation);
  g_test_add_func ("/testsrc-time/live-latency", test_live_latency);
  g_test_add_func ("/testsrc-time/skip-late", test_skip_late);
  g_test_add_func ("/testsrc-time/too-fast", test_too_fast);
  return nst_run ();
}
