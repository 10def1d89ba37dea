/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames small enough to be worked out by hand: grey values, limits,
 * equalisation, scaling and padding as docs/model-format.md says them.
 */
#include "tests/parity/parity.h"

#include <string.h>

#define NONE_BOTH                                                              \
  "{\"color\": \"grey\", \"normalization\": {\"method\": \"none\", \"clip\": " \
  "[0, 1]}, \"polarity\": \"both\"}"

typedef struct {
  NucsegResult result;
  gfloat input[1024];
} Prepared;

/* Prepares @frame with the model's input as JSON says. */
static void
prepare (const NucsegFrame *frame, const gchar *input, gdouble scale,
    gint multiple, const NucsegParams *params, Prepared *out)
{
  NucsegModel *model = parity_plain_model (multiple, input, NULL);
  const NucsegParams plain = NUCSEG_PARAMS_INIT;
  g_autoptr (GError) error = NULL;
  NucsegGeometry g;
  NucsegPlan *plan = parity_plan_new (parity_backend (), model, frame->width,
      frame->height, scale, NUCSEG_PRECISION_F32, &g);

  g_assert_nonnull (plan);
  g_assert_cmpint (g.pad_width * g.pad_height, <=, G_N_ELEMENTS (out->input));
  memset (out, 0, sizeof (*out));
  parity_backend ()->prepare (
      plan, frame, params ? params : &plain, &out->result, &error);
  g_assert_no_error (error);
  parity_backend ()->read_input (plan, out->input, &error);
  g_assert_no_error (error);
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

/* One line of 16 pixels repeated in 16 rows. */
static NucsegFrame
rows_of (NucsegFormat format, const guint8 *line, gint bytes, guint8 *memory)
{
  for (gint y = 0; y < 16; y++)
    memcpy (memory + y * bytes, line, bytes);
  return (NucsegFrame){ .format = format,
    .width = 16,
    .height = 16,
    .data = { memory },
    .stride = { bytes } };
}

static void
test_grey_colour (void)
{
  /* red, green, blue, white, grey, 12 times black */
  static const guint8 rgb[48] = { 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255,
    255, 128, 128, 128, 200, 100, 50 };
  /* (19595 * 255 + 32768) >> 16 = 76, and so on */
  static const guint expected[6] = { 76, 150, 29, 255, 128, 124 };
  static const struct {
    NucsegFormat format;
    gint size, r, g, b;
  } formats[] = { { NUCSEG_FORMAT_RGB, 3, 0, 1, 2 },
    { NUCSEG_FORMAT_BGR, 3, 2, 1, 0 }, { NUCSEG_FORMAT_RGBX, 4, 0, 1, 2 },
    { NUCSEG_FORMAT_BGRX, 4, 2, 1, 0 }, { NUCSEG_FORMAT_XRGB, 4, 1, 2, 3 },
    { NUCSEG_FORMAT_XBGR, 4, 3, 2, 1 }, { NUCSEG_FORMAT_RGBA, 4, 0, 1, 2 },
    { NUCSEG_FORMAT_BGRA, 4, 2, 1, 0 } };

  for (guint f = 0; f < G_N_ELEMENTS (formats); f++) {
    guint8 line[64], memory[16 * 64];
    NucsegFrame frame;
    Prepared out;

    memset (line, 77, sizeof (line)); /* the fourth byte has no say */
    for (gint x = 0; x < 16; x++) {
      line[x * formats[f].size + formats[f].r] = rgb[3 * x];
      line[x * formats[f].size + formats[f].g] = rgb[3 * x + 1];
      line[x * formats[f].size + formats[f].b] = rgb[3 * x + 2];
    }
    frame = rows_of (formats[f].format, line, 16 * formats[f].size, memory);
    prepare (&frame, NONE_BOTH, 1, 1, NULL, &out);
    for (gint x = 0; x < 6; x++)
      assert_near (out.input[x], expected[x] / 255.0f);
    assert_near (out.input[255], 0);
    g_assert_cmpuint (out.result.low, ==, 0);
    g_assert_cmpuint (out.result.high, ==, 255);
    g_assert_false (out.result.inverted);
  }
}

static void
test_grey_16_bits (void)
{
  /* 0x0123, 0x0abc, 0xfff0, 0x1000 in memory order, little end first */
  static const guint8 little[32] = { 0x23, 0x01, 0xbc, 0x0a, 0xf0, 0xff, 0x00,
    0x10 };
  static const struct {
    NucsegFormat format;
    guint bits;
    gboolean msb_aligned;
    guint expected[4];
  } cases[] = {
    { NUCSEG_FORMAT_GRAY16_LE, 16, FALSE, { 0x123, 0xabc, 0xfff0, 0x1000 } },
    { NUCSEG_FORMAT_GRAY16_LE, 0, FALSE, { 0x123, 0xabc, 0xfff0, 0x1000 } },
    { NUCSEG_FORMAT_GRAY16_LE, 12, FALSE, { 0x123, 0xabc, 0xfff, 0xfff } },
    { NUCSEG_FORMAT_GRAY16_LE, 12, TRUE, { 0x012, 0x0ab, 0xfff, 0x100 } },
    { NUCSEG_FORMAT_GRAY16_LE, 8, FALSE, { 0xff, 0xff, 0xff, 0xff } },
    { NUCSEG_FORMAT_GRAY16_LE, 8, TRUE, { 0x01, 0x0a, 0xff, 0x10 } },
    { NUCSEG_FORMAT_GRAY16_BE, 16, FALSE, { 0x2301, 0xbc0a, 0xf0ff, 0x10 } },
    { NUCSEG_FORMAT_GRAY16_BE, 14, FALSE, { 0x2301, 0x3fff, 0x3fff, 0x10 } },
    { NUCSEG_FORMAT_GRAY16_BE, 12, TRUE, { 0x230, 0xbc0, 0xf0f, 0x001 } },
    /* ten bits at the high end, whatever else is said */
    { NUCSEG_FORMAT_P010, 0, FALSE, { 0x004, 0x02a, 0x3ff, 0x040 } },
    { NUCSEG_FORMAT_P010, 12, FALSE, { 0x004, 0x02a, 0x3ff, 0x040 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint8 memory[16 * 32];
    NucsegFrame frame = rows_of (cases[i].format, little, 32, memory);
    guint top = cases[i].format == NUCSEG_FORMAT_P010 ? 1023
        : cases[i].bits ? (1u << cases[i].bits) - 1
                        : 65535;
    Prepared out;

    if (cases[i].format == NUCSEG_FORMAT_P010) {
      frame.data[1] = memory; /* any chroma */
      frame.stride[1] = 32;
    }
    frame.significant_bits = cases[i].bits;
    frame.msb_aligned = cases[i].msb_aligned;
    prepare (&frame, NONE_BOTH, 1, 1, NULL, &out);
    for (gint x = 0; x < 4; x++)
      assert_near (out.input[x], (gfloat) cases[i].expected[x] / top);
    g_assert_cmpuint (out.result.high, ==, top);
  }
}

/* 20 x 20 pixels: each of the values 0..199 twice. */
static NucsegFrame
ramp (guint8 memory[400])
{
  for (gint i = 0; i < 400; i++)
    memory[i] = (guint8) (i / 2);
  return (NucsegFrame){ .format = NUCSEG_FORMAT_GRAY8,
    .width = 20,
    .height = 20,
    .data = { memory },
    .stride = { 20 } };
}

static void
test_limits (void)
{
  guint8 memory[400];
  NucsegFrame frame = ramp (memory);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  Prepared out;

  /* ranks ceil (4) = 4 and ceil (399.2) = 400: values 1 and 199 */
  params.polarity = NUCSEG_POLARITY_BRIGHT;
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, &params, &out);
  g_assert_cmpuint (out.result.low, ==, 1);
  g_assert_cmpuint (out.result.high, ==, 199);
  assert_near (out.input[0], -1 / 198.0f);
  assert_near (out.input[399], 1);
  assert_near (out.input[200], 99 / 198.0f);
  g_assert_false (out.result.inverted);

  /* the mean, 98.5 / 198, is above 0.4; with 100 pixels more of value 0 it is
   * below */
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, NULL, &out);
  g_assert_true (out.result.inverted);
  memset (memory + 300, 0, 100);
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, NULL, &out);
  g_assert_false (out.result.inverted);
  frame = ramp (memory);

  params.polarity = NUCSEG_POLARITY_DARK;
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, &params, &out);
  g_assert_true (out.result.inverted);
  assert_near (out.input[0], 1 + 1 / 198.0f);

  params = (NucsegParams) NUCSEG_PARAMS_INIT;
  params.normalization = NUCSEG_NORMALIZATION_FIXED;
  params.black_level = 50;
  params.white_level = 60;
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, &params, &out);
  g_assert_cmpuint (out.result.low, ==, 50);
  g_assert_cmpuint (out.result.high, ==, 60);
  g_assert_true (out.result.inverted); /* most of it is above 60 */
  assert_near (out.input[2 * 55], 1 - 0.5f);
  assert_near (out.input[0], 1.25f); /* clipped to -0.25, turned over */
  assert_near (out.input[399], -0.5f); /* clipped to 1.5, turned over */

  /* One value: 0.01 x 255 wide, rounded to the nearest for users */
  memset (memory, 50, sizeof (memory));
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, NULL, &out);
  g_assert_cmpuint (out.result.low, ==, 50);
  g_assert_cmpuint (out.result.high, ==, 53);
  assert_near (out.input[7], 0);
}

