/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * narrow-conv-template.h: the kernels of narrow-conv.h, for AVX-512. A file
 * that includes it defines
 *
 *   KERNEL_STEPS   1: inputs and outputs are steps, multiplied by VNNI,
 *                  0: f32
 *   KERNEL_RUN     name of the function that it makes
 *
 * A word of a pixel's inputs, eight steps or two f32, in all of a vector's
 * 64-bit lanes, is multiplied by as many weights of each output: a lane has its
 * output's sum, in two halves.
 */
#define LANES 16 /* of two pixels */
#include "cpu/kernels/lanes.h"
#include "cpu/kernels/narrow-conv-private.h"

#include <math.h>

#if KERNEL_STEPS
typedef __m512i Sums;
typedef Steps Outputs; /* of two pixels */
#define ELEMENT 1 /* bytes */
#else
typedef __m512 Sums;
typedef Vector Outputs;
#define ELEMENT 4
#endif

#define PIXELS 12 /* whose sums are kept in registers */
#define SIDE NUCSEG_NARROW_SIDE

static inline const guint8 *
pixel (const NucsegTensor *t, gint y, gint x)
{
  return (const guint8 *) t->data
      + ((gsize) y * t->width + x) * t->pitch * ELEMENT;
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

static inline Sums
multiply_add (Sums sums, __m512i words, __m512i w)
{
#if KERNEL_STEPS
  return _mm512_dpbusd_epi32 (sums, words, w);
#else
  return _mm512_fmadd_ps (
      _mm512_castsi512_ps (words), _mm512_castsi512_ps (w), sums);
#endif
}

static inline Sums
start (const NucsegNarrowConv *self)
{
#if KERNEL_STEPS
  return _mm512_loadu_si512 (self->bias);
#else
  return _mm512_loadu_ps (self->bias);
#endif
}

/* Adds a row of taps to the sums of PIXELS pixels, whose first tap is at @from.
 */
static inline __attribute__ ((always_inline)) void
add_row (const NucsegNarrowConv *self, const guint8 *from, gint pitch, gint ky,
    Sums *sums)
{
  const gsize step = (gsize) pitch * ELEMENT;

  for (gint q = 0; q < self->n_words; q++, from += NUCSEG_NARROW_WORD) {
    const __m512i w[SIDE] = { weights (self, ky, 0, q),
      weights (self, ky, 1, q), weights (self, ky, 2, q) };

#pragma GCC unroll 3
    for (gint kx = 0; kx < SIDE; kx++) {
#pragma GCC unroll 12
      for (gint p = 0; p < PIXELS; p++)
        sums[p] = multiply_add (
            sums[p], inputs (from + (gsize) (p + kx) * step), w[kx]);
    }
  }
}

/* The sum of one pixel, whose taps may lie beside the frame, where it is 0. */
static Sums
sum_one (const NucsegNarrowConv *self, const NucsegTensor *in, gint y, gint x)
{
  const gint top = y - self->padding, left = x - self->padding;
  const gint ky_end = MIN (SIDE, in->height - top);
  const gint kx_end = MIN (SIDE, in->width - left);
  Sums sum = start (self);

  for (gint ky = MAX (0, -top); ky < ky_end; ky++) {
    for (gint kx = MAX (0, -left); kx < kx_end; kx++) {
      const guint8 *from = pixel (in, top + ky, left + kx);

      for (gint q = 0; q < self->n_words; q++)
        sum = multiply_add (sum, inputs (from + (gsize) q * NUCSEG_NARROW_WORD),
            weights (self, ky, kx, q));
    }
  }
  return sum;
}

/* Joins the halves of two pixels' sums and makes outputs of them: rounds them
 * to steps, or keeps them at @least. A sum of up to 4096 steps fits 32 bits,
 * and of up to 57 f32 holds it. @factor: twice. */
static inline Outputs
join (Sums a, Sums b, Vector factor, Vector least)
{
  const __m512i even = _mm512_setr_epi32 (
      0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32 (even, _mm512_set1_epi32 (1));
#if KERNEL_STEPS
  const Signed sums =
      (Signed) _mm512_add_epi32 (_mm512_permutex2var_epi32 (a, even, b),
          _mm512_permutex2var_epi32 (a, odd, b));

  return steps_from_f32 (__builtin_convertvector(sums, Vector) * factor);
#else
  const __m512 sums = _mm512_add_ps (
      _mm512_permutex2var_ps (a, even, b), _mm512_permutex2var_ps (a, odd, b));

  return maximum_f32 (least, (Vector) sums); /* a NaN stays one */
#endif
}

void
KERNEL_RUN (const NucsegNarrowConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gint first, gint end)
{
  const Vector factor = load_f32 (self->factor);
  const Vector least = (Vector){ 0 } - (self->relu ? 0.0f : INFINITY);
  const gsize size = NUCSEG_NARROW_OUTPUTS * ELEMENT;
  const gsize step = (gsize) out->pitch * ELEMENT;
  const gint left = self->padding;
  const gint right = in->width + self->padding - (PIXELS + SIDE - 1);

  for (gint y = first; y < end; y++) {
    const gint top = y - self->padding;
    const gint ky_end = MIN (SIDE, in->height - top);
    guint8 *to = (guint8 *) pixel (out, y, 0);
    gint x = 0;

    while (x < out->width) {
      if (x >= left && x <= right) {
        Sums sums[PIXELS];

#pragma GCC unroll 12
        for (gint p = 0; p < PIXELS; p++)
          sums[p] = start (self);
        for (gint ky = MAX (0, -top); ky < ky_end; ky++)
          add_row (self, pixel (in, top + ky, x - self->padding), in->pitch, ky,
              sums);
#pragma GCC unroll 12
        for (gint p = 0; p < PIXELS; p += 2) {
          const Outputs two = join (sums[p], sums[p + 1], factor, least);

          memcpy (to, &two, size);
          memcpy (to + step, (const guint8 *) &two + size, size);
          to += 2 * step;
        }
        x += PIXELS;
      } else {
        const Sums sum = sum_one (self, in, y, x);
        const Outputs twice = join (sum, sum, factor, least);

        memcpy (to, &twice, size);
        to += step;
        x++;
      }
    }
  }
}
