/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * objects.c: the label map and the objects' numbers from runs. Areas, boxes,
 * centroids and perimeters follow from the runs' ends alone; the frame is read
 * once, under the objects, for their grey values.
 */
#include "cpu/decode-private.h"
#include "cpu/grey.h"
#include "cpu/parallel.h"

#include <string.h>

typedef struct {
  NucsegDecode *self;
  const NucsegFrame *frame;
  guint16 *labels;
  gsize labels_stride;
} Work;

void
nucseg_objects_clear (NucsegDecode *self)
{
  nucseg_runs_clear (&self->final);
  g_free (self->greys);
  g_free (self->sums);
}

/* Room for all runs and objects of this frame. */
static gboolean
reserve (NucsegDecode *self, guint n)
{
  if (self->final.n > self->greys_allocated) {
    g_free (self->greys);
    self->greys_allocated = 0;
    self->greys = g_try_new (guint64, self->final.allocated);
    if (!self->greys)
      return FALSE;
    self->greys_allocated = self->final.allocated;
  }
  if (n > self->sums_allocated) {
    const guint size = MAX (n, 2 * self->sums_allocated);

    g_free (self->sums);
    self->sums_allocated = 0;
    self->sums = g_try_new (NucsegSums, size);
    if (!self->sums)
      return FALSE;
    self->sums_allocated = size;
  }
  return TRUE;
}

/* Rows of the label map, and their runs' grey values. */
static void
paint_rows (gpointer data, gint i, gint first, gint end)
{
  const Work *work = data;
  const NucsegDecode *self = work->self;
  const NucsegRuns *runs = &self->final;
  const NucsegPacking packing = nucseg_packing_of (work->frame->format);

  for (gint y = first; y < end; y++) {
    guint16 *out =
        (guint16 *) ((guint8 *) work->labels + y * work->labels_stride);

    memset (out, 0, work->frame->width * sizeof (guint16));
    for (gint r = runs->rows[y]; r < runs->rows[y + 1]; r++) {
      const NucsegRun *run = &runs->items[r];
      const guint16 label = (guint16) run->label;

      for (gint x = run->begin; x < run->end; x++)
        out[x] = label;
      self->greys[r] =
          nucseg_grey_sum (work->frame, &packing, y, run->begin, run->end);
    }
  }
}

static void
add_run (NucsegSums *sums, const NucsegRun *run, guint64 grey)
{
  const guint64 n = run->end - run->begin;

  sums->min_x = MIN (sums->min_x, run->begin);
  sums->max_x = MAX (sums->max_x, run->end - 1);
  sums->min_y = MIN (sums->min_y, run->y);
  sums->max_y = MAX (sums->max_y, run->y);
  sums->area += n;
  sums->sum_x += n * (run->begin + run->end - 1) / 2;
  sums->sum_y += n * run->y;
  sums->sum_grey += grey;
  /* As if nothing of the object lay above or below: see add_contacts(). */
  sums->straight += 2 + 2 * n;
  sums->diagonal += 4 * n;
}

static inline gint
overlap (const NucsegRun *a, const NucsegRun *b, gint shift)
{
  const gint begin = MAX (a->begin + shift, b->begin);
  const gint end = MIN (a->end + shift, b->end);

  return MAX (end - begin, 0);
}

/* Pixels of one object that touch between two rows are no transitions, neither
 * out of the upper one nor out of the lower one. */
static void
add_contacts (NucsegDecode *self, gint y)
{
  const NucsegRuns *runs = &self->final;
  gint first = runs->rows[y - 1];

  for (gint h = runs->rows[y]; h < runs->rows[y + 1]; h++) {
    const NucsegRun *here = &runs->items[h];
    NucsegSums *sums = &self->sums[here->label - 1];

    while (first < runs->rows[y] && runs->items[first].end < here->begin)
      first++;
    for (gint a = first; a < runs->rows[y]; a++) {
      const NucsegRun *above = &runs->items[a];

      if (above->begin > here->end)
        break;
      if (above->label != here->label)
        continue;
      sums->straight -= 2 * overlap (above, here, 0);
      sums->diagonal -=
          2 * (overlap (above, here, -1) + overlap (above, here, 1));
    }
  }
}

gboolean
nucseg_objects_run (NucsegDecode *self, const NucsegFrame *frame,
    guint16 *labels, gsize labels_stride, guint n, NucsegObject *objects)
{
  const NucsegRuns *runs = &self->final;
  Work work = { self, frame, labels, labels_stride };

  if (!reserve (self, n))
    return FALSE;
  nucseg_parallel_rows (paint_rows, &work, frame->height, self->threads);
  for (guint i = 0; i < n; i++)
    self->sums[i] = (NucsegSums){
      .min_x = frame->width, .max_x = -1, .min_y = frame->height, .max_y = -1
    };
  for (gint r = 0; r < runs->n; r++)
    add_run (
        &self->sums[runs->items[r].label - 1], &runs->items[r], self->greys[r]);
  for (gint y = 1; y < runs->height; y++)
    add_contacts (self, y);
  for (guint i = 0; i < n; i++)
    nucseg_sums_finish (&self->sums[i], i + 1, &objects[i]);
  return TRUE;
}
