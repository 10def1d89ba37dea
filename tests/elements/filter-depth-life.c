/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-depth-life.c: frames of nucsegfilter in work at once while a stream
 * lives: events and queries between them, sizes that change, flushes, states.
 * filter-depth-errors.c has what fails.
 */
#include "filter-depth-stream.h"

/* --- Order ---------------------------------------------------------------- */

static void
test_events (void)
{
  Stream s;
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  stream_start (&s, DEPTH);
  push (&s, 0, 2);
  assert_log (&s, "");
  push_event (&s, gst_event_new_tag (gst_tag_list_new_empty ()));
  assert_log (&s, "0 1 tag ");
  push (&s, 2, 5);
  assert_log (&s, "0 1 tag 2 ");
  /* not serialized: at once */
  push_event (&s,
      gst_event_new_custom (
          GST_EVENT_CUSTOM_DOWNSTREAM_OOB, gst_structure_new_empty ("nst")));
  assert_log (&s, "0 1 tag 2 custom-downstream-oob ");
  push_event (&s,
      gst_event_new_custom (
          GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("nst")));
  push (&s, 5, 6);
  push_event (&s, gst_event_new_gap (240 * GST_MSECOND, 40 * GST_MSECOND));
  push (&s, 7, 9);
  push_event (&s, gst_event_new_segment (&segment));
  push (&s, 9, 13);
  push_event (&s, gst_event_new_eos ());
  assert_log (&s,
      "0 1 tag 2 custom-downstream-oob 3 4 custom-downstream 5 gap 7 8 segment "
      "9 10 11 12 eos ");
  /* another stream after the end of one */
  push_event (&s, gst_event_new_stream_start ("another"));
  push_event (&s, gst_event_new_segment (&segment));
  g_string_truncate (s.log, 0);
  push (&s, 0, 4);
  assert_log (&s, "0 1 ");
  stream_end (&s);
}

static GstEvent *
custom_event (void)
{
  return gst_event_new_custom (
      GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("nst"));
}

/* Events of which the element knows nothing go out in their place, and no frame
 * waits for them: the latency tracer sends one with each. */
static void
test_events_behind (void)
{
  Stream s;

  stream_start (&s, DEPTH);
  push_event (&s, custom_event ());
  assert_log (&s, "custom-downstream ");
  push (&s, 0, 2);
  push_event (&s, custom_event ());
  push_event (&s, custom_event ());
  assert_log (&s, "custom-downstream ");
  push (&s, 2, 4);
  assert_log (&s, "custom-downstream 0 1 custom-downstream custom-downstream ");
  g_string_truncate (s.log, 0);
  for (guint n = 4; n < 8; n++) {
    push_event (&s, custom_event ());
    push (&s, n, n + 1);
  }
  assert_log (
      &s, "2 3 custom-downstream 4 custom-downstream 5 custom-downstream ");
  g_string_truncate (s.log, 0);
  push_event (&s, custom_event ());
  push_event (&s, gst_event_new_eos ());
  assert_log (&s, "6 custom-downstream 7 custom-downstream eos ");
  stream_end (&s);
}

/* They go with the frames that a flush or an error takes. */
static void
test_events_dropped (void)
{
  GstSegment segment;
  Stream s;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  stream_start (&s, DEPTH);
  push (&s, 0, 2);
  push_event (&s, custom_event ());
  push_event (&s, gst_event_new_flush_start ());
  push_event (&s, gst_event_new_flush_stop (TRUE));
  push_event (&s, gst_event_new_segment (&segment));
  push (&s, 2, 6);
  assert_log (&s, "flush-start flush-stop segment 2 3 ");
  push_event (&s, custom_event ());
  s.answer = GST_FLOW_EOS;
  for (guint n = 6; n < 8; n++)
    push_size (&s, n, 64, 48);
  assert_log (&s, "flush-start flush-stop segment 2 3 ");
  stream_end (&s);
}

