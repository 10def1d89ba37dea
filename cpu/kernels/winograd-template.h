/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * winograd-template.h: a part of matrix-conv-template.h: tiles of 2x2 or 4x4
 * outputs of a 3x3 convolution. winograd_gather() makes of their inputs, 4x4 or
 * 6x6 pixels, the factors of Winograd's minimal filtering, B' d B of sections
 * 4.1 and 4.3; winograd_finish() makes outputs of the products, A' m A. Of
 * steps the factors are at most 4 and 100 times 255 and so fit 16 bits.
 *
 * A convolution that is dilated by D is D * D of them, each on every D-th pixel
 * both ways: the tiles of each stand side by side.
 */
#define MAX_SIDE (NUCSEG_WINOGRAD_MAX_TILE + 2)

#if KERNEL_STEPS
#define TIMES(v, power) ((v) << (power))
#else
#define TIMES(v, power) ((v) * (gfloat) (1 << (power)))
#endif

/* Tiles of the same pixels side by side: where the first one's outputs are. */
typedef struct {
  gint y, x, n;
} TileRun;

static inline TileRun
tile_run (const Chunk *chunk, gint p)
{
  const NucsegMatrixConv *self = chunk->self;
  const gint step = self->tile * self->conv.dilation;
  const gint row = (gint) ((chunk->first + p) / chunk->per_row);
  const gint column = (gint) ((chunk->first + p) % chunk->per_row);
  const gint tile = column % self->tiles_w;

  return (TileRun){ row / self->tiles_h + row % self->tiles_h * step,
    column / self->tiles_w + tile * step,
    MIN (chunk->n - p, self->tiles_w - tile) };
}

/* --- V ------------------------------------------------------------------ */

static const Element winograd_zeros[N_CHANNELS];

/* The rows of pixels of a tile, from the group's first channel on at column 0.
 * Rows beside the frame are zeros, which don't move on. */
typedef struct {
  const Element *row[MAX_SIDE];
  gsize step[MAX_SIDE]; /* elements from column to column */
  gint width;
} TileRows;

static inline TileRows
tile_rows (const Chunk *chunk, gint top)
{
  TileRows rows;

  rows.width = chunk->in->width;
  for (gint i = 0; i < chunk->self->tile + 2; i++) {
    const gint y = top + i * chunk->self->conv.dilation;
    const gboolean inside = y >= 0 && y < chunk->in->height;

    rows.row[i] = inside ? row_of (chunk, y) : winograd_zeros;
    rows.step[i] = inside ? (gsize) chunk->in->pitch : 0;
  }
  return rows;
}

/* B' d of one row or column. */
static inline __attribute__ ((always_inline)) void
winograd_inputs (const Channels *d, Channels *to, const gint tile)
{
  if (tile == 2) {
    to[0] = d[0] - d[2];
    to[1] = d[1] + d[2];
    to[2] = d[2] - d[1];
    to[3] = d[1] - d[3];
  } else {
    const Channels even = d[4] - TIMES (d[2], 2), odd = d[3] - TIMES (d[1], 2);
    const Channels second = d[4] - d[2], third = d[3] - d[1];

    to[0] = TIMES (d[0] - d[2], 2) + second;
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = second + TIMES (third, 1);
    to[4] = second - TIMES (third, 1);
    to[5] = d[5] - d[3] - TIMES (third, 2);
  }
}

/* Column @x of a tile, transformed from top to bottom; @n channels from @c
 * on. */
static inline __attribute__ ((always_inline)) void
winograd_column (const TileRows *rows, gint x, gint c, gint n, Channels *column,
    const gint tile)
{
  Channels d[MAX_SIDE];

  if (x < 0 || x >= rows->width) {
    for (gint i = 0; i < tile + 2; i++)
      column[i] = (Channels){ 0 };
    return;
  }
#pragma GCC unroll 6
  for (gint i = 0; i < tile + 2; i++)
    d[i] = load_channels (
        rows->row[i] + (gsize) x * rows->step[i] + (rows->step[i] > 0 ? c : 0),
        n);
  winograd_inputs (d, column, tile);
}

/* @n_tiles tiles from column @x on, @n channels from @c on. A tile's last two
 * columns are the next one's first. */
static inline __attribute__ ((always_inline)) void
winograd_channels (const NucsegMatrixConv *self, const TileRows *rows, gint x,
    gint n_tiles, gint c, gint n, guint32 *to, const gint tile)
{
  const gint side = tile + 2;
  const gsize step = self->v_step;
  const gint dilation = self->conv.dilation;
  Channels columns[MAX_SIDE][MAX_SIDE];

  winograd_column (rows, x, c, n, columns[0], tile);
  winograd_column (rows, x + dilation, c, n, columns[1], tile);
  x += 2 * dilation;
  for (gint t = 0; t < n_tiles; t++, to += LANES) {
    guint32 *product = to;

    for (gint j = 2; j < side; j++, x += dilation)
      winograd_column (rows, x, c, n, columns[j], tile);
#pragma GCC unroll 6
    for (gint i = 0; i < side; i++) {
      Channels row[MAX_SIDE], factors[MAX_SIDE];

#pragma GCC unroll 6
      for (gint j = 0; j < side; j++)
        row[j] = columns[j][i];
      winograd_inputs (row, factors, tile);
#pragma GCC unroll 6
      for (gint j = 0; j < side; j++, product += step) {
        FORGET (product);
        store_words (product, factors[j]);
      }
      columns[0][i] = row[tile];
      columns[1][i] = row[tile + 1];
    }
  }
}

