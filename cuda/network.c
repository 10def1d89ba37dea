/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.c: a network from graph to memory: places, steps, buffers, engines.
 * network-run.c runs it.
 */
#include "cuda/network-private.h"

#include "cuda/tune.h"

static void
resolve (NucsegNetwork *self, NucsegSlot *slot)
{
  if (slot->tensor.channels > 0)
    slot->tensor.data =
        (guint8 *) nucseg_buffers_get (self->buffers, slot->buffer)
        + slot->offset;
}

static void
lay_out (NucsegNetwork *self)
{
  for (guint s = 0; s < self->steps->len; s++) {
    NucsegStep *step = &g_array_index (self->steps, NucsegStep, s);
    NucsegCudaAttention *a = &step->attention;

    for (guint k = 0; k < step->n_inputs; k++)
      resolve (self, &step->in[k]);
    resolve (self, &step->out);
    resolve (self, &step->pooled);
    if (step->kind != NUCSEG_STEP_ATTENTION)
      continue;
    a->x = step->in[0].tensor;
    a->lower = step->in[1].tensor.data;
    a->own = step->pooled.tensor.data;
    a->weights = step->out.tensor.data;
    a->workspace = nucseg_buffers_get (self->buffers, step->workspace);
    a->counters = self->counters; /* they run one after the other */
  }
}

/* Steps, and the memory that they work in. */
static gboolean
plan (NucsegNetwork *self, NucsegModel *model, gint height, gint width,
    GError **error)
{
  self->nodes = g_new0 (NucsegPlaced, self->graph->n_nodes);
  self->steps = g_array_new (FALSE, TRUE, sizeof (NucsegStep));
  self->buffers = nucseg_buffers_new (self->device);
  self->weights = nucseg_weights_new (self->device, model);
  if (!nucseg_network_place (self, height, width, error)
      || !nucseg_network_make_steps (self, error)
      || !nucseg_weights_check (self->weights, error)
      || !nucseg_buffers_allocate (self->buffers, error))
    return FALSE;
  lay_out (self);
  return TRUE;
}

static void
forget_plan (NucsegNetwork *self)
{
  g_clear_pointer (&self->nodes, g_free);
  g_clear_pointer (&self->steps, g_array_unref);
  g_clear_pointer (&self->buffers, nucseg_buffers_free);
  g_clear_pointer (&self->weights, nucseg_weights_free);
}

/* The engines are locked. */
static gboolean
tune_engines (NucsegNetwork *self, NucsegModel *model, const NucsegTune *tune,
    GError **error)
{
  g_autoptr (GArray) failed = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GError) why = NULL;

  /* Each turn refuses some; in the end there are none of cuDNN's to fail. */
  while (!nucseg_tune_steps (
      tune, self->graph, self->steps, self->buffers, failed, &why)) {
    /* that is not cuDNN's fault: on a GPU that is lost nothing works */
    if (!nucseg_cuda_wait (self->device, error))
      return FALSE;
    for (guint i = 0; i < failed->len; i++) {
      const NucsegStep *step = &g_array_index (
          self->steps, NucsegStep, g_array_index (failed, guint, i));

      nucseg_engines_refuse (self->engines,
          (guint) (step->node - self->graph->nodes),
          nucseg_cudnn_conv_get_spec (step->cudnn));
    }
    g_warning ("%u convolutions are not computed by cuDNN as planned, which is "
               "slower: %s",
        failed->len, why->message);
    g_array_set_size (failed, 0);
    g_clear_error (&why);
    forget_plan (self);
    if (!plan (self, model, tune->height, tune->width, error))
      return FALSE;
  }
  nucseg_engines_set_tuned (self->engines);
  return TRUE;
}

/* The engines are locked. */
static gboolean
fill (NucsegNetwork *self, NucsegModel *model, const NucsegTune *tune,
    GError **error)
{
  if (!plan (self, model, tune->height, tune->width, error)
      || !(nucseg_engines_is_tuned (self->engines)
          || tune_engines (self, model, tune, error)))
    return FALSE;
  return nucseg_network_bind (self, error);
}

