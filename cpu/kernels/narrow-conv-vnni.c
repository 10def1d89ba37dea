/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * narrow-conv-vnni.c: convolutions with eight outputs, for AVX-512 with VNNI.
 * Eight inputs of a pixel, in all of a vector's 64-bit lanes, are multiplied
 * by eight weights of each output: a lane has its output's sum, in two halves.
 */
#define LANES 16 /* of two pixels */
#include "cpu/kernels/lanes.h"
#include "cpu/kernels/narrow-conv-private.h"

#define PIXELS 12 /* whose sums are kept in registers */
#define SIDE NUCSEG_NARROW_SIDE

static inline const guint8 *
pixel (const NucsegTensor *t, gint y, gint x)
{
  return (const guint8 *) t->data + ((gsize) y * t->width + x) * t->pitch;
}

static inline __m512i
inputs (const guint8 *p)
{
  gint64 word;

  memcpy (&word, p, sizeof word);
  return _mm512_set1_epi64 (word);
}

/* The weights of tap (@ky, @kx) and word @q. */
static inline __m512i
weights (const NucsegNarrowConv *self, gint ky, gint kx, gint q)
{
  const gsize vector = ((gsize) ky * SIDE + kx) * self->n_words + q;

  return _mm512_loadu_si512 (self->weight + vector * NUCSEG_NARROW_VECTOR);
}

/* Adds a row of taps to the sums of PIXELS pixels, whose first tap is at @from.
 */
static inline __attribute__ ((always_inline)) void
add_row (const NucsegNarrowConv *self, const guint8 *from, gint pitch, gint ky,
    __m512i *sums)
{
  for (gint q = 0; q < self->n_words; q++, from += NUCSEG_NARROW_INPUTS) {
    const __m512i w[SIDE] = { weights (self, ky, 0, q),
      weights (self, ky, 1, q), weights (self, ky, 2, q) };

#pragma GCC unroll 3
    for (gint kx = 0; kx < SIDE; kx++) {
#pragma GCC unroll 12
      for (gint p = 0; p < PIXELS; p++)
        sums[p] = _mm512_dpbusd_epi32 (
            sums[p], inputs (from + (gsize) (p + kx) * pitch), w[kx]);
    }
  }
}

/* The sum of one pixel, whose taps may lie beside the frame, where it is 0. */
static __m512i
sum_one (const NucsegNarrowConv *self, const NucsegTensor *in, gint y, gint x)
{
  const gint top = y - self->padding, left = x - self->padding;
  const gint ky_end = MIN (SIDE, in->height - top);
  const gint kx_end = MIN (SIDE, in->width - left);
  __m512i sum = _mm512_loadu_si512 (self->bias);

  for (gint ky = MAX (0, -top); ky < ky_end; ky++) {
    for (gint kx = MAX (0, -left); kx < kx_end; kx++) {
      const guint8 *from = pixel (in, top + ky, left + kx);

      for (gint q = 0; q < self->n_words; q++)
        sum = _mm512_dpbusd_epi32 (sum,
            inputs (from + (gsize) q * NUCSEG_NARROW_INPUTS),
            weights (self, ky, kx, q));
    }
  }
  return sum;
}

/* Joins the halves of two pixels' sums and rounds them to steps of the output.
 * A sum of up to 4096 inputs fits 32 bits, and up to 57 inputs f32 holds it.
 * @factor: twice. */
static inline Steps
join (__m512i a, __m512i b, Vector factor)
{
  const __m512i even = _mm512_setr_epi32 (
      0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32 (even, _mm512_set1_epi32 (1));
  const Signed sums =
      (Signed) _mm512_add_epi32 (_mm512_permutex2var_epi32 (a, even, b),
          _mm512_permutex2var_epi32 (a, odd, b));

  return steps_from_f32 (__builtin_convertvector(sums, Vector) * factor);
}

void
nucseg_narrow_conv_run_vnni (const NucsegNarrowConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end)
{
  const Vector factor = load_f32 (self->factor);
  const gint left = self->padding;
  const gint right = in->width + self->padding - (PIXELS + SIDE - 1);

  for (gint y = first; y < end; y++) {
    const gint top = y - self->padding;
    const gint ky_end = MIN (SIDE, in->height - top);
    guint8 *to = (guint8 *) pixel (out, y, 0);
    gint x = 0;

    while (x < out->width) {
      if (x >= left && x <= right) {
        __m512i sums[PIXELS];

#pragma GCC unroll 12
        for (gint p = 0; p < PIXELS; p++)
          sums[p] = _mm512_loadu_si512 (self->bias);
        for (gint ky = MAX (0, -top); ky < ky_end; ky++)
          add_row (self, pixel (in, top + ky, x - self->padding), in->pitch, ky,
              sums);
#pragma GCC unroll 12
        for (gint p = 0; p < PIXELS; p += 2) {
          const Steps two = join (sums[p], sums[p + 1], factor);

          memcpy (to, &two, NUCSEG_NARROW_OUTPUTS);
          memcpy (to + out->pitch,
              (const guint8 *) &two + NUCSEG_NARROW_OUTPUTS,
              NUCSEG_NARROW_OUTPUTS);
          to += 2 * (gsize) out->pitch;
        }
        x += PIXELS;
      } else {
        const __m512i sum = sum_one (self, in, y, x);
        const Steps twice = join (sum, sum, factor);

        memcpy (to, &twice, NUCSEG_NARROW_OUTPUTS);
        to += out->pitch;
        x++;
      }
    }
  }
}
