/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits.c: the first pass of the preparation: a histogram of the frame's grey
 * values, and from it the limits and the map.
 */
#include "cpu/grey.h"
#include "cpu/parallel.h"
#include "cpu/prepare-private.h"

#include <string.h>

/* Counts of an 8-bit frame go to four histograms in turn, so that equal
 * neighbours do not wait for each other. */
#define WAYS 4

static void
count_row8 (const guint8 *grey, gint width, guint32 *histogram)
{
  gint x = 0;

  for (; x + WAYS <= width; x += WAYS) {
    for (gint way = 0; way < WAYS; way++)
      histogram[way * 256 + grey[x + way]]++;
  }
  for (; x < width; x++)
    histogram[grey[x]]++;
}

static void
count_rows (gpointer data, gint i, gint first, gint end)
{
  const NucsegPrepareWork *work = data;
  const NucsegFrame *frame = work->frame;
  NucsegPreparePart *part = &work->self->parts[i];
  const gboolean wide = nucseg_grey_is_wide (frame);
  const gsize n_counts =
      wide ? (gsize) 1 << nucseg_frame_get_depth (frame) : WAYS * 256;

  memset (part->histogram, 0, n_counts * sizeof (guint32));
  for (gint y = first; y < end; y++) {
    if (wide) {
      nucseg_grey_row16 (frame, y, part->grey);
      for (gint x = 0; x < frame->width; x++)
        part->histogram[part->grey[x]]++;
    } else {
      count_row8 (nucseg_grey_row8 (frame, y, (guint8 *) part->grey),
          frame->width, part->histogram);
    }
  }
}

/* All threads' counts into the first one's. */
static void
merge_counts (NucsegPrepare *self, const NucsegFrame *frame)
{
  const gint n_parts = nucseg_parallel_parts (frame->height, self->threads);
  guint32 *sum = self->parts[0].histogram;

  if (nucseg_grey_is_wide (frame)) {
    const gint n = 1 << nucseg_frame_get_depth (frame);

    for (gint i = 1; i < n_parts; i++) {
      const guint32 *counts = self->parts[i].histogram;
      for (gint g = 0; g < n; g++)
        sum[g] += counts[g];
    }
    return;
  }
  for (gint i = 0; i < n_parts; i++) {
    for (gint way = i == 0 ? 1 : 0; way < WAYS; way++) {
      const guint32 *counts = self->parts[i].histogram + way * 256;
      for (gint g = 0; g < 256; g++)
        sum[g] += counts[g];
    }
  }
}

gboolean
nucseg_prepare_limits (NucsegPrepare *prepare, const NucsegFrame *frame,
    const NucsegParams *params, GError **error)
{
  NucsegPrepareWork work = { prepare, frame };

  nucseg_parallel_rows (count_rows, &work, frame->height, prepare->threads);
  merge_counts (prepare, frame);
  prepare->has_limits = nucseg_limits_find (&prepare->limits, prepare->table,
      prepare->input, params, prepare->parts[0].histogram,
      nucseg_frame_get_depth (frame), error);
  if (prepare->has_limits)
    nucseg_kernels_get (NUCSEG_ELEMENT_BF16, 0)
        ->from_f32 (prepare->table, 1, prepare->table_bf16, 256);
  return prepare->has_limits;
}
