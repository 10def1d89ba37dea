/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-truth.c: sums over the pixels of each true nucleus. Only pixels
 * of nuclei cost time; the arithmetic from sums to records is the engine's.
 */
#include "nuctestsrc-truth.h"

#include <string.h>

#include "measure.h"

/* Transitions between pixel i of a row and its eight neighbours; @above and
 * @below are NULL outside the frame, which counts as background. */
static void
count_edges (const guint16 *above, const guint16 *row, const guint16 *below,
    gint x, gint width, NucsegSums *sums)
{
  guint16 label = row[x];
  gboolean left = x > 0, right = x < width - 1;

  sums->straight += (!left || row[x - 1] != label)
      + (!right || row[x + 1] != label) + (!above || above[x] != label)
      + (!below || below[x] != label);
  sums->diagonal += (!above || !left || above[x - 1] != label)
      + (!above || !right || above[x + 1] != label)
      + (!below || !left || below[x - 1] != label)
      + (!below || !right || below[x + 1] != label);
}

void
nuc_truth_measure (const guint16 *labels, gint width, gint height,
    const guint8 *pixels, gsize stride, gboolean wide, guint n_objects,
    NucsegObject *objects)
{
  g_autofree NucsegSums *all = g_new0 (NucsegSums, n_objects + 1);

  for (gint y = 0; y < height; y++) {
    const guint16 *row = labels + (gsize) y * width;
    const guint16 *above = y > 0 ? row - width : NULL;
    const guint16 *below = y < height - 1 ? row + width : NULL;
    const guint8 *bytes = pixels + (gsize) y * stride;
    const guint16 *words = (const guint16 *) (gconstpointer) bytes;

    for (gint x = 0; x < width; x++) {
      guint16 label = row[x];
      NucsegSums *sums;

      if (label == 0)
        continue;
      sums = &all[label];
      if (sums->area++ == 0) {
        sums->min_x = sums->max_x = x;
        sums->min_y = y;
      }
      sums->min_x = MIN (sums->min_x, x);
      sums->max_x = MAX (sums->max_x, x);
      sums->max_y = y;
      sums->sum_x += (guint64) x;
      sums->sum_y += (guint64) y;
      sums->sum_grey += wide ? GUINT16_FROM_LE (words[x]) : bytes[x];
      count_edges (above, row, below, x, width, sums);
    }
  }
  for (guint i = 1; i <= n_objects; i++)
    nucseg_sums_finish (&all[i], i, &objects[i - 1]);
}
