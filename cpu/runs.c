/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* runs.c: lists of runs and their connected regions (union-find). */
#include "cpu/runs.h"

#include <string.h>

gboolean
nucseg_runs_init (NucsegRuns *runs, gint height, gint n)
{
  memset (runs, 0, sizeof *runs);
  runs->height = height;
  runs->rows = g_try_new0 (gint, (gsize) height + 1);
  return runs->rows && nucseg_runs_reserve (runs, n);
}

void
nucseg_runs_clear (NucsegRuns *runs)
{
  g_free (runs->items);
  g_free (runs->rows);
  g_free (runs->parent);
  memset (runs, 0, sizeof *runs);
}

gboolean
nucseg_runs_reserve (NucsegRuns *runs, gint n)
{
  const gint want = runs->n + n;
  gint size;
  NucsegRun *items;
  gint *parent;

  if (want <= runs->allocated)
    return TRUE;
  size = MAX (want, runs->allocated + runs->allocated / 2);
  items = g_try_renew (NucsegRun, runs->items, size);
  if (!items)
    return FALSE;
  runs->items = items;
  parent = g_try_renew (gint, runs->parent, size);
  if (!parent)
    return FALSE;
  runs->parent = parent;
  runs->allocated = size;
  return TRUE;
}

/* The smaller root stays, so that a region's root is its first run. */
static void
join (NucsegRuns *runs, gint a, gint b)
{
  a = nucseg_runs_root (runs, a);
  b = nucseg_runs_root (runs, b);
  if (a < b)
    runs->parent[b] = a;
  else
    runs->parent[a] = b;
}

void
nucseg_runs_connect (NucsegRuns *runs, gboolean eight)
{
  const gint reach = eight ? 1 : 0;

  for (gint i = 0; i < runs->n; i++)
    runs->parent[i] = i;
  for (gint y = 1; y < runs->height; y++) {
    gint above = runs->rows[y - 1], here = runs->rows[y];
    const gint above_end = runs->rows[y], here_end = runs->rows[y + 1];

    while (above < above_end && here < here_end) {
      const NucsegRun *a = &runs->items[above], *h = &runs->items[here];

      if (a->begin < h->end + reach && h->begin < a->end + reach
          && a->label == h->label)
        join (runs, above, here);
      /* The one that ends first touches nothing further on; at corners the
       * next one may still touch it, so ties move the upper one first and
       * the comparison is made again. */
      if (a->end < h->end)
        above++;
      else
        here++;
    }
  }
}

gboolean
nucseg_runs_add_bits (NucsegRuns *runs, gint y, const guint64 *bits, gint width)
{
  const gint n_words = (width + 63) / 64;
  gint begin = -1; /* of the run that is open */

  if (!nucseg_runs_reserve (runs, width / 2 + 1))
    return FALSE;
  for (gint i = 0; i < n_words; i++) {
    guint64 word = bits[i];
    gint at = 0;

    /* Words of one kind go in one step. */
    if (word == 0 && begin < 0)
      continue;
    if (word == G_MAXUINT64 && begin >= 0)
      continue;
    while (at < 64) {
      const guint64 rest = (begin < 0 ? word : ~word) >> at;

      if (rest == 0)
        break;
      at += __builtin_ctzll (rest);
      if (begin < 0) {
        begin = 64 * i + at;
      } else {
        nucseg_runs_append (runs, y, begin, MIN (64 * i + at, width), 1);
        begin = -1;
      }
    }
  }
  if (begin >= 0)
    nucseg_runs_append (runs, y, begin, width, 1);
  nucseg_runs_end_row (runs, y);
  return TRUE;
}
