/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph-private.h: how a model's file becomes a graph. Internal to the engine.
 */
#ifndef NUCSEG_GRAPH_PRIVATE_H
#define NUCSEG_GRAPH_PRIVATE_H

#include "graph.h"
#include "safetensors.h"

G_BEGIN_DECLS

#define NUCSEG_MAX_CHANNELS 4096
/* Height and width of any tensor: the largest input at one up-sampling by 8,
 * so that products of sizes stay far from overflow. */
#define NUCSEG_MAX_EXTENT 65536

/**
 * nucseg_graph_new:
 * @json: the object "graph"
 * @scales: whether nodes may have a scale (nucseg-model/2)
 * @file: where its weights are; has to outlive the graph; the tensors that
 *   the graph reads are marked as used
 * @error: return location
 *
 * Returns: (nullable): a sorted graph whose nodes have their channels and
 *   which has passed nucseg_graph_infer() at many sizes; error MODEL
 */
NucsegGraph *nucseg_graph_new (const NucsegJson *json, gboolean scales,
    NucsegSafetensors *file, GError **error);
void nucseg_graph_free (NucsegGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucsegGraph, nucseg_graph_free)

/**
 * nucseg_graph_sort:
 * @graph: nodes with name, inputs and n_inputs, in any order behind nodes[0];
 *   output is set
 * @json: for messages
 * @error: return location
 *
 * Sorts the nodes so that each stands behind its inputs, otherwise in the
 * order of the file, and rewrites indices.
 *
 * Returns: FALSE with MODEL for cycles and for nodes that nothing uses
 */
gboolean
nucseg_graph_sort (NucsegGraph *graph, const NucsegJson *json, GError **error);

/* graph-node.c: attributes of one operation, and the channels of its output.
 * The node's inputs are set and have their channels. */
gboolean nucseg_graph_read_node (NucsegGraph *graph, guint index,
    const NucsegJson *json, NucsegSafetensors *file, GError **error);
/* graph-scale.c: the node's scale, which has to suit its operation, its
 * attributes and its inputs' scales. */
gboolean nucseg_graph_read_scale (NucsegGraph *graph, guint index,
    gboolean allowed, const NucsegJson *json, GError **error);
/* Whether the name is an operation; NUCSEG_OP_INPUT is not one of a file. */
gboolean
nucseg_graph_find_op (const NucsegJson *json, NucsegOp *op, GError **error);

/* Multiply-adds x 2 of the convolutions; @shapes as from infer. */
guint64
nucseg_graph_get_flop (const NucsegGraph *graph, const NucsegShape *shapes);

G_END_DECLS

#endif /* NUCSEG_GRAPH_PRIVATE_H */