static void
test_queries (void)
{
  g_autofree gchar *text = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstCaps *caps = gst_caps_from_string (text);
  GstQuery *query = gst_query_new_drain ();
  Stream s;

  stream_start (&s, DEPTH);
  push (&s, 0, 2);
  gst_pad_peer_query (s.h->srcpad, query);
  assert_log (&s, "0 1 ");
  gst_query_unref (query);
  push (&s, 2, 4);
  query = gst_query_new_allocation (caps, TRUE);
  gst_pad_peer_query (s.h->srcpad, query);
  assert_log (&s, "0 1 2 3 ");
  gst_query_unref (query);
  /* others ask of the stream, not of its frames */
  push (&s, 4, 6);
  gst_harness_query_latency (s.h);
  assert_log (&s, "0 1 2 3 ");
  gst_caps_unref (caps);
  stream_end (&s);
}

static void
test_sizes (void)
{
  Stream s;

  stream_init (&s, DEPTH);
  for (guint i = 0; i < 12; i++) {
    const gint width = i / 4 % 2 ? 33 : 64, height = i / 4 % 2 ? 31 : 48;

    if (i % 4 == 0)
      stream_set_size (&s, width, height);
    g_assert_cmpint (push_size (&s, i, width, height), ==, GST_FLOW_OK);
  }
  push_event (&s, gst_event_new_eos ());
  /* the harness begins a segment with each caps */
  assert_log (&s,
      "stream-start [64] segment 0 1 2 3 [33] segment 4 5 6 7 [64] segment 8 9 "
      "10 11 eos ");
  stream_end (&s);
}

static GstPadProbeReturn
note_allocation (GstPad *pad, GstPadProbeInfo *info, gpointer log)
{
  if (GST_QUERY_TYPE (GST_PAD_PROBE_INFO_QUERY (info)) == GST_QUERY_ALLOCATION
      && (info->type & GST_PAD_PROBE_TYPE_PUSH))
    g_string_append (log, "allocation ");
  return GST_PAD_PROBE_OK;
}

/* Downstream wants another format, or other pools: frames of the old ones go
 * before. */
static void
test_reconfigure (void)
{
  Stream s;

  stream_start (&s, DEPTH);
  push (&s, 0, 3);
  assert_log (&s, "0 ");
  gst_harness_set_sink_caps_str (s.h, "video/x-raw,format=RGB");
  assert_log (&s, "0 ");
  push (&s, 3, 6);
  assert_log (&s, "0 1 2 [64] 3 ");
  gst_pad_add_probe (s.h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      note_allocation, s.log, NULL);
  gst_pad_push_event (s.h->sinkpad, gst_event_new_reconfigure ());
  push (&s, 6, 9);
  assert_log (&s, "0 1 2 [64] 3 4 5 allocation 6 ");
  stream_end (&s);
}

/* Downstream is late, and wants no frame before the fifth. */
static void
test_dropped (void)
{
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  guint64 processed, dropped;
  GstBuffer *buffer;
  Stream s;

  stream_start (&s, DEPTH);
  gst_element_set_bus (s.filter, bus);
  g_object_set (s.filter, "qos", TRUE, NULL);
  push (&s, 0, 1);
  g_assert_true (gst_harness_push_upstream_event (s.h,
      gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, 180 * GST_MSECOND, 0)));
  push (&s, 1, 8);
  push_event (&s, gst_event_new_eos ());
  g_assert_cmpstr (s.log->str, ==, "0 5 6 7 eos ");
  while ((buffer = gst_harness_try_pull (s.h))) {
    g_assert_true (GST_BUFFER_IS_DISCONT (buffer)
        == (GST_BUFFER_PTS (buffer) == 5 * 40 * GST_MSECOND));
    gst_buffer_unref (buffer);
  }
  for (guint n = 1; n < 5; n++) {
    message = gst_bus_pop_filtered (bus, GST_MESSAGE_QOS);
    g_assert_nonnull (message);
    gst_message_parse_qos_stats (message, NULL, &processed, &dropped);
    /* the first frame is in work until the fifth comes */
    g_assert_cmpuint (processed, ==, 0);
    g_assert_cmpuint (dropped, ==, n);
    gst_message_unref (message);
  }
  g_assert_true (gst_harness_push_upstream_event (
      s.h, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, 0)));
  push_event (&s, gst_event_new_stream_start ("another"));
  push (&s, 8, 9);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_QOS);
  g_assert_nonnull (message);
  gst_message_parse_qos_stats (message, NULL, &processed, &dropped);
  g_assert_cmpuint (processed, ==, 4);
  g_assert_cmpuint (dropped, ==, 5);
  gst_message_unref (message);
  gst_element_set_bus (s.filter, NULL);
  gst_object_unref (bus);
  stream_end (&s);
}

