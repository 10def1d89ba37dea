/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * u8-template.h: the kernels' code for steps, unsigned integers of 8
 * bits, for one instruction set. A file that includes it defines
 *
 *   KERNEL_TABLE     name of the table that it makes
 *   KERNEL_NAME      string in the table
 *   LANES            elements that are worked on at once: 4, with AVX2 8, or
 *                    with AVX-512 8 or 16
 *
 * Pooling, up-sampling and averaging are in integers; what comes from or goes
 * to f32 rounds to nearest even, as docs/model-format.md says.
 */
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/lanes.h"

typedef guint8 Element;

#include "cpu/kernels/moves-template.h"

static inline Bits
widen (Steps v)
{
#if LANES == 16
  return (Bits) _mm512_cvtepu8_epi32 ((__m128i) v);
#elif LANES == 8
  return (Bits) _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) &v));
#else
  return __builtin_convertvector(v, Bits);
#endif
}

static inline Steps
maximum (Steps a, Steps b)
{
#if LANES == 16
  return (Steps) _mm_max_epu8 ((__m128i) a, (__m128i) b);
#else
  const Steps larger = (Steps) (a > b);

  return (a & larger) | (b & ~larger);
#endif
}

static void
multiply (const NucsegTensor *in, const gfloat *weights,
    const NucsegTensor *out, gint first, gint end)
{
  const gint channels = in->channels;
  const gfloat ratio = in->scale / out->scale;

  for (gint y = first; y < end; y++) {
    for (gint x = 0; x < in->width; x++) {
      const guint8 *from = pixel (in, y, x);
      guint8 *to = pixel (out, y, x);
      gint c = 0;

      for (; c + LANES <= channels; c += LANES)
        store_steps (to + c,
            steps_from_f32 (f32_from_steps (load_steps (from + c))
                * (load_f32 (weights + c) * ratio)));
      for (; c < channels; c++)
        to[c] = step_from_f32 (from[c] * (weights[c] * ratio));
    }
  }
}

/* Two by two pixels, one of the pooled ones. */
static inline void
multiply_pool_block (const NucsegTensor *in, const gfloat *weights,
    gfloat ratio, const NucsegTensor *out, const NucsegTensor *pooled, gint y,
    gint x)
{
  const gint channels = in->channels;
  const gsize in_row = (gsize) in->width * in->pitch;
  const gsize out_row = (gsize) out->width * out->pitch;
  const guint8 *from = pixel (in, 2 * y, 2 * x);
  guint8 *to = pixel (out, 2 * y, 2 * x);
  guint8 *best = pixel (pooled, y, x);
  gint c = 0;

  for (; c + LANES <= channels; c += LANES) {
    const Vector w = load_f32 (weights + c) * ratio;
    const Steps v00 =
        steps_from_f32 (f32_from_steps (load_steps (from + c)) * w);
    const Steps v01 =
        steps_from_f32 (f32_from_steps (load_steps (from + in->pitch + c)) * w);
    const Steps v10 =
        steps_from_f32 (f32_from_steps (load_steps (from + in_row + c)) * w);
    const Steps v11 = steps_from_f32 (
        f32_from_steps (load_steps (from + in_row + in->pitch + c)) * w);

    store_steps (to + c, v00);
    store_steps (to + out->pitch + c, v01);
    store_steps (to + out_row + c, v10);
    store_steps (to + out_row + out->pitch + c, v11);
    store_steps (best + c, maximum (maximum (v00, v01), maximum (v10, v11)));
  }
  for (; c < channels; c++) {
    const gfloat w = weights[c] * ratio;
    const guint8 v00 = step_from_f32 (from[c] * w);
    const guint8 v01 = step_from_f32 (from[in->pitch + c] * w);
    const guint8 v10 = step_from_f32 (from[in_row + c] * w);
    const guint8 v11 = step_from_f32 (from[in_row + in->pitch + c] * w);

    to[c] = v00;
    to[out->pitch + c] = v01;
    to[out_row + c] = v10;
    to[out_row + out->pitch + c] = v11;
    best[c] = MAX (MAX (v00, v01), MAX (v10, v11));
  }
}

static void
multiply_pool (const NucsegTensor *in, const gfloat *weights,
    const NucsegTensor *out, const NucsegTensor *pooled, gint first, gint end)
{
  const gfloat ratio = in->scale / out->scale;

  for (gint y = first; y < end; y++) {
    for (gint x = 0; x < pooled->width; x++)
      multiply_pool_block (in, weights, ratio, out, pooled, y, x);
    if (in->width > 2 * pooled->width) {
      /* The odd last column has no part in the maxima. */
      NucsegTensor from = *in, to = *out;

      from.data = pixel (in, 2 * y, in->width - 1);
      to.data = pixel (out, 2 * y, in->width - 1);
      from.width = to.width = 1;
      from.pitch = in->width * in->pitch;
      to.pitch = out->width * out->pitch;
      multiply (&from, weights, &to, 0, 2);
    }
  }
  if (end == pooled->height)
    multiply (in, weights, out, 2 * pooled->height, in->height);
}

