/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-private.h: a network while it is planned. places.c decides each
 * tensor's element type and place, lower.c makes steps of the nodes, network.c
 * gives them memory and runs them.
 */
#ifndef NUCSEG_CPU_ONEDNN_NETWORK_PRIVATE_H
#define NUCSEG_CPU_ONEDNN_NETWORK_PRIVATE_H

#include "cpu/onednn/buffers.h"
#include "cpu/onednn/network.h"
#include "cpu/onednn/steps.h"

G_BEGIN_DECLS

#define NUCSEG_NONE G_MAXUINT

/* What planning knows of a node. */
typedef struct {
  NucsegShape shape;
  NucsegElement type;
  NucsegStepKind conv; /* the step that a convolution becomes */
  guint n_consumers; /* a node that takes it twice counts twice */
  guint
      pool; /* of a product: the max_pool that is fused to it, or NUCSEG_NONE */
  gboolean done; /* fused into an earlier step */
  guint host; /* the concatenation that it is a slice of, or NUCSEG_NONE */
  gint host_channel; /* its first channel there */
  guint buffer; /* NUCSEG_NONE until it has one */
  guint converted; /* buffer of the copy of the other type, or NUCSEG_NONE */
} NucsegNodePlan;

struct _NucsegNetwork {
  const NucsegGraph *graph;
  gint n_maps;
  NucsegNodePlan *nodes; /* of the graph's nodes */
  NucsegElement type; /* of big tensors that are not steps */
  gboolean int8; /* tensors with a scale are steps */
  NucsegDnnl *dnnl;
  GArray *steps; /* NucsegStep */
  NucsegBuffers *buffers;
  guint input_buffer;
  guint scratchpad;
  gsize scratchpad_size;
  NucsegStepContext context;
  gboolean profile;
};

/* Elements of a tensor. */
static inline gsize
nucseg_shape_elements (const NucsegShape *shape)
{
  return (gsize) shape->height * shape->width * shape->channels;
}

/* --- places.c ----------------------------------------------------------- */

/* Fills network->nodes but for the buffers; shapes are there. */
void nucseg_network_place (NucsegNetwork *network);

/* The type in which node @i wants its input @k. */
NucsegElement
nucseg_network_wanted_type (const NucsegNetwork *network, guint i, guint k);

/**
 * nucseg_network_last_rearrangement:
 * @added: (out): the tensor that is added to what it makes, or %NUCSEG_NONE
 *
 * Returns: the depth_to_space that is done while the maps are split, or
 *   %NUCSEG_NONE
 */
guint
nucseg_network_last_rearrangement (const NucsegNetwork *network, guint *added);

/* --- lower.c ------------------------------------------------------------ */

/* Fills network->steps and adds their buffers, which have no memory yet. */
gboolean nucseg_network_lower (NucsegNetwork *network, GError **error);

G_END_DECLS

#endif /* NUCSEG_CPU_ONEDNN_NETWORK_PRIVATE_H */
