/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cases small enough to be worked out by hand: what is expected stands in the
 * test, so that no back end is only compared with another one. Pictures are
 * written as text, one character a pixel.
 */
#include "glyphs.h"
#include "palette.h"
#include "tests/parity/parity.h"

#include <math.h>
#include <string.h>

#define NONE_BOTH                                                              \
  "{\"color\": \"grey\", \"normalization\": {\"method\": \"none\", \"clip\": " \
  "[0, 1]}, \"polarity\": \"both\"}"

/* --- Prepare -------------------------------------------------------------- */

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

#define assert_near(a, b) g_assert_cmpfloat_with_epsilon (a, b, 1e-6)

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
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint8 memory[16 * 32];
    NucsegFrame frame = rows_of (cases[i].format, little, 32, memory);
    guint top = cases[i].bits ? (1u << cases[i].bits) - 1 : 65535;
    Prepared out;

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
  prepare (&frame, NUCSEG_BUILDER_INPUT, 1, 1, NULL, &out);
  g_assert_cmpuint (out.result.low, ==, 1);
  g_assert_cmpuint (out.result.high, ==, 199);
  assert_near (out.input[0], -1 / 198.0f);
  assert_near (out.input[399], 1);
  assert_near (out.input[200], 99 / 198.0f);
  /* the mean, 98.5 / 198, is below 1/2 */
  g_assert_false (out.result.inverted);

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

/* --- Decode ----------------------------------------------------------------
 */

typedef struct {
  const gchar *foreground; /* '#' is */
  const gchar *offset_y, *offset_x; /* digits; 'a' is -1, 'b' -2, ... */
  const gchar *labels; /* '.' is 0 */
  const gchar *decoder; /* members behind "method" and "threshold" */
  gboolean exclude_border;
  gint min_area, max_area;
} Micro;

static gfloat
offset_of (gchar c)
{
  return c >= 'a' ? -(c - 'a' + 1) : c - '0';
}

/* Decodes 8 x 8 pixels at scale 1; offsets are in pixels. */
static void
decode (const Micro *m, guint16 labels[64], NucsegObjectList *objects)
{
  gboolean votes = m->offset_y != NULL;
  g_autofree gchar *output = g_strdup_printf (
      "{\"maps\": [\"foreground\"%s], \"decoder\": {\"method\": \"%s\", "
      "\"threshold\": 0.5%s}}",
      votes ? ", \"offset_y\", \"offset_x\"" : "",
      votes ? "votes" : "components", m->decoder);
  NucsegModel *model = parity_plain_model (1, NULL, output);
  gint n = votes ? 3 : 1;
  guint8 grey[64];
  gfloat maps[64 * 3];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 8,
    .height = 8,
    .data = { grey },
    .stride = { 8 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };
  g_autoptr (GError) error = NULL;
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      parity_backend (), model, 8, 8, 1, NUCSEG_PRECISION_F32, &geometry);

  g_assert_nonnull (plan);
  for (gint i = 0; i < 64; i++) {
    grey[i] = (guint8) i;
    /* the limit is log (0.5 / 0.5) = 0, and 0 is not above it */
    maps[i * n] = m->foreground[i] == '#' ? 0.001f : 0;
    if (votes) {
      maps[i * n + 1] = offset_of (m->offset_y[i]);
      maps[i * n + 2] = offset_of (m->offset_x[i]);
    }
  }
  params.exclude_border = m->exclude_border;
  params.min_area = m->min_area;
  params.max_area = m->max_area;
  parity_backend ()->write_maps (plan, maps, &error);
  g_assert_no_error (error);
  parity_backend ()->decode (
      plan, &frame, &params, labels, 16, objects, &result, &error);
  g_assert_no_error (error);
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

/* clang-format off */
#define FLAT \
    "00000000" "00000000" "00000000" "00000000" \
    "00000000" "00000000" "00000000" "00000000"

