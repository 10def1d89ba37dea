/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * histogram.h: percentiles of durations in constant memory, however long the
 * run.
 */
#ifndef NUCSEG_TOOL_HISTOGRAM_H
#define NUCSEG_TOOL_HISTOGRAM_H

#include <glib.h>

G_BEGIN_DECLS

#define TOOL_HISTOGRAM_BINS 2048

/* Bins from 1 microsecond up, each 1 % wider than the one before it; all
 * zero is empty. */
typedef struct {
  guint64 n;
  guint64 bins[TOOL_HISTOGRAM_BINS];
} ToolHistogram;

void tool_histogram_add (ToolHistogram *histogram, guint64 nanoseconds);

/**
 * tool_histogram_percentile:
 * @histogram: not empty for a result above 0
 * @percent: 0..100
 *
 * Returns: milliseconds that @percent of the durations do not exceed, to 1 %
 */
gdouble
tool_histogram_percentile (const ToolHistogram *histogram, gdouble percent);

G_END_DECLS

#endif /* NUCSEG_TOOL_HISTOGRAM_H */
