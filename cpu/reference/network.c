/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.c: runs the graph node by node. Tensors live in slots that are used
 * again once every reader of a tensor has run. In int8 a tensor with a scale
 * holds steps.
 */
#include "cpu/reference/reference.h"

typedef struct {
  gfloat *memory;
  gsize size; /* elements */
  gboolean busy;
} Slot;

struct _NucsegRefNetwork {
  const NucsegGraph *graph;
  NucsegShape *shapes; /* by node, as all below */
  NucsegPrecision precision;
  gboolean *rounded; /* the output is rounded to bf16 or f16 */
  gfloat *scales; /* of an output in steps, else 0 */
  gfloat **biases, **factors; /* of convolutions that read steps, else NULL */
  guint *slot_of;
  gfloat **packed; /* weights; NULL for other operations */
  Slot *slots;
  guint n_slots;
  gdouble *sums; /* of the widest convolution */
  gfloat *input;
  gfloat *values[2]; /* what a node reads, out of steps */
};

static gsize
count (NucsegShape shape)
{
  return (gsize) shape.height * shape.width * shape.channels;
}

/* bf16 and f16 round every tensor but the attention chain (pooled averages and
 * channel vectors) and the maps. */
static gboolean
is_rounded (const NucsegGraph *graph, guint node, NucsegShape shape)
{
  return node != graph->output && graph->nodes[node].op != NUCSEG_OP_AVG_POOL
      && (shape.height > 1 || shape.width > 1);
}

static guint
take_slot (NucsegRefNetwork *network, gsize size)
{
  guint best = network->n_slots;

  for (guint i = 0; i < network->n_slots; i++)
    if (!network->slots[i].busy
        && (best == network->n_slots
            || network->slots[i].size > network->slots[best].size))
      best = i;
  if (best == network->n_slots)
    network->n_slots++;
  network->slots[best].busy = TRUE;
  network->slots[best].size = MAX (network->slots[best].size, size);
  return best;
}

static void
assign_slots (NucsegRefNetwork *network)
{
  const NucsegGraph *graph = network->graph;
  guint *last_use = g_new0 (guint, graph->n_nodes);

  for (guint i = 0; i < graph->n_nodes; i++)
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      last_use[graph->nodes[i].inputs[k]] = i;
  last_use[graph->output] = G_MAXUINT;

  for (guint i = 0; i < graph->n_nodes; i++) {
    network->slot_of[i] = take_slot (network, count (network->shapes[i]));
    for (guint k = 0; k < i; k++)
      if (last_use[k] == i)
        network->slots[network->slot_of[k]].busy = FALSE;
  }
  g_free (last_use);
}

static gboolean
pack_weights (NucsegRefNetwork *network)
{
  const NucsegGraph *graph = network->graph;
  gint widest = 1;

  for (guint i = 0; i < graph->n_nodes; i++) {
    const NucsegNode *node = &graph->nodes[i];
    const NucsegConv *conv = &node->u.conv;
    gsize n;

    if (node->op != NUCSEG_OP_CONV)
      continue;
    n = (gsize) conv->out_channels * (conv->in_channels / conv->groups)
        * conv->kernel_h * conv->kernel_w;
    network->packed[i] = g_try_new (gfloat, n);
    if (network->packed[i] == NULL)
      return FALSE;
    if (network->scales[node->inputs[0]] > 0) {
      if (!nucseg_ref_conv_pack_steps (conv, network->scales[node->inputs[0]],
              network->scales[i], network->packed[i], &network->biases[i],
              &network->factors[i]))
        return FALSE;
    } else {
      /* What reads f32 has f32 weights. */
      nucseg_ref_conv_pack (conv,
          network->rounded[node->inputs[0]] ? network->precision
                                            : NUCSEG_PRECISION_F32,
          network->packed[i]);
    }
    widest = MAX (widest, conv->out_channels / conv->groups);
  }
  network->sums = g_new (gdouble, widest);
  return TRUE;
}

/* Room for the largest tensor of steps. */
static gboolean
add_values (NucsegRefNetwork *network)
{
  gsize most = 0;

  for (guint i = 0; i < network->graph->n_nodes; i++)
    if (network->scales[i] > 0)
      most = MAX (most, count (network->shapes[i]));
  for (guint k = 0; most > 0 && k < G_N_ELEMENTS (network->values); k++) {
    network->values[k] = g_try_new0 (gfloat, most);
    if (network->values[k] == NULL)
      return FALSE;
  }
  return TRUE;
}

