/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weights.c: see weights.h.
 */
#include "cuda/weights.h"

#include "cuda/half.h"
#include "cuda/shared.h"

#include <string.h>

#define WHAT "the network's weights"

struct _NucsegWeights {
  NucsegCudaDevice *device;
  const NucsegGraph *graph;
  const gchar *sha256; /* of the model: same file, same weights */
  GPtrArray *blocks; /* NucsegShared */
  GError *error; /* the first, or NULL */
};

/* What a block is filled from. */
typedef struct {
  const NucsegConv *conv;
  NucsegCudaType type;
  gint in_channels; /* of cuDNN's layout */
} Source;

NucsegWeights *
nucseg_weights_new (NucsegCudaDevice *device, NucsegModel *model)
{
  NucsegWeights *weights = g_new0 (NucsegWeights, 1);

  weights->device = device;
  weights->graph = nucseg_model_get_graph (model);
  weights->sha256 = nucseg_model_get_sha256 (model);
  weights->blocks = g_ptr_array_new ();
  return weights;
}

static void
release (NucsegWeights *weights, NucsegCudaDevice *device)
{
  if (!weights)
    return;
  for (guint i = 0; i < weights->blocks->len; i++)
    nucseg_shared_release (g_ptr_array_index (weights->blocks, i), device);
  g_ptr_array_unref (weights->blocks);
  g_clear_error (&weights->error);
  g_free (weights);
}

void
nucseg_weights_free (NucsegWeights *weights)
{
  release (weights, weights ? weights->device : NULL);
}

void
nucseg_weights_abandon (NucsegWeights *weights)
{
  release (weights, NULL);
}

static gsize
count_weights (const NucsegConv *conv)
{
  return (gsize) conv->out_channels * (conv->in_channels / conv->groups)
      * conv->kernel_h * conv->kernel_w;
}

static void
fill_plain (gpointer bytes, gconstpointer data)
{
  const Source *source = data;

  nucseg_cuda_conv_pack (source->conv, source->type, bytes);
}

static void
fill_bias (gpointer bytes, gconstpointer data)
{
  const Source *source = data;

  if (source->conv->bias)
    memcpy (bytes, source->conv->bias,
        sizeof (gfloat) * source->conv->out_channels);
}

/* A value that is rounded to @type. */
static guint16
to_16_bits (NucsegCudaType type, gfloat value)
{
  guint32 bits;

  if (type == NUCSEG_CUDA_F16)
    return nucseg_half_from_f32 (value);
  memcpy (&bits, &value, sizeof bits);
  return (guint16) (bits >> 16);
}

static void
fill_cudnn (gpointer bytes, gconstpointer data)
{
  const Source *source = data;
  const NucsegConv *conv = source->conv;
  const gint taps = conv->kernel_h * conv->kernel_w;
  const gint n_in = conv->in_channels, n_out = conv->out_channels;
  gfloat *packed = g_new (gfloat, count_weights (conv));

  nucseg_cuda_conv_pack (conv, source->type, packed);
  for (gint o = 0; o < n_out; o++) {
    for (gint tap = 0; tap < taps; tap++) {
      for (gint i = 0; i < n_in; i++) {
        gfloat value = packed[((gsize) tap * n_in + i) * n_out + o];
        gsize at = ((gsize) o * taps + tap) * source->in_channels + i;

        if (source->type == NUCSEG_CUDA_F32)
          ((gfloat *) bytes)[at] = value;
        else
          ((guint16 *) bytes)[at] = to_16_bits (source->type, value);
      }
    }
  }
  g_free (packed);
}

/* NULL once something has failed. */
static gpointer
take (NucsegWeights *weights, guint node, const gchar *layout, gsize size,
    NucsegSharedFill fill, const Source *source)
{
  g_autofree gchar *key = NULL;
  NucsegShared *shared;

  if (weights->error)
    return NULL;
  key = g_strdup_printf ("%s %u %s %d %d", weights->sha256, node, layout,
      (gint) source->type, source->in_channels);
  shared = nucseg_shared_take (
      weights->device, key, size, fill, source, WHAT, &weights->error);
  if (!shared)
    return NULL;
  g_ptr_array_add (weights->blocks, shared);
  return nucseg_shared_get_address (shared);
}

static gpointer
take_bias (NucsegWeights *weights, guint node)
{
  const NucsegConv *conv = &weights->graph->nodes[node].u.conv;
  const Source source = { conv, NUCSEG_CUDA_F32, 0 };

  return take (weights, node, "bias", sizeof (gfloat) * conv->out_channels,
      fill_bias, &source);
}

NucsegCudaConv
nucseg_weights_add (NucsegWeights *weights, guint node, NucsegCudaType round)
{
  const NucsegConv *conv = &weights->graph->nodes[node].u.conv;
  const Source source = { conv, round, 0 };
  NucsegCudaConv result = { .in_channels = conv->in_channels,
    .out_channels = conv->out_channels,
    .kernel_h = conv->kernel_h,
    .kernel_w = conv->kernel_w,
    .stride = conv->stride,
    .dilation = conv->dilation,
    .padding = conv->padding,
    .groups = conv->groups,
    .activation = conv->activation };

  result.weight = take (weights, node, "plain",
      count_weights (conv) * sizeof (gfloat), fill_plain, &source);
  result.bias = conv->bias ? take_bias (weights, node) : NULL;
  return result;
}

void
nucseg_weights_add_cudnn (NucsegWeights *weights, guint node,
    NucsegCudaType type, gint in_channels, gpointer *weight, gpointer *bias)
{
  const NucsegConv *conv = &weights->graph->nodes[node].u.conv;
  const Source source = { conv, type, in_channels };
  const gsize element = type == NUCSEG_CUDA_F32 ? 4 : 2;
  const gsize n = (gsize) conv->out_channels * conv->kernel_h * conv->kernel_w
      * in_channels;

  *weight = take (weights, node, "cudnn", n * element, fill_cudnn, &source);
  *bias = take_bias (weights, node);
}

gboolean
nucseg_weights_check (NucsegWeights *weights, GError **error)
{
  if (!weights->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&weights->error));
  return FALSE;
}
