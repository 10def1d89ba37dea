/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * element-bench.c: what nucsegfilter adds to a stream: p50 and p99 of all that
 * the element does with a frame (metas, masks and drawing included), from its
 * sink pad to its source pad, next to those of its stages, from its own `stats`
 * (of the last 1,000 frames at most), and frames a second; or what another
 * element adds, between its pads. Frames of nuctestsrc, drawn before, come as
 * fast as they are taken, in system memory or, as NV12, in CUDA memory. A row
 * that SIGTERM or SIGINT ends is written with the frames that it got.
 */
#include "bench/options.h"
#include "bench/pads.h"
#include "bench/replay.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define N_DRAWN 64 /* different frames that take turns */
#define POLL (100 * GST_MSECOND)
#define PATIENCE (2 * G_USEC_PER_SEC)

static const gchar *const stages[] = { "prepare", "network", "decode",
  "overlay", "total", "element" };

static gint n_frames = 100, n_threads = 0, depth = 1;
static gchar *model_name, *backends, *precisions, *sizes, *json_path;
static gchar *format, *output, *other;
static gboolean cuda_memory;
static volatile sig_atomic_t caught;

static GOptionEntry entries[] = {
  { "model", 'm', 0, G_OPTION_ARG_STRING, &model_name,
      "Model, by name or path (nuclei-live)", "MODEL" },
  { "backends", 'b', 0, G_OPTION_ARG_STRING, &backends,
      "Back ends, by commas (auto)", "LIST" },
  { "precisions", 'p', 0, G_OPTION_ARG_STRING, &precisions,
      "Precisions, by commas (auto)", "LIST" },
  { "sizes", 's', 0, G_OPTION_ARG_STRING, &sizes,
      "Sides of square frames, by commas (256,512,1024)", "LIST" },
  { "frames", 'n', 0, G_OPTION_ARG_INT, &n_frames, "Frames (100)", "N" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &n_threads, "CPU threads (0: all)",
      "N" },
  { "pipeline-depth", 0, 0, G_OPTION_ARG_INT, &depth,
      "As the property of nucsegfilter (1)", "N" },
  { "format", 'f', 0, G_OPTION_ARG_STRING, &format,
      "Format of the frames (GRAY8)", "FORMAT" },
  { "output", 'o', 0, G_OPTION_ARG_STRING, &output,
      "Format of what comes out (what the element prefers)", "FORMAT" },
  { "element", 'e', 0, G_OPTION_ARG_STRING, &other,
      "Times another element or chain of them instead, as gst-launch-1.0 "
      "writes it",
      "DESCRIPTION" },
  { "cuda-memory", 0, 0, G_OPTION_ARG_NONE, &cuda_memory,
      "Frames are in CUDA memory (cudaupload), NV12 by default", NULL },
  { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the numbers there",
      "FILE" },
  { NULL },
};

static void
on_signal (int number)
{
  caught = number;
  bench_replay_stop ();
}

/* Plays the pipeline to its end, or, where a signal came, until the frames
 * inside have come out or are @stuck. */
