/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.c: the decoder's steps in order, and its last one: which objects stay,
 * and their numbers (docs/model-format.md, output, step 8).
 */
#include "cpu/decode-private.h"

#include <math.h>
#include <string.h>

/* Pixels for which a further thread pays. */
#define PIXELS_PER_THREAD 16384

NucsegDecode *
nucseg_decode_new (const NucsegGeometry *geometry, const NucsegOutput *output,
    guint threads, GError **error)
{
  NucsegDecode *self = g_new0 (NucsegDecode, 1);
  const gsize n = (gsize) geometry->net_width * geometry->net_height;

  self->geometry = *geometry;
  self->output = output;
  self->scan = nucseg_scan_get ();
  self->threads = (guint) CLAMP (n / PIXELS_PER_THREAD, 1, threads);
  self->parts = g_new0 (NucsegDecodePart, self->threads);
  if (nucseg_votes_init (self) && nucseg_regions_init (self)
      && nucseg_rescale_init (self)
      && nucseg_runs_init (
          &self->final, geometry->frame_height, self->runs.allocated))
    return self;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
      "no memory to decode %dx%d", geometry->net_width, geometry->net_height);
  nucseg_decode_free (self);
  return NULL;
}

void
nucseg_decode_free (NucsegDecode *decode)
{
  if (!decode)
    return;
  nucseg_votes_clear (decode);
  nucseg_regions_clear (decode);
  nucseg_rescale_clear (decode);
  nucseg_objects_clear (decode);
  g_free (decode->parts);
  g_free (decode);
}

/* Areas by label, 0 where the object must go. */
static void
measure_areas (NucsegDecode *self, const NucsegRuns *runs,
    const NucsegParams *params, gint n_labels, gint32 *area)
{
  const NucsegGeometry *g = &self->geometry;
  const gdouble least = params->min_area >= 0
      ? params->min_area
      : self->output->min_area / (g->scale * g->scale);

  memset (area, 0, (n_labels + 1) * sizeof (gint32));
  for (gint i = 0; i < runs->n; i++)
    area[runs->items[i].label] += runs->items[i].end - runs->items[i].begin;
  for (gint i = 0; params->exclude_border && i < runs->n; i++) {
    const NucsegRun *run = &runs->items[i];

    if (run->y == 0 || run->y == g->frame_height - 1 || run->begin == 0
        || run->end == g->frame_width)
      area[run->label] = 0;
  }
  for (gint label = 1; label <= n_labels; label++) {
    if (area[label] < least
        || (params->max_area > 0 && area[label] > params->max_area))
      area[label] = 0;
  }
}

/* Step 8: @runs -> decode->final (it may be the same list), with the objects'
 * last numbers; *n of them. */
static gboolean
select_objects (NucsegDecode *self, const NucsegRuns *runs,
    const NucsegParams *params, gint n_labels, guint *n, guint *dropped)
{
  NucsegRuns *final = &self->final;
  const gint n_runs = runs->n, height = self->geometry.frame_height;
  gint32 *area, *number;
  gint i = 0;

  if (!nucseg_table_reserve (&self->by_label, 2 * (n_labels + 1)))
    return FALSE;
  area = self->by_label.items;
  number = area + n_labels + 1;
  measure_areas (self, runs, params, n_labels, area);
  memset (number, 0, (n_labels + 1) * sizeof (gint32));

  *n = *dropped = 0;
  if (final != runs) {
    final->n = 0;
    if (!nucseg_runs_reserve (final, n_runs))
      return FALSE;
  }
  final->n = 0;
  for (gint y = 0; y < height; y++) {
    const gint end = runs->rows[y + 1];

    for (; i < end; i++) {
      const NucsegRun run = runs->items[i];

      if (area[run.label] == 0)
        continue;
      if (number[run.label] == 0) {
        if (*n == NUCSEG_MAX_LABEL) {
          area[run.label] = 0;
          ++*dropped;
          continue;
        }
        number[run.label] = (gint32)++ * n;
      }
      nucseg_runs_append (final, y, run.begin, run.end, number[run.label]);
    }
    nucseg_runs_end_row (final, y);
  }
  return TRUE;
}

gboolean
nucseg_decode_run (NucsegDecode *self, const gfloat *maps,
    const NucsegFrame *frame, const NucsegParams *params, guint16 *labels,
    gsize labels_stride, NucsegObjectList *objects, guint *dropped,
    GError **error)
{
  const NucsegOutput *output = self->output;
  const gdouble threshold =
      params->threshold > 0 ? params->threshold : output->threshold;
  const gfloat limit = (gfloat) log (threshold / (1 - threshold));
  gint n_labels = 0;
  guint n = 0;

  if (!nucseg_votes_run (self, maps, limit, &n_labels)
      || (output->decoder == NUCSEG_DECODER_COMPONENTS
          && !nucseg_regions_number (self, &n_labels))
      || !nucseg_regions_clean (self, n_labels) || !nucseg_rescale_run (self)
      || !select_objects (self,
          self->geometry.scale == 1 ? &self->runs : &self->final, params,
          n_labels, &n, dropped)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory to decode the objects of a frame of %dx%d",
        self->geometry.frame_width, self->geometry.frame_height);
    return FALSE;
  }
  if (!nucseg_object_list_set_size (objects, n, error))
    return FALSE;
  if (!nucseg_objects_run (
          self, frame, labels, labels_stride, n, objects->items)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for %u objects", n);
    return FALSE;
  }
  return TRUE;
}
