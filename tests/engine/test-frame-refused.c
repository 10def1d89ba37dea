/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-frame-refused.c: frames, pictures to draw into, labels and parameters
 * that a session refuses, and a frame for which there is no memory.
 */
#include "expect.h"
#include "identity-session.h"

#include <math.h>

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

/* Planes that are the frame's, or not, all together. */
static void
test_refused_planes (void)
{
  static guint8 pixels[3][32 * 64], others[3][32 * 64];
  static guint16 labels[32 * 32];
  static const struct {
    guint other; /* bits of planes that are elsewhere */
    gint stride; /* of the last plane */
    const gchar *says;
  } cases[] = { { 0, 32, NULL }, { 7, 40, NULL }, { 0, 40, "stride 40" },
    { 1, 32, "plane 1 is also" }, { 4, 32, "plane 2 is not" },
    { 3, 32, "plane 2 is also" } };
  g_autoptr (NucsegSession) session = new_session ();
  const NucsegParams params = NUCSEG_PARAMS_INIT;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const NucsegFrame frame = { .format = NUCSEG_FORMAT_I420,
      .width = 32,
      .height = 32,
      .data = { pixels[0], pixels[1], pixels[2] },
      .stride = { 32, 32, 32 } };
    NucsegFrame shown = frame;
    g_autoptr (GError) error = NULL;
    NucsegResult result;
    gboolean ok;

    for (guint k = 0; k < 3; k++)
      if (cases[i].other >> k & 1)
        shown.data[k] = others[k];
    shown.stride[2] = cases[i].stride;
    ok = nucseg_session_run (
        session, &frame, &params, labels, 64, &shown, &result, &error);
    g_assert_true (ok == !cases[i].says);
    if (cases[i].says) {
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
      expect_message (error, cases[i].says, cases[i].says);
    }
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
    NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT, NUCSEG_PARAMS_INIT };
  static const gchar *const parts[] = { "a scale of 0.04, expected 0.05 to 8",
    "a scale of 8.0000001", "a scale of nan", "threshold 1, expected",
    "threshold -0.5", "smallest area -2", "largest area -1",
    "white level 5, expected more than the black level (5)",
    "overlay alpha 1.5", "pixel size nan", "polarity -1, expected" };
  g_autoptr (NucsegSession) session = new_session ();

  cases[0].scale = 0.04;
  cases[1].scale = 8.0000001;
  cases[2].scale = NAN;
  cases[3].threshold = 1;
  cases[4].threshold = -0.5;
  cases[5].min_area = -2;
  cases[6].max_area = -1;
  cases[7].normalization = NUCSEG_NORMALIZATION_FIXED;
  cases[7].black_level = cases[7].white_level = 5;
  cases[8].overlay_alpha = 1.5;
  cases[9].pixel_size_um = NAN;
  cases[10].polarity = (NucsegPolarity) -1;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    NucsegResult result;
    g_assert_false (nucseg_session_run (
        session, &frame, &cases[i], labels, 64, NULL, &result, &error));
    g_assert_true (error->domain == NUCSEG_ERROR);
    expect_message (error, parts[i], parts[i]);
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
  g_test_add_func ("/frame/refused-frames", test_refused_frames);
  g_test_add_func ("/frame/refused-shown", test_refused_shown);
  g_test_add_func ("/frame/refused-planes", test_refused_planes);
  g_test_add_func ("/frame/refused-params", test_refused_params);
  g_test_add_func ("/frame/too-large", test_too_large);
  return g_test_run ();
}
