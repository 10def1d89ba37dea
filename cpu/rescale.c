/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rescale.c: the decoder's step 7 (docs/model-format.md, output): label runs of
 * the network's size become label runs of the frame's size.
 */
#include "cpu/decode-private.h"
#include "cpu/parallel.h"

#include <math.h>
#include <string.h>

/* The same arithmetic as the reference's: the positions must agree. */
static NucsegLabelTap *
taps_new (gint n_frame, gint n_net, gdouble scale)
{
  NucsegLabelTap *taps = g_try_new (NucsegLabelTap, n_frame);

  for (gint i = 0; taps && i < n_frame; i++) {
    gdouble position = (i + 0.5) * scale - 0.5;
    gint fixed;

    position = CLAMP (position, 0, n_net - 1);
    fixed = (gint) floor (position * 256 + 0.5);
    taps[i].a = fixed >> 8;
    taps[i].b = MIN (taps[i].a + 1, n_net - 1);
    taps[i].weight = fixed & 255;
  }
  return taps;
}

gboolean
nucseg_rescale_init (NucsegDecode *self)
{
  const NucsegGeometry *g = &self->geometry;

  if (g->scale == 1)
    return TRUE;
  self->map = g_try_new (gint32, (gsize) g->net_width * g->net_height);
  self->line = g_try_new (gint32, (gsize) g->frame_width * self->threads);
  self->across = taps_new (g->frame_width, g->net_width, g->scale);
  self->down = taps_new (g->frame_height, g->net_height, g->scale);
  return self->map && self->line && self->across && self->down;
}

void
nucseg_rescale_clear (NucsegDecode *self)
{
  g_free (self->map);
  g_free (self->line);
  g_free (self->across);
  g_free (self->down);
}

static void
paint_map (gpointer data, gint i, gint first, gint end)
{
  NucsegDecode *self = data;
  const gint width = self->geometry.net_width;

  for (gint y = first; y < end; y++) {
    gint32 *row = self->map + (gsize) y * width;

    memset (row, 0, width * sizeof (gint32));
    for (gint r = self->runs.rows[y]; r < self->runs.rows[y + 1]; r++) {
      const NucsegRun *run = &self->runs.items[r];
      for (gint x = run->begin; x < run->end; x++)
        row[x] = run->label;
    }
  }
}

/* Of four labels the one with the largest sum of weights; ties: the smaller. */
static gint32
heaviest (const gint32 label[4], const gint weight[4])
{
  gint32 best = G_MAXINT32;
  gint most = -1;

  for (gint i = 0; i < 4; i++) {
    gint sum = 0;

    for (gint k = 0; k < 4; k++)
      sum += label[k] == label[i] ? weight[k] : 0;
    if (sum > most || (sum == most && label[i] < best)) {
      most = sum;
      best = label[i];
    }
  }
  return best;
}

static void
scale_row (const NucsegDecode *self, gint y, gint32 *restrict out)
{
  const NucsegGeometry *g = &self->geometry;
  const NucsegLabelTap *ty = &self->down[y];
  const gint32 *upper = self->map + (gsize) ty->a * g->net_width;
  const gint32 *lower = self->map + (gsize) ty->b * g->net_width;

  for (gint x = 0; x < g->frame_width; x++) {
    const NucsegLabelTap *tx = &self->across[x];
    const gint32 label[4] = { upper[tx->a], upper[tx->b], lower[tx->a],
      lower[tx->b] };

    if (label[0] == label[1] && label[0] == label[2] && label[0] == label[3]) {
      out[x] = label[0];
      continue;
    }
    out[x] = heaviest (label,
        (gint[4]){ (256 - ty->weight) * (256 - tx->weight),
            (256 - ty->weight) * tx->weight, ty->weight * (256 - tx->weight),
            ty->weight * tx->weight });
  }
}

static void
scale_rows (gpointer data, gint i, gint first, gint end)
{
  NucsegDecode *self = data;
  const gint width = self->geometry.frame_width;
  NucsegDecodePart *part = &self->parts[i];
  NucsegRuns *runs = &part->runs;
  gint32 *line = self->line + (gsize) i * width;

  part->failed = FALSE;
  runs->n = 0;
  for (gint y = first; y < end; y++) {
    gint begin = 0;

    scale_row (self, y, line);
    if (!nucseg_runs_reserve (runs, width)) {
      part->failed = TRUE;
      return;
    }
    for (gint x = 1; x <= width; x++) {
      if (x < width && line[x] == line[begin])
        continue;
      if (line[begin] != 0)
        nucseg_runs_append (runs, y, begin, x, line[begin]);
      begin = x;
    }
  }
}

gboolean
nucseg_rescale_run (NucsegDecode *self)
{
  const NucsegGeometry *g = &self->geometry;
  NucsegRuns *final = &self->final;
  gint y = 0;

  if (g->scale == 1)
    return TRUE;
  nucseg_parallel_rows (paint_map, self, g->net_height, self->threads);
  nucseg_parallel_rows (scale_rows, self, g->frame_height, self->threads);

  /* The list for objects.c has the frame's rows: it takes these runs. */
  final->n = 0;
  for (gint i = 0; i < nucseg_parallel_parts (g->frame_height, self->threads);
       i++) {
    const NucsegDecodePart *part = &self->parts[i];

    if (part->failed || !nucseg_runs_reserve (final, part->runs.n))
      return FALSE;
    memcpy (final->items + final->n, part->runs.items,
        part->runs.n * sizeof (NucsegRun));
    final->n += part->runs.n;
  }
  for (gint r = 0; r < final->n; r++) {
    while (y < final->items[r].y)
      final->rows[++y] = r;
  }
  while (y < g->frame_height)
    final->rows[++y] = final->n;
  return TRUE;
}
