/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-depth-stream.h: a stream through a nucsegfilter with several frames in
 * work, which notes what comes out in which order.
 */
#ifndef TESTS_ELEMENTS_FILTER_DEPTH_STREAM_H
#define TESTS_ELEMENTS_FILTER_DEPTH_STREAM_H

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

static inline GstPadProbeReturn
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

static inline void
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

static inline void
stream_set_size (Stream *s, gint width, gint height)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, width, height);

  gst_harness_set_src_caps_str (s->h, caps);
}

/* 64x48, with no more in the log than frames to come. */
static inline void
stream_start (Stream *s, guint depth)
{
  stream_init (s, depth);
  stream_set_size (s, 64, 48);
  g_string_truncate (s->log, 0);
}

static inline void
stream_end (Stream *s)
{
  gst_harness_teardown (s->h);
  g_string_free (s->log, TRUE);
}

static inline GstFlowReturn
push_size (Stream *s, guint n, gint width, gint height)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, width, height);

  return gst_harness_push (s->h, nst_frame_new (&info, n, NULL));
}

static inline void
push (Stream *s, guint from, guint to)
{
  for (guint n = from; n < to; n++)
    g_assert_cmpint (push_size (s, n, 64, 48), ==, GST_FLOW_OK);
}

static inline void
push_event (Stream *s, GstEvent *event)
{
  g_assert_true (gst_harness_push_event (s->h, event));
}

/* All that came out were scenes. */
static inline void
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

#endif /* TESTS_ELEMENTS_FILTER_DEPTH_STREAM_H */
