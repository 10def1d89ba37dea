/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * levels.h: from a frame's histogram to the map of grey values to network
 * values (docs/model-format.md, input, steps 2 to 4). One computation for
 * every back end, so that all report the same numbers. Internal.
 */
#ifndef NUCSEG_LEVELS_H
#define NUCSEG_LEVELS_H

#include "model.h"

G_BEGIN_DECLS

/**
 * NucsegLimits:
 * @low: the grey value that becomes 0
 * @high: the grey value that becomes 1; not always an integer
 * @low_level: @low as NucsegResult reports it
 * @high_level: @high, rounded to the nearest, as NucsegResult reports it
 * @inverted: x became 1 - x
 * @linear: the map is x = min (max (g * @gain + @offset, @least), @most) up to
 *   rounding; FALSE for histogram equalisation, which has only the table
 * @gain: see @linear (polarity is part of it)
 * @offset: see @linear
 * @least: see @linear
 * @most: see @linear
 */
typedef struct {
  gdouble low, high;
  guint low_level, high_level;
  gboolean inverted;
  gboolean linear;
  gfloat gain, offset, least, most;
} NucsegLimits;

/**
 * nucseg_limits_find:
 * @limits: (out): filled
 * @table: (out caller-allocates): 1 << @depth network values, one for each
 *   grey value; those of values that the frame lacks mean something only
 *   where the map is linear
 * @input: what the model asks for
 * @params: the user's polarity and levels
 * @histogram: 1 << @depth counts of the whole frame, at least one above 0
 * @depth: bits of the grey value, 8..16
 * @error: return location
 *
 * Returns: FALSE with SHAPE where fixed levels are asked for and the white
 *   level is not above the black one
 */
NUCSEG_API gboolean nucseg_limits_find (NucsegLimits *limits, gfloat *table,
    const NucsegInput *input, const NucsegParams *params,
    const guint32 *histogram, guint depth, GError **error);

/**
 * nucseg_stretch:
 * @grey: a grey value
 * @low: low_level of the last prepared frame
 * @high: high_level of it
 *
 * Returns: 0..255: where @grey stands between @low and @high, in 255ths,
 *   halves rounded up, clipped
 */
static inline guint8
nucseg_stretch (guint grey, guint low, guint high)
{
  guint range = high - low;

  if (grey <= low)
    return 0;
  if (grey >= high)
    return 255;
  return (guint8) ((510u * (grey - low) + range) / (2 * range));
}

G_END_DECLS

#endif /* NUCSEG_LEVELS_H */
