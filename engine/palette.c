/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * palette.c: a colour for each label. The hue walks round the circle by the
 * golden ratio, so that neighbours in number are far apart in hue; saturation
 * and value vary slowly, so that hues that come back differ.
 */
#include "palette.h"

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
