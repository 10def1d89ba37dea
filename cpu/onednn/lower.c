/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lower.c: nodes -> steps, with the buffers that they touch and when. The last
 * step splits the output into planes; a depth_to_space at the end, and its sum
 * with another tensor, are done on the way.
 */
#include "cpu/onednn/network-private.h"

/* The step that is being made has the number steps->len. */
static void
use (NucsegNetwork *self, guint buffer)
{
  nucseg_buffers_use (self->buffers, buffer, self->steps->len);
}

/* Where node @i lies, giving it a buffer if it has none. */
static NucsegSlot
node_slot (NucsegNetwork *self, guint i)
{
  NucsegNodePlan *plan = &self->nodes[i];
  NucsegNodePlan *owner =
      plan->host == NUCSEG_NONE ? plan : &self->nodes[plan->host];
  const gsize element = nucseg_element_size (plan->type);
  NucsegSlot slot = { { plan->shape.height, plan->shape.width,
                          plan->shape.channels, owner->shape.channels,
                          plan->type, NULL, self->graph->nodes[i].scale },
    0, plan->host == NUCSEG_NONE ? 0 : plan->host_channel * element };

  if (owner->buffer == NUCSEG_NONE)
    owner->buffer = nucseg_buffers_add (
        self->buffers, nucseg_shape_elements (&owner->shape) * element);
  slot.buffer = owner->buffer;
  use (self, slot.buffer);
  return slot;
}

static NucsegStep *
append_step (NucsegNetwork *self, const NucsegStep *step)
{
  g_array_append_val (self->steps, *step);
  return &g_array_index (self->steps, NucsegStep, self->steps->len - 1);
}

/* Input @k of node @i in the type that it wants; may add a convert step. */
static NucsegSlot
input_slot (NucsegNetwork *self, guint i, guint k, NucsegElement type)
{
  const guint source = self->graph->nodes[i].inputs[k];
  NucsegNodePlan *plan = &self->nodes[source];
  NucsegSlot slot = node_slot (self, source);
  NucsegSlot copy = slot;

  if (plan->type == type)
    return slot;
  copy.tensor.type = type;
  copy.tensor.pitch = copy.tensor.channels;
  copy.offset = 0;
  if (plan->converted == NUCSEG_NONE) {
    NucsegStep step = { NUCSEG_STEP_CONVERT, &self->graph->nodes[source], 1 };

    plan->converted = nucseg_buffers_add (self->buffers,
        nucseg_shape_elements (&plan->shape) * nucseg_element_size (type));
    copy.buffer = plan->converted;
    use (self, copy.buffer);
    step.in[0] = slot;
    step.out = copy;
    append_step (self, &step);
  }
  copy.buffer = plan->converted;
  use (self, copy.buffer);
  return copy;
}

/* One copy step for each part that isn't there already. */
static void
add_concat (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  const gsize element = nucseg_element_size (self->nodes[i].type);
  gint channel = 0;

  for (guint k = 0; k < node->n_inputs; k++) {
    const NucsegNodePlan *part = &self->nodes[node->inputs[k]];

    if (part->host != i || part->host_channel != channel) {
      NucsegStep step = { NUCSEG_STEP_COPY, node, 1 };

      step.in[0] = input_slot (self, i, k, self->nodes[i].type);
      step.out = node_slot (self, i);
      step.out.tensor.channels = part->shape.channels;
      step.out.offset += channel * element;
      append_step (self, &step);
    }
    channel += part->shape.channels;
  }
}

static gboolean
add_conv (NucsegNetwork *self, guint i, NucsegStep *step, GError **error)
{
  const NucsegNode *node = &self->graph->nodes[i];

  step->kind = self->nodes[i].conv;
  switch (step->kind) {
  case NUCSEG_STEP_TINY:
    step->tiny = nucseg_tiny_new (&node->u.conv);
    return TRUE;
  case NUCSEG_STEP_GREY:
    step->grey = nucseg_grey_conv_new (&node->u.conv);
    return TRUE;
  case NUCSEG_STEP_NARROW:
    step->narrow = nucseg_narrow_conv_new (
        &node->u.conv, &step->in[0].tensor, &step->out.tensor, error);
    return step->narrow != NULL;
  case NUCSEG_STEP_MATRIX:
    step->matrix = nucseg_matrix_conv_new (&node->u.conv, &step->in[0].tensor,
        &step->out.tensor, self->context.threads, error);
    if (!step->matrix)
      return FALSE;
    self->scratchpad_size = MAX (self->scratchpad_size,
        self->context.threads
            * nucseg_matrix_conv_get_scratch_size (step->matrix));
    return TRUE;
  default:
    break;
  }
  step->conv = nucseg_dnnl_conv_new (
      self->dnnl, &node->u.conv, &step->in[0].tensor, &step->out.tensor, error);
  if (!step->conv) {
    g_prefix_error (error, "convolution '%s': ", node->name);
    return FALSE;
  }
  self->scratchpad_size = MAX (
      self->scratchpad_size, nucseg_dnnl_conv_get_scratchpad_size (step->conv));
  return TRUE;
}

/* A convolution of f32 tensors whose output is steps: through a tensor of
 * f32. */
