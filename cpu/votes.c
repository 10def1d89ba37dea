/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * votes.c: the decoder's steps 1 to 4 (docs/model-format.md, output). Rows are
 * shared between threads; each has votes of its own, which are summed when
 * dense cells are sought. All sums are of integers: order does not matter.
 */
#include "cpu/decode-private.h"
#include "cpu/parallel.h"

#include <string.h>

/* Room for this share of the pixels as runs; more is rare and grows. */
#define RUNS_SHARE 16

typedef struct {
  NucsegDecode *self;
  const gfloat *maps;
  gfloat limit;
} Work;

gboolean
nucseg_votes_init (NucsegDecode *self)
{
  const NucsegGeometry *g = &self->geometry;
  const gsize n = (gsize) g->net_width * g->net_height;
  const gint n_runs = (gint) (n / RUNS_SHARE) + g->net_width;
  gboolean ok;

  self->pitch = g->net_width + NUCSEG_SCAN_SLACK;
  self->words = (g->net_width + 63) / 64;
  self->columns = g_try_new (guint16, (gsize) self->pitch * g->net_height);
  self->targets = g_try_new (gint32, (gsize) self->pitch * g->net_height);
  self->counts = g_try_new (gint, g->net_height);
  self->nearest = g_try_new (gint32, n);
  self->dense = g_try_new0 (guint64, (gsize) self->words * g->net_height);
  ok = self->columns && self->targets && self->counts && self->nearest
      && self->dense && nucseg_runs_init (&self->centres, g->net_height, n_runs)
      && nucseg_runs_init (&self->runs, g->net_height, n_runs);
  for (guint i = 0; ok && i < self->threads; i++) {
    NucsegDecodePart *part = &self->parts[i];

    part->votes = g_try_new0 (guint16, n);
    part->sums = g_try_new0 (guint16, (gsize) self->pitch + 2);
    ok = part->votes && part->sums
        && nucseg_runs_init (
            &part->runs, g->net_height, n_runs / (gint) self->threads + 1);
  }
  return ok;
}

void
nucseg_votes_clear (NucsegDecode *self)
{
  g_free (self->columns);
  g_free (self->targets);
  g_free (self->counts);
  g_free (self->nearest);
  g_free (self->dense);
  nucseg_runs_clear (&self->centres);
  nucseg_runs_clear (&self->runs);
  for (guint i = 0; i < self->threads; i++) {
    g_free (self->parts[i].votes);
    g_free (self->parts[i].sums);
    nucseg_runs_clear (&self->parts[i].runs);
  }
}

/* --- Steps 1 and 2: foreground, targets, votes -------------------------- */

/* A count that would not fit stays at the largest: min_votes is far below. */
static inline void
vote (guint16 *cell)
{
  *cell += *cell != G_MAXUINT16;
}

/* How far a pixel's vote reaches, and a division by the width as a product:
 * cell / width is cell * inverse >> INVERSE_BITS, exactly, as cells are below
 * 2^26 and the width at most 2^13, so that the product is less than
 * 2^INVERSE_BITS / width too large. */
#define INVERSE_BITS 40

typedef struct {
  gint width, reach;
  guint64 inverse;
} Reach;

static inline Reach
reach_of (gint width, gint reach)
{
  return (Reach){ width, reach,
    (((guint64) 1 << INVERSE_BITS) + (guint64) width - 1) / (guint64) width };
}

/* Whether cell @target is within reach of the pixel (@y, @x). */
static inline gboolean
is_within (const Reach *r, gint32 target, gint y, gint x)
{
  const gint ty = (gint) ((guint64) target * r->inverse >> INVERSE_BITS);
  const gint dy = ty - y, dx = target - ty * r->width - x;

  return dy * dy + dx * dx <= r->reach * r->reach;
}

static void
cast_votes (gpointer data, gint i, gint first, gint end)
{
  const Work *work = data;
  NucsegDecode *self = work->self;
  const NucsegGeometry *g = &self->geometry;
  const NucsegOutput *o = self->output;
  const gsize plane = (gsize) g->pad_width * g->pad_height;
  const gsize width = g->net_width;
  const gboolean by_votes = o->decoder == NUCSEG_DECODER_VOTES;
  const Reach reach = reach_of (g->net_width, o->vote_reach);
  NucsegDecodePart *part = &self->parts[i];
  gint32 lowest = G_MAXINT32, highest = -1;

  if (part->first_dirty < part->end_dirty)
    memset (part->votes + part->first_dirty * width, 0,
        (part->end_dirty - part->first_dirty) * width * sizeof (guint16));
  for (gint y = first; y < end; y++) {
    const gsize line = (gsize) y * g->pad_width;
    NucsegScanRow row = { work->maps + o->foreground * plane + line, NULL, NULL,
      g->net_width, g->net_height, y, work->limit, o->offset_scale };
    gint32 *targets = self->targets + (gsize) y * self->pitch;

    if (by_votes) {
      row.offset_y = work->maps + o->offset_y * plane + line;
      row.offset_x = work->maps + o->offset_x * plane + line;
    }
    self->counts[y] = self->scan->foreground (
        &row, self->columns + (gsize) y * self->pitch, targets);
    for (gint k = 0; by_votes && k < self->counts[y]; k++) {
      if (reach.reach > 0
          && !is_within (&reach, targets[k], y,
              self->columns[(gsize) y * self->pitch + k]))
        continue;
      vote (&part->votes[targets[k]]);
      lowest = MIN (lowest, targets[k]);
      highest = MAX (highest, targets[k]);
    }
  }
  part->first_dirty = highest < 0 ? 0 : lowest / g->net_width;
  part->end_dirty = highest < 0 ? 0 : highest / g->net_width + 1;
}

