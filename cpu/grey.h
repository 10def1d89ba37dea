/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grey.h: rows of a raw frame as integer grey values (docs/model-format.md,
 * input, step 1), in the narrowest type, without a copy where the frame has
 * them so already.
 */
#ifndef NUCSEG_CPU_GREY_H
#define NUCSEG_CPU_GREY_H

#include "backend.h"

G_BEGIN_DECLS

/* Where the bytes of a packed pixel stand; size 0 for other formats. */
typedef struct {
  gint size;
  gint red, green, blue;
  gint fourth; /* alpha or padding; -1: none */
} NucsegPacking;

NucsegPacking nucseg_packing_of (NucsegFormat format);

/* Whether grey values have more than 8 bits: GRAY16 and P010. */
static inline gboolean
nucseg_grey_is_wide (const NucsegFrame *frame)
{
  return nucseg_format_get_sample_bytes (frame->format) > 1;
}

/**
 * nucseg_grey_row8:
 * @frame: a frame that isn't wide
 * @y: row
 * @scratch: frame->width bytes
 *
 * Returns: frame->width grey values: in the frame itself or in @scratch
 */
const guint8 *
nucseg_grey_row8 (const NucsegFrame *frame, gint y, guint8 *scratch);

/* The same for a wide frame: always in @scratch. */
void nucseg_grey_row16 (const NucsegFrame *frame, gint y, guint16 *scratch);

/* Sum of the grey values x0 .. x1 - 1 of row @y. */
guint64 nucseg_grey_sum (const NucsegFrame *frame, const NucsegPacking *packing,
    gint y, gint x0, gint x1);

G_END_DECLS

#endif /* NUCSEG_CPU_GREY_H */
