/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernels-u8-template.h: the kernels' code for steps, unsigned integers of 8
 * bits, for one instruction set. A file that includes it defines
 *
 *   KERNEL_TABLE     name of the table that it makes
 *   KERNEL_NAME      string in the table
 *   LANES            elements that are worked on at once: 4, or with AVX-512 8
 *                    or 16
 *
 * Pooling, up-sampling and averaging are in integers; what comes from or goes
 * to f32 rounds to nearest even, as docs/model-format.md says.
 */
#include "cpu/copy-pixels.h"
#include "cpu/kernels.h"

#include <string.h>

#if LANES == 16
#include <immintrin.h>
#endif

typedef guint8 Steps __attribute__ ((vector_size (LANES)));
typedef guint16 Wide __attribute__ ((vector_size (LANES * 2)));
typedef guint32 Bits __attribute__ ((vector_size (LANES * 4)));
typedef gint32 Signed __attribute__ ((vector_size (LANES * 4)));
typedef gfloat Vector __attribute__ ((vector_size (LANES * 4)));

/* Added to a number from 0 to 2^22 it leaves that number, rounded to nearest
 * even, in the low bits. */
#define ROUND 0x1.8p23f

static inline guint8 *
pixel (const NucsegTensor *t, gint y, gint x)
{
  return (guint8 *) t->data + ((gsize) y * t->width + x) * t->pitch;
}

static inline Steps
load (const guint8 *p)
{
  Steps v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
store (guint8 *p, Steps v)
{
  memcpy (p, &v, sizeof v);
}

static inline Vector
load_f32 (const gfloat *p)
{
  Vector v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline Vector
to_vector (Steps v)
{
#if LANES == 16
  return (Vector) _mm512_cvtepi32_ps (_mm512_cvtepu8_epi32 ((__m128i) v));
#else
  return __builtin_convertvector(__builtin_convertvector(v, Signed), Vector);
#endif
}

/* Rounded and kept within 0..255; NaN becomes 0. */
static inline Steps
to_steps (Vector v)
{
#if LANES == 16
  /* Of a NaN and 0 this takes the second, 0. */
  const __m512 clipped = _mm512_max_ps ((__m512) v, _mm512_setzero_ps ());

  return (Steps) _mm512_cvtusepi32_epi8 (
      _mm512_cvtps_epi32 (_mm512_min_ps (clipped, _mm512_set1_ps (255.0f))));
#else
  const Bits above = (Bits) (v > 0.0f);
  const Bits below = (Bits) (v < 255.0f);
  const Vector most = (Vector){ 0 } + 255.0f;
  Vector clipped = (Vector) (((Bits) v & below) | ((Bits) most & ~below));

  clipped = (Vector) ((Bits) clipped & above);
  clipped += ROUND;
  return __builtin_convertvector((Bits) clipped & 255u, Steps);
#endif
}

static inline guint8
to_step (gfloat value)
{
  union {
    gfloat value;
    guint32 bits;
  } u = { !(value > 0.0f) ? 0.0f : value < 255.0f ? value : 255.0f };

  u.value += ROUND;
  return (guint8) (u.bits & 255u);
}

static inline Bits
widen (Steps v)
{
#if LANES == 16
  return (Bits) _mm512_cvtepu8_epi32 ((__m128i) v);
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
copy (const NucsegTensor *in, const NucsegTensor *out, gint first, gint end)
{
  const gsize bytes = (gsize) in->channels;

  for (gint y = first; y < end; y++) {
    if (in->pitch == in->channels && out->pitch == in->channels)
      memcpy (pixel (out, y, 0), pixel (in, y, 0), bytes * in->width);
    else
      nucseg_copy_pixels (pixel (out, y, 0), (gsize) out->pitch,
          pixel (in, y, 0), (gsize) in->pitch, bytes, (gsize) in->width);
  }
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
        store (to + c,
            to_steps (to_vector (load (from + c))
                * (load_f32 (weights + c) * ratio)));
      for (; c < channels; c++)
        to[c] = to_step (from[c] * (weights[c] * ratio));
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
    const Steps v00 = to_steps (to_vector (load (from + c)) * w);
    const Steps v01 = to_steps (to_vector (load (from + in->pitch + c)) * w);
    const Steps v10 = to_steps (to_vector (load (from + in_row + c)) * w);
    const Steps v11 =
        to_steps (to_vector (load (from + in_row + in->pitch + c)) * w);

    store (to + c, v00);
    store (to + out->pitch + c, v01);
    store (to + out_row + c, v10);
    store (to + out_row + out->pitch + c, v11);
    store (best + c, maximum (maximum (v00, v01), maximum (v10, v11)));
  }
  for (; c < channels; c++) {
    const gfloat w = weights[c] * ratio;
    const guint8 v00 = to_step (from[c] * w);
    const guint8 v01 = to_step (from[in->pitch + c] * w);
    const guint8 v10 = to_step (from[in_row + c] * w);
    const guint8 v11 = to_step (from[in_row + in->pitch + c] * w);

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
        Steps best = load (from + c);

        for (gint dy = 0; dy < kernel; dy++) {
          for (gint dx = 0; dx < kernel; dx++)
            best = maximum (best, load (from + dy * row + dx * in->pitch + c));
        }
        store (to + c, best);
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
        a += widen (load (p));
        b += widen (load (p + in->pitch));
      }
      if (x < x1)
        a += widen (load (p));
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

static void
upsample_nearest (
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end)
{
  const gsize bytes = (gsize) in->channels;

  for (gint y = first; y < end; y++) {
    for (gint odd = 0; odd < 2; odd++)
      nucseg_copy_pixels (pixel (out, y, odd), 2 * (gsize) out->pitch,
          pixel (in, y / 2, 0), (gsize) in->pitch, bytes, (gsize) in->width);
  }
}

/* Three parts of the near row and one of the other one. */
static inline Wide
blend_rows (const guint8 *near, const guint8 *other)
{
  const Wide a = __builtin_convertvector(load (near), Wide);
  const Wide b = __builtin_convertvector(load (other), Wide);

  return a * 3 + b;
}

static inline void
store_blend (guint8 *to, Wide near, Wide other)
{
  store (to, __builtin_convertvector((near * 3 + other + 8) >> 4, Steps));
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
      Wide here = blend_rows (a + c, b + c);
      Wide before = here;

      for (gint x = 0; x <= last; x++) {
        const gsize next = (gsize) MIN (x + 1, last) * in->pitch + c;
        const Wide after = blend_rows (a + next, b + next);

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
    const Vector v = to_vector (load (from + i)) * scale;

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
    store (to + i, to_steps (load_f32 (in + i) * inverse));
  for (; i < n; i++)
    to[i] = to_step (in[i] * inverse);
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
