/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * colours.cuh: colours of labels, blending, the count's letters, on the device
 * (docs/model-format.md, Overlay). Twins: engine/palette.[ch],
 * engine/glyphs.c, nucseg_stretch() of engine/levels.h. Integers alone.
 */
#ifndef NUCSEG_CUDA_COLOURS_CUH
#define NUCSEG_CUDA_COLOURS_CUH

#include "cuda/kernels/launch.cuh"

#define BOX_ALPHA 192 /* NUCSEG_COUNT_BOX_ALPHA */
#define WHITE 0xffffffu
#define BLACK 0x000000u

static __device__ inline unsigned
color_of_label (unsigned label)
{
  unsigned hue = (label * 2654435769u >> 16) * 6; /* 16.16: sector, fraction */
  unsigned sector = hue >> 16, fraction = hue >> 8 & 0xff;
  unsigned kind = label / 8 % 3;
  unsigned s = kind == 0 ? 255 : kind == 1 ? 176 : 216;
  unsigned v = kind == 2 ? 220 : 255;
  unsigned p = v * (255 - s) / 255;
  unsigned q = v * (255 * 255 - s * fraction) / (255 * 255);
  unsigned t = v * (255 * 255 - s * (255 - fraction)) / (255 * 255);
  unsigned r, g, b;

  switch (sector) {
  case 0:
    r = v, g = t, b = p;
    break;
  case 1:
    r = q, g = v, b = p;
    break;
  case 2:
    r = p, g = v, b = t;
    break;
  case 3:
    r = p, g = q, b = v;
    break;
  case 4:
    r = t, g = p, b = v;
    break;
  default:
    r = v, g = p, b = q;
    break;
  }
  if (77 * r + 150 * g + 29 * b < 80 * 256) {
    r += (255 - r) / 4;
    g += (255 - g) / 4;
    b += (255 - b) / 4;
  }
  return r << 16 | g << 8 | b;
}

/* nucseg_yuv_factors: of Y, U and V in 256ths of R, G and B; black */
static __constant__ const int16_t yuv_factors[NUCSEG_YUV_LAST][10] = {
  { 66, 129, 25, -38, -74, 112, 112, -94, -18, 16 },
  { 77, 150, 29, -43, -85, 128, 128, -107, -21, 0 },
  { 47, 157, 16, -26, -86, 112, 112, -102, -10, 16 },
  { 54, 183, 19, -29, -99, 128, 128, -116, -12, 0 },
  { 58, 149, 13, -31, -81, 112, 112, -103, -9, 16 },
  { 67, 174, 15, -36, -92, 128, 128, -118, -10, 0 },
};

/* 0xYYUUVV of 0xRRGGBB; @yuv: NucsegYuv */
static __device__ __forceinline__ unsigned
yuv_of (unsigned color, unsigned yuv)
{
  const int16_t *f = yuv_factors[yuv];
  int r = color >> 16 & 0xff, g = color >> 8 & 0xff, b = color & 0xff;
  int y = ((f[0] * r + f[1] * g + f[2] * b + 128) >> 8) + f[9];
  int u = min (((f[3] * r + f[4] * g + f[5] * b + 128) >> 8) + 128, 255);
  int v = min (((f[6] * r + f[7] * g + f[8] * b + 128) >> 8) + 128, 255);

  return (unsigned) (y << 16 | u << 8 | v);
}

static __device__ __forceinline__ unsigned
blend (unsigned value, unsigned color, unsigned alpha)
{
  return (value * (256 - alpha) + color * alpha + 128) >> 8;
}

/* 0..255: where @grey stands between @low and @high. */
static __device__ __forceinline__ unsigned
stretch (unsigned grey, unsigned low, unsigned high)
{
  unsigned range = high - low;

  if (grey <= low)
    return 0;
  if (grey >= high)
    return 255;
  return (510u * (grey - low) + range) / (2 * range);
}

/* --- "42 nuclei" ---------------------------------------------------------- */

enum CountPixel { COUNT_OUTSIDE, COUNT_BOX, COUNT_INK };

#define GLYPH_WIDTH 5
#define GLYPH_HEIGHT 7
#define ADVANCE 6 /* dots from one glyph to the next */
#define MARGIN 2 /* dots round the text, and round the box */
#define SPACE 17 /* behind the last glyph */

/* 0 to 9, c, e, i, l, n, s, u, space; bit 4 is the left dot. */
static __constant__ const uint8_t glyph_rows[SPACE + 1][GLYPH_HEIGHT] = {
  { 0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e },
  { 0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e },
  { 0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f },
  { 0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e },
  { 0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02 },
  { 0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e },
  { 0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e },
  { 0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08 },
  { 0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e },
  { 0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c },
  { 0x00, 0x00, 0x0e, 0x10, 0x10, 0x11, 0x0e },
  { 0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e },
  { 0x04, 0x00, 0x0c, 0x04, 0x04, 0x04, 0x0e },
  { 0x0c, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e },
  { 0x00, 0x00, 0x16, 0x19, 0x11, 0x11, 0x11 },
  { 0x00, 0x00, 0x0e, 0x10, 0x0e, 0x01, 0x1e },
  { 0x00, 0x00, 0x11, 0x11, 0x11, 0x13, 0x0d },
  { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 },
};

/* " nucleus" and " nuclei" as glyphs */
static __constant__ const uint8_t word_one[8] = { SPACE, 14, 16, 10, 13, 11, 16,
  15 };
static __constant__ const uint8_t word_many[7] = { SPACE, 14, 16, 10, 13, 11,
  12 };

/* What stands at (@x, @y) of a frame of @height rows with @n objects. */
static __device__ inline CountPixel
count_at (unsigned n, int height, int x, int y)
{
  int scale = max (1, height / 240), digits = 1, length, column, row, position;
  unsigned power = 1, glyph;

  for (unsigned rest = n; rest >= 10; rest /= 10)
    digits++;
  length = digits + (n == 1 ? 8 : 7);
  x -= MARGIN * scale;
  y -= MARGIN * scale;
  if (x < 0 || y < 0 || x >= (length * ADVANCE - 1 + 2 * MARGIN) * scale
      || y >= (GLYPH_HEIGHT + 2 * MARGIN) * scale)
    return COUNT_OUTSIDE;

  column = x / scale - MARGIN;
  row = y / scale - MARGIN;
  if (column < 0 || row < 0 || row >= GLYPH_HEIGHT
      || column % ADVANCE >= GLYPH_WIDTH)
    return COUNT_BOX;
  position = column / ADVANCE;
  if (position >= length)
    return COUNT_BOX;
  if (position < digits) {
    for (int i = digits - 1; i > position; i--)
      power *= 10;
    glyph = n / power % 10;
  } else {
    glyph = n == 1 ? word_one[position - digits] : word_many[position - digits];
  }
  return glyph_rows[glyph][row] >> (GLYPH_WIDTH - 1 - column % ADVANCE) & 1
      ? COUNT_INK
      : COUNT_BOX;
}

#endif /* NUCSEG_CUDA_COLOURS_CUH */
