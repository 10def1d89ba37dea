/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare.c: raw frame -> network input (docs/model-format.md, input): limits
 * and map from levels.c, taps from filter.c, applied first down, then across.
 */
#include "cpu/reference/reference.h"

gboolean
nucseg_ref_prepare_init (NucsegRefPrepare *prepare,
    const NucsegGeometry *geometry, const NucsegInput *input, GError **error)
{
  const NucsegGeometry *g = geometry;

  prepare->geometry = *geometry;
  prepare->across = nucseg_filter_new (g->frame_width, g->net_width,
      g->pad_width, g->scale, input->smoothing, error);
  if (prepare->across == NULL)
    return FALSE;
  prepare->down = nucseg_filter_new (g->frame_height, g->net_height,
      g->pad_height, g->scale, input->smoothing, error);
  if (prepare->down == NULL)
    return FALSE;

  prepare->histogram = g_new (guint32, 65536);
  prepare->table = g_new (gfloat, 65536);
  prepare->row = g_new (guint16, g->frame_width);
  prepare->line = g_new (gdouble, g->frame_width);
  return TRUE;
}

void
nucseg_ref_prepare_clear (NucsegRefPrepare *prepare)
{
  nucseg_filter_free (prepare->across);
  nucseg_filter_free (prepare->down);
  g_free (prepare->histogram);
  g_free (prepare->table);
  g_free (prepare->row);
  g_free (prepare->line);
}

gboolean
nucseg_ref_prepare_limits (NucsegRefPrepare *prepare, const NucsegFrame *frame,
    const NucsegInput *input, const NucsegParams *params, GError **error)
{
  nucseg_ref_histogram (frame, prepare->row, prepare->histogram);
  if (!nucseg_limits_find (&prepare->limits, prepare->table, input, params,
          prepare->histogram, nucseg_frame_get_depth (frame), error))
    return FALSE;
  prepare->has_limits = TRUE;
  return TRUE;
}

void
nucseg_ref_prepare_fill (
    NucsegRefPrepare *prepare, const NucsegFrame *frame, gfloat *out)
{
  const NucsegFilter *across = prepare->across, *down = prepare->down;
  gint width = frame->width;

  for (gint y = 0; y < down->n_padded; y++) {
    for (gint x = 0; x < width; x++)
      prepare->line[x] = 0;
    for (gint t = 0; t < down->n_taps; t++) {
      gsize tap = (gsize) y * down->n_taps + t;

      if (down->weight[tap] == 0)
        continue;
      nucseg_ref_grey_row (frame, down->index[tap], prepare->row);
      for (gint x = 0; x < width; x++)
        prepare->line[x] +=
            (gdouble) down->weight[tap] * prepare->table[prepare->row[x]];
    }

    for (gint x = 0; x < across->n_padded; x++) {
      gdouble sum = 0;

      for (gint t = 0; t < across->n_taps; t++) {
        gsize tap = (gsize) x * across->n_taps + t;

        sum += across->weight[tap] * prepare->line[across->index[tap]];
      }
      *out++ = (gfloat) sum;
    }
  }
}
