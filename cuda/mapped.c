/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapped.c: frames, pictures and labels in page-locked memory. The GPU reads
 * and writes them where they are, between them and its own memory: no copy by
 * the CPU, and one graph for all of their addresses, which stand in the
 * request.
 */
#include "cuda/lane.h"

/* *@planes: (out): of @frame as the GPU sees them; FALSE unless it sees all */
static gboolean
find_planes (NucsegCudaDevice *device, const NucsegFrame *frame,
    NucsegCudaPlanes *planes)
{
  const NucsegCudaLayout layout =
      nucseg_cuda_layout (frame->format, frame->width, frame->height);

  for (guint i = 0; i < layout.n_planes; i++) {
    const gsize size = (gsize) frame->stride[i] * (layout.rows[i] - 1)
        + (gsize) layout.row_bytes[i];

    planes->data[i] = nucseg_cuda_find_mapped (device, frame->data[i], size);
    planes->stride[i] = frame->stride[i];
    if (!planes->data[i])
      return FALSE;
  }
  return TRUE;
}

void
nucseg_frame_find_mapped (NucsegCudaDevice *device, NucsegFrameJob *job)
{
  job->key.frame_mapped = job->frame->memory == NUCSEG_MEMORY_SYSTEM
      && find_planes (device, job->frame, &job->mapped_frame);
  job->key.shown_mapped = job->shown
      && job->shown->memory == NUCSEG_MEMORY_SYSTEM
      && find_planes (device, job->shown, &job->mapped_shown);
  if (job->labels)
    job->mapped_labels = nucseg_cuda_find_mapped (device, job->labels,
        job->labels_stride * (gsize) (job->frame->height - 1)
            + (gsize) job->frame->width * sizeof (guint16));
}

gboolean
nucseg_frame_fetch (
    NucsegLane *lane, const NucsegCudaLayout *layout, GError **error)
{
  const NucsegCudaExtent extent = nucseg_cuda_layout_extent (layout);

  return nucseg_cuda_check (nucseg_cuda_fetch (&extent, lane->request,
                                nucseg_cuda_device_get_stream (lane->device)),
      "reading a frame", error);
}

gboolean
nucseg_frame_deliver_labels (
    NucsegLane *lane, cudaStream_t stream, GError **error)
{
  return nucseg_cuda_check (
      nucseg_cuda_deliver_labels (lane->geometry.frame_width,
          lane->geometry.frame_height, lane->request, lane->reply, stream),
      "writing labels", error);
}

gboolean
nucseg_frame_deliver (
    NucsegLane *lane, const NucsegCudaLayout *layout, GError **error)
{
  const NucsegCudaExtent extent = nucseg_cuda_layout_extent (layout);

  return nucseg_cuda_check (nucseg_cuda_deliver (&extent, lane->request,
                                nucseg_cuda_device_get_stream (lane->device)),
      "writing a picture", error);
}
