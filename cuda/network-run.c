/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-run.c: runs the steps of a network. Convolutions in a row that have
 * nothing to do with each other (those of ASPP at different rates, which read
 * one tensor and write parts of another) run side by side: at 1/16 of the
 * frame's size one of them fills a small part of the GPU.
 */
#include "cuda/network-private.h"

/* --- Which steps run side by side ------------------------------------------
 */

typedef struct {
  gsize begin, end;
} Range;

static gboolean
overlap (Range a, Range b)
{
  return a.begin < b.end && b.begin < a.end;
}

/* From the first byte to the last, what lies between pixels included. */
static Range
get_range (const NucsegSlot *slot)
{
  const NucsegCudaTensor *t = &slot->tensor;
  const gsize pixels = (gsize) t->batch * t->height * t->width;
  const gsize begin = GPOINTER_TO_SIZE (t->data);

  return (Range){ begin,
    begin
        + ((pixels - 1) * t->pitch + t->channels)
            * nucseg_step_type_size (t->type) };
}

/* Of a pixel of the buffer that it is a slice of. */
static Range
get_channels (const NucsegSlot *slot)
{
  const NucsegCudaTensor *t = &slot->tensor;

  return (Range){ slot->offset,
    slot->offset + t->channels * nucseg_step_type_size (t->type) };
}

static gboolean
share_memory (const NucsegSlot *a, const NucsegSlot *b)
{
  if (a->tensor.channels == 0 || b->tensor.channels == 0)
    return FALSE;
  if (a->buffer == b->buffer && a->tensor.pitch == b->tensor.pitch
      && a->tensor.type == b->tensor.type)
    return overlap (get_channels (a), get_channels (b));
  /* buffers that are never in use at once may lie in one place */
  return overlap (get_range (a), get_range (b));
}

static gboolean
is_convolution (const NucsegStep *step)
{
  return step->kind == NUCSEG_STEP_CONV || step->kind == NUCSEG_STEP_DIRECT;
}

/* Whether convolution @a writes what @b reads or writes. */
static gboolean
disturbs (const NucsegStep *a, const NucsegStep *b)
{
  gboolean any = share_memory (&a->out, &b->out);

  for (guint k = 0; k < b->n_inputs; k++)
    any = any || share_memory (&a->out, &b->in[k]);
  return any;
}

static gboolean
goes_with (const NucsegStep *steps, guint n, const NucsegStep *next)
{
  gboolean ok = is_convolution (next);

  for (guint i = 0; ok && i < n; i++)
    ok = !disturbs (&steps[i], next) && !disturbs (next, &steps[i]);
  return ok;
}

/* The user's switch, to measure what it is worth: 0 is off. */
#define BRANCHES_VARIABLE "NUCSEG_CUDA_BRANCHES"

static void
find_branches (NucsegNetwork *self)
{
  const gboolean wanted = g_strcmp0 (g_getenv (BRANCHES_VARIABLE), "0") != 0;
  NucsegStep *steps = (NucsegStep *) (gpointer) self->steps->data;

  for (guint s = 0; s < self->steps->len; s += steps[s].n_together) {
    const guint most =
        MIN (self->steps->len - s, (guint) NUCSEG_CUDA_MOST_BRANCHES);
    guint n = 1;

    while (wanted && is_convolution (&steps[s]) && n < most
        && goes_with (&steps[s], n, &steps[s + n]))
      n++;
    steps[s].n_together = n;
  }
}

/* --- cuDNN's memory -------------------------------------------------------
 */

static gboolean
bind_step (NucsegNetwork *self, NucsegStep *step, guint branch, GError **error)
{
  if (!step->cudnn)
    return TRUE;
  step->pack = nucseg_step_make_pack (step, self->workspaces[branch], error);
  return step->pack != NULL;
}

gboolean
nucseg_network_bind (NucsegNetwork *self, GError **error)
{
  NucsegStep *steps = (NucsegStep *) (gpointer) self->steps->data;
  gsize sizes[NUCSEG_CUDA_MOST_BRANCHES] = { 0 };
  gboolean ok = TRUE;

  find_branches (self);
  for (guint s = 0; s < self->steps->len; s += steps[s].n_together) {
    for (guint i = 0; i < steps[s].n_together; i++) {
      if (steps[s + i].cudnn)
        sizes[i] = MAX (
            sizes[i], nucseg_cudnn_conv_get_workspace (steps[s + i].cudnn));
    }
  }
  for (guint i = 0; ok && i < NUCSEG_CUDA_MOST_BRANCHES; i++) {
    if (sizes[i] == 0)
      continue;
    self->workspaces[i] = nucseg_cuda_alloc (
        self->device, sizes[i], "the convolutions' workspace", error);
    ok = self->workspaces[i] != NULL;
  }
  for (guint s = 0; s < self->steps->len; s += steps[s].n_together) {
    for (guint i = 0; ok && i < steps[s].n_together; i++)
      ok = bind_step (self, &steps[s + i], i, error);
  }
  return ok;
}

/* --- Running --------------------------------------------------------------
 */

/* Step @branch of those that begin at @data. */
static gboolean
queue_step (gpointer data, guint branch, cudaStream_t stream, GError **error)
{
  NucsegStep *step = (NucsegStep *) data + branch;

  if (nucseg_step_run (step, stream, error))
    return TRUE;
  g_prefix_error (error, "node '%s': ", step->node->name);
  return FALSE;
}

gboolean
nucseg_network_run (NucsegNetwork *self, GError **error)
{
  NucsegStep *steps = (NucsegStep *) (gpointer) self->steps->data;
  gboolean ok = TRUE;

  nucseg_engines_lock (self->engines);
  for (guint s = 0; ok && s < self->steps->len; s += steps[s].n_together)
    ok = nucseg_cuda_run_branches (
        self->device, steps[s].n_together, queue_step, &steps[s], error);
  nucseg_engines_unlock (self->engines);
  return ok;
}

gboolean
nucseg_network_set_branches (NucsegNetwork *self, gboolean branches)
{
  NucsegStep *steps = (NucsegStep *) (gpointer) self->steps->data;
  gboolean any = FALSE;

  if (branches)
    find_branches (self);
  for (guint s = 0; s < self->steps->len; s += steps[s].n_together)
    any = any || steps[s].n_together > 1;
  for (guint s = 0; !branches && s < self->steps->len; s++)
    steps[s].n_together = 1;
  return any;
}