NucsegNetwork *
nucseg_network_new (NucsegCudaDevice *device, NucsegModel *model, gint batch,
    gint height, gint width, NucsegPrecision precision, GError **error)
{
  NucsegNetwork *self = g_new0 (NucsegNetwork, 1);
  NucsegTune tune = { .device = device,
    .model = nucseg_model_get_sha256 (model),
    .precision = nucseg_precision_name (precision),
    .batch = batch,
    .height = height,
    .width = width };
  g_autofree gchar *key = g_strdup_printf (
      "%s %s %d x %dx%d", tune.model, tune.precision, batch, height, width);
  gboolean ok = FALSE;

  self->batch = batch;
  self->device = device;
  self->graph = nucseg_model_get_graph (model);
  self->type = precision == NUCSEG_PRECISION_F16 ? NUCSEG_CUDA_F16
      : precision == NUCSEG_PRECISION_BF16       ? NUCSEG_CUDA_BF16
                                                 : NUCSEG_CUDA_F32;
  self->engines =
      nucseg_engines_take (device, key, self->graph->n_nodes, error);
  if (self->engines)
    self->counters = nucseg_cuda_alloc (device, (gsize) batch * sizeof (guint),
        "the attention's counters", error);
  if (self->counters) {
    tune.cudnn = nucseg_engines_get_cudnn (self->engines);
    nucseg_engines_lock (self->engines);
    ok = fill (self, model, &tune, error);
    nucseg_engines_unlock (self->engines);
  }
  if (ok)
    return self;
  nucseg_network_free (self);
  return NULL;
}

void
nucseg_network_free (NucsegNetwork *self)
{
  if (!self)
    return;
  for (guint s = 0; self->steps && s < self->steps->len; s++)
    nucseg_cudnn_pack_free (g_array_index (self->steps, NucsegStep, s).pack);
  if (self->engines) {
    nucseg_engines_lock (self->engines);
    nucseg_cudnn_forget_stream (nucseg_engines_get_cudnn (self->engines));
    nucseg_engines_unlock (self->engines);
  }
  nucseg_engines_release (self->engines, self->device);
  forget_plan (self);
  nucseg_cuda_free (self->device, self->counters);
  for (guint i = 0; i < NUCSEG_CUDA_MOST_BRANCHES; i++)
    nucseg_cuda_free (self->device, self->workspaces[i]);
  g_free (self);
}

void
nucseg_network_abandon (NucsegNetwork *self)
{
  if (!self)
    return;
  nucseg_weights_abandon (g_steal_pointer (&self->weights));
  nucseg_engines_release (g_steal_pointer (&self->engines), NULL);
}

NucsegCudaTensor
nucseg_network_get_input (const NucsegNetwork *self, gint image, gint *block)
{
  const NucsegPlaced *input = &self->nodes[self->input];
  const gsize size = (gsize) input->shape.height * input->shape.width
      * input->pitch * nucseg_step_type_size (input->type);
  guint8 *images = nucseg_buffers_get (self->buffers, input->buffer);
  const NucsegCudaTensor tensor = { .data = images + image * size,
    .type = input->type,
    .batch = 1,
    .height = input->shape.height,
    .width = input->shape.width,
    .channels = input->pitch,
    .pitch = input->pitch };

  g_assert (image >= 0 && image < self->batch);
  *block = self->input == 0 ? 1 : self->graph->nodes[self->input].u.block;
  return tensor;
}

gfloat *
nucseg_network_get_maps (const NucsegNetwork *self, gint image)
{
  const NucsegPlaced *output = &self->nodes[self->graph->output];
  gfloat *maps = nucseg_buffers_get (self->buffers, output->buffer);

  g_assert (image >= 0 && image < self->batch);
  return maps
      + (gsize) image * output->shape.height * output->shape.width
      * output->pitch;
}

guint
nucseg_network_count (const NucsegNetwork *self, guint *n_steps)
{
  guint n = 0;

  for (guint s = 0; s < self->steps->len; s++)
    n += g_array_index (self->steps, NucsegStep, s).cudnn != NULL;
  if (n_steps)
    *n_steps = self->steps->len;
  return n;
}
