/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ops.c: the operations that have no weights.
 */
#include "cpu/reference/reference.h"

static gsize
offset (NucsegShape shape, gint y, gint x)
{
  return ((gsize) y * shape.width + x) * shape.channels;
}

void
nucseg_ref_max_pool (gint kernel, gint stride, const gfloat *in,
    NucsegShape in_shape, gfloat *out, NucsegShape out_shape)
{
  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++)
      for (gint c = 0; c < out_shape.channels; c++) {
        gfloat most = in[offset (in_shape, y * stride, x * stride) + c];

        for (gint ky = 0; ky < kernel; ky++)
          for (gint kx = 0; kx < kernel; kx++) {
            gfloat v =
                in[offset (in_shape, y * stride + ky, x * stride + kx) + c];

            most = MAX (most, v);
          }
        *out++ = most;
      }
}

void
nucseg_ref_avg_pool (
    const gfloat *in, NucsegShape in_shape, gfloat *out, NucsegShape out_shape)
{
  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++) {
      gint m = out_shape.height, n = out_shape.width;
      gint top = y * in_shape.height / m;
      gint bottom = ((y + 1) * in_shape.height + m - 1) / m;
      gint left = x * in_shape.width / n;
      gint right = ((x + 1) * in_shape.width + n - 1) / n;

      for (gint c = 0; c < in_shape.channels; c++) {
        gdouble sum = 0;

        for (gint iy = top; iy < bottom; iy++)
          for (gint ix = left; ix < right; ix++)
            sum += in[offset (in_shape, iy, ix) + c];
        *out++ = (gfloat) (sum / ((gdouble) (bottom - top) * (right - left)));
      }
    }
}

/* Output i of a line of n samples stands between samples @a and @b of the
 * source: (1 - share) a + share b. */
static void
bilinear_taps (gint i, gint n, gint *a, gint *b, gfloat *share)
{
  gfloat position = MAX ((i + 0.5f) / 2 - 0.5f, 0);

  *a = (gint) position;
  *b = MIN (*a + 1, n - 1);
  *share = position - *a;
}

void
nucseg_ref_upsample (NucsegUpsample mode, const gfloat *in,
    NucsegShape in_shape, gfloat *out, NucsegShape out_shape)
{
  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++) {
      gint top, bottom, left, right;
      gfloat fy, fx;

      if (mode == NUCSEG_UPSAMPLE_NEAREST) {
        const gfloat *pixel = in + offset (in_shape, y / 2, x / 2);

        for (gint c = 0; c < out_shape.channels; c++)
          *out++ = pixel[c];
        continue;
      }
      bilinear_taps (y, in_shape.height, &top, &bottom, &fy);
      bilinear_taps (x, in_shape.width, &left, &right, &fx);
      for (gint c = 0; c < out_shape.channels; c++) {
        gfloat upper = (1 - fx) * in[offset (in_shape, top, left) + c]
            + fx * in[offset (in_shape, top, right) + c];
        gfloat lower = (1 - fx) * in[offset (in_shape, bottom, left) + c]
            + fx * in[offset (in_shape, bottom, right) + c];

        *out++ = (1 - fy) * upper + fy * lower;
      }
    }
}

void
nucseg_ref_concat (const gfloat *in, NucsegShape in_shape, gint first_channel,
    gfloat *out, NucsegShape out_shape)
{
  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++)
      for (gint c = 0; c < in_shape.channels; c++)
        out[offset (out_shape, y, x) + first_channel + c] = *in++;
}

void
nucseg_ref_add (const gfloat *in, gfloat *out, NucsegShape shape)
{
  gsize n = (gsize) shape.height * shape.width * shape.channels;

  for (gsize i = 0; i < n; i++)
    out[i] += in[i];
}

void
nucseg_ref_mul (
    const gfloat *in, const gfloat *factors, gfloat *out, NucsegShape shape)
{
  gsize n = (gsize) shape.height * shape.width;

  for (gsize i = 0; i < n; i++)
    for (gint c = 0; c < shape.channels; c++)
      *out++ = *in++ * factors[c];
}

void
nucseg_ref_space_to_depth (gint block, const gfloat *in, NucsegShape in_shape,
    gfloat *out, NucsegShape out_shape)
{
  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++)
      for (gint dy = 0; dy < block; dy++)
        for (gint dx = 0; dx < block; dx++)
          for (gint c = 0; c < in_shape.channels; c++)
            *out++ = in[offset (in_shape, y * block + dy, x * block + dx) + c];
}

void
nucseg_ref_depth_to_space (gint block, const gfloat *in, NucsegShape in_shape,
    gfloat *out, NucsegShape out_shape)
{
  for (gint y = 0; y < out_shape.height; y++)
    for (gint x = 0; x < out_shape.width; x++) {
      gint cell = y % block * block + x % block;
      const gfloat *pixel = in + offset (in_shape, y / block, x / block)
          + cell * out_shape.channels;

      for (gint c = 0; c < out_shape.channels; c++)
        *out++ = pixel[c];
    }
}
