/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * random-graphs.c: graphs of all operations in any order, with odd sizes,
 * tensors that feed several nodes or one node twice, concatenations of
 * concatenations, products that are pooled.
 */
#include "tests/parity/cases.h"

#define N_NODES 14 /* random ones; those that make maps of them follow */

/* Shapes at the smallest input that the graph may have, and at the test's. */
typedef struct {
  gchar *name;
  gint h[2], w[2], c;
  gboolean used;
  gdouble scale; /* in int8; 0: f32 */
} Node;

typedef struct {
  NucsegBuilder *builder;
  NucsegRandom random;
  GArray *nodes; /* Node */
  gboolean int8; /* some nodes have scales */
} Graph;

static guint
below (Graph *g, guint n)
{
  return nucseg_random_below (&g->random, n);
}

static Node *
node (Graph *g, guint i)
{
  return &g_array_index (g->nodes, Node, i);
}

/* Appends a node of @shape's size; its name is to be built next. */
static Node *
append (Graph *g, const Node *shape, gint channels)
{
  Node n = *shape;

  n.name = g_strdup_printf ("n%u", g->nodes->len);
  n.c = channels;
  n.used = FALSE;
  n.scale = 0;
  g_array_append_val (g->nodes, n);
  return node (g, g->nodes->len - 1);
}

/* In int8 two of three nodes have a scale of those that can have one. @same:
 * the only one that it can be, or 0. Ends with the next node. */
static void
set_scale (Graph *g, Node *out, gdouble same)
{
  static const gdouble scales[] = { 0.01, 0.02 };

  if (g->int8 && below (g, 3) != 0)
    out->scale = same != 0 ? same : scales[below (g, 2)];
  nucseg_builder_set_scale (g->builder, out->scale);
}

static gboolean
same_size (const Node *a, const Node *b)
{
  return a->h[0] == b->h[0] && a->h[1] == b->h[1] && a->w[0] == b->w[0]
      && a->w[1] == b->w[1];
}

/* A node of @like's size (and channels, if @channels), maybe @like. */
static guint
find_like (Graph *g, guint like, gboolean channels)
{
  guint start = below (g, g->nodes->len);

  for (guint k = 0; k < g->nodes->len; k++) {
    guint i = (start + k) % g->nodes->len;

    if (same_size (node (g, i), node (g, like))
        && (!channels || node (g, i)->c == node (g, like)->c))
      return i;
  }
  return like;
}

static void
add_conv (
    Graph *g, guint i, gint channels, gint kernel, const gchar *activation)
{
  static const gint dilations[] = { 1, 1, 2, 5 };
  gint dilation = dilations[below (g, 4)];
  Node in = *node (g, i);
  Node *out = append (g, &in, channels);

  if (g_strcmp0 (activation, "relu") == 0)
    set_scale (g, out, 0);
  nucseg_builder_conv (g->builder, out->name, in.name, channels,
      &(NucsegBuilderConv){ .kernel = kernel,
          .dilation = dilation,
          .padding = kernel / 2 * dilation,
          .groups = channels == in.c && below (g, 3) == 0 ? -1 : 1,
          .bias = below (g, 3) != 0,
          .activation = activation });
  nucseg_builder_set_scale (g->builder, 0);
}

/* Adaptive averages of node @i. */
static void
add_average (Graph *g, guint i, gint rows, gint columns)
{
  Node in = *node (g, i);
  Node *out = append (g, &in, in.c);

  out->h[0] = out->h[1] = rows;
  out->w[0] = out->w[1] = columns;
  nucseg_builder_avg_pool (g->builder, out->name, in.name, rows, columns);
}

/* Node @i times channel weights that are made of node @from. */
static void
add_product (Graph *g, guint i, guint from)
{
  Node *out;

  add_average (g, from, 1, 1);
  add_conv (g, g->nodes->len - 1, node (g, i)->c, 1, "sigmoid");
  out = append (g, node (g, i), node (g, i)->c);
  if (node (g, i)->scale > 0)
    set_scale (g, out, 0);
  nucseg_builder_mul (g->builder, out->name, node (g, i)->name,
      node (g, g->nodes->len - 2)->name);
  nucseg_builder_set_scale (g->builder, 0);
}

static void
add_joined (Graph *g, guint i)
{
  gboolean concat = below (g, 2) == 0;
  guint other = find_like (g, i, !concat), third = find_like (g, i, !concat);
  gint channels = node (g, i)->c;
  Node *out;

  if (concat)
    channels += node (g, other)->c + node (g, third)->c;
  if (channels > 160)
    return;
  out = append (g, node (g, i), channels);
  node (g, i)->used = node (g, other)->used = node (g, third)->used = TRUE;
  if (concat && node (g, i)->scale > 0
      && node (g, other)->scale == node (g, i)->scale
      && node (g, third)->scale == node (g, i)->scale)
    set_scale (g, out, node (g, i)->scale);
  (concat ? nucseg_builder_concat : nucseg_builder_add) (g->builder, out->name,
      node (g, i)->name, node (g, other)->name, node (g, third)->name, NULL);
  nucseg_builder_set_scale (g->builder, 0);
}

