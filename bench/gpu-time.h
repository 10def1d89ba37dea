/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu-time.h: a frame's time on the GPU by the GPU's own events, for a back end
 * that can tell. */
#ifndef NUCSEG_BENCH_GPU_TIME_H
#define NUCSEG_BENCH_GPU_TIME_H

#include "nucseg.h"

G_BEGIN_DECLS

typedef struct {
  gboolean known; /* FALSE: the back end can't tell */
  gdouble p50_ms, p99_ms; /* of whole frames */
  gdouble network_p50_ms, network_p99_ms; /* of the network alone */
} BenchGpuTimes;

/**
 * bench_gpu_times:
 * @size: side of the frame
 * @overlay: whether it is drawn on
 * @n_warm_up: frames before those that count
 * @n: frames that count
 * @times: (out): result
 * @error: return location
 *
 * From the event in front of a frame's one launch to that behind it, apart from
 * the frames that are timed by wall clock.
 *
 * Returns: FALSE with the back end's error
 */
gboolean bench_gpu_times (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, gint size, gboolean overlay, gint n_warm_up,
    gint n, BenchGpuTimes *times, GError **error);

/* A line, and members of an object; nothing where they aren't known. */
void bench_gpu_times_print (const BenchGpuTimes *times);
void bench_gpu_times_append_json (const BenchGpuTimes *times, GString *json);

G_END_DECLS

#endif /* NUCSEG_BENCH_GPU_TIME_H */
