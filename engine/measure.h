/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure.h: from the integer sums over an object's pixels to its record. One
 * computation for every back end, so that all report the same doubles.
 * Internal.
 */
#ifndef NUCSEG_MEASURE_H
#define NUCSEG_MEASURE_H

#include "nucseg.h"

G_BEGIN_DECLS

/**
 * NucsegSums:
 * @min_x: left column of the object
 * @max_x: right column
 * @min_y: top row
 * @max_y: bottom row
 * @area: number of pixels
 * @sum_x: sum of their columns
 * @sum_y: sum of their rows
 * @sum_grey: sum of their grey values
 * @straight: transitions into and out of it along rows and columns
 * @diagonal: the same along both diagonals
 */
typedef struct {
  gint min_x, max_x, min_y, max_y;
  guint32 area;
  guint64 sum_x, sum_y, sum_grey;
  guint64 straight, diagonal;
} NucsegSums;

/* Fills @object from @sums (area > 0). */
static inline void
nucseg_sums_finish (const NucsegSums *sums, guint32 label, NucsegObject *object)
{
  gdouble area = sums->area;

  object->label = label;
  object->x = sums->min_x;
  object->y = sums->min_y;
  object->width = sums->max_x - sums->min_x + 1;
  object->height = sums->max_y - sums->min_y + 1;
  object->area = sums->area;
  object->centroid_x = (gdouble) sums->sum_x / area;
  object->centroid_y = (gdouble) sums->sum_y / area;
  object->mean = (gdouble) sums->sum_grey / area;
  object->integrated = (gdouble) sums->sum_grey;
  object->perimeter = G_PI / 8
      * ((gdouble) sums->straight + (gdouble) sums->diagonal / G_SQRT2);
  object->circularity =
      MIN (1.0, 4 * G_PI * area / (object->perimeter * object->perimeter));
}

G_END_DECLS

#endif /* NUCSEG_MEASURE_H */
