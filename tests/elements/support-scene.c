/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * support-scene.c: the scene of support.h: frames with it, and what their
 * metadata must say of it.
 */
#include "support.h"

#include <string.h>

/* --- Frames ------------------------------------------------------------- */

guint
nst_max (GstVideoFormat format)
{
  return format == GST_VIDEO_FORMAT_GRAY16_LE
          || format == GST_VIDEO_FORMAT_GRAY16_BE
      ? 65535
      : format == GST_VIDEO_FORMAT_P010_10LE ? 1023
                                             : 255;
}

guint
nst_scene (gint width, gint height, NstRect rects[3])
{
  guint n = 0;

  rects[n++] = (NstRect){ 2, 1, 5, 4, 200 };
  if (width >= 40 && height >= 24)
    rects[n++] = (NstRect){ 20, 3, 6, 7, 180 };
  rects[n++] = (NstRect){ width - 7, height - 6, 4, 5, 255 };
  return n;
}

static guint
value_at (const NstRect *rects, guint n, gint x, gint y)
{
  for (guint i = 0; i < n; i++) {
    if (x >= rects[i].x && x < rects[i].x + rects[i].width && y >= rects[i].y
        && y < rects[i].y + rects[i].height)
      return rects[i].value;
  }
  return 10;
}

static void
put_sample (
    guint8 *p, GstVideoFormat format, guint value, guint bits, gboolean msb)
{
  guint word = value * ((1u << bits) - 1) / 255;

  if (msb)
    word <<= 16 - bits;
  if (format != GST_VIDEO_FORMAT_GRAY16_BE)
    GST_WRITE_UINT16_LE (p, word);
  else
    GST_WRITE_UINT16_BE (p, word);
}

static void
fill_plane_0 (GstVideoFrame *frame, const NstRect *rects, guint n, guint bits,
    gboolean msb)
{
  const GstVideoFormat format = GST_VIDEO_FRAME_FORMAT (frame);
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  const gint step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, 0);
  const gboolean grey16 = format == GST_VIDEO_FORMAT_GRAY16_LE
      || format == GST_VIDEO_FORMAT_GRAY16_BE;

  for (gint y = 0; y < GST_VIDEO_FRAME_HEIGHT (frame); y++) {
    guint8 *row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 0)
        + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0);

    for (gint x = 0; x < GST_VIDEO_FRAME_WIDTH (frame); x++) {
      const guint value = value_at (rects, n, x, y);

      if (format == GST_VIDEO_FORMAT_P010_10LE)
        put_sample (row + x * step, format, value, 10, TRUE);
      else if (grey16)
        put_sample (row + x * step, format, value, bits, msb);
      else if (GST_VIDEO_FORMAT_INFO_IS_RGB (finfo))
        memset (row + x * step, (int) value, step);
      else
        row[x * step] = value;
    }
  }
}

static GstBuffer *
frame_new (const GstVideoInfo *info, guint n, const NstLayout *layout,
    const NstRect *rects, guint n_rects)
{
  const NstLayout plain = { 0 };
  GstVideoFrame frame;
  GstBuffer *buffer;
  gsize offsets[GST_VIDEO_MAX_PLANES], size = 0;
  gint strides[GST_VIDEO_MAX_PLANES];

  if (!layout)
    layout = &plain;
  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++) {
    gint component[GST_VIDEO_MAX_COMPONENTS];

    gst_video_format_info_component (info->finfo, i, component);
    offsets[i] = size + (layout->padding ? 32 : 0);
    strides[i] = GST_VIDEO_INFO_PLANE_STRIDE (info, i) + layout->padding;
    size = offsets[i]
        + (gsize) strides[i] * GST_VIDEO_INFO_COMP_HEIGHT (info, component[0]);
  }
  if (!layout->padding)
    size = GST_VIDEO_INFO_SIZE (info);
  buffer = gst_buffer_new_allocate (NULL, size, NULL);
  /* nobody may rely on what is between the rows */
  gst_buffer_memset (buffer, 0, 0xa5, size);
  if (layout->padding)
    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_INFO_FORMAT (info), GST_VIDEO_INFO_WIDTH (info),
        GST_VIDEO_INFO_HEIGHT (info), GST_VIDEO_INFO_N_PLANES (info), offsets,
        strides);
  g_assert_true (gst_video_frame_map (&frame, info, buffer, GST_MAP_WRITE));
  fill_plane_0 (
      &frame, rects, n_rects, layout->bits ? layout->bits : 16, layout->msb);
  gst_video_frame_unmap (&frame);
  GST_BUFFER_PTS (buffer) = n * 40 * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  return buffer;
}

