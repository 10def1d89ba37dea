/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.c: a planned network: its memory, its run, where its time goes.
 */
#include "cpu/onednn/network-private.h"

#include <time.h>

/* --- Memory ------------------------------------------------------------- */

static void
resolve (NucsegNetwork *self, NucsegSlot *slot)
{
  if (slot->tensor.channels > 0)
    slot->tensor.data =
        (guint8 *) nucseg_buffers_get (self->buffers, slot->buffer)
        + slot->offset;
}

static gboolean
lay_out (NucsegNetwork *self, GError **error)
{
  const NucsegShape *out = &self->nodes[self->graph->output].shape;
  const guint maps = nucseg_buffers_add (
      self->buffers, nucseg_shape_elements (out) * sizeof (gfloat));
  const guint last = self->steps->len;

  /* All the time: the input is kept for those who read it back, the maps are
   * decoded after the last step. */
  self->scratchpad = nucseg_buffers_add (self->buffers, self->scratchpad_size);
  for (guint i = 0; i < 2; i++) {
    nucseg_buffers_use (self->buffers, self->input_buffer, i * last);
    nucseg_buffers_use (self->buffers, self->scratchpad, i * last);
    nucseg_buffers_use (self->buffers, maps, i * last);
  }
  if (!nucseg_buffers_allocate (self->buffers, error))
    return FALSE;
  self->context.maps = nucseg_buffers_get (self->buffers, maps);
  self->context.scratch = nucseg_buffers_get (self->buffers, self->scratchpad);

  for (guint s = 0; s < self->steps->len; s++) {
    NucsegStep *step = &g_array_index (self->steps, NucsegStep, s);

    for (guint k = 0; k < step->n_inputs; k++)
      resolve (self, &step->in[k]);
    resolve (self, &step->out);
    resolve (self, &step->pooled);
    if (step->conv
        && !nucseg_dnnl_conv_bind (step->conv, step->in[0].tensor.data,
            step->out.tensor.data,
            nucseg_buffers_get (self->buffers, self->scratchpad), error))
      return FALSE;
  }
  return TRUE;
}

/* --- Network ------------------------------------------------------------ */

static gboolean
plan (NucsegNetwork *self, gint height, gint width, GError **error)
{
  const guint n = self->graph->n_nodes;
  NucsegShape *shapes = g_new (NucsegShape, n);
  const gboolean ok =
      nucseg_graph_infer (self->graph, height, width, shapes, error);

  for (guint i = 0; ok && i < n; i++)
    self->nodes[i].shape = shapes[i];
  g_free (shapes);
  if (!ok)
    return FALSE;
  nucseg_network_place (self);
  return nucseg_network_lower (self, error) && lay_out (self, error);
}

NucsegNetwork *
nucseg_network_new (const NucsegGraph *graph, gint height, gint width,
    NucsegPrecision precision, guint threads, gint n_maps, GError **error)
{
  NucsegNetwork *self = g_new0 (NucsegNetwork, 1);

  self->graph = graph;
  self->n_maps = n_maps;
  self->nodes = g_new0 (NucsegNodePlan, graph->n_nodes);
  self->type = precision == NUCSEG_PRECISION_BF16 ? NUCSEG_ELEMENT_BF16
                                                  : NUCSEG_ELEMENT_F32;
  self->steps = g_array_new (FALSE, TRUE, sizeof (NucsegStep));
  self->buffers = nucseg_buffers_new ();
  self->int8 = precision == NUCSEG_PRECISION_INT8;
  self->context.threads = threads;
  self->dnnl = nucseg_dnnl_new (error);
  if (self->dnnl && plan (self, height, width, error))
    return self;
  nucseg_network_free (self);
  return NULL;
}

void
nucseg_network_free (NucsegNetwork *network)
{
  if (!network)
    return;
  for (guint s = 0; s < network->steps->len; s++) {
    const NucsegStep *step = &g_array_index (network->steps, NucsegStep, s);

    nucseg_dnnl_conv_free (step->conv);
    nucseg_tiny_free (step->tiny);
    nucseg_grey_conv_free (step->grey);
    nucseg_narrow_conv_free (step->narrow);
    nucseg_matrix_conv_free (step->matrix);
  }
  g_array_unref (network->steps);
  nucseg_buffers_free (network->buffers);
  nucseg_dnnl_free (network->dnnl);
  g_free (network->nodes);
  g_free (network);
}

gpointer
nucseg_network_get_input (NucsegNetwork *network, NucsegElement *type)
{
  *type = network->type;
  return nucseg_buffers_get (network->buffers, network->input_buffer);
}

gfloat *
nucseg_network_get_maps (NucsegNetwork *network)
{
  return network->context.maps;
}

static guint64
now_ns (void)
{
  struct timespec t;

  clock_gettime (CLOCK_MONOTONIC, &t);
  return (guint64) t.tv_sec * 1000000000u + (guint64) t.tv_nsec;
}

/* The fastest run is the one that nobody else disturbed. */
static void
note_time (NucsegStep *step, guint64 elapsed)
{
  if (step->fastest_ns == 0 || elapsed < step->fastest_ns)
    step->fastest_ns = elapsed;
}

gboolean
nucseg_network_run (NucsegNetwork *network, GError **error)
{
  for (guint s = 0; s < network->steps->len; s++) {
    NucsegStep *step = &g_array_index (network->steps, NucsegStep, s);
    const guint64 start = network->profile ? now_ns () : 0;

    if (!nucseg_step_run (step, &network->context, error)) {
      g_prefix_error (error, "node '%s': ", step->node->name);
      return FALSE;
    }
    if (network->profile)
      note_time (step, now_ns () - start);
  }
  return TRUE;
}

void
nucseg_network_set_profile (NucsegNetwork *network, gboolean profile)
{
  network->profile = profile;
}

gchar *
nucseg_network_get_profile (const NucsegNetwork *network)
{
  GString *text = g_string_new (NULL);

  for (guint s = 0; s < network->steps->len; s++) {
    const NucsegStep *step = &g_array_index (network->steps, NucsegStep, s);
    const NucsegTensor *out = &step->out.tensor;

    g_string_append_printf (text,
        "%s\t%s\t%dx%dx%d\t%s\t%" G_GUINT64_FORMAT "\n", step->node->name,
        nucseg_step_kind_name (step->kind), out->height, out->width,
        out->channels,
        step->conv         ? nucseg_dnnl_conv_get_implementation (step->conv)
            : step->matrix ? nucseg_matrix_conv_get_name (step->matrix)
                           : nucseg_step_get_kernels (step)->name,
        step->fastest_ns);
  }
  return g_string_free (text, FALSE);
}
