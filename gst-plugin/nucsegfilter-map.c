/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-map.c: maps the buffers of nucsegfilter and describes them to
 * the engine. What a buffer says of itself is checked before it is believed.
 */
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"

/* A buffer that isn't what the caps say is refused before GstVideoFrame sees
 * it: that takes the meta's word for its size. */
static gboolean
check_buffer (
    GstNucsegFilter *self, GstBuffer *buffer, const GstVideoInfo *info)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  const gsize size = gst_buffer_get_size (buffer);

  if (meta
      && (meta->n_planes != GST_VIDEO_INFO_N_PLANES (info)
          || meta->format != GST_VIDEO_INFO_FORMAT (info)
          || meta->width != (guint) GST_VIDEO_INFO_WIDTH (info)
          || meta->height != (guint) GST_VIDEO_INFO_HEIGHT (info))) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer holds %s %ux%u, the caps say %s %dx%d.",
            gst_video_format_to_string (meta->format), meta->width,
            meta->height,
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info)),
        (NULL));
    return FALSE;
  }
  if (!meta && size < GST_VIDEO_INFO_SIZE (info)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT
         " bytes is too short: %s %dx%d has %" G_GSIZE_FORMAT ".",
            size, gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info),
            GST_VIDEO_INFO_SIZE (info)),
        (NULL));
    return FALSE;
  }
  return TRUE;
}

/* Bytes that the rows of plane @plane take up from its first pixel on. */
static gsize
plane_extent (const GstVideoFrame *frame, guint plane)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint component[GST_VIDEO_MAX_COMPONENTS];
  gsize rows, row;

  gst_video_format_info_component (finfo, plane, component);
  rows = GST_VIDEO_FRAME_COMP_HEIGHT (frame, component[0]);
  row = (gsize) GST_VIDEO_FRAME_COMP_WIDTH (frame, component[0])
      * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component[0]);
  return (rows - 1) * GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane) + row;
}

/* What GStreamer knows beside these is close to one of them. */
static NucsegYuv
yuv_of (const GstVideoColorimetry *colorimetry)
{
  const gboolean full = colorimetry->range == GST_VIDEO_COLOR_RANGE_0_255;

  switch (colorimetry->matrix) {
  case GST_VIDEO_COLOR_MATRIX_BT709:
  case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
    return full ? NUCSEG_YUV_BT709_FULL : NUCSEG_YUV_BT709;
  case GST_VIDEO_COLOR_MATRIX_BT2020:
    return full ? NUCSEG_YUV_BT2020_FULL : NUCSEG_YUV_BT2020;
  default:
    return full ? NUCSEG_YUV_BT601_FULL : NUCSEG_YUV_BT601;
  }
}

static void
describe (const GstVideoFrame *mapped, const NucsegFrameSettings *settings,
    NucsegMemory memory, NucsegFrame *frame)
{
  memset (frame, 0, sizeof (*frame));
  frame->format = nucseg_filter_format (GST_VIDEO_FRAME_FORMAT (mapped));
  frame->memory = memory;
  frame->width = GST_VIDEO_FRAME_WIDTH (mapped);
  frame->height = GST_VIDEO_FRAME_HEIGHT (mapped);
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (mapped); i++) {
    frame->data[i] = GST_VIDEO_FRAME_PLANE_DATA (mapped, i);
    frame->stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE (mapped, i);
  }
  frame->significant_bits = settings->significant_bits;
  frame->msb_aligned = settings->msb_aligned;
  if (GST_VIDEO_INFO_IS_YUV (&mapped->info))
    frame->yuv = yuv_of (&mapped->info.colorimetry);
}

gboolean
nucseg_filter_map (GstNucsegFilter *self, const NucsegFrameSettings *settings,
    const GstVideoInfo *info, GstBuffer *buffer, GstMapFlags flags,
    GstVideoFrame *mapped, NucsegFrame *frame)
{
  NucsegMemory memory;
  gboolean fits = TRUE;

  mapped->buffer = NULL;
  if (!check_buffer (self, buffer, info))
    return FALSE;
  memory = nucseg_filter_cuda_map_flags (self, buffer, &flags)
      ? NUCSEG_MEMORY_CUDA
      : NUCSEG_MEMORY_SYSTEM;
  if (!gst_video_frame_map (
          mapped, info, buffer, flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    mapped->buffer = NULL;
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("A buffer of %" G_GSIZE_FORMAT " bytes can't be read as %s %dx%d.",
            gst_buffer_get_size (buffer),
            gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
            GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info)),
        (NULL));
    return FALSE;
  }
  if (memory == NUCSEG_MEMORY_CUDA)
    nucseg_filter_cuda_wait (buffer);
  /* offsets and strides of a GstVideoMeta are the sender's word too */
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (mapped) && fits; i++) {
    const GstMapInfo *map = &mapped->map[i];
    const guint8 *end = mapped->map[0].data + mapped->map[0].size;
    const guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (mapped, i);

    if (mapped->meta)
      end = map->data + map->size;
    fits = GST_VIDEO_FRAME_PLANE_STRIDE (mapped, i) > 0 && data < end
        && plane_extent (mapped, i) <= (gsize) (end - data);
  }
  if (!fits) {
    nucseg_filter_unmap (mapped);
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The offsets and strides of a buffer's GstVideoMeta reach beyond the "
         "memory of a plane (the buffer has %" G_GSIZE_FORMAT
         " bytes in %u memories).",
            gst_buffer_get_size (buffer), gst_buffer_n_memory (buffer)),
        (NULL));
    return FALSE;
  }
  describe (mapped, settings, memory, frame);
  return TRUE;
}

void
nucseg_filter_unmap (GstVideoFrame *mapped)
{
  if (mapped->buffer)
    gst_video_frame_unmap (mapped);
  mapped->buffer = NULL;
}
