/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gather-template.h: a part of matrix-conv-template.h: the inputs of each
 * pixel, tap by tap, as panels of V.
 */

/* The taps that meet the frame for any piece of the chunk: those of a dilated
 * convolution often lie beside a small frame. */
static void
find_taps (Chunk *chunk)
{
  const NucsegConv *conv = &chunk->self->conv;
  const gint columns = chunk->self->tap_columns;
  const gint64 last = chunk->first + chunk->n - 1;
  const gint top = (gint) (chunk->first / chunk->per_row);
  const gint bottom = (gint) (last / chunk->per_row);
  const gint left = top == bottom ? (gint) (chunk->first % chunk->per_row) : 0;
  const gint right =
      top == bottom ? (gint) (last % chunk->per_row) : chunk->per_row - 1;

  chunk->n_taps = 0;
  for (gint ky = 0; ky < conv->kernel_h; ky++) {
    const gint dy = ky * conv->dilation - conv->padding;

    if (bottom * conv->stride + dy < 0
        || top * conv->stride + dy >= chunk->in->height)
      continue;
    for (gint kx = 0; kx < conv->kernel_w; kx += columns) {
      const gint dx = kx * conv->dilation - conv->padding;

      if (right * conv->stride + dx + columns > 0
          && left * conv->stride + dx < chunk->in->width)
        chunk->taps[chunk->n_taps++] = (ky * conv->kernel_w + kx) / columns;
    }
  }
}

/* A tap's channels, as panels from @to on. */
static inline void
gather_tap (const NucsegMatrixConv *self, const Element *from, guint32 *to)
{
  const gint n = self->tap_channels;

  for (gint c = 0; c < n; c += N_CHANNELS, to += self->chunk * LANES)
    store_words (to, from ? load_channels (from + c, n - c) : (Channels){ 0 });
}

/* The same where some of the tap's columns, from @x on, may lie beside the
 * frame, whose row begins at @row. */
static void
gather_border (const Chunk *chunk, const Element *row, gint x, guint32 *to)
{
  const NucsegMatrixConv *self = chunk->self;
  const gint channels = self->in_channels;
  const gint first = MAX (0, -x);
  const gint end = MIN (self->tap_columns, chunk->in->width - x);
  Element tap[NUCSEG_MATRIX_MAX_SIDE * LANES] = { 0 };

  if (!row || first >= end) {
    gather_tap (self, NULL, to);
  } else {
    memcpy (tap + first * channels, row + (x + first) * channels,
        (gsize) (end - first) * channels * sizeof *tap);
    gather_tap (self, tap, to);
  }
}

static __attribute__ ((noinline)) void
gather (Chunk *chunk)
{
  const NucsegMatrixConv *self = chunk->self;
  const NucsegConv *conv = &self->conv;
  const NucsegTensor *in = chunk->in;
  const gsize size = self->v_step;

  find_taps (chunk);
  for (gint i = 0; i < chunk->n_taps; i++) {
    const gint k = chunk->taps[i] * self->tap_columns;
    const gint ky = k / conv->kernel_w, kx = k % conv->kernel_w;
    gint row = (gint) (chunk->first / chunk->per_row);
    gint column = (gint) (chunk->first % chunk->per_row);

    for (gint p = 0; p < chunk->n; row++, column = 0) {
      const gint y = row * conv->stride - conv->padding + ky * conv->dilation;
      gint x = column * conv->stride - conv->padding + kx * conv->dilation;
      const Element *from = y >= 0 && y < in->height ? row_of (chunk, y) : NULL;
      const gint end = MIN (chunk->n, p + chunk->per_row - column);

      for (; p < end; p++, x += conv->stride) {
        guint32 *to = chunk->v + i * size + (gsize) p * LANES;

        if (from && x >= 0 && x + self->tap_columns <= in->width)
          gather_tap (self, from + (gsize) x * in->pitch, to);
        else
          gather_border (chunk, from, x, to);
      }
    }
  }
}
