/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * convs.c: see convs.h.
 */
#include "cuda/convs.h"

gboolean
nucseg_convs_is_rounded (
    const NucsegGraph *graph, const NucsegShape *shapes, guint node)
{
  return node != graph->output && graph->nodes[node].op != NUCSEG_OP_AVG_POOL
      && (shapes[node].height > 1 || shapes[node].width > 1);
}

gint
nucseg_convs_pitch (const NucsegGraph *graph, guint node)
{
  const gint channels = graph->nodes[node].channels;

  if (graph->nodes[node].op != NUCSEG_OP_SPACE_TO_DEPTH
      || node == graph->output)
    return channels;
  /* A part of a concatenation has its place there. */
  for (guint i = node + 1; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      if (graph->nodes[i].inputs[k] == node
          && graph->nodes[i].op == NUCSEG_OP_CONCAT)
        return channels;
  }
  return (channels + 7) / 8 * 8;
}

gboolean
nucseg_convs_spec (const NucsegGraph *graph, const NucsegShape *shapes,
    gint batch, NucsegCudaType type, guint node, NucsegCudnnSpec *spec)
{
  const NucsegConv *conv = &graph->nodes[node].u.conv;
  guint in;

  if (graph->nodes[node].op != NUCSEG_OP_CONV)
    return FALSE;
  in = graph->nodes[node].inputs[0];
  if (conv->groups != 1 || conv->out_channels % 8 != 0
      || nucseg_convs_pitch (graph, in) % 8 != 0
      || !nucseg_convs_is_rounded (graph, shapes, in)
      || !nucseg_convs_is_rounded (graph, shapes, node))
    return FALSE;
  *spec = (NucsegCudnnSpec){ .type = type,
    .batch = batch,
    .height = shapes[in].height,
    .width = shapes[in].width,
    .in_channels = nucseg_convs_pitch (graph, in),
    .out_channels = conv->out_channels,
    .out_pitch = conv->out_channels,
    .kernel_h = conv->kernel_h,
    .kernel_w = conv->kernel_w,
    .stride = conv->stride,
    .dilation = conv->dilation,
    .padding = conv->padding,
    .activation = conv->activation };
  return TRUE;
}

/* The one node that takes @node, once; @graph's end: none, or several. */
static guint
find_only_consumer (const NucsegGraph *graph, guint node)
{
  guint found = graph->n_nodes;

  for (guint i = node + 1; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++) {
      if (graph->nodes[i].inputs[k] != node)
        continue;
      if (found != graph->n_nodes)
        return graph->n_nodes;
      found = i;
    }
  }
  return found;
}

gboolean
nucseg_convs_find_slice (const NucsegGraph *graph, const NucsegShape *shapes,
    guint node, guint *host, gint *channel)
{
  const NucsegNode *concat;

  *host = find_only_consumer (graph, node);
  if (*host == graph->n_nodes || node == graph->output)
    return FALSE;
  concat = &graph->nodes[*host];
  if (concat->op != NUCSEG_OP_CONCAT || concat->channels % 8 != 0
      || nucseg_convs_is_rounded (graph, shapes, *host)
          != nucseg_convs_is_rounded (graph, shapes, node))
    return FALSE;
  *channel = 0;
  for (guint k = 0; concat->inputs[k] != node; k++)
    *channel += graph->nodes[concat->inputs[k]].channels;
  return *channel % 8 == 0;
}

gboolean
nucseg_convs_is_scale (
    const NucsegGraph *graph, const NucsegShape *shapes, gint batch, guint node)
{
  NucsegCudnnSpec spec;

  /* For weights of several images cuDNN (9.19) offers engines, none of which
   * compiles. */
  if (batch > 1)
    return FALSE;
  if (graph->nodes[node].op != NUCSEG_OP_MUL || node == graph->output
      || !nucseg_convs_is_rounded (graph, shapes, graph->nodes[node].inputs[0]))
    return FALSE;
  for (guint i = node + 1; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      if (graph->nodes[i].inputs[k] == node
          && !nucseg_convs_spec (
              graph, shapes, batch, NUCSEG_CUDA_BF16, i, &spec))
        return FALSE;
  }
  return TRUE;
}
