/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runs.h: label maps as runs: stretches of pixels of one row and one label, in
 * raster order. A frame of nuclei has a few thousand, so whatever works on
 * runs costs next to nothing.
 */
#ifndef NUCSEG_CPU_RUNS_H
#define NUCSEG_CPU_RUNS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint32 y, begin, end; /* columns begin .. end - 1 */
  gint32 label;
} NucsegRun;

/**
 * NucsegRuns:
 * @items: the runs, in raster order
 * @n: how many
 * @height: rows of the map
 * @rows: height + 1 indices: row y has items rows[y] .. rows[y + 1] - 1
 * @parent: for nucseg_runs_connect(): items[i]'s parent in its region's tree
 *
 * Memory grows and is kept.
 */
typedef struct {
  NucsegRun *items;
  gint n, allocated;
  gint height;
  gint *rows;
  gint *parent;
} NucsegRuns;

/* FALSE where memory is short; there is room for @n runs. */
gboolean nucseg_runs_init (NucsegRuns *runs, gint height, gint n);
void nucseg_runs_clear (NucsegRuns *runs);

/* Makes room for @n more; FALSE where memory is short. */
gboolean nucseg_runs_reserve (NucsegRuns *runs, gint n);

/* Room must have been reserved. Rows are begun in order. */
static inline void
nucseg_runs_append (NucsegRuns *runs, gint y, gint begin, gint end, gint label)
{
  runs->items[runs->n++] = (NucsegRun){ y, begin, end, label };
}

/* Ends row @y: rows[y + 1] is set. rows[0] is 0. */
static inline void
nucseg_runs_end_row (NucsegRuns *runs, gint y)
{
  runs->rows[y + 1] = runs->n;
}

/* Joins runs of equal label in neighbouring rows that touch (@eight: also at
 * corners) into regions. nucseg_runs_root() is then the region's first run. */
void nucseg_runs_connect (NucsegRuns *runs, gboolean eight);

static inline gint
nucseg_runs_root (const NucsegRuns *runs, gint i)
{
  while (runs->parent[i] != i)
    i = runs->parent[i] = runs->parent[runs->parent[i]];
  return i;
}

/* Appends the runs of the @width bits of row @y, with label 1, and ends it. */
gboolean nucseg_runs_add_bits (
    NucsegRuns *runs, gint y, const guint64 *bits, gint width);

G_END_DECLS

#endif /* NUCSEG_CPU_RUNS_H */
