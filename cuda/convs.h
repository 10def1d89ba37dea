/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * convs.h: what follows from graph and shapes alone: which tensors are rounded
 * in bf16 and f16, and which convolutions are cuDNN's, as what.
 */
#ifndef NUCSEG_CUDA_CONVS_H
#define NUCSEG_CUDA_CONVS_H

#include "cuda/cudnn-conv.h"

G_BEGIN_DECLS

/* Whether the output of @node is rounded in bf16 and f16
 * (docs/model-format.md, Precision). */
gboolean nucseg_convs_is_rounded (
    const NucsegGraph *graph, const NucsegShape *shapes, guint node);

/* Channels that the tensor of @node has in memory: what a space_to_depth makes
 * is filled up with zeros to the multiple of 8 that cuDNN wants. */
gint nucseg_convs_pitch (const NucsegGraph *graph, guint node);

/* A number for the convolution @spec of @node, which has one with and one
 * without channel weights, each dense and as a slice; below
 * NUCSEG_CONVS_VARIANTS x the number of nodes. */
#define NUCSEG_CONVS_VARIANTS 4
static inline guint
nucseg_convs_number (guint node, const NucsegCudnnSpec *spec)
{
  return NUCSEG_CONVS_VARIANTS * node
      + (nucseg_cudnn_spec_is_slice (spec) ? 2 : 0) + (spec->scaled ? 1 : 0);
}

/**
 * nucseg_convs_spec:
 * @graph: the graph
 * @shapes: its shapes, of one image
 * @batch: images
 * @type: of rounded tensors
 * @node: any node
 * @spec: (out): the convolution for cuDNN
 *
 * Returns: whether cuDNN is to do it: a dense convolution between tensors of
 *   more than one pixel whose channels come in eights; as it stands alone,
 *   without channel weights and dense
 */
gboolean nucseg_convs_spec (const NucsegGraph *graph, const NucsegShape *shapes,
    gint batch, NucsegCudaType type, guint node, NucsegCudnnSpec *spec);

/**
 * nucseg_convs_find_slice:
 * @graph: the graph
 * @shapes: its shapes
 * @node: a convolution of cuDNN's
 * @host: (out): the concatenation that alone reads it
 * @channel: (out): its first channel there
 *
 * Returns: whether cuDNN may be asked to write it straight into @host, with the
 *   pitch of that: both are of one type, and pixels begin at 16 bytes
 */
gboolean nucseg_convs_find_slice (const NucsegGraph *graph,
    const NucsegShape *shapes, guint node, guint *host, gint *channel);

/* Whether @node is a product with channel weights that only convolutions of
 * cuDNN's read: they can do it themselves, as they load their input, if there
 * is one image. */
gboolean nucseg_convs_is_scale (const NucsegGraph *graph,
    const NucsegShape *shapes, gint batch, guint node);

G_END_DECLS

#endif /* NUCSEG_CUDA_CONVS_H */
