/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine-bench.c: how long the stages of a frame take, for each back end,
 * precision and size, as a table and as JSON. Times are those of NucsegResult;
 * p50 and p99 are of the frames after the warm-up. Of a back end that runs a
 * frame in one go, the network's are measured apart, and those of the other
 * stages are not known (null in JSON). A back end of a GPU adds the times by
 * the GPU's own events.
 */
#include "bench/frames.h"
#include "bench/gpu-time.h"
#include "bench/network.h"
#include "bench/options.h"
#include "bench/profile.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define N_PHASES 8 /* different frames that take turns */
#define REFERENCE_LIMIT 256 /* larger frames take the plain C too long */

static gint n_frames = 100, n_warm_up = 10, n_threads = 0;
static gchar *model_name, *backends, *precisions, *sizes, *json_path;
static gboolean profile, no_overlay;

static GOptionEntry entries[] = {
  { "model", 'm', 0, G_OPTION_ARG_STRING, &model_name,
      "Model, by name or path (nuclei-live)", "MODEL" },
  { "backends", 'b', 0, G_OPTION_ARG_STRING, &backends,
      "Back ends, by commas (all that can start)", "LIST" },
  { "precisions", 'p', 0, G_OPTION_ARG_STRING, &precisions,
      "Precisions, by commas (f32,bf16)", "LIST" },
  { "sizes", 's', 0, G_OPTION_ARG_STRING, &sizes,
      "Sides of square frames, by commas (256,512,1024,2048)", "LIST" },
  { "frames", 'n', 0, G_OPTION_ARG_INT, &n_frames, "Frames to measure (100)",
      "N" },
  { "warm-up", 'w', 0, G_OPTION_ARG_INT, &n_warm_up, "Frames before that (10)",
      "N" },
  { "threads", 't', 0, G_OPTION_ARG_INT, &n_threads, "CPU threads (0: all)",
      "N" },
  { "no-overlay", 0, 0, G_OPTION_ARG_NONE, &no_overlay, "Draw nothing", NULL },
  { "profile", 0, 0, G_OPTION_ARG_NONE, &profile,
      "Time of every step of the network (onednn)", NULL },
  { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the numbers there",
      "FILE" },
  { NULL },
};

/* One row of the table; times in nanoseconds. */
typedef struct {
  const gchar *backend;
  NucsegPrecision precision;
  gint size;
  guint n_objects;
  guint64 start; /* from the model's file to the end of the first frame */
  guint64 least[NUCSEG_STAGE_LAST];
  guint64 p50[NUCSEG_STAGE_LAST], p99[NUCSEG_STAGE_LAST];
  gboolean in_one_go;
  BenchGpuTimes gpu;
} Row;

/* --- Measuring ---------------------------------------------------------- */

