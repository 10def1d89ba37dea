/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare.c: see prepare.h. The map is a table look-up for 8-bit grey (256
 * values of the input's own type) and, where it is linear, arithmetic for
 * 16-bit grey, whose table would not stay in the first cache.
 */
#include "cpu/prepare.h"

#include "cpu/grey.h"
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "filter.h"

#include <string.h>

#define N_LEVELS 65536
/* Counts of an 8-bit frame go to four histograms in turn, so that equal
 * neighbours do not wait for each other. */
#define WAYS 4

/* One thread's own memory. */
typedef struct {
  guint32 *histogram; /* N_LEVELS, or WAYS x 256 */
  guint16 *grey; /* one row, 8 or 16 bits */
  gfloat *cache; /* mapped rows: n_cached of them */
  gint *cached; /* which source row stands in each, or -1 */
  gfloat *line; /* one row, filtered downwards */
  gfloat *result; /* one row, filtered across */
} Part;

struct _NucsegPrepare {
  NucsegGeometry geometry;
  const NucsegInput *input;
  guint threads;
  NucsegFilter *across, *down;
  gboolean identity;
  gboolean uniform; /* all outputs across have the same taps */
  gint n_cached;
  Part *parts; /* one for each thread */
  gfloat *table; /* N_LEVELS network values */
  guint16 table_bf16[256];
  NucsegLimits limits;
  gboolean has_limits;
};

/* What the threads of one call share. */
typedef struct {
  NucsegPrepare *self;
  const NucsegFrame *frame;
  NucsegElement type;
  const NucsegKernels *kernels;
  guint8 *out;
} Work;

/* --- Construction ------------------------------------------------------- */

static gboolean
is_uniform (const NucsegFilter *filter)
{
  for (gint i = 1; i < filter->n_out; i++) {
    if (filter->first[i] != filter->first[0] + i
        || memcmp (filter->weight, filter->weight + (gsize) i * filter->n_taps,
               filter->n_taps * sizeof (gfloat))
            != 0)
      return FALSE;
  }
  return TRUE;
}

static gboolean
part_init (NucsegPrepare *self, Part *part)
{
  const gsize width = self->geometry.frame_width;

  part->histogram = g_try_new (guint32, N_LEVELS);
  part->grey = g_try_new (guint16, width);
  if (!part->histogram || !part->grey)
    return FALSE;
  if (self->identity)
    return TRUE;
  part->cache = g_try_new (gfloat, self->n_cached * width);
  part->cached = g_try_new (gint, self->n_cached);
  part->line = g_try_new (gfloat, width);
  part->result = g_try_new (gfloat, self->geometry.pad_width);
  return part->cache && part->cached && part->line && part->result;
}

NucsegPrepare *
nucseg_prepare_new (const NucsegGeometry *geometry, const NucsegInput *input,
    guint threads, GError **error)
{
  const NucsegGeometry *g = geometry;
  NucsegPrepare *self = g_new0 (NucsegPrepare, 1);
  gboolean ok = TRUE;

  self->geometry = *geometry;
  self->input = input;
  self->threads = threads;
  self->across = nucseg_filter_new (g->frame_width, g->net_width, g->pad_width,
      g->scale, input->smoothing, error);
  if (self->across)
    self->down = nucseg_filter_new (g->frame_height, g->net_height,
        g->pad_height, g->scale, input->smoothing, error);
  if (!self->down) {
    nucseg_prepare_free (self);
    return NULL;
  }
  self->identity = self->across->identity && self->down->identity;
  self->uniform = is_uniform (self->across);
  self->n_cached = MIN (self->down->n_taps, g->frame_height);

  self->parts = g_new0 (Part, threads);
  self->table = g_try_new (gfloat, N_LEVELS);
  for (guint i = 0; ok && i < threads; i++)
    ok = part_init (self, &self->parts[i]);
  if (!ok || !self->table) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory to prepare frames of %dx%d", g->frame_width,
        g->frame_height);
    nucseg_prepare_free (self);
    return NULL;
  }
  return self;
}

