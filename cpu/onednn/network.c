/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.c: graph -> steps. Decides each tensor's element type and place,
 * fuses what goes together, then lays out the buffers:
 *
 * - Tensors of a convolution by oneDNN have the network's type; those of tiny
 *   convolutions and pooled averages are f32. Where a consumer wants the other
 *   type, a convert step comes between.
 * - A tensor that only feeds our own kernels and one concatenation is written
 *   straight into its slice of the concatenation.
 * - A product and the 2x2 maxima of it are one step.
 * - The output is split into planes; a depth_to_space at the end is done on
 *   the way.
 */
#include "cpu/onednn/network.h"

#include "cpu/onednn/buffers.h"
#include "cpu/onednn/steps.h"

#include <time.h>

#define NONE G_MAXUINT

/* What planning knows of a node. */
typedef struct {
  NucsegShape shape;
  NucsegElement type;
  gboolean tiny; /* a convolution that tiny.c does */
  guint n_consumers; /* a node that takes it twice counts twice */
  guint pool; /* of a product: the max_pool that is fused to it, or NONE */
  gboolean done; /* fused into an earlier step */
  guint host; /* the concatenation that it is a slice of, or NONE */
  gint host_channel; /* its first channel there */
  guint buffer; /* NONE until it has one */
  guint converted; /* buffer of the copy of the other type, or NONE */
} Plan;

struct _NucsegNetwork {
  const NucsegGraph *graph;
  gint n_maps;
  Plan *nodes;
  NucsegElement type; /* of big tensors */
  NucsegDnnl *dnnl;
  GArray *steps; /* NucsegStep */
  NucsegBuffers *buffers;
  guint input_buffer;
  guint scratchpad;
  gsize scratchpad_size;
  NucsegStepContext context;
  gboolean profile;
};

/* --- Types and places --------------------------------------------------- */

static void
count_consumers (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;

  for (guint i = 0; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      self->nodes[graph->nodes[i].inputs[k]].n_consumers++;
  }
}

/* The last convolution keeps its f32 sums, also where only a depth_to_space
 * stands behind it. */
static gboolean
makes_output (const NucsegNetwork *self, guint i)
{
  const NucsegNode *last = &self->graph->nodes[self->graph->output];

  if (i == self->graph->output)
    return TRUE;
  return last->op == NUCSEG_OP_DEPTH_TO_SPACE && last->inputs[0] == i
      && self->nodes[i].n_consumers == 1;
}

static void
choose_type (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  Plan *plan = &self->nodes[i];

  plan->type = self->type;
  if (node->op == NUCSEG_OP_INPUT)
    return;
  if (node->op == NUCSEG_OP_AVG_POOL) {
    plan->type = NUCSEG_ELEMENT_F32;
  } else if (node->op == NUCSEG_OP_CONV) {
    plan->tiny = nucseg_tiny_wants (&node->u.conv, &plan->shape);
    if (plan->tiny || makes_output (self, i))
      plan->type = NUCSEG_ELEMENT_F32;
  } else {
    guint n = node->op == NUCSEG_OP_MUL ? 1 : node->n_inputs;
    gboolean all_f32 = TRUE;

    for (guint k = 0; k < n; k++)
      all_f32 &= self->nodes[node->inputs[k]].type == NUCSEG_ELEMENT_F32;
    if (all_f32)
      plan->type = NUCSEG_ELEMENT_F32;
  }
}

/* The type in which node @i wants its input @k. */
static NucsegElement
wanted_type (const NucsegNetwork *self, guint i, guint k)
{
  const NucsegNode *node = &self->graph->nodes[i];

  switch (node->op) {
  case NUCSEG_OP_CONV:
    return self->nodes[i].tiny ? NUCSEG_ELEMENT_F32 : self->type;
  case NUCSEG_OP_AVG_POOL:
    return self->nodes[node->inputs[0]].type; /* either will do */
  case NUCSEG_OP_MUL:
    return k == 1 ? NUCSEG_ELEMENT_F32 : self->nodes[i].type;
  default:
    return self->nodes[i].type;
  }
}

