/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph-node.c: reads the attributes of one operation from a model file,
 * within their ranges, and says how many channels come out of it.
 */
#include "graph-private.h"

#define COMMON_KEYS "name", "op", "inputs", "scale"

gboolean
nucseg_graph_find_op (const NucsegJson *json, NucsegOp *op, GError **error)
{
  const gchar *names[NUCSEG_OP_LAST];
  gint found = 0;

  /* files name every operation but the input */
  for (guint i = 1; i < NUCSEG_OP_LAST; i++)
    names[i - 1] = nucseg_op_name ((NucsegOp) i);
  names[NUCSEG_OP_LAST - 1] = NULL;
  if (!nucseg_json_get_choice (json, "op", TRUE, names, &found, error))
    return FALSE;
  *op = (NucsegOp) (found + 1);
  return TRUE;
}

static gboolean
find_tensor (const NucsegJson *json, const gchar *key, gboolean required,
    guint n_dims, NucsegSafetensors *file, NucsegTensor **tensor,
    GError **error)
{
  const gchar *name = NULL;

  *tensor = NULL;
  if (!nucseg_json_get_string (json, key, required, &name, error))
    return FALSE;
  if (!name)
    return TRUE;
  *tensor = nucseg_safetensors_find (file, name);
  if (!*tensor)
    return nucseg_json_error (
        json, key, error, "the file has no tensor \"%.64s\"", name);
  if ((*tensor)->n_dims != n_dims)
    return nucseg_json_error (json, key, error,
        "the tensor \"%.64s\" has %u dimensions, expected %u", name,
        (*tensor)->n_dims, n_dims);
  (*tensor)->used = TRUE;
  return TRUE;
}

static gboolean
read_conv_tensors (const NucsegJson *json, NucsegSafetensors *file,
    gint in_channels, NucsegConv *conv, GError **error)
{
  NucsegTensor *weight, *bias;

  if (!find_tensor (json, "weight", TRUE, 4, file, &weight, error)
      || !find_tensor (json, "bias", FALSE, 1, file, &bias, error))
    return FALSE;
  const gint64 *dims = weight->dims;
  if (dims[0] > NUCSEG_MAX_CHANNELS)
    return nucseg_json_error (json, "weight", error,
        "%" G_GINT64_FORMAT " output channels, expected at most %d", dims[0],
        NUCSEG_MAX_CHANNELS);
  if (dims[2] > 31 || dims[3] > 31)
    return nucseg_json_error (json, "weight", error,
        "a kernel of %" G_GINT64_FORMAT "x%" G_GINT64_FORMAT
        ", expected 1 to 31 a side",
        dims[3], dims[2]);
  if (in_channels % conv->groups != 0 || dims[0] % conv->groups != 0)
    return nucseg_json_error (json, "groups", error,
        "%d groups do not divide %d input and %" G_GINT64_FORMAT
        " output channels",
        conv->groups, in_channels, dims[0]);
  if (dims[1] != in_channels / conv->groups)
    return nucseg_json_error (json, "weight", error,
        "%" G_GINT64_FORMAT " input channels, expected %d (%d channels in %d"
        " groups)",
        dims[1], in_channels / conv->groups, in_channels, conv->groups);
  if (bias && bias->dims[0] != dims[0])
    return nucseg_json_error (json, "bias", error,
        "%" G_GINT64_FORMAT " elements, expected %" G_GINT64_FORMAT,
        bias->dims[0], dims[0]);
  conv->weight = weight->data;
  conv->bias = bias ? bias->data : NULL;
  conv->out_channels = (gint) dims[0];
  conv->in_channels = in_channels;
  conv->kernel_h = (gint) dims[2];
  conv->kernel_w = (gint) dims[3];
  return TRUE;
}

static gboolean
read_conv (NucsegNode *node, const NucsegJson *json, NucsegSafetensors *file,
    gint in_channels, GError **error)
{
  static const gchar *const keys[] = { COMMON_KEYS, "weight", "bias", "stride",
    "dilation", "padding", "groups", "activation", NULL };
  static const gchar *const activations[] = { "none", "relu", "sigmoid", NULL };
  NucsegConv *conv = &node->u.conv;
  gint activation = NUCSEG_ACTIVATION_NONE;

  conv->stride = conv->dilation = conv->groups = 1;
  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_int (
          json, "stride", FALSE, 1, 16, &conv->stride, error)
      || !nucseg_json_get_int (
          json, "dilation", FALSE, 1, 64, &conv->dilation, error)
      || !nucseg_json_get_int (
          json, "padding", FALSE, 0, 512, &conv->padding, error)
      || !nucseg_json_get_int (
          json, "groups", FALSE, 1, NUCSEG_MAX_CHANNELS, &conv->groups, error)
      || !nucseg_json_get_choice (
          json, "activation", FALSE, activations, &activation, error)
      || !read_conv_tensors (json, file, in_channels, conv, error))
    return FALSE;
  conv->activation = (NucsegActivation) activation;
  node->channels = conv->out_channels;
  return TRUE;
}

