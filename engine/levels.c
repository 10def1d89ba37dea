/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * levels.c: limits, polarity and the table of the map, from a histogram.
 */
#include "levels.h"

#include <math.h>

/* The smallest grey value with a cumulative count of at least
 * max (1, ceil (percent / 100 * n)). */
static guint
percentile (
    const guint32 *histogram, guint n_levels, guint64 n, gdouble percent)
{
  gdouble rank = MAX (1.0, ceil (percent / 100.0 * (gdouble) n));
  guint64 count = 0;

  for (guint g = 0; g < n_levels; g++) {
    count += histogram[g];
    if ((gdouble) count >= rank)
      return g;
  }
  return n_levels - 1;
}

static void
fill_linear (NucsegLimits *limits, gfloat *table, const NucsegInput *input,
    guint n_levels)
{
  gdouble range = limits->high - limits->low;

  for (guint g = 0; g < n_levels; g++) {
    gdouble x = (g - limits->low) / range;

    table[g] = (gfloat) CLAMP (x, input->clip_low, input->clip_high);
  }
  limits->linear = TRUE;
  limits->gain = (gfloat) (1 / range);
  limits->offset = (gfloat) (-limits->low / range);
  limits->least = input->clip_low;
  limits->most = input->clip_high;
}

static void
fill_equalize (
    gfloat *table, const guint32 *histogram, guint n_levels, guint64 n)
{
  guint64 count = 0, first = 0;

  for (guint g = 0; g < n_levels; g++) {
    count += histogram[g];
    if (first == 0)
      first = count;
    if (n == first)
      table[g] = 0;
    else
      table[g] = (gfloat) ((gdouble) (count - first) / (gdouble) (n - first));
  }
}

static gboolean
must_invert (const NucsegInput *input, const NucsegParams *params,
    const guint32 *histogram, const gfloat *table, guint n_levels, guint64 n)
{
  gboolean shows_dark;

  if (input->polarity == NUCSEG_TRAINED_BOTH)
    return FALSE;
  if (params->polarity == NUCSEG_POLARITY_AUTO) {
    gdouble sum = 0;

    for (guint g = 0; g < n_levels; g++)
      if (histogram[g] != 0)
        sum += (gdouble) histogram[g] * table[g];
    shows_dark = sum / (gdouble) n > NUCSEG_DARK_MEAN (input->method);
  } else {
    shows_dark = params->polarity == NUCSEG_POLARITY_DARK;
  }
  return shows_dark != (input->polarity == NUCSEG_TRAINED_DARK);
}

gboolean
nucseg_limits_find (NucsegLimits *limits, gfloat *table,
    const NucsegInput *input, const NucsegParams *params,
    const guint32 *histogram, guint depth, GError **error)
{
  guint n_levels = 1u << depth;
  gdouble top = n_levels - 1, least;
  guint smallest = 0, largest = n_levels - 1;
  guint64 n = 0;

  for (guint g = 0; g < n_levels; g++)
    n += histogram[g];
  g_return_val_if_fail (n > 0, FALSE);
  while (histogram[smallest] == 0)
    smallest++;
  while (histogram[largest] == 0)
    largest--;

  limits->linear = FALSE;
  limits->gain = limits->offset = limits->least = limits->most = 0;
  if (input->method == NUCSEG_METHOD_EQUALIZE) {
    limits->low = smallest;
    limits->high = largest;
    fill_equalize (table, histogram, n_levels, n);
  } else if (params->normalization == NUCSEG_NORMALIZATION_FIXED) {
    if (params->white_level <= params->black_level) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
          "white level %u is not above black level %u", params->white_level,
          params->black_level);
      return FALSE;
    }
    limits->low = params->black_level;
    limits->high = params->white_level;
    fill_linear (limits, table, input, n_levels);
  } else {
    switch (input->method) {
    case NUCSEG_METHOD_PERCENTILE:
      limits->low = percentile (histogram, n_levels, n, input->low);
      limits->high = percentile (histogram, n_levels, n, input->high);
      break;
    case NUCSEG_METHOD_MINMAX:
      limits->low = smallest;
      limits->high = largest;
      break;
    default:
      limits->low = 0;
      limits->high = top;
      break;
    }
    least = MAX (1.0, input->min_range * top);
    if (limits->high - limits->low < least)
      limits->high = limits->low + least;
    fill_linear (limits, table, input, n_levels);
  }

  limits->inverted = must_invert (input, params, histogram, table, n_levels, n);
  if (limits->inverted) {
    for (guint g = 0; g < n_levels; g++)
      table[g] = 1.0f - table[g];
    limits->gain = -limits->gain;
    limits->offset = 1.0f - limits->offset;
    limits->least = 1.0f - input->clip_high;
    limits->most = 1.0f - input->clip_low;
  }
  limits->low_level = (guint) limits->low;
  limits->high_level = (guint) rint (limits->high);
  return TRUE;
}
