/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare.c: see prepare.h. The memory that the two passes work with.
 */
#include "cpu/prepare-private.h"

#include <string.h>

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
part_init (NucsegPrepare *self, NucsegPreparePart *part)
{
  const gsize width = self->geometry.frame_width;

  part->histogram = g_try_new (guint32, NUCSEG_PREPARE_LEVELS);
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

  self->parts = g_new0 (NucsegPreparePart, threads);
  self->table = g_try_new (gfloat, NUCSEG_PREPARE_LEVELS);
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
    NucsegPreparePart *part = &prepare->parts[i];

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
