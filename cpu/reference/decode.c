/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.c: maps -> label map, step by step as docs/model-format.md (output)
 * numbers them; steps 2 to 4 of the decoder "votes" are in votes.c.
 */
#include "cpu/reference/reference.h"

#include <math.h>

gboolean
nucseg_ref_decode_init (
    NucsegRefDecode *decode, const NucsegGeometry *geometry, GError **error)
{
  gsize net = (gsize) geometry->net_width * geometry->net_height;
  gsize frame = (gsize) geometry->frame_width * geometry->frame_height;

  decode->geometry = *geometry;
  decode->labels = g_try_new (gint32, net);
  decode->target = g_try_new (gint32, net);
  decode->votes = g_try_new (gint32, net);
  decode->regions = g_try_new (gint32, net);
  decode->stack = g_try_new (gint32, net);
  decode->nearest = g_try_new (gint32, net);
  decode->frame_labels = g_try_new (gint32, frame);
  decode->table_a = g_try_new (gint32, MAX (net, frame) + 1);
  decode->table_b = g_try_new (gint32, MAX (net, frame) + 1);
  decode->row = g_try_new (guint16, geometry->frame_width);
  decode->sums = g_try_new (NucsegSums, NUCSEG_MAX_LABEL);
  if (!decode->labels || !decode->target || !decode->votes || !decode->regions
      || !decode->stack || !decode->nearest || !decode->frame_labels
      || !decode->table_a || !decode->table_b || !decode->row
      || !decode->sums) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory to decode %dx%d", geometry->net_width, geometry->net_height);
    return FALSE;
  }
  return TRUE;
}

void
nucseg_ref_decode_clear (NucsegRefDecode *decode)
{
  g_free (decode->labels);
  g_free (decode->target);
  g_free (decode->votes);
  g_free (decode->regions);
  g_free (decode->stack);
  g_free (decode->nearest);
  g_free (decode->frame_labels);
  g_free (decode->table_a);
  g_free (decode->table_b);
  g_free (decode->row);
  g_free (decode->sums);
}

/* Step 1. */
static gfloat
logit_limit (const NucsegOutput *output, const NucsegParams *params)
{
  gdouble threshold =
      params->threshold > 0 ? params->threshold : output->threshold;

  return (gfloat) log (threshold / (1 - threshold));
}

static void
decode_components (NucsegRefDecode *d, const gfloat *maps,
    const NucsegOutput *output, gfloat limit)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;

  for (gint y = 0; y < h; y++)
    for (gint x = 0; x < w; x++)
      d->target[y * w + x] =
          nucseg_ref_map_at (d, maps, output, output->foreground, y, x) > limit;
  nucseg_ref_components (d->target, w, h, FALSE, 0, d->stack, d->labels);
}

/* Step 5. */
static void
keep_largest_pieces (NucsegRefDecode *d)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;
  gint32 *area = d->table_a; /* by piece */
  gint32 *best = d->table_b; /* by label: its largest piece */
  gint n =
      nucseg_ref_components (d->labels, w, h, FALSE, 0, d->stack, d->regions);

  for (gint i = 0; i <= n; i++)
    area[i] = 0;
  for (gint i = 0; i < w * h; i++) {
    area[d->regions[i]]++;
    best[d->labels[i]] = 0;
  }
  area[0] = 0;
  /* Pieces are numbered in raster order: the first of a size stays. */
  for (gint i = 0; i < w * h; i++) {
    gint piece = d->regions[i];
    gint current = best[d->labels[i]];

    if (area[piece] > area[current]
        || (area[piece] == area[current] && piece < current))
      best[d->labels[i]] = piece;
  }
  for (gint i = 0; i < w * h; i++)
    if (d->regions[i] != best[d->labels[i]])
      d->labels[i] = 0;
}

/* Step 6. */
static void
fill_holes (NucsegRefDecode *d)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;
  gint32 *around = d->table_a; /* by region: 0 not seen, -1 stays background */
  gint32 *ground = d->votes; /* not in use any more */
  gint n;

  for (gint i = 0; i < w * h; i++)
    ground[i] = d->labels[i] == 0;
  n = nucseg_ref_components (ground, w, h, FALSE, 0, d->stack, d->regions);
  for (gint i = 0; i <= n; i++)
    around[i] = 0;

  for (gint y = 0; y < h; y++)
    for (gint x = 0; x < w; x++) {
      static const gint dx[4] = { 1, -1, 0, 0 }, dy[4] = { 0, 0, 1, -1 };
      gint32 *label = &around[d->regions[y * w + x]];

      if (d->regions[y * w + x] == 0)
        continue;
      for (gint k = 0; k < 4; k++) {
        gint nx = x + dx[k], ny = y + dy[k], neighbour;

        if (nx < 0 || nx >= w || ny < 0 || ny >= h) {
          *label = -1;
          continue;
        }
        neighbour = d->labels[ny * w + nx];
        if (neighbour == 0)
          continue;
        if (*label == 0)
          *label = neighbour;
        else if (*label != neighbour)
          *label = -1;
      }
    }

  for (gint i = 0; i < w * h; i++)
    if (d->regions[i] != 0 && around[d->regions[i]] > 0)
      d->labels[i] = around[d->regions[i]];
}