/* Twelve frames @distance ms apart behind *@pts; what is reported then. */
static GstClockTime
push_apart (Stream *s, guint64 distance, GstClockTime *pts)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);

  for (guint i = 0; i < 12; i++) {
    GstBuffer *buffer = nst_frame_new (&info, i, NULL);

    *pts += distance * GST_MSECOND;
    GST_BUFFER_PTS (buffer) = *pts;
    g_assert_cmpint (gst_harness_push (s->h, buffer), ==, GST_FLOW_OK);
  }
  return gst_harness_query_latency (s->h);
}

/* A frame waits for the next ones, however slowly they come: the caps say 25 a
 * second. (What a frame takes is reckoned anew with the 50th.) */
static void
test_slower (void)
{
  static const guint64 distances[][2] = { { 45, 40 }, { 400, 400 },
    { 350, 400 }, { 20, 40 } };
  GstClockTime pts = 0, whole;
  Stream s;

  stream_start (&s, DEPTH);
  whole = gst_harness_query_latency (s.h);
  for (guint i = 0; i < G_N_ELEMENTS (distances); i++) {
    g_assert_cmpuint (push_apart (&s, distances[i][0], &pts), ==,
        whole + (DEPTH - 1) * (distances[i][1] - 40) * GST_MSECOND);
    /* one pause is none */
    pts += 30 * GST_SECOND;
  }
  stream_end (&s);
}

/* --- Flushes and states --------------------------------------------------- */

static void
test_flush (void)
{
  GstSegment segment;
  Stream s;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  stream_start (&s, DEPTH);
  for (guint i = 0; i < 3; i++) {
    push (&s, 0, 5);
    push_event (&s, gst_event_new_flush_start ());
    push_event (&s, gst_event_new_flush_stop (TRUE));
    push_event (&s, gst_event_new_segment (&segment));
    push (&s, 10, 12);
    push_event (&s, gst_event_new_gap (0, GST_SECOND));
    assert_log (&s, "0 1 2 flush-start flush-stop segment 10 11 gap ");
    g_string_truncate (s.log, 0);
  }
  stream_end (&s);
}

static void
test_states (void)
{
  static const GstState states[] = { GST_STATE_READY, GST_STATE_NULL };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++) {
    Stream s;

    stream_start (&s, DEPTH);
    push (&s, 0, 4);
    g_assert_cmpint (gst_element_set_state (s.filter, states[i]), ==,
        GST_STATE_CHANGE_SUCCESS);
    assert_log (&s, "0 1 ");
    stream_end (&s);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/depth/events", test_events);
  g_test_add_func ("/filter/depth/events-behind", test_events_behind);
  g_test_add_func ("/filter/depth/events-dropped", test_events_dropped);
  g_test_add_func ("/filter/depth/queries", test_queries);
  g_test_add_func ("/filter/depth/sizes", test_sizes);
  g_test_add_func ("/filter/depth/reconfigure", test_reconfigure);
  g_test_add_func ("/filter/depth/dropped", test_dropped);
  g_test_add_func ("/filter/depth/slower", test_slower);
  g_test_add_func ("/filter/depth/flush", test_flush);
  g_test_add_func ("/filter/depth/states", test_states);
  return nst_run ();
}