static gint
compare (gconstpointer a, gconstpointer b)
{
  const guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

static guint64
percentile (const guint64 *sorted, gdouble share)
{
  return sorted[MIN (n_frames - 1, (gint) (share * n_frames))];
}

/* Sorts @times. */
static void
take_times (Row *row, NucsegStage stage, guint64 *times)
{
  qsort (times, n_frames, sizeof (guint64), compare);
  row->least[stage] = times[0];
  row->p50[stage] = percentile (times, 0.50);
  row->p99[stage] = percentile (times, 0.99);
}

/* Runs the warm-up and the measured frames of @session. */
static gboolean
run_frames (NucsegSession *session, Row *row, GError **error)
{
  const gint size = row->size;
  const gsize n = (gsize) size * size;
  NucsegParams params = NUCSEG_PARAMS_INIT;
  BenchMemory all_pixels = bench_memory_new (row->backend, n * N_PHASES);
  BenchMemory picture = bench_memory_new (row->backend, n);
  BenchMemory labels = bench_memory_new (row->backend, n * sizeof (guint16));
  guint8 *pixels = all_pixels.data;
  guint64 *times[NUCSEG_STAGE_LAST];
  gboolean ok = TRUE;

  for (gint i = 0; i < N_PHASES; i++)
    bench_frame_fill (pixels + i * n, size, i);
  for (gint stage = 0; stage < NUCSEG_STAGE_LAST; stage++)
    times[stage] = g_new0 (guint64, n_frames);

  for (gint i = 0; ok && i < n_warm_up + n_frames; i++) {
    NucsegFrame frame = bench_frame_grey (pixels + (i % N_PHASES) * n, size);
    NucsegFrame shown = bench_frame_grey (picture.data, size);
    NucsegResult result;

    ok = nucseg_session_run (session, &frame, &params, labels.data, size * 2,
        no_overlay ? NULL : &shown, &result, error);
    if (!ok || i < n_warm_up)
      continue;
    row->n_objects = result.n_objects;
    for (gint stage = 0; stage < NUCSEG_STAGE_LAST; stage++)
      times[stage][i - n_warm_up] = result.stage_ns[stage];
  }
  for (gint stage = 0; stage < NUCSEG_STAGE_LAST; stage++) {
    take_times (row, stage, times[stage]);
    g_free (times[stage]);
  }
  bench_memory_clear (&all_pixels);
  bench_memory_clear (&picture);
  bench_memory_clear (&labels);
  return ok;
}

/* The network's times where the frames' had none. */
static gboolean
run_network (NucsegModel *model, Row *row, GError **error)
{
  g_autofree guint64 *times = g_new0 (guint64, n_frames);

  row->in_one_go = TRUE;
  if (!bench_network (model, row->backend, row->precision, n_threads, row->size,
          MAX (n_warm_up, 3), n_frames, times, error))
    return FALSE;
  take_times (row, NUCSEG_STAGE_NETWORK, times);
  return TRUE;
}

/* From nothing to the first frame's end: load, session, plan, run. */
static guint64
measure_start (const NucsegSessionOptions *options, gint size)
{
  const gsize n = (gsize) size * size;
  guint8 *pixels = g_malloc (n);
  guint16 *labels = g_new (guint16, n);
  NucsegFrame frame = bench_frame_grey (pixels, size);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegSession *session = NULL;
  NucsegModel *model;
  NucsegResult result;
  gint64 start, end = 0;

  bench_frame_fill (pixels, size, 0);
  start = g_get_monotonic_time ();
  model = nucseg_model_load (model_name, NULL);
  if (model)
    session = nucseg_session_new (model, options, NULL);
  if (session
      && nucseg_session_run (
          session, &frame, &params, labels, size * 2, NULL, &result, NULL))
    end = g_get_monotonic_time ();
  g_clear_pointer (&session, nucseg_session_free);
  g_clear_pointer (&model, nucseg_model_unref);
  g_free (pixels);
  g_free (labels);
  return end > start ? (guint64) (end - start) * 1000 : 0;
}

/* --- Printing ----------------------------------------------------------- */

static void
print_header (const gchar *name)
{
  printf (
      "%s, milliseconds, least, p50 and p99 of %d frames\n", name, n_frames);
  printf ("%-10s %-5s %5s %6s", "back end", "type", "size", "nuclei");
  for (gint stage = 0; stage < NUCSEG_STAGE_LAST; stage++)
    printf (" %8s    p50    p99", nucseg_stage_name (stage));
  printf (" rest%%  start\n");
}

/* Share of the frame that isn't the network, in per cent. */
static gdouble
rest_share (const Row *row)
{
  const gdouble total = row->p50[NUCSEG_STAGE_TOTAL];

  return total > 0 ? 100 * (total - row->p50[NUCSEG_STAGE_NETWORK]) / total : 0;
}

static void
print_row (const Row *row)
{
  printf ("%-10s %-5s %5d %6u", row->backend,
      nucseg_precision_name (row->precision), row->size, row->n_objects);
  for (gint stage = 0; stage < NUCSEG_STAGE_LAST; stage++)
    printf (" %8.2f %6.2f %6.2f", row->least[stage] / 1e6,
        row->p50[stage] / 1e6, row->p99[stage] / 1e6);
  printf (" %5.1f %6.0f\n", rest_share (row), row->start / 1e6);
  bench_gpu_times_print (&row->gpu);
  fflush (stdout);
}

static gboolean
is_known (const Row *row, NucsegStage stage)
{
  return !row->in_one_go || stage == NUCSEG_STAGE_NETWORK
      || stage == NUCSEG_STAGE_TOTAL;
}

static void
append_json (GString *json, const Row *row)
{
  g_string_append_printf (json,
      "%s\n  {\"backend\": \"%s\", \"precision\": \"%s\", \"size\": %d, "
      "\"threads\": %d, \"frames\": %d, \"nuclei\": %u, \"start_ms\": %.1f",
      json->len > 1 ? "," : "", row->backend,
      nucseg_precision_name (row->precision), row->size, n_threads, n_frames,
      row->n_objects, row->start / 1e6);
  for (gint stage = 0; stage < NUCSEG_STAGE_LAST; stage++) {
    const gchar *name = nucseg_stage_name (stage);

    if (is_known (row, stage))
      g_string_append_printf (json,
          ", \"%s_min_ms\": %.4f, \"%s_p50_ms\": %.4f, \"%s_p99_ms\": %.4f",
          name, row->least[stage] / 1e6, name, row->p50[stage] / 1e6, name,
          row->p99[stage] / 1e6);
    else
      g_string_append_printf (json,
          ", \"%s_min_ms\": null, \"%s_p50_ms\": null, \"%s_p99_ms\": null",
          name, name, name);
  }
  bench_gpu_times_append_json (&row->gpu, json);
  g_string_append_c (json, '}');
}

/* After each row, so that what comes later can't cost it. */
static gboolean
write_json (const GString *json, GError **error)
{
  g_autofree gchar *whole = g_strconcat (json->str, "\n]\n", NULL);

  return !json_path || g_file_set_contents (json_path, whole, -1, error);
}

/* --- What is run -------------------------------------------------------- */

/* A precision that the back end lacks is left out with a word. */
static gboolean
bench_one (NucsegModel *model, const gchar *backend, NucsegPrecision precision,
    gint size, GString *json, GError **error)
{
  NucsegSessionOptions options = { backend, precision, n_threads, 1 };
  Row row = { backend, precision, size };
  GError *failure = NULL;
  NucsegSession *session = nucseg_session_new (model, &options, &failure);
  gboolean ok;

  if (!session) {
    if (!g_error_matches (failure, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED)) {
      g_propagate_error (error, failure);
      return FALSE;
    }
    printf ("%-10s %-5s %5d  %s\n", backend, nucseg_precision_name (precision),
        size, failure->message);
    g_error_free (failure);
    return TRUE;
  }
  row.start = measure_start (&options, size);
  ok = run_frames (session, &row, error);
  /* With the session there, whose engines it shares. */
  if (ok && row.p50[NUCSEG_STAGE_NETWORK] == 0)
    ok = run_network (model, &row, error);
  ok = ok
      && bench_gpu_times (model, backend, precision, size, !no_overlay,
          n_warm_up, n_frames, &row.gpu, error);
  nucseg_session_free (session);
  if (!ok)
    return FALSE;
  print_row (&row);
  append_json (json, &row);
  if (!write_json (json, error))
    return FALSE;
  return !profile
      || bench_profile (
          model, backend, precision, n_threads, size, n_frames, error);
}

static gboolean
parse_precision (const gchar *name, NucsegPrecision *precision, GError **error)
{
  for (gint i = 0; i <= NUCSEG_PRECISION_F16; i++) {
    if (g_strcmp0 (nucseg_precision_name (i), name) == 0) {
      *precision = i;
      return TRUE;
    }
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "no precision is called '%s'", name);
  return FALSE;
}

static gboolean
bench_all (NucsegModel *model, GString *json, GError **error)
{
  gchar **backend_list =
      backends ? g_strsplit (backends, ",", 0) : nucseg_backend_list ();
  gchar **precision_list = g_strsplit (precisions, ",", 0);
  gchar **size_list = g_strsplit (sizes, ",", 0);
  gboolean ok = TRUE;

  for (gchar **b = backend_list; ok && *b; b++) {
    const gboolean slow = g_strcmp0 (*b, "reference") == 0;

    if (!backends && !nucseg_backend_probe (*b, NULL))
      continue;
    for (gchar **p = precision_list; ok && *p; p++) {
      NucsegPrecision precision;

      ok = parse_precision (*p, &precision, error);
      for (gchar **s = size_list; ok && *s; s++) {
        if (backends || !slow || atoi (*s) <= REFERENCE_LIMIT)
          ok = bench_one (model, *b, precision, atoi (*s), json, error);
      }
    }
  }
  g_strfreev (backend_list);
  g_strfreev (precision_list);
  g_strfreev (size_list);
  return ok;
}

static gboolean
run (GError **error)
{
  GString *json = g_string_new ("[");
  NucsegModel *model = nucseg_model_load (model_name, error);
  gboolean ok = FALSE;

  if (model) {
    print_header (nucseg_model_get_name (model));
    ok = bench_all (model, json, error);
    nucseg_model_unref (model);
    ok = ok && write_json (json, error);
  }
  g_string_free (json, TRUE);
  return ok;
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("- times of a frame");
  GError *error = NULL;
  gboolean ok;

  setlocale (LC_ALL, "C");
  g_option_context_add_main_entries (context, entries, NULL);
  ok = g_option_context_parse (context, &argc, &argv, &error);
  g_option_context_free (context);
  if (ok && (n_frames < 1 || n_warm_up < 0)) {
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--frames must be at least 1, --warm-up at least 0");
    ok = FALSE;
  }
  bench_set_default (&model_name, "nuclei-live");
  bench_set_default (&precisions, "f32,bf16");
  bench_set_default (&sizes, "256,512,1024,2048");
  if (ok)
    run (&error);
  g_free (model_name);
  g_free (backends);
  g_free (precisions);
  g_free (sizes);
  g_free (json_path);
  if (!error)
    return 0;
  fprintf (stderr, "engine-bench: %s\n", error->message);
  g_error_free (error);
  return 1;
}
