/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-places.c: decides each tensor's element type and place, and what goes
 * together:
 *
 * - A space_to_depth that alone reads the input is done by prepare.
 * - The attention chain (avg_pool, depthwise conv, 1x1 conv, add) is one step.
 * - A product that only cuDNN's convolutions read is theirs; else it is one
 *   step with the 2x2 maxima of it.
 * - The 1x1 convolution that makes the output and a depth_to_space behind it
 * are one step; where the output is the sum of two such, it is those two.
 * - A tensor that only feeds our own kernels and one concatenation is written
 *   straight into its slice of the concatenation, and so is what a convolution
 *   of cuDNN's makes for a concatenation alone.
 */
#include "cuda/network-private.h"

#include "cuda/convs.h"

#define MOST_BLOCK 8 /* of the kernels */
#define MOST_CELLS 16 /* a side, likewise */

static void
count_consumers (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;

  for (guint i = 0; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      self->nodes[graph->nodes[i].inputs[k]].n_consumers++;
  }
}

/* --- Attention ----------------------------------------------------------- */

static gboolean
is_pointwise (const NucsegNode *node)
{
  const NucsegConv *conv = &node->u.conv;

  return node->op == NUCSEG_OP_CONV && conv->kernel_h == 1
      && conv->kernel_w == 1 && conv->stride == 1 && conv->padding == 0
      && conv->groups == 1;
}

static gboolean
is_vector (const NucsegNetwork *self, guint i)
{
  return self->nodes[i].shape.height == 1 && self->nodes[i].shape.width == 1;
}

/* own <- reduce <- pool <- x */
static gboolean
find_own (const NucsegNetwork *self, guint own, NucsegChain *chain)
{
  const NucsegNode *nodes = self->graph->nodes, *reduce, *pool;
  const gint channels = nodes[own].channels;

  if (!is_pointwise (&nodes[own]) || !is_vector (self, own)
      || nodes[own].u.conv.in_channels != channels)
    return FALSE;
  chain->own = own;
  chain->reduce = nodes[own].inputs[0];
  reduce = &nodes[chain->reduce];
  if (reduce->op != NUCSEG_OP_CONV || reduce->u.conv.groups != channels
      || reduce->channels != channels || reduce->u.conv.padding != 0
      || reduce->u.conv.dilation != 1 || reduce->u.conv.in_channels != channels
      || self->nodes[chain->reduce].n_consumers != 1)
    return FALSE;
  chain->pool = reduce->inputs[0];
  pool = &nodes[chain->pool];
  if (pool->op != NUCSEG_OP_AVG_POOL
      || pool->u.avg.rows != reduce->u.conv.kernel_h
      || pool->u.avg.columns != reduce->u.conv.kernel_w
      || pool->u.avg.rows > MOST_CELLS || pool->u.avg.columns > MOST_CELLS
      || self->nodes[chain->pool].n_consumers != 1)
    return FALSE;
  chain->x = pool->inputs[0];
  return TRUE;
}

/* The chain is one step, at the add: nobody may want `own` before. */
static gboolean
is_read_before (const NucsegNetwork *self, guint node, guint sum)
{
  const NucsegGraph *graph = self->graph;

  for (guint i = node + 1; i < sum; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      if (graph->nodes[i].inputs[k] == node)
        return TRUE;
  }
  return FALSE;
}

gboolean
nucseg_network_find_chain (
    const NucsegNetwork *self, guint sum, NucsegChain *chain)
{
  const NucsegNode *nodes = self->graph->nodes, *add = &nodes[sum];

  if (add->op != NUCSEG_OP_ADD || add->n_inputs != 2
      || sum == self->graph->output)
    return FALSE;
  for (guint k = 0; k < 2; k++) {
    const guint own = add->inputs[k], other = add->inputs[1 - k];

    if (!find_own (self, own, chain) || own == self->graph->output
        || is_read_before (self, own, sum))
      continue;
    chain->expand = chain->lower = NUCSEG_NONE;
    if (other == own)
      return TRUE;
    if (!is_pointwise (&nodes[other]) || self->nodes[other].n_consumers != 1)
      continue;
    chain->expand = other;
    chain->lower = nodes[other].inputs[0];
    if (is_vector (self, chain->lower) && chain->lower != own)
      return TRUE;
  }
  return FALSE;
}

static void
fuse_chain (NucsegNetwork *self, guint sum)
{
  NucsegChain chain;

  if (!nucseg_network_find_chain (self, sum, &chain))
    return;
  self->nodes[sum].chain = chain.pool;
  self->nodes[chain.pool].done = self->nodes[chain.reduce].done = TRUE;
  self->nodes[chain.own].done = TRUE;
  if (chain.expand != NUCSEG_NONE)
    self->nodes[chain.expand].done = TRUE;
}

/* --- Other fusions -------------------------------------------------------- */

static void
fuse_input (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;

  self->input = 0;
  for (guint i = 1; i < graph->n_nodes && self->nodes[0].n_consumers == 1;
       i++) {
    const NucsegNode *node = &graph->nodes[i];

    if (node->op != NUCSEG_OP_SPACE_TO_DEPTH || node->inputs[0] != 0
        || node->u.block > MOST_BLOCK || i == graph->output
        || self->nodes[i].type != self->nodes[0].type
        || self->nodes[i].pitch % 8 != 0)
      continue;
    self->input = i;
    self->nodes[i].done = TRUE;
  }
}

