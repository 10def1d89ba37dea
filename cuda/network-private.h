/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-private.h: what network.c and network-*.c share.
 */
#ifndef NUCSEG_CUDA_NETWORK_PRIVATE_H
#define NUCSEG_CUDA_NETWORK_PRIVATE_H

#include "cuda/buffers.h"
#include "cuda/engines.h"
#include "cuda/network.h"
#include "cuda/steps.h"
#include "cuda/weights.h"

G_BEGIN_DECLS

#define NUCSEG_NONE G_MAXUINT

/* What planning knows of a node. */
typedef struct {
  NucsegShape shape;
  NucsegCudaType type;
  gint pitch; /* channels in memory, unless it is a slice */
  guint n_consumers; /* a node that takes it twice counts twice */
  gboolean done; /* fused into another step */
  gboolean scale; /* a product that the convolutions behind it do */
  guint pool; /* of a product: the max_pool that is fused to it, or NONE */
  guint chain; /* of an add: the avg_pool whose chain it ends, or NONE */
  NucsegCudnnConv *cudnn; /* the engines'; NULL: not by cuDNN */
  guint host; /* the concatenation that it is a slice of, or NONE */
  gint host_channel; /* its first channel there */
  guint buffer; /* NONE until it has one */
  guint converted; /* buffer of the copy of the other type, or NONE */
} NucsegPlaced;

/* A 1x1 convolution and the depth_to_space behind it, if block > 1. */
typedef struct {
  guint conv;
  gint block;
} NucsegHead;

struct _NucsegNetwork {
  NucsegCudaDevice *device;
  NucsegEngines *engines;
  const NucsegGraph *graph;
  gint batch; /* images of every tensor */
  NucsegCudaType type; /* of rounded tensors */
  NucsegPlaced *nodes;
  guint input; /* the node that prepare writes: 0, or its space_to_depth */
  NucsegHead heads[2]; /* that make the maps, together their sum */
  guint n_heads; /* 0: the output is another step's */
  GArray *steps; /* NucsegStep */
  NucsegBuffers *buffers;
  NucsegWeights *weights;
  guint *counters; /* of attention: batch values */
  /* of cuDNN, on the device: one for each step that runs beside others */
  gpointer workspaces[NUCSEG_CUDA_MOST_BRANCHES];
};

/* Of nucseg_network_place(): takes cuDNN's convolutions of nodes that are in no
 * other fusion, and says which products and slices are theirs. */
void
nucseg_network_choose_convs (NucsegNetwork *network, const NucsegShape *shapes);

/* Decides types, fusions and slices; takes the convolutions of cuDNN, whose
 * engines are locked. */
gboolean nucseg_network_place (
    NucsegNetwork *network, gint height, gint width, GError **error);

/* Makes the steps and gives every tensor a buffer. */
gboolean nucseg_network_make_steps (NucsegNetwork *network, GError **error);

/* Says which steps run side by side, and gives cuDNN's their memory, once the
 * tensors have addresses and the engines, which are locked, plans. */
gboolean nucseg_network_bind (NucsegNetwork *network, GError **error);

/* The nodes of an attention chain; expand and lower are NONE without a lower
 * level. */
typedef struct {
  guint x, pool, reduce, own, expand, lower;
} NucsegChain;
/* Whether the add @sum ends one. */
gboolean nucseg_network_find_chain (
    const NucsegNetwork *network, guint sum, NucsegChain *chain);

G_END_DECLS

#endif /* NUCSEG_CUDA_NETWORK_PRIVATE_H */