static void
test_equalize (void)
{
  static const gchar json[] =
      "{\"color\": \"grey\", \"normalization\": {\"method\": \"equalize\"}, "
      "\"polarity\": \"both\"}";
  guint8 memory[256];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 16,
    .height = 16,
    .data = { memory },
    .stride = { 16 } };
  Prepared out;

  /* 64 pixels of 10, 64 of 20, 128 of 90 */
  memset (memory, 10, 64);
  memset (memory + 64, 20, 64);
  memset (memory + 128, 90, 128);
  prepare (&frame, json, 1, 1, NULL, &out);
  assert_near (out.input[0], 0);
  assert_near (out.input[64], 64 / 192.0f);
  assert_near (out.input[128], 1);
  g_assert_cmpuint (out.result.low, ==, 10);
  g_assert_cmpuint (out.result.high, ==, 90);

  memset (memory, 10, 256);
  prepare (&frame, json, 1, 1, NULL, &out);
  assert_near (out.input[100], 0);
}

/* Columns 0, 51, 204, 102, then 0: with D = 255 these are 0, .2, .8, .4. */
static void
test_scale (void)
{
  static const guint8 line[16] = { 0, 51, 204, 102 };
  guint8 memory[256];
  NucsegFrame frame = rows_of (NUCSEG_FORMAT_GRAY8, line, 16, memory);
  Prepared out;

  /* halved: taps 1/8, 3/8, 3/8, 1/8 at 2i - 1 .. 2i + 2; -1 is 1 */
  prepare (&frame, NONE_BOTH, 0.5, 1, NULL, &out);
  assert_near (out.input[0], (0.2f + 3 * 0 + 3 * 0.2f + 0.8f) / 8);
  assert_near (out.input[1], (0.2f + 3 * 0.8f + 3 * 0.4f + 0) / 8);
  assert_near (out.input[2], 0.4f / 8);
  assert_near (out.input[8], out.input[0]);

  /* doubled: centres at -0.25, 0.25, 0.75, ... */
  prepare (&frame, NONE_BOTH, 2, 1, NULL, &out);
  assert_near (out.input[0], 0.25f * 0.2f);
  assert_near (out.input[1], 0.25f * 0.2f);
  assert_near (out.input[2], 0.75f * 0.2f);
  assert_near (out.input[3], 0.75f * 0.2f + 0.25f * 0.8f);
  assert_near (out.input[32], out.input[0]);

  /* padded to 32 columns: 16 shows column 14, 30 column 0, 31 column 1 */
  prepare (&frame, NONE_BOTH, 1, 32, NULL, &out);
  assert_near (out.input[2], 0.8f);
  assert_near (out.input[28], 0.8f);
  assert_near (out.input[30], 0);
  assert_near (out.input[31], 0.2f);
  assert_near (out.input[31 * 32 + 2], 0.8f);
}

static void
add (void)
{
  g_test_add_func ("/parity/micro/grey-colour", test_grey_colour);
  g_test_add_func ("/parity/micro/grey-16-bits", test_grey_16_bits);
  g_test_add_func ("/parity/micro/limits", test_limits);
  g_test_add_func ("/parity/micro/equalize", test_equalize);
  g_test_add_func ("/parity/micro/scale", test_scale);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
