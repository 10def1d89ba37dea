/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * components.c: connected regions by flooding from each pixel that has no
 * region yet, in raster order.
 */
#include "cpu/reference/reference.h"

gint
nucseg_ref_components (const gint32 *values, gint width, gint height,
    gboolean eight, gint32 background, gint32 *stack, gint32 *regions)
{
  static const gint dx[8] = { 1, -1, 0, 0, 1, 1, -1, -1 };
  static const gint dy[8] = { 0, 0, 1, -1, 1, -1, 1, -1 };
  gint n = width * height, n_regions = 0;

  for (gint i = 0; i < n; i++)
    regions[i] = 0;
  for (gint first = 0; first < n; first++) {
    gint depth = 0;

    if (values[first] == background || regions[first] != 0)
      continue;
    /* A pixel gets its region when it is pushed: it is pushed once. */
    regions[first] = ++n_regions;
    stack[depth++] = first;
    while (depth > 0) {
      gint i = stack[--depth];

      for (gint k = 0; k < (eight ? 8 : 4); k++) {
        gint x = i % width + dx[k], y = i / width + dy[k];
        gint j = y * width + x;

        if (x < 0 || x >= width || y < 0 || y >= height || regions[j] != 0
            || values[j] != values[first])
          continue;
        regions[j] = n_regions;
        stack[depth++] = j;
      }
    }
  }
  return n_regions;
}
