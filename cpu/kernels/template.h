/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * template.h: the kernels' code for one element type and instruction
 * set. A file that includes it defines
 *
 *   KERNEL_BF16      1: elements are bf16 (guint16), 0: f32
 *   KERNEL_TABLE     name of the table that it makes
 *   KERNEL_NAME      string in the table
 *   LANES            elements that are worked on at once: 4, which any target
 *                    has, 8 with AVX2 (f32), or with AVX-512 (for bf16: and
 *                    BF16) 8 or 16
 *
 * and is compiled for its instruction set. Arithmetic is in GCC's vector types.
 */
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/lanes.h"

#include <math.h>

#if KERNEL_BF16
typedef guint16 Element;
#define load load_bf16
#define store store_bf16
#else
typedef gfloat Element;
#define load load_f32
#define store store_f32
#endif

#include "cpu/kernels/moves-template.h"

static inline gfloat
load_one (const Element *p)
{
#if KERNEL_BF16
  return nucseg_f32_from_bf16 (*p);
#else
  return *p;
#endif
}

static inline void
store_one (Element *p, gfloat value)
{
#if KERNEL_BF16
  *p = nucseg_bf16_from_f32 (value);
#else
  *p = value;
#endif
}

static void
add (const NucsegTensor *const *in, guint n_inputs, const NucsegTensor *out,
    gint first, gint end)
{
  const gint channels = out->channels;

  for (gint y = first; y < end; y++) {
    for (gint x = 0; x < out->width; x++) {
      Element *to = pixel (out, y, x);
      gint c = 0;

      for (; c + LANES <= channels; c += LANES) {
        Vector sum = load (pixel (in[0], y, x) + c);
        for (guint i = 1; i < n_inputs; i++)
          sum += load (pixel (in[i], y, x) + c);
        store (to + c, sum);
      }
      for (; c < channels; c++) {
        gfloat sum = load_one (pixel (in[0], y, x) + c);
        for (guint i = 1; i < n_inputs; i++)
          sum += load_one (pixel (in[i], y, x) + c);
        store_one (to + c, sum);
      }
    }
  }
}

static void
multiply (const NucsegTensor *in, const gfloat *weights,
    const NucsegTensor *out, gint first, gint end)
{
  const gint channels = in->channels;

  for (gint y = first; y < end; y++) {
    for (gint x = 0; x < in->width; x++) {
      const Element *from = pixel (in, y, x);
      Element *to = pixel (out, y, x);
      gint c = 0;

      for (; c + LANES <= channels; c += LANES)
        store (to + c, load (from + c) * load_f32 (weights + c));
      for (; c < channels; c++)
        store_one (to + c, load_one (from + c) * weights[c]);
    }
  }
}

/* Two by two pixels, one of the pooled ones. */
static inline void
multiply_pool_block (const NucsegTensor *in, const gfloat *weights,
    const NucsegTensor *out, const NucsegTensor *pooled, gint y, gint x)
{
  const gint channels = in->channels;
  const gsize in_row = (gsize) in->width * in->pitch;
  const gsize out_row = (gsize) out->width * out->pitch;
  const Element *from = pixel (in, 2 * y, 2 * x);
  Element *to = pixel (out, 2 * y, 2 * x);
  Element *best = pixel (pooled, y, x);
  gint c = 0;

  for (; c + LANES <= channels; c += LANES) {
    const Vector w = load_f32 (weights + c);
    const Vector v00 = load (from + c) * w;
    const Vector v01 = load (from + in->pitch + c) * w;
    const Vector v10 = load (from + in_row + c) * w;
    const Vector v11 = load (from + in_row + in->pitch + c) * w;

    store (to + c, v00);
    store (to + out->pitch + c, v01);
    store (to + out_row + c, v10);
    store (to + out_row + out->pitch + c, v11);
    store (
        best + c, maximum_f32 (maximum_f32 (v00, v01), maximum_f32 (v10, v11)));
  }
  for (; c < channels; c++) {
    const gfloat w = weights[c];
    const gfloat v00 = load_one (from + c) * w;
    const gfloat v01 = load_one (from + in->pitch + c) * w;
    const gfloat v10 = load_one (from + in_row + c) * w;
    const gfloat v11 = load_one (from + in_row + in->pitch + c) * w;

    store_one (to + c, v00);
    store_one (to + out->pitch + c, v01);
    store_one (to + out_row + c, v10);
    store_one (to + out_row + out->pitch + c, v11);
    store_one (best + c, MAX (MAX (v00, v01), MAX (v10, v11)));
  }
}

