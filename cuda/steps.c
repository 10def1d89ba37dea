/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.c: queues one step of the network.
 */
#include "cuda/steps.h"

#include "cuda/device.h"

const gchar *
nucseg_step_kind_name (NucsegStepKind kind)
{
  static const gchar *const names[] = { "conv", "direct-conv", "head",
    "attention", "scale-pool", "max-pool", "average", "upsample", "add",
    "space-to-depth", "depth-to-space", "copy" };

  return names[kind];
}

static cudaError_t
add (const NucsegStep *step, cudaStream_t stream)
{
  NucsegCudaTensor in[NUCSEG_MAX_INPUTS];

  for (guint i = 0; i < step->n_inputs; i++)
    in[i] = step->in[i].tensor;
  return nucseg_cuda_add (step->n_inputs, in, &step->out.tensor, stream);
}

static const NucsegCudaTensor *
tensor_or_null (const NucsegSlot *slot)
{
  return slot->tensor.channels > 0 ? &slot->tensor : NULL;
}

NucsegCudnnPack *
nucseg_step_make_pack (
    const NucsegStep *step, gpointer workspace, GError **error)
{
  return nucseg_cudnn_pack_new (step->cudnn, step->in[0].tensor.data,
      step->weight, step->bias, step->in[1].tensor.data, step->out.tensor.data,
      workspace, error);
}

gboolean
nucseg_step_run (NucsegStep *step, cudaStream_t stream, GError **error)
{
  const NucsegCudaTensor *in = &step->in[0].tensor, *out = &step->out.tensor;
  cudaError_t status = cudaErrorInvalidValue;

  switch (step->kind) {
  case NUCSEG_STEP_CONV:
    return nucseg_cudnn_conv_execute (step->cudnn, step->pack, stream, error);
  case NUCSEG_STEP_DIRECT:
    status = nucseg_cuda_conv (&step->conv, in, out, stream);
    break;
  case NUCSEG_STEP_HEAD:
    status = nucseg_cuda_head (
        &step->conv, step->size[0], step->round, step->add, in, out, stream);
    break;
  case NUCSEG_STEP_ATTENTION:
    status = nucseg_cuda_attention (&step->attention, stream);
    break;
  case NUCSEG_STEP_SCALE_POOL:
    status = nucseg_cuda_scale_pool (in, step->in[1].tensor.data,
        tensor_or_null (&step->out), tensor_or_null (&step->pooled), stream);
    break;
  case NUCSEG_STEP_MAX_POOL:
    status =
        nucseg_cuda_max_pool (step->size[0], step->size[1], in, out, stream);
    break;
  case NUCSEG_STEP_AVERAGE:
    status = nucseg_cuda_avg_pool (in, out, stream);
    break;
  case NUCSEG_STEP_UPSAMPLE:
    status = nucseg_cuda_upsample (step->mode, in, out, stream);
    break;
  case NUCSEG_STEP_ADD:
    status = add (step, stream);
    break;
  case NUCSEG_STEP_SPACE_TO_DEPTH:
    status = nucseg_cuda_space_to_depth (step->size[0], in, out, stream);
    break;
  case NUCSEG_STEP_DEPTH_TO_SPACE:
    status = nucseg_cuda_depth_to_space (step->size[0], in, out, stream);
    break;
  case NUCSEG_STEP_COPY:
    status = nucseg_cuda_copy (in, out, stream);
    break;
  }
  return nucseg_cuda_check (status, nucseg_step_kind_name (step->kind), error);
}
