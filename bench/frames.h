/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frames.h: synthetic frames of nuclei for benchmarks (same seed, same bits),
 * and memory for them. */
#ifndef NUCSEG_BENCH_FRAMES_H
#define NUCSEG_BENCH_FRAMES_H

#include "nucseg.h"

G_BEGIN_DECLS

/**
 * bench_frame_fill:
 * @pixels: (out caller-allocates): @size x @size bytes
 * @size: pixels a side
 * @phase: 0, 1, 2, ...: the nuclei have moved on
 *
 * Bright ellipses, some of them touching, one for each 2,600 pixels (about 100
 * in 512x512), on a dim ground with uneven light and noise.
 */
void bench_frame_fill (guint8 *pixels, gint size, guint phase);

/* @size x @size GRAY8 pixels without gaps, in system memory. */
NucsegFrame bench_frame_grey (gpointer pixels, gint size);

/* Memory for frames as the element's pools give it. */
typedef struct {
  NucsegPinned *pinned; /* NULL: of the heap */
  gpointer data;
} BenchMemory;

/**
 * bench_memory_new:
 * @backend: whose
 * @size: bytes, above 0
 *
 * Returns: memory that is page-locked where the back end has such; free with
 *   bench_memory_clear()
 */
BenchMemory bench_memory_new (const gchar *backend, gsize size);
void bench_memory_clear (BenchMemory *memory);

G_END_DECLS

#endif /* NUCSEG_BENCH_FRAMES_H */
