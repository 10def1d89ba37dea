/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.h: the taps of the separable filter that scales, smooths and pads one
 * axis of a frame (docs/model-format.md, input, step 5). One table for every
 * back end. Internal.
 */
#ifndef NUCSEG_FILTER_H
#define NUCSEG_FILTER_H

#include "nucseg.h"

G_BEGIN_DECLS

/**
 * NucsegFilter:
 * @n_in: samples of the source line
 * @n_out: samples of the filtered line, before padding
 * @n_padded: samples with padding, >= @n_out
 * @n_taps: taps of every output, >= 1; taps that have no part weigh 0
 * @first: (array length=n_padded): source position of tap 0 before
 *   reflection: may be negative; tap t stands at @first + t
 * @index: (array length=n_padded * n_taps): the same positions after
 *   reflection, 0 .. @n_in - 1
 * @weight: (array length=n_padded * n_taps): the weights; each output's sum to
 *   1 up to rounding
 * @identity: output i is source sample i for all i below @n_out
 *
 * Output i is the sum over t of weight[i * n_taps + t] * source[index[i *
 * n_taps + t]]. Outputs from @n_out on have the taps of the output that they
 * repeat. Immutable.
 */
typedef struct {
  gint n_in, n_out, n_padded, n_taps;
  gint *first;
  gint *index;
  gfloat *weight;
  gboolean identity;
} NucsegFilter;

/**
 * nucseg_filter_new:
 * @n_in: samples of the source line, >= 1
 * @n_out: samples of the filtered line, >= 1
 * @n_padded: samples with padding, >= @n_out
 * @scale: network pixels per frame pixel, > 0
 * @smoothing: sigma of the Gaussian in network pixels, >= 0
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the table; NULL with MEMORY
 */
NUCSEG_API NucsegFilter *nucseg_filter_new (gint n_in, gint n_out,
    gint n_padded, gdouble scale, gdouble smoothing, GError **error);

/* NULL is allowed. */
NUCSEG_API void nucseg_filter_free (NucsegFilter *filter);

/**
 * nucseg_reflect:
 * @i: any position
 * @n: length of the line, >= 1
 *
 * Returns: the position inside 0 .. @n - 1 where @i lands when the line is
 *   mirrored at its first and last sample without repeating them, as often as
 *   it takes: for n = 4, -1 is 1 and 4 is 2
 */
static inline gint
nucseg_reflect (gint i, gint n)
{
  gint period = 2 * (n - 1);

  if (period == 0)
    return 0;
  i %= period;
  if (i < 0)
    i += period;
  return i < n ? i : period - i;
}

G_END_DECLS

#endif /* NUCSEG_FILTER_H */