void
nucseg_prepare_free (NucsegPrepare *prepare)
{
  if (!prepare)
    return;
  for (guint i = 0; prepare->parts && i < prepare->threads; i++) {
    Part *part = &prepare->parts[i];

    g_free (part->histogram);
    g_free (part->grey);
    g_free (part->cache);
    g_free (part->cached);
    g_free (part->line);
    g_free (part->result);
  }
  g_free (prepare->parts);
  g_free (prepare->table);
  nucseg_filter_free (prepare->across);
  nucseg_filter_free (prepare->down);
  g_free (prepare);
}

const NucsegLimits *
nucseg_prepare_get_limits (const NucsegPrepare *prepare)
{
  return prepare->has_limits ? &prepare->limits : NULL;
}

/* --- First pass --------------------------------------------------------- */

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
  const Work *work = data;
  const NucsegFrame *frame = work->frame;
  Part *part = &work->self->parts[i];
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
  Work work = { prepare, frame };

  nucseg_parallel_rows (count_rows, &work, frame->height, prepare->threads);
  merge_counts (prepare, frame);
  prepare->has_limits = nucseg_limits_find (&prepare->limits, prepare->table,
      prepare->input, params, prepare->parts[0].histogram,
      nucseg_frame_get_depth (frame), error);
  if (prepare->has_limits)
    nucseg_kernels_get (NUCSEG_ELEMENT_BF16)
        ->from_f32 (prepare->table, 1, prepare->table_bf16, 256);
  return prepare->has_limits;
}

/* --- Second pass -------------------------------------------------------- */

/* The network values of source row @y. */
static void
map_row (const Work *work, Part *part, gint y, gfloat *restrict out)
{
  const NucsegPrepare *self = work->self;
  const NucsegLimits *l = &self->limits;
  const gint width = work->frame->width;

  if (!nucseg_grey_is_wide (work->frame)) {
    const guint8 *grey =
        nucseg_grey_row8 (work->frame, y, (guint8 *) part->grey);

    for (gint x = 0; x < width; x++)
      out[x] = self->table[grey[x]];
    return;
  }
  nucseg_grey_row16 (work->frame, y, part->grey);
  if (l->linear) {
    for (gint x = 0; x < width; x++) {
      const gfloat value = (gfloat) part->grey[x] * l->gain + l->offset;
      out[x] = MIN (MAX (value, l->least), l->most);
    }
  } else {
    for (gint x = 0; x < width; x++)
      out[x] = self->table[part->grey[x]];
  }
}

static void
fill_identity (const Work *work, Part *part, gint y)
{
  const NucsegPrepare *self = work->self;
  const NucsegGeometry *g = &self->geometry;
  const gsize size = nucseg_element_size (work->type);
  const gint source = self->down->index[y];
  guint8 *out = work->out + (gsize) y * g->pad_width * size;

  if (nucseg_grey_is_wide (work->frame)) {
    /* The row of 16-bit grey values is used up when the input is written. */
    gfloat values[256];
    const NucsegLimits *l = &self->limits;

    nucseg_grey_row16 (work->frame, source, part->grey);
    for (gint x0 = 0; x0 < g->net_width; x0 += 256) {
      const gint n = MIN (256, g->net_width - x0);
      const guint16 *grey = part->grey + x0;

      for (gint x = 0; x < n; x++) {
        const gfloat value = (gfloat) grey[x] * l->gain + l->offset;
        values[x] = l->linear ? MIN (MAX (value, l->least), l->most)
                              : self->table[grey[x]];
      }
      work->kernels->from_f32 (values, 1, out + x0 * size, n);
    }
  } else {
    const guint8 *grey =
        nucseg_grey_row8 (work->frame, source, (guint8 *) part->grey);

    if (work->type == NUCSEG_ELEMENT_BF16) {
      for (gint x = 0; x < g->net_width; x++)
        ((guint16 *) out)[x] = self->table_bf16[grey[x]];
    } else {
      for (gint x = 0; x < g->net_width; x++)
        ((gfloat *) out)[x] = self->table[grey[x]];
    }
  }
  for (gint x = g->net_width; x < g->pad_width; x++)
    memcpy (out + x * size, out + self->across->index[x] * size, size);
}