static void
fuse_pool (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  Plan *product = &self->nodes[node->inputs[0]];

  if (node->op != NUCSEG_OP_MAX_POOL || node->u.pool.kernel != 2
      || node->u.pool.stride != 2 || product->pool != NONE
      || self->graph->nodes[node->inputs[0]].op != NUCSEG_OP_MUL)
    return;
  product->pool = i;
  self->nodes[i].done = TRUE;
}

/* Whether node @i can be written with gaps between its pixels, and read so by
 * all who do. */
static gboolean
can_be_slice (const NucsegNetwork *self, guint i, guint host)
{
  const NucsegGraph *graph = self->graph;
  guint taken = 0;

  switch (graph->nodes[i].op) {
  case NUCSEG_OP_MAX_POOL:
  case NUCSEG_OP_UPSAMPLE:
  case NUCSEG_OP_ADD:
  case NUCSEG_OP_MUL:
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    break;
  default:
    return FALSE;
  }
  if (self->nodes[i].host != NONE
      || self->nodes[i].type != self->nodes[host].type)
    return FALSE;
  for (guint j = i + 1; j < graph->n_nodes; j++) {
    const NucsegNode *reader = &graph->nodes[j];

    for (guint k = 0; k < reader->n_inputs; k++) {
      if (reader->inputs[k] != i)
        continue;
      if (j == host)
        taken++;
      else if (reader->op == NUCSEG_OP_CONV && !self->nodes[j].tiny)
        return FALSE;
    }
  }
  return taken == 1;
}

static void
place_slices (NucsegNetwork *self, guint host)
{
  const NucsegNode *node = &self->graph->nodes[host];
  gint channel = 0;

  if (node->op != NUCSEG_OP_CONCAT)
    return;
  for (guint k = 0; k < node->n_inputs; k++) {
    Plan *part = &self->nodes[node->inputs[k]];

    if (can_be_slice (self, node->inputs[k], host)) {
      part->host = host;
      part->host_channel = channel;
    }
    channel += part->shape.channels;
  }
}

/* --- Steps -------------------------------------------------------------- */

static gsize
shape_elements (const NucsegShape *shape)
{
  return (gsize) shape->height * shape->width * shape->channels;
}

/* The step that is being made has the number steps->len. */
static void
use (NucsegNetwork *self, guint buffer)
{
  nucseg_buffers_use (self->buffers, buffer, self->steps->len);
}

/* Where node @i lies, giving it a buffer if it has none. */
static NucsegSlot
node_slot (NucsegNetwork *self, guint i)
{
  Plan *plan = &self->nodes[i];
  Plan *owner = plan->host == NONE ? plan : &self->nodes[plan->host];
  const gsize element = nucseg_element_size (plan->type);
  NucsegSlot slot = { { plan->shape.height, plan->shape.width,
                          plan->shape.channels, owner->shape.channels,
                          plan->type, NULL },
    0, plan->host == NONE ? 0 : plan->host_channel * element };

  if (owner->buffer == NONE)
    owner->buffer = nucseg_buffers_add (
        self->buffers, shape_elements (&owner->shape) * element);
  slot.buffer = owner->buffer;
  use (self, slot.buffer);
  return slot;
}

static NucsegStep *
append_step (NucsegNetwork *self, const NucsegStep *step)
{
  g_array_append_val (self->steps, *step);
  return &g_array_index (self->steps, NucsegStep, self->steps->len - 1);
}

/* Input @k of node @i in the type that it wants; may add a convert step. */
static NucsegSlot
input_slot (NucsegNetwork *self, guint i, guint k, NucsegElement type)
{
  const guint source = self->graph->nodes[i].inputs[k];
  Plan *plan = &self->nodes[source];
  NucsegSlot slot = node_slot (self, source);
  NucsegSlot copy = slot;

  if (plan->type == type)
    return slot;
  copy.tensor.type = type;
  copy.tensor.pitch = copy.tensor.channels;
  copy.offset = 0;
  if (plan->converted == NONE) {
    NucsegStep step = { NUCSEG_STEP_CONVERT, &self->graph->nodes[source], 1 };

    plan->converted = nucseg_buffers_add (self->buffers,
        shape_elements (&plan->shape) * nucseg_element_size (type));
    copy.buffer = plan->converted;
    use (self, copy.buffer);
    step.in[0] = slot;
    step.out = copy;
    append_step (self, &step);
  }
  copy.buffer = plan->converted;
  use (self, copy.buffer);
  return copy;
}

