/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * palette.c: a colour for each label, and colours in YUV. The hue walks round
 * the circle by the golden ratio, so that neighbours in number are far apart in
 * hue; saturation and value vary slowly, so that hues that come back differ.
 */
#include "palette.h"

/* From Kr and Kb of ITU-R BT.601-7, BT.709-6 and BT.2020-2, rounded so that
 * grey has no chroma and white is 235 or 255. */
const NucsegYuvFactors nucseg_yuv_factors[NUCSEG_YUV_LAST] = {
  { { 66, 129, 25 }, { -38, -74, 112 }, { 112, -94, -18 }, 16 },
  { { 77, 150, 29 }, { -43, -85, 128 }, { 128, -107, -21 }, 0 },
  { { 47, 157, 16 }, { -26, -86, 112 }, { 112, -102, -10 }, 16 },
  { { 54, 183, 19 }, { -29, -99, 128 }, { 128, -116, -12 }, 0 },
  { { 58, 149, 13 }, { -31, -81, 112 }, { 112, -103, -9 }, 16 },
  { { 67, 174, 15 }, { -36, -92, 128 }, { 128, -118, -10 }, 0 },
};

/* Integers alone: the colours are part of what tests compare bit for bit. */
guint32
nucseg_palette_color (guint label)
{
  static const guint8 saturation[3] = { 255, 176, 216 };
  static const guint8 value[3] = { 255, 255, 220 };
  guint hue = (label * 2654435769u >> 16) * 6; /* 16.16: sector, fraction */
  guint sector = hue >> 16, fraction = hue >> 8 & 0xff;
  guint s = saturation[label / 8 % 3], v = value[label / 8 % 3];
  guint p = v * (255 - s) / 255;
  guint q = v * (255 * 255 - s * fraction) / (255 * 255);
  guint t = v * (255 * 255 - s * (255 - fraction)) / (255 * 255);
  guint r, g, b;

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
  /* Pure blue is hard to see on a dark ground: lift what has little light. */
  if (77 * r + 150 * g + 29 * b < 80 * 256) {
    r += (255 - r) / 4;
    g += (255 - g) / 4;
    b += (255 - b) / 4;
  }
  return r << 16 | g << 8 | b;
}
