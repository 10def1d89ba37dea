/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-formats.c: every pixel format into nucsegfilter and out of it, padded
 * rows, odd sizes, bits at either end, and whose memory goes out.
 */
#include "support.h"

#include <string.h>

static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_GRAY8,
  GST_VIDEO_FORMAT_GRAY16_LE, GST_VIDEO_FORMAT_GRAY16_BE, GST_VIDEO_FORMAT_RGB,
  GST_VIDEO_FORMAT_BGR, GST_VIDEO_FORMAT_RGBx, GST_VIDEO_FORMAT_BGRx,
  GST_VIDEO_FORMAT_xRGB, GST_VIDEO_FORMAT_xBGR, GST_VIDEO_FORMAT_RGBA,
  GST_VIDEO_FORMAT_BGRA, GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_I420,
  GST_VIDEO_FORMAT_P010_10LE };

#define N_GREY 3

/* One frame of @format through a filter without an overlay, to the same
 * format. */
static void
check_plain (GstVideoFormat format, gint width, gint height, gint padding)
{
  const GstVideoInfo info = nst_info (format, width, height);
  const NstLayout layout = { 0, FALSE, padding };
  g_autofree gchar *caps = nst_caps (format, width, height);
  GstHarness *h = nst_harness_new (nst_filter_new ("overlay", 0, NULL), caps);
  GstBuffer *in = nst_frame_new (&info, 0, &layout);
  GstBuffer *before = gst_buffer_copy_deep (in), *out;

  out = nst_push_and_pull (h, in);
  g_assert_cmpint (nst_out_format (h), ==, format);
  nst_assert_scene (out, width, height, nst_max (format));
  nst_assert_same_bytes (before, out);
  gst_buffer_unref (before);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

static void
test_every_format (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    check_plain (formats[i], 64, 48, 0);
}

/* The back end that users get, where it can start: the same labels. */
static void
test_onednn (void)
{
  static const gchar *const precisions[] = { "f32", "bf16" };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) built = nucseg_backend_list ();

  if (!g_strv_contains ((const gchar *const *) built, "onednn")
      || !nucseg_backend_probe ("onednn", &error)) {
    g_test_skip (error ? error->message : "there is no onednn here");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (precisions); j++) {
      const GstVideoInfo info = nst_info (formats[i], 45, 33);
      const NstLayout layout = { 0, FALSE, 24 };
      g_autofree gchar *caps = nst_caps (formats[i], 45, 33);
      GstElement *filter = nst_filter_new ("overlay", 0, "threads", 1, NULL);
      GstBus *bus = gst_bus_new ();

      gst_util_set_object_arg (G_OBJECT (filter), "backend", "onednn");
      gst_util_set_object_arg (G_OBJECT (filter), "precision", precisions[j]);
      gst_element_set_bus (filter, bus);
      /* A harness ends the program where an element can't start. */
      if (gst_element_set_state (filter, GST_STATE_PAUSED)
          == GST_STATE_CHANGE_FAILURE) {
        g_autoptr (GError) why = nst_wait_error (filter, NULL);

        /* bf16 is there only where the processor has it */
        g_assert_cmpuint (j, ==, 1);
        g_assert_error (why, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS);
        g_test_message ("%s", why->message);
        gst_element_set_state (filter, GST_STATE_NULL);
        gst_element_set_bus (filter, NULL);
        gst_object_unref (filter);
      } else {
        GstHarness *h;
        GstBuffer *out;

        gst_element_set_state (filter, GST_STATE_NULL);
        h = nst_harness_new (filter, caps);
        out = nst_push_and_pull (h, nst_frame_new (&info, 0, &layout));
        nst_assert_scene (out, 45, 33, nst_max (formats[i]));
        gst_buffer_unref (out);
        gst_element_set_bus (filter, NULL);
        gst_harness_teardown (h);
      }
      gst_object_unref (bus);
    }
  }
}

static void
test_padded (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    check_plain (formats[i], 64, 48, 64);
    check_plain (formats[i], 41, 27, 20);
  }
}

static void
test_odd_sizes (void)
{
  static const gint sizes[][2] = { { 16, 16 }, { 17, 16 }, { 16, 19 },
    { 33, 31 }, { 127, 65 }, { 641, 17 } };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    for (guint j = 0; j < G_N_ELEMENTS (sizes); j++)
      check_plain (formats[i], sizes[j][0], sizes[j][1], 0);
  }
}