static void
fuse_pool (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegPlaced *product = &self->nodes[node->inputs[0]];

  if (node->op != NUCSEG_OP_MAX_POOL || node->u.pool.kernel != 2
      || node->u.pool.stride != 2 || product->pool != NUCSEG_NONE
      || self->graph->nodes[node->inputs[0]].op != NUCSEG_OP_MUL
      || product->type != self->nodes[i].type)
    return;
  product->pool = i;
  self->nodes[i].done = TRUE;
}

/* Whether what @node holds is all a head's. */
static gboolean
find_head (const NucsegNetwork *self, guint node, NucsegHead *head)
{
  const NucsegNode *nodes = self->graph->nodes;

  *head = (NucsegHead){ node, 1 };
  if (nodes[node].op == NUCSEG_OP_DEPTH_TO_SPACE) {
    *head = (NucsegHead){ nodes[node].inputs[0], nodes[node].u.block };
    if (self->nodes[head->conv].n_consumers != 1)
      return FALSE;
  }
  return head->block <= MOST_BLOCK && is_pointwise (&nodes[head->conv]);
}

static void
fuse_heads (NucsegNetwork *self)
{
  const guint output = self->graph->output;
  const NucsegNode *last = &self->graph->nodes[output];
  const gboolean is_sum = last->op == NUCSEG_OP_ADD && last->n_inputs == 2;

  self->n_heads = 0;
  for (guint k = 0; k < (is_sum ? 2 : 1); k++) {
    const guint part = is_sum ? last->inputs[k] : output;

    if ((is_sum && self->nodes[part].n_consumers != 1)
        || !find_head (self, part, &self->heads[k]))
      return;
  }
  self->n_heads = is_sum ? 2 : 1;
  for (guint k = 0; k < self->n_heads; k++) {
    if (is_sum)
      self->nodes[last->inputs[k]].done = TRUE;
    self->nodes[self->heads[k].conv].done = TRUE;
  }
  self->nodes[output].done = FALSE;
}

/* --- Slices --------------------------------------------------------------- */

/* Whether node @i can be written with gaps between its pixels, and read so by
 * all who do. A vector can't: who takes channel weights, or the lower level of
 * an attention chain, takes them without gaps between images. */
static gboolean
can_be_slice (const NucsegNetwork *self, guint i, guint host)
{
  const NucsegGraph *graph = self->graph;
  guint taken = 0;

  switch (graph->nodes[i].op) {
  case NUCSEG_OP_CONV:
    /* of ours: its kernel writes where it is told; those of cuDNN's that can
     * have their place */
    if (self->nodes[i].cudnn)
      return FALSE;
    break;
  case NUCSEG_OP_MAX_POOL:
  case NUCSEG_OP_UPSAMPLE:
  case NUCSEG_OP_ADD:
  case NUCSEG_OP_MUL:
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    break;
  default:
    return FALSE;
  }
  if (self->nodes[i].host != NUCSEG_NONE || i == self->input
      || is_vector (self, i) || self->nodes[i].chain != NUCSEG_NONE
      || self->nodes[i].type != self->nodes[host].type)
    return FALSE;
  for (guint j = i + 1; j < graph->n_nodes; j++) {
    const NucsegNode *reader = &graph->nodes[j];

    for (guint k = 0; k < reader->n_inputs; k++) {
      if (reader->inputs[k] != i)
        continue;
      if (j == host)
        taken++;
      else if (self->nodes[j].cudnn || self->nodes[j].scale)
        return FALSE;
    }
  }
  return taken == 1;
}

static void
place_slices (NucsegNetwork *self, guint host)
{
  const NucsegNode *node = &self->graph->nodes[host];
  gint channel = 0;

  /* The maps have nothing beside them. */
  if (node->op != NUCSEG_OP_CONCAT)
    return;
  for (guint k = 0; k < node->n_inputs; k++) {
    NucsegPlaced *part = &self->nodes[node->inputs[k]];

    if (can_be_slice (self, node->inputs[k], host)) {
      part->host = host;
      part->host_channel = channel;
    }
    channel += part->shape.channels;
  }
}

gboolean
nucseg_network_place (
    NucsegNetwork *self, gint height, gint width, GError **error)
{
  const NucsegGraph *graph = self->graph;
  g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);

  if (!nucseg_graph_infer (graph, height, width, shapes, error))
    return FALSE;
  for (guint i = 0; i < graph->n_nodes; i++) {
    NucsegPlaced *node = &self->nodes[i];

    node->shape = shapes[i];
    node->type = nucseg_convs_is_rounded (graph, shapes, i) ? self->type
                                                            : NUCSEG_CUDA_F32;
    /* Vectors are read as such, without gaps; cuDNN reads none. */
    node->pitch = is_vector (self, i) ? graph->nodes[i].channels
                                      : nucseg_convs_pitch (graph, i);
    node->pool = node->chain = node->host = NUCSEG_NONE;
    node->buffer = node->converted = NUCSEG_NONE;
  }
  count_consumers (self);
  fuse_input (self);
  fuse_heads (self);
  for (guint i = 0; i < graph->n_nodes; i++)
    fuse_chain (self, i);
  for (guint i = 0; i < graph->n_nodes; i++)
    fuse_pool (self, i);
  nucseg_network_choose_convs (self, shapes);
  for (guint i = 0; i < graph->n_nodes; i++)
    place_slices (self, i);
  return TRUE;
}
