/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * profile.c: asks a back end for its steps' times. The onednn module exports
 * two functions for it beside its table (cpu/onednn/plan.h); they are looked up
 * in the module that the table lies in.
 */
#include "bench/profile.h"

#include "bench/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*SetProfile) (NucsegPlan *plan, gboolean profile);
typedef gchar *(*GetProfile) (NucsegPlan *plan);

/* The last column of a line. */
static gdouble
time_of (const gchar *line)
{
  const gchar *tab = strrchr (line, '\t');

  return tab ? atof (tab + 1) : 0;
}

static gint
compare_time (gconstpointer a, gconstpointer b)
{
  const gdouble x = time_of (*(gchar *const *) a);
  const gdouble y = time_of (*(gchar *const *) b);

  return x > y ? -1 : x < y;
}

static void
print_profile (gchar *text, gint n_frames)
{
  gchar **lines = g_strsplit (g_strchomp (text), "\n", 0);
  gdouble sum = 0;

  for (gchar **line = lines; *line; line++)
    sum += time_of (*line);
  qsort (lines, g_strv_length (lines), sizeof *lines, compare_time);
  printf ("  %8s %5s  %-14s %-17s %-12s %s\n", "us", "%", "step", "kind",
      "output", "by");
  for (gchar **line = lines; *line; line++) {
    gchar **f = g_strsplit (*line, "\t", 5);
    const gdouble ns = time_of (*line);

    printf ("  %8.1f %5.1f  %-14s %-17s %-12s %s\n", ns / 1e3, 100 * ns / sum,
        f[0], f[1], f[2], f[3]);
    g_strfreev (f);
  }
  printf ("  %8.1f 100.0  all steps (fastest of %d runs each)\n", sum / 1e3,
      n_frames);
  g_strfreev (lines);
}

static gboolean
run_plan (const NucsegBackend *table, NucsegPlan *plan, gint size,
    gint n_frames, SetProfile set_profile, GError **error)
{
  gboolean ok = bench_plan_prepare (table, plan, size, error)
      && table->network (plan, error);

  set_profile (plan, TRUE);
  for (gint i = 0; ok && i < n_frames; i++)
    ok = table->network (plan, error);
  return ok;
}

gboolean
bench_profile (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size, gint n_frames,
    GError **error)
{
  const NucsegBackend *table = nucseg_backend_find (backend, error);
  NucsegPlan *plan;
  SetProfile set_profile;
  GetProfile get_profile;
  gboolean ok;

  if (!table)
    return FALSE;
  set_profile =
      (SetProfile) bench_find_symbol (table, "nucseg_onednn_set_profile");
  get_profile =
      (GetProfile) bench_find_symbol (table, "nucseg_onednn_get_profile");
  if (!set_profile || !get_profile)
    return TRUE;

  plan =
      bench_plan_new (model, backend, precision, threads, size, &table, error);
  if (!plan)
    return FALSE;
  ok = run_plan (table, plan, size, n_frames, set_profile, error);
  if (ok) {
    gchar *text = get_profile (plan);

    print_profile (text, n_frames);
    g_free (text);
  }
  table->plan_free (plan);
  return ok;
}
