/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * element-bench.c: what nucsegfilter adds to a stream: p50 and p99 of all that
 * the element does with a frame (metas, masks and drawing included), from its
 * sink pad to its source pad, next to those of its stages, from its own `stats`
 * (of the last 1,000 frames at most); or what another element adds, between its
 * pads. Frames come from nuctestsrc, as fast as they are taken, in system
 * memory or, as NV12, in CUDA memory.
 */
#include <gst/gst.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static const gchar *const stages[] = { "prepare", "network", "decode",
  "overlay", "total", "element" };

static gint n_frames = 100, n_threads = 0;
static gchar *model_name, *backends, *precisions, *sizes, *json_path;
static gchar *format, *other;
static gboolean cuda_memory;

/* What the probes around the element note; in the streaming thread, and read
 * after its end. */
typedef struct {
  gint64 entered; /* monotonic microseconds */
  gint n; /* frames that came out */
  guint32 *us; /* of each */
} Pads;

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
  { "format", 'f', 0, G_OPTION_ARG_STRING, &format,
      "Format of the frames (GRAY8)", "FORMAT" },
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

static GstPadProbeReturn
on_in (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  ((Pads *) data)->entered = g_get_monotonic_time ();
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
on_out (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Pads *pads = data;

  if (pads->n < n_frames)
    pads->us[pads->n++] = (guint32) (g_get_monotonic_time () - pads->entered);
  return GST_PAD_PROBE_OK;
}

/* Times frames from the pad before what is timed to the one behind it. */
static void
watch_pads (GstElement *pipeline, Pads *pads)
{
  GstElement *before = gst_bin_get_by_name (GST_BIN (pipeline), "before");
  GstElement *after = gst_bin_get_by_name (GST_BIN (pipeline), "after");
  GstPad *from = gst_element_get_static_pad (before, "src");
  GstPad *to = gst_element_get_static_pad (after, "sink");

  pads->us = g_new0 (guint32, n_frames);
  gst_pad_add_probe (from, GST_PAD_PROBE_TYPE_BUFFER, on_in, pads, NULL);
  gst_pad_add_probe (to, GST_PAD_PROBE_TYPE_BUFFER, on_out, pads, NULL);
  gst_object_unref (from);
  gst_object_unref (to);
  gst_object_unref (before);
  gst_object_unref (after);
}

static int
compare (const void *a, const void *b)
{
  const guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

/* Milliseconds below which a share of the frames stays; sorted. */
static gdouble
percentile (const Pads *pads, gdouble share)
{
  return pads->n > 0
      ? pads->us[MIN (pads->n - 1, (gint) (share * pads->n))] / 1e3
      : 0;
}

/* Plays the pipeline to its end. */
static gboolean
play (GstElement *pipeline, GError **error)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  gboolean ok;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  ok = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
  if (!ok)
    gst_message_parse_error (message, error, NULL);
  gst_message_unref (message);
  gst_object_unref (bus);
  return ok;
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

/* One row, as a line and as JSON. `stats` is NULL where the element is not
 * nucsegfilter. */
static void
report (const GstStructure *stats, Pads *pads, const gchar *backend,
    const gchar *precision, const gchar *size, GString *json)
{
  guint nuclei = 0;

  qsort (pads->us, pads->n, sizeof *pads->us, compare);
  if (stats)
    gst_structure_get_uint (stats, "nuclei", &nuclei);
  printf ("%-10s %-5s %5s %6u", backend, precision, size, nuclei);
  g_string_append_printf (json,
      "%s\n  {\"backend\": \"%s\", \"precision\": \"%s\", \"size\": %s, "
      "\"threads\": %d, \"frames\": %d, \"nuclei\": %u, \"memory\": \"%s%s\"",
      json->len > 1 ? "," : "", backend, precision, size, n_threads, pads->n,
      nuclei, cuda_memory ? "CUDA, " : "system, ", format);
  for (guint i = 0; stats && i < G_N_ELEMENTS (stages); i++) {
    const gdouble p50 = get_ms (stats, stages[i], "p50");
    const gdouble p99 = get_ms (stats, stages[i], "p99");

    printf (" %8.2f %6.2f", p50, p99);
    g_string_append_printf (json, ", \"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f",
        stages[i], p50, stages[i], p99);
  }
  printf (" %8.2f %6.2f", percentile (pads, 0.5), percentile (pads, 0.99));
  g_string_append_printf (json,
      ", \"pads_p50_ms\": %.3f, \"pads_p99_ms\": %.3f}", percentile (pads, 0.5),
      percentile (pads, 0.99));
  printf ("\n");
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
                         "threads=%d model=\"%s\"",
          backend, precision, n_threads, model_name);
}

static gchar *
describe_pipeline (
    const gchar *backend, const gchar *precision, const gchar *size)
{
  gchar *element = describe_element (backend, precision);
  gchar *line = g_strdup_printf (
      "nuctestsrc is-live=false num-buffers=%d ! "
      "video/x-raw,format=GRAY8,width=%s,height=%s ! videoconvert ! "
      "video/x-raw,format=%s ! %s identity name=before ! %s ! "
      "identity name=after ! fakesink sync=false",
      n_frames, size, size, format, cuda_memory ? "cudaupload !" : "", element);

  g_free (element);
  return line;
}

static gboolean
bench_one (const gchar *backend, const gchar *precision, const gchar *size,
    GString *json, GError **error)
{
  gchar *line = describe_pipeline (backend, precision, size);
  GstElement *pipeline = gst_parse_launch (line, error);
  Pads pads = { 0 };
  gboolean ok = pipeline && !*error;

  if (ok) {
    watch_pads (pipeline, &pads);
    ok = play (pipeline, error);
  }
  if (ok) {
    GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
    GstStructure *stats = NULL;

    if (filter && !other)
      g_object_get (filter, "stats", &stats, NULL);
    report (stats, &pads, other ? "-" : backend, other ? "-" : precision, size,
        json);
    g_clear_pointer (&stats, gst_structure_free);
    gst_clear_object (&filter);
    ok = write_json (json, error);
  }
  if (pipeline) {
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
  g_free (pads.us);
  g_free (line);
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
  printf ("%-10s %-5s %5s %6s", "back end", "type", "size", "nuclei");
  for (guint i = 0; !other && i < G_N_ELEMENTS (stages); i++)
    printf (" %8s    p99", stages[i]);
  printf (" %8s    p99\n", "pads");
  for (gchar **b = backend_list; ok && *b; b++) {
    for (gchar **p = precision_list; ok && *p; p++) {
      for (gchar **s = size_list; ok && *s; s++)
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
  model_name = g_strdup ("nuclei-live");
  backends = g_strdup ("auto");
  precisions = g_strdup ("auto");
  sizes = g_strdup ("256,512,1024");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  ok = g_option_context_parse (context, &argc, &argv, &error);
  g_option_context_free (context);
  if (ok && n_frames < 1) {
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--frames must be at least 1");
    ok = FALSE;
  }
  if (!format)
    format = g_strdup (cuda_memory ? "NV12" : "GRAY8");
  ok = ok && bench_all (json, &error);
  ok = ok && write_json (json, &error);
  g_string_free (json, TRUE);
  g_free (model_name);
  g_free (backends);
  g_free (precisions);
  g_free (sizes);
  g_free (format);
  g_free (other);
  g_free (json_path);
  if (!error)
    return 0;
  fprintf (stderr, "element-bench: %s\n", error->message);
  g_error_free (error);
  return 1;
}
