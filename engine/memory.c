/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory.c: whether a network at a size can fit into this machine. Linux
 * promises memory that it does not have, and ends the process when it is
 * touched: what can't fit has to be refused before.
 */
#include "graph-private.h"
#include "params.h"

#include <unistd.h>

/* Bytes of the output of node @i; in int8 what has no scale is f32. */
static guint64
count_bytes (const NucsegGraph *graph, const NucsegShape *shapes,
    NucsegPrecision precision, guint i)
{
  const NucsegShape *shape = &shapes[i];
  guint64 size = sizeof (gfloat);

  if (precision == NUCSEG_PRECISION_BF16 || precision == NUCSEG_PRECISION_F16)
    size = 2;
  else if (precision == NUCSEG_PRECISION_INT8 && graph->nodes[i].scale > 0)
    size = 1;
  return (guint64) shape->height * (guint64) shape->width
      * (guint64) shape->channels * size;
}

/* The most bytes that are alive at one time: each node's output from when it is
 * made until its last reader has run. */
static guint64
find_peak (const NucsegGraph *graph, const NucsegShape *shapes,
    NucsegPrecision precision)
{
  g_autofree guint *last = g_new0 (guint, graph->n_nodes);
  guint64 alive = 0, peak = 0;

  for (guint i = 0; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      last[graph->nodes[i].inputs[k]] = i;
  }
  for (guint i = 0; i < graph->n_nodes; i++) {
    const NucsegNode *node = &graph->nodes[i];
    alive += count_bytes (graph, shapes, precision, i);
    peak = MAX (peak, alive);
    for (guint k = 0; k < node->n_inputs; k++) {
      guint input = node->inputs[k];
      if (last[input] == i) {
        alive -= count_bytes (graph, shapes, precision, input);
        last[input] = G_MAXUINT; /* a node may read an input twice */
      }
    }
  }
  return peak;
}

gboolean
nucseg_memory_check (const NucsegGraph *graph, const NucsegShape *shapes,
    NucsegPrecision precision, GError **error)
{
  glong pages = sysconf (_SC_PHYS_PAGES), page = sysconf (_SC_PAGESIZE);
  guint64 need = find_peak (graph, shapes, precision);

  if (pages <= 0 || page <= 0 || need <= (guint64) pages * (guint64) page)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
      "the network needs about %.1f GiB for an input of %dx%d, this machine "
      "has %.1f GiB",
      (gdouble) need / 0x1p30, shapes[0].width, shapes[0].height,
      (gdouble) pages * (gdouble) page / 0x1p30);
  return FALSE;
}