/* One copy step for each part that isn't there already. */
static void
add_concat (NucsegNetwork *self, guint i)
{
  const NucsegNode *node = &self->graph->nodes[i];
  const gsize element = nucseg_element_size (self->nodes[i].type);
  gint channel = 0;

  for (guint k = 0; k < node->n_inputs; k++) {
    const Plan *part = &self->nodes[node->inputs[k]];

    if (part->host != i || part->host_channel != channel) {
      NucsegStep step = { NUCSEG_STEP_COPY, node, 1 };

      step.in[0] = input_slot (self, i, k, self->nodes[i].type);
      step.out = node_slot (self, i);
      step.out.tensor.channels = part->shape.channels;
      step.out.offset += channel * element;
      append_step (self, &step);
    }
    channel += part->shape.channels;
  }
}

static gboolean
add_conv (NucsegNetwork *self, guint i, NucsegStep *step, GError **error)
{
  const NucsegNode *node = &self->graph->nodes[i];
  Plan *plan = &self->nodes[i];

  if (plan->tiny) {
    step->kind = NUCSEG_STEP_TINY;
    step->tiny = nucseg_tiny_new (&node->u.conv);
    return TRUE;
  }
  step->kind = NUCSEG_STEP_CONV;
  step->conv = nucseg_dnnl_conv_new (self->dnnl, &node->u.conv,
      &self->nodes[node->inputs[0]].shape, &plan->shape, self->type, plan->type,
      error);
  if (!step->conv) {
    g_prefix_error (error, "convolution '%s': ", node->name);
    return FALSE;
  }
  self->scratchpad_size = MAX (
      self->scratchpad_size, nucseg_dnnl_conv_get_scratchpad_size (step->conv));
  return TRUE;
}

static void
add_product (NucsegNetwork *self, guint i, NucsegStep *step)
{
  Plan *plan = &self->nodes[i];

  step->kind = NUCSEG_STEP_MULTIPLY;
  if (plan->pool == NONE)
    return;
  step->kind = NUCSEG_STEP_MULTIPLY_POOL;
  step->pooled = node_slot (self, plan->pool);
}

static gboolean
add_node (NucsegNetwork *self, guint i, GError **error)
{
  const NucsegNode *node = &self->graph->nodes[i];
  NucsegStep step = { 0 };
  gboolean ok = TRUE;

  if (node->op == NUCSEG_OP_CONCAT) {
    add_concat (self, i);
    return TRUE;
  }
  step.node = node;
  step.n_inputs = node->n_inputs;
  for (guint k = 0; k < node->n_inputs; k++)
    step.in[k] = input_slot (self, i, k, wanted_type (self, i, k));
  /* A convert step may have been added in between. */
  for (guint k = 0; k < node->n_inputs; k++)
    use (self, step.in[k].buffer);
  step.out = node_slot (self, i);

  switch (node->op) {
  case NUCSEG_OP_CONV:
    ok = add_conv (self, i, &step, error);
    break;
  case NUCSEG_OP_MUL:
    add_product (self, i, &step);
    break;
  case NUCSEG_OP_ADD:
    step.kind = NUCSEG_STEP_ADD;
    break;
  case NUCSEG_OP_MAX_POOL:
    step.kind = NUCSEG_STEP_MAX_POOL;
    step.size[0] = node->u.pool.kernel;
    step.size[1] = node->u.pool.stride;
    break;
  case NUCSEG_OP_AVG_POOL:
    step.kind = NUCSEG_STEP_AVERAGE;
    step.size[0] = node->u.avg.rows;
    step.size[1] = node->u.avg.columns;
    break;
  case NUCSEG_OP_UPSAMPLE:
    step.kind = node->u.upsample == NUCSEG_UPSAMPLE_NEAREST
        ? NUCSEG_STEP_UPSAMPLE_NEAREST
        : NUCSEG_STEP_UPSAMPLE_BILINEAR;
    break;
  case NUCSEG_OP_SPACE_TO_DEPTH:
  case NUCSEG_OP_DEPTH_TO_SPACE:
    step.kind = node->op == NUCSEG_OP_SPACE_TO_DEPTH
        ? NUCSEG_STEP_SPACE_TO_DEPTH
        : NUCSEG_STEP_DEPTH_TO_SPACE;
    step.size[0] = node->u.block;
    break;
  default:
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "node '%s': the onednn back end has no operation %s", node->name,
        nucseg_op_name (node->op));
    return FALSE;
  }
  if (ok)
    append_step (self, &step);
  return ok;
}