static const Micro micros[] = {
  /* diagonal contact does not connect; a hole is filled, even a winding one,
   * but not between several labels; numbers follow first pixels */
  { "..#....#"
    ".#.#...#"
    "..#....."
    "####...."
    "#..#.###"
    "#.##.#.#"
    "####.###"
    "........", NULL, NULL,
    "..1....2"
    ".3.4...2"
    "..5....."
    "5555...."
    "5555.666"
    "5555.666"
    "5555.666"
    "........", "", FALSE, 0, 0 },
  /* a hole that is open diagonally is still one; one at the border is not */
  { "###....."
    "#.#....."
    "##......"
    "........"
    "..#####."
    "..#...#."
    "..#...#."
    "..#...#.", NULL, NULL,
    "111....."
    "111....."
    "11......"
    "........"
    "..22222."
    "..2...2."
    "..2...2."
    "..2...2.", "", FALSE, 0, 0 },
  /* 5 to 8 pixels, and not at the border */
  { "........"
    ".##.##.."
    ".#..##.."
    ".##....."
    "......##"
    "..###.##"
    "..###..."
    "..###...", NULL, NULL,
    "........"
    ".11....."
    ".1......"
    ".11....."
    "........"
    "........"
    "........"
    "........", "", TRUE, 5, 8 },
  /* Two nuclei that touch: columns 0 to 3 point at row 2, column 1, the others
   * at column 6. 12 votes at each place make the 3x3 cells round it dense. */
  { "........"
    "########"
    "########"
    "########"
    "........"
    "........"
    "........"
    "........",
    "00000000"
    "11111111"
    "00000000"
    "aaaaaaaa"
    "00000000"
    "00000000"
    "00000000"
    "00000000",
    "00000000"
    "10ab210a"
    "10ab210a"
    "10ab210a"
    "00000000"
    "00000000"
    "00000000"
    "00000000",
    "........"
    "11112222"
    "11112222"
    "11112222"
    "........"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 9, \"radius\": 0", FALSE, 0, 0 },
  /* One vote is enough. (0, 0) and (0, 7) point at themselves: cells up to (1,
   * 1), and from column 6 on, are dense. (6, 3) points at (2, 3): rows 1 to 3,
   * columns 2 to 4 are dense and touch the first, so they are one centre. Its
   * label has two pieces of one pixel: the first in raster order stays. */
  { "#......#"
    "........"
    "........"
    "........"
    "........"
    "........"
    "...#...."
    "........",
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "000d0000"
    "00000000", FLAT,
    "1......2"
    "........"
    "........"
    "........"
    "........"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 1, \"radius\": 0", FALSE, 0, 0 },
  /* Four votes at (3, 0) and five at (3, 6): columns 0 to 1 and 5 to 7 of rows
   * 2 to 4 are dense. Three pixels point at (4, 3), two cells from either: the
   * smaller number takes them. */
  { "........"
    "........"
    "........"
    "##....##"
    "########"
    "........"
    "........"
    "........",
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "aa000aaa"
    "00000000"
    "00000000"
    "00000000",
    "00000000"
    "00000000"
    "00000000"
    "0a00000a"
    "0a10a10a"
    "00000000"
    "00000000"
    "00000000",
    "........"
    "........"
    "........"
    "11....22"
    "11111222"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 4, \"radius\": 2", FALSE, 0, 0 },
  /* the same where two cells are too far */
  { "........"
    "........"
    "........"
    "##....##"
    "########"
    "........"
    "........"
    "........",
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "aa000aaa"
    "00000000"
    "00000000"
    "00000000",
    "00000000"
    "00000000"
    "00000000"
    "0a00000a"
    "0a10a10a"
    "00000000"
    "00000000"
    "00000000",
    "........"
    "........"
    "........"
    "11....22"
    "11...222"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 4, \"radius\": 1", FALSE, 0, 0 },
};
/* clang-format on */

static void
test_decode (gconstpointer data)
{
  const Micro *m = data;
  NucsegObjectList objects = { 0 };
  guint16 labels[64];
  guint n = 0;

  decode (m, labels, &objects);
  for (gint i = 0; i < 64; i++) {
    guint expected = m->labels[i] == '.' ? 0 : m->labels[i] - '0';

    n = MAX (n, expected);
    if (labels[i] != expected) {
      g_test_message ("row %d, column %d: expected %u, found %u", i / 8, i % 8,
          expected, labels[i]);
      g_test_fail ();
    }
  }
  g_assert_cmpuint (objects.n, ==, n);
  g_free (objects.items);
}