/* --- Step 3: centres ---------------------------------------------------- */

static inline void
add_saturating (guint16 *restrict sums, const guint16 *restrict votes, gint n)
{
  for (gint x = 0; x < n; x++) {
    const guint16 sum = sums[x] + votes[x];
    sums[x] = sum < votes[x] ? G_MAXUINT16 : sum;
  }
}

static void
find_dense (gpointer data, gint i, gint first, gint end)
{
  const Work *work = data;
  NucsegDecode *self = work->self;
  const gint width = self->geometry.net_width;
  const gint height = self->geometry.net_height;
  guint16 *sums = self->parts[i].sums;

  for (gint y = first; y < end; y++) {
    guint64 *bits = self->dense + (gsize) y * self->words;
    gboolean any = FALSE;

    memset (sums, 0, (width + 2) * sizeof (guint16));
    for (gint ny = MAX (y - 1, 0); ny <= MIN (y + 1, height - 1); ny++) {
      for (guint p = 0; p < self->threads; p++) {
        const NucsegDecodePart *part = &self->parts[p];

        if (ny < part->first_dirty || ny >= part->end_dirty)
          continue;
        add_saturating (sums + 1, part->votes + (gsize) ny * width, width);
        any = TRUE;
      }
    }
    if (any)
      self->scan->dense (sums, width, self->output->min_votes, bits);
    else
      memset (bits, 0, self->words * sizeof (guint64));
    memset (self->nearest + (gsize) y * width, 0xff, width * sizeof (gint32));
  }
}

/* Numbers the 8-connected regions of dense cells in raster order of their
 * first cell, and writes the numbers into `nearest`. */
static gboolean
number_centres (NucsegDecode *self, gint *n_labels)
{
  const gint width = self->geometry.net_width;
  NucsegRuns *runs = &self->centres;

  runs->n = 0;
  for (gint y = 0; y < runs->height; y++) {
    if (!nucseg_runs_add_bits (
            runs, y, self->dense + (gsize) y * self->words, width))
      return FALSE;
  }
  nucseg_runs_connect (runs, TRUE);
  *n_labels = 0;
  for (gint i = 0; i < runs->n; i++) {
    const gint root = nucseg_runs_root (runs, i);
    const NucsegRun *run = &runs->items[i];
    gint32 *cells = self->nearest + (gsize) run->y * width;

    /* A root stands before all others of its region. */
    runs->items[i].label = root == i ? ++*n_labels : runs->items[root].label;
    for (gint x = run->begin; x < run->end; x++)
      cells[x] = run->label;
  }
  return TRUE;
}

/* --- Step 4: the nearest centre ----------------------------------------- */

/* Column of the last dense cell of a row at or before @x, or -1 if there is
 * none from @least on. */
static inline gint
dense_before (const guint64 *bits, gint x, gint least)
{
  gint word = x / 64;
  guint64 rest = bits[word] << (63 - x % 64);

  if (rest != 0)
    return x - __builtin_clzll (rest);
  while (--word >= 0 && 64 * word + 63 >= least) {
    if (bits[word] != 0)
      return 64 * word + 63 - __builtin_clzll (bits[word]);
  }
  return -1;
}

/* The first at or after @x, or -1 if there is none up to @most. */
static inline gint
dense_after (const guint64 *bits, gint x, gint most)
{
  gint word = x / 64;
  guint64 rest = bits[word] >> (x % 64);

  if (rest != 0)
    return x + __builtin_ctzll (rest);
  while (64 * ++word <= most) {
    if (bits[word] != 0)
      return 64 * word + __builtin_ctzll (bits[word]);
  }
  return -1;
}

typedef struct {
  gint distance; /* squared */
  gint label; /* 0: none yet */
} Best;

