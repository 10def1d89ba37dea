/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlay-private.h: what the files of the overlay share. picture.c puts the
 * picture into place, overlay.c finds what lies over each pixel, paint.c
 * changes the pixels.
 */
#ifndef NUCSEG_CPU_OVERLAY_PRIVATE_H
#define NUCSEG_CPU_OVERLAY_PRIVATE_H

#include "cpu/grey.h"
#include "cpu/overlay.h"
#include "glyphs.h"

G_BEGIN_DECLS

/* Bits of the layers of one pixel. */
#define NUCSEG_LAYER_FILL 1
#define NUCSEG_LAYER_CONTOUR 2

/* Rows are done in pairs, for the formats whose chroma stands for two. */
typedef struct {
  guint8 *layers; /* two rows of layers */
  guint16 *grey; /* one row of grey values */
} NucsegDrawPart;

struct _NucsegDraw {
  gint width, height;
  guint threads;
  NucsegDrawPart *parts;
  guint32 *palette; /* 65536 colours, by label */
  guint8 *stretched; /* 65536 values, by grey */
  guint stretched_low, stretched_high, stretched_depth; /* depth 0: not set */
};

/* One call. */
typedef struct {
  NucsegDraw *draw;
  const NucsegFrame *frame;
  NucsegFrame *shown;
  const NucsegParams *params;
  const guint16 *labels;
  gsize labels_stride;
  NucsegPacking packing; /* of shown */
  guint alpha; /* of the fill, 0..256 */
  NucsegCount count;
} NucsegDrawCall;

static inline const guint16 *
nucseg_draw_labels (const NucsegDrawCall *call, gint y)
{
  return (const guint16 *) ((const guint8 *) call->labels
      + y * call->labels_stride);
}

/* 0xRRGGBB of @label, where @color is a parameter. */
static inline guint32
nucseg_draw_color (const NucsegDrawCall *call, guint32 color, guint label)
{
  return color == NUCSEG_COLOR_LABEL ? call->draw->palette[label]
                                     : color & 0xffffff;
}

/* --- picture.c ---------------------------------------------------------- */

/* Makes draw->stretched right for these limits. */
void nucseg_picture_set_limits (
    NucsegDraw *draw, guint low, guint high, guint depth);
/* Rows y .. y + 1 (if it is there) of the frame into shown. */
void nucseg_picture_copy (const NucsegDrawCall *call, gint y);
void nucseg_picture_stretch (
    const NucsegDrawCall *call, gint y, NucsegDrawPart *part);

/* --- paint.c ------------------------------------------------------------ */

/* Fill and contour of row @y. */
void
nucseg_paint_row (const NucsegDrawCall *call, gint y, const guint8 *layers);
/* The same of the chroma of rows @y (even) and y + 1; @layers: both rows'. */
void
nucseg_paint_chroma (const NucsegDrawCall *call, gint y, const guint8 *layers);
/* The count, over all else. */
void nucseg_paint_count (const NucsegDrawCall *call);

G_END_DECLS

#endif /* NUCSEG_CPU_OVERLAY_PRIVATE_H */
