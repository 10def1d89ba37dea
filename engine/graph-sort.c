/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * graph-sort.c: brings nodes into the order of execution; finds cycles and
 * nodes that lead nowhere.
 */
#include "graph-private.h"

#define NOT_PLACED G_MAXUINT

static gboolean
is_ready (const NucsegNode *node, const guint *place)
{
  for (guint i = 0; i < node->n_inputs; i++) {
    if (place[node->inputs[i]] == NOT_PLACED)
      return FALSE;
  }
  return TRUE;
}

/* Of the nodes that could not be placed each has an input that could not be
 * placed either: whoever follows them comes round. */
static gboolean
cycle_error (const NucsegGraph *graph, const guint *place,
    const NucsegJson *json, GError **error)
{
  g_autofree gboolean *seen = g_new0 (gboolean, graph->n_nodes);
  g_autoptr (GString) way = g_string_new (NULL);
  guint at = 0, n_shown = 0;

  while (place[at] != NOT_PLACED)
    at++;
  for (guint round = 0; round < 2; round++) {
    /* the first round only gets onto the cycle */
    guint first = at;
    for (gboolean more = TRUE; more;) {
      guint next = 0;
      const NucsegNode *node = &graph->nodes[at];
      for (guint i = 0; i < node->n_inputs; i++) {
        if (place[node->inputs[i]] == NOT_PLACED)
          next = node->inputs[i];
      }
      if (round == 1 && n_shown++ < 8)
        g_string_append_printf (way, "\"%.64s\" <- ", node->name);
      seen[at] = TRUE;
      at = next;
      more = round == 0 ? !seen[at] : at != first;
    }
  }
  if (n_shown > 8)
    g_string_append (way, "... <- ");
  g_string_append_printf (way, "\"%.64s\"", graph->nodes[at].name);
  return nucseg_json_error (json, "nodes", error, "a cycle: %s", way->str);
}

static gboolean
check_all_used (
    const NucsegGraph *graph, const NucsegJson *json, GError **error)
{
  g_autofree gboolean *used = g_new0 (gboolean, graph->n_nodes);

  used[graph->output] = TRUE;
  for (guint i = graph->n_nodes; i-- > 0;) {
    const NucsegNode *node = &graph->nodes[i];
    if (!used[i])
      return nucseg_json_error (
          json, "nodes", error, "nothing uses the node \"%.64s\"", node->name);
    for (guint k = 0; k < node->n_inputs; k++)
      used[node->inputs[k]] = TRUE;
  }
  return TRUE;
}

gboolean
nucseg_graph_sort (NucsegGraph *graph, const NucsegJson *json, GError **error)
{
  g_autofree guint *place = g_new (guint, graph->n_nodes);
  guint n_placed = 1;

  place[0] = 0;
  for (guint i = 1; i < graph->n_nodes; i++)
    place[i] = NOT_PLACED;
  /* As long as a pass places something; a sorted file takes one pass, the
   * worst of 1024 nodes 1024 short ones. */
  for (guint before = 0; before != n_placed;) {
    before = n_placed;
    for (guint i = 1; i < graph->n_nodes; i++) {
      if (place[i] == NOT_PLACED && is_ready (&graph->nodes[i], place))
        place[i] = n_placed++;
    }
  }
  if (n_placed < graph->n_nodes)
    return cycle_error (graph, place, json, error);

  NucsegNode *sorted = g_new0 (NucsegNode, graph->n_nodes);
  for (guint i = 0; i < graph->n_nodes; i++) {
    NucsegNode *node = &sorted[place[i]];
    *node = graph->nodes[i];
    for (guint k = 0; k < node->n_inputs; k++)
      node->inputs[k] = place[node->inputs[k]];
  }
  graph->output = place[graph->output];
  g_free (graph->nodes);
  graph->nodes = sorted;
  return check_all_used (graph, json, error);
}