static inline __attribute__ ((always_inline)) void
winograd_gather_tiles (Chunk *chunk, const gint tile)
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
      winograd_channels (self, &rows, x, run.n, c, N_CHANNELS, to, tile);
    if (c < self->in_channels)
      winograd_channels (
          self, &rows, x, run.n, c, self->in_channels - c, to, tile);
    p += run.n;
  }
}

static __attribute__ ((noinline)) void
winograd_gather (Chunk *chunk)
{
  if (chunk->self->tile == 2)
    winograd_gather_tiles (chunk, 2);
  else
    winograd_gather_tiles (chunk, 4);
}

/* --- Outputs ------------------------------------------------------------ */

/* A' m of one row or column. With steps, products of 4x4 are 24 times too
 * large, as are the outputs, and the last 12 times (matrix-weights.c). */
static inline __attribute__ ((always_inline)) void
winograd_outputs (const Sums *m, Sums *to, const gint tile)
{
  if (tile == 2) {
    to[0] = m[0] + m[1] + m[2];
    to[1] = m[1] - m[2] - m[3];
  } else {
    const Sums sum = m[1] + m[2], difference = m[1] - m[2];
    const Sums sum2 = m[3] + m[4], difference2 = m[3] - m[4];

    to[0] = m[0] + sum + sum2;
    to[1] = difference + TIMES (difference2, 1);
    to[2] = sum + TIMES (sum2, 2);
    to[3] = difference + TIMES (difference2, 3)
        + (KERNEL_STEPS ? TIMES (m[5], 1) : m[5]);
  }
}

/* What the weights and A' make too large. The outputs of 4x4 are 9 * 64 times
 * as large: times the inverse of 9 by 2^32 leaves 64 times, from which 26 bits
 * are got back, sign and all. */
static inline Sums
winograd_scale (Sums sum, const gint tile)
{
#if KERNEL_STEPS
  if (tile == 2)
    return sum >> 2;
  return (sum * 0x38e38e39) >> 6;
#else
  return sum;
#endif
}

/* All outputs of a tile from its products, which are @step words apart. */
static inline __attribute__ ((always_inline)) void
winograd_tile (const guint32 *m, gsize step, const Outputs *to, gsize pixel,
    gsize row, gint dilation, gint n_rows, gint n_columns, const gint tile)
{
  const gint side = tile + 2;
  Sums half[NUCSEG_WINOGRAD_MAX_TILE][MAX_SIDE];
  const gsize down = side * step;

#pragma GCC unroll 6
  for (gint j = 0; j < side; j++) {
    Sums column[MAX_SIDE], some[NUCSEG_WINOGRAD_MAX_TILE];
    const guint32 *product = m + j * step;

#pragma GCC unroll 6
    for (gint i = 0; i < side; i++, product += down) {
      FORGET (product);
      column[i] = sums_at (product);
    }
    winograd_outputs (column, some, tile);
#pragma GCC unroll 4
    for (gint i = 0; i < tile; i++)
      half[i][j] = some[i];
  }
  for (gint i = 0; i < n_rows; i++, pixel += row) {
    Sums outputs[NUCSEG_WINOGRAD_MAX_TILE];

    winograd_outputs (half[i], outputs, tile);
#pragma GCC unroll 4
    for (gint j = 0; j < tile; j++) {
      if (j < n_columns)
        finish (to, pixel + (gsize) j * dilation,
            winograd_scale (outputs[j], tile));
    }
  }
}

/* How many of a tile's outputs from @at on, @dilation apart, are in @size. */
static inline gint
count_inside (gint at, gint size, gint dilation, gint tile)
{
  gint n = 0;

  while (n < tile && at + n * dilation < size)
    n++;
  return n;
}

static inline __attribute__ ((always_inline)) void
winograd_finish_tiles (
    const Chunk *chunk, gint c, const guint32 *m, const gint tile)
{
  const gsize step = chunk->self->m_step;
  const gint dilation = chunk->self->conv.dilation;
  const gint width = chunk->out->width, height = chunk->out->height;
  const Outputs to = outputs_from (chunk, c);

  for (gint p = 0; p < chunk->n;) {
    const TileRun run = tile_run (chunk, p);
    const gint n_rows = count_inside (run.y, height, dilation, tile);
    gint x = run.x;

    for (gint t = 0; t < run.n; t++, m += BLOCK, x += tile * dilation) {
      const gint n_columns = x + (tile - 1) * dilation < width
          ? tile
          : count_inside (x, width, dilation, tile);

      winograd_tile (m, step, &to, (gsize) run.y * width + x,
          (gsize) dilation * width, dilation, n_rows, n_columns, tile);
    }
    p += run.n;
  }
}

static __attribute__ ((noinline)) void
winograd_finish (const Chunk *chunk, gint c, const guint32 *m)
{
  if (chunk->self->tile == 2)
    winograd_finish_tiles (chunk, c, m, 2);
  else
    winograd_finish_tiles (chunk, c, m, 4);
}
