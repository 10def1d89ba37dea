/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * winograd-template.h: a part of matrix-conv-template.h: tiles of 2x2 outputs
 * of a 3x3 convolution. winograd_gather() makes of their inputs, 4x4 pixels,
 * the 16 factors of Winograd's minimal filtering (B' d B of section 4.1); of
 * steps these are at most four times 255. winograd_finish() makes outputs of
 * the products (A' m A).
 *
 * A convolution that is dilated by D is D * D of them, each on every D-th pixel
 * both ways: the tiles of each stand side by side.
 */

/* Tiles of the same pixels side by side: where the first one's outputs are. */
typedef struct {
  gint y, x, n;
} TileRun;

static inline TileRun
tile_run (const Chunk *chunk, gint p)
{
  const NucsegMatrixConv *self = chunk->self;
  const gint step = NUCSEG_WINOGRAD_TILE * self->conv.dilation;
  const gint row = (chunk->first + p) / chunk->per_row;
  const gint column = (chunk->first + p) % chunk->per_row;
  const gint tile = column % self->tiles_w;

  return (TileRun){ row / self->tiles_h + row % self->tiles_h * step,
    column / self->tiles_w + tile * step,
    MIN (chunk->n - p, self->tiles_w - tile) };
}

/* --- V ------------------------------------------------------------------ */

static const Element winograd_zeros[N_CHANNELS];

/* The four rows of pixels of a tile, from the group's first channel on at
 * column 0. Rows beside the frame are zeros, which don't move on. */
typedef struct {
  const Element *row[4];
  gsize step[4]; /* elements from column to column */
  gint width;
} TileRows;

static inline TileRows
tile_rows (const Chunk *chunk, gint top)
{
  TileRows rows;

  rows.width = chunk->in->width;
  for (gint i = 0; i < 4; i++) {
    const gint y = top + i * chunk->self->conv.dilation;
    const gboolean inside = y >= 0 && y < chunk->in->height;

    rows.row[i] = inside ? row_of (chunk, y) : winograd_zeros;
    rows.step[i] = inside ? (gsize) chunk->in->pitch : 0;
  }
  return rows;
}

/* Column @x of a tile, transformed from top to bottom; @n channels from @c
 * on. */
static inline __attribute__ ((always_inline)) void
winograd_column (
    const TileRows *rows, gint x, gint c, gint n, Channels column[4])
{
  Channels d[4];

  if (x < 0 || x >= rows->width) {
    for (gint i = 0; i < 4; i++)
      column[i] = (Channels){ 0 };
    return;
  }
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++)
    d[i] = load_channels (rows->row[i] + (gsize) x * rows->step[i]
            + (rows->step[i] > 0 ? c : 0),
        n);
  column[0] = d[0] - d[2];
  column[1] = d[1] + d[2];
  column[2] = d[2] - d[1];
  column[3] = d[1] - d[3];
}

/* @n_tiles tiles from column @x on, @n channels from @c on. */
static inline __attribute__ ((always_inline)) void
winograd_channels (const NucsegMatrixConv *self, const TileRows *rows, gint x,
    gint n_tiles, gint c, gint n, guint32 *to)
{
  const gsize step = (gsize) self->n_panels * self->chunk * LANES;
  const gint dilation = self->conv.dilation;
  Channels columns[4][4];

  winograd_column (rows, x, c, n, columns[0]);
  winograd_column (rows, x + dilation, c, n, columns[1]);
  for (gint t = 0; t < n_tiles; t++, to += LANES) {
    x += 2 * dilation;
    winograd_column (rows, x, c, n, columns[2]);
    winograd_column (rows, x + dilation, c, n, columns[3]);
#pragma GCC unroll 4
    for (gint i = 0; i < 4; i++) {
      guint32 *v = to + 4 * i * step;

      store_words (v, columns[0][i] - columns[2][i]);
      store_words (v + step, columns[1][i] + columns[2][i]);
      store_words (v + 2 * step, columns[2][i] - columns[1][i]);
      store_words (v + 3 * step, columns[1][i] - columns[3][i]);
      columns[0][i] = columns[2][i];
      columns[1][i] = columns[3][i];
    }
  }
}

static void
winograd_gather (Chunk *chunk)
{
  const NucsegMatrixConv *self = chunk->self;
  const gint padding = self->conv.padding;

  for (gint p = 0; p < chunk->n;) {
    const TileRun run = tile_run (chunk, p);
    const TileRows rows = tile_rows (chunk, run.y - padding);
    const gint x = run.x - padding;
    guint32 *to = chunk->v + (gsize) p * LANES;
    gint c = 0;

    for (; c + N_CHANNELS <= self->in_channels;
         c += N_CHANNELS, to += (gsize) self->chunk * LANES)
      winograd_channels (self, &rows, x, run.n, c, N_CHANNELS, to);
    if (c < self->in_channels)
      winograd_channels (
          self, &rows, x, run.n, c, self->in_channels - c, to);
    p += run.n;
  }
}

/* --- Outputs ------------------------------------------------------------ */

/* The outputs of a tile from its products, which are @step words apart. */
static inline __attribute__ ((always_inline)) void
winograd_outputs (const guint32 *m, gsize step, Sums outputs[4])
{
  Sums upper[4], lower[4];

#pragma GCC unroll 4
  for (gint j = 0; j < 4; j++, m += step) {
    const Sums second = sums_at (m + 4 * step), third = sums_at (m + 8 * step);

    upper[j] = sums_at (m) + second + third;
    lower[j] = second - third - sums_at (m + 12 * step);
  }
  outputs[0] = upper[0] + upper[1] + upper[2];
  outputs[1] = upper[1] - upper[2] - upper[3];
  outputs[2] = lower[0] + lower[1] + lower[2];
  outputs[3] = lower[1] - lower[2] - lower[3];
#if KERNEL_STEPS
  /* The weights are four times as large; so the sums are multiples of 4. */
#pragma GCC unroll 4
  for (gint i = 0; i < 4; i++)
    outputs[i] >>= 2;
#endif
}

static void
winograd_finish (const Chunk *chunk, gint c, const guint32 *m)
{
  const gsize step = (gsize) chunk->self->chunk * BLOCK;
  const gint dilation = chunk->self->conv.dilation;
  const gint width = chunk->out->width, height = chunk->out->height;
  const Outputs to = outputs_from (chunk, c);

  for (gint p = 0; p < chunk->n;) {
    const TileRun run = tile_run (chunk, p);
    gint x = run.x;

    for (gint t = 0; t < run.n; t++, m += BLOCK, x += 2 * dilation) {
      const gsize upper = (gsize) run.y * width + x;
      const gsize lower = upper + (gsize) dilation * width;
      const gboolean beside = x + dilation < width;
      Sums outputs[4];

      /* Of a dilated one's last tiles, all may lie beside the frame. */
      if (x >= width || run.y >= height)
        continue;
      winograd_outputs (m, step, outputs);
      finish (&to, upper, outputs[0]);
      if (beside)
        finish (&to, upper + dilation, outputs[1]);
      if (run.y + dilation < height) {
        finish (&to, lower, outputs[2]);
        if (beside)
          finish (&to, lower + dilation, outputs[3]);
      }
    }
    p += run.n;
  }
}
