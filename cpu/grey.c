/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* grey.c: raw frames of any format as grey values. */
#include "cpu/grey.h"

#include <string.h>

NucsegPacking
nucseg_packing_of (NucsegFormat format)
{
  switch (format) {
  case NUCSEG_FORMAT_RGB:
    return (NucsegPacking){ 3, 0, 1, 2, -1 };
  case NUCSEG_FORMAT_BGR:
    return (NucsegPacking){ 3, 2, 1, 0, -1 };
  case NUCSEG_FORMAT_RGBX:
  case NUCSEG_FORMAT_RGBA:
    return (NucsegPacking){ 4, 0, 1, 2, 3 };
  case NUCSEG_FORMAT_BGRX:
  case NUCSEG_FORMAT_BGRA:
    return (NucsegPacking){ 4, 2, 1, 0, 3 };
  case NUCSEG_FORMAT_XRGB:
    return (NucsegPacking){ 4, 1, 2, 3, 0 };
  case NUCSEG_FORMAT_XBGR:
    return (NucsegPacking){ 4, 3, 2, 1, 0 };
  default:
    return (NucsegPacking){ 0, 0, 0, 0, -1 };
  }
}

static inline guint8
luma (guint red, guint green, guint blue)
{
  return (
      guint8) ((19595u * red + 38470u * green + 7471u * blue + 32768u) >> 16);
}

/* The compiler makes vector code of it where the size is a constant. */
static inline void
luma_row (const guint8 *line, const NucsegPacking *p, gint size, gint width,
    guint8 *restrict out)
{
  const guint8 *red = line + p->red, *green = line + p->green;
  const guint8 *blue = line + p->blue;

  for (gint x = 0; x < width; x++)
    out[x] = luma (red[x * size], green[x * size], blue[x * size]);
}

const guint8 *
nucseg_grey_row8 (const NucsegFrame *frame, gint y, guint8 *scratch)
{
  const guint8 *line = frame->data[0] + (gsize) y * frame->stride[0];
  const NucsegPacking p = nucseg_packing_of (frame->format);

  if (p.size == 0)
    return line;
  if (p.size == 3)
    luma_row (line, &p, 3, frame->width, scratch);
  else
    luma_row (line, &p, 4, frame->width, scratch);
  return scratch;
}

/* A word as it lies in the frame, as a number of this host. */
static inline guint16
to_host (guint16 word, gboolean big)
{
  return big ? GUINT16_FROM_BE (word) : GUINT16_FROM_LE (word);
}

static inline void
wide_row (const guint8 *line, gboolean big, guint shift, guint16 top,
    gint width, guint16 *restrict out)
{
  for (gint x = 0; x < width; x++) {
    guint16 word;

    memcpy (&word, line + 2 * (gsize) x, sizeof word);
    word = to_host (word, big) >> shift;
    out[x] = MIN (word, top);
  }
}

/* Bits to drop at the low end of a word. */
static guint
shift_of (const NucsegFrame *frame)
{
  return nucseg_frame_is_msb_aligned (frame)
      ? 16 - nucseg_frame_get_depth (frame)
      : 0;
}

void
nucseg_grey_row16 (const NucsegFrame *frame, gint y, guint16 *scratch)
{
  const guint8 *line = frame->data[0] + (gsize) y * frame->stride[0];
  const guint16 top = (1u << nucseg_frame_get_depth (frame)) - 1;

  if (frame->format == NUCSEG_FORMAT_GRAY16_BE)
    wide_row (line, TRUE, shift_of (frame), top, frame->width, scratch);
  else
    wide_row (line, FALSE, shift_of (frame), top, frame->width, scratch);
}

guint64
nucseg_grey_sum (const NucsegFrame *frame, const NucsegPacking *packing, gint y,
    gint x0, gint x1)
{
  const guint8 *line = frame->data[0] + (gsize) y * frame->stride[0];
  guint64 sum = 0;

  if (packing->size > 0) {
    for (gint x = x0; x < x1; x++) {
      const guint8 *p = line + x * packing->size;
      sum += luma (p[packing->red], p[packing->green], p[packing->blue]);
    }
  } else if (nucseg_grey_is_wide (frame)) {
    const gboolean big = frame->format == NUCSEG_FORMAT_GRAY16_BE;
    const guint shift = shift_of (frame);
    const guint16 top = (1u << nucseg_frame_get_depth (frame)) - 1;

    for (gint x = x0; x < x1; x++) {
      guint16 word;

      memcpy (&word, line + 2 * (gsize) x, sizeof word);
      word = to_host (word, big) >> shift;
      sum += MIN (word, top);
    }
  } else {
    guint32 part = 0; /* at most 8192 bytes: it holds them */

    for (gint x = x0; x < x1; x++)
      part += line[x];
    sum = part;
  }
  return sum;
}