static gboolean
add_rounded_conv (
    NucsegNetwork *self, guint i, const NucsegStep *whole, GError **error)
{
  NucsegStep conv = *whole;
  NucsegStep round = { NUCSEG_STEP_CONVERT, whole->node, 1 };

  conv.out.tensor.type = NUCSEG_ELEMENT_F32;
  conv.out.buffer = nucseg_buffers_add (self->buffers,
      nucseg_shape_elements (&self->nodes[i].shape) * sizeof (gfloat));
  if (!add_conv (self, i, &conv, error))
    return FALSE;
  use (self, conv.out.buffer);
  append_step (self, &conv);
  round.in[0] = conv.out;
  round.out = whole->out;
  use (self, round.in[0].buffer);
  use (self, round.out.buffer);
  append_step (self, &round);
  return TRUE;
}

static void
add_product (NucsegNetwork *self, guint i, NucsegStep *step)
{
  NucsegNodePlan *plan = &self->nodes[i];

  step->kind = NUCSEG_STEP_MULTIPLY;
  if (plan->pool == NUCSEG_NONE)
    return;
  step->kind = NUCSEG_STEP_MULTIPLY_POOL;
  step->pooled = node_slot (self, plan->pool);
}

static gboolean
add_node (NucsegNetwork *self, guint i, GError **error)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegStep step = { 0 };
  gboolean ok = TRUE;

  if (node->op == NUCSEG_OP_CONCAT) {
    add_concat (self, i);
    return TRUE;
  }
  step.node = node;
  step.n_inputs = node->n_inputs;
  for (guint k = 0; k < node->n_inputs; k++)
    step.in[k] =
        input_slot (self, i, k, nucseg_network_wanted_type (self, i, k));
  /* A convert step may have been added in between. */
  for (guint k = 0; k < node->n_inputs; k++)
    use (self, step.in[k].buffer);
  step.out = node_slot (self, i);

  switch (node->op) {
  case NUCSEG_OP_CONV:
    if (self->nodes[i].conv == NUCSEG_STEP_CONV
        && step.in[0].tensor.type == NUCSEG_ELEMENT_F32
        && step.out.tensor.type == NUCSEG_ELEMENT_U8)
      return add_rounded_conv (self, i, &step, error);
    ok = add_conv (self, i, &step, error);
    break;
  case NUCSEG_OP_MUL:
    add_product (self, i, &step);
    break;
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
    step.size[0] = node->u.avg.rows;
    step.size[1] = node->u.avg.columns;
    break;
  case NUCSEG_OP_UPSAMPLE:
    step.kind = node->u.upsample == NUCSEG_UPSAMPLE_NEAREST
        ? NUCSEG_STEP_UPSAMPLE_NEAREST
        : NUCSEG_STEP_UPSAMPLE_BILINEAR;
    break;
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    step.kind = node->op == NUCSEG_OP_SPACE_TO_DEPTH
        ? NUCSEG_STEP_SPACE_TO_DEPTH
        : NUCSEG_STEP_DEPTH_TO_SPACE;
    step.size[0] = node->u.block;
    break;
  default:
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "node '%s': the onednn back end has no operation %s", node->name,
        nucseg_op_name (node->op));
    return FALSE;
  }
  if (ok)
    append_step (self, &step);
  return ok;
}

/* The last step: the output, or what a final depth_to_space (and sum) would
 * take, into planes. */
static void
add_maps (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;
  const NucsegNode *last = &graph->nodes[graph->output];
  /* A node that has the output as its input, for input_slot(). */
  NucsegStep step = { NUCSEG_STEP_MAPS, last, 1 };
  guint added, moved = nucseg_network_last_rearrangement (self, &added);

  step.size[0] = 1;
  step.size[1] = self->n_maps;
  if (moved != NUCSEG_NONE) {
    step.size[0] = graph->nodes[moved].u.block;
    step.in[0] = input_slot (self, moved, 0, NUCSEG_ELEMENT_F32);
    if (added != NUCSEG_NONE) {
      step.n_inputs = 2;
      step.in[1] = input_slot (self, graph->output,
          last->inputs[0] == added ? 0 : 1, NUCSEG_ELEMENT_F32);
      use (self, step.in[1].buffer);
    }
  } else if (self->nodes[graph->output].type == NUCSEG_ELEMENT_F32) {
    step.in[0] = node_slot (self, graph->output);
  } else {
    NucsegStep convert = { NUCSEG_STEP_CONVERT, last, 1 };

    convert.in[0] = node_slot (self, graph->output);
    convert.out = convert.in[0];
    convert.out.tensor.type = NUCSEG_ELEMENT_F32;
    convert.out.buffer = nucseg_buffers_add (self->buffers,
        nucseg_shape_elements (&self->nodes[graph->output].shape)
            * sizeof (gfloat));
    use (self, convert.out.buffer);
    append_step (self, &convert);
    step.in[0] = convert.out;
  }
  use (self, step.in[0].buffer);
  append_step (self, &step);
}

gboolean
nucseg_network_lower (NucsegNetwork *self, GError **error)
{
  self->input_buffer = node_slot (self, 0).buffer;
  for (guint i = 1; i < self->graph->n_nodes; i++) {
    if (!self->nodes[i].done && !add_node (self, i, error))
      return FALSE;
  }
  add_maps (self);
  return TRUE;
}
