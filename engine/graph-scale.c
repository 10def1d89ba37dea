/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph-scale.c: reads the scale of one node's output in int8, and refuses
 * scales with which the arithmetic of docs/model-format.md has no meaning.
 */
#include "graph-private.h"

/* Steps far from these are of no tensor, and f32 products of two of them and
 * a weight stay normal numbers. */
#define MIN_SCALE 0x1p-30
#define MAX_SCALE 0x1p30

/* Operations that hand steps on as they are: their inputs have their scale. */
static gboolean
check_inputs (const NucsegGraph *graph, const NucsegNode *node, gfloat scale,
    const NucsegJson *json, GError **error)
{
  for (guint i = 0; i < node->n_inputs; i++) {
    const NucsegNode *input = &graph->nodes[node->inputs[i]];

    if (input->scale != scale)
      return nucseg_json_error (json, "scale", error,
          "found %.9g, expected %.9g, the scale of the input \"%.64s\" (0: it"
          " has none)",
          scale, input->scale, input->name);
  }
  return TRUE;
}

static gboolean
check_operation (const NucsegGraph *graph, const NucsegNode *node, gfloat scale,
    const NucsegJson *json, GError **error)
{
  const NucsegNode *first = &graph->nodes[node->inputs[0]];

  switch (node->op) {
  case NUCSEG_OP_CONV:
    if (node->u.conv.activation == NUCSEG_ACTIVATION_RELU)
      return TRUE;
    return nucseg_json_error (json, "scale", error,
        "a convolution with a scale has the activation \"relu\"");
  case NUCSEG_OP_MUL:
    if (first->scale > 0)
      return TRUE;
    return nucseg_json_error (json, "scale", error,
        "the first input \"%.64s\" has no scale, expected one", first->name);
  case NUCSEG_OP_MAX_POOL:
  case NUCSEG_OP_UPSAMPLE:
  case NUCSEG_OP_CONCAT:
    return check_inputs (graph, node, scale, json, error);
  default:
    return nucseg_json_error (json, "scale", error,
        "\"%s\" has no scale, only conv, mul, max_pool, upsample and concat do",
        nucseg_op_name (node->op));
  }
}

/* Sums of steps are integers of 32 bits in all back ends:
 * 255 * 127 * MAX_PRODUCTS and a bias of 2^23 fit them. */
#define MAX_PRODUCTS 65536

static gboolean
check_sums (const NucsegGraph *graph, const NucsegNode *node,
    const NucsegJson *json, GError **error)
{
  const NucsegConv *conv = &node->u.conv;
  gint n;

  if (node->op != NUCSEG_OP_CONV || graph->nodes[node->inputs[0]].scale <= 0)
    return TRUE;
  n = conv->in_channels / conv->groups * conv->kernel_h * conv->kernel_w;
  return n <= MAX_PRODUCTS
      || nucseg_json_error (json, "weight", error,
          "%d products for each output, expected at most %d where the input "
          "has a scale",
          n, MAX_PRODUCTS);
}

gboolean
nucseg_graph_read_scale (NucsegGraph *graph, guint index, gboolean allowed,
    const NucsegJson *json, GError **error)
{
  NucsegNode *node = &graph->nodes[index];
  gdouble scale = 0;

  if (!check_sums (graph, node, json, error))
    return FALSE;
  if (!json_object_has_member (json->object, "scale"))
    return TRUE;
  if (!allowed)
    return nucseg_json_error (json, "scale", error,
        "unknown key in nucseg-model/1: expected the format nucseg-model/2");
  if (!nucseg_json_get_double (
          json, "scale", TRUE, MIN_SCALE, MAX_SCALE, &scale, error))
    return FALSE;
  if (index == graph->output)
    return nucseg_json_error (
        json, "scale", error, "the output has no scale: maps are f32");
  if (!check_operation (graph, node, (gfloat) scale, json, error))
    return FALSE;
  node->scale = (gfloat) scale;
  graph->quantised = TRUE;
  return TRUE;
}
