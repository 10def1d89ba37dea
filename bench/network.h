/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.h: the time of the network alone, for back ends that run a frame in
 * one go and so can't tell its stages apart.
 */
#ifndef NUCSEG_BENCH_NETWORK_H
#define NUCSEG_BENCH_NETWORK_H

#include <nucseg.h>

G_BEGIN_DECLS

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
 * Prepares one frame and runs the network on it again and again.
 */
gboolean bench_network (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size, gint n_warm_up, gint n,
    guint64 *times, GError **error);

G_END_DECLS

#endif /* NUCSEG_BENCH_NETWORK_H */