static gboolean
play (GstElement *pipeline, gboolean *stuck, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  gint64 end = 0;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!message && (end == 0 || g_get_monotonic_time () < end)) {
    message = gst_bus_timed_pop_filtered (
        bus, POLL, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    if (caught && end == 0)
      end = g_get_monotonic_time () + PATIENCE;
  }
  *stuck = !message;
  if (*stuck || GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
    return TRUE;
  gst_message_parse_error (message, error, NULL);
  return FALSE;
}

/* Milliseconds of a field of the statistics, which has microseconds. */
static gdouble
get_ms (const GstStructure *stats, const gchar *stage, const gchar *share)
{
  gchar *field = g_strdup_printf ("%s-%s", stage, share);
  guint us = 0;

  gst_structure_get_uint (stats, field, &us);
  g_free (field);
  return us / 1e3;
}

/* One row, as a line and as JSON. `made` is the format that came out; `stats`
 * is NULL where the element is not nucsegfilter, or can't tell. */
static void
report (const GstStructure *stats, const BenchTimes *times,
    const gchar *backend, const gchar *precision, const gchar *size,
    const gchar *made, GString *json)
{
  guint nuclei = 0;

  if (stats)
    gst_structure_get_uint (stats, "nuclei", &nuclei);
  printf ("%-10s %-5s %5s %-6s %6u", backend, precision, size, made, nuclei);
  g_string_append_printf (json,
      "%s\n  {\"backend\": \"%s\", \"precision\": \"%s\", \"size\": %s, "
      "\"threads\": %d, \"pipeline_depth\": %d, \"frames_asked\": %d, "
      "\"frames\": %d, \"nuclei\": %u, \"memory\": \"%s%s\", "
      "\"output\": \"%s\"",
      json->len > 1 ? "," : "", backend, precision, size, n_threads, depth,
      n_frames, times->n, nuclei, cuda_memory ? "CUDA, " : "system, ", format,
      made);
  for (guint i = 0; stats && i < G_N_ELEMENTS (stages); i++) {
    const gdouble p50 = get_ms (stats, stages[i], "p50");
    const gdouble p99 = get_ms (stats, stages[i], "p99");

    printf (" %8.2f %6.2f", p50, p99);
    /* not known of a back end that runs a frame in one go */
    if (p99 <= 0)
      continue;
    g_string_append_printf (json, ", \"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f",
        stages[i], p50, stages[i], p99);
  }
  printf (" %8.2f %6.2f %8.1f\n", times->p50_ms, times->p99_ms,
      times->frames_per_s);
  g_string_append_printf (json,
      ", \"pads_p50_ms\": %.3f, \"pads_p99_ms\": %.3f, "
      "\"frames_per_s\": %.2f}",
      times->p50_ms, times->p99_ms, times->frames_per_s);
  if (times->n < n_frames)
    printf ("  (of %d frames: interrupted)\n", times->n);
  fflush (stdout);
}

/* After each row, so that what comes later can't cost it. */
static gboolean
write_json (const GString *json, GError **error)
{
  gchar *whole = g_strconcat (json->str, "\n]\n", NULL);
  gboolean ok = !json_path || g_file_set_contents (json_path, whole, -1, error);

  g_free (whole);
  return ok;
}

/* What a row times, as gst-launch-1.0 writes it. */
static gchar *
describe_element (const gchar *backend, const gchar *precision)
{
  return other
      ? g_strdup (other)
      : g_strdup_printf ("nucsegfilter name=filter backend=%s precision=%s "
                         "threads=%d pipeline-depth=%d model=\"%s\"",
          backend, precision, n_threads, depth, model_name);
}

static gchar *
describe_pipeline (const gchar *backend, const gchar *precision)
{
  g_autofree gchar *element = describe_element (backend, precision);
  g_autofree gchar *caps = output
      ? g_strdup_printf ("! video/x-raw%s,format=%s",
          cuda_memory ? "(memory:CUDAMemory)" : "", output)
      : g_strdup ("");

  return g_strdup_printf ("benchreplay name=frames num-buffers=%d ! %s "
                          "identity name=before ! %s %s ! "
                          "identity name=after ! fakesink sync=false",
      n_frames, cuda_memory ? "cudaupload !" : "", element, caps);
}

/* What the element itself says; NULL of another. */
static GstStructure *
get_stats (GstElement *pipeline)
{
  g_autoptr (GstElement) filter =
      gst_bin_get_by_name (GST_BIN (pipeline), "filter");
  GstStructure *stats = NULL;

  if (filter && !other)
    g_object_get (filter, "stats", &stats, NULL);
  return stats;
}

/* The format that came out. */
static gchar *
get_output (GstElement *pipeline)
{
  g_autoptr (GstElement) after =
      gst_bin_get_by_name (GST_BIN (pipeline), "after");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (after, "sink");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  const gchar *name = caps
      ? gst_structure_get_string (gst_caps_get_structure (caps, 0), "format")
      : NULL;

  return g_strdup (name ? name : "-");
}

static gboolean
time_pipeline (GstElement *pipeline, const gchar *backend,
    const gchar *precision, const gchar *size, GString *json, GError **error)
{
  BenchPads *pads = bench_pads_new (pipeline, n_frames);
  gboolean stuck;
  gboolean ok = play (pipeline, &stuck, error);
  BenchTimes times = bench_pads_read (pads);

  if (ok && times.n > 0) {
    /* one that is stuck may hold a lock */
    GstStructure *stats = stuck ? NULL : get_stats (pipeline);
    g_autofree gchar *made = get_output (pipeline);

    report (stats, &times, other ? "-" : backend, other ? "-" : precision, size,
        made, json);
    g_clear_pointer (&stats, gst_structure_free);
  }
  /* before the pipeline is told to stop, which one that is stuck never does */
  ok = ok && write_json (json, error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  bench_pads_free (pads);
  return ok;
}

static gboolean
bench_one (const gchar *backend, const gchar *precision, const gchar *size,
    GString *json, GError **error)
{
  BenchFrames *frames =
      bench_frames_new (format, size, MIN (N_DRAWN, (guint) n_frames), error);
  g_autofree gchar *line = describe_pipeline (backend, precision);
  g_autoptr (GstElement) pipeline = NULL;
  gboolean ok = FALSE;

  if (frames)
    pipeline = gst_parse_launch (line, error);
  if (pipeline && !*error) {
    g_autoptr (GstElement) source =
        gst_bin_get_by_name (GST_BIN (pipeline), "frames");

    bench_replay_set_frames (source, frames);
    ok = time_pipeline (pipeline, backend, precision, size, json, error);
  }
  g_clear_pointer (&pipeline, gst_object_unref);
  bench_frames_free (frames);
  return ok;
}

static gboolean
bench_all (GString *json, GError **error)
{
  gchar **backend_list = g_strsplit (backends, ",", 0);
  gchar **precision_list = g_strsplit (precisions, ",", 0);
  gchar **size_list = g_strsplit (sizes, ",", 0);
  gboolean ok = TRUE;

  printf ("%s, milliseconds, p50 and p99 of %d frames\n",
      other ? other : "nucsegfilter", n_frames);
  printf ("%-10s %-5s %5s %-6s %6s", "back end", "type", "size", "output",
      "nuclei");
  for (guint i = 0; !other && i < G_N_ELEMENTS (stages); i++)
    printf (" %8s    p99", stages[i]);
  printf (" %8s    p99 %8s\n", "pads", "frames/s");
  for (gchar **b = backend_list; ok && *b; b++) {
    for (gchar **p = precision_list; ok && *p; p++) {
      for (gchar **s = size_list; ok && *s && !caught; s++)
        ok = bench_one (*b, *p, *s, json, error);
    }
  }
  g_strfreev (backend_list);
  g_strfreev (precision_list);
  g_strfreev (size_list);
  return ok;
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("- times of the element");
  GString *json = g_string_new ("[");
  GError *error = NULL;
  gboolean ok;

  setlocale (LC_ALL, "C");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  ok = g_option_context_parse (context, &argc, &argv, &error);
  g_option_context_free (context);
  if (ok && n_frames < 1) {
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--frames must be at least 1");
    ok = FALSE;
  }
  if (ok && (depth < 1 || depth > 4)) {
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--pipeline-depth must be 1 to 4");
    ok = FALSE;
  }
  bench_set_default (&model_name, "nuclei-live");
  bench_set_default (&backends, "auto");
  bench_set_default (&precisions, "auto");
  bench_set_default (&sizes, "256,512,1024");
  bench_set_default (&format, cuda_memory ? "NV12" : "GRAY8");
  if (ok) {
    bench_replay_register ();
    signal (SIGTERM, on_signal);
    signal (SIGINT, on_signal);
  }
  ok = ok && bench_all (json, &error);
  ok = ok && write_json (json, &error);
  g_string_free (json, TRUE);
  g_free (model_name);
  g_free (backends);
  g_free (precisions);
  g_free (sizes);
  g_free (format);
  g_free (output);
  g_free (other);
  g_free (json_path);
  if (!error)
    return caught ? 128 + caught : 0;
  fprintf (stderr, "element-bench: %s\n", error->message);
  g_error_free (error);
  return 1;
}
