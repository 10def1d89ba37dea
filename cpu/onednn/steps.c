/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.c: runs one step. oneDNN's convolutions bring their own threads; the
 * other operations share the rows of their output between OpenMP's, where
 * there is enough to do for it to pay, and products of matrices their blocks.
 */
#include "cpu/onednn/steps.h"

#include "cpu/parallel.h"

/* What one thread should have at least to do, in elements of the output. */
#define GRAIN 16384

typedef struct {
  const NucsegStep *step;
  const NucsegStepContext *context;
  const NucsegKernels *kernels;
} Work;

const gchar *
nucseg_step_kind_name (NucsegStepKind kind)
{
  static const gchar *const names[] = { "conv", "tiny-conv", "grey-conv",
    "narrow-conv", "matrix-conv", "copy", "add", "multiply", "multiply-pool",
    "max-pool", "average", "upsample-nearest", "upsample-bilinear",
    "space-to-depth", "depth-to-space", "convert", "maps" };

  return names[kind];
}

const NucsegKernels *
nucseg_step_get_kernels (const NucsegStep *step)
{
  const NucsegTensor *in = &step->in[0].tensor;

  return nucseg_kernels_get (in->type,
      step->kind == NUCSEG_STEP_GREY ? step->out.tensor.channels
                                     : in->channels);
}

/* A tensor without gaps is one long row; the others go pixel by pixel. */
static void
convert (const Work *work, gint first, gint end)
{
  const NucsegTensor *in = &work->step->in[0].tensor;
  const NucsegTensor *out = &work->step->out.tensor;
  const gsize in_size = nucseg_element_size (in->type);
  const gsize out_size = nucseg_element_size (out->type);
  const gsize row = (gsize) in->width * in->pitch;
  const gsize n = in->pitch == in->channels ? row : (gsize) in->channels;

  for (gint y = first; y < end; y++) {
    for (gsize at = 0; at < row; at += n == row ? row : (gsize) in->pitch) {
      const guint8 *from =
          (const guint8 *) in->data + ((gsize) y * row + at) * in_size;
      guint8 *to = (guint8 *) out->data
          + ((gsize) y * out->width * out->channels
                + at / in->pitch * out->channels)
              * out_size;

      if (in->type == NUCSEG_ELEMENT_F32)
        nucseg_kernels_get (out->type, 0)
            ->from_f32 ((const gfloat *) from, out->scale, to, n);
      else
        work->kernels->to_f32 (from, in->scale, (gfloat *) to, n);
    }
  }
}

static void
split_maps (const Work *work, gint first, gint end)
{
  const NucsegStep *step = work->step;

  work->kernels->split_maps (&step->in[0].tensor,
      step->n_inputs > 1 ? &step->in[1].tensor : NULL, step->size[0],
      step->size[1], work->context->maps, first, end);
}

static void
average (const Work *work, gint first, gint end)
{
  const NucsegTensor *out = &work->step->out.tensor;
  const gint rows = work->step->size[0], columns = work->step->size[1];

  for (gint cell = first; cell < end; cell++)
    work->kernels->average (&work->step->in[0].tensor, rows, columns,
        cell / columns, cell % columns,
        (gfloat *) out->data + (gsize) cell * out->channels);
}

/* Rows, or blocks, first..end of the step. */
static void
run_rows (gpointer data, gint part, gint first, gint end)
{
  const Work *work = data;
  const NucsegStep *step = work->step;
  const NucsegKernels *k = work->kernels;
  const NucsegTensor *in = &step->in[0].tensor, *out = &step->out.tensor;
  const gfloat *weights = step->in[1].tensor.data;
  const NucsegTensor *inputs[NUCSEG_MAX_INPUTS];

  switch (step->kind) {
  case NUCSEG_STEP_GREY:
    k->grey_conv (step->grey, in, out, first, end);
    break;
  case NUCSEG_STEP_NARROW:
    nucseg_narrow_conv_run (step->narrow, in, out, first, end);
    break;
  case NUCSEG_STEP_MATRIX:
    nucseg_matrix_conv_run (step->matrix, in, out,
        work->context->scratch
            + (gsize) part * nucseg_matrix_conv_get_scratch_size (step->matrix),
        first, end);
    break;
  case NUCSEG_STEP_COPY:
    k->copy (in, out, first, end);
    break;
  case NUCSEG_STEP_ADD:
    for (guint i = 0; i < step->n_inputs; i++)
      inputs[i] = &step->in[i].tensor;
    k->add (inputs, step->n_inputs, out, first, end);
    break;
  case NUCSEG_STEP_MULTIPLY:
    k->multiply (in, weights, out, first, end);
    break;
  case NUCSEG_STEP_MULTIPLY_POOL:
    k->multiply_pool (in, weights, out, &step->pooled.tensor, first, end);
    break;
  case NUCSEG_STEP_MAX_POOL:
    k->max_pool (in, out, step->size[0], step->size[1], first, end);
    break;
  case NUCSEG_STEP_AVERAGE:
    average (work, first, end);
    break;
  case NUCSEG_STEP_UPSAMPLE_NEAREST:
    k->upsample_nearest (in, out, first, end);
    break;
  case NUCSEG_STEP_UPSAMPLE_BILINEAR:
    k->upsample_bilinear (in, out, first, end);
    break;
  case NUCSEG_STEP_SPACE_TO_DEPTH:
    k->space_to_depth (in, out, step->size[0], first, end);
    break;
  case NUCSEG_STEP_DEPTH_TO_SPACE:
    k->depth_to_space (in, out, step->size[0], first, end);
    break;
  case NUCSEG_STEP_CONVERT:
    convert (work, first, end);
    break;
  case NUCSEG_STEP_MAPS:
    split_maps (work, first, end);
    break;
  case NUCSEG_STEP_CONV:
  case NUCSEG_STEP_TINY:
    break; /* not by rows */
  }
}

/* What run_rows() counts: rows of the output but for a few. */
static gint
count_rows (const NucsegStep *step)
{
  switch (step->kind) {
  case NUCSEG_STEP_MULTIPLY_POOL:
    return step->pooled.tensor.height;
  case NUCSEG_STEP_AVERAGE:
    return step->size[0] * step->size[1];
  case NUCSEG_STEP_DEPTH_TO_SPACE:
  case NUCSEG_STEP_MAPS:
    return step->in[0].tensor.height;
  default:
    return step->out.tensor.height;
  }
}

gboolean
nucseg_step_run (
    NucsegStep *step, const NucsegStepContext *context, GError **error)
{
  const NucsegTensor *in = &step->in[0].tensor;
  const NucsegTensor *big = (gsize) in->height * in->width * in->channels
          > (gsize) step->out.tensor.height * step->out.tensor.width
              * step->out.tensor.channels
      ? in
      : &step->out.tensor;
  const gsize size = (gsize) big->height * big->width * big->channels;
  Work work = { step, context, nucseg_step_get_kernels (step) };

  if (step->kind == NUCSEG_STEP_CONV)
    return nucseg_dnnl_conv_execute (step->conv, error);
  if (step->kind == NUCSEG_STEP_TINY) {
    nucseg_tiny_run (step->tiny, in, &step->out.tensor);
    return TRUE;
  }
  if (step->kind == NUCSEG_STEP_MATRIX)
    nucseg_parallel_pieces (run_rows, &work,
        nucseg_matrix_conv_count_blocks (step->matrix), context->threads);
  else
    nucseg_parallel_rows (run_rows, &work, count_rows (step),
        MIN (context->threads, 1 + size / GRAIN));
  return TRUE;
}