static void
multiply_pool (const NucsegTensor *in, const gfloat *weights,
    const NucsegTensor *out, const NucsegTensor *pooled, gint first, gint end)
{
  for (gint y = first; y < end; y++) {
    for (gint x = 0; x < pooled->width; x++)
      multiply_pool_block (in, weights, out, pooled, y, x);
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
      Element *to = pixel (out, y, x);
      gint c = 0;

      for (; c + LANES <= channels; c += LANES) {
        Vector best = load (pixel (in, y * stride, x * stride) + c);
        for (gint dy = 0; dy < kernel; dy++) {
          for (gint dx = 0; dx < kernel; dx++)
            best = maximum_f32 (
                best, load (pixel (in, y * stride + dy, x * stride + dx) + c));
        }
        store (to + c, best);
      }
      for (; c < channels; c++) {
        gfloat best = load_one (pixel (in, y * stride, x * stride) + c);
        for (gint dy = 0; dy < kernel; dy++) {
          for (gint dx = 0; dx < kernel; dx++) {
            gfloat v =
                load_one (pixel (in, y * stride + dy, x * stride + dx) + c);
            best = MAX (best, v);
          }
        }
        store_one (to + c, best);
      }
    }
  }
}

/* Sum of the @n pixels from @p on, @pitch apart; rows of a cell are summed one
 * by one, so that no sum grows long and loses digits. */
static inline Vector
sum_pixels (const Element *p, gsize pitch, gint n)
{
  Vector a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
  gint i = 0;

  for (; i + 4 <= n; i += 4, p += 4 * pitch) {
    a += load (p);
    b += load (p + pitch);
    c += load (p + 2 * pitch);
    d += load (p + 3 * pitch);
  }
  for (; i < n; i++, p += pitch)
    a += load (p);
  return (a + b) + (c + d);
}

static void
average (const NucsegTensor *in, gint rows, gint columns, gint row, gint column,
    gfloat *out)
{
  const gint y0 = (gint) ((gint64) row * in->height / rows);
  const gint y1 = (gint) (((gint64) (row + 1) * in->height + rows - 1) / rows);
  const gint x0 = (gint) ((gint64) column * in->width / columns);
  const gint x1 =
      (gint) (((gint64) (column + 1) * in->width + columns - 1) / columns);
  const gfloat share = 1.0f / ((gfloat) (y1 - y0) * (gfloat) (x1 - x0));
  gint c = 0;

  for (; c + LANES <= in->channels; c += LANES) {
    Vector sum = { 0 };
    for (gint y = y0; y < y1; y++)
      sum += sum_pixels (pixel (in, y, x0) + c, in->pitch, x1 - x0);
    sum *= share;
    memcpy (out + c, &sum, sizeof sum);
  }
  for (; c < in->channels; c++) {
    gfloat sum = 0;
    for (gint y = y0; y < y1; y++) {
      gfloat line = 0;
      for (gint x = x0; x < x1; x++)
        line += load_one (pixel (in, y, x) + c);
      sum += line;
    }
    out[c] = sum * share;
  }
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
    const Element *a = pixel (in, near, 0);
    const Element *b = pixel (in, other, 0);
    gint c = 0;

    for (; c + LANES <= channels; c += LANES) {
      Element *to = pixel (out, y, 0) + c;
      Vector here = load (a + c) * 0.75f + load (b + c) * 0.25f;
      Vector before = here;

      for (gint x = 0; x <= last; x++) {
        const gsize next = (gsize) MIN (x + 1, last) * in->pitch + c;
        const Vector after = load (a + next) * 0.75f + load (b + next) * 0.25f;

        store (to, here * 0.75f + before * 0.25f);
        store (to + out->pitch, here * 0.75f + after * 0.25f);
        to += 2 * (gsize) out->pitch;
        before = here;
        here = after;
      }
    }
    for (; c < channels; c++) {
      Element *to = pixel (out, y, 0) + c;
      gfloat here = load_one (a + c) * 0.75f + load_one (b + c) * 0.25f;
      gfloat before = here;

      for (gint x = 0; x <= last; x++) {
        const gsize next = (gsize) MIN (x + 1, last) * in->pitch + c;
        const gfloat after =
            load_one (a + next) * 0.75f + load_one (b + next) * 0.25f;

        store_one (to, here * 0.75f + before * 0.25f);
        store_one (to + out->pitch, here * 0.75f + after * 0.25f);
        to += 2 * (gsize) out->pitch;
        before = here;
        here = after;
      }
    }
  }
}