NucsegRefNetwork *
nucseg_ref_network_new (const NucsegGraph *graph, gint height, gint width,
    NucsegPrecision precision, GError **error)
{
  NucsegRefNetwork *network = g_new0 (NucsegRefNetwork, 1);
  const gboolean rounds =
      precision == NUCSEG_PRECISION_BF16 || precision == NUCSEG_PRECISION_F16;

  network->precision = precision;
  network->graph = graph;
  network->shapes = g_new0 (NucsegShape, graph->n_nodes);
  network->rounded = g_new0 (gboolean, graph->n_nodes);
  network->scales = g_new0 (gfloat, graph->n_nodes);
  network->biases = g_new0 (gfloat *, graph->n_nodes);
  network->factors = g_new0 (gfloat *, graph->n_nodes);
  network->slot_of = g_new0 (guint, graph->n_nodes);
  network->packed = g_new0 (gfloat *, graph->n_nodes);
  network->slots = g_new0 (Slot, graph->n_nodes);
  if (!nucseg_graph_infer (graph, height, width, network->shapes, error)) {
    nucseg_ref_network_free (network);
    return NULL;
  }

  for (guint i = 0; i < graph->n_nodes; i++) {
    network->rounded[i] = rounds && is_rounded (graph, i, network->shapes[i]);
    if (precision == NUCSEG_PRECISION_INT8)
      network->scales[i] = graph->nodes[i].scale;
  }
  assign_slots (network);
  for (guint i = 0; i < network->n_slots; i++) {
    network->slots[i].memory = g_try_new0 (gfloat, network->slots[i].size);
    if (network->slots[i].memory == NULL)
      goto no_memory;
  }
  network->input = g_try_new0 (gfloat, (gsize) height * width);
  if (network->input == NULL || !pack_weights (network)
      || !add_values (network))
    goto no_memory;
  return network;

no_memory:
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
      "no memory for a network of %u nodes at %dx%d", graph->n_nodes, width,
      height);
  nucseg_ref_network_free (network);
  return NULL;
}

void
nucseg_ref_network_free (NucsegRefNetwork *network)
{
  if (network == NULL)
    return;
  for (guint i = 0; i < network->n_slots; i++)
    g_free (network->slots[i].memory);
  for (guint i = 0; i < network->graph->n_nodes; i++) {
    g_free (network->packed[i]);
    g_free (network->biases[i]);
    g_free (network->factors[i]);
  }
  g_free (network->shapes);
  g_free (network->rounded);
  g_free (network->scales);
  g_free (network->biases);
  g_free (network->factors);
  g_free (network->slot_of);
  g_free (network->packed);
  g_free (network->slots);
  g_free (network->sums);
  g_free (network->input);
  for (guint k = 0; k < G_N_ELEMENTS (network->values); k++)
    g_free (network->values[k]);
  g_free (network);
}

static gfloat *
tensor (NucsegRefNetwork *network, guint node)
{
  return network->slots[network->slot_of[node]].memory;
}

gfloat *
nucseg_ref_network_get_input (NucsegRefNetwork *network)
{
  return network->input;
}

gfloat *
nucseg_ref_network_get_maps (NucsegRefNetwork *network)
{
  return tensor (network, network->graph->output);
}

/* Input @k of node @i as values, whatever it is held in. @room: of which of
 * the two copies there may be. */
static const gfloat *
values_of (NucsegRefNetwork *network, guint i, guint k, guint room)
{
  guint source = network->graph->nodes[i].inputs[k];
  gfloat scale = network->scales[source];

  if (scale == 0)
    return tensor (network, source);
  nucseg_ref_dequantise (scale, tensor (network, source), network->values[room],
      network->shapes[source]);
  return network->values[room];
}

/* A convolution, from or to values or steps. */
static void
run_conv (NucsegRefNetwork *network, guint i)
{
  const NucsegNode *node = &network->graph->nodes[i];
  NucsegConv conv = node->u.conv;
  NucsegShape shape = network->shapes[i];
  const gboolean from_steps = network->factors[i] != NULL;
  gfloat *out = tensor (network, i);

  if (from_steps) {
    conv.bias = network->biases[i];
    conv.activation = NUCSEG_ACTIVATION_NONE;
  }
  nucseg_ref_conv (&conv, network->packed[i], network->sums,
      tensor (network, node->inputs[0]), network->shapes[node->inputs[0]], out,
      shape);
  if (from_steps)
    nucseg_ref_scale_sums (network->factors[i], network->scales[i] > 0,
        node->u.conv.activation, out, shape);
  else if (network->scales[i] > 0)
    nucseg_ref_quantise (network->scales[i], out, shape);
}