/* Twice as large or half as large, if that is possible. */
static void
add_scaled (Graph *g, guint i, gint size)
{
  Node in = *node (g, i), *out;
  guint kind = below (g, 5);
  gboolean even = TRUE, large = TRUE, small = TRUE;

  for (guint k = 0; k < 2; k++) {
    even &= in.h[k] % 2 == 0 && in.w[k] % 2 == 0;
    large &= in.h[k] >= 2 && in.w[k] >= 2;
    small &= 2 * in.h[k] <= 2 * size && 2 * in.w[k] <= 2 * size;
  }
  if ((kind < 2 && !large) || (kind == 2 && (!even || in.c > 40))
      || (kind == 3 && (in.c % 4 != 0 || !small)) || (kind == 4 && !small))
    return;
  out = append (g, &in, kind == 2 ? 4 * in.c : kind == 3 ? in.c / 4 : in.c);
  node (g, i)->used = TRUE;
  for (guint k = 0; k < 2; k++) {
    out->h[k] = kind < 3 ? in.h[k] / 2 : 2 * in.h[k];
    out->w[k] = kind < 3 ? in.w[k] / 2 : 2 * in.w[k];
  }
  if ((kind < 2 || kind == 4) && in.scale > 0)
    set_scale (g, out, in.scale);
  if (kind < 2)
    nucseg_builder_max_pool (g->builder, out->name, in.name, 2, 2);
  else if (kind == 2)
    nucseg_builder_space_to_depth (g->builder, out->name, in.name, 2);
  else if (kind == 3)
    nucseg_builder_depth_to_space (g->builder, out->name, in.name, 2);
  else
    nucseg_builder_upsample (
        g->builder, out->name, in.name, below (g, 2) ? "nearest" : "bilinear");
  nucseg_builder_set_scale (g->builder, 0);
}

static void
add_random (Graph *g, gint size)
{
  static const gint channels[] = { 1, 3, 4, 8, 8, 16, 17, 24, 32, 48 };
  static const gchar *const activations[] = { NULL, "relu", "sigmoid" };
  /* Young nodes more often than old ones: graphs grow deep. */
  guint n = g->nodes->len, back = below (g, MIN (n, 1 + below (g, n)));
  guint i = n - 1 - back;

  switch (below (g, 6)) {
  case 0:
  case 1:
    node (g, i)->used = TRUE;
    add_conv (g, i, channels[below (g, G_N_ELEMENTS (channels))],
        below (g, 2) ? 3 : 1, activations[below (g, 3)]);
    break;
  case 2:
    node (g, i)->used = TRUE;
    add_product (g, i, below (g, g->nodes->len));
    node (g, g->nodes->len - 2)->used = TRUE;
    node (g, g->nodes->len - 3)->used = TRUE;
    break;
  case 3:
    add_joined (g, i);
    break;
  case 4:
    node (g, i)->used = TRUE;
    add_average (g, i, 1 + below (g, MIN (4, node (g, i)->h[0])),
        1 + below (g, MIN (4, node (g, i)->w[0])));
    break;
  default:
    add_scaled (g, i, size);
  }
}

/* Three maps of the input's size, in one of several ways. */
static gchar *
add_maps (Graph *g, guint body)
{
  Node *out;

  switch (below (g, 4)) {
  case 0:
    add_conv (g, body, 3, 1, NULL);
    break;
  case 1: /* own kernels make the output */
    add_conv (g, body, 3, 3, NULL);
    add_product (g, g->nodes->len - 1, body);
    break;
  case 2:
    add_conv (g, body, 1, 1, NULL);
    add_conv (g, body, 2, 3, "relu");
    out = append (g, node (g, body), 3);
    nucseg_builder_concat (g->builder, out->name,
        node (g, g->nodes->len - 2)->name, node (g, g->nodes->len - 3)->name,
        NULL);
    break;
  default:
    out = append (g, node (g, body), node (g, body)->c);
    for (guint k = 0; k < 2; k++) {
      out->h[k] /= 2;
      out->w[k] /= 2;
    }
    nucseg_builder_max_pool (g->builder, out->name, node (g, body)->name, 2, 2);
    add_conv (g, g->nodes->len - 1, 12, 1, NULL);
    out = append (g, node (g, body), 3);
    nucseg_builder_depth_to_space (
        g->builder, out->name, node (g, g->nodes->len - 2)->name, 2);
  }
  return g_strdup (node (g, g->nodes->len - 1)->name);
}

NucsegModel *
parity_random_build (
    guint64 seed, gint multiple, gint height, gint width, gboolean int8)
{
  Graph g = { nucseg_builder_new (seed, multiple), { seed },
    g_array_new (FALSE, TRUE, sizeof (Node)), int8 };
  Node input = { g_strdup ("input"), { multiple, height }, { multiple, width },
    1 };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *last = NULL;
  guint body, n;

  g_array_append_val (g.nodes, input);
  add_conv (&g, 0, 16, 3, "relu");
  for (guint i = 0; i < N_NODES; i++)
    add_random (&g, multiple);

  /* Everything that nobody used weighs the channels of the last stretch. */
  n = g.nodes->len;
  add_conv (&g, 1, 8, 3, NULL);
  body = g.nodes->len - 1;
  for (guint i = 1; i < n; i++) {
    if (node (&g, i)->used || i == 1)
      continue;
    add_product (&g, body, i);
    body = g.nodes->len - 1;
  }
  last = add_maps (&g, body);
  g_autoptr (GBytes) bytes = nucseg_builder_end (g.builder, last, 3);
  NucsegModel *model = nucseg_model_new_from_bytes (bytes, "random", &error);

  g_assert_no_error (error);
  for (guint i = 0; i < g.nodes->len; i++)
    g_free (node (&g, i)->name);
  g_array_unref (g.nodes);
  return model;
}
