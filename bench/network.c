/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.c: see network.h.
 */
#define _GNU_SOURCE
#include "bench/network.h"

#include "bench/frames.h"

#include <dlfcn.h>
#include <time.h>

static guint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * 1000000000 + (guint64) now.tv_nsec;
}

NucsegPlan *
bench_plan_new (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size,
    const NucsegBackend **table, GError **error)
{
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegPlanOptions options = { model };

  *table = nucseg_backend_find (backend, error);
  if (!*table
      || !nucseg_geometry_init (
          &options.geometry, model, size, size, &params, error))
    return NULL;
  options.precision = precision;
  options.threads = threads > 0 ? threads : g_get_num_processors ();
  return (*table)->plan_new (&options, error);
}

gpointer
bench_find_symbol (const NucsegBackend *table, const gchar *name)
{
  gpointer symbol;
  Dl_info info;
  void *module;

  if (!dladdr (table, &info))
    return NULL;
  module = dlopen (info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (!module)
    return NULL;
  symbol = dlsym (module, name);
  dlclose (module); /* the engine keeps it open */
  return symbol;
}

gboolean
bench_plan_prepare (
    const NucsegBackend *table, NucsegPlan *plan, gint size, GError **error)
{
  g_autofree guint8 *pixels = g_malloc ((gsize) size * size);
  NucsegFrame frame = bench_frame_grey (pixels, size);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result;

  bench_frame_fill (pixels, size, 0);
  return table->prepare (plan, &frame, &params, &result, error);
}

gboolean
bench_network (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size, gint n_warm_up, gint n,
    guint64 *times, GError **error)
{
  const NucsegBackend *table;
  NucsegPlan *plan =
      bench_plan_new (model, backend, precision, threads, size, &table, error);
  gboolean ok;

  if (!plan)
    return FALSE;
  ok = bench_plan_prepare (table, plan, size, error);
  for (gint i = -n_warm_up; ok && i < n; i++) {
    const guint64 start = now_ns ();

    ok = table->network (plan, error);
    if (i >= 0)
      times[i] = now_ns () - start;
  }
  table->plan_free (plan);
  return ok;
}
