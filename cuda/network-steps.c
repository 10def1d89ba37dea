/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-steps.c: graph -> steps, and each tensor's buffer. Where a consumer
 * wants the other element type, a copy step comes between.
 */
#include "cuda/network-private.h"

/* A tensor of the network's batch, without memory. */
static NucsegCudaTensor
make_tensor (const NucsegNetwork *self, const NucsegShape *shape, gint pitch,
    NucsegCudaType type)
{
  return (NucsegCudaTensor){ .type = type,
    .batch = self->batch,
    .height = shape->height,
    .width = shape->width,
    .channels = shape->channels,
    .pitch = pitch };
}

/* The step that is being made has the number steps->len. */
static void
use (NucsegNetwork *self, guint buffer)
{
  nucseg_buffers_use (self->buffers, buffer, self->steps->len);
}

/* A tensor of its own for the step that is being made. */
static NucsegSlot
new_slot (NucsegNetwork *self, const NucsegShape *shape, gint pitch,
    NucsegCudaType type)
{
  const gsize size = (gsize) self->batch * shape->height * shape->width * pitch
      * nucseg_step_type_size (type);
  NucsegSlot slot = { .tensor = make_tensor (self, shape, pitch, type),
    .buffer = nucseg_buffers_add (self->buffers, size) };

  use (self, slot.buffer);
  return slot;
}

/* Where node @i lies, giving it a buffer if it has none. */
static NucsegSlot
node_slot (NucsegNetwork *self, guint i)
{
  NucsegPlaced *node = &self->nodes[i];
  NucsegPlaced *owner =
      node->host == NUCSEG_NONE ? node : &self->nodes[node->host];
  NucsegSlot slot;

  if (owner->buffer == NUCSEG_NONE)
    owner->buffer =
        new_slot (self, &owner->shape, owner->pitch, owner->type).buffer;
  slot = (NucsegSlot){ .tensor = make_tensor (
                           self, &node->shape, owner->pitch, node->type),
    .buffer = owner->buffer,
    .offset = node->host == NUCSEG_NONE
        ? 0
        : node->host_channel * nucseg_step_type_size (node->type) };
  use (self, slot.buffer);
  return slot;
}

static void
append_step (NucsegNetwork *self, const NucsegStep *step)
{
  g_array_append_val (self->steps, *step);
}

/* Node @source as @type; may add a copy step. */
static NucsegSlot
read_slot (NucsegNetwork *self, guint source, NucsegCudaType type)
{
  NucsegPlaced *node = &self->nodes[source];
  NucsegSlot slot = node_slot (self, source), copy;

  if (node->type == type)
    return slot;
  copy = slot;
  copy.tensor.type = type;
  copy.tensor.pitch = copy.tensor.channels;
  copy.offset = 0;
  if (node->converted == NUCSEG_NONE) {
    NucsegStep step = { NUCSEG_STEP_COPY, &self->graph->nodes[source], 1 };

    copy = new_slot (self, &node->shape, node->shape.channels, type);
    node->converted = copy.buffer;
    step.in[0] = slot;
    step.out = copy;
    append_step (self, &step);
  }
  copy.buffer = node->converted;
  use (self, copy.buffer);
  return copy;
}

/* A copy step may have come between the inputs: all are in use now. */
static void
use_inputs (NucsegNetwork *self, const NucsegStep *step)
{
  for (guint k = 0; k < step->n_inputs; k++) {
    if (step->in[k].tensor.channels > 0)
      use (self, step->in[k].buffer);
  }
}

/* One copy step for each part that isn't there already. */
static void
add_concat (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  gint channel = 0;

  for (guint k = 0; k < node->n_inputs; k++) {
    const NucsegPlaced *part = &self->nodes[node->inputs[k]];

    if (part->host != i || part->host_channel != channel) {
      NucsegStep step = { NUCSEG_STEP_COPY, node, 1 };

      step.in[0] = node_slot (self, node->inputs[k]);
      step.out = node_slot (self, i);
      step.out.tensor.channels = part->shape.channels;
      step.out.offset += channel * nucseg_step_type_size (self->nodes[i].type);
      append_step (self, &step);
    }
    channel += part->shape.channels;
  }
}

