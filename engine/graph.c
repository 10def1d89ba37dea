/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph.c: shapes of a checked graph. One function says what every operation
 * makes of the heights and widths of its inputs; loader, sessions and back
 * ends all ask it.
 */
#include "graph-private.h"

static const gchar *const op_names[NUCSEG_OP_LAST] = { "input", "conv",
  "max_pool", "avg_pool", "upsample", "concat", "add", "mul", "space_to_depth",
  "depth_to_space" };

const gchar *
nucseg_op_name (NucsegOp op)
{
  return (guint) op < NUCSEG_OP_LAST ? op_names[op] : "unknown";
}

/* "node NAME (op): message". Returns FALSE. */
G_GNUC_PRINTF (3, 4)
static gboolean
shape_error (const NucsegNode *node, GError **error, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree gchar *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
      "node \"%.64s\" (%s): %s", node->name, nucseg_op_name (node->op), what);
  return FALSE;
}

static gboolean
infer_conv (const NucsegNode *node, const NucsegShape *in, NucsegShape *out,
    GError **error)
{
  const NucsegConv *conv = &node->u.conv;
  gint span_h = conv->dilation * (conv->kernel_h - 1) + 1;
  gint span_w = conv->dilation * (conv->kernel_w - 1) + 1;
  gint room_h = in->height + 2 * conv->padding;
  gint room_w = in->width + 2 * conv->padding;

  if (span_h > room_h || span_w > room_w)
    return shape_error (node, error,
        "a kernel that spans %dx%d on %dx%d (padding included)", span_w, span_h,
        room_w, room_h);
  out->height = (room_h - span_h) / conv->stride + 1;
  out->width = (room_w - span_w) / conv->stride + 1;
  return TRUE;
}

static gboolean
infer_max_pool (const NucsegNode *node, const NucsegShape *in, NucsegShape *out,
    GError **error)
{
  gint kernel = node->u.pool.kernel, stride = node->u.pool.stride;

  if (kernel > in->height || kernel > in->width)
    return shape_error (
        node, error, "a kernel of %d on %dx%d", kernel, in->width, in->height);
  out->height = (in->height - kernel) / stride + 1;
  out->width = (in->width - kernel) / stride + 1;
  return TRUE;
}

/* concat: sizes; add: sizes, the channels being equal since loading */
static gboolean
infer_join (const NucsegNode *node, const NucsegShape *shapes, NucsegShape *out,
    GError **error)
{
  const NucsegShape *first = &shapes[node->inputs[0]];

  for (guint i = 1; i < node->n_inputs; i++) {
    const NucsegShape *in = &shapes[node->inputs[i]];
    if (in->height != first->height || in->width != first->width)
      return shape_error (node, error, "input %u is %dx%d, the first is %dx%d",
          i + 1, in->width, in->height, first->width, first->height);
  }
  out->height = first->height;
  out->width = first->width;
  return TRUE;
}

static gboolean
infer_node (const NucsegNode *node, const NucsegShape *shapes, NucsegShape *out,
    GError **error)
{
  const NucsegShape *in = &shapes[node->inputs[0]];
  gint block = node->u.block;

  out->channels = node->channels;
  switch (node->op) {
  case NUCSEG_OP_CONV:
    if (!infer_conv (node, in, out, error))
      return FALSE;
    break;
  case NUCSEG_OP_MAX_POOL:
    if (!infer_max_pool (node, in, out, error))
      return FALSE;
    break;
  case NUCSEG_OP_AVG_POOL:
    out->height = node->u.avg.rows;
    out->width = node->u.avg.columns;
    break;
  case NUCSEG_OP_UPSAMPLE:
    out->height = in->height * 2;
    out->width = in->width * 2;
    break;
  case NUCSEG_OP_CONCAT:
  case NUCSEG_OP_ADD:
    if (!infer_join (node, shapes, out, error))
      return FALSE;
    break;
  case NUCSEG_OP_MUL: {
    const NucsegShape *weights = &shapes[node->inputs[1]];
    if (weights->height != 1 || weights->width != 1)
      return shape_error (node, error,
          "the second input is %dx%d, expected 1x1 (channel weights)",
          weights->width, weights->height);
    out->height = in->height;
    out->width = in->width;
    break;
  }
  case NUCSEG_OP_SPACE_TO_DEPTH:
    if (in->height % block != 0 || in->width % block != 0)
      return shape_error (node, error,
          "an input of %dx%d, expected multiples of %d", in->width, in->height,
          block);
    out->height = in->height / block;
    out->width = in->width / block;
    break;
  case NUCSEG_OP_DEPTH_TO_SPACE:
    out->height = in->height * block;
    out->width = in->width * block;
    break;
  case NUCSEG_OP_INPUT:
  case NUCSEG_OP_LAST:
    g_assert_not_reached ();
  }
  if (out->height > NUCSEG_MAX_EXTENT || out->width > NUCSEG_MAX_EXTENT)
    return shape_error (node, error, "an output of %dx%d, at most %d a side",
        out->width, out->height, NUCSEG_MAX_EXTENT);
  return TRUE;
}

gboolean
nucseg_graph_infer (const NucsegGraph *graph, gint height, gint width,
    NucsegShape *shapes, GError **error)
{
  g_return_val_if_fail (graph != NULL && shapes != NULL, FALSE);

  if (height < graph->multiple || width < graph->multiple
      || height > NUCSEG_MAX_EXTENT || width > NUCSEG_MAX_EXTENT
      || height % graph->multiple != 0 || width % graph->multiple != 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a network input of %dx%d, expected multiples of %d up to %d", width,
        height, graph->multiple, NUCSEG_MAX_EXTENT);
    return FALSE;
  }
  shapes[0] = (NucsegShape){ height, width, graph->nodes[0].channels };
  for (guint i = 1; i < graph->n_nodes; i++) {
    if (!infer_node (&graph->nodes[i], shapes, &shapes[i], error))
      return FALSE;
  }
  const NucsegShape *out = &shapes[graph->output];
  if (out->height != height || out->width != width)
    return shape_error (&graph->nodes[graph->output], error,
        "the output is %dx%d for an input of %dx%d, expected the same",
        out->width, out->height, width, height);
  return TRUE;
}

guint64
nucseg_graph_get_flop (const NucsegGraph *graph, const NucsegShape *shapes)
{
  guint64 flop = 0;

  for (guint i = 1; i < graph->n_nodes; i++) {
    const NucsegNode *node = &graph->nodes[i];
    if (node->op != NUCSEG_OP_CONV)
      continue;
    const NucsegConv *conv = &node->u.conv;
    flop += 2 * (guint64) shapes[i].height * (guint64) shapes[i].width
        * (guint64) conv->out_channels
        * (guint64) (conv->in_channels / conv->groups)
        * (guint64) (conv->kernel_h * conv->kernel_w);
  }
  return flop;
}

void
nucseg_graph_free (NucsegGraph *graph)
{
  if (!graph)
    return;
  for (guint i = 0; i < graph->n_nodes; i++)
    g_free (graph->nodes[i].name);
  g_free (graph->nodes);
  g_free (graph);
}