/* Step 7, one axis: the two network samples round frame sample @i, and the
 * weight of the second in 256ths. */
static void
label_taps (gint i, gint n, gdouble scale, gint *a, gint *b, gint *weight)
{
  gdouble position = (i + 0.5) * scale - 0.5;
  gint fixed;

  position = CLAMP (position, 0, n - 1);
  fixed = (gint) floor (position * 256 + 0.5);
  *a = fixed >> 8;
  *b = MIN (*a + 1, n - 1);
  *weight = fixed & 255;
}

/* Of up to four labels the one with the largest sum of weights. */
static gint32
heaviest (const gint32 label[4], const gint weight[4])
{
  gint32 best = G_MAXINT32;
  gint most = -1;

  for (gint i = 0; i < 4; i++) {
    gint sum = 0;

    for (gint k = 0; k < 4; k++)
      if (label[k] == label[i])
        sum += weight[k];
    if (sum > most || (sum == most && label[i] < best)) {
      most = sum;
      best = label[i];
    }
  }
  return best;
}

/* Step 7. */
static void
to_frame_size (NucsegRefDecode *d)
{
  const NucsegGeometry *g = &d->geometry;
  gint w = g->net_width;

  for (gint y = 0; y < g->frame_height; y++)
    for (gint x = 0; x < g->frame_width; x++) {
      gint32 *out = &d->frame_labels[y * g->frame_width + x];
      gint x0, x1, fx, y0, y1, fy;

      if (g->scale == 1) {
        *out = d->labels[y * w + x];
        continue;
      }
      label_taps (y, g->net_height, g->scale, &y0, &y1, &fy);
      label_taps (x, g->net_width, g->scale, &x0, &x1, &fx);
      *out =
          heaviest ((gint32[4]){ d->labels[y0 * w + x0], d->labels[y0 * w + x1],
                        d->labels[y1 * w + x0], d->labels[y1 * w + x1] },
              (gint[4]){ (256 - fy) * (256 - fx), (256 - fy) * fx,
                  fy * (256 - fx), fy * fx });
    }
}

/* Step 8. d->table_b becomes each label's new number; returns how many stay.
 */
static guint
select_and_number (NucsegRefDecode *d, const NucsegOutput *output,
    const NucsegParams *params, guint *dropped)
{
  const NucsegGeometry *g = &d->geometry;
  gint w = g->frame_width, h = g->frame_height, n_labels = 0;
  gint32 *area = d->table_a, *number = d->table_b;
  gdouble least = params->min_area >= 0
      ? params->min_area
      : output->min_area / (g->scale * g->scale);
  guint n = 0;

  for (gint i = 0; i < w * h; i++)
    n_labels = MAX (n_labels, d->frame_labels[i]);
  for (gint i = 0; i <= n_labels; i++)
    area[i] = number[i] = 0;
  for (gint i = 0; i < w * h; i++)
    area[d->frame_labels[i]]++;
  if (params->exclude_border)
    for (gint y = 0; y < h; y++)
      for (gint x = 0; x < w; x++)
        if (y == 0 || x == 0 || y == h - 1 || x == w - 1)
          area[d->frame_labels[y * w + x]] = 0;
  for (gint i = 1; i <= n_labels; i++)
    if (area[i] < least || (params->max_area > 0 && area[i] > params->max_area))
      area[i] = 0;

  *dropped = 0;
  for (gint i = 0; i < w * h; i++) {
    gint label = d->frame_labels[i];

    if (label == 0 || area[label] == 0 || number[label] != 0)
      continue;
    if (n < NUCSEG_MAX_LABEL) {
      number[label] = (gint32) ++n;
    } else {
      area[label] = 0;
      ++*dropped;
    }
  }
  return n;
}

gboolean
nucseg_ref_decode_run (NucsegRefDecode *d, const gfloat *maps,
    const NucsegOutput *output, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  gfloat limit = logit_limit (output, params);
  gint width = d->geometry.frame_width;
  guint n;

  if (output->decoder == NUCSEG_DECODER_VOTES)
    nucseg_ref_decode_votes (d, maps, output, limit);
  else
    decode_components (d, maps, output, limit);
  keep_largest_pieces (d);
  fill_holes (d);
  to_frame_size (d);
  n = select_and_number (d, output, params, &result->dropped);

  for (gint y = 0; y < d->geometry.frame_height; y++) {
    guint16 *out = (guint16 *) ((guint8 *) labels + y * labels_stride);

    for (gint x = 0; x < width; x++)
      out[x] = (guint16) d->table_b[d->frame_labels[y * width + x]];
  }
  if (!nucseg_object_list_set_size (objects, n, error))
    return FALSE;
  nucseg_ref_objects (
      frame, labels, labels_stride, n, d->row, d->sums, objects->items);
  return TRUE;
}
