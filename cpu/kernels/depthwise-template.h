/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * depthwise-template.h: a part of matrix-conv-template.h: convolutions of one
 * channel a group, for which there is no matrix. Channels are the lanes.
 */

/* A word for each of @n channels, the others 0; never reads beyond them. */
static inline Sums
load_words (const Element *p, gint n)
{
  Element some[LANES] = { 0 };

  if (n < LANES)
    p = memcpy (some, p, (gsize) n * sizeof *p);
#if KERNEL_STEPS
  return __builtin_convertvector(load_steps (p), Sums);
#else
  return load_f32 (p);
#endif
}

/* Which of a kernel's @n taps, the first of them at @at, are in 0..size. */
static inline void
taps_inside (gint at, gint size, gint dilation, gint n, gint *first, gint *end)
{
  *first = 0;
  *end = n;
  if (at < 0)
    *first = (dilation - 1 - at) / dilation;
  if (at + (n - 1) * dilation >= size)
    *end = at < size ? (size - at + dilation - 1) / dilation : 0;
}

/* @n outputs from channel @c on; the first tap is at (@y, @x). */
static inline __attribute__ ((always_inline)) Sums
depthwise_sum (const Chunk *chunk, gint y, gint x, gint c, gint n)
{
  const NucsegMatrixConv *self = chunk->self;
  const gint dilation = self->conv.dilation, side = self->conv.kernel_w;
  const gsize step = (gsize) dilation * chunk->in->pitch;
  gint ky, ky_end, kx_first, kx_end;
  Sums sum = { 0 };

  taps_inside (
      y, chunk->in->height, dilation, self->conv.kernel_h, &ky, &ky_end);
  taps_inside (x, chunk->in->width, dilation, side, &kx_first, &kx_end);
  for (; ky < ky_end; ky++) {
    const gint column = x + kx_first * dilation;
    const Element *from = row_of (chunk, y + ky * dilation)
        + (gssize) column * chunk->in->pitch + c;
    const guint32 *w =
        self->weight + ((gsize) ky * side + kx_first) * self->padded + c;

    for (gint kx = kx_first; kx < kx_end; kx++) {
      sum = multiply_add (sum, load_words (from, n), sums_at (w));
      from += step;
      w += self->padded;
    }
  }
  return sum;
}

static void
depthwise (const Chunk *chunk)
{
  const NucsegConv *conv = &chunk->self->conv;
  const gint channels = chunk->self->out_channels;

  for (gint c = 0; c < channels; c += LANES) {
    const Outputs to = outputs_from (chunk, c);

    gint row = (gint) (chunk->first / chunk->per_row);
    gint column = (gint) (chunk->first % chunk->per_row);

    for (gint p = 0; p < chunk->n; row++, column = 0) {
      const gint y = row * conv->stride - conv->padding;

      for (; p < chunk->n && column < chunk->per_row; p++, column++) {
        const gint x = column * conv->stride - conv->padding;

        finish (&to, (gsize) chunk->first + p,
            to.n == LANES ? depthwise_sum (chunk, y, x, c, LANES)
                          : depthwise_sum (chunk, y, x, c, to.n));
      }
    }
  }
}
