/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * element-bench.c: what nucsegfilter adds to a stream: p50 and p99 of all that
 * the element does with a frame (metas, masks and drawing included), next to
 * those of its stages, from its own `stats`. Frames come from nuctestsrc, as
 * fast as they are taken.
 */
#include <gst/gst.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static const gchar *const stages[] = { "prepare", "network", "decode",
  "overlay", "total", "element" };

static gint n_frames = 100, n_threads = 0;
static gchar *model_name, *backends, *precisions, *sizes, *json_path;

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
  { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the numbers there",
      "FILE" },
  { NULL },
};

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

static void
report (const GstStructure *stats, const gchar *backend, const gchar *precision,
    const gchar *size, GString *json)
{
  guint nuclei = 0;

  gst_structure_get_uint (stats, "nuclei", &nuclei);
  printf ("%-10s %-5s %5s %6u", backend, precision, size, nuclei);
  g_string_append_printf (json,
      "%s\n  {\"backend\": \"%s\", \"precision\": \"%s\", \"size\": %s, "
      "\"threads\": %d, \"frames\": %d, \"nuclei\": %u",
      json->len > 1 ? "," : "", backend, precision, size, n_threads, n_frames,
      nuclei);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++) {
    const gdouble p50 = get_ms (stats, stages[i], "p50");
    const gdouble p99 = get_ms (stats, stages[i], "p99");

    printf (" %8.2f %6.2f", p50, p99);
    g_string_append_printf (json, ", \"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f",
        stages[i], p50, stages[i], p99);
  }
  g_string_append_c (json, '}');
  printf ("\n");
  fflush (stdout);
}

static gboolean
bench_one (const gchar *backend, const gchar *precision, const gchar *size,
    GString *json, GError **error)
{
  gchar *line = g_strdup_printf ("nuctestsrc is-live=false num-buffers=%d ! "
                                 "video/x-raw,format=GRAY8,width=%s,height=%s "
                                 "! nucsegfilter name=filter backend=%s "
                                 "precision=%s threads=%d model=\"%s\" ! "
                                 "fakesink sync=false",
      n_frames, size, size, backend, precision, n_threads, model_name);
  GstElement *pipeline = gst_parse_launch (line, error);
  gboolean ok = pipeline && !*error && play (pipeline, error);

  if (ok) {
    GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "filter");
    GstStructure *stats = NULL;

    g_object_get (filter, "stats", &stats, NULL);
    report (stats, backend, precision, size, json);
    gst_structure_free (stats);
    gst_object_unref (filter);
  }
  if (pipeline) {
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
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

  printf ("nucsegfilter, milliseconds, p50 and p99 of %d frames\n", n_frames);
  printf ("%-10s %-5s %5s %6s", "back end", "type", "size", "nuclei");
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    printf (" %8s    p99", stages[i]);
  printf ("\n");
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
  ok = ok && bench_all (json, &error);
  g_string_append (json, "\n]\n");
  if (ok && json_path)
    ok = g_file_set_contents (json_path, json->str, -1, &error);
  g_string_free (json, TRUE);
  g_free (model_name);
  g_free (backends);
  g_free (precisions);
  g_free (sizes);
  g_free (json_path);
  if (!error)
    return 0;
  fprintf (stderr, "element-bench: %s\n", error->message);
  g_error_free (error);
  return 1;
}
