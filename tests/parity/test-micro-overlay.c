/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Overlays small enough to be drawn by hand, the palette and the count.
 */
#include "glyphs.h"
#include "palette.h"
#include "tests/parity/parity.h"

#include <string.h>

#define NONE_BOTH                                                              \
  "{\"color\": \"grey\", \"normalization\": {\"method\": \"none\", \"clip\": " \
  "[0, 1]}, \"polarity\": \"both\"}"

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
  g_assert_cmphex (nucseg_palette_yuv (0xff0000, NUCSEG_YUV_BT601), ==,
      82 << 16 | 90 << 8 | 240);
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

static guint
le (const guint8 *words, gint i)
{
  return words[2 * i] | words[2 * i + 1] << 8;
}

/* The same in P010: ten bits, colours of eight times four; samples that are not
 * drawn on keep their lowest six bits. */
static void
test_overlay_p010 (void)
{
  guint8 y[128], uv[64];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_P010,
    .width = 8,
    .height = 8,
    .data = { y, uv },
    .stride = { 16, 16 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  const guint half_u = (512 * 128 + 360 * 128 + 128) >> 8;
  const guint quarter_u = (512 * (1024 - 256) + 128 * 720 + 512) / 1024;

  for (gint i = 0; i < 64; i++)
    y[2 * i] = 0x95, y[2 * i + 1] = 0x32; /* 202 << 6 | 21 */
  for (gint i = 0; i < 32; i++)
    uv[2 * i] = 0x03, uv[2 * i + 1] = 0x80; /* 512 << 6 | 3 */
  params.overlay = NUCSEG_OVERLAY_FILL;
  params.overlay_alpha = 0.5;
  params.fill_color = 0xff0000;
  overlay (&frame, two_labels, &params, &frame);
  g_assert_cmphex (le (y, 0), ==, ((202 * 128 + 328 * 128 + 128) >> 8) << 6);
  g_assert_cmphex (le (y, 7), ==, 0x3295);
  g_assert_cmphex (le (uv, 0), ==, half_u << 6);
  g_assert_cmphex (le (uv, 2), ==, quarter_u << 6);
  g_assert_cmphex (le (uv, 4), ==, 0x8003);
  g_assert_cmphex (le (uv, 8), ==, quarter_u << 6);

  params.overlay = NUCSEG_OVERLAY_CONTOUR;
  params.contour_color = 0xff0000;
  overlay (&frame, two_labels, &params, &frame);
  for (gint i = 0; i < 64; i++) {
    if (two_layers[i] == '#')
      g_assert_cmphex (le (y, i), ==, 328 << 6);
  }
  g_assert_cmphex (le (uv, 2), ==, 360 << 6);
  g_assert_cmphex (le (uv, 3), ==, 960 << 6);
}

/* Grey becomes 10-bit luma, chroma neutral. */
static void
test_overlay_grey_to_p010 (void)
{
  guint8 grey[64], y[128], uv[64];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 8,
    .height = 8,
    .data = { grey },
    .stride = { 8 } };
  NucsegFrame out = { .format = NUCSEG_FORMAT_P010,
    .width = 8,
    .height = 8,
    .data = { y, uv },
    .stride = { 16, 16 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;

  memset (grey, 255, sizeof (grey));
  memset (grey, 0, 32);
  params.overlay = NUCSEG_OVERLAY_NONE;
  overlay (&frame, two_labels, &params, &out);
  g_assert_cmphex (le (y, 0), ==, 16 << 8);
  g_assert_cmphex (le (y, 63), ==, 235 << 8);
  for (gint i = 0; i < 32; i++)
    g_assert_cmphex (le (uv, i), ==, 0x8000);
}

/* A sample of @color by its definition, 0 for Y, 1 for U, 2 for V. */
static gdouble
defined (guint32 color, gdouble kr, gdouble kb, gboolean full, guint sample)
{
  const gdouble r = (color >> 16) / 255.0, g = (color >> 8 & 0xff) / 255.0,
                b = (color & 0xff) / 255.0;
  const gdouble y = kr * r + (1 - kr - kb) * g + kb * b;

  if (sample == 0)
    return full ? 255 * y : 16 + 219 * y;
  return 128
      + (full ? 255 : 224)
      * (sample == 1 ? (b - y) / (2 - 2 * kb) : (r - y) / (2 - 2 * kr));
}

/* Factors of 256ths are off by half of one at most, three of them and roundings
 * by less than two steps. */
static void
test_yuv (void)
{
  static const gdouble k[][2] = { { 0.299, 0.114 }, { 0.2126, 0.0722 },
    { 0.2627, 0.0593 } };

  for (guint yuv = 0; yuv < NUCSEG_YUV_LAST; yuv++) {
    const gboolean full = yuv % 2;

    for (guint i = 0; i < 9 * 9 * 9; i++) {
      const guint r = i / 81 * 255 / 8, g = i / 9 % 9 * 255 / 8,
                  b = i % 9 * 255 / 8;
      const guint32 color = r << 16 | g << 8 | b;
      const guint32 found = nucseg_palette_yuv (color, yuv);

      g_assert_cmphex (found, <=, 0xffffff);
      for (guint sample = 0; sample < 3; sample++)
        g_assert_cmpfloat_with_epsilon (found >> (16 - 8 * sample) & 0xff,
            defined (color, k[yuv / 2][0], k[yuv / 2][1], full, sample), 1.5);
    }
    for (guint grey = 0; grey < 256; grey++)
      g_assert_cmphex (
          nucseg_palette_yuv (grey * 0x010101, yuv) & 0xffff, ==, 0x8080);
    g_assert_cmphex (
        nucseg_palette_yuv (0xffffff, yuv) >> 16, ==, full ? 255 : 235);
    g_assert_cmphex (nucseg_palette_yuv (0, yuv) >> 16, ==, full ? 0 : 16);
  }
}

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
  g_test_add_func ("/parity/micro/overlay-grey", test_overlay_grey);
  g_test_add_func ("/parity/micro/overlay-grey-16", test_overlay_grey_16);
  g_test_add_func ("/parity/micro/overlay-stretch", test_overlay_stretch);
  g_test_add_func ("/parity/micro/overlay-nv12", test_overlay_nv12);
  g_test_add_func ("/parity/micro/overlay-p010", test_overlay_p010);
  g_test_add_func (
      "/parity/micro/overlay-grey-to-p010", test_overlay_grey_to_p010);
  g_test_add_func ("/parity/micro/palette", test_palette);
  g_test_add_func ("/parity/micro/yuv", test_yuv);
  g_test_add_func ("/parity/micro/count", test_count);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
