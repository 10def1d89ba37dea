/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.h: pictures between the user's memory and one block: rows of each
 * plane at multiples of 256 bytes, planes one behind the other.
 */
#ifndef NUCSEG_CUDA_PICTURE_H
#define NUCSEG_CUDA_PICTURE_H

#include "cuda/kernels.h"

G_BEGIN_DECLS

typedef struct {
  guint n_planes;
  gint row_bytes[3], rows[3], stride[3];
  gsize offset[3], size;
} NucsegCudaLayout;

/* For a format and size that nucseg_frame_check() accepts. */
NucsegCudaLayout
nucseg_cuda_layout (NucsegFormat format, gint width, gint height);

NucsegCudaExtent nucseg_cuda_layout_extent (const NucsegCudaLayout *layout);

/* The planes of a block at @block, host or device. */
NucsegCudaPlanes
nucseg_cuda_layout_planes (const NucsegCudaLayout *layout, gpointer block);

/* Rows of the user's planes into the block and back; bytes behind a row's end
 * are left alone. Host memory. */
void nucseg_cuda_layout_pack (
    const NucsegCudaLayout *layout, const NucsegFrame *frame, guint8 *block);
void nucseg_cuda_layout_unpack (const NucsegCudaLayout *layout,
    const guint8 *block, const NucsegFrame *frame);

G_END_DECLS

#endif /* NUCSEG_CUDA_PICTURE_H */