/* Source row @y, mapped: from the cache, or put there. The taps of one output
 * are at most n_cached rows next to each other, so none drives out another. */
static const gfloat *
cached_row (const Work *work, Part *part, gint y)
{
  const gint slot = y % work->self->n_cached;
  gfloat *row = part->cache + (gsize) slot * work->frame->width;

  if (part->cached[slot] != y) {
    map_row (work, part, y, row);
    part->cached[slot] = y;
  }
  return row;
}

static void
filter_across (const NucsegPrepare *self, const gfloat *restrict line,
    gfloat *restrict out)
{
  const NucsegFilter *f = self->across;
  const gint n_taps = f->n_taps;
  gint x = 0, end = 0;

  if (self->uniform) {
    /* Outputs whose taps all lie inside take them a tap at a time. */
    const gint begin = CLAMP (-f->first[0], 0, f->n_out);

    end = CLAMP (f->n_in - n_taps - f->first[0] + 1, begin, f->n_out);
    for (gint i = begin; i < end; i++)
      out[i] = 0;
    for (gint t = 0; t < n_taps; t++) {
      const gfloat w = f->weight[t];
      const gfloat *from = line + f->first[0] + t;

      for (gint i = begin; i < end; i++)
        out[i] += w * from[i];
    }
    for (; x < begin; x++) {
      gfloat sum = 0;
      for (gint t = 0; t < n_taps; t++)
        sum += f->weight[x * n_taps + t] * line[f->index[x * n_taps + t]];
      out[x] = sum;
    }
    x = end;
  }
  for (; x < f->n_padded; x++) {
    const gfloat *w = f->weight + (gsize) x * n_taps;
    const gint *index = f->index + (gsize) x * n_taps;
    gfloat sum = 0;

    for (gint t = 0; t < n_taps; t++)
      sum += w[t] * line[index[t]];
    out[x] = sum;
  }
}

static void
fill_filtered (const Work *work, Part *part, gint y)
{
  const NucsegPrepare *self = work->self;
  const NucsegFilter *f = self->down;
  const gint width = work->frame->width;
  const gint pad_width = self->geometry.pad_width;
  gfloat *restrict line = part->line;

  memset (line, 0, width * sizeof (gfloat));
  for (gint t = 0; t < f->n_taps; t++) {
    const gfloat w = f->weight[(gsize) y * f->n_taps + t];
    const gfloat *row;

    if (w == 0)
      continue;
    row = cached_row (work, part, f->index[(gsize) y * f->n_taps + t]);
    for (gint x = 0; x < width; x++)
      line[x] += w * row[x];
  }
  filter_across (self, line, part->result);
  work->kernels->from_f32 (part->result, 1,
      work->out + (gsize) y * pad_width * nucseg_element_size (work->type),
      pad_width);
}

static void
fill_rows (gpointer data, gint i, gint first, gint end)
{
  const Work *work = data;
  NucsegPrepare *self = work->self;
  Part *part = &self->parts[i];

  for (gint slot = 0; !self->identity && slot < self->n_cached; slot++)
    part->cached[slot] = -1;
  for (gint y = first; y < end; y++) {
    if (self->identity)
      fill_identity (work, part, y);
    else
      fill_filtered (work, part, y);
  }
}

void
nucseg_prepare_fill (NucsegPrepare *prepare, const NucsegFrame *frame,
    gpointer out, NucsegElement type)
{
  Work work = { prepare, frame, type, nucseg_kernels_get (type), out };

  nucseg_parallel_rows (
      fill_rows, &work, prepare->geometry.pad_height, prepare->threads);
}