static NucsegCudaType
weight_type (const NucsegNetwork *self, const NucsegNode *node)
{
  return self->nodes[node->inputs[0]].type; /* what reads f32 has f32 weights */
}

/* Does the product in front, if that is fused. */
static void
add_cudnn (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegStep step = { NUCSEG_STEP_CONV, node, 1 };
  guint in = node->inputs[0];

  if (self->nodes[in].scale) {
    const NucsegNode *product = &self->graph->nodes[in];

    in = product->inputs[0];
    step.n_inputs = 2;
    step.in[1] = read_slot (self, product->inputs[1], NUCSEG_CUDA_F32);
  }
  step.in[0] = node_slot (self, in);
  step.out = node_slot (self, i);
  nucseg_weights_add_cudnn (self->weights, i, self->type, self->nodes[in].pitch,
      &step.weight, &step.bias);
  step.cudnn = self->nodes[i].cudnn;
  use_inputs (self, &step);
  append_step (self, &step);
}

static void
add_direct (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  const NucsegPlaced *place = &self->nodes[i];
  NucsegStep step = { NUCSEG_STEP_DIRECT, node, 1 }, copy;

  step.conv = nucseg_weights_add (self->weights, i, weight_type (self, node));
  step.in[0] = node_slot (self, node->inputs[0]);
  if (place->type == NUCSEG_CUDA_F32 || place->type == step.in[0].tensor.type) {
    step.out = node_slot (self, i);
    append_step (self, &step);
    return;
  }
  /* f32 in, rounded out: the kernel has no such pair. */
  step.out =
      new_slot (self, &place->shape, place->shape.channels, NUCSEG_CUDA_F32);
  append_step (self, &step);
  copy = (NucsegStep){ NUCSEG_STEP_COPY, node, 1 };
  copy.in[0] = step.out;
  use (self, step.out.buffer);
  copy.out = node_slot (self, i);
  append_step (self, &copy);
}

/* The output: the first head writes the maps, the second adds to them. */
static void
add_heads (NucsegNetwork *self)
{
  for (guint k = 0; k < self->n_heads; k++) {
    const guint conv = self->heads[k].conv;
    const NucsegNode *node = &self->graph->nodes[conv];
    NucsegStep step = { NUCSEG_STEP_HEAD, node, 1 };

    step.size[0] = self->heads[k].block;
    step.add = k > 0;
    step.round = self->nodes[conv].type;
    step.conv =
        nucseg_weights_add (self->weights, conv, weight_type (self, node));
    step.in[0] = node_slot (self, node->inputs[0]);
    step.out = node_slot (self, self->graph->output);
    append_step (self, &step);
  }
}

static void
add_conv (NucsegNetwork *self, guint i)
{
  if (self->nodes[i].cudnn)
    add_cudnn (self, i);
  else
    add_direct (self, i);
}

static void
add_attention (NucsegNetwork *self, guint sum)
{
  const NucsegNode *nodes = self->graph->nodes;
  NucsegStep step = { NUCSEG_STEP_ATTENTION, &nodes[sum], 2 };
  NucsegCudaAttention *a = &step.attention;
  NucsegChain chain;
  gsize size;

  nucseg_network_find_chain (self, sum, &chain);
  a->rows = nodes[chain.pool].u.avg.rows;
  a->columns = nodes[chain.pool].u.avg.columns;
  a->reduce = nucseg_weights_add (self->weights, chain.reduce, NUCSEG_CUDA_F32);
  a->gate = nucseg_weights_add (self->weights, chain.own, NUCSEG_CUDA_F32);
  step.in[0] = node_slot (self, chain.x);
  if (chain.expand != NUCSEG_NONE) {
    a->expand =
        nucseg_weights_add (self->weights, chain.expand, NUCSEG_CUDA_F32);
    step.in[1] = node_slot (self, chain.lower);
  }
  step.pooled = node_slot (self, chain.own);
  step.out = node_slot (self, sum);
  size = nucseg_cuda_attention_workspace (
      self->batch, a->rows, a->columns, nodes[chain.own].channels);
  step.workspace = nucseg_buffers_add (self->buffers, size);
  use (self, step.workspace);
  append_step (self, &step);
}

