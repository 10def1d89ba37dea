/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conv.c: convolution with bias and activation. Products are summed in double
 * precision: the reference is what others' rounding is measured against.
 */
#include "cpu/reference/reference.h"

#include <math.h>
#include <string.h>

gfloat
nucseg_ref_round_bf16 (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof (bits));
  if ((bits & 0x7fffffff) > 0x7f800000)
    return value;
  bits += 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000;
  memcpy (&value, &bits, sizeof (bits));
  return value;
}

gfloat
nucseg_ref_round_f16 (gfloat value)
{
  gfloat magnitude = fabsf (value), step;
  gint exponent;

  if (isnan (value))
    return value;
  if (magnitude >= NUCSEG_F16_MAX)
    return copysignf (NUCSEG_F16_MAX, value);
  /* One of 11 bits; below 2^-14 all steps are 2^-24. Both the quotient and the
   * product are exact. */
  frexpf (magnitude, &exponent);
  step = ldexpf (1, MAX (exponent - 11, -24));
  return copysignf (rintf (magnitude / step) * step, value);
}

gfloat
nucseg_ref_round (NucsegPrecision precision, gfloat value)
{
  switch (precision) {
  case NUCSEG_PRECISION_BF16:
    return nucseg_ref_round_bf16 (value);
  case NUCSEG_PRECISION_F16:
    return nucseg_ref_round_f16 (value);
  default:
    return value;
  }
}

void
nucseg_ref_conv_pack (
    const NucsegConv *conv, NucsegPrecision round, gfloat *packed)
{
  gint n_in = conv->in_channels / conv->groups;
  gint n_out = conv->out_channels / conv->groups;

  for (gint g = 0; g < conv->groups; g++)
    for (gint ky = 0; ky < conv->kernel_h; ky++)
      for (gint kx = 0; kx < conv->kernel_w; kx++)
        for (gint i = 0; i < n_in; i++)
          for (gint o = 0; o < n_out; o++) {
            gsize row = ((gsize) (g * n_out + o) * n_in + i) * conv->kernel_h;
            gfloat w = conv->weight[(row + ky) * conv->kernel_w + kx];

            *packed++ = nucseg_ref_round (round, w);
          }
}

gfloat
nucseg_ref_activate (NucsegActivation activation, gdouble x)
{
  switch (activation) {
  case NUCSEG_ACTIVATION_RELU:
    return (gfloat) MAX (x, 0);
  case NUCSEG_ACTIVATION_SIGMOID:
    return (gfloat) (1 / (1 + exp (-x)));
  default:
    return (gfloat) x;
  }
}

void
nucseg_ref_conv (const NucsegConv *conv, const gfloat *packed, gdouble *sums,
    const gfloat *in, NucsegShape in_shape, gfloat *out, NucsegShape out_shape)
{
  gint n_in = conv->in_channels / conv->groups;
  gint n_out = conv->out_channels / conv->groups;
  gsize n_packed = (gsize) conv->kernel_h * conv->kernel_w * n_in * n_out;

  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++)
      for (gint g = 0; g < conv->groups; g++) {
        const gfloat *w = packed + g * n_packed;

        for (gint o = 0; o < n_out; o++)
          sums[o] = conv->bias ? conv->bias[g * n_out + o] : 0;

        for (gint ky = 0; ky < conv->kernel_h; ky++)
          for (gint kx = 0; kx < conv->kernel_w; kx++) {
            gint iy = y * conv->stride - conv->padding + ky * conv->dilation;
            gint ix = x * conv->stride - conv->padding + kx * conv->dilation;
            const gfloat *pixel;

            if (iy < 0 || iy >= in_shape.height || ix < 0
                || ix >= in_shape.width) {
              w += (gsize) n_in * n_out;
              continue;
            }
            pixel = in + ((gsize) iy * in_shape.width + ix) * in_shape.channels
                + g * n_in;
            for (gint i = 0; i < n_in; i++)
              for (gint o = 0; o < n_out; o++)
                sums[o] += (gdouble) pixel[i] * *w++;
          }

        for (gint o = 0; o < n_out; o++)
          *out++ = nucseg_ref_activate (conv->activation, sums[o]);
      }
}
