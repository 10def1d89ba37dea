/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pack.c: what the host computes once for the kernels: tables in the layout
 * that they read, thresholds, weights.
 */
#include "cuda/half.h"
#include "cuda/kernels.h"

#include <math.h>
#include <string.h>

void
nucseg_cuda_request_init (NucsegCudaRequest *request,
    const NucsegParams *params, const NucsegOutput *output, gdouble scale)
{
  gdouble threshold =
      params->threshold > 0 ? params->threshold : output->threshold;

  memset (request, 0, sizeof (*request));
  request->polarity = params->polarity;
  request->normalization = params->normalization;
  request->black_level = params->black_level;
  request->white_level = params->white_level;
  request->exclude_border = params->exclude_border ? 1 : 0;
  request->logit_limit = (gfloat) log (threshold / (1 - threshold));
  request->least_area = params->min_area >= 0
      ? params->min_area
      : output->min_area / (scale * scale);
  request->most_area = params->max_area > 0 ? params->max_area : G_MAXDOUBLE;
  request->overlay = params->overlay;
  request->alpha = (guint32) rint (CLAMP (params->overlay_alpha, 0, 1) * 256);
  request->contour_color = params->contour_color;
  request->fill_color = params->fill_color;
  request->draw_count = params->draw_count ? 1 : 0;
}

static gint
n_tiles (const NucsegFilter *filter)
{
  return (filter->n_padded + NUCSEG_CUDA_FILTER_TILE - 1)
      / NUCSEG_CUDA_FILTER_TILE;
}

/* Where weights and bases stand behind the positions. */
static gsize
weight_offset (const NucsegFilter *filter)
{
  return ((gsize) filter->n_padded * sizeof (gint) + 15) / 16 * 16;
}

static gsize
base_offset (const NucsegFilter *filter)
{
  gsize n = (gsize) filter->n_padded * filter->n_taps * sizeof (gfloat);

  return weight_offset (filter) + (n + 15) / 16 * 16;
}

gsize
nucseg_cuda_filter_size (const NucsegFilter *filter)
{
  return base_offset (filter)
      + ((gsize) n_tiles (filter) * sizeof (gint) + 15) / 16 * 16;
}

NucsegCudaFilter
nucseg_cuda_filter_pack (
    const NucsegFilter *filter, gpointer bytes, gconstpointer device)
{
  const guint8 *at = device;
  gint *base = (gint *) ((guint8 *) bytes + base_offset (filter));
  NucsegCudaFilter packed = { filter->n_in, filter->n_out, filter->n_padded,
    filter->n_taps, filter->identity, 0 };

  memset (bytes, 0, nucseg_cuda_filter_size (filter));
  memcpy (bytes, filter->first, filter->n_padded * sizeof (gint));
  memcpy ((guint8 *) bytes + weight_offset (filter), filter->weight,
      (gsize) filter->n_padded * filter->n_taps * sizeof (gfloat));
  for (gint tile = 0; tile < n_tiles (filter); tile++) {
    gint begin = tile * NUCSEG_CUDA_FILTER_TILE;
    gint end = MIN (begin + NUCSEG_CUDA_FILTER_TILE, filter->n_padded);
    gint last = G_MININT;

    base[tile] = G_MAXINT;
    for (gint i = begin; i < end; i++) {
      base[tile] = MIN (base[tile], filter->first[i]);
      last = MAX (last, filter->first[i]);
    }
    packed.span = MAX (packed.span, last - base[tile] + filter->n_taps);
  }

  packed.first = (const gint *) at;
  packed.weight = (const gfloat *) (at + weight_offset (filter));
  packed.base = (const gint *) (at + base_offset (filter));
  return packed;
}

static gfloat
round_bf16 (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof (bits));
  if ((bits & 0x7fffffff) > 0x7f800000)
    return value;
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  memcpy (&value, &bits, sizeof (value));
  return value;
}

void
nucseg_cuda_conv_pack (
    const NucsegConv *conv, NucsegCudaType round, gfloat *packed)
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

            if (round == NUCSEG_CUDA_F16)
              w = nucseg_f32_from_half (nucseg_half_from_f32 (w));
            else if (round == NUCSEG_CUDA_BF16)
              w = round_bf16 (w);
            *packed++ = w;
          }
}

void
nucseg_cuda_label_positions (const NucsegGeometry *geometry, gint *positions)
{
  for (gint axis = 0; axis < 2; axis++) {
    gint n = axis == 0 ? geometry->frame_width : geometry->frame_height;
    gint last = (axis == 0 ? geometry->net_width : geometry->net_height) - 1;

    for (gint i = 0; i < n; i++) {
      gdouble position = (i + 0.5) * geometry->scale - 0.5;

      position = CLAMP (position, 0, last);
      *positions++ = (gint) floor (position * 256 + 0.5);
    }
  }
}
