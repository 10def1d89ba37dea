/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch-frames.c: what `nucseg watch` notes of each frame, and how it ends
 * after so many of them.
 */
#include "watch.h"

#include <errno.h>
#include <string.h>
#include <gst/video/video.h>

#include "facts.h"

/* One object a line. Times in microseconds but for the stamps, which are
 * GStreamer's nanoseconds. */
static void
write_line (FILE *file, guint64 index, GstClockTime pts, const ToolFacts *f,
    guint64 latency_ns)
{
  gdouble mean = tool_facts_mean_area (f), size = f->pixel_size;

  fprintf (file, "{\"frame\":%" G_GUINT64_FORMAT ",\"pts_ns\":", index);
  if (GST_CLOCK_TIME_IS_VALID (pts))
    fprintf (file, "%" G_GUINT64_FORMAT, pts);
  else
    fputs ("null", file);
  fprintf (file, ",\"count\":%u,\"mean_area\":%.2f", f->masks.n_objects, mean);
  if (size > 0)
    fprintf (file, ",\"mean_area_um2\":%.4f", mean * size * size);
  fprintf (file,
      ",\"inferred\":%s,\"age_ns\":%" G_GUINT64_FORMAT ",\"age_frames\":%u",
      f->inferred ? "true" : "false", f->age, f->age_frames);
  fprintf (file, ",\"latency_us\":%" G_GUINT64_FORMAT, latency_ns / 1000);
  for (guint i = 0; i < NUCSEG_STAGE_LAST; i++)
    fprintf (file, ",\"%s_us\":%" G_GUINT64_FORMAT, nucseg_stage_name (i),
        f->stage_ns[i] / 1000);
  fputs ("}\n", file);
}

/* How long ago the frame was captured, of a live source. */
static void
note_delay (ToolFrames *self, GstPad *pad, GstClockTime pts)
{
  g_autoptr (GstEvent) event =
      gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0);
  g_autoptr (GstClock) clock = gst_element_get_clock (self->pipeline);
  const GstSegment *segment;

  if (!self->live || !event || !clock || !GST_CLOCK_TIME_IS_VALID (pts))
    return;
  gst_event_parse_segment (event, &segment);
  GstClockTime then =
      gst_segment_to_running_time (segment, GST_FORMAT_TIME, pts);
  GstClockTime now =
      gst_clock_get_time (clock) - gst_element_get_base_time (self->pipeline);
  if (GST_CLOCK_TIME_IS_VALID (then) && now > then)
    tool_histogram_add (&self->delay, now - then);
}

static GstPadProbeReturn
on_frame_in (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  ToolFrames *self = user_data;
  gboolean end;

  g_mutex_lock (&self->lock);
  end = self->limit > 0 && self->seen >= self->limit;
  if (!end) {
    self->seen++;
    self->entered = g_get_monotonic_time ();
  }
  g_mutex_unlock (&self->lock);
  if (!end)
    return GST_PAD_PROBE_OK;
  /* From here on the pad answers EOS, and the source stops. */
  gst_pad_send_event (pad, gst_event_new_eos ());
  return GST_PAD_PROBE_DROP;
}

/* The pad takes the event once the last frame is behind it, for which whoever
 * shows the frames may keep it waiting: in a thread of its own. */
static void
on_enough (GstElement *filter, gpointer user_data)
{
  gst_pad_send_event (user_data, gst_event_new_eos ());
}

/* Under the lock. A source may be long in bringing a frame more than was asked
 * for, or bring none. */
static void
end_if_enough (ToolFrames *self)
{
  const gboolean counted = self->limit > 0 && self->n >= self->limit;

  /* who watches overnight for a table that can't be written watches for none */
  if (self->enough || (!counted && !self->jsonl_errno))
    return;
  self->enough = TRUE;
  gst_element_call_async (self->filter, on_enough,
      gst_object_ref (self->entrance), gst_object_unref);
}

static void
keep_sample (ToolFrames *self, GstPad *pad, GstBuffer *buffer)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (self->last)
    gst_sample_unref (self->last);
  self->last = gst_sample_new (buffer, caps, NULL, NULL);
}

