/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph-load.c: from the object "graph" of a model file to a checked graph:
 * names, order, attributes, channels, shapes.
 */
#include "graph-private.h"

#include <string.h>

#define INPUT_NAME "input"
#define MAX_NAME 128 /* bytes */

/* Names and operations of all nodes, in the order of the file behind the
 * input. @by_name: name -> index. */
static gboolean
read_names (NucsegGraph *graph, const NucsegJson *json, JsonArray *nodes,
    GHashTable *by_name, GError **error)
{
  guint n = json_array_get_length (nodes);

  graph->nodes = g_new0 (NucsegNode, n + 1);
  graph->nodes[0].name = g_strdup (INPUT_NAME);
  graph->nodes[0].op = NUCSEG_OP_INPUT;
  graph->nodes[0].channels = 1;
  graph->n_nodes = 1;
  g_hash_table_insert (by_name, graph->nodes[0].name, GUINT_TO_POINTER (0));
  for (guint i = 0; i < n; i++) {
    g_auto (NucsegJson) child = { NULL };
    NucsegNode *node = &graph->nodes[i + 1];
    const gchar *name;
    if (!nucseg_json_element_object (json, "nodes", nodes, i, &child, error)
        || !nucseg_json_get_string (&child, "name", TRUE, &name, error))
      return FALSE;
    gsize length = strlen (name);
    if (length == 0 || length > MAX_NAME)
      return nucseg_json_error (&child, "name", error,
          "%" G_GSIZE_FORMAT " bytes, expected 1 to %d", length, MAX_NAME);
    if (g_hash_table_contains (by_name, name))
      return nucseg_json_error (
          &child, "name", error, "there are two nodes \"%.64s\"", name);
    node->name = g_strdup (name);
    graph->n_nodes++;
    g_hash_table_insert (by_name, node->name, GUINT_TO_POINTER (i + 1));
    if (!nucseg_graph_find_op (&child, &node->op, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
read_inputs (NucsegNode *node, const NucsegJson *json, GHashTable *by_name,
    GError **error)
{
  JsonArray *inputs;
  gpointer found;

  if (!nucseg_json_get_array (
          json, "inputs", TRUE, 1, NUCSEG_MAX_INPUTS, &inputs, error))
    return FALSE;
  node->n_inputs = json_array_get_length (inputs);
  for (guint i = 0; i < node->n_inputs; i++) {
    const gchar *name;
    if (!nucseg_json_element_string (json, "inputs", inputs, i, &name, error))
      return FALSE;
    if (!g_hash_table_lookup_extended (by_name, name, NULL, &found))
      return nucseg_json_error (
          json, "inputs", error, "there is no node \"%.64s\"", name);
    node->inputs[i] = GPOINTER_TO_UINT (found);
  }
  return TRUE;
}

/* Shapes at small, odd, long and large inputs, so that a graph that does not
 * fit together is refused here and not at somebody's frame size. Sessions ask
 * again at their own size. */
static gboolean
check_shapes (const NucsegGraph *graph, const NucsegJson *json, GError **error)
{
  static const gint steps[] = { 1, 2, 3, 4, 5, 7, 8, 13, 16, 33 };
  g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);
  gint largest = NUCSEG_MAX_SIZE / graph->multiple;

  for (guint i = 0; i <= G_N_ELEMENTS (steps); i++) {
    gint rows = i < G_N_ELEMENTS (steps) ? steps[i] : largest;
    for (guint k = 0; k <= G_N_ELEMENTS (steps); k++) {
      g_autoptr (GError) local = NULL;
      gint columns = k < G_N_ELEMENTS (steps) ? steps[k] : largest;
      gint height = rows * graph->multiple, width = columns * graph->multiple;
      if (!nucseg_graph_infer (graph, height, width, shapes, &local))
        return nucseg_json_error (json, NULL, error, "at an input of %dx%d: %s",
            width, height, local->message);
    }
  }
  return TRUE;
}

static gboolean
read_graph (NucsegGraph *graph, const NucsegJson *json, gboolean scales,
    NucsegSafetensors *file, GError **error)
{
  static const gchar *const keys[] = { "multiple", "nodes", "output", NULL };
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) in_file = g_hash_table_new (g_str_hash, g_str_equal);
  const gchar *output;
  JsonArray *nodes;
  gpointer found;

  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_int (
          json, "multiple", TRUE, 1, 64, &graph->multiple, error)
      || !nucseg_json_get_string (json, "output", TRUE, &output, error)
      || !nucseg_json_get_array (
          json, "nodes", TRUE, 1, NUCSEG_MAX_NODES - 1, &nodes, error)
      || !read_names (graph, json, nodes, by_name, error))
    return FALSE;
  if (!g_hash_table_lookup_extended (by_name, output, NULL, &found))
    return nucseg_json_error (
        json, "output", error, "there is no node \"%.64s\"", output);
  graph->output = GPOINTER_TO_UINT (found);
  for (guint i = 1; i < graph->n_nodes; i++) {
    g_auto (NucsegJson) child = { NULL };
    if (!nucseg_json_element_object (json, "nodes", nodes, i - 1, &child, error)
        || !read_inputs (&graph->nodes[i], &child, by_name, error))
      return FALSE;
    g_hash_table_insert (
        in_file, graph->nodes[i].name, GUINT_TO_POINTER (i - 1));
  }
  if (!nucseg_graph_sort (graph, json, error))
    return FALSE;
  for (guint i = 1; i < graph->n_nodes; i++) {
    g_auto (NucsegJson) child = { NULL };
    guint at =
        GPOINTER_TO_UINT (g_hash_table_lookup (in_file, graph->nodes[i].name));
    if (!nucseg_json_element_object (json, "nodes", nodes, at, &child, error)
        || !nucseg_graph_read_node (graph, i, &child, file, error)
        || !nucseg_graph_read_scale (graph, i, scales, &child, error))
      return FALSE;
  }
  return check_shapes (graph, json, error);
}

NucsegGraph *
nucseg_graph_new (const NucsegJson *json, gboolean scales,
    NucsegSafetensors *file, GError **error)
{
  g_autoptr (NucsegGraph) graph = g_new0 (NucsegGraph, 1);

  if (!read_graph (graph, json, scales, file, error))
    return NULL;
  return g_steal_pointer (&graph);
}