static void
test_bits (void)
{
  static const guint bits[] = { 8, 10, 12, 14, 16 };

  for (guint i = 0; i < G_N_ELEMENTS (bits); i++) {
    for (guint k = 0; k < 4; k++) {
      const NstLayout layout = { bits[i], k & 1, 0 };
      const GstVideoInfo info = nst_info (
          k & 2 ? GST_VIDEO_FORMAT_GRAY16_BE : GST_VIDEO_FORMAT_GRAY16_LE, 50,
          30);
      g_autofree gchar *caps = nst_caps (GST_VIDEO_INFO_FORMAT (&info), 50, 30);
      GstHarness *h =
          nst_harness_new (nst_filter_new ("overlay", 0, "significant-bits",
                               bits[i], "bit-alignment", layout.msb, NULL),
              caps);
      GstBuffer *out = nst_push_and_pull (h, nst_frame_new (&info, 0, &layout));

      nst_assert_scene (out, 50, 30, (1u << bits[i]) - 1);
      gst_buffer_unref (out);
      gst_harness_teardown (h);
    }
  }
}

/* Red, green and blue of a pixel of a packed format. */
static void
get_rgb (GstVideoFrame *frame, gint x, gint y, guint8 rgb[3])
{
  for (guint c = 0; c < 3; c++)
    rgb[c] = ((guint8 *) GST_VIDEO_FRAME_COMP_DATA (
        frame, c))[y * GST_VIDEO_FRAME_COMP_STRIDE (frame, c)
        + x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c)];
}

/* In eight bits. */
static guint
get_luma (GstVideoFrame *frame, gint x, gint y)
{
  const guint8 *row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, 0)
      + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0);

  if (GST_VIDEO_FRAME_FORMAT (frame) == GST_VIDEO_FORMAT_P010_10LE)
    return GST_READ_UINT16_LE (row + 2 * x) >> 8;
  return row[x];
}

/* From grey to @to: the picture is stretched, the outline has its colour. */
static void
check_converted (GstVideoFormat from, GstVideoFormat to, gint width,
    gint height, gint padding)
{
  const GstVideoInfo in_info = nst_info (from, width, height);
  const NstLayout layout = { 0, FALSE, padding };
  g_autofree gchar *in_caps = nst_caps (from, width, height);
  g_autofree gchar *out_caps = nst_caps (to, width, height);
  GstHarness *h = nst_harness_new (
      nst_filter_new ("overlay", 2, "contour-color", 0x00ff00, NULL), NULL);
  GstBuffer *out;
  GstCaps *caps;
  GstVideoInfo info;
  GstVideoFrame frame;

  gst_harness_set_caps_str (h, in_caps, out_caps);
  out = nst_push_and_pull (h, nst_frame_new (&in_info, 7, &layout));
  caps = gst_pad_get_current_caps (h->sinkpad);
  g_assert_true (gst_video_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  g_assert_cmpint (GST_VIDEO_INFO_FORMAT (&info), ==, to);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 280 * GST_MSECOND);
  nst_assert_scene (out, width, height, nst_max (from));
  g_assert_true (gst_video_frame_map (&frame, &info, out, GST_MAP_READ));
  if (GST_VIDEO_INFO_IS_RGB (&info)) {
    guint8 rgb[3];

    get_rgb (&frame, 2, 1, rgb); /* a corner of the first nucleus */
    g_assert_cmpint (rgb[0], ==, 0);
    g_assert_cmpint (rgb[1], ==, 255);
    g_assert_cmpint (rgb[2], ==, 0);
    get_rgb (&frame, 4, 2, rgb); /* inside */
    g_assert_cmpint (rgb[0], ==, 200);
    g_assert_cmpint (rgb[1], ==, 200);
    g_assert_cmpint (rgb[2], ==, 200);
    get_rgb (&frame, 0, 0, rgb); /* outside */
    g_assert_cmpint (rgb[0], ==, 10);
  } else {
    /* limited range, and the caps say so */
    g_assert_true (gst_video_colorimetry_matches (
        &info.colorimetry, GST_VIDEO_COLORIMETRY_BT601));
    g_assert_cmpint (get_luma (&frame, 0, 0), ==, 16 + (10 * 220 + 128) / 256);
    g_assert_cmpint (get_luma (&frame, 4, 2), ==, 16 + (200 * 220 + 128) / 256);
    g_assert_cmpint (get_luma (&frame, 2, 1), ==, 16 + (255 * 129 + 128) / 256);
  }
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

static void
test_grey_to_color (void)
{
  for (guint i = 0; i < N_GREY; i++) {
    for (guint j = N_GREY; j < G_N_ELEMENTS (formats); j++) {
      check_converted (formats[i], formats[j], 64, 48, 0);
      check_converted (formats[i], formats[j], 43, 29, 12);
    }
  }
}

/* Without an overlay, the very memory that came in goes out, whoever else
 * holds it. */
static void
test_same_memory (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstHarness *h = nst_harness_new (nst_filter_new ("overlay", 0, NULL), caps);

  for (guint held = 0; held < 2; held++) {
    GstBuffer *in = nst_frame_new (&info, held, NULL), *out;
    GstMemory *memory = gst_buffer_peek_memory (in, 0);

    gst_memory_ref (memory);
    /* it can't even be mapped for writing */
    GST_MINI_OBJECT_FLAG_SET (memory, GST_MEMORY_FLAG_READONLY);
    if (held)
      gst_buffer_ref (in);
    out = nst_push_and_pull (h, in);
    g_assert_cmpint (gst_buffer_n_memory (out), ==, 1);
    g_assert_true (gst_buffer_peek_memory (out, 0) == memory);
    nst_assert_scene (out, 64, 48, 255);
    if (held) {
      g_assert_true (out != in);
      g_assert_false (gst_buffer_get_custom_meta (in, NUCSEG_META_NAME));
      gst_buffer_unref (in);
    }
    gst_memory_unref (memory);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

static gboolean
offers_video_meta (GstHarness *h)
{
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  gboolean offered;

  g_assert_true (gst_pad_peer_query (h->srcpad, query));
  offered =
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_unref (query);
  gst_caps_unref (caps);
  return offered;
}

/* Padded rows are asked for where they end here, or where downstream takes
 * them too: the buffer may go on as it is. */
static void
test_allocation (void)
{
  static const struct {
    const gchar *out;
    gboolean downstream, expected;
  } cases[] = { { "GRAY8", FALSE, FALSE }, { "GRAY8", TRUE, TRUE },
    { "RGB", FALSE, TRUE }, { "RGB", TRUE, TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 50, 30);
    g_autofree gchar *in = nst_caps (GST_VIDEO_FORMAT_GRAY8, 50, 30);
    g_autofree gchar *out =
        g_strdup_printf ("video/x-raw,format=%s", cases[i].out);
    GstHarness *h = nst_harness_new (nst_filter_new ("overlay", 0, NULL), NULL);

    if (cases[i].downstream)
      gst_harness_add_propose_allocation_meta (
          h, GST_VIDEO_META_API_TYPE, NULL);
    gst_harness_set_sink_caps_str (h, out);
    gst_harness_set_src_caps_str (h, in);
    gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, 0, NULL)));
    g_assert_cmpint (offers_video_meta (h), ==, cases[i].expected);
    gst_harness_teardown (h);
  }
}