static GstPadProbeReturn
on_frame_out (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  ToolFrames *self = user_data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  g_auto (ToolFacts) facts = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 now = g_get_monotonic_time ();
  gboolean ok = tool_facts_read (&facts, buffer, &error);

  g_mutex_lock (&self->lock);
  guint64 latency = (guint64) (now - self->entered) * 1000;
  if (!ok && !self->error)
    self->error = g_steal_pointer (&error);
  if (self->n++ == 0)
    self->first_out = now;
  self->last_out = now;
  tool_histogram_add (&self->latency, latency);
  note_delay (self, pad, GST_BUFFER_PTS (buffer));
  if (ok) {
    self->inferred += facts.inferred;
    self->nuclei += facts.masks.n_objects;
    self->last_nuclei = facts.masks.n_objects;
    if (!self->backend) {
      self->backend = g_strdup (facts.backend);
      self->precision = g_strdup (facts.precision);
    }
    if (self->jsonl) {
      write_line (
          self->jsonl, self->n - 1, GST_BUFFER_PTS (buffer), &facts, latency);
      if (fflush (self->jsonl) != 0 && !self->jsonl_errno)
        self->jsonl_errno = errno;
      if (self->jsonl_file)
        tool_output_publish (self->jsonl_file);
    }
  }
  if (self->keep_last)
    keep_sample (self, pad, buffer);
  end_if_enough (self);
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

void
tool_frames_attach (ToolFrames *self, GstElement *pipeline, GstElement *filter)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (filter, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (filter, "src");

  g_mutex_init (&self->lock);
  self->pipeline = pipeline;
  self->filter = filter;
  self->entrance = gst_object_ref (sink);
  gst_pad_add_probe (sink, GST_PAD_PROBE_TYPE_BUFFER, on_frame_in, self, NULL);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER, on_frame_out, self, NULL);
}

void
tool_frames_stop (ToolFrames *self)
{
  g_mutex_lock (&self->lock);
  self->limit = MAX (self->seen, 1);
  end_if_enough (self);
  g_mutex_unlock (&self->lock);
}

void
tool_frames_clear (ToolFrames *self)
{
  if (self->pipeline)
    g_mutex_clear (&self->lock);
  gst_clear_object (&self->entrance);
  if (self->last)
    gst_sample_unref (self->last);
  g_clear_error (&self->error);
  g_free (self->backend);
  g_free (self->precision);
  memset (self, 0, sizeof *self);
}

gboolean
tool_frames_write_snapshot (ToolFrames *self, const gchar *path, GError **error)
{
  g_autoptr (GstCaps) caps =
      gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "RGB", NULL);
  g_autoptr (GstSample) rgb = NULL;

  if (!self->last) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
        "'%s' was not written: no frame came", path);
    return FALSE;
  }
  rgb = gst_video_convert_sample (self->last, caps, GST_CLOCK_TIME_NONE, error);
  return rgb && tool_sample_save (rgb, path, error);
}

void
tool_frames_print_summary (const ToolFrames *f)
{
  gdouble seconds = (f->last_out - f->first_out) / 1e6;

  g_print ("%" G_GUINT64_FORMAT " frame%s", f->n, f->n == 1 ? "" : "s");
  if (f->n > 1 && seconds > 0)
    g_print (" in %.2f s, %.1f frames/s", seconds, (f->n - 1) / seconds);
  g_print (", back end %s, precision %s\n", f->backend, f->precision);
  g_print ("latency of the element: p50 %.1f ms, p99 %.1f ms\n",
      tool_histogram_percentile (&f->latency, 50),
      tool_histogram_percentile (&f->latency, 99));
  if (f->delay.n > 0)
    g_print ("from capture to result: p50 %.1f ms, p99 %.1f ms\n",
        tool_histogram_percentile (&f->delay, 50),
        tool_histogram_percentile (&f->delay, 99));
  g_print ("nuclei: %.1f a frame, %u in the last one\n",
      (gdouble) f->nuclei / f->n, f->last_nuclei);
}
