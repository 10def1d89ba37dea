/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * row.c: one row of the table: the kernels' result next to the twin's, and the
 * times of both.
 */
#include "bench/kernels/row.h"

#include <stdio.h>
#include <stdlib.h>

/* Steps in one launch: a step alone may take less than a launch costs. */
#define RUNS 10

const gchar *
bench_type_name (NucsegCudaType type)
{
  return nucseg_precision_name (bench_precision (type));
}

NucsegPrecision
bench_precision (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F16 ? NUCSEG_PRECISION_F16
      : type == NUCSEG_CUDA_BF16 ? NUCSEG_PRECISION_BF16
                                 : NUCSEG_PRECISION_F32;
}

typedef struct {
  BenchKernels *k;
  const BenchRow *row;
} Step;

static gboolean
queue (gpointer data, GError **error)
{
  const Step *step = data;

  return nucseg_cuda_check (
      step->row->launch (
          step->row->data, nucseg_cuda_device_get_stream (step->k->device)),
      "a launch", error);
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

/* Microseconds, from the least on. */
static gdouble *
time_step (Step *step)
{
  BenchKernels *k = step->k;
  gdouble *times = bench_heap (k, k->n_launches * sizeof (gdouble));

#ifdef NUCSEG_EMULATION
  for (guint i = 1; !k->error && i < k->n_launches; i++)
    queue (step, &k->error);
#else
  if (!k->error)
    nucseg_cuda_measure_launches (
        k->device, queue, step, RUNS, times, k->n_launches, &k->error);
#endif
  qsort (times, k->n_launches, sizeof (gdouble), compare);
  return times;
}

/* Milliseconds: the median. The kernels' result is there to compare with. */
static gdouble
time_twin (Step *step)
{
  BenchKernels *k = step->k;
  gdouble *times = bench_heap (k, k->n_twins * sizeof (gdouble));

  for (guint i = 0; !k->error && i < k->n_twins; i++) {
    const gint64 begun = g_get_monotonic_time ();

    step->row->twin (step->row->data);
    times[i] = (g_get_monotonic_time () - begun) / 1e3;
    if (i == 0)
      step->row->check (k, step->row, step->row->data);
  }
  qsort (times, k->n_twins, sizeof (gdouble), compare);
  return k->n_twins > 0 ? times[k->n_twins / 2] : 0;
}

/* A number, or what stands for one that isn't known. */
static const gchar *
number (gchar *text, gsize size, const gchar *format, gboolean known,
    gdouble value, const gchar *unknown)
{
  gchar plain[32];

  if (!known)
    return unknown;
  g_snprintf (
      text, size, "%s", g_ascii_formatd (plain, sizeof plain, format, value));
  return text;
}

static void
print_row (
    BenchKernels *k, const BenchRow *row, const gdouble *times, gdouble twin)
{
  const gboolean known = !k->emulated;
  const gboolean has_twin = known && k->n_twins > 0;
  const gdouble p50 = times[k->n_launches / 2], least = times[0];
  const gdouble rate = p50 > 0 ? row->bytes / p50 / 1e3 : 0;
  gchar a[32], b[32], c[32], d[32], side[16];

  g_snprintf (side, sizeof side, "%d", k->side);
  printf ("%-27s %-22s %-4s %5s %9s %9s %8s %9s\n", row->function, row->name,
      row->type ? row->type : "-", k->side > 0 ? side : "small",
      number (a, sizeof a, "%.2f", known, p50, "-"),
      number (b, sizeof b, "%.2f", known, least, "-"),
      number (c, sizeof c, "%.1f", known, rate, "-"),
      number (d, sizeof d, "%.3f", has_twin, twin, "-"));
  fflush (stdout);
  g_string_append_printf (k->json,
      "%s\n  {\"function\": \"%s\", \"case\": \"%s\", \"type\": %s%s%s, "
      "\"size\": %s, \"launches\": %u, \"bytes\": %" G_GSIZE_FORMAT
      ", \"compared\": %s, ",
      k->json->len > 1 ? "," : "", row->function, row->name,
      row->type ? "\"" : "", row->type ? row->type : "null",
      row->type ? "\"" : "", k->side > 0 ? side : "null", k->n_launches,
      row->bytes, k->n_twins > 0 ? "true" : "false");
  g_string_append_printf (k->json,
      "\"p50_us\": %s, \"min_us\": %s, \"gb_per_s\": %s, \"twin_p50_ms\": %s}",
      number (a, sizeof a, "%.3f", known, p50, "null"),
      number (b, sizeof b, "%.3f", known, least, "null"),
      number (c, sizeof c, "%.2f", known, rate, "null"),
      number (d, sizeof d, "%.4f", has_twin, twin, "null"));
}

gboolean
bench_is_wanted (const BenchKernels *k, const gchar *function)
{
  return !k->functions
      || g_strv_contains ((const gchar *const *) k->functions, function);
}

void
bench_row (BenchKernels *k, const BenchRow *row)
{
  Step step = { k, row };
  gdouble twin, *times;

  if (k->error || !bench_is_wanted (k, row->function))
    return;
  k->n_rows++;
  nucseg_cuda_finish (k->device, queue (&step, &k->error), &k->error);
  twin = time_twin (&step);
  times = time_step (&step);
  /* Repeats must leave what one launch left, or others were timed. */
  if (!k->error && k->n_twins > 0)
    row->check (k, row, row->data);
  if (!k->error)
    print_row (k, row, times, twin);
  else
    g_prefix_error (&k->error, "%s, %s: ", row->function, row->name);
}