/* A single pixel at (1, 1), two by two pixels, a line of three. */
static void
test_objects (void)
{
  static const Micro m = { "........"
                           ".#..##.."
                           "....##.."
                           "........"
                           "........"
                           "...###.."
                           "........"
                           "........",
    NULL, NULL, "", "", FALSE, 0, 0 };
  NucsegObjectList objects = { 0 };
  const NucsegObject *o;
  guint16 labels[64];

  decode (&m, labels, &objects);
  g_assert_cmpuint (objects.n, ==, 3);
  o = objects.items;
  g_assert_cmpuint (o[0].label, ==, 1);
  g_assert_cmpint (o[0].x, ==, 1);
  g_assert_cmpint (o[0].y, ==, 1);
  g_assert_cmpint (o[0].width, ==, 1);
  g_assert_cmpint (o[0].height, ==, 1);
  g_assert_cmpuint (o[0].area, ==, 1);
  g_assert_cmpfloat (o[0].mean, ==, 9);
  /* 2 transitions in each of 4 directions */
  assert_near (o[0].perimeter, G_PI / 8 * (4 + 4 / G_SQRT2));
  g_assert_cmpfloat (o[0].circularity, ==, 1);

  g_assert_cmpint (o[1].x, ==, 4);
  g_assert_cmpint (o[1].width, ==, 2);
  g_assert_cmpint (o[1].height, ==, 2);
  g_assert_cmpfloat (o[1].centroid_x, ==, 4.5);
  g_assert_cmpfloat (o[1].centroid_y, ==, 1.5);
  g_assert_cmpfloat (o[1].integrated, ==, 12 + 13 + 20 + 21);
  g_assert_cmpfloat (o[1].mean, ==, 16.5);
  /* 2 rows and 2 columns; 3 diagonals each way */
  assert_near (o[1].perimeter, G_PI / 8 * (8 + 12 / G_SQRT2));

  g_assert_cmpint (o[2].y, ==, 5);
  g_assert_cmpint (o[2].width, ==, 3);
  g_assert_cmpuint (o[2].area, ==, 3);
  g_assert_cmpfloat (o[2].centroid_x, ==, 4);
  /* 1 row, 3 columns, 3 diagonals each way */
  assert_near (o[2].perimeter, G_PI / 8 * (8 + 12 / G_SQRT2));
  assert_near (o[2].circularity, 12 * G_PI / (o[2].perimeter * o[2].perimeter));
  g_free (objects.items);
}

/* --- Overlay ----------------------------------------------------------------
 */

/* Draws @labels ('.' is 0) over 8 x 8 pixels of @frame. */
static void
overlay (const NucsegFrame *frame, const gchar *text,
    const NucsegParams *params, NucsegFrame *shown)
{
  NucsegModel *model = parity_plain_model (1, NONE_BOTH, NULL);
  g_autoptr (GError) error = NULL;
  guint16 labels[64];
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      parity_backend (), model, 8, 8, 1, NUCSEG_PRECISION_F32, &geometry);
  NucsegResult result = { 0 };

  g_assert_nonnull (plan);
  for (gint i = 0; i < 64; i++)
    labels[i] = text[i] == '.' ? 0 : text[i] - '0';
  parity_backend ()->prepare (plan, frame, params, &result, &error);
  g_assert_no_error (error);
  parity_backend ()->overlay (
      plan, frame, params, labels, 16, 0, shown, &error);
  g_assert_no_error (error);
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

/* clang-format off */
static const gchar two_labels[] =
    "111....."
    "111....."
    "111222.."
    "...222.."
    "...222.."
    "........"
    "........"
    "........";
/* '#': contour, '+': inside */
static const gchar two_layers[] =
    "++#....."
    "++#....."
    "######.."
    "...#+#.."
    "...###.."
    "........"
    "........"
    "........";
/* clang-format on */

static void
test_overlay_grey (void)
{
  guint8 memory[64], shown[64];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 8,
    .height = 8,
    .data = { memory },
    .stride = { 8 } };
  NucsegFrame out = frame;
  NucsegParams params = NUCSEG_PARAMS_INIT;

  out.data[0] = shown;
  memset (memory, 100, sizeof (memory));
  params.overlay = NUCSEG_OVERLAY_BOTH;
  params.overlay_alpha = 0.25;
  overlay (&frame, two_labels, &params, &out);
  for (gint i = 0; i < 64; i++) {
    /* (100 * 192 + 255 * 64 + 128) >> 8 = 139 */
    guint expected = two_layers[i] == '#' ? 255
        : two_layers[i] == '+'            ? 139
                                          : 100;

    g_assert_cmpuint (shown[i], ==, expected);
  }
}

