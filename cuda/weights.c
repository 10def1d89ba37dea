/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weights.c: see weights.h.
 */
#include "cuda/weights.h"

#include <string.h>

#define ALIGNMENT 256

struct _NucsegWeights {
  NucsegCudaDevice *device;
  guint8 *bytes; /* what the device gets */
  guint8 *block; /* on the device */
  gsize size, used;
};

static gsize
align (gsize size)
{
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static gsize
count_weights (const NucsegConv *conv)
{
  return (gsize) conv->out_channels * (conv->in_channels / conv->groups)
      * conv->kernel_h * conv->kernel_w;
}

NucsegWeights *
nucseg_weights_new (
    NucsegCudaDevice *device, const NucsegGraph *graph, GError **error)
{
  NucsegWeights *weights = g_new0 (NucsegWeights, 1);

  weights->device = device;
  for (guint i = 0; i < graph->n_nodes; i++) {
    const NucsegConv *conv = &graph->nodes[i].u.conv;

    if (graph->nodes[i].op != NUCSEG_OP_CONV)
      continue;
    /* Filling up adds 7 channels at most. */
    weights->size += align (sizeof (gfloat)
        * (count_weights (conv)
            + (gsize) conv->out_channels * 7 * conv->kernel_h
                * conv->kernel_w));
    weights->size += align (sizeof (gfloat) * conv->out_channels);
  }
  weights->bytes = g_try_malloc0 (MAX (weights->size, 1));
  if (!weights->bytes)
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for the network's weights: %" G_GSIZE_FORMAT " bytes",
        weights->size);
  else
    weights->block = nucseg_cuda_alloc (
        device, weights->size, "the network's weights", error);
  if (!weights->block) {
    nucseg_weights_free (weights);
    return NULL;
  }
  return weights;
}

void
nucseg_weights_free (NucsegWeights *weights)
{
  if (!weights)
    return;
  nucseg_cuda_free (weights->device, weights->block);
  g_free (weights->bytes);
  g_free (weights);
}

/* @size bytes; *@to is where to write them. */
static gpointer
take (NucsegWeights *weights, gsize size, gpointer *to)
{
  gsize at = weights->used;

  weights->used += align (size);
  g_assert (weights->used <= weights->size);
  *to = weights->bytes + at;
  return weights->block + at;
}

static gpointer
add_bias (NucsegWeights *weights, const NucsegConv *conv)
{
  const gsize size = sizeof (gfloat) * conv->out_channels;
  gpointer to, address = take (weights, size, &to);

  if (conv->bias)
    memcpy (to, conv->bias, size);
  return address;
}

NucsegCudaConv
nucseg_weights_add (
    NucsegWeights *weights, const NucsegConv *conv, NucsegCudaType round)
{
  gpointer to;
  NucsegCudaConv result = { .in_channels = conv->in_channels,
    .out_channels = conv->out_channels,
    .kernel_h = conv->kernel_h,
    .kernel_w = conv->kernel_w,
    .stride = conv->stride,
    .dilation = conv->dilation,
    .padding = conv->padding,
    .groups = conv->groups,
    .activation = conv->activation };

  result.weight = take (weights, count_weights (conv) * sizeof (gfloat), &to);
  nucseg_cuda_conv_pack (conv, round, to);
  result.bias = conv->bias ? add_bias (weights, conv) : NULL;
  return result;
}

void
nucseg_weights_add_cudnn (NucsegWeights *weights, const NucsegConv *conv,
    NucsegCudaType type, gint in_channels, gpointer *weight, gpointer *bias)
{
  const gint taps = conv->kernel_h * conv->kernel_w;
  const gint n_in = conv->in_channels, n_out = conv->out_channels;
  const gsize n = (gsize) n_out * taps * in_channels;
  const gsize element = type == NUCSEG_CUDA_F32 ? 4 : 2;
  gfloat *packed = g_new (gfloat, count_weights (conv));
  gpointer to;

  *weight = take (weights, n * element, &to);
  nucseg_cuda_conv_pack (conv, type, packed);
  for (gint o = 0; o < n_out; o++) {
    for (gint tap = 0; tap < taps; tap++) {
      for (gint i = 0; i < n_in; i++) {
        gfloat value = packed[((gsize) tap * n_in + i) * n_out + o];
        gsize at = ((gsize) o * taps + tap) * in_channels + i;
        guint32 bits;

        if (type == NUCSEG_CUDA_F32) {
          ((gfloat *) to)[at] = value;
          continue;
        }
        /* A value that is rounded to bf16: the upper half of its bits. */
        memcpy (&bits, &value, sizeof bits);
        ((guint16 *) to)[at] = (guint16) (bits >> 16);
      }
    }
  }
  g_free (packed);
  *bias = add_bias (weights, conv);
}

gboolean
nucseg_weights_upload (NucsegWeights *weights, GError **error)
{
  gboolean ok = nucseg_cuda_upload (weights->device, weights->block,
                    weights->bytes, weights->used, error)
      && nucseg_cuda_wait (weights->device, error);

  g_clear_pointer (&weights->bytes, g_free);
  return ok;
}
