/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* grey-conv.c: which convolutions of grey are ours, and their weights. */
#include "cpu/kernels/grey-conv.h"

#include "cpu/kernels/kernels.h"

/* With more to multiply, what a library writes twice no longer counts. */
#define MAX_TAPS 36 /* times channels */
#define MAX_CHANNELS 32

gboolean
nucseg_grey_conv_wants (const NucsegConv *conv, NucsegElement in)
{
  return (conv->in_channels == 1 || conv->in_channels == 4) && conv->groups == 1
      && conv->stride == 1 && conv->dilation == 1
      && conv->kernel_h * conv->kernel_w * conv->in_channels <= MAX_TAPS
      && conv->out_channels % 8 == 0 && conv->out_channels <= MAX_CHANNELS
      && conv->activation != NUCSEG_ACTIVATION_SIGMOID
      && nucseg_kernels_get (in, conv->out_channels)->grey_conv;
}

NucsegGreyConv *
nucseg_grey_conv_new (const NucsegConv *conv)
{
  NucsegGreyConv *self = g_new0 (NucsegGreyConv, 1);
  const gint n_in = conv->in_channels, n_out = conv->out_channels;
  const gint taps = conv->kernel_h * conv->kernel_w;

  self->conv = *conv;
  self->weight = g_new (gfloat, (gsize) taps * n_in * n_out);
  self->bias = g_new0 (gfloat, n_out);
  for (gint o = 0; o < n_out; o++) {
    for (gint k = 0; k < taps * n_in; k++) {
      const gint tap = k / n_in, i = k % n_in;

      self->weight[(gsize) k * n_out + o] =
          conv->weight[((gsize) o * n_in + i) * taps + tap];
    }
    if (conv->bias)
      self->bias[o] = conv->bias[o];
  }
  return self;
}

void
nucseg_grey_conv_free (NucsegGreyConv *self)
{
  if (!self)
    return;
  g_free (self->weight);
  g_free (self->bias);
  g_free (self);
}
