/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pads.h: what the probes around a timed element note. */
#ifndef NUCSEG_BENCH_PADS_H
#define NUCSEG_BENCH_PADS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _BenchPads BenchPads;

/* Of one pipeline, the first @most frames of which count. */
typedef struct {
  gint n; /* frames that came out */
  gdouble p50_ms, p99_ms;
  gdouble frames_per_s; /* from the first that came out to the last; 0 of one */
} BenchTimes;

/**
 * bench_pads_new:
 * @pipeline: with elements `before` and `after` around what is timed
 * @most: frames
 *
 * Times frames from the one's source pad to the other's sink pad, several
 * of them inside at once too.
 *
 * Returns: free with bench_pads_free() when the pipeline has stopped
 */
BenchPads *bench_pads_new (GstElement *pipeline, gint most);
void bench_pads_free (BenchPads *pads);

/* At any time, while frames come too. */
BenchTimes bench_pads_read (BenchPads *pads);

G_END_DECLS

#endif /* NUCSEG_BENCH_PADS_H */
