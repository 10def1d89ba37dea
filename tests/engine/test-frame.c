/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-frame.c: frames through the reference back end: smallest and odd sizes,
 * padded strides, every format; sizes of the network's input.
 * test-frame-refused.c has what is refused.
 */
#include "backend.h"
#include "expect.h"
#include "identity-session.h"

/* Two bright rectangles on black, of 4x5 and 3x3 pixels. */
static gboolean
is_bright (gint x, gint y)
{
  return (x >= 2 && x < 6 && y >= 3 && y < 8)
      || (x >= 9 && x < 12 && y >= 1 && y < 4);
}

static guint
expected_label (gint x, gint y)
{
  /* raster order: the one to the right starts higher */
  return !is_bright (x, y) ? 0 : x >= 9 ? 1 : 2;
}

static void
check_labels (const guint16 *labels, gsize stride, gint width, gint height)
{
  for (gint y = 0; y < height; y++) {
    const guint16 *row = labels + (gsize) y * (stride / 2);
    for (gint x = 0; x < width; x++)
      g_assert_cmpuint (row[x], ==, expected_label (x, y));
    for (gsize x = (gsize) width; x < stride / 2; x++)
      g_assert_cmpuint (row[x], ==, 0xabcd);
  }
}

static void
test_sizes (void)
{
  static const struct {
    gint width, height, stride, labels_stride;
  } cases[] = {
    { 16, 16, 16, 32 },
    { 16, 16, 61, 50 },
    { 17, 16, 17, 34 },
    { 16, 19, 20, 40 },
    { 131, 77, 160, 300 },
    { 17, 300, 19, 36 },
    { 1000, 16, 1024, 2000 },
  };
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  g_autoptr (NucsegSession) session = new_session ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint width = cases[i].width, height = cases[i].height;
    gsize pixels_size = (gsize) (cases[i].stride * height);
    gsize labels_size = (gsize) (cases[i].labels_stride / 2 * height);
    g_autofree guint8 *pixels = g_malloc (pixels_size);
    g_autofree guint16 *labels = g_new (guint16, labels_size);
    g_autoptr (GError) error = NULL;
    NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
      .width = width,
      .height = height,
      .data = { pixels },
      .stride = { cases[i].stride } };
    NucsegResult result;

    memset (pixels, 255, pixels_size); /* what pads the rows is no picture */
    for (gint y = 0; y < height; y++) {
      for (gint x = 0; x < width; x++)
        pixels[y * cases[i].stride + x] = is_bright (x, y) ? 210 : 10;
    }
    for (gsize k = 0; k < labels_size; k++)
      labels[k] = 0xabcd;
    g_assert_true (nucseg_session_run (session, &frame, &params, labels,
        (gsize) cases[i].labels_stride, NULL, &result, &error));
    g_assert_no_error (error);
    check_labels (labels, (gsize) cases[i].labels_stride, width, height);
    g_assert_cmpuint (result.n_objects, ==, 2);
    const NucsegObject *second = &result.objects[1];
    g_assert_cmpuint (second->label, ==, 2);
    g_assert_cmpint (second->x, ==, 2);
    g_assert_cmpint (second->y, ==, 3);
    g_assert_cmpint (second->width, ==, 4);
    g_assert_cmpint (second->height, ==, 5);
    g_assert_cmpuint (second->area, ==, 20);
    g_assert_cmpfloat_with_epsilon (second->centroid_x, 3.5, 1e-9);
    g_assert_cmpfloat_with_epsilon (second->centroid_y, 5, 1e-9);
    g_assert_cmpfloat_with_epsilon (second->mean, 210, 1e-9);
    g_assert_cmpfloat_with_epsilon (second->integrated, 4200, 1e-9);
  }
}

