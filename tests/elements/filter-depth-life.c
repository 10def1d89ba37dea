/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-depth-life.c: frames of nucsegfilter in work at once while a stream
 * lives: events and queries between them, sizes that change, flushes, states,
 * errors, and what downstream answers.
 */
#include "support.h"

#define DEPTH 3

/* What comes out of a filter, in order, as words: "3" for frame 3, "[64]" for
 * caps of that width, else the name of the event. */
typedef struct {
  GstElement *filter;
  GstHarness *h;
  GString *log;
  GstFlowReturn answer; /* to frames, in place of taking them */
} Stream;

static GstPadProbeReturn
note (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Stream *s = data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
    const guint64 n = GST_BUFFER_PTS (buffer) / (40 * GST_MSECOND);

    if (s->answer != GST_FLOW_OK) {
      gst_buffer_unref (buffer);
      GST_PAD_PROBE_INFO_FLOW_RETURN (info) = s->answer;
      return GST_PAD_PROBE_HANDLED;
    }
    g_string_append_printf (s->log, "%" G_GUINT64_FORMAT " ", n);
  } else {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT (info);
    GstCaps *caps;
    gint width = 0;

    if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS) {
      gst_event_parse_caps (event, &caps);
      gst_structure_get_int (gst_caps_get_structure (caps, 0), "width", &width);
      g_string_append_printf (s->log, "[%d] ", width);
    } else {
      g_string_append_printf (s->log, "%s ", GST_EVENT_TYPE_NAME (event));
    }
  }
  return GST_PAD_PROBE_OK;
}

static void
stream_init (Stream *s, guint depth)
{
  s->filter = nst_filter_new ("pipeline-depth", depth, "overlay", 0, NULL);
  s->h = nst_harness_new (s->filter, NULL);
  s->log = g_string_new (NULL);
  s->answer = GST_FLOW_OK;
  gst_pad_add_probe (s->h->sinkpad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
          | GST_PAD_PROBE_TYPE_EVENT_FLUSH,
      note, s, NULL);
}

static void
stream_set_size (Stream *s, gint width, gint height)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, width, height);

  gst_harness_set_src_caps_str (s->h, caps);
}

/* 64x48, with no more in the log than frames to come. */
static void
stream_start (Stream *s, guint depth)
{
  stream_init (s, depth);
  stream_set_size (s, 64, 48);
  g_string_truncate (s->log, 0);
}

static void
stream_end (Stream *s)
{
  gst_harness_teardown (s->h);
  g_string_free (s->log, TRUE);
}

static GstFlowReturn
push_size (Stream *s, guint n, gint width, gint height)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, width, height);

  return gst_harness_push (s->h, nst_frame_new (&info, n, NULL));
}

static void
push (Stream *s, guint from, guint to)
{
  for (guint n = from; n < to; n++)
    g_assert_cmpint (push_size (s, n, 64, 48), ==, GST_FLOW_OK);
}

static void
push_event (Stream *s, GstEvent *event)
{
  g_assert_true (gst_harness_push_event (s->h, event));
}

/* All that came out were scenes. */
static void
assert_log (Stream *s, const gchar *expected)
{
  GstBuffer *buffer;

  g_assert_cmpstr (s->log->str, ==, expected);
  while ((buffer = gst_harness_try_pull (s->h))) {
    GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, NUCSEG_META_NAME);
    gint width, height;

    g_assert_nonnull (meta);
    gst_structure_get (gst_custom_meta_get_structure (meta), "width",
        G_TYPE_INT, &width, "height", G_TYPE_INT, &height, NULL);
    nst_assert_scene (buffer, width, height, 255);
    gst_buffer_unref (buffer);
  }
}

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

/* --- Errors --------------------------------------------------------------- */

static void
assert_one_error (Stream *s, GstBus *bus, GQuark domain, gint code)
{
  g_autoptr (GError) error = nst_wait_error (s->filter, NULL);

  g_assert_error (error, domain, code);
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
}

/* A frame that can't be segmented: at the scale of that moment it is too large.
 * It is in work when others follow. */
