/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode-private.h: what the files of the decoder share. A frame goes through
 * votes.c (pixels to runs with labels), regions.c (pieces and holes, on runs),
 * rescale.c (where the frame has another size) and objects.c; decode.c calls
 * them in order.
 */
#ifndef NUCSEG_CPU_DECODE_PRIVATE_H
#define NUCSEG_CPU_DECODE_PRIVATE_H

#include "cpu/decode.h"
#include "cpu/runs.h"
#include "cpu/scan.h"
#include "measure.h"

G_BEGIN_DECLS

/* An array of integers that grows and is kept. */
typedef struct {
  gint32 *items;
  gint allocated;
} NucsegTable;

/* At least @n elements, of any value; FALSE where memory is short. */
gboolean nucseg_table_reserve (NucsegTable *table, gint n);

/* One thread's own part of the frame. */
typedef struct {
  guint16 *votes; /* net_width x net_height */
  gint first_dirty, end_dirty; /* its rows that are not all 0 */
  guint16 *sums; /* votes of three rows, with a column to either side */
  NucsegRuns runs; /* of the part's rows */
  gboolean failed; /* memory was short */
} NucsegDecodePart;

/* Where one frame pixel of an axis takes its label: two network pixels and the
 * second one's weight in 256ths. */
typedef struct {
  gint a, b, weight;
} NucsegLabelTap;

struct _NucsegDecode {
  NucsegGeometry geometry;
  const NucsegOutput *output;
  const NucsegScan *scan;
  guint threads; /* as many parts */
  NucsegDecodePart *parts;

  /* votes.c; rows of `pitch` elements */
  gint pitch;
  guint16 *columns; /* of each row's foreground */
  gint32 *targets; /* the cells that it points to, then its labels */
  gint *counts; /* each row's number of foreground pixels */
  gint32 *nearest; /* each cell's nearest centre; -1: not known yet */
  guint64 *dense; /* bits, `words` a row */
  gint words;
  NucsegRuns centres;

  /* regions.c */
  NucsegRuns runs; /* the labels so far */
  NucsegRuns kept; /* those of the largest pieces */
  NucsegRuns ground; /* what lies between them */
  NucsegTable by_run, by_label;

  /* rescale.c: only where the scale isn't 1 */
  gint32 *map; /* network size: labels */
  gint32 *line; /* one frame row of labels for each part */
  NucsegLabelTap *across, *down;

  /* objects.c */
  NucsegRuns final; /* the objects, by their final numbers */
  guint64 *greys; /* sum of each run's grey values */
  gint greys_allocated;
  NucsegSums *sums;
  guint sums_allocated;
};

/* --- votes.c ------------------------------------------------------------ */

gboolean nucseg_votes_init (NucsegDecode *decode);
void nucseg_votes_clear (NucsegDecode *decode);
/* Steps 1 to 4: maps -> decode->runs; *n_labels: the largest label. */
gboolean nucseg_votes_run (
    NucsegDecode *decode, const gfloat *maps, gfloat limit, gint *n_labels);

/* --- regions.c ---------------------------------------------------------- */

gboolean nucseg_regions_init (NucsegDecode *decode);
void nucseg_regions_clear (NucsegDecode *decode);
/* The other decoder's steps 1 to 4: 4-connected components. */
gboolean nucseg_regions_number (NucsegDecode *decode, gint *n_labels);
/* Steps 5 and 6, in decode->runs. */
gboolean nucseg_regions_clean (NucsegDecode *decode, gint n_labels);

/* --- rescale.c ---------------------------------------------------------- */

gboolean nucseg_rescale_init (NucsegDecode *decode);
void nucseg_rescale_clear (NucsegDecode *decode);
/* Step 7: decode->runs, from network to frame size. */
gboolean nucseg_rescale_run (NucsegDecode *decode);

/* --- objects.c ---------------------------------------------------------- */

void nucseg_objects_clear (NucsegDecode *decode);
/* Writes decode->final into @labels and measures its @n objects. */
gboolean nucseg_objects_run (NucsegDecode *decode, const NucsegFrame *frame,
    guint16 *labels, gsize labels_stride, guint n, NucsegObject *objects);

G_END_DECLS

#endif /* NUCSEG_CPU_DECODE_PRIVATE_H */
