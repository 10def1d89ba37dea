/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * regions.c: the decoder's steps 5 and 6 (docs/model-format.md, output) on
 * runs: of each label the largest piece stays, and its holes are filled.
 */
#include "cpu/decode-private.h"

#include <string.h>

gboolean
nucseg_table_reserve (NucsegTable *table, gint n)
{
  gint32 *items;

  if (n <= table->allocated)
    return TRUE;
  n = MAX (n, table->allocated + table->allocated / 2);
  items = g_try_renew (gint32, table->items, n);
  if (!items)
    return FALSE;
  table->items = items;
  table->allocated = n;
  return TRUE;
}

gboolean
nucseg_regions_init (NucsegDecode *self)
{
  const gint height = self->geometry.net_height;
  const gint n = self->runs.allocated;

  return nucseg_runs_init (&self->kept, height, n)
      && nucseg_runs_init (&self->ground, height, n + height)
      && nucseg_table_reserve (&self->by_run, n + height)
      && nucseg_table_reserve (&self->by_label, 4096);
}

void
nucseg_regions_clear (NucsegDecode *self)
{
  nucseg_runs_clear (&self->kept);
  nucseg_runs_clear (&self->ground);
  g_free (self->by_run.items);
  g_free (self->by_label.items);
}

gboolean
nucseg_regions_number (NucsegDecode *self, gint *n_labels)
{
  NucsegRuns *runs = &self->runs;

  nucseg_runs_connect (runs, FALSE);
  *n_labels = 0;
  for (gint i = 0; i < runs->n; i++) {
    const gint root = nucseg_runs_root (runs, i);

    runs->items[i].label = root == i ? ++*n_labels : runs->items[root].label;
  }
  return TRUE;
}

/* Step 5: decode->runs -> decode->kept. */
static gboolean
keep_largest (NucsegDecode *self, gint n_labels)
{
  NucsegRuns *runs = &self->runs, *kept = &self->kept;
  gint32 *area, *best;

  if (!nucseg_table_reserve (&self->by_run, runs->n)
      || !nucseg_table_reserve (&self->by_label, n_labels + 1)
      || (kept->n = 0, !nucseg_runs_reserve (kept, runs->n)))
    return FALSE;
  area = self->by_run.items; /* of a region, at its root */
  best = self->by_label.items; /* root of a label's largest piece */

  nucseg_runs_connect (runs, FALSE);
  memset (area, 0, runs->n * sizeof (gint32));
  for (gint i = 0; i < runs->n; i++)
    area[nucseg_runs_root (runs, i)] +=
        runs->items[i].end - runs->items[i].begin;
  for (gint label = 0; label <= n_labels; label++)
    best[label] = -1;
  /* Roots come in raster order: of equal pieces the first one stays. */
  for (gint i = 0; i < runs->n; i++) {
    gint32 *b = &best[runs->items[i].label];

    if (runs->parent[i] == i && (*b < 0 || area[i] > area[*b]))
      *b = i;
  }
  for (gint y = 0; y < runs->height; y++) {
    for (gint i = runs->rows[y]; i < runs->rows[y + 1]; i++) {
      if (nucseg_runs_root (runs, i) == best[runs->items[i].label])
        kept->items[kept->n++] = runs->items[i];
    }
    nucseg_runs_end_row (kept, y);
  }
  return TRUE;
}

/* What lies between the runs of decode->kept, as runs of label 0. */
static gboolean
find_ground (NucsegDecode *self)
{
  const NucsegRuns *kept = &self->kept;
  NucsegRuns *ground = &self->ground;

  ground->n = 0;
  if (!nucseg_runs_reserve (ground, kept->n + kept->height))
    return FALSE;
  for (gint y = 0; y < kept->height; y++) {
    gint x = 0;

    for (gint i = kept->rows[y]; i < kept->rows[y + 1]; i++) {
      if (kept->items[i].begin > x)
        nucseg_runs_append (ground, y, x, kept->items[i].begin, 0);
      x = kept->items[i].end;
    }
    if (x < self->geometry.net_width)
      nucseg_runs_append (ground, y, x, self->geometry.net_width, 0);
    nucseg_runs_end_row (ground, y);
  }
  nucseg_runs_connect (ground, FALSE);
  return TRUE;
}

