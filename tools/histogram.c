/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * histogram.c: a histogram of durations with logarithmic bins.
 */
#include "histogram.h"

#include <math.h>

#define RATIO 1.01

void
tool_histogram_add (ToolHistogram *h, guint64 nanoseconds)
{
  gdouble us = MAX (nanoseconds / 1e3, 1.0);
  gint bin = (gint) (log (us) / log (RATIO));

  h->bins[MIN (bin, TOOL_HISTOGRAM_BINS - 1)]++;
  h->n++;
}

gdouble
tool_histogram_percentile (const ToolHistogram *h, gdouble percent)
{
  guint64 wanted = (guint64) ceil (percent / 100 * h->n), seen = 0;

  if (h->n == 0)
    return 0;
  for (gint bin = 0; bin < TOOL_HISTOGRAM_BINS; bin++) {
    seen += h->bins[bin];
    if (seen >= MAX (wanted, 1))
      /* the middle of the bin */
      return pow (RATIO, bin + 0.5) / 1e3;
  }
  return 0;
}
