/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quantise.c: f32 weights to integers of 8 bits, as docs/model-format.md says.
 */
#include "quantise.h"

#include <math.h>

#define MAX_WEIGHT 127
#define MAX_BIAS 0x1p23

/* What a step of the weights of one output channel is worth. */
static gdouble
weight_scale (const gfloat *weight, gsize n, gdouble bias, gdouble in_scale)
{
  gdouble most = 0, scale;

  for (gsize i = 0; i < n; i++)
    most = MAX (most, fabs ((gdouble) weight[i]));
  scale = most / MAX_WEIGHT;
  /* Weights next to a far larger bias matter little: let the bias fit. */
  scale = MAX (scale, fabs (bias) / (in_scale * MAX_BIAS));
  return scale > 0 ? scale : 1;
}

gboolean
nucseg_quantised_init (NucsegQuantised *quantised, const NucsegConv *conv,
    gfloat in_scale, gfloat out_scale)
{
  const gsize n = (gsize) (conv->in_channels / conv->groups) * conv->kernel_h
      * conv->kernel_w;
  const gsize n_out = (gsize) conv->out_channels;

  quantised->weight = g_try_new (gint8, n * n_out);
  quantised->bias = g_try_new (gfloat, n_out);
  quantised->factor = g_try_new (gfloat, n_out);
  if (!quantised->weight || !quantised->bias || !quantised->factor) {
    nucseg_quantised_clear (quantised);
    return FALSE;
  }
  for (gsize o = 0; o < n_out; o++) {
    const gfloat *from = conv->weight + o * n;
    const gdouble bias = conv->bias ? (gdouble) conv->bias[o] : 0;
    const gdouble scale = weight_scale (from, n, bias, (gdouble) in_scale);
    const gdouble step = scale * (gdouble) in_scale;

    for (gsize i = 0; i < n; i++)
      quantised->weight[o * n + i] = (gint8) rint ((gdouble) from[i] / scale);
    quantised->bias[o] = (gfloat) rint (bias / step);
    quantised->factor[o] =
        (gfloat) (out_scale > 0 ? step / (gdouble) out_scale : step);
  }
  return TRUE;
}

void
nucseg_quantised_clear (NucsegQuantised *quantised)
{
  g_clear_pointer (&quantised->weight, g_free);
  g_clear_pointer (&quantised->bias, g_free);
  g_clear_pointer (&quantised->factor, g_free);
}
