/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quantised.c: what int8 does otherwise than f32. Steps (0 to 255) are kept in
 * f32 tensors, which hold them and their sums exactly.
 */
#include "cpu/reference/reference.h"

#include <math.h>

static gsize
count (NucsegShape shape)
{
  return (gsize) shape.height * shape.width * shape.channels;
}

gfloat
nucseg_ref_step (gfloat x)
{
  /* A NaN is no step. */
  if (!(x > 0))
    return 0;
  return x < 255 ? rintf (x) : 255;
}

void
nucseg_ref_quantise (gfloat scale, gfloat *values, NucsegShape shape)
{
  gfloat inverse = 1 / scale;

  for (gsize i = 0; i < count (shape); i++)
    values[i] = nucseg_ref_step (values[i] * inverse);
}

void
nucseg_ref_dequantise (
    gfloat scale, const gfloat *steps, gfloat *values, NucsegShape shape)
{
  for (gsize i = 0; i < count (shape); i++)
    values[i] = steps[i] * scale;
}

void
nucseg_ref_scale_sums (const gfloat *factors, gboolean steps,
    NucsegActivation activation, gfloat *values, NucsegShape shape)
{
  for (gsize i = 0; i < (gsize) shape.height * shape.width; i++)
    for (gint c = 0; c < shape.channels; c++, values++) {
      gfloat x = *values * factors[c];

      *values =
          steps ? nucseg_ref_step (x) : nucseg_ref_activate (activation, x);
    }
}

void
nucseg_ref_mul_steps (const gfloat *in, gfloat in_scale, const gfloat *factors,
    gfloat *out, gfloat out_scale, NucsegShape shape)
{
  gfloat ratio = in_scale / out_scale;

  for (gsize i = 0; i < (gsize) shape.height * shape.width; i++)
    for (gint c = 0; c < shape.channels; c++)
      *out++ = nucseg_ref_step (*in++ * (factors[c] * ratio));
}

/* Row (or column) i of the output lies a quarter of a step away from row i / 2
 * of the input, towards the one before it or behind it. */
static gint
other (gint i, gint n)
{
  return i % 2 == 0 ? MAX (i / 2 - 1, 0) : MIN (i / 2 + 1, n - 1);
}

void
nucseg_ref_bilinear_steps (
    const gfloat *in, NucsegShape in_shape, gfloat *out, NucsegShape out_shape)
{
  gint channels = in_shape.channels;

  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++) {
      gsize near_row = (gsize) (y / 2) * in_shape.width;
      gsize far_row = (gsize) other (y, in_shape.height) * in_shape.width;
      gint far_x = other (x, in_shape.width);

      for (gint c = 0; c < channels; c++) {
        gint sum = 9 * (gint) in[(near_row + x / 2) * channels + c]
            + 3 * (gint) in[(near_row + far_x) * channels + c]
            + 3 * (gint) in[(far_row + x / 2) * channels + c]
            + (gint) in[(far_row + far_x) * channels + c];

        *out++ = (gfloat) ((sum + 8) / 16);
      }
    }
}

gboolean
nucseg_ref_conv_pack_steps (const NucsegConv *conv, gfloat in_scale,
    gfloat out_scale, gfloat *packed, gfloat **bias, gfloat **factors)
{
  gsize n = (gsize) conv->out_channels * (conv->in_channels / conv->groups)
      * conv->kernel_h * conv->kernel_w;
  NucsegQuantised quantised;
  NucsegConv integers = *conv;
  gfloat *weight = g_try_new (gfloat, n);

  if (weight == NULL
      || !nucseg_quantised_init (&quantised, conv, in_scale, out_scale)) {
    g_free (weight);
    return FALSE;
  }
  for (gsize i = 0; i < n; i++)
    weight[i] = quantised.weight[i];
  integers.weight = weight;
  nucseg_ref_conv_pack (&integers, NUCSEG_PRECISION_F32, packed);
  *bias = g_steal_pointer (&quantised.bias);
  *factors = g_steal_pointer (&quantised.factor);
  nucseg_quantised_clear (&quantised);
  g_free (weight);
  return TRUE;
}
