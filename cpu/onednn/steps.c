/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.c: runs one step. oneDNN's convolutions bring their own threads; the
 * other operations share the rows of their output between OpenMP's, where
 * there is enough to do for it to pay.
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
    "copy", "add", "multiply", "multiply-pool", "max-pool", "average",
    "upsample-nearest", "upsample-bilinear", "space-to-depth", "depth-to-space",
    "convert", "maps" };

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

/* Line @y of map @m of the tensor that is added, at full resolution. */
static void
add_line (const NucsegTensor *added, gint y, gint m, gfloat *to)
{
  const gfloat *p = (const gfloat *) added->data
      + (gsize) y * added->width * added->pitch + m;

  for (gint x = 0; x < added->width; x++, p += added->pitch)
    to[x] += *p;
}

/* Channel (dy block + dx) n_maps + m of pixel x becomes element block x + dx
 * of line dy in plane m; a second input is added. */
static void
split_maps (const Work *work, gint first, gint end)
{
  const NucsegTensor *in = &work->step->in[0].tensor;
  const gint block = work->step->size[0], n_maps = work->step->size[1];
  const gsize line = (gsize) in->width * block;
  const gsize plane = line * in->height * block;

  for (gint y = first; y < end; y++) {
    const gfloat *from =
        (const gfloat *) in->data + (gsize) y * in->width * in->pitch;

    for (gint row = 0; row < block * n_maps; row++) {
      const gint dy = row / n_maps, m = row % n_maps;
      gfloat *to =
          work->context->maps + m * plane + ((gsize) y * block + dy) * line;
      const gfloat *p = from + dy * block * n_maps + m;

      if (block == 2) {
        for (gint x = 0; x < in->width; x++, p += in->pitch) {
          to[2 * x] = p[0];
          to[2 * x + 1] = p[n_maps];
        }
      } else {
        for (gint x = 0; x < in->width; x++, p += in->pitch) {
          for (gint dx = 0; dx < block; dx++)
            to[block * x + dx] = p[dx * n_maps];
        }
      }
      if (work->step->n_inputs > 1)
        add_line (&work->step->in[1].tensor, y * block + dy, m, to);
    }
  }
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

/* Rows first..end of the step. */
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
  nucseg_parallel_rows (run_rows, &work, count_rows (step),
      MIN (context->threads, 1 + size / GRAIN));
  return TRUE;
}
