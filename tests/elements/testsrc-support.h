/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-support.h: what the tests that draw with nuctestsrc share.
 */
#ifndef TESTS_ELEMENTS_TESTSRC_SUPPORT_H
#define TESTS_ELEMENTS_TESTSRC_SUPPORT_H

#include <string.h>

#include "support.h"

/* FNV-1a over bytes, to be chained. */
#define HASH_START G_GUINT64_CONSTANT (0xcbf29ce484222325)
static inline guint64
hash_bytes (guint64 hash, const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    hash = (hash ^ bytes[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

static inline GstVideoInfo
info_of (const gchar *string)
{
  GstVideoInfo info;
  GstCaps *caps = gst_caps_from_string (string);

  g_assert_true (gst_video_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  return info;
}

/* A harness of a nuctestsrc that is not live and ends after @n_buffers, with
 * the properties given up to NULL. Not playing yet. */
G_GNUC_NULL_TERMINATED static inline GstHarness *
source_new (const gchar *caps, gint n_buffers, ...)
{
  GstElement *src = gst_element_factory_make ("nuctestsrc", NULL);
  GstHarness *h;
  const gchar *first;
  va_list args;

  g_assert_nonnull (src);
  g_object_set (src, "is-live", FALSE, "num-buffers", n_buffers, NULL);
  va_start (args, n_buffers);
  first = va_arg (args, const gchar *);
  if (first != NULL)
    g_object_set_valist (G_OBJECT (src), first, args);
  va_end (args);
  h = gst_harness_new_with_element (src, NULL, "src");
  gst_object_unref (src);
  gst_harness_set_sink_caps_str (h, caps);
  return h;
}

/* The pixels and the true labels of a frame, without what lies between rows;
 * little-endian samples and labels, so that all machines agree. */
static inline guint64
hash_frame (guint64 hash, const GstVideoInfo *info, GstBuffer *buffer)
{
  GstVideoFrame frame;
  NucsegMasks masks;
  gsize row = (gsize) info->width * GST_VIDEO_INFO_COMP_PSTRIDE (info, 0);

  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ));
  for (gint y = 0; y < info->height; y++)
    hash = hash_bytes (hash,
        (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&frame, 0)
            + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
        row);
  gst_video_frame_unmap (&frame);

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_TRUTH_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, info->width);
  g_assert_cmpint (masks.height, ==, info->height);
  for (gsize i = 0; i < (gsize) masks.width * masks.height; i++) {
    guint16 label = GUINT16_TO_LE (masks.labels[i]);

    hash = hash_bytes (hash, (const guint8 *) &label, 2);
  }
  nucseg_masks_unmap (&masks);
  return hash;
}

/* Grey value of a pixel of a mapped GRAY8 or GRAY16_LE frame. */
static inline guint
grey_at (const GstVideoFrame *frame, gint x, gint y)
{
  const guint8 *row = (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 0)
      + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0);

  return GST_VIDEO_FRAME_FORMAT (frame) == GST_VIDEO_FORMAT_GRAY8
      ? row[x]
      : GST_READ_UINT16_LE (row + 2 * x);
}

#endif /* TESTS_ELEMENTS_TESTSRC_SUPPORT_H */
