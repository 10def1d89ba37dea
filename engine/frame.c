/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.c: pixel formats and checks of frames; the list of objects.
 */
#include "backend.h"
#include "params.h"

typedef struct {
  const gchar *name;
  guint n_planes;
  guint bytes; /* of a pixel in plane 0 */
  gboolean grey;
} Format;

static const Format formats[NUCSEG_FORMAT_LAST] = {
  [NUCSEG_FORMAT_GRAY8] = { "GRAY8", 1, 1, TRUE },
  [NUCSEG_FORMAT_GRAY16_LE] = { "GRAY16_LE", 1, 2, TRUE },
  [NUCSEG_FORMAT_GRAY16_BE] = { "GRAY16_BE", 1, 2, TRUE },
  [NUCSEG_FORMAT_RGB] = { "RGB", 1, 3, FALSE },
  [NUCSEG_FORMAT_BGR] = { "BGR", 1, 3, FALSE },
  [NUCSEG_FORMAT_RGBX] = { "RGBx", 1, 4, FALSE },
  [NUCSEG_FORMAT_BGRX] = { "BGRx", 1, 4, FALSE },
  [NUCSEG_FORMAT_XRGB] = { "xRGB", 1, 4, FALSE },
  [NUCSEG_FORMAT_XBGR] = { "xBGR", 1, 4, FALSE },
  [NUCSEG_FORMAT_RGBA] = { "RGBA", 1, 4, FALSE },
  [NUCSEG_FORMAT_BGRA] = { "BGRA", 1, 4, FALSE },
  [NUCSEG_FORMAT_NV12] = { "NV12", 2, 1, FALSE },
  [NUCSEG_FORMAT_I420] = { "I420", 3, 1, FALSE },
  [NUCSEG_FORMAT_P010] = { "P010_10LE", 2, 2, FALSE },
};

const gchar *
nucseg_format_name (NucsegFormat format)
{
  return (guint) format < NUCSEG_FORMAT_LAST ? formats[format].name : "unknown";
}

gboolean
nucseg_format_is_grey (NucsegFormat format)
{
  return (guint) format < NUCSEG_FORMAT_LAST && formats[format].grey;
}

gboolean
nucseg_format_is_yuv (NucsegFormat format)
{
  return format == NUCSEG_FORMAT_NV12 || format == NUCSEG_FORMAT_I420
      || format == NUCSEG_FORMAT_P010;
}

static gboolean
is_grey16 (NucsegFormat format)
{
  return format == NUCSEG_FORMAT_GRAY16_LE || format == NUCSEG_FORMAT_GRAY16_BE;
}

guint
nucseg_frame_get_depth (const NucsegFrame *frame)
{
  if (frame->format == NUCSEG_FORMAT_P010)
    return 10;
  if (!is_grey16 (frame->format))
    return 8;
  return frame->significant_bits ? frame->significant_bits : 16;
}

gboolean
nucseg_frame_is_msb_aligned (const NucsegFrame *frame)
{
  return frame->format == NUCSEG_FORMAT_P010
      || (is_grey16 (frame->format) && frame->msb_aligned != FALSE);
}

guint
nucseg_format_get_n_planes (NucsegFormat format)
{
  return formats[format].n_planes;
}

guint
nucseg_format_get_sample_bytes (NucsegFormat format)
{
  return is_grey16 (format) || format == NUCSEG_FORMAT_P010 ? 2 : 1;
}

/* Bytes that a row of @plane holds. */
static gint
row_bytes (const NucsegFrame *frame, guint plane)
{
  if (plane == 0)
    return frame->width * (gint) formats[frame->format].bytes;
  /* one plane of pairs, or two planes */
  return (frame->width + 1) / 2 * (formats[frame->format].n_planes == 2 ? 2 : 1)
      * (gint) nucseg_format_get_sample_bytes (frame->format);
}

gsize
nucseg_frame_layout (NucsegFrame *frame)
{
  gsize size = 0;

  frame->memory = NUCSEG_MEMORY_SYSTEM;
  for (guint i = 0; i < G_N_ELEMENTS (frame->data); i++) {
    gboolean there = i < formats[frame->format].n_planes;
    gint rows = i == 0 ? frame->height : (frame->height + 1) / 2;
    /* rows at multiples of 4 bytes, as GStreamer lays them out */
    frame->stride[i] = there ? (row_bytes (frame, i) + 3) / 4 * 4 : 0;
    frame->data[i] = GSIZE_TO_POINTER (size);
    size += (gsize) frame->stride[i] * (gsize) rows;
  }
  return size;
}

static gboolean
check_planes (const NucsegFrame *frame, GError **error)
{
  for (guint i = 0; i < formats[frame->format].n_planes; i++) {
    if (!frame->data[i]) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
          "plane %u of a %s frame is NULL", i,
          nucseg_format_name (frame->format));
      return FALSE;
    }
    if (frame->stride[i] < row_bytes (frame, i)) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
          "stride %d of plane %u, expected at least %d bytes for %d pixels of "
          "%s",
          frame->stride[i], i, row_bytes (frame, i), frame->width,
          nucseg_format_name (frame->format));
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
nucseg_frame_check (const NucsegFrame *frame, gboolean planes, GError **error)
{
  g_return_val_if_fail (frame != NULL, FALSE);

  if ((guint) frame->format >= NUCSEG_FORMAT_LAST) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "frame format %d, expected 0 to %d", (gint) frame->format,
        NUCSEG_FORMAT_LAST - 1);
    return FALSE;
  }
  if (frame->memory != NUCSEG_MEMORY_SYSTEM
      && frame->memory != NUCSEG_MEMORY_CUDA) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "memory kind %d, expected system (0) or CUDA (1)",
        (gint) frame->memory);
    return FALSE;
  }
  if (frame->width < NUCSEG_MIN_SIZE || frame->width > NUCSEG_MAX_SIZE
      || frame->height < NUCSEG_MIN_SIZE || frame->height > NUCSEG_MAX_SIZE) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a frame of %dx%d, expected %d to %d pixels a side", frame->width,
        frame->height, NUCSEG_MIN_SIZE, NUCSEG_MAX_SIZE);
    return FALSE;
  }
  if (is_grey16 (frame->format) && frame->significant_bits != 0
      && (frame->significant_bits < 8 || frame->significant_bits > 16)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "%u significant bits, expected 8 to 16 (0 means 16)",
        frame->significant_bits);
    return FALSE;
  }
  if ((guint) frame->yuv >= NUCSEG_YUV_LAST) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "YUV of kind %d, expected 0 to %d", (gint) frame->yuv,
        NUCSEG_YUV_LAST - 1);
    return FALSE;
  }
  return !planes || check_planes (frame, error);
}

gboolean
nucseg_object_list_set_size (NucsegObjectList *list, guint n, GError **error)
{
  g_return_val_if_fail (list != NULL, FALSE);

  if (n > list->allocated) {
    /* half as much again, so that a growing count seldom allocates */
    gsize wanted = MAX ((gsize) 256, (gsize) n + n / 2);
    NucsegObject *items =
        g_try_realloc_n (list->items, wanted, sizeof *list->items);
    if (!items) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
          "no memory for %u objects", n);
      return FALSE;
    }
    list->items = items;
    list->allocated = (guint) wanted;
  }
  list->n = n;
  return TRUE;
}
