/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.c: see picture.h.
 */
#include "cuda/picture.h"

#include <string.h>

#define ALIGNMENT 256

static gint
pixel_bytes (NucsegFormat format)
{
  switch (format) {
  case NUCSEG_FORMAT_GRAY16_LE:
  case NUCSEG_FORMAT_GRAY16_BE:
  case NUCSEG_FORMAT_P010:
    return 2;
  case NUCSEG_FORMAT_RGB:
  case NUCSEG_FORMAT_BGR:
    return 3;
  case NUCSEG_FORMAT_RGBX:
  case NUCSEG_FORMAT_BGRX:
  case NUCSEG_FORMAT_XRGB:
  case NUCSEG_FORMAT_XBGR:
  case NUCSEG_FORMAT_RGBA:
  case NUCSEG_FORMAT_BGRA:
    return 4;
  default:
    return 1; /* grey, or Y */
  }
}

NucsegCudaLayout
nucseg_cuda_layout (NucsegFormat format, gint width, gint height)
{
  NucsegCudaLayout layout = { 1, { width * pixel_bytes (format) }, { height } };
  const gint half = (width + 1) / 2;

  if (format == NUCSEG_FORMAT_NV12 || format == NUCSEG_FORMAT_P010) {
    layout.n_planes = 2;
    layout.row_bytes[1] = 2 * half * pixel_bytes (format);
  } else if (format == NUCSEG_FORMAT_I420) {
    layout.n_planes = 3;
    layout.row_bytes[1] = layout.row_bytes[2] = half;
  }
  for (guint i = 0; i < layout.n_planes; i++) {
    if (i > 0)
      layout.rows[i] = (height + 1) / 2;
    layout.stride[i] =
        (layout.row_bytes[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    layout.offset[i] = layout.size;
    layout.size += (gsize) layout.stride[i] * layout.rows[i];
  }
  return layout;
}

NucsegCudaExtent
nucseg_cuda_layout_extent (const NucsegCudaLayout *layout)
{
  NucsegCudaExtent extent = { layout->n_planes };

  for (guint i = 0; i < layout->n_planes; i++) {
    extent.row_bytes[i] = layout->row_bytes[i];
    extent.rows[i] = layout->rows[i];
  }
  return extent;
}

NucsegCudaPlanes
nucseg_cuda_layout_planes (const NucsegCudaLayout *layout, gpointer block)
{
  NucsegCudaPlanes planes = { { NULL } };

  for (guint i = 0; i < layout->n_planes; i++) {
    planes.data[i] = (guint8 *) block + layout->offset[i];
    planes.stride[i] = layout->stride[i];
  }
  return planes;
}

static void
copy_rows (guint8 *to, gint to_stride, const guint8 *from, gint from_stride,
    gint bytes, gint rows)
{
  if (to_stride == from_stride && to_stride == bytes) {
    memcpy (to, from, (gsize) bytes * rows);
    return;
  }
  for (gint y = 0; y < rows; y++)
    memcpy (to + (gsize) y * to_stride, from + (gsize) y * from_stride, bytes);
}

void
nucseg_cuda_layout_pack (
    const NucsegCudaLayout *layout, const NucsegFrame *frame, guint8 *block)
{
  for (guint i = 0; i < layout->n_planes; i++)
    copy_rows (block + layout->offset[i], layout->stride[i], frame->data[i],
        frame->stride[i], layout->row_bytes[i], layout->rows[i]);
}

void
nucseg_cuda_layout_unpack (const NucsegCudaLayout *layout, const guint8 *block,
    const NucsegFrame *frame)
{
  for (guint i = 0; i < layout->n_planes; i++)
    copy_rows (frame->data[i], frame->stride[i], block + layout->offset[i],
        layout->stride[i], layout->row_bytes[i], layout->rows[i]);
}