/* @around: 0: nothing seen yet; -1: stays background */
static inline void
see (gint32 *around, gint32 label)
{
  if (*around == 0)
    *around = label;
  else if (*around != label)
    *around = -1;
}

/* Shows each piece of ground in row @y the labels of row @other above or under
 * it. */
static void
see_row (NucsegDecode *self, gint32 *around, gint y, gint other)
{
  const NucsegRuns *kept = &self->kept, *ground = &self->ground;
  gint i = ground->rows[y], k = kept->rows[other];

  while (i < ground->rows[y + 1] && k < kept->rows[other + 1]) {
    const NucsegRun *g = &ground->items[i], *n = &kept->items[k];

    if (g->begin < n->end && n->begin < g->end)
      see (&around[nucseg_runs_root (ground, i)], n->label);
    if (g->end < n->end)
      i++;
    else
      k++;
  }
}

/* Shows each piece of ground in row @y the labels beside it. */
static void
see_sides (NucsegDecode *self, gint32 *around, gint y)
{
  const NucsegRuns *kept = &self->kept, *ground = &self->ground;
  const gint width = self->geometry.net_width, height = kept->height;
  gint k = kept->rows[y];

  for (gint i = ground->rows[y]; i < ground->rows[y + 1]; i++) {
    const NucsegRun *g = &ground->items[i];
    gint32 *here = &around[nucseg_runs_root (ground, i)];

    if (g->begin == 0 || g->end == width || y == 0 || y == height - 1) {
      *here = -1;
      continue;
    }
    /* Both neighbours are there: the run ends inside the frame. */
    while (kept->items[k].end < g->begin)
      k++;
    see (here, kept->items[k].label);
    see (here, kept->items[k + 1].label);
  }
}

/* Adds a run, or makes the one before it longer. */
static inline void
append_joined (NucsegRuns *runs, const NucsegRun *run, gint32 label)
{
  if (runs->n > runs->rows[run->y]) {
    NucsegRun *last = &runs->items[runs->n - 1];

    if (last->end == run->begin && last->label == label) {
      last->end = run->end;
      return;
    }
  }
  nucseg_runs_append (runs, run->y, run->begin, run->end, label);
}

/* Step 6: decode->kept and the holes -> decode->runs. */
static gboolean
fill_holes (NucsegDecode *self)
{
  const NucsegRuns *kept = &self->kept, *ground = &self->ground;
  NucsegRuns *runs = &self->runs;
  gint32 *around;

  runs->n = 0;
  if (!nucseg_table_reserve (&self->by_run, ground->n)
      || !nucseg_runs_reserve (runs, kept->n + ground->n))
    return FALSE;
  around = self->by_run.items; /* of a region, at its root */
  memset (around, 0, ground->n * sizeof (gint32));
  for (gint y = 0; y < kept->height; y++) {
    see_sides (self, around, y);
    if (y > 0)
      see_row (self, around, y, y - 1);
    if (y < kept->height - 1)
      see_row (self, around, y, y + 1);
  }

  for (gint y = 0; y < kept->height; y++) {
    gint i = ground->rows[y], k = kept->rows[y];

    while (i < ground->rows[y + 1] || k < kept->rows[y + 1]) {
      /* Ground and labels take turns: whichever begins first. */
      if (k == kept->rows[y + 1]
          || (i < ground->rows[y + 1]
              && ground->items[i].begin < kept->items[k].begin)) {
        const gint32 label = around[nucseg_runs_root (ground, i)];

        if (label > 0)
          append_joined (runs, &ground->items[i], label);
        i++;
      } else {
        append_joined (runs, &kept->items[k], kept->items[k].label);
        k++;
      }
    }
    nucseg_runs_end_row (runs, y);
  }
  return TRUE;
}

gboolean
nucseg_regions_clean (NucsegDecode *self, gint n_labels)
{
  return keep_largest (self, n_labels) && find_ground (self)
      && fill_holes (self);
}
