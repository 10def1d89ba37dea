/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapped.c: frames and pictures in page-locked memory. The GPU reads and writes
 * them where they are, between them and its own memory: no copy by the CPU, and
 * one graph for all of their addresses, which stand in the request.
 */
#include "cuda/plan.h"

/* *@planes: (out): of @frame as the GPU sees them; FALSE unless it sees all */
static gboolean
find_planes (
    NucsegPlan *plan, const NucsegFrame *frame, NucsegCudaPlanes *planes)
{
  const NucsegCudaLayout layout =
      nucseg_cuda_layout (frame->format, frame->width, frame->height);

  for (guint i = 0; i < layout.n_planes; i++) {
    const gsize size = (gsize) frame->stride[i] * (layout.rows[i] - 1)
        + (gsize) layout.row_bytes[i];

    planes->data[i] =
        nucseg_cuda_find_mapped (plan->device, frame->data[i], size);
    planes->stride[i] = frame->stride[i];
    if (!planes->data[i])
      return FALSE;
  }
  return TRUE;
}

void
nucseg_frame_find_mapped (NucsegPlan *plan, NucsegFrameKey *key,
    const NucsegFrame *frame, const NucsegFrame *shown)
{
  key->frame_mapped = frame->memory == NUCSEG_MEMORY_SYSTEM
      && find_planes (plan, frame, &plan->mapped_frame);
  key->shown_mapped = shown && shown->memory == NUCSEG_MEMORY_SYSTEM
      && find_planes (plan, shown, &plan->mapped_shown);
}

gboolean
nucseg_frame_fetch (
    NucsegPlan *plan, const NucsegCudaLayout *layout, GError **error)
{
  const NucsegCudaExtent extent = nucseg_cuda_layout_extent (layout);

  return nucseg_cuda_check (nucseg_cuda_fetch (&extent, plan->request,
                                nucseg_cuda_device_get_stream (plan->device)),
      "reading a frame", error);
}

gboolean
nucseg_frame_deliver (
    NucsegPlan *plan, const NucsegCudaLayout *layout, GError **error)
{
  const NucsegCudaExtent extent = nucseg_cuda_layout_extent (layout);

  return nucseg_cuda_check (nucseg_cuda_deliver (&extent, plan->request,
                                nucseg_cuda_device_get_stream (plan->device)),
      "writing a picture", error);
}