static void
add_product (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  const NucsegPlaced *place = &self->nodes[i];
  NucsegStep step = { NUCSEG_STEP_SCALE_POOL, node, 2 };

  step.in[0] = read_slot (self, node->inputs[0], place->type);
  step.in[1] = read_slot (self, node->inputs[1], NUCSEG_CUDA_F32);
  use_inputs (self, &step);
  if (place->pool != NUCSEG_NONE)
    step.pooled = node_slot (self, place->pool);
  if (place->pool == NUCSEG_NONE || place->n_consumers > 1
      || i == self->graph->output)
    step.out = node_slot (self, i);
  append_step (self, &step);
}

/* One input or several of the output's type, one output. */
static gboolean
add_simple (NucsegNetwork *self, guint i, GError **error)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegStep step = { NUCSEG_STEP_COPY, node, node->n_inputs };
  gboolean any_type = FALSE;

  switch (node->op) {
  case NUCSEG_OP_ADD:
    step.kind = NUCSEG_STEP_ADD;
    break;
  case NUCSEG_OP_MAX_POOL:
    step.kind = NUCSEG_STEP_MAX_POOL;
    step.size[0] = node->u.pool.kernel;
    step.size[1] = node->u.pool.stride;
    break;
  case NUCSEG_OP_AVG_POOL:
    step.kind = NUCSEG_STEP_AVERAGE;
    any_type = TRUE;
    break;
  case NUCSEG_OP_UPSAMPLE:
    step.kind = NUCSEG_STEP_UPSAMPLE;
    step.mode = node->u.upsample;
    break;
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    step.kind = node->op == NUCSEG_OP_SPACE_TO_DEPTH
        ? NUCSEG_STEP_SPACE_TO_DEPTH
        : NUCSEG_STEP_DEPTH_TO_SPACE;
    step.size[0] = node->u.block;
    any_type = TRUE;
    break;
  default:
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "node '%s': the cuda back end has no operation %s", node->name,
        nucseg_op_name (node->op));
    return FALSE;
  }
  for (guint k = 0; k < node->n_inputs; k++)
    step.in[k] = any_type
        ? node_slot (self, node->inputs[k])
        : read_slot (self, node->inputs[k], self->nodes[i].type);
  use_inputs (self, &step);
  step.out = node_slot (self, i);
  /* What fills up the channels of a space_to_depth is its to write. */
  if (node->op == NUCSEG_OP_SPACE_TO_DEPTH
      && self->nodes[i].host == NUCSEG_NONE)
    step.out.tensor.channels = step.out.tensor.pitch;
  append_step (self, &step);
  return TRUE;
}

static gboolean
add_node (NucsegNetwork *self, guint i, GError **error)
{
  const NucsegNode *node = &self->graph->nodes[i];

  if (i == self->graph->output && self->n_heads > 0) {
    add_heads (self);
    return TRUE;
  }
  switch (node->op) {
  case NUCSEG_OP_CONCAT:
    add_concat (self, i);
    return TRUE;
  case NUCSEG_OP_CONV:
    add_conv (self, i);
    return TRUE;
  case NUCSEG_OP_MUL:
    add_product (self, i);
    return TRUE;
  case NUCSEG_OP_ADD:
    if (self->nodes[i].chain == NUCSEG_NONE)
      return add_simple (self, i, error);
    add_attention (self, i);
    return TRUE;
  default:
    return add_simple (self, i, error);
  }
}

gboolean
nucseg_network_make_steps (NucsegNetwork *self, GError **error)
{
  const NucsegGraph *graph = self->graph;
  guint ends[2];

  /* All the time: the input is kept for those who read it back, the maps are
   * decoded after the last step. */
  ends[0] = node_slot (self, self->input).buffer;
  for (guint i = 1; i < graph->n_nodes; i++) {
    if (!self->nodes[i].done && !add_node (self, i, error))
      return FALSE;
  }
  ends[1] = node_slot (self, graph->output).buffer;
  for (guint i = 0; i < 2; i++) {
    nucseg_buffers_use (self->buffers, ends[i], 0);
    nucseg_buffers_use (self->buffers, ends[i], self->steps->len);
  }
  return TRUE;
}
