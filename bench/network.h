/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.h: a back end's table without a session: one plan, for the time of
 * the network alone or of its steps.
 */
#ifndef NUCSEG_BENCH_NETWORK_H
#define NUCSEG_BENCH_NETWORK_H

#include "backend.h"

G_BEGIN_DECLS

/**
 * bench_plan_new:
 * @threads: of the CPU; 0: all
 * @size: side of the frame
 * @table: (out): the back end's
 * @error: return location
 *
 * Returns: (transfer full) (nullable): to be freed by the table's plan_free()
 */
NucsegPlan *bench_plan_new (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size,
    const NucsegBackend **table, GError **error);

/* A function that the module with @table exports beside it; NULL: it lacks
 * such, or isn't a module. */
gpointer bench_find_symbol (const NucsegBackend *table, const gchar *name);

/* Makes a frame of nuclei the network's input. */
gboolean bench_plan_prepare (
    const NucsegBackend *table, NucsegPlan *plan, gint size, GError **error);

/**
 * bench_network:
 * @threads: of the CPU; 0: all
 * @size: side of the frame
 * @n_warm_up: passes before those that count
 * @n: passes that count
 * @times: (out caller-allocates): nanoseconds of each, from its launch until
 *   the device has finished
 * @error: return location
 *
 * Prepares one frame and runs the network on it again and again, for back ends
 * that run a frame in one go and so can't tell its stages apart.
 */
gboolean bench_network (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size, gint n_warm_up, gint n,
    guint64 *times, GError **error);

G_END_DECLS

#endif /* NUCSEG_BENCH_NETWORK_H */
