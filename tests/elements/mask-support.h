/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mask-support.h: what the tests of nucsegmask share: frames whose labels are
 * known, and what must be shown of them.
 */
#ifndef TESTS_ELEMENTS_MASK_SUPPORT_H
#define TESTS_ELEMENTS_MASK_SUPPORT_H

#include "support.h"

#include "palette.h"

/* Attaches a meta as docs/metadata.md describes it. */
static inline void
attach (GstBuffer *buffer, const gchar *meta_name, gint width, gint height,
    guint n, GstBuffer *labels, GstBuffer *objects)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, meta_name);
  GstStructure *s = gst_custom_meta_get_structure (meta);

  gst_structure_set (s, "width", G_TYPE_INT, width, "height", G_TYPE_INT,
      height, "n-objects", G_TYPE_UINT, n, "labels", GST_TYPE_BUFFER, labels,
      NULL);
  if (objects != NULL)
    gst_structure_set (s, "objects", GST_TYPE_BUFFER, objects, NULL);
}

/* A frame whose meta gives pixel (x, y) the label (x + y width) % (n + 1); @n
 * 0: no nuclei. NULL name: no meta. */
static inline GstBuffer *
frame_new (const GstVideoInfo *info, guint n, const gchar *meta_name)
{
  gsize size = (gsize) info->width * info->height;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  GstBuffer *map, *table = NULL;
  guint16 *labels = g_new (guint16, size);

  for (gsize i = 0; i < size; i++)
    labels[i] = (guint16) (i % (n + 1));
  map = gst_buffer_new_wrapped (labels, size * 2);
  if (n > 0) {
    NucsegObject *objects = g_new0 (NucsegObject, n);

    for (guint i = 0; i < n; i++)
      objects[i].label = i + 1;
    table = gst_buffer_new_wrapped (objects, n * sizeof (NucsegObject));
  }
  gst_buffer_memset (buffer, 0, 0x55, info->size);
  if (meta_name != NULL)
    attach (buffer, meta_name, info->width, info->height, n, map, table);
  gst_buffer_unref (map);
  gst_clear_buffer (&table);
  return buffer;
}

static inline GstHarness *
mask_new (GstVideoFormat in, GstVideoFormat out, gint width, gint height,
    gboolean required)
{
  GstElement *mask = gst_element_factory_make ("nucsegmask", NULL);
  GstHarness *h = gst_harness_new_with_element (mask, "sink", "src");
  g_autofree gchar *in_caps = nst_caps (in, width, height);
  g_autofree gchar *out_caps = nst_caps (out, width, height);

  g_object_set (mask, "required", required, NULL);
  gst_object_unref (mask);
  gst_harness_set_src_caps_str (h, in_caps);
  gst_harness_set_sink_caps_str (h, out_caps);
  return h;
}

/* The value that the label must have become, as bytes; returns how many. */
static inline guint
expected_pixel (GstVideoFormat format, guint label, guint8 bytes[4])
{
  guint32 color = label > 0 ? nucseg_palette_color (label) : 0;

  switch (format) {
  case GST_VIDEO_FORMAT_GRAY16_LE:
    bytes[0] = label & 0xff;
    bytes[1] = (guint8) (label >> 8);
    return 2;
  case GST_VIDEO_FORMAT_GRAY8:
    bytes[0] = label > 0 ? 255 : 0;
    return 1;
  default:
    bytes[0] = (guint8) (color >> 16);
    bytes[1] = (guint8) (color >> 8);
    bytes[2] = (guint8) color;
    bytes[3] = label > 0 ? 255 : 0;
    return format == GST_VIDEO_FORMAT_RGBA ? 4 : 3;
  }
}

/* Asserts that @buffer shows labels as frame_new() made them. */
static inline void
assert_shown (
    GstBuffer *buffer, GstVideoFormat format, gint width, gint height, guint n)
{
  GstVideoInfo info = nst_info (format, width, height);
  GstVideoFrame frame;

  g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (gint y = 0; y < height; y++) {
    const guint8 *row = (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0)
        + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);

    for (gint x = 0; x < width; x++) {
      guint label = (guint) (((gsize) y * width + x) % (n + 1));
      guint8 bytes[4];
      guint size = expected_pixel (format, label, bytes);

      g_assert_cmpmem (row + (gsize) x * size, size, bytes, size);
    }
  }
  gst_video_frame_unmap (&frame);
}

#endif /* TESTS_ELEMENTS_MASK_SUPPORT_H */
