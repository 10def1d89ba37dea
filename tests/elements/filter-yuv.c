/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-yuv.c: YUV frames of nucsegfilter: what the caps say of their colours
 * is what is drawn, and planes may lie in memories of their own.
 */
#include "support.h"

static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_NV12,
  GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_P010_10LE };

/* Sample (@x, @y) of component @c in eight bits. */
static guint
get_sample (GstVideoFrame *frame, guint c, gint x, gint y)
{
  const guint8 *at = (guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, c)
      + y * GST_VIDEO_FRAME_COMP_STRIDE (frame, c)
      + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);

  if (GST_VIDEO_FRAME_FORMAT (frame) != GST_VIDEO_FORMAT_P010_10LE)
    return *at;
  /* GStreamer 1.22 puts V one byte behind U, in the middle of it. */
  return GST_READ_UINT16_LE (
             at - GST_VIDEO_FRAME_COMP_POFFSET (frame, c) + (c == 2 ? 2 : 0))
      >> 8;
}

/* Green outlines are the green of each kind of YUV. */
static void
test_colorimetry (void)
{
  /* 219 or 255 times Kg = 1 - Kr - Kb, and so on: ITU-R BT.601, 709, 2020; what
   * names none has what GStreamer takes for it at this size */
  static const struct {
    const gchar *name; /* range, matrix, transfer, primaries */
    guint y, u, v;
  } kinds[] = { { NULL, 145, 54, 34 }, { "bt601", 145, 54, 34 },
    { "1:4:0:0", 150, 43, 21 }, { "bt709", 173, 42, 26 },
    { "1:3:5:1", 182, 29, 12 }, { "2:5:0:0", 173, 42, 26 },
    { "bt2020", 164, 47, 25 }, { "1:6:0:0", 173, 36, 10 } };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (kinds); k++) {
      const GstVideoInfo info = nst_info (formats[i], 64, 48);
      g_autofree gchar *plain = nst_caps (formats[i], 64, 48);
      g_autofree gchar *caps = kinds[k].name
          ? g_strdup_printf ("%s,colorimetry=%s", plain, kinds[k].name)
          : g_strdup (plain);
      GstHarness *h = nst_harness_new (
          nst_filter_new ("overlay", 2, "contour-color", 0x00ff00, NULL), caps);
      GstBuffer *out = nst_push_and_pull (h, nst_frame_new (&info, 0, NULL));
      GstVideoFrame frame;

      g_assert_true (gst_video_frame_map (&frame, &info, out, GST_MAP_READ));
      /* a corner of the first nucleus; factors are in 256ths */
      g_assert_cmpfloat_with_epsilon (
          get_sample (&frame, 0, 2, 1), kinds[k].y, 1.5);
      g_assert_cmpfloat_with_epsilon (
          get_sample (&frame, 1, 1, 0), kinds[k].u, 1.5);
      g_assert_cmpfloat_with_epsilon (
          get_sample (&frame, 2, 1, 0), kinds[k].v, 1.5);
      gst_video_frame_unmap (&frame);
      gst_buffer_unref (out);
      gst_harness_teardown (h);
    }
  }
}

/* @whole with each plane in a memory of its own, as cameras' drivers give it;
 * @meta: with the meta that says where planes are. */
static GstBuffer *
split (GstBuffer *whole, GstVideoInfo *info, gboolean meta)
{
  GstBuffer *parts = gst_buffer_new ();
  const guint n = GST_VIDEO_INFO_N_PLANES (info);

  for (guint i = 0; i < n; i++) {
    const gsize from = GST_VIDEO_INFO_PLANE_OFFSET (info, i);
    const gsize to = i + 1 < n ? GST_VIDEO_INFO_PLANE_OFFSET (info, i + 1)
                               : GST_VIDEO_INFO_SIZE (info);
    GstMemory *memory = gst_allocator_alloc (NULL, to - from, NULL);
    GstMapInfo map;

    g_assert_true (gst_memory_map (memory, &map, GST_MAP_WRITE));
    g_assert_cmpuint (
        gst_buffer_extract (whole, from, map.data, to - from), ==, to - from);
    gst_memory_unmap (memory, &map);
    gst_buffer_append_memory (parts, memory);
  }
  gst_buffer_copy_into (parts, whole, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  if (meta)
    gst_buffer_add_video_meta_full (parts, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_INFO_FORMAT (info), GST_VIDEO_INFO_WIDTH (info),
        GST_VIDEO_INFO_HEIGHT (info), n, info->offset, info->stride);
  return parts;
}

/* What goes out is the same as of one memory, drawn on or not, whoever else
 * holds the buffer. */
static void
test_memories (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    for (guint k = 0; k < 8; k++) {
      const gboolean meta = k & 1, held = k & 2, drawn = k & 4;
      GstVideoInfo info = nst_info (formats[i], 64, 48);
      g_autofree gchar *caps = nst_caps (formats[i], 64, 48);
      GstHarness *h = nst_harness_new (
          nst_filter_new ("overlay", drawn ? 3 : 0, NULL), caps);
      GstBuffer *whole = nst_frame_new (&info, 0, NULL);
      GstBuffer *parts = split (whole, &info, meta);
      GstBuffer *before = gst_buffer_copy_deep (parts);
      GstBuffer *expected = nst_push_and_pull (h, whole), *out;

      if (held)
        gst_buffer_ref (parts);
      out = nst_push_and_pull (h, parts);
      nst_assert_same_bytes (expected, out);
      nst_assert_scene (
          out, 64, 48, formats[i] == GST_VIDEO_FORMAT_P010_10LE ? 1023 : 255);
      if (held) {
        nst_assert_same_bytes (before, parts);
        gst_buffer_unref (parts);
      }
      gst_buffer_unref (before);
      gst_buffer_unref (expected);
      gst_buffer_unref (out);
      gst_harness_teardown (h);
    }
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/yuv/colorimetry", test_colorimetry);
  g_test_add_func ("/filter/yuv/memories", test_memories);
  return nst_run ();
}