GstBuffer *
nst_frame_new (const GstVideoInfo *info, guint n, const NstLayout *layout)
{
  NstRect rects[3];
  const guint n_rects = nst_scene (
      GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info), rects);

  return frame_new (info, n, layout, rects, n_rects);
}

GstBuffer *
nst_empty_frame_new (const GstVideoInfo *info, guint n)
{
  return frame_new (info, n, NULL, NULL, 0);
}

void
nst_assert_same_bytes (GstBuffer *a, GstBuffer *b)
{
  GstMapInfo one, two;

  g_assert_true (gst_buffer_map (a, &one, GST_MAP_READ));
  g_assert_true (gst_buffer_map (b, &two, GST_MAP_READ));
  g_assert_cmpmem (one.data, one.size, two.data, two.size);
  gst_buffer_unmap (b, &two);
  gst_buffer_unmap (a, &one);
}

/* --- What is expected --------------------------------------------------- */

void
nst_assert_scene (GstBuffer *buffer, gint width, gint height, guint max)
{
  NstRect rects[3];
  const guint n = nst_scene (width, height, rects);
  NucsegMasks masks;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, width);
  g_assert_cmpint (masks.height, ==, height);
  g_assert_cmpuint (masks.n_objects, ==, n);
  for (gint y = 0; y < height; y++) {
    for (gint x = 0; x < width; x++) {
      const guint value = value_at (rects, n, x, y);
      guint expected = 0;

      for (guint i = 0; i < n && value > 127; i++) {
        if (rects[i].value == value)
          expected = i + 1;
      }
      g_assert_cmpuint (masks.labels[y * width + x], ==, expected);
    }
  }
  for (guint i = 0; i < n; i++) {
    const NucsegObject *o = &masks.objects[i];
    const NstRect *r = &rects[i];
    const guint area = r->width * r->height;
    const gdouble value = r->value * max / 255;

    g_assert_cmpuint (o->label, ==, i + 1);
    g_assert_cmpint (o->x, ==, r->x);
    g_assert_cmpint (o->y, ==, r->y);
    g_assert_cmpint (o->width, ==, r->width);
    g_assert_cmpint (o->height, ==, r->height);
    g_assert_cmpuint (o->area, ==, area);
    g_assert_cmpfloat_with_epsilon (
        o->centroid_x, r->x + (r->width - 1) / 2.0, 1e-9);
    g_assert_cmpfloat_with_epsilon (
        o->centroid_y, r->y + (r->height - 1) / 2.0, 1e-9);
    g_assert_cmpfloat_with_epsilon (o->mean, value, 1e-9);
    g_assert_cmpfloat_with_epsilon (o->integrated, value * area, 1e-6);
    g_assert_cmpfloat (o->perimeter, >, 0);
    g_assert_cmpfloat (o->circularity, >, 0.5);
    g_assert_cmpfloat (o->circularity, <=, 1);
  }
  nucseg_masks_unmap (&masks);
}

void
nst_assert_empty (GstBuffer *buffer, gint width, gint height)
{
  NucsegMasks masks;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, width);
  g_assert_cmpint (masks.height, ==, height);
  g_assert_cmpuint (masks.n_objects, ==, 0);
  g_assert_null (masks.objects);
  for (gint i = 0; i < width * height; i++)
    g_assert_cmpuint (masks.labels[i], ==, 0);
  g_assert_false (gst_structure_has_field (masks.structure, "objects"));
  nucseg_masks_unmap (&masks);
}

gboolean
nst_inferred (GstBuffer *buffer)
{
  NucsegMasks masks;
  gboolean inferred;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_true (
      gst_structure_get_boolean (masks.structure, "inferred", &inferred));
  nucseg_masks_unmap (&masks);
  return inferred;
}

guint64
nst_age (GstBuffer *buffer, guint *frames)
{
  NucsegMasks masks;
  guint64 age;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_true (gst_structure_get_uint64 (masks.structure, "age", &age));
  g_assert_true (
      gst_structure_get_uint (masks.structure, "age-frames", frames));
  nucseg_masks_unmap (&masks);
  return age;
}