/* 12 bits at the high end, big-endian: 0x0640 is the value 100. */
static void
test_overlay_grey_16 (void)
{
  guint8 memory[128];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY16_BE,
    .width = 8,
    .height = 8,
    .data = { memory },
    .stride = { 16 },
    .significant_bits = 12,
    .msb_aligned = TRUE };
  NucsegParams params = NUCSEG_PARAMS_INIT;

  for (gint i = 0; i < 64; i++) {
    memory[2 * i] = 0x06;
    memory[2 * i + 1] = 0x47; /* 7 stands below the significant bits */
  }
  params.overlay = NUCSEG_OVERLAY_BOTH;
  params.overlay_alpha = 0.5;
  overlay (&frame, two_labels, &params, &frame);
  for (gint i = 0; i < 64; i++) {
    guint word = memory[2 * i] << 8 | memory[2 * i + 1];
    /* (100 * 128 + 4095 * 128 + 128) >> 8 = 2098 */
    guint expected = two_layers[i] == '#' ? 0xfff0
        : two_layers[i] == '+'            ? 2098 << 4
                                          : 0x0647;

    g_assert_cmphex (word, ==, expected);
  }
}

static void
test_overlay_stretch (void)
{
  guint8 memory[64], shown[64 * 4];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 8,
    .height = 8,
    .data = { memory },
    .stride = { 8 } };
  NucsegFrame out = { .format = NUCSEG_FORMAT_BGRA,
    .width = 8,
    .height = 8,
    .data = { shown },
    .stride = { 32 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;

  memset (memory, 15, sizeof (memory));
  memory[7] = 10;
  memory[15] = 9;
  memory[23] = 20;
  memory[31] = 255;
  params.normalization = NUCSEG_NORMALIZATION_FIXED;
  params.black_level = 10;
  params.white_level = 20;
  params.contour_color = 0x102030;
  overlay (&frame, two_labels, &params, &out);
  for (gint i = 0; i < 64; i++) {
    /* half of 255 is rounded up */
    guint v = memory[i] <= 10 ? 0 : memory[i] >= 20 ? 255 : 128;
    gboolean contour = two_layers[i] == '#';

    g_assert_cmphex (shown[4 * i], ==, contour ? 0x30 : v);
    g_assert_cmphex (shown[4 * i + 1], ==, contour ? 0x20 : v);
    g_assert_cmphex (shown[4 * i + 2], ==, contour ? 0x10 : v);
    g_assert_cmphex (shown[4 * i + 3], ==, 255);
  }
}

/* Red over grey in NV12: red is Y 82, U 90, V 240. */
static void
test_overlay_nv12 (void)
{
  guint8 y[64], uv[32];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_NV12,
    .width = 8,
    .height = 8,
    .data = { y, uv },
    .stride = { 8, 8 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  /* fill at 1/2 on 4, 2, 1 and 0 pixels of a block */
  const guint half_u = (128 * 128 + 90 * 128 + 128) >> 8;
  const guint quarter_u = (128 * (1024 - 256) + 128 * 180 + 512) / 1024;

  memset (y, 50, sizeof (y));
  memset (uv, 128, sizeof (uv));
  params.overlay = NUCSEG_OVERLAY_FILL;
  params.overlay_alpha = 0.5;
  params.fill_color = 0xff0000;
  overlay (&frame, two_labels, &params, &frame);
  g_assert_cmphex (nucseg_palette_yuv (0xff0000), ==, 82 << 16 | 90 << 8 | 240);
  g_assert_cmpuint (y[0], ==, (50 * 128 + 82 * 128 + 128) >> 8);
  g_assert_cmpuint (y[7], ==, 50);
  g_assert_cmpuint (uv[0], ==, half_u);
  g_assert_cmpuint (uv[2], ==, quarter_u); /* columns 2, 3: 2 of 4 pixels */
  g_assert_cmpuint (uv[4], ==, 128);
  g_assert_cmpuint (uv[8], ==, quarter_u); /* row 2 of rows 2, 3 */

  memset (y, 50, sizeof (y));
  memset (uv, 128, sizeof (uv));
  params.overlay = NUCSEG_OVERLAY_CONTOUR;
  params.contour_color = 0xff0000;
  overlay (&frame, two_labels, &params, &frame);
  for (gint i = 0; i < 64; i++)
    g_assert_cmpuint (y[i], ==, two_layers[i] == '#' ? 82 : 50);
  g_assert_cmpuint (uv[0], ==, 128); /* inside alone */
  g_assert_cmpuint (uv[2], ==, 90); /* some contour */
  g_assert_cmpuint (uv[3], ==, 240);
  g_assert_cmpuint (uv[6], ==, 128);
}

/* --- What all back ends share -----------------------------------------------
 */

static void
test_palette (void)
{
  for (guint label = 1; label <= NUCSEG_MAX_LABEL; label++) {
    guint32 color = nucseg_palette_color (label);
    gint r = color >> 16, g = color >> 8 & 0xff, b = color & 0xff;
    gint most = MAX (r, MAX (g, b)), least = MIN (r, MIN (g, b));

    /* neither grey nor dark */
    g_assert_cmphex (color, <=, 0xffffff);
    g_assert_cmpint (most - least, >=, 96);
    g_assert_cmpint (77 * r + 150 * g + 29 * b, >=, 64 * 256);
  }
  /* neighbours in number differ clearly */
  for (guint label = 1; label < 2000; label++)
    for (guint other = label + 1; other < label + 5; other++) {
      guint32 a = nucseg_palette_color (label);
      guint32 b = nucseg_palette_color (other);
      gint distance = 0;

      for (gint shift = 0; shift < 24; shift += 8)
        distance +=
            ABS ((gint) (a >> shift & 0xff) - (gint) (b >> shift & 0xff));
      g_assert_cmpint (distance, >=, 60);
    }
}

static void
test_count (void)
{
  static const gchar *const one[7] = { "..#..", ".##..", "..#..", "..#..",
    "..#..", "..#..", ".###." };
  NucsegCount count;

  nucseg_count_init (&count, 1, 480);
  g_assert_cmpstr (count.text, ==, "1 nucleus");
  g_assert_cmpint (count.scale, ==, 2);
  g_assert_cmpint (count.width, ==, 2 * (9 * 6 - 1 + 4));
  g_assert_cmpint (count.height, ==, 2 * (7 + 4));
  g_assert_cmpint (nucseg_count_at (&count, 3, 3), ==, NUCSEG_COUNT_OUTSIDE);
  g_assert_cmpint (nucseg_count_at (&count, 4, 4), ==, NUCSEG_COUNT_BOX);
  for (gint y = 0; y < 14; y++)
    for (gint x = 0; x < 10; x++)
      g_assert_cmpint (nucseg_count_at (&count, 8 + x, 8 + y), ==,
          one[y / 2][x / 2] == '#' ? NUCSEG_COUNT_INK : NUCSEG_COUNT_BOX);
  g_assert_cmpint (
      nucseg_count_at (&count, 4 + count.width, 8), ==, NUCSEG_COUNT_OUTSIDE);

  nucseg_count_init (&count, 65535, 100);
  g_assert_cmpstr (count.text, ==, "65535 nuclei");
  g_assert_cmpint (count.scale, ==, 1);
}

static void
add (void)
{
  g_test_add_func ("/parity/micro/grey-colour", test_grey_colour);
  g_test_add_func ("/parity/micro/grey-16-bits", test_grey_16_bits);
  g_test_add_func ("/parity/micro/limits", test_limits);
  g_test_add_func ("/parity/micro/equalize", test_equalize);
  g_test_add_func ("/parity/micro/scale", test_scale);
  for (guint i = 0; i < G_N_ELEMENTS (micros); i++) {
    g_autofree gchar *path = g_strdup_printf ("/parity/micro/decode-%u", i);

    g_test_add_data_func (path, &micros[i], test_decode);
  }
  g_test_add_func ("/parity/micro/objects", test_objects);
  g_test_add_func ("/parity/micro/overlay-grey", test_overlay_grey);
  g_test_add_func ("/parity/micro/overlay-grey-16", test_overlay_grey_16);
  g_test_add_func ("/parity/micro/overlay-stretch", test_overlay_stretch);
  g_test_add_func ("/parity/micro/overlay-nv12", test_overlay_nv12);
  g_test_add_func ("/parity/micro/palette", test_palette);
  g_test_add_func ("/parity/micro/count", test_count);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
