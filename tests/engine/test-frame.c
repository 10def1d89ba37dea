/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-frame.c: frames through the reference back end: smallest and odd sizes,
 * padded strides, every format; frames, labels and parameters that are
 * refused; sizes of the network's input.
 */
#include "backend.h"
#include "expect.h"
#include "modelbuilder.h"

#include <math.h>

static NucsegModel *model; /* pixels brighter than the middle are nuclei */

static NucsegSession *
new_session (void)
{
  const NucsegSessionOptions options = { .backend = "reference" };
  g_autoptr (GError) error = NULL;
  NucsegSession *session = nucseg_session_new (model, &options, &error);

  g_assert_no_error (error);
  return session;
}

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
test_refused_frames (void)
{
  static guint8 pixels[32 * 32];
  static guint16 labels[32 * 32];
  const NucsegFrame good = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 32,
    .height = 32,
    .data = { pixels },
    .stride = { 32 } };
  struct {
    NucsegFrame frame;
    NucsegError code;
    const gchar *part;
  } cases[] = {
    { good, NUCSEG_ERROR_SHAPE, "a frame of 15x32, expected 16 to 8192" },
    { good, NUCSEG_ERROR_SHAPE, "a frame of 32x8193" },
    { good, NUCSEG_ERROR_SHAPE, "a frame of -1x0" },
    { good, NUCSEG_ERROR_SHAPE, "stride 31 of plane 0, expected at least 32" },
    { good, NUCSEG_ERROR_SHAPE, "plane 0 of a GRAY8 frame is NULL" },
    { good, NUCSEG_ERROR_SHAPE, "plane 1 of a NV12 frame is NULL" },
    { good, NUCSEG_ERROR_SHAPE, "stride 15 of plane 2, expected at least 16" },
    { good, NUCSEG_ERROR_SHAPE, "stride 32 of plane 0, expected at least 64" },
    { good, NUCSEG_ERROR_UNSUPPORTED, "7 significant bits, expected 8 to 16" },
    { good, NUCSEG_ERROR_UNSUPPORTED, "17 significant bits" },
    { good, NUCSEG_ERROR_UNSUPPORTED, "frame format 14, expected 0 to 13" },
    { good, NUCSEG_ERROR_UNSUPPORTED, "memory kind 2" },
    { good, NUCSEG_ERROR_UNSUPPORTED, "CUDA memory, the back end \"reference" },
  };
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  g_autoptr (NucsegSession) session = new_session ();
  NucsegResult result;

  cases[0].frame.width = 15;
  cases[1].frame.height = 8193;
  cases[2].frame.width = -1;
  cases[2].frame.height = 0;
  cases[3].frame.stride[0] = 31;
  cases[4].frame.data[0] = NULL;
  cases[5].frame.format = NUCSEG_FORMAT_NV12;
  cases[6].frame.format = NUCSEG_FORMAT_I420;
  cases[6].frame.data[1] = cases[6].frame.data[2] = pixels;
  cases[6].frame.stride[1] = 16;
  cases[6].frame.stride[2] = 15;
  cases[7].frame.format = NUCSEG_FORMAT_GRAY16_LE;
  cases[8].frame.format = NUCSEG_FORMAT_GRAY16_BE;
  cases[8].frame.significant_bits = 7;
  cases[9].frame.format = NUCSEG_FORMAT_GRAY16_LE;
  cases[9].frame.significant_bits = 17;
  cases[10].frame.format = NUCSEG_FORMAT_LAST;
  cases[11].frame.memory = (NucsegMemory) 2;
  cases[12].frame.memory = NUCSEG_MEMORY_CUDA;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (nucseg_session_run (
        session, &cases[i].frame, &params, labels, 64, NULL, &result, &error));
    g_assert_error (error, NUCSEG_ERROR, (gint) cases[i].code);
    expect_message (error, cases[i].part, cases[i].part);
  }

  static const gsize strides[] = { 0, 62, 65 };
  for (guint i = 0; i < G_N_ELEMENTS (strides); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (nucseg_session_run (
        session, &good, &params, labels, strides[i], NULL, &result, &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
    expect_message (error, "label stride", "at least 64 bytes");
  }
}

static void
test_refused_shown (void)
{
  static guint8 pixels[64 * 32], picture[64 * 32 * 4];
  static guint16 labels[32 * 32];
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  g_autoptr (NucsegSession) session = new_session ();
  static const struct {
    NucsegFormat from, to;
    gint height;
    guint bits;
    NucsegError code; /* of the refusal */
    const gchar *part; /* NULL: is drawn */
  } cases[] = {
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8, 32, 0, 0, NULL },
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_BGRA, 32, 0, 0, NULL },
    { NUCSEG_FORMAT_GRAY16_LE, NUCSEG_FORMAT_RGB, 32, 0, 0, NULL },
    { NUCSEG_FORMAT_GRAY16_LE, NUCSEG_FORMAT_GRAY16_LE, 32, 12, 0, NULL },
    { NUCSEG_FORMAT_GRAY16_LE, NUCSEG_FORMAT_GRAY16_LE, 32, 10,
        NUCSEG_ERROR_UNSUPPORTED, "drawing 12 significant bits as 10" },
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY16_LE, 32, 0,
        NUCSEG_ERROR_UNSUPPORTED, "drawing a GRAY8 frame as GRAY16_LE" },
    { NUCSEG_FORMAT_NV12, NUCSEG_FORMAT_RGB, 32, 0, NUCSEG_ERROR_UNSUPPORTED,
        "drawing a NV12 frame as RGB" },
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8, 31, 0, NUCSEG_ERROR_SHAPE,
        "a picture of 32x31 to draw into, expected the frame's 32x32" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    NucsegFrame frame = { .format = cases[i].from,
      .width = 32,
      .height = 32,
      .data = { pixels, pixels, pixels },
      .stride = { 64, 32, 32 },
      .significant_bits = 12 };
    NucsegFrame shown = { .format = cases[i].to,
      .width = 32,
      .height = cases[i].height,
      .data = { picture, picture, picture },
      .stride = { 128, 32, 32 },
      .significant_bits = cases[i].bits };
    g_autoptr (GError) error = NULL;
    NucsegResult result;
    gboolean ok = nucseg_session_run (
        session, &frame, &params, labels, 64, &shown, &result, &error);
    g_assert_true (ok == !cases[i].part);
    if (cases[i].part) {
      g_assert_error (error, NUCSEG_ERROR, (gint) cases[i].code);
      expect_message (error, cases[i].part, cases[i].part);
    }
  }

  /* in place: the same format and stride */
  static const struct {
    NucsegFormat format;
    gint stride;
  } in_place[] = { { NUCSEG_FORMAT_GRAY8, 40 }, { NUCSEG_FORMAT_RGBA, 128 } };
  for (guint i = 0; i < G_N_ELEMENTS (in_place); i++) {
    NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
      .width = 32,
      .height = 32,
      .data = { pixels },
      .stride = { 64 } };
    NucsegFrame shown = frame;
    g_autoptr (GError) error = NULL;
    NucsegResult result;
    shown.format = in_place[i].format;
    shown.stride[0] = in_place[i].stride;
    g_assert_false (nucseg_session_run (
        session, &frame, &params, labels, 64, &shown, &result, &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
    expect_message (error, "drawing in place", "GRAY8 of stride 64");
  }
}

