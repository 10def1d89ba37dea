/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * votes.c: maps -> labels of the network's size, by the votes of foreground
 * pixels for centres: steps 2 to 4 of docs/model-format.md (output).
 */
#include "cpu/reference/reference.h"

#include <math.h>

/* Step 2, one axis: where a pixel at @position of a line of @size points. */
static gint
point (gint position, gint size, gfloat offset, gfloat scale)
{
  gfloat far = rintf (4 * scale), step = rintf (offset * scale);

  if (isnan (step))
    step = 0;
  step = CLAMP (step, -far, far);
  return CLAMP (position + (gint) step, 0, size - 1);
}

/* Step 2. Counts votes; d->target becomes each pixel's cell, or -1. */
static void
cast_votes (NucsegRefDecode *d, const gfloat *maps, const NucsegOutput *output,
    gfloat limit)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;
  gint reach = output->vote_reach;

  for (gint i = 0; i < w * h; i++)
    d->votes[i] = 0;
  for (gint y = 0; y < h; y++)
    for (gint x = 0; x < w; x++) {
      gint ty, tx;

      d->target[y * w + x] = -1;
      if (!(nucseg_ref_map_at (d, maps, output, output->foreground, y, x)
              > limit))
        continue;
      ty = point (y, h,
          nucseg_ref_map_at (d, maps, output, output->offset_y, y, x),
          output->offset_scale);
      tx = point (x, w,
          nucseg_ref_map_at (d, maps, output, output->offset_x, y, x),
          output->offset_scale);
      d->target[y * w + x] = ty * w + tx;
      if (reach == 0
          || (ty - y) * (ty - y) + (tx - x) * (tx - x) <= reach * reach)
        d->votes[ty * w + tx]++;
    }
}

/* Step 3. d->regions becomes the centres. */
static void
find_centres (NucsegRefDecode *d, gint min_votes)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;
  gint32 *dense = d->labels; /* not in use yet */

  for (gint y = 0; y < h; y++)
    for (gint x = 0; x < w; x++) {
      gint sum = 0;

      for (gint ny = MAX (y - 1, 0); ny <= MIN (y + 1, h - 1); ny++)
        for (gint nx = MAX (x - 1, 0); nx <= MIN (x + 1, w - 1); nx++)
          sum += d->votes[ny * w + nx];
      dense[y * w + x] = sum >= min_votes;
    }
  nucseg_ref_components (dense, w, h, TRUE, 0, d->stack, d->regions);
}

/* Step 4, one cell: the centre nearest to (@y, @x), 0 for none. */
static gint
nearest_centre (const NucsegRefDecode *d, gint y, gint x, gint radius)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;
  gint best = radius * radius + 1, centre = 0;

  for (gint ny = MAX (y - radius, 0); ny <= MIN (y + radius, h - 1); ny++)
    for (gint nx = MAX (x - radius, 0); nx <= MIN (x + radius, w - 1); nx++) {
      gint c = d->regions[ny * w + nx];
      gint distance = (ny - y) * (ny - y) + (nx - x) * (nx - x);

      if (c != 0 && (distance < best || (distance == best && c < centre))) {
        best = distance;
        centre = c;
      }
    }
  return centre;
}

void
nucseg_ref_decode_votes (NucsegRefDecode *d, const gfloat *maps,
    const NucsegOutput *output, gfloat limit)
{
  gint w = d->geometry.net_width, h = d->geometry.net_height;

  cast_votes (d, maps, output, limit);
  find_centres (d, output->min_votes);

  /* Many pixels share a target: what was found for it is kept. */
  for (gint i = 0; i < w * h; i++)
    d->nearest[i] = d->regions[i] != 0 ? d->regions[i] : -1;
  for (gint i = 0; i < w * h; i++) {
    gint cell = d->target[i];

    if (cell < 0) {
      d->labels[i] = 0;
      continue;
    }
    if (d->nearest[cell] < 0)
      d->nearest[cell] = nearest_centre (d, cell / w, cell % w, output->radius);
    d->labels[i] = d->nearest[cell];
  }
}
