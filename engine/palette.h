/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * palette.h: colours of labels, and the arithmetic of drawing that every back
 * end shares (docs/model-format.md, Overlay). Internal.
 */
#ifndef NUCSEG_PALETTE_H
#define NUCSEG_PALETTE_H

#include "nucseg.h"

G_BEGIN_DECLS

/**
 * nucseg_palette_color:
 * @label: 1..65535
 *
 * Returns: 0xRRGGBB: a vivid colour that is always the same for a label; no
 *   two of any 5 labels in a row look alike
 */
NUCSEG_API guint32 nucseg_palette_color (guint label);

/**
 * nucseg_palette_yuv:
 * @color: 0xRRGGBB
 *
 * Returns: 0xYYUUVV, ITU-R BT.601 in limited range
 */
static inline guint32
nucseg_palette_yuv (guint32 color)
{
  gint r = color >> 16 & 0xff, g = color >> 8 & 0xff, b = color & 0xff;
  gint y = ((66 * r + 129 * g + 25 * b + 128) >> 8) + 16;
  gint u = ((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128;
  gint v = ((112 * r - 94 * g - 18 * b + 128) >> 8) + 128;

  return (guint32) (y << 16 | u << 8 | v);
}

/* @value with @color over it at opacity @alpha, 0..256. */
static inline guint
nucseg_blend (guint value, guint color, guint alpha)
{
  return (value * (256 - alpha) + color * alpha + 128) >> 8;
}

G_END_DECLS

#endif /* NUCSEG_PALETTE_H */