static void
test_error (void)
{
  GstBus *bus = gst_bus_new ();
  Stream s;

  stream_init (&s, DEPTH);
  gst_element_set_bus (s.filter, bus);
  stream_set_size (&s, 2000, 16);
  g_string_truncate (s.log, 0);
  for (guint n = 0; n < 7; n++) {
    g_object_set (s.filter, "scale", n == 5 ? 8.0 : 0.0, NULL);
    g_assert_cmpint (push_size (&s, n, 2000, 16), ==, GST_FLOW_OK);
  }
  g_assert_cmpstr (s.log->str, ==, "0 1 2 3 4 ");
  g_assert_cmpint (push_size (&s, 7, 2000, 16), ==, GST_FLOW_ERROR);
  assert_one_error (&s, bus, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION);
  /* none of those behind it, and none lost of those that come */
  g_string_truncate (s.log, 0);
  for (guint n = 10; n < 13; n++)
    g_assert_cmpint (push_size (&s, n, 2000, 16), ==, GST_FLOW_OK);
  g_assert_cmpstr (s.log->str, ==, "10 ");

  /* an event finds it */
  g_object_set (s.filter, "scale", 8.0, NULL);
  g_assert_cmpint (push_size (&s, 13, 2000, 16), ==, GST_FLOW_OK);
  g_object_set (s.filter, "scale", 0.0, NULL);
  g_assert_cmpint (push_size (&s, 14, 2000, 16), ==, GST_FLOW_OK);
  gst_harness_push_event (s.h, gst_event_new_gap (0, GST_SECOND));
  g_assert_cmpstr (s.log->str, ==, "10 11 12 gap ");
  assert_one_error (&s, bus, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION);
  g_assert_cmpint (push_size (&s, 15, 2000, 16), ==, GST_FLOW_ERROR);
  g_assert_cmpint (push_size (&s, 16, 2000, 16), ==, GST_FLOW_OK);

  /* a flush doesn't care */
  for (guint n = 17; n < 19; n++) {
    g_object_set (s.filter, "scale", n == 17 ? 8.0 : 0.0, NULL);
    g_assert_cmpint (push_size (&s, n, 2000, 16), ==, GST_FLOW_OK);
  }
  push_event (&s, gst_event_new_flush_start ());
  push_event (&s, gst_event_new_flush_stop (TRUE));
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
  gst_element_set_bus (s.filter, NULL);
  gst_object_unref (bus);
  stream_end (&s);
}

/* A buffer that is no frame is refused when it comes; those before it go. */
static void
test_bad_buffer (void)
{
  GstBus *bus = gst_bus_new ();
  Stream s;

  stream_start (&s, DEPTH);
  gst_element_set_bus (s.filter, bus);
  push (&s, 0, 4);
  assert_log (&s, "0 1 ");
  g_assert_cmpint (
      gst_harness_push (s.h, gst_buffer_new_allocate (NULL, 1000, NULL)), ==,
      GST_FLOW_ERROR);
  assert_log (&s, "0 1 2 3 ");
  assert_one_error (&s, bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  gst_element_set_bus (s.filter, NULL);
  gst_object_unref (bus);
  stream_end (&s);
}

/* --- What downstream answers ---------------------------------------------- */

static void
test_answers (void)
{
  static const GstFlowReturn answers[] = { GST_FLOW_EOS, GST_FLOW_FLUSHING,
    GST_FLOW_NOT_LINKED, GST_FLOW_NOT_NEGOTIATED, GST_FLOW_ERROR };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    const gboolean fatal = answers[i] == GST_FLOW_ERROR;
    Stream s;

    stream_start (&s, DEPTH);
    push (&s, 0, 3);
    s.answer = answers[i];
    g_assert_cmpint (push_size (&s, 3, 64, 48), ==, answers[i]);
    s.answer = GST_FLOW_OK;
    /* frame 1 wasn't taken; those behind it are, unless it is an error */
    push (&s, 4, 7);
    assert_log (&s, fatal ? "0 4 " : "0 2 3 4 ");

    /* what an event's frames are answered comes with the next frame, once */
    s.answer = answers[i];
    gst_harness_push_event (s.h, gst_event_new_gap (0, GST_SECOND));
    s.answer = GST_FLOW_OK;
    g_assert_cmpint (push_size (&s, 7, 64, 48), ==, answers[i]);
    push (&s, 8, 11);
    assert_log (&s, fatal ? "0 4 gap 8 " : "0 2 3 4 gap 8 ");

    /* a flush, or another stream, makes it all new */
    s.answer = answers[i];
    gst_harness_push_event (s.h, gst_event_new_gap (0, GST_SECOND));
    s.answer = GST_FLOW_OK;
    gst_harness_push_event (s.h, gst_event_new_stream_start ("another"));
    g_string_truncate (s.log, 0);
    push (&s, 11, 14);
    assert_log (&s, "11 ");
    stream_end (&s);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/depth/events", test_events);
  g_test_add_func ("/filter/depth/queries", test_queries);
  g_test_add_func ("/filter/depth/sizes", test_sizes);
  g_test_add_func ("/filter/depth/reconfigure", test_reconfigure);
  g_test_add_func ("/filter/depth/flush", test_flush);
  g_test_add_func ("/filter/depth/states", test_states);
  g_test_add_func ("/filter/depth/error", test_error);
  g_test_add_func ("/filter/depth/bad-buffer", test_bad_buffer);
  g_test_add_func ("/filter/depth/answers", test_answers);
  return nst_run ();
}
