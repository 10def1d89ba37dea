/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * streams-bench.c: many live cameras in one process, each with a nucsegfilter:
 * frames that came too late for a busy element and are lost, and what a frame
 * takes from the element's sink pad to its source pad. The cameras play frames
 * of nuctestsrc that are drawn before, at their rate, from when all elements
 * are ready; drawing them for many cameras would take more than what is timed.
 */
#include "bench/options.h"
#include "bench/pads.h"
#include "bench/replay.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define N_DRAWN 64 /* different frames that take turns */
#define POLL (10 * GST_MSECOND)

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
  BenchPads *pads;
} Stream;

static gboolean
add_stream (GstElement *pipeline, gint i, BenchFrames *frames, Stream *stream,
    GError **error)
{
  g_autofree gchar *line = g_strdup_printf (
      "benchreplay name=camera ! identity name=before ! "
      "nucsegfilter name=filter backend=%s precision=%s threads=%d "
      "model=\"%s\" pipeline-depth=%d batch-streams=%d batch-deadline=%d ! "
      "identity name=after ! fakesink sync=false",
      backend, precision, n_threads, model_name, depth, batch_streams,
      batch_deadline);
  GstElement *bin = gst_parse_bin_from_description (line, FALSE, error);
  g_autoptr (GstElement) camera = NULL;

  if (!bin)
    return FALSE;
  gst_bin_add (GST_BIN (pipeline), bin);
  camera = gst_bin_get_by_name (GST_BIN (bin), "camera");
  bench_replay_set_frames (camera, frames);
  bench_replay_set_camera (camera, rate, (guint64) rate * (guint64) n_seconds,
      (guint) (i * N_DRAWN / n_streams));
  stream->filter = gst_bin_get_by_name (GST_BIN (bin), "filter");
  stream->pads = bench_pads_new (bin, rate * n_seconds);
  return TRUE;
}

/* How many elements have formats on both sides, and so a session that has run
 * once. */
static gint
count_ready (const Stream *streams)
{
  gint n = 0;

  for (gint i = 0; i < n_streams; i++) {
    g_autoptr (GstPad) pad =
        gst_element_get_static_pad (streams[i].filter, "src");

    n += gst_pad_has_current_caps (pad);
  }
  return n;
}

/* Waits for the end, or, with @streams, until those are ready. */
static gboolean
wait_for (GstElement *pipeline, const Stream *streams, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);

  while (!streams || count_ready (streams) < n_streams) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, POLL, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

    if (message && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
    if (message) {
      gst_message_parse_error (message, error, NULL);
      return FALSE;
    }
  }
  return TRUE;
}

/* A live source negotiates while it is paused, and makes frames when it plays:
 * none is lost because another stream starts. */
static gboolean
play (GstElement *pipeline, const Stream *streams, GError **error)
{
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  if (!wait_for (pipeline, streams, error))
    return FALSE;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  return wait_for (pipeline, NULL, error);
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
  const gdouble batch = get_mean_batch (streams);
  const guint64 n_made = (guint64) n_streams * (guint64) (rate * n_seconds);
  g_autoptr (GstStructure) stats = NULL;
  g_autofree gchar *json = NULL;
  gdouble p50 = 0, p99 = 0;
  guint64 frames = 0, lost;

  for (gint i = 0; i < n_streams; i++) {
    const BenchTimes times = bench_pads_read (streams[i].pads);

    frames += (guint64) times.n;
    p50 = MAX (p50, times.p50_ms);
    p99 = MAX (p99, times.p99_ms);
  }
  lost = n_made - frames;
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
      ", \"pads_p50_ms\": %.3f, \"pads_p99_ms\": %.3f, "
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
  g_autofree gchar *side = g_strdup_printf ("%d", size);
  g_autoptr (GstElement) pipeline =
      gst_object_ref_sink (gst_pipeline_new (NULL));
  BenchFrames *frames = bench_frames_new ("GRAY8", side, N_DRAWN, error);
  gboolean ok = frames != NULL;

  for (gint i = 0; ok && i < n_streams; i++)
    ok = add_stream (pipeline, i, frames, &streams[i], error);
  ok = ok && play (pipeline, streams, error) && report (streams, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  for (gint i = 0; i < n_streams; i++) {
    gst_clear_object (&streams[i].filter);
    bench_pads_free (streams[i].pads);
  }
  bench_frames_free (frames);
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
  if (ok)
    bench_replay_register ();
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
