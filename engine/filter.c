/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.c: builds the table of taps of one axis: triangle (scaling), Gaussian
 * (smoothing), reflection at the edges, padding by reflection.
 */
#include "filter.h"

#include <math.h>

/* Weights of one output before rounding, and the position of the first. */
typedef struct {
  gdouble *triangle, *gauss, *taps;
  gint n_triangle, n_gauss, n_taps;
} Scratch;

static void
fill_gauss (Scratch *s, gdouble sigma)
{
  gint radius = s->n_gauss / 2;
  gdouble sum = 0;

  for (gint k = -radius; k <= radius; k++) {
    gdouble w = radius == 0 ? 1 : exp (-0.5 * k * k / (sigma * sigma));

    s->gauss[k + radius] = w;
    sum += w;
  }
  for (gint k = 0; k < s->n_gauss; k++)
    s->gauss[k] /= sum;
}

/* Taps of the output whose centre is @centre; returns the first's position. */
static gint
fill_taps (Scratch *s, gdouble centre, gdouble half_width)
{
  gint first = (gint) ceil (centre - half_width);
  gdouble sum = 0;

  for (gint k = 0; k < s->n_triangle; k++) {
    gdouble w = 1 - fabs (first + k - centre) / half_width;

    s->triangle[k] = MAX (w, 0);
    sum += s->triangle[k];
  }
  for (gint t = 0; t < s->n_taps; t++)
    s->taps[t] = 0;
  for (gint k = 0; k < s->n_triangle; k++)
    for (gint j = 0; j < s->n_gauss; j++)
      s->taps[k + j] += s->triangle[k] / sum * s->gauss[j];

  return first - s->n_gauss / 2;
}

/* Drops the taps at both ends that weigh nothing in any output, so that a
 * filter that does nothing has one tap. */
static gboolean
trim (NucsegFilter *filter, GError **error)
{
  gint left = filter->n_taps, n = 1;
  gint *index;
  gfloat *weight;

  for (gint i = 0; i < filter->n_out; i++) {
    const gfloat *w = filter->weight + (gsize) i * filter->n_taps;
    gint t = 0;

    while (w[t] == 0)
      t++;
    filter->first[i] += t;
    left = filter->n_taps - 1;
    while (w[left] == 0)
      left--;
    n = MAX (n, left - t + 1);
  }

  index = g_try_new (gint, (gsize) filter->n_padded * n);
  weight = g_try_new0 (gfloat, (gsize) filter->n_padded * n);
  if (index == NULL || weight == NULL) {
    g_free (index);
    g_free (weight);
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a filter of %d outputs", filter->n_padded);
    return FALSE;
  }
  for (gint i = 0; i < filter->n_out; i++) {
    const gfloat *w = filter->weight + (gsize) i * filter->n_taps;
    gint t = 0;

    while (w[t] == 0)
      t++;
    for (gint k = 0; k < n && t + k < filter->n_taps; k++)
      weight[(gsize) i * n + k] = w[t + k];
  }
  g_free (filter->index);
  g_free (filter->weight);
  filter->index = index;
  filter->weight = weight;
  filter->n_taps = n;
  return TRUE;
}

/* Reflected positions, and the outputs that padding adds. */
static void
finish (NucsegFilter *filter)
{
  gint n = filter->n_taps;

  for (gint i = filter->n_out; i < filter->n_padded; i++) {
    gint source = nucseg_reflect (i, filter->n_out);

    filter->first[i] = filter->first[source];
    for (gint t = 0; t < n; t++)
      filter->weight[(gsize) i * n + t] =
          filter->weight[(gsize) source * n + t];
  }
  for (gint i = 0; i < filter->n_padded; i++)
    for (gint t = 0; t < n; t++)
      filter->index[(gsize) i * n + t] =
          nucseg_reflect (filter->first[i] + t, filter->n_in);

  filter->identity = n == 1;
  for (gint i = 0; i < filter->n_out && filter->identity; i++)
    filter->identity = filter->first[i] == i && filter->weight[i] == 1;
}

NucsegFilter *
nucseg_filter_new (gint n_in, gint n_out, gint n_padded, gdouble scale,
    gdouble smoothing, GError **error)
{
  gdouble half_width = MAX (1.0, 1.0 / scale);
  gdouble sigma = smoothing / scale;
  NucsegFilter *filter;
  Scratch s = { 0 };
  gboolean ok;

  g_return_val_if_fail (n_in >= 1 && n_out >= 1 && n_padded >= n_out, NULL);
  g_return_val_if_fail (scale > 0 && smoothing >= 0, NULL);

  s.n_triangle = (gint) floor (2 * half_width) + 1;
  s.n_gauss = 2 * (gint) ceil (3 * sigma) + 1;
  s.n_taps = s.n_triangle + s.n_gauss - 1;
  s.triangle = g_new (gdouble, s.n_triangle);
  s.gauss = g_new (gdouble, s.n_gauss);
  s.taps = g_new (gdouble, s.n_taps);
  fill_gauss (&s, sigma);

  filter = g_new0 (NucsegFilter, 1);
  filter->n_in = n_in;
  filter->n_out = n_out;
  filter->n_padded = n_padded;
  filter->n_taps = s.n_taps;
  filter->first = g_try_new (gint, n_padded);
  filter->weight = g_try_new (gfloat, (gsize) n_out * s.n_taps);
  ok = filter->first != NULL && filter->weight != NULL;
  if (!ok)
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a filter of %d outputs", n_padded);
  for (gint i = 0; i < n_out && ok; i++) {
    gdouble centre = (i + 0.5) / scale - 0.5;

    filter->first[i] = fill_taps (&s, centre, half_width);
    for (gint t = 0; t < s.n_taps; t++)
      filter->weight[(gsize) i * s.n_taps + t] = (gfloat) s.taps[t];
  }
  g_free (s.triangle);
  g_free (s.gauss);
  g_free (s.taps);
  if (!ok || !trim (filter, error)) {
    nucseg_filter_free (filter);
    return NULL;
  }
  finish (filter);
  return filter;
}

void
nucseg_filter_free (NucsegFilter *filter)
{
  if (filter == NULL)
    return;
  g_free (filter->first);
  g_free (filter->index);
  g_free (filter->weight);
  g_free (filter);
}
