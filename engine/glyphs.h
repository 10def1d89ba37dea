/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * glyphs.h: the count of nuclei as a small bitmap in the top left corner
 * (docs/model-format.md, Overlay). Internal.
 */
#ifndef NUCSEG_GLYPHS_H
#define NUCSEG_GLYPHS_H

#include "nucseg.h"

G_BEGIN_DECLS

#define NUCSEG_COUNT_BOX_ALPHA 192 /* opacity of the black box, in 256ths */

typedef enum {
  NUCSEG_COUNT_OUTSIDE,
  NUCSEG_COUNT_BOX, /* black at NUCSEG_COUNT_BOX_ALPHA */
  NUCSEG_COUNT_INK /* white */
} NucsegCountPixel;

/**
 * NucsegCount:
 * @text: "42 nuclei"
 * @scale: frame pixels per dot of the font
 * @x: left edge of the box, frame pixels
 * @y: top edge
 * @width: of the box; it may reach beyond the frame
 * @height: of the box
 */
typedef struct {
  gchar text[24];
  gint scale;
  gint x, y, width, height;
} NucsegCount;

/* Lays out the text for @n nuclei in a frame of @frame_height rows. */
NUCSEG_API void
nucseg_count_init (NucsegCount *count, guint n, gint frame_height);

/* What stands at (@x, @y) of the frame. */
NUCSEG_API NucsegCountPixel nucseg_count_at (
    const NucsegCount *count, gint x, gint y);

G_END_DECLS

#endif /* NUCSEG_GLYPHS_H */
