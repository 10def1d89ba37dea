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

/* Factors of R, G and B in 256ths, and what is added. */
typedef struct {
  gint y[3], u[3], v[3];
  gint black;
} NucsegYuvFactors;

extern NUCSEG_API const NucsegYuvFactors nucseg_yuv_factors[NUCSEG_YUV_LAST];

static inline gint
nucseg_yuv_sum (const gint *factors, guint32 color)
{
  return (factors[0] * (gint) (color >> 16 & 0xff)
             + factors[1] * (gint) (color >> 8 & 0xff)
             + factors[2] * (gint) (color & 0xff) + 128)
      >> 8;
}

/**
 * nucseg_palette_yuv:
 * @color: 0xRRGGBB
 * @yuv: which of them
 *
 * Returns: 0xYYUUVV
 */
static inline guint32
nucseg_palette_yuv (guint32 color, NucsegYuv yuv)
{
  const NucsegYuvFactors *f = &nucseg_yuv_factors[yuv];
  const gint y = nucseg_yuv_sum (f->y, color) + f->black;
  /* pure blue and red come to 256 in full range */
  const gint u = MIN (nucseg_yuv_sum (f->u, color) + 128, 255);
  const gint v = MIN (nucseg_yuv_sum (f->v, color) + 128, 255);

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
