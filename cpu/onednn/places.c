/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * places.c: what type each tensor has, and where it lies:
 *
 * - Tensors of a convolution by oneDNN have the network's type; those of tiny
 *   convolutions and pooled averages are f32. Where a consumer wants the other
 *   type, lower.c puts a convert step between.
 * - In int8 tensors with a scale are steps (u8), all others f32. A convolution
 *   takes either.
 * - Convolutions of one channel in f32, and those of steps with eight outputs,
 *   are done by our own kernels where the CPU has what they need. With AVX2
 *   and no more those of steps all are, and 3x3 in f32. Without VNNI those of
 *   steps are not exact in oneDNN.
 * - A tensor that our own kernels make, and that only they and one
 *   concatenation read, is written straight into its slice of it.
 * - A product and the 2x2 maxima of it are one step.
 */
#include "cpu/isa.h"
#include "cpu/onednn/network-private.h"

static void
count_consumers (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;

  for (guint i = 0; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      self->nodes[graph->nodes[i].inputs[k]].n_consumers++;
  }
}

/* A depth_to_space at the end, and its sum with a second tensor, are done while
 * the maps are split. */
guint
nucseg_network_last_rearrangement (const NucsegNetwork *self, guint *added)
{
  const NucsegGraph *graph = self->graph;
  const NucsegNode *last = &graph->nodes[graph->output];

  *added = NUCSEG_NONE;
  if (last->op == NUCSEG_OP_DEPTH_TO_SPACE)
    return graph->output;
  if (last->op != NUCSEG_OP_ADD || last->n_inputs != 2)
    return NUCSEG_NONE;
  for (guint k = 0; k < 2; k++) {
    const guint i = last->inputs[k];

    if (graph->nodes[i].op == NUCSEG_OP_DEPTH_TO_SPACE
        && self->nodes[i].n_consumers == 1) {
      *added = last->inputs[1 - k];
      return i;
    }
  }
  return NUCSEG_NONE;
}

/* The last convolutions keep their f32 sums, also where only what is done with
 * the maps stands behind them. */
static gboolean
makes_output (const NucsegNetwork *self, guint i)
{
  guint added, moved = nucseg_network_last_rearrangement (self, &added);

  if (i == self->graph->output)
    return TRUE;
  return self->nodes[i].n_consumers == 1 && moved != NUCSEG_NONE
      && (i == added || self->graph->nodes[moved].inputs[0] == i);
}

/* Who does the convolution that is not a tiny one, once its types are known. */
static NucsegStepKind
choose_conv (const NucsegNetwork *self, guint i)
{
  const NucsegConv *conv = &self->graph->nodes[i].u.conv;
  const NucsegElement in = nucseg_network_wanted_type (self, i, 0);
  const NucsegNodePlan *plan = &self->nodes[i];
  const NucsegTensor out = { plan->shape.height, plan->shape.width,
    plan->shape.channels, plan->shape.channels, plan->type, NULL, 0 };

  if (nucseg_grey_conv_wants (conv, in))
    return NUCSEG_STEP_GREY;
  if (nucseg_narrow_conv_wants (conv, in, plan->type))
    return NUCSEG_STEP_NARROW;
  if (nucseg_matrix_conv_wants (conv, in, &out)
      && (in == NUCSEG_ELEMENT_F32 || nucseg_isa_get () == NUCSEG_ISA_AVX2
          || !nucseg_dnnl_has_int8 ()
          || (!nucseg_dnnl_has_amx ()
              && nucseg_matrix_conv_saves (conv, &out))))
    return NUCSEG_STEP_MATRIX;
  return NUCSEG_STEP_CONV;
}

static void
choose_type (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegNodePlan *plan = &self->nodes[i];

  plan->type = self->type;
  if (node->op == NUCSEG_OP_INPUT)
    return;
  if (self->int8) {
    plan->type = node->scale > 0 ? NUCSEG_ELEMENT_U8 : NUCSEG_ELEMENT_F32;
    if (node->op == NUCSEG_OP_CONV && plan->type == NUCSEG_ELEMENT_F32
        && self->nodes[node->inputs[0]].type == NUCSEG_ELEMENT_F32
        && nucseg_tiny_wants (&node->u.conv, &plan->shape))
      plan->conv = NUCSEG_STEP_TINY;
    return;
  }
  if (node->op == NUCSEG_OP_AVG_POOL) {
    plan->type = NUCSEG_ELEMENT_F32;
  } else if (node->op == NUCSEG_OP_CONV) {
    if (nucseg_tiny_wants (&node->u.conv, &plan->shape))
      plan->conv = NUCSEG_STEP_TINY;
    if (plan->conv == NUCSEG_STEP_TINY || makes_output (self, i))
      plan->type = NUCSEG_ELEMENT_F32;
  } else {
    guint n = node->op == NUCSEG_OP_MUL ? 1 : node->n_inputs;
    gboolean all_f32 = TRUE;

    for (guint k = 0; k < n; k++)
      all_f32 &= self->nodes[node->inputs[k]].type == NUCSEG_ELEMENT_F32;
    if (all_f32)
      plan->type = NUCSEG_ELEMENT_F32;
  }
}

