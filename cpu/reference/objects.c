/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * objects.c: measures each object of a label map on the raw frame.
 */
#include "cpu/reference/reference.h"

static guint
label_at (const NucsegFrame *frame, const guint16 *labels, gsize labels_stride,
    gint y, gint x)
{
  if (x < 0 || x >= frame->width || y < 0 || y >= frame->height)
    return 0;
  return ((const guint16 *) ((const guint8 *) labels + y * labels_stride))[x];
}

static void
add_pixel (NucsegSums *sums, gint y, gint x, guint grey)
{
  sums->min_x = MIN (sums->min_x, x);
  sums->max_x = MAX (sums->max_x, x);
  sums->min_y = MIN (sums->min_y, y);
  sums->max_y = MAX (sums->max_y, y);
  sums->area++;
  sums->sum_x += x;
  sums->sum_y += y;
  sums->sum_grey += grey;
}

void
nucseg_ref_objects (const NucsegFrame *frame, const guint16 *labels,
    gsize labels_stride, guint n, guint16 *row, NucsegSums *sums,
    NucsegObject *objects)
{
  for (guint i = 0; i < n; i++)
    sums[i] = (NucsegSums){
      .min_x = frame->width, .max_x = -1, .min_y = frame->height, .max_y = -1
    };

  for (gint y = 0; y < frame->height; y++) {
    nucseg_ref_grey_row (frame, y, row);
    for (gint x = 0; x < frame->width; x++) {
      guint label = label_at (frame, labels, labels_stride, y, x);

      if (label == 0)
        continue;
      add_pixel (&sums[label - 1], y, x, row[x]);
      for (gint dy = -1; dy <= 1; dy++)
        for (gint dx = -1; dx <= 1; dx++) {
          if (label_at (frame, labels, labels_stride, y + dy, x + dx) == label)
            continue;
          if (dy == 0 || dx == 0)
            sums[label - 1].straight++;
          else
            sums[label - 1].diagonal++;
        }
    }
  }

  for (guint i = 0; i < n; i++)
    nucseg_sums_finish (&sums[i], i + 1, &objects[i]);
}