static void
test_refused_params (void)
{
  static guint8 pixels[32 * 32];
  static guint16 labels[32 * 32];
  const NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 32,
    .height = 32,
    .data = { pixels },
    .stride = { 32 } };
  NucsegParams cases[] = { NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT,
    NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT,
    NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT,
    NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT };
  static const gchar *const parts[] = { "a scale of 0.04, expected 0.05 to 8",
    "a scale of 8.1", "a scale of nan", "threshold 1, expected",
    "threshold -0.5", "smallest area -2", "largest area -1",
    "white level 5, expected more than the black level (5)",
    "overlay alpha 1.5", "pixel size nan" };
  g_autoptr (NucsegSession) session = new_session ();

  cases[0].scale = 0.04;
  cases[1].scale = 8.1;
  cases[2].scale = NAN;
  cases[3].threshold = 1;
  cases[4].threshold = -0.5;
  cases[5].min_area = -2;
  cases[6].max_area = -1;
  cases[7].normalization = NUCSEG_NORMALIZATION_FIXED;
  cases[7].black_level = cases[7].white_level = 5;
  cases[8].overlay_alpha = 1.5;
  cases[9].pixel_size_um = NAN;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    NucsegResult result;
    g_assert_false (nucseg_session_run (
        session, &frame, &cases[i], labels, 64, NULL, &result, &error));
    g_assert_true (error->domain == NUCSEG_ERROR);
    expect_message (error, parts[i], parts[i]);
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

/* 9 TiB of activations: an error, and then smaller frames as ever. */
static void
test_too_large (void)
{
  g_autofree guint8 *pixels = g_malloc0 (NUCSEG_MAX_SIZE);
  g_autofree guint16 *labels = g_new0 (guint16, NUCSEG_MAX_SIZE);
  const NucsegSessionOptions options = { .backend = "reference" };
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = NUCSEG_MAX_SIZE,
    .height = NUCSEG_MAX_SIZE };
  g_autoptr (GError) error = NULL;
  NucsegBuilder *b = nucseg_builder_new (1, 16);
  NucsegResult result;

  nucseg_builder_conv (b, "x", "input", 4096, &(NucsegBuilderConv){ 0 });
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "x", 1);
  g_autoptr (NucsegModel) wide =
      nucseg_model_new_from_bytes (bytes, "wide", &error);
  g_assert_no_error (error);
  g_autoptr (NucsegSession) session =
      nucseg_session_new (wide, &options, &error);
  g_assert_no_error (error);
  g_assert_false (
      nucseg_session_warm_up (session, &frame, &frame, &params, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
  expect_message (error, "for an input of 8192x8192", "GiB");
  g_clear_error (&error);
  frame.width = frame.height = 16;
  frame.data[0] = pixels;
  frame.stride[0] = 16;
  g_assert_true (nucseg_session_run (
      session, &frame, &params, labels, 32, NULL, &result, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  model = nucseg_model_new_from_bytes (bytes, "identity", NULL);
  g_assert_nonnull (model);
  g_test_add_func ("/frame/sizes", test_sizes);
  g_test_add_func ("/frame/formats", test_formats);
  g_test_add_func ("/frame/refused-frames", test_refused_frames);
  g_test_add_func ("/frame/refused-shown", test_refused_shown);
  g_test_add_func ("/frame/refused-params", test_refused_params);
  g_test_add_func ("/frame/geometry", test_geometry);
  g_test_add_func ("/frame/too-large", test_too_large);
  gint result = g_test_run ();
  nucseg_model_unref (model);
  return result;
}