/* Every pixel format: the same picture, the same labels. */
static void
test_formats (void)
{
  enum { W = 21, H = 18 };
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  g_autoptr (NucsegSession) session = new_session ();

  for (guint format = 0; format < NUCSEG_FORMAT_LAST; format++) {
    g_autofree guint8 *pixels = g_malloc0 (3 * W * H * 4);
    g_autofree guint16 *labels = g_new0 (guint16, W * H);
    g_autoptr (GError) error = NULL;
    gboolean p010 = format == NUCSEG_FORMAT_P010;
    gboolean planar = nucseg_format_is_yuv (format) && !p010;
    gint bytes = format == NUCSEG_FORMAT_GRAY8 || planar ? 1
        : format <= NUCSEG_FORMAT_GRAY16_BE || p010      ? 2
        : format <= NUCSEG_FORMAT_BGR                    ? 3
                                                         : 4;
    NucsegFrame frame = { .format = format,
      .width = W,
      .height = H,
      .data = { pixels, pixels + 4 * W * H, pixels + 8 * W * H },
      .stride = { W * bytes, 4 * W, 2 * W } };
    NucsegResult result;

    for (gint y = 0; y < H; y++) {
      for (gint x = 0; x < W * bytes; x++)
        pixels[y * W * bytes + x] = is_bright (x / bytes, y) ? 200 : 0;
    }
    g_test_message ("%s", nucseg_format_name (format));
    g_assert_true (nucseg_session_run (
        session, &frame, &params, labels, W * 2, NULL, &result, &error));
    g_assert_no_error (error);
    check_labels (labels, W * 2, W, H);
    g_assert_cmpfloat_with_epsilon (result.objects[0].mean,
        p010             ? (200 * 257) >> 6
            : bytes == 2 ? 200 * 257
                         : 200,
        1e-9);
  }
}

static void
test_geometry (void)
{
  static const struct {
    gint width, height;
    gdouble scale, pixel_size;
    gint net_width, net_height, pad_width, pad_height; /* 0: refused */
    const gchar *part;
  } cases[] = {
    { 512, 512, 0, 0, 512, 512, 512, 512, NULL },
    { 500, 17, 0, 0, 500, 17, 512, 32, NULL },
    { 16, 16, 0.05, 0, 1, 1, 16, 16, NULL }, /* 0.8 pixels */
    { 16, 24, 0.0625, 0, 1, 2, 16, 16, NULL }, /* 1.5 rounds up */
    { 100, 50, 0, 1, 200, 100, 208, 112, NULL }, /* 1 um to 0.5 um */
    { 100, 50, 1.5, 1, 150, 75, 160, 80, NULL }, /* a scale goes first */
    { 8192, 8192, 0, 0, 8192, 8192, 8192, 8192, NULL },
    { 8192, 16, 1.01, 0, 0, 0, 0, 0, "a network input of 8274x16" },
    { 15, 16, 0, 0, 0, 0, 0, 0, "a frame of 15x16" },
    { 64, 64, 0, 5, 0, 0, 0, 0, "a pixel size of 5 um gives a scale of 10" },
  };
  NucsegBuilder *b = nucseg_builder_new (1, 16);
  nucseg_builder_set (b, "input",
      "{\"color\": \"grey\", \"normalization\": {\"method\": \"minmax\"}, "
      "\"polarity\": \"bright\", \"pixel_size_um\": 0.5}");
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "input", 1);
  g_autoptr (NucsegModel) half_um =
      nucseg_model_new_from_bytes (bytes, "half", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    NucsegParams params = NUCSEG_PARAMS_INIT;
    g_autoptr (GError) error = NULL;
    NucsegGeometry geometry;
    params.scale = cases[i].scale;
    params.pixel_size_um = cases[i].pixel_size;
    gboolean ok = nucseg_geometry_init (
        &geometry, half_um, cases[i].width, cases[i].height, &params, &error);
    g_assert_true (ok == !cases[i].part);
    if (ok) {
      g_assert_cmpint (geometry.net_width, ==, cases[i].net_width);
      g_assert_cmpint (geometry.net_height, ==, cases[i].net_height);
      g_assert_cmpint (geometry.pad_width, ==, cases[i].pad_width);
      g_assert_cmpint (geometry.pad_height, ==, cases[i].pad_height);
    } else {
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
      expect_message (error, cases[i].part, cases[i].part);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame/sizes", test_sizes);
  g_test_add_func ("/frame/formats", test_formats);
  g_test_add_func ("/frame/geometry", test_geometry);
  return g_test_run ();
}
