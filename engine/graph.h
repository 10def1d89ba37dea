/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph.h: the network as operations in the order of execution, checked.
 * Immutable once built; part of a NucsegModel and owned by it.
 */
#ifndef NUCSEG_GRAPH_H
#define NUCSEG_GRAPH_H

#include "nucseg.h"

G_BEGIN_DECLS

#define NUCSEG_MAX_INPUTS 8
#define NUCSEG_MAX_NODES 1024

typedef enum {
  NUCSEG_OP_INPUT,
  NUCSEG_OP_CONV,
  NUCSEG_OP_MAX_POOL,
  NUCSEG_OP_AVG_POOL,
  NUCSEG_OP_UPSAMPLE,
  NUCSEG_OP_CONCAT,
  NUCSEG_OP_ADD,
  NUCSEG_OP_MUL,
  NUCSEG_OP_SPACE_TO_DEPTH,
  NUCSEG_OP_DEPTH_TO_SPACE,
  NUCSEG_OP_LAST
} NucsegOp;

typedef enum {
  NUCSEG_ACTIVATION_NONE,
  NUCSEG_ACTIVATION_RELU,
  NUCSEG_ACTIVATION_SIGMOID
} NucsegActivation;

typedef enum {
  NUCSEG_UPSAMPLE_NEAREST,
  NUCSEG_UPSAMPLE_BILINEAR
} NucsegUpsample;

/* Height, width and channels of a tensor; N is 1 throughout. */
typedef struct {
  gint height, width, channels;
} NucsegShape;

/* Weights: f32 in the file's bytes (any alignment is checked to be 4). */
typedef struct {
  const gfloat *weight; /* (O, I / groups, KH, KW) */
  const gfloat *bias; /* (O), or NULL */
  gint out_channels, in_channels; /* whole counts, not per group */
  gint kernel_h, kernel_w;
  gint stride, dilation, padding, groups;
  NucsegActivation activation;
} NucsegConv;

typedef struct {
  gchar *name;
  NucsegOp op;
  guint n_inputs;
  guint inputs[NUCSEG_MAX_INPUTS]; /* indices of earlier nodes */
  gint channels; /* of the output */
  /* What one step of the output is worth in int8, where it is 8-bit unsigned
   * integers; 0: it is f32 there too. */
  gfloat scale;
  union {
    NucsegConv conv;
    struct {
      gint kernel, stride;
    } pool; /* MAX_POOL */
    struct {
      gint rows, columns;
    } avg; /* AVG_POOL: adaptive to rows x columns */
    NucsegUpsample upsample; /* factor 2 */
    gint block; /* SPACE_TO_DEPTH, DEPTH_TO_SPACE */
  } u;
} NucsegNode;

/* nodes[0] is the INPUT (1 channel); nodes are sorted so that each stands
 * behind its inputs; every node leads to nodes[output]. */
typedef struct {
  NucsegNode *nodes;
  guint n_nodes;
  guint output;
  gboolean quantised; /* some node has a scale: the network runs in int8 */
  gint multiple; /* input height and width are multiples of it */
} NucsegGraph;

/**
 * nucseg_graph_infer:
 * @graph: a checked graph
 * @height: of the input, a multiple of graph->multiple
 * @width: of the input
 * @shapes: (out caller-allocates): graph->n_nodes shapes
 * @error: return location
 *
 * Returns: FALSE with SHAPE, naming the node, where a node has no shape (a
 *   pooling of more than there is, inputs that do not fit)
 */
NUCSEG_API gboolean nucseg_graph_infer (const NucsegGraph *graph, gint height,
    gint width, NucsegShape *shapes, GError **error);

/* "conv", "max_pool", ... as in the file */
NUCSEG_API const gchar *nucseg_op_name (NucsegOp op);

G_END_DECLS

#endif /* NUCSEG_GRAPH_H */