/* The last step: the output, or what a final depth_to_space would take, into
 * planes. */
static void
add_maps (NucsegNetwork *self)
{
  const NucsegGraph *graph = self->graph;
  const NucsegNode *last = &graph->nodes[graph->output];
  /* A node that has the output as its input, for input_slot(). */
  NucsegStep step = { NUCSEG_STEP_MAPS, last, 1 };

  step.size[0] = 1;
  step.size[1] = self->n_maps;
  if (self->nodes[graph->output].done) {
    step.size[0] = last->u.block;
    step.in[0] = input_slot (self, graph->output, 0, NUCSEG_ELEMENT_F32);
  } else if (self->nodes[graph->output].type == NUCSEG_ELEMENT_F32) {
    step.in[0] = node_slot (self, graph->output);
  } else {
    NucsegStep convert = { NUCSEG_STEP_CONVERT, last, 1 };

    convert.in[0] = node_slot (self, graph->output);
    convert.out = convert.in[0];
    convert.out.tensor.type = NUCSEG_ELEMENT_F32;
    convert.out.buffer = nucseg_buffers_add (self->buffers,
        shape_elements (&self->nodes[graph->output].shape) * sizeof (gfloat));
    use (self, convert.out.buffer);
    append_step (self, &convert);
    step.in[0] = convert.out;
  }
  use (self, step.in[0].buffer);
  append_step (self, &step);
}

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
      self->buffers, shape_elements (out) * sizeof (gfloat));
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
  const NucsegGraph *graph = self->graph;
  NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);
  gboolean ok = nucseg_graph_infer (graph, height, width, shapes, error);

  for (guint i = 0; ok && i < graph->n_nodes; i++) {
    Plan *node = &self->nodes[i];

    node->shape = shapes[i];
    node->pool = node->host = node->buffer = node->converted = NONE;
  }
  g_free (shapes);
  if (!ok)
    return FALSE;
  count_consumers (self);
  for (guint i = 0; i < graph->n_nodes; i++) {
    choose_type (self, i);
    fuse_pool (self, i);
  }
  for (guint i = 0; i < graph->n_nodes; i++)
    place_slices (self, i);
  if (graph->nodes[graph->output].op == NUCSEG_OP_DEPTH_TO_SPACE)
    self->nodes[graph->output].done = TRUE;

  self->input_buffer = node_slot (self, 0).buffer;
  for (guint i = 1; ok && i < graph->n_nodes; i++) {
    if (!self->nodes[i].done)
      ok = add_node (self, i, error);
  }
  if (!ok)
    return FALSE;
  add_maps (self);
  return lay_out (self, error);
}

NucsegNetwork *
nucseg_network_new (const NucsegGraph *graph, gint height, gint width,
    NucsegPrecision precision, guint threads, gint n_maps, GError **error)
{
  NucsegNetwork *self = g_new0 (NucsegNetwork, 1);

  self->graph = graph;
  self->n_maps = n_maps;
  self->nodes = g_new0 (Plan, graph->n_nodes);
  self->type = precision == NUCSEG_PRECISION_BF16 ? NUCSEG_ELEMENT_BF16
                                                  : NUCSEG_ELEMENT_F32;
  self->steps = g_array_new (FALSE, TRUE, sizeof (NucsegStep));
  self->buffers = nucseg_buffers_new ();
  self->context.f32 = nucseg_kernels_get (NUCSEG_ELEMENT_F32);
  self->context.bf16 = nucseg_kernels_get (NUCSEG_ELEMENT_BF16);
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
    nucseg_dnnl_conv_free (g_array_index (network->steps, NucsegStep, s).conv);
    nucseg_tiny_free (g_array_index (network->steps, NucsegStep, s).tiny);
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
        step->conv ? nucseg_dnnl_conv_get_implementation (step->conv)
                   : (step->in[0].tensor.type == NUCSEG_ELEMENT_F32
                           ? network->context.f32
                           : network->context.bf16)
                         ->name,
        step->fastest_ns);
  }
  return g_string_free (text, FALSE);
}
