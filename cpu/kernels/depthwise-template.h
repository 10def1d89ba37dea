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
  return (Sums) _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) p));
#else
  return load_f32 (p);
#endif
}

static inline Sums
depthwise_sum (const Chunk *chunk, gint y, gint x, gint c, gint n)
{
  const NucsegMatrixConv *self = chunk->self;
  const NucsegConv *conv = &self->conv;
  const guint32 *w = self->weight + c;
  Sums sum = { 0 };

  for (gint ky = 0; ky < conv->kernel_h; ky++) {
    const gint row = y + ky * conv->dilation;

    for (gint kx = 0; kx < conv->kernel_w; kx++, w += self->padded) {
      const gint column = x + kx * conv->dilation;

      if (row >= 0 && row < chunk->in->height && column >= 0
          && column < chunk->in->width)
        sum = multiply_add (sum,
            load_words (
                row_of (chunk, row) + (gsize) column * chunk->in->pitch + c, n),
            sums_at (w));
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

    for (gint p = 0; p < chunk->n; p++) {
      const gint64 pixel = chunk->first + p;
      const gint y = (gint) (pixel / chunk->per_row) * conv->stride;
      const gint x = (gint) (pixel % chunk->per_row) * conv->stride;

      finish (&to, (gsize) pixel,
          depthwise_sum (chunk, y - conv->padding, x - conv->padding, c, to.n));
    }
  }
}
