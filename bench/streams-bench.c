/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * streams-bench.c: many live cameras in one process, each with a nucsegfilter:
 * frames that came too late for a busy element and are lost, and what a frame
 * takes. The cameras are nuctestsrc's, which number their frames.
 */
#include "bench/options.h"

#include <gst/gst.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static gint n_streams = 4, n_seconds = 10, rate = 30, n_threads = 0;
static gint batch_streams = 1, batch_deadline = 2000, depth = 1, size = 512;
static gchar *model_name, *backend, *precision, *json_path;

static GOptionEntry entries[] = {
  { "model", 'm', 0, G_OPTION_ARG_STRING, &model_name,
      "Model, by name or path (nuclei-live)", "MODEL" },
  { "backend", 'b', 0, G_OPTION_ARG_STRING, &backend, "Back end (auto)",
      "NAME" },
  { "precision", 'p', 0, G_OPTION_ARG_STRING, &precision, "Precision (auto)",
      "NAME" },
  { "streams", 'n', 0, G_OPTION_ARG_INT, &n_streams, "Cameras, 1 to 64 (4)",
      "N" },
  { "rate", 'r', 0, G_OPTION_ARG_INT, &rate,
      "Frames a second of each, 1 to 1000 (30)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &n_seconds, "Duration (10)", "N" },
  { "size", 's', 0, G_OPTION_ARG_INT, &size, "Side of square frames (512)",
      "PIXELS" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &n_threads,
      "CPU threads of each (0: all)", "N" },
  { "pipeline-depth", 0, 0, G_OPTION_ARG_INT, &depth,
      "As the property of nucsegfilter (1)", "N" },
  { "batch-streams", 0, 0, G_OPTION_ARG_INT, &batch_streams,
      "As the property of nucsegfilter (1)", "N" },
  { "batch-deadline", 0, 0, G_OPTION_ARG_INT, &batch_deadline,
      "As the property of nucsegfilter (2000)", "MICROSECONDS" },
  { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the numbers there",
      "FILE" },
  { NULL },
};

typedef struct {
  GstElement *filter;
  guint64 n_frames; /* that came out */
  guint64 next; /* number of the frame that should come */
  guint64 n_lost; /* numbers that did not come */
} Stream;

/* In the streaming thread; read after the pipeline's end. */
static GstPadProbeReturn
count_frame (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  const guint64 number = GST_BUFFER_OFFSET (GST_PAD_PROBE_INFO_BUFFER (info));
  Stream *stream = data;

  /* the camera runs while the pipeline starts */
  if (stream->n_frames > 0)
    stream->n_lost += number - stream->next;
  stream->next = number + 1;
  stream->n_frames++;
  return GST_PAD_PROBE_OK;
}

static gboolean
add_stream (GstElement *pipeline, guint i, Stream *stream, GError **error)
{
  g_autofree gchar *line = g_strdup_printf (
      "nuctestsrc seed=%u num-buffers=%d ! "
      "video/x-raw,format=GRAY8,width=%d,height=%d,framerate=%d/1 ! "
      "nucsegfilter name=filter backend=%s precision=%s threads=%d "
      "model=\"%s\" pipeline-depth=%d batch-streams=%d batch-deadline=%d ! "
      "fakesink sync=false",
      i + 1, rate * n_seconds, size, size, rate, backend, precision, n_threads,
      model_name, depth, batch_streams, batch_deadline);
  GstElement *bin = gst_parse_bin_from_description (line, FALSE, error);
  g_autoptr (GstPad) pad = NULL;

  if (!bin)
    return FALSE;
  gst_bin_add (GST_BIN (pipeline), bin);
  stream->filter = gst_bin_get_by_name (GST_BIN (bin), "filter");
  pad = gst_element_get_static_pad (stream->filter, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_frame, stream, NULL);
  return TRUE;
}

static gboolean
play (GstElement *pipeline, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return TRUE;
  gst_message_parse_error (message, error, NULL);
  return FALSE;
}

/* Microseconds; the largest of all streams. */
static guint
get_most (const Stream *streams, const gchar *field)
{
  guint most = 0;

  for (gint i = 0; i < n_streams; i++) {
    g_autoptr (GstStructure) stats = NULL;
    guint us = 0;

    g_object_get (streams[i].filter, "stats", &stats, NULL);
    gst_structure_get_uint (stats, field, &us);
    most = MAX (most, us);
  }
  return most;
}

static gdouble
get_mean_batch (const Stream *streams)
{
  gdouble sum = 0;

  for (gint i = 0; i < n_streams; i++) {
    g_autoptr (GstStructure) stats = NULL;
    gdouble batch = 0;

    g_object_get (streams[i].filter, "stats", &stats, NULL);
    gst_structure_get_double (stats, "batch", &batch);
    sum += batch;
  }
  return sum / n_streams;
}

static gboolean
report (const Stream *streams, GError **error)
{
  const gdouble p50 = get_most (streams, "element-p50") / 1e3;
  const gdouble p99 = get_most (streams, "element-p99") / 1e3;
  const gdouble batch = get_mean_batch (streams);
  g_autoptr (GstStructure) stats = NULL;
  g_autofree gchar *json = NULL;
  guint64 frames = 0, lost = 0;

  for (gint i = 0; i < n_streams; i++) {
    frames += streams[i].n_frames;
    lost += streams[i].n_lost;
  }
  g_object_get (streams[0].filter, "stats", &stats, NULL);
  printf ("%d streams of %dx%d at %d/s, %s, %s: %" G_GUINT64_FORMAT
          " frames, %" G_GUINT64_FORMAT " lost; slowest stream's frame: p50 "
          "%.2f ms, p99 %.2f ms; mean batch %.2f\n",
      n_streams, size, size, rate, gst_structure_get_string (stats, "backend"),
      gst_structure_get_string (stats, "precision"), frames, lost, p50, p99,
      batch);
  if (!json_path)
    return TRUE;
  json = g_strdup_printf (
      "{\"streams\": %d, \"size\": %d, \"rate\": %d, \"seconds\": %d, "
      "\"backend\": \"%s\", \"precision\": \"%s\", \"batch_streams\": %d, "
      "\"batch_deadline_us\": %d, \"pipeline_depth\": %d, "
      "\"frames\": %" G_GUINT64_FORMAT ", \"lost\": %" G_GUINT64_FORMAT
      ", \"element_p50_ms\": %.3f, \"element_p99_ms\": %.3f, "
      "\"mean_batch\": %.3f}\n",
      n_streams, size, rate, n_seconds,
      gst_structure_get_string (stats, "backend"),
      gst_structure_get_string (stats, "precision"), batch_streams,
      batch_deadline, depth, frames, lost, p50, p99, batch);
  return g_file_set_contents (json_path, json, -1, error);
}

static gboolean
bench (GError **error)
{
  g_autofree Stream *streams = g_new0 (Stream, (gsize) n_streams);
  g_autoptr (GstElement) pipeline =
      gst_object_ref_sink (gst_pipeline_new (NULL));
  gboolean ok = TRUE;

  for (gint i = 0; ok && i < n_streams; i++)
    ok = add_stream (pipeline, (guint) i, &streams[i], error);
  ok = ok && play (pipeline, error) && report (streams, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  for (gint i = 0; i < n_streams; i++)
    gst_clear_object (&streams[i].filter);
  return ok;
}

static gboolean
check_number (const gchar *name, gint value, gint most, GError **error)
{
  if (value >= 1 && value <= most)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--%s %d: 1 to %d is expected", name, value, most);
  return FALSE;
}

int
main (int argc, char **argv)
{
  GOptionContext *context =
      g_option_context_new ("- many live streams at once");
  g_autoptr (GError) error = NULL;
  gboolean ok;

  setlocale (LC_ALL, "C");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  ok = g_option_context_parse (context, &argc, &argv, &error);
  bench_set_default (&model_name, "nuclei-live");
  bench_set_default (&backend, "auto");
  bench_set_default (&precision, "auto");
  ok = ok && check_number ("streams", n_streams, 64, &error)
      && check_number ("rate", rate, 1000, &error)
      && check_number ("seconds", n_seconds, 86400, &error)
      && check_number ("size", size, 8192, &error) && bench (&error);
  g_option_context_free (context);
  g_free (model_name);
  g_free (backend);
  g_free (precision);
  g_free (json_path);
  if (ok)
    return 0;
  fprintf (stderr, "streams-bench: %s\n", error->message);
  return 1;
}
