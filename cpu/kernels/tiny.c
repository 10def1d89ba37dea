/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tiny.c: small convolutions in f32, vectorised over output channels. */
#include "cpu/kernels/tiny.h"

#include "cpu/kernels/activate.h"

#define MAX_PRODUCTS (256 * 1024)
#define MAX_PIXELS 16

struct _NucsegTiny {
  NucsegConv conv;
  /* (KH, KW, I / groups, O): outputs side by side, so that one input value
   * meets all of them in a row. */
  gfloat *weight;
};

gboolean
nucseg_tiny_wants (const NucsegConv *conv, const NucsegShape *out)
{
  const gint64 pixels = (gint64) out->height * out->width;
  const gint64 products = pixels * out->channels * conv->kernel_h
      * conv->kernel_w * (conv->in_channels / conv->groups);

  return pixels <= MAX_PIXELS && products <= MAX_PRODUCTS;
}

NucsegTiny *
nucseg_tiny_new (const NucsegConv *conv)
{
  NucsegTiny *tiny = g_new0 (NucsegTiny, 1);
  const gint per_group = conv->in_channels / conv->groups;
  const gint taps = conv->kernel_h * conv->kernel_w;
  const gint n_out = conv->out_channels;

  tiny->conv = *conv;
  tiny->weight = g_new (gfloat, (gsize) n_out * per_group * taps);
  for (gint o = 0; o < n_out; o++) {
    for (gint i = 0; i < per_group; i++) {
      for (gint tap = 0; tap < taps; tap++)
        tiny->weight[((gsize) tap * per_group + i) * n_out + o] =
            conv->weight[((gsize) o * per_group + i) * taps + tap];
    }
  }
  return tiny;
}

void
nucseg_tiny_free (NucsegTiny *tiny)
{
  if (!tiny)
    return;
  g_free (tiny->weight);
  g_free (tiny);
}

/* Adds one tap of one input pixel to all outputs of a pixel. */
static void
add_tap (const NucsegTiny *tiny, const gfloat *weight,
    const gfloat *restrict in, gfloat *restrict out)
{
  const NucsegConv *conv = &tiny->conv;
  const gint n_out = conv->out_channels;
  const gint in_group = conv->in_channels / conv->groups;
  const gint out_group = n_out / conv->groups;

  if (in_group == 1 && out_group == 1) {
    for (gint c = 0; c < n_out; c++)
      out[c] += in[c] * weight[c];
    return;
  }
  for (gint group = 0; group < conv->groups; group++) {
    for (gint i = 0; i < in_group; i++) {
      const gfloat value = in[group * in_group + i];
      const gfloat *w = weight + (gsize) i * n_out + group * out_group;
      gfloat *to = out + group * out_group;

      for (gint o = 0; o < out_group; o++)
        to[o] += value * w[o];
    }
  }
}

void
nucseg_tiny_run (
    const NucsegTiny *tiny, const NucsegTensor *in, const NucsegTensor *out)
{
  const NucsegConv *conv = &tiny->conv;
  const gsize tap_size =
      (gsize) (conv->in_channels / conv->groups) * conv->out_channels;

  for (gint y = 0; y < out->height; y++) {
    for (gint x = 0; x < out->width; x++) {
      gfloat *to =
          (gfloat *) out->data + ((gsize) y * out->width + x) * out->channels;

      for (gint c = 0; c < out->channels; c++)
        to[c] = conv->bias ? conv->bias[c] : 0.0f;
      for (gint ky = 0; ky < conv->kernel_h; ky++) {
        const gint iy = y * conv->stride + ky * conv->dilation - conv->padding;

        if (iy < 0 || iy >= in->height)
          continue;
        for (gint kx = 0; kx < conv->kernel_w; kx++) {
          const gint ix =
              x * conv->stride + kx * conv->dilation - conv->padding;

          if (ix < 0 || ix >= in->width)
            continue;
          add_tap (tiny, tiny->weight + (ky * conv->kernel_w + kx) * tap_size,
              (const gfloat *) in->data
                  + ((gsize) iy * in->width + ix) * in->pitch,
              to);
        }
      }
      nucseg_activate (conv->activation, to, out->channels);
    }
  }
}
