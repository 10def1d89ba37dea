/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu-time.c: see gpu-time.h. The cuda module exports two functions for it
 * beside its table (cuda/plan.h).
 */
#include "bench/gpu-time.h"

#include "bench/frames.h"
#include "bench/network.h"

#include <stdio.h>
#include <stdlib.h>

#define N_PHASES 8 /* different frames that take turns */

typedef gboolean (*SetTimed) (NucsegPlan *plan, GError **error);
typedef gint64 (*GetTime) (NucsegPlan *plan);

typedef struct {
  const NucsegBackend *table;
  NucsegPlan *plan;
  GetTime get_time;
  NucsegObjectList objects;
  gint size;
  gboolean overlay;
  BenchMemory pixels, picture, labels;
} Bench;

static gboolean
run_frame (Bench *bench, guint i, GError **error)
{
  const gsize n = (gsize) bench->size * bench->size;
  guint8 *pixels = bench->pixels.data;
  NucsegFrame frame = bench_frame_grey (pixels + i % N_PHASES * n, bench->size);
  NucsegFrame shown = bench_frame_grey (bench->picture.data, bench->size);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };

  return bench->table->run (bench->plan, &frame, &params, bench->labels.data,
      (gsize) bench->size * sizeof (guint16), &bench->objects,
      bench->overlay ? &shown : NULL, &result, error);
}

static gboolean
run_network (Bench *bench, guint i, GError **error)
{
  return bench->table->network (bench->plan, error);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return x < y ? -1 : x > y;
}

static gboolean
take (Bench *bench, gboolean (*run) (Bench *, guint, GError **), gint n_warm_up,
    gint n, gdouble *p50_ms, gdouble *p99_ms, GError **error)
{
  g_autofree gint64 *times = g_new (gint64, n);

  for (gint i = -n_warm_up; i < n; i++) {
    if (!run (bench, (guint) (i + n_warm_up), error))
      return FALSE;
    if (i >= 0)
      times[i] = bench->get_time (bench->plan);
  }
  qsort (times, (gsize) n, sizeof *times, compare);
  if (times[0] < 0) {
    g_set_error_literal (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "the back end has no time of a launch that it was asked to time");
    return FALSE;
  }
  *p50_ms = (gdouble) times[n / 2] / 1e6;
  *p99_ms = (gdouble) times[MIN (n - 1, (gint) (0.99 * n))] / 1e6;
  return TRUE;
}

static gboolean
take_all (
    Bench *bench, gint n_warm_up, gint n, BenchGpuTimes *times, GError **error)
{
  const gsize n_pixels = (gsize) bench->size * bench->size;
  const gchar *name = bench->table->name;
  gboolean ok;

  bench->pixels = bench_memory_new (name, n_pixels * N_PHASES);
  bench->picture = bench_memory_new (name, n_pixels);
  bench->labels = bench_memory_new (name, n_pixels * sizeof (guint16));
  for (guint i = 0; i < N_PHASES; i++)
    bench_frame_fill (
        (guint8 *) bench->pixels.data + i * n_pixels, bench->size, i);
  ok = take (bench, run_frame, n_warm_up, n, &times->p50_ms, &times->p99_ms,
           error)
      && take (bench, run_network, n_warm_up, n, &times->network_p50_ms,
          &times->network_p99_ms, error);
  bench_memory_clear (&bench->pixels);
  bench_memory_clear (&bench->picture);
  bench_memory_clear (&bench->labels);
  g_free (bench->objects.items);
  return ok;
}

gboolean
bench_gpu_times (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, gint size, gboolean overlay, gint n_warm_up,
    gint n, BenchGpuTimes *times, GError **error)
{
  Bench bench = { .size = size, .overlay = overlay };
  SetTimed set_timed;

  *times = (BenchGpuTimes){ 0 };
  bench.table = nucseg_backend_find (backend, error);
  if (!bench.table)
    return FALSE;
  set_timed =
      (SetTimed) bench_find_symbol (bench.table, "nucseg_cuda_plan_set_timed");
  bench.get_time =
      (GetTime) bench_find_symbol (bench.table, "nucseg_cuda_plan_get_time");
  if (!set_timed || !bench.get_time || !bench.table->run)
    return TRUE;
  bench.plan =
      bench_plan_new (model, backend, precision, 0, size, &bench.table, error);
  if (!bench.plan)
    return FALSE;
  /* a network's first pass may be no launch yet */
  times->known = set_timed (bench.plan, error)
      && take_all (&bench, MAX (n_warm_up, 3), n, times, error);
  bench.table->plan_free (bench.plan);
  return times->known;
}

void
bench_gpu_times_print (const BenchGpuTimes *times)
{
  if (times->known)
    printf ("  by the GPU's events, p50 and p99: frame %.2f %.2f, network %.2f "
            "%.2f\n",
        times->p50_ms, times->p99_ms, times->network_p50_ms,
        times->network_p99_ms);
}

void
bench_gpu_times_append_json (const BenchGpuTimes *times, GString *json)
{
  if (times->known)
    g_string_append_printf (json,
        ", \"gpu_total_p50_ms\": %.4f, \"gpu_total_p99_ms\": %.4f, "
        "\"gpu_network_p50_ms\": %.4f, \"gpu_network_p99_ms\": %.4f",
        times->p50_ms, times->p99_ms, times->network_p50_ms,
        times->network_p99_ms);
}