static void
max_pool (const NucsegTensor *in, const NucsegTensor *out, gint kernel,
    gint stride, gint first, gint end)
{
  const gint channels = in->channels;

  for (gint y = first; y < end; y++) {
    for (gint x = 0; x < out->width; x++) {
      const guint8 *from = pixel (in, y * stride, x * stride);
      const gsize row = (gsize) in->width * in->pitch;
      guint8 *to = pixel (out, y, x);
      gint c = 0;

      for (; c + LANES <= channels; c += LANES) {
        Steps best = load_steps (from + c);

        for (gint dy = 0; dy < kernel; dy++) {
          for (gint dx = 0; dx < kernel; dx++)
            best = maximum (
                best, load_steps (from + dy * row + dx * in->pitch + c));
        }
        store_steps (to + c, best);
      }
      for (; c < channels; c++) {
        guint8 best = from[c];

        for (gint dy = 0; dy < kernel; dy++) {
          for (gint dx = 0; dx < kernel; dx++)
            best = MAX (best, from[dy * row + dx * in->pitch + c]);
        }
        to[c] = best;
      }
    }
  }
}

/* The sum of a line is exact (65536 x 255 fits); lines are added in f32. */
static void
average (const NucsegTensor *in, gint rows, gint columns, gint row, gint column,
    gfloat *out)
{
  const gint y0 = (gint) ((gint64) row * in->height / rows);
  const gint y1 = (gint) (((gint64) (row + 1) * in->height + rows - 1) / rows);
  const gint x0 = (gint) ((gint64) column * in->width / columns);
  const gint x1 =
      (gint) (((gint64) (column + 1) * in->width + columns - 1) / columns);
  const gfloat share = in->scale / ((gfloat) (y1 - y0) * (gfloat) (x1 - x0));
  gint c = 0;

  for (; c + LANES <= in->channels; c += LANES) {
    Vector sum = { 0 };

    for (gint y = y0; y < y1; y++) {
      const guint8 *p = pixel (in, y, x0) + c;
      Bits a = { 0 }, b = { 0 };
      gint x = x0;

      for (; x + 2 <= x1; x += 2, p += 2 * (gsize) in->pitch) {
        a += widen (load_steps (p));
        b += widen (load_steps (p + in->pitch));
      }
      if (x < x1)
        a += widen (load_steps (p));
      sum += __builtin_convertvector((Signed) (a + b), Vector);
    }
    sum *= share;
    memcpy (out + c, &sum, sizeof sum);
  }
  for (; c < in->channels; c++) {
    gfloat sum = 0;

    for (gint y = y0; y < y1; y++) {
      guint32 line = 0;

      for (gint x = x0; x < x1; x++)
        line += pixel (in, y, x)[c];
      sum += (gfloat) line;
    }
    out[c] = sum * share;
  }
}

/* Three parts of the near row and one of the other one. */
static inline Halves
blend_rows (const guint8 *near, const guint8 *other)
{
  const Halves a = __builtin_convertvector(load_steps (near), Halves);
  const Halves b = __builtin_convertvector(load_steps (other), Halves);

  return a * 3 + b;
}

static inline void
store_blend (guint8 *to, Halves near, Halves other)
{
  store_steps (to, __builtin_convertvector((near * 3 + other + 8) >> 4, Steps));
}

static void
upsample_bilinear (
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end)
{
  const gint channels = in->channels;
  const gint last = in->width - 1;

  for (gint y = first; y < end; y++) {
    /* Row y stands a quarter of a row away from row y / 2. */
    const gint near = y / 2;
    const gint other =
        y & 1 ? MIN (near + 1, in->height - 1) : MAX (near, 1) - 1;
    const guint8 *a = pixel (in, near, 0);
    const guint8 *b = pixel (in, other, 0);
    gint c = 0;

    for (; c + LANES <= channels; c += LANES) {
      guint8 *to = pixel (out, y, 0) + c;
      Halves here = blend_rows (a + c, b + c);
      Halves before = here;

      for (gint x = 0; x <= last; x++) {
        const gsize next = (gsize) MIN (x + 1, last) * in->pitch + c;
        const Halves after = blend_rows (a + next, b + next);

        store_blend (to, here, before);
        store_blend (to + out->pitch, here, after);
        to += 2 * (gsize) out->pitch;
        before = here;
        here = after;
      }
    }
    for (; c < channels; c++) {
      guint8 *to = pixel (out, y, 0) + c;
      guint here = a[c] * 3u + b[c];
      guint before = here;

      for (gint x = 0; x <= last; x++) {
        const gsize next = (gsize) MIN (x + 1, last) * in->pitch + c;
        const guint after = a[next] * 3u + b[next];

        to[0] = (guint8) ((here * 3 + before + 8) >> 4);
        to[out->pitch] = (guint8) ((here * 3 + after + 8) >> 4);
        to += 2 * (gsize) out->pitch;
        before = here;
        here = after;
      }
    }
  }
}

static void
to_f32 (const void *in, gfloat scale, gfloat *out, gsize n)
{
  const guint8 *from = in;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES) {
    const Vector v = f32_from_steps (load_steps (from + i)) * scale;

    memcpy (out + i, &v, sizeof v);
  }
  for (; i < n; i++)
    out[i] = from[i] * scale;
}

static void
from_f32 (const gfloat *in, gfloat scale, void *out, gsize n)
{
  const gfloat inverse = 1 / scale;
  guint8 *to = out;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    store_steps (to + i, steps_from_f32 (load_f32 (in + i) * inverse));
  for (; i < n; i++)
    to[i] = step_from_f32 (in[i] * inverse);
}

const NucsegKernels KERNEL_TABLE = {
  .name = KERNEL_NAME,
  .copy = copy,
  .multiply = multiply,
  .multiply_pool = multiply_pool,
  .max_pool = max_pool,
  .average = average,
  .upsample_nearest = upsample_nearest,
  .upsample_bilinear = upsample_bilinear,
  .to_f32 = to_f32,
  .from_f32 = from_f32,
};