/* Drawing on a buffer that somebody else holds must not be seen by them. */
static void
test_draws_on_own_memory (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    const GstVideoInfo info = nst_info (formats[i], 64, 48);
    g_autofree gchar *caps = nst_caps (formats[i], 64, 48);
    GstHarness *h =
        nst_harness_new (nst_filter_new ("overlay", 1, "overlay-alpha", 1.0,
                             "fill-color", 0x0000ff, NULL),
            NULL);
    GstBuffer *in = nst_frame_new (&info, 0, NULL);
    GstBuffer *before = gst_buffer_copy_deep (in), *out;
    GstMapInfo a, b;

    gst_harness_set_caps_str (h, caps, caps);
    gst_buffer_ref (in);
    out = nst_push_and_pull (h, in);
    gst_buffer_map (before, &a, GST_MAP_READ);
    gst_buffer_map (in, &b, GST_MAP_READ);
    g_assert_cmpmem (a.data, a.size, b.data, b.size);
    gst_buffer_unmap (in, &b);
    gst_buffer_map (out, &b, GST_MAP_READ);
    g_assert_cmpuint (b.size, ==, a.size);
    g_assert_true (memcmp (a.data, b.data, a.size) != 0);
    gst_buffer_unmap (before, &a);
    gst_buffer_unmap (out, &b);
    nst_assert_scene (out, 64, 48, nst_max (formats[i]));
    gst_buffer_unref (in);
    gst_buffer_unref (out);

    /* one of its own is drawn on where it is */
    in = nst_frame_new (&info, 1, NULL);
    GstMemory *memory = gst_buffer_peek_memory (in, 0);

    out = nst_push_and_pull (h, in);
    g_assert_true (gst_buffer_peek_memory (out, 0) == memory);
    gst_buffer_unref (out);
    gst_buffer_unref (before);
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/formats/every", test_every_format);
  g_test_add_func ("/filter/formats/onednn", test_onednn);
  g_test_add_func ("/filter/formats/padded", test_padded);
  g_test_add_func ("/filter/formats/odd-sizes", test_odd_sizes);
  g_test_add_func ("/filter/formats/bits", test_bits);
  g_test_add_func ("/filter/formats/grey-to-color", test_grey_to_color);
  g_test_add_func ("/filter/formats/allocation", test_allocation);
  g_test_add_func ("/filter/formats/same-memory", test_same_memory);
  g_test_add_func (
      "/filter/formats/draws-on-own-memory", test_draws_on_own_memory);
  return nst_run ();
}