static inline void
consider (
    Best *best, const NucsegDecode *self, gint ny, gint nx, gint dy, gint dx)
{
  const gint distance = dy * dy + dx * dx;
  gint label;

  if (distance > best->distance)
    return;
  label = __atomic_load_n (
      &self->nearest[(gsize) ny * self->geometry.net_width + nx],
      __ATOMIC_RELAXED);
  if (best->label == 0 || distance < best->distance || label < best->label) {
    best->distance = distance;
    best->label = label;
  }
}

/* Rows outwards from the cell, until none can be as near as the best. */
static gint
find_nearest (const NucsegDecode *self, gint32 cell)
{
  const gint width = self->geometry.net_width;
  const gint height = self->geometry.net_height;
  const gint radius = self->output->radius;
  const gint y = cell / width, x = cell % width;
  Best best = { radius * radius, 0 };

  for (gint d = 0; d <= radius && d * d <= best.distance; d++) {
    for (gint side = 0; side < (d == 0 ? 1 : 2); side++) {
      const gint ny = side == 0 ? y - d : y + d;
      const guint64 *bits = self->dense + (gsize) ny * self->words;
      gint nx;

      if (ny < 0 || ny >= height)
        continue;
      nx = dense_before (bits, x, MAX (x - radius, 0));
      if (nx >= 0)
        consider (&best, self, ny, nx, d, x - nx);
      nx = dense_after (bits, x, MIN (x + radius, width - 1));
      if (nx >= 0)
        consider (&best, self, ny, nx, d, nx - x);
    }
  }
  return best.label;
}

/* Labels of a part's pixels, gathered into runs. Threads that meet at a cell
 * write the same number there. */
static void
gather_runs (gpointer data, gint i, gint first, gint end)
{
  const Work *work = data;
  NucsegDecode *self = work->self;
  const gboolean by_votes = self->output->decoder == NUCSEG_DECODER_VOTES;
  NucsegDecodePart *part = &self->parts[i];
  NucsegRuns *runs = &part->runs;

  part->failed = FALSE;
  runs->n = 0;
  for (gint y = first; y < end; y++) {
    const guint16 *columns = self->columns + (gsize) y * self->pitch;
    const gint32 *targets = self->targets + (gsize) y * self->pitch;
    gint begin = 0, last = -2, label = 0;

    if (!nucseg_runs_reserve (runs, self->counts[y])) {
      part->failed = TRUE;
      return;
    }
    for (gint k = 0; k < self->counts[y]; k++) {
      gint here = 1;

      if (by_votes) {
        gint32 *nearest = &self->nearest[targets[k]];

        here = __atomic_load_n (nearest, __ATOMIC_RELAXED);
        if (here < 0) {
          here = find_nearest (self, targets[k]);
          __atomic_store_n (nearest, here, __ATOMIC_RELAXED);
        }
      }
      if (here != label || columns[k] != last + 1) {
        if (label > 0)
          nucseg_runs_append (runs, y, begin, last + 1, label);
        begin = columns[k];
        label = here;
      }
      last = columns[k];
    }
    if (label > 0)
      nucseg_runs_append (runs, y, begin, last + 1, label);
    /* Rows before the part's own are not looked at. */
    nucseg_runs_end_row (runs, y);
  }
}

/* One list of all parts' runs. */
static gboolean
join_parts (NucsegDecode *self, gint n_parts)
{
  const gint height = self->geometry.net_height;
  NucsegRuns *runs = &self->runs;

  runs->n = 0;
  for (gint i = 0; i < n_parts; i++) {
    const NucsegDecodePart *part = &self->parts[i];
    const gint first = (gint) ((gint64) height * i / n_parts);
    const gint end = (gint) ((gint64) height * (i + 1) / n_parts);

    if (part->failed || !nucseg_runs_reserve (runs, part->runs.n))
      return FALSE;
    memcpy (runs->items + runs->n, part->runs.items,
        part->runs.n * sizeof (NucsegRun));
    for (gint y = first; y < end; y++)
      runs->rows[y + 1] = runs->n + part->runs.rows[y + 1];
    runs->n += part->runs.n;
  }
  return TRUE;
}

gboolean
nucseg_votes_run (
    NucsegDecode *self, const gfloat *maps, gfloat limit, gint *n_labels)
{
  Work work = { self, maps, limit };
  const gint height = self->geometry.net_height;

  nucseg_parallel_rows (cast_votes, &work, height, self->threads);
  *n_labels = 1;
  if (self->output->decoder == NUCSEG_DECODER_VOTES) {
    nucseg_parallel_rows (find_dense, &work, height, self->threads);
    if (!number_centres (self, n_labels))
      return FALSE;
  }
  nucseg_parallel_rows (gather_runs, &work, height, self->threads);
  return join_parts (self, nucseg_parallel_parts (height, self->threads));
}
