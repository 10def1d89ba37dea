/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grey-conv-template.h: the kernel of grey-conv.h, a part of
 * template.h for f32, AVX2 and AVX-512. The outputs of one pixel are the
 * lanes: an input of a tap, the same in all lanes, times one vector of weights.
 * Taps are added row by row and the bias comes last, as in oneDNN: another
 * order of f32 sums would round some pixels to other steps.
 */

/* Pixels whose sums are kept in registers, so that a vector of weights is read
 * once for all of them. */
#define GREY_PIXELS (LANES == 16 ? 12 : 8)

/* Sums of GREY_PIXELS pixels from (@x, @y) on, outputs @c to @c + LANES, all of
 * whose taps lie in the frame. @side is the kernel's, both ways, @n the
 * channels: inputs of a row of taps lie one after the other. */
static inline __attribute__ ((always_inline)) void
grey_sums (const NucsegGreyConv *self, const NucsegTensor *in, gint y, gint x,
    gint c, const gint side, const gint n, Vector *sums)
{
  const NucsegConv *conv = &self->conv;

  for (gint p = 0; p < GREY_PIXELS; p++)
    sums[p] = (Vector){ 0 };
#pragma GCC unroll 5
  for (gint ky = 0; ky < side; ky++) {
    const gfloat *from = pixel (in, y - conv->padding + ky, x - conv->padding);
    const gfloat *weight =
        self->weight + (gsize) ky * side * n * conv->out_channels + c;

#pragma GCC unroll 12
    for (gint k = 0; k < side * n; k++) {
      const Vector w = load_f32 (weight + (gsize) k * conv->out_channels);

      /* An input is read again for every tap, of memory: the compiler would
       * keep all of them in registers, of which there are not enough. */
      if (n > 1)
        FORGET (from);
      for (gint p = 0; p < GREY_PIXELS; p++)
        sums[p] += from[p * n + k] * w;
    }
  }
}

/* The same of one pixel, whose taps may lie beside the frame, where it is 0. */
static inline Vector
grey_sum (
    const NucsegGreyConv *self, const NucsegTensor *in, gint y, gint x, gint c)
{
  const NucsegConv *conv = &self->conv;
  const gint top = y - conv->padding, left = x - conv->padding;
  const gint ky_end = MIN (conv->kernel_h, in->height - top);
  const gint kx_end = MIN (conv->kernel_w, in->width - left);
  Vector sum = { 0 };

  for (gint ky = MAX (0, -top); ky < ky_end; ky++) {
    for (gint kx = MAX (0, -left); kx < kx_end; kx++) {
      const gfloat *from = pixel (in, top + ky, left + kx);
      const gfloat *weight = self->weight + c
          + ((gsize) ky * conv->kernel_w + kx) * conv->in_channels
              * conv->out_channels;

      for (gint i = 0; i < conv->in_channels; i++)
        sum += from[i] * load_f32 (weight + (gsize) i * conv->out_channels);
    }
  }
  return sum;
}

/* @type: of @out; @inverse: of its scale, for steps; @least: 0 for ReLU. */
static inline __attribute__ ((always_inline)) void
grey_store (const NucsegTensor *out, NucsegElement type, gint y, gint x, gint c,
    gint n, Vector bias, Vector least, gfloat inverse, const Vector *sums)
{
  gsize at = ((gsize) y * out->width + x) * out->pitch + c;

#pragma GCC unroll 12
  for (gint p = 0; p < n; p++, at += out->pitch) {
    const Vector v = maximum_f32 (least, sums[p] + bias); /* a NaN stays one */

    if (type == NUCSEG_ELEMENT_U8)
      store_steps ((guint8 *) out->data + at, steps_from_f32 (v * inverse));
    else if (type == NUCSEG_ELEMENT_BF16)
      store_bf16 ((guint16 *) out->data + at, v);
    else
      store_f32 ((gfloat *) out->data + at, v);
  }
}

/* Outputs @c to @c + LANES of row @y. @side: 0 where blocks can't be done. @n:
 * channels. */
static inline __attribute__ ((always_inline)) void
grey_row (const NucsegGreyConv *self, const NucsegTensor *in,
    const NucsegTensor *out, NucsegElement type, const gint side, const gint n,
    gint y, gint c)
{
  const gboolean relu = self->conv.activation == NUCSEG_ACTIVATION_RELU;
  const Vector least = (Vector){ 0 } - (relu ? 0.0f : INFINITY);
  const Vector bias = load_f32 (self->bias + c);
  const gfloat inverse = 1 / out->scale;
  const gint first = self->conv.padding;
  const gint last = in->width + self->conv.padding - (GREY_PIXELS + side - 1);
  Vector sums[GREY_PIXELS];
  gint x = 0;

  while (x < out->width) {
    if (side > 0 && x >= first && x <= last) {
      grey_sums (self, in, y, x, c, side, n, sums);
      grey_store (out, type, y, x, c, GREY_PIXELS, bias, least, inverse, sums);
      x += GREY_PIXELS;
    } else {
      sums[0] = grey_sum (self, in, y, x, c);
      grey_store (out, type, y, x, c, 1, bias, least, inverse, sums);
      x++;
    }
  }
}

static inline __attribute__ ((always_inline)) void
grey_rows (const NucsegGreyConv *self, const NucsegTensor *in,
    const NucsegTensor *out, NucsegElement type, gint first, gint end)
{
  const NucsegConv *conv = &self->conv;
  const gint n = conv->in_channels;
  const gint side =
      in->pitch == n && conv->kernel_h == conv->kernel_w ? conv->kernel_w : 0;

  for (gint y = first; y < end; y++) {
    const gint top = y - conv->padding;
    const gboolean inside = top >= 0 && top + conv->kernel_h <= in->height;

    for (gint c = 0; c < conv->out_channels; c += LANES) {
      if (inside && side == 3 && n == 1)
        grey_row (self, in, out, type, 3, 1, y, c);
      else if (inside && side == 3 && n == 4)
        grey_row (self, in, out, type, 3, 4, y, c);
      else if (inside && side == 5 && n == 1)
        grey_row (self, in, out, type, 5, 1, y, c);
      else
        grey_row (self, in, out, type, 0, n, y, c);
    }
  }
}

static void
grey_conv (const NucsegGreyConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gint first, gint end)
{
  if (out->type == NUCSEG_ELEMENT_U8)
    grey_rows (self, in, out, NUCSEG_ELEMENT_U8, first, end);
  else if (out->type == NUCSEG_ELEMENT_BF16)
    grey_rows (self, in, out, NUCSEG_ELEMENT_BF16, first, end);
  else
    grey_rows (self, in, out, NUCSEG_ELEMENT_F32, first, end);
}
