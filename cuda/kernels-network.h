/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernels-network.h: tensors on the device, and one function for each operation
 * of the network that cuDNN does not do. The rules of kernels.h hold.
 *
 * All images of a batch in one launch; the tensors of a call have the same
 * batch. An image's result doesn't depend on the others, nor on their number.
 */
#ifndef NUCSEG_CUDA_KERNELS_NETWORK_H
#define NUCSEG_CUDA_KERNELS_NETWORK_H

#include <cuda_runtime_api.h>

#include "backend.h"

G_BEGIN_DECLS

/* Element types of tensors. Arithmetic is f32 in all of them. */
typedef enum {
  NUCSEG_CUDA_F32,
  NUCSEG_CUDA_F16,
  NUCSEG_CUDA_BF16
} NucsegCudaType;

/**
 * NucsegCudaTensor:
 * @data: element (0, 0, 0, 0); aligned to its type's size, at best to 16 bytes
 * @type: of its elements
 * @batch: images, 1..65535
 * @height: rows of an image
 * @width: columns
 * @channels: channels
 * @pitch: elements from one pixel to the next, >= @channels
 *
 * NHWC: element (n, y, x, c) stands at data[((n * height + y) * width + x) *
 * pitch + c]; so an image is height x width x pitch elements behind the one
 * before it. A slice of a concatenation is a tensor with the whole's pitch and
 * @data at its first channel. Channels between @channels and @pitch are not
 * touched. A vector (height and width 1) that is given by its address alone is
 * dense: batch x channels values.
 */
typedef struct {
  gpointer data;
  NucsegCudaType type;
  gint batch, height, width, channels, pitch;
} NucsegCudaTensor;

/**
 * NucsegCudaConv:
 * @weight: f32, as nucseg_cuda_conv_pack() lays them out
 * @bias: out_channels f32 values, or NULL
 * @in_channels: whole counts, not per group
 * @out_channels: likewise
 * @kernel_h: rows of the kernel; and so on as NucsegConv
 */
typedef struct {
  const gfloat *weight, *bias;
  gint in_channels, out_channels;
  gint kernel_h, kernel_w;
  gint stride, dilation, padding, groups;
  NucsegActivation activation;
} NucsegCudaConv;

/**
 * nucseg_cuda_conv_pack:
 * @conv: weights of a model
 * @round: values are rounded to this type (and stay f32 in memory); F32 leaves
 *   them as they are
 * @packed: (out caller-allocates): host memory, as many f32 as @conv has
 *   weights: [group][ky][kx][input][output]
 *
 * Runs on the host.
 */
void nucseg_cuda_conv_pack (
    const NucsegConv *conv, NucsegCudaType round, gfloat *packed);

/**
 * nucseg_cuda_conv:
 * @conv: any kernel, stride, dilation, padding and groups of the model format
 * @in: in_channels; any type
 * @out: out_channels; the type of @in, or F32
 * @stream: where
 *
 * A direct convolution with bias and activation, sums in f32: for stems of few
 * channels, depthwise convolutions, tensors of few pixels, f32 networks, and
 * whatever cuDNN has no engine for.
 */
cudaError_t
nucseg_cuda_conv (const NucsegCudaConv *conv, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

/**
 * nucseg_cuda_head:
 * @conv: 1x1, stride 1, no padding, one group; block^2 x n outputs
 * @block: of the depth_to_space behind it; 1: none
 * @round: the type to which the convolution's outputs are rounded before they
 *   are moved or added: that of the other tensors, where the graph's output is
 *   a depth_to_space or an add node (docs/model-format.md, Precision); F32
 * where the convolution itself is the output
 * @add: whether the outputs are added to what the maps hold
 * @in: in_channels; any type
 * @maps: F32, height and width @block times those of @in, n channels
 * @stream: where
 */
cudaError_t nucseg_cuda_head (const NucsegCudaConv *conv, gint block,
    NucsegCudaType round, gboolean add, const NucsegCudaTensor *in,
    const NucsegCudaTensor *maps, cudaStream_t stream);

/**
 * NucsegCudaAttention:
 * @x: the tensor that is weighed; any type, N images, C channels
 * @rows: cells of the subregional average pooling, 1..16
 * @columns: likewise
 * @reduce: depthwise convolution that covers all rows x columns cells: its
 *   output is N x 1 x 1 x C
 * @gate: 1x1, C -> C
 * @expand: 1x1, lower_channels -> C; weight NULL: there is no lower level
 * @lower: `own` of the lower level, N x expand.in_channels f32 values, or NULL
 * @own: (out): N x C f32 values: gate (reduce (avg_pool (x)))
 * @weights: (out): N x C f32 values: own + expand (lower), or own + own
 * @workspace: nucseg_cuda_attention_workspace() bytes, aligned to 256
 * @counters: N values that are 0 before the first call, and are so after each;
 *   calls that may run at once have their own
 *
 * SAP and CE (docs/model-format.md calls it the attention chain): avg_pool,
 * depthwise conv, 1x1 conv, and add, with the activations of the three
 * convolutions, in f32 throughout.
 */
typedef struct {
  NucsegCudaTensor x;
  gint rows, columns;
  NucsegCudaConv reduce, gate, expand;
  const gfloat *lower;
  gfloat *own, *weights;
  gpointer workspace;
  guint *counters;
} NucsegCudaAttention;

/* Bytes of workspace for @batch images of @rows x @columns cells of @channels.
 * Host. */
gsize nucseg_cuda_attention_workspace (
    gint batch, gint rows, gint columns, gint channels);
/* One kernel. */
cudaError_t nucseg_cuda_attention (
    const NucsegCudaAttention *attention, cudaStream_t stream);

/**
 * nucseg_cuda_scale_pool:
 * @in: any type
 * @weights: a factor for each channel of each image, batch x channels f32
 *   values; NULL: 1
 * @full: (nullable): @in x weights, rounded to the type of @in, which is its
 *   own; may be a slice of a concatenation, or @in itself
 * @pooled: (nullable): 2x2 maxima (stride 2) of the values of @full; odd last
 *   rows and columns of @in have no part in it
 * @stream: where
 *
 * mul + max_pool + concat in one pass over @in. At least one output.
 */
cudaError_t nucseg_cuda_scale_pool (const NucsegCudaTensor *in,
    const gfloat *weights, const NucsegCudaTensor *full,
    const NucsegCudaTensor *pooled, cudaStream_t stream);

/* Any kernel and stride; @out has the type of @in. */
cudaError_t
nucseg_cuda_max_pool (gint kernel, gint stride, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

/* Adaptive average pooling to the size of @out, F32; @in of any type. */
cudaError_t nucseg_cuda_avg_pool (const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

/* Factor 2; @out has the type of @in and may be a slice of a concatenation. */
cudaError_t
nucseg_cuda_upsample (NucsegUpsample mode, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

/* @out = @in, rounded where the types differ: concat, conversion. */
cudaError_t nucseg_cuda_copy (const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

/* Sum of @n tensors (2..8) of one type and shape, from the first on; one of
 * them may be @out. */
cudaError_t nucseg_cuda_add (guint n, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

/* @block 1..8; any two types; channels of @out from block^2 x C on become 0. */
cudaError_t nucseg_cuda_space_to_depth (gint block, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);
/* @block 1..8; any two types; channels of @in from block^2 x C on are not
 * read. */
cudaError_t nucseg_cuda_depth_to_space (gint block, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream);

G_END_DECLS

#endif /* NUCSEG_CUDA_KERNELS_NETWORK_H */