static gboolean
read_max_pool (NucsegNode *node, const NucsegJson *json, GError **error)
{
  static const gchar *const keys[] = { COMMON_KEYS, "kernel", "stride", NULL };

  node->u.pool.kernel = 2;
  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_int (
          json, "kernel", FALSE, 1, 31, &node->u.pool.kernel, error))
    return FALSE;
  node->u.pool.stride = node->u.pool.kernel;
  return nucseg_json_get_int (
      json, "stride", FALSE, 1, 31, &node->u.pool.stride, error);
}

static gboolean
read_avg_pool (NucsegNode *node, const NucsegJson *json, GError **error)
{
  static const gchar *const keys[] = { COMMON_KEYS, "size", NULL };
  gint64 size[2] = { 0 };
  JsonArray *array;

  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_array (json, "size", TRUE, 2, 2, &array, error))
    return FALSE;
  for (guint i = 0; i < 2; i++) {
    if (!nucseg_json_element_int (
            json, "size", array, i, 1, 64, &size[i], error))
      return FALSE;
  }
  node->u.avg.rows = (gint) size[0];
  node->u.avg.columns = (gint) size[1];
  return TRUE;
}

static gboolean
read_upsample (NucsegNode *node, const NucsegJson *json, GError **error)
{
  static const gchar *const keys[] = { COMMON_KEYS, "mode", NULL };
  static const gchar *const modes[] = { "nearest", "bilinear", NULL };
  gint mode = 0;

  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_choice (json, "mode", TRUE, modes, &mode, error))
    return FALSE;
  node->u.upsample = (NucsegUpsample) mode;
  return TRUE;
}

/* add: all alike; mul: one weight for each channel */
static gboolean
check_same_channels (const NucsegGraph *graph, const NucsegNode *node,
    const NucsegJson *json, GError **error)
{
  gint first = graph->nodes[node->inputs[0]].channels;

  for (guint i = 1; i < node->n_inputs; i++) {
    gint channels = graph->nodes[node->inputs[i]].channels;
    if (channels != first)
      return nucseg_json_error (json, "inputs", error,
          "\"%.64s\" has %d channels, expected %d as the first",
          graph->nodes[node->inputs[i]].name, channels, first);
  }
  return TRUE;
}

static gboolean
read_block (
    NucsegNode *node, const NucsegJson *json, gint in_channels, GError **error)
{
  static const gchar *const keys[] = { COMMON_KEYS, "block", NULL };
  gint area;

  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_int (
          json, "block", TRUE, 2, 8, &node->u.block, error))
    return FALSE;
  area = node->u.block * node->u.block;
  if (node->op == NUCSEG_OP_SPACE_TO_DEPTH) {
    node->channels = in_channels * area;
    return TRUE;
  }
  if (in_channels % area != 0)
    return nucseg_json_error (json, "block", error,
        "%d channels, expected a multiple of %d", in_channels, area);
  node->channels = in_channels / area;
  return TRUE;
}

/* Operations without attributes of their own. */
static gboolean
check_common_keys (const NucsegJson *json, GError **error)
{
  static const gchar *const keys[] = { COMMON_KEYS, NULL };

  return nucseg_json_check_keys (json, keys, error);
}

static gboolean
read_attributes (NucsegGraph *graph, NucsegNode *node, const NucsegJson *json,
    NucsegSafetensors *file, GError **error)
{
  gint in_channels = graph->nodes[node->inputs[0]].channels;

  node->channels = in_channels;
  switch (node->op) {
  case NUCSEG_OP_CONV:
    return read_conv (node, json, file, in_channels, error);
  case NUCSEG_OP_MAX_POOL:
    return read_max_pool (node, json, error);
  case NUCSEG_OP_AVG_POOL:
    return read_avg_pool (node, json, error);
  case NUCSEG_OP_UPSAMPLE:
    return read_upsample (node, json, error);
  case NUCSEG_OP_CONCAT:
    for (guint i = 1; i < node->n_inputs; i++)
      node->channels += graph->nodes[node->inputs[i]].channels;
    return check_common_keys (json, error);
  case NUCSEG_OP_ADD:
  case NUCSEG_OP_MUL:
    return check_common_keys (json, error)
        && check_same_channels (graph, node, json, error);
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    return read_block (node, json, in_channels, error);
  case NUCSEG_OP_INPUT:
  case NUCSEG_OP_LAST:
    break;
  }
  g_assert_not_reached ();
}

gboolean
nucseg_graph_read_node (NucsegGraph *graph, guint index, const NucsegJson *json,
    NucsegSafetensors *file, GError **error)
{
  NucsegNode *node = &graph->nodes[index];
  guint min = 1, max = 1;

  if (node->op == NUCSEG_OP_CONCAT || node->op == NUCSEG_OP_ADD) {
    min = 2;
    max = NUCSEG_MAX_INPUTS;
  } else if (node->op == NUCSEG_OP_MUL) {
    min = max = 2;
  }
  if (node->n_inputs < min || node->n_inputs > max)
    return nucseg_json_error (json, "inputs", error,
        "%u inputs, expected %u to %u for \"%s\"", node->n_inputs, min, max,
        nucseg_op_name (node->op));
  if (!read_attributes (graph, node, json, file, error))
    return FALSE;
  if (node->channels > NUCSEG_MAX_CHANNELS)
    return nucseg_json_error (json, NULL, error,
        "%d channels, expected at most %d", node->channels,
        NUCSEG_MAX_CHANNELS);
  return TRUE;
}