/* The operations on steps that are not those on values. */
static gboolean
run_steps (NucsegRefNetwork *network, guint i)
{
  const NucsegNode *node = &network->graph->nodes[i];
  guint source = node->inputs[0];

  if (node->op == NUCSEG_OP_CONV) {
    run_conv (network, i);
    return TRUE;
  }
  if (network->scales[i] == 0)
    return FALSE;
  if (node->op == NUCSEG_OP_MUL) {
    nucseg_ref_mul_steps (tensor (network, source), network->scales[source],
        values_of (network, i, 1, 0), tensor (network, i), network->scales[i],
        network->shapes[i]);
    return TRUE;
  }
  if (node->op == NUCSEG_OP_UPSAMPLE
      && node->u.upsample == NUCSEG_UPSAMPLE_BILINEAR) {
    nucseg_ref_bilinear_steps (tensor (network, source),
        network->shapes[source], tensor (network, i), network->shapes[i]);
    return TRUE;
  }
  return FALSE;
}

static void
run_node (NucsegRefNetwork *network, guint i)
{
  const NucsegNode *node = &network->graph->nodes[i];
  const guint *inputs = node->inputs;
  NucsegShape shape = network->shapes[i], in_shape = network->shapes[inputs[0]];
  /* Steps stay steps where the output is in the same ones. */
  const gboolean steps = network->scales[i] > 0;
  const gfloat *in = NULL;
  gfloat *out = tensor (network, i);
  gint channel = 0;

  if (run_steps (network, i))
    goto round;
  if (node->op != NUCSEG_OP_INPUT)
    in = steps ? tensor (network, inputs[0]) : values_of (network, i, 0, 0);

  switch (node->op) {
  case NUCSEG_OP_INPUT:
    for (gsize k = 0; k < count (shape); k++)
      out[k] = network->input[k];
    break;
  case NUCSEG_OP_MAX_POOL:
    nucseg_ref_max_pool (
        node->u.pool.kernel, node->u.pool.stride, in, in_shape, out, shape);
    break;
  case NUCSEG_OP_AVG_POOL:
    nucseg_ref_avg_pool (in, in_shape, out, shape);
    break;
  case NUCSEG_OP_UPSAMPLE:
    nucseg_ref_upsample (node->u.upsample, in, in_shape, out, shape);
    break;
  case NUCSEG_OP_CONCAT:
    for (guint k = 0; k < node->n_inputs; k++) {
      in_shape = network->shapes[inputs[k]];
      nucseg_ref_concat (
          steps ? tensor (network, inputs[k]) : values_of (network, i, k, 0),
          in_shape, channel, out, shape);
      channel += in_shape.channels;
    }
    break;
  case NUCSEG_OP_ADD:
    for (gsize k = 0; k < count (shape); k++)
      out[k] = 0;
    for (guint k = 0; k < node->n_inputs; k++)
      nucseg_ref_add (values_of (network, i, k, 0), out, shape);
    break;
  case NUCSEG_OP_MUL:
    nucseg_ref_mul (in, values_of (network, i, 1, 1), out, shape);
    break;
  case NUCSEG_OP_SPACE_TO_DEPTH:
    nucseg_ref_space_to_depth (node->u.block, in, in_shape, out, shape);
    break;
  case NUCSEG_OP_DEPTH_TO_SPACE:
    nucseg_ref_depth_to_space (node->u.block, in, in_shape, out, shape);
    break;
  case NUCSEG_OP_CONV:
  case NUCSEG_OP_LAST:
    g_assert_not_reached ();
  }

round:
  if (network->rounded[i])
    for (gsize k = 0; k < count (shape); k++)
      out[k] = nucseg_ref_round (network->precision, out[k]);
}

void
nucseg_ref_network_run (NucsegRefNetwork *network)
{
  for (guint i = 0; i < network->graph->n_nodes; i++)
    run_node (network, i);
}