static void
space_to_depth (const NucsegTensor *in, const NucsegTensor *out, gint block,
    gint first, gint end)
{
  const gint channels = in->channels;

  for (gint y = first; y < end; y++) {
    for (gint dy = 0; dy < block; dy++) {
      const Element *from = pixel (in, y * block + dy, 0);
      Element *to = pixel (out, y, 0) + dy * block * channels;

      if (channels == 1 && in->pitch == 1 && block == 2) {
        for (gint x = 0; x < out->width; x++)
          memcpy (
              to + (gsize) x * out->pitch, from + 2 * x, 2 * sizeof (Element));
        continue;
      }
      for (gint x = 0; x < out->width; x++, to += out->pitch) {
        for (gint dx = 0; dx < block; dx++, from += in->pitch)
          memcpy (to + dx * channels, from, channels * sizeof (Element));
      }
    }
  }
}

static void
depth_to_space (const NucsegTensor *in, const NucsegTensor *out, gint block,
    gint first, gint end)
{
  const gint channels = out->channels;

  for (gint y = first; y < end; y++) {
    for (gint dy = 0; dy < block; dy++) {
      const Element *from = pixel (in, y, 0) + dy * block * channels;
      Element *to = pixel (out, y * block + dy, 0);

      for (gint x = 0; x < in->width; x++, from += in->pitch) {
        for (gint dx = 0; dx < block; dx++, to += out->pitch)
          memcpy (to, from + dx * channels, channels * sizeof (Element));
      }
    }
  }
}

static void
to_f32 (const void *in, gfloat scale, gfloat *out, gsize n)
{
  const Element *from = in;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES) {
    Vector v = load (from + i);
    memcpy (out + i, &v, sizeof v);
  }
  for (; i < n; i++)
    out[i] = load_one (from + i);
}

static void
from_f32 (const gfloat *in, gfloat scale, void *out, gsize n)
{
  Element *to = out;
  gsize i = 0;

  for (; i + LANES <= n; i += LANES)
    store (to + i, load_f32 (in + i));
  for (; i < n; i++)
    store_one (to + i, in[i]);
}

#if !KERNEL_BF16
#include "cpu/kernels/split-maps-template.h"
#endif
#if LANES > 4 && !KERNEL_BF16
#include "cpu/kernels/grey-conv-template.h"
#endif

const NucsegKernels KERNEL_TABLE = {
  .name = KERNEL_NAME,
  .copy = copy,
  .add = add,
  .multiply = multiply,
  .multiply_pool = multiply_pool,
  .max_pool = max_pool,
  .average = average,
  .upsample_nearest = upsample_nearest,
  .upsample_bilinear = upsample_bilinear,
  .space_to_depth = space_to_depth,
  .depth_to_space = depth_to_space,
#if !KERNEL_BF16
  .split_maps = split_maps,
#endif
#if LANES > 4 && !KERNEL_BF16
  .grey_conv = grey_conv,
#endif
  .to_f32 = to_f32,
  .from_f32 = from_f32,
};