NucsegElement
nucseg_network_wanted_type (const NucsegNetwork *self, guint i, guint k)
{
  const NucsegNode *node = &self->graph->nodes[i];

  switch (node->op) {
  case NUCSEG_OP_CONV:
    if (self->int8)
      return self->nodes[node->inputs[0]].type;
    return self->nodes[i].conv == NUCSEG_STEP_TINY ? NUCSEG_ELEMENT_F32
                                                   : self->type;
  case NUCSEG_OP_AVG_POOL:
    return self->nodes[node->inputs[0]].type; /* either will do */
  case NUCSEG_OP_MUL:
    return k == 1 ? NUCSEG_ELEMENT_F32 : self->nodes[i].type;
  default:
    return self->nodes[i].type;
  }
}

static void
fuse_pool (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegNodePlan *product = &self->nodes[node->inputs[0]];

  if (node->op != NUCSEG_OP_MAX_POOL || node->u.pool.kernel != 2
      || node->u.pool.stride != 2 || product->pool != NUCSEG_NONE
      || product->type != self->nodes[i].type
      || self->graph->nodes[node->inputs[0]].op != NUCSEG_OP_MUL)
    return;
  product->pool = i;
  self->nodes[i].done = TRUE;
}

/* Whether node @i can be written with gaps between its pixels, and read so by
 * all who do. */
static gboolean
can_be_slice (const NucsegNetwork *self, guint i, guint host)
{
  const NucsegGraph *graph = self->graph;
  guint taken = 0;

  switch (graph->nodes[i].op) {
  case NUCSEG_OP_MAX_POOL:
  case NUCSEG_OP_UPSAMPLE:
  case NUCSEG_OP_ADD:
  case NUCSEG_OP_MUL:
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    break;
  case NUCSEG_OP_CONV:
    if (self->nodes[i].conv != NUCSEG_STEP_GREY
        && self->nodes[i].conv != NUCSEG_STEP_NARROW
        && self->nodes[i].conv != NUCSEG_STEP_MATRIX)
      return FALSE;
    break;
  default:
    return FALSE;
  }
  if (self->nodes[i].host != NUCSEG_NONE
      || self->nodes[i].type != self->nodes[host].type)
    return FALSE;
  for (guint j = i + 1; j < graph->n_nodes; j++) {
    const NucsegNode *reader = &graph->nodes[j];

    for (guint k = 0; k < reader->n_inputs; k++) {
      if (reader->inputs[k] != i)
        continue;
      if (j == host)
        taken++;
      else if (reader->op == NUCSEG_OP_CONV
          && self->nodes[j].conv == NUCSEG_STEP_CONV)
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

  if (node->op != NUCSEG_OP_CONCAT)
    return;
  for (guint k = 0; k < node->n_inputs; k++) {
    NucsegNodePlan *part = &self->nodes[node->inputs[k]];

    if (can_be_slice (self, node->inputs[k], host)) {
      part->host = host;
      part->host_channel = channel;
    }
    channel += part->shape.channels;
  }
}

void
nucseg_network_place (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;
  guint moved, added;

  for (guint i = 0; i < graph->n_nodes; i++) {
    NucsegNodePlan *node = &self->nodes[i];

    node->pool = node->host = node->buffer = node->converted = NUCSEG_NONE;
  }
  count_consumers (self);
  for (guint i = 0; i < graph->n_nodes; i++) {
    choose_type (self, i);
    if (graph->nodes[i].op == NUCSEG_OP_CONV
        && self->nodes[i].conv != NUCSEG_STEP_TINY)
      self->nodes[i].conv = choose_conv (self, i);
    fuse_pool (self, i);
  }
  for (guint i = 0; i < graph->n_nodes; i++)
    place_slices (self, i);
  moved = nucseg_network_last_rearrangement (self, &added);
  if (moved != NUCSEG_NONE)
    self->nodes[moved].done = self->nodes[graph->output].done = TRUE;
}
