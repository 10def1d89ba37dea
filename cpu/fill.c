/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fill.c: the second pass of the preparation: the network's input. The map is a
 * table look-up for 8-bit grey (256 values of the input's own type) and, where
 * it is linear, arithmetic for 16-bit grey, whose table would not stay in the
 * first cache.
 */
#include "cpu/grey.h"
#include "cpu/parallel.h"
#include "cpu/prepare-private.h"

#include <string.h>

/* The network values of source row @y. */
static void
map_row (const NucsegPrepareWork *work, NucsegPreparePart *part, gint y,
    gfloat *restrict out)
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
fill_identity (const NucsegPrepareWork *work, NucsegPreparePart *part, gint y)
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
cached_row (const NucsegPrepareWork *work, NucsegPreparePart *part, gint y)
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
fill_filtered (const NucsegPrepareWork *work, NucsegPreparePart *part, gint y)
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
  const NucsegPrepareWork *work = data;
  NucsegPrepare *self = work->self;
  NucsegPreparePart *part = &self->parts[i];

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
  NucsegPrepareWork work = { prepare, frame, type, nucseg_kernels_get (type, 0),
    out };

  nucseg_parallel_rows (
      fill_rows, &work, prepare->geometry.pad_height, prepare->threads);
}
