/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.c: the picture under the drawing: a copy, or a grey frame stretched
 * to what the eye can see in a colour format.
 */
#include "cpu/overlay-private.h"
#include "levels.h"
#include "palette.h"

#include <string.h>

void
nucseg_picture_set_limits (NucsegDraw *draw, guint low, guint high, guint depth)
{
  if (draw->stretched_depth == depth && draw->stretched_low == low
      && draw->stretched_high == high)
    return;
  for (guint grey = 0; grey < 1u << depth; grey++)
    draw->stretched[grey] = nucseg_stretch (grey, low, high);
  draw->stretched_depth = depth;
  draw->stretched_low = low;
  draw->stretched_high = high;
}

static void
copy_row (const NucsegDrawCall *call, gint plane, gint y, gint bytes)
{
  const NucsegFrame *frame = call->frame;
  const NucsegFrame *shown = call->shown;

  if (frame->data[plane] != shown->data[plane])
    memcpy (shown->data[plane] + (gsize) y * shown->stride[plane],
        frame->data[plane] + (gsize) y * frame->stride[plane], bytes);
}

void
nucseg_picture_copy (const NucsegDrawCall *call, gint y)
{
  const NucsegFrame *frame = call->frame;
  const gint half = (frame->width + 1) / 2;
  const gint size = call->packing.size > 0 ? call->packing.size
      : nucseg_grey_is_wide (frame)        ? 2
                                           : 1;
  const gint samples = half * size; /* of a plane that has U or V alone */

  for (gint row = y; row < MIN (y + 2, frame->height); row++)
    copy_row (call, 0, row, frame->width * size);
  if (frame->format == NUCSEG_FORMAT_I420) {
    copy_row (call, 1, y / 2, samples);
    copy_row (call, 2, y / 2, samples);
  } else if (nucseg_format_is_yuv (frame->format)) {
    copy_row (call, 1, y / 2, samples * 2);
  }
}

/* A row of values 0..255, in place of the grey ones. */
static const guint8 *
stretch_row (const NucsegDrawCall *call, gint y, NucsegDrawPart *part)
{
  const NucsegFrame *frame = call->frame;
  const guint8 *table = call->draw->stretched;
  guint8 *values = (guint8 *) part->grey;

  if (nucseg_grey_is_wide (frame)) {
    nucseg_grey_row16 (frame, y, part->grey);
    /* Value x goes where grey x / 2 was: that has been read. */
    for (gint x = 0; x < frame->width; x++) {
      const guint16 grey = part->grey[x];
      values[x] = table[grey];
    }
  } else {
    const guint8 *grey = nucseg_grey_row8 (frame, y, values);

    for (gint x = 0; x < frame->width; x++)
      values[x] = table[grey[x]];
  }
  return values;
}

static void
write_packed (const NucsegPacking *p, const guint8 *restrict values, gint width,
    guint8 *restrict out)
{
  if (p->size == 3) {
    for (gint x = 0; x < width; x++)
      out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = values[x];
    return;
  }
  for (gint x = 0; x < width; x++) {
    /* All bytes the same, but for the fourth: order of bytes is no matter. */
    guint32 pixel = 0x01010101u * values[x];

    memcpy (out + 4 * (gsize) x, &pixel, sizeof pixel);
  }
  for (gint x = 0; x < width; x++)
    out[4 * (gsize) x + p->fourth] = 255;
}

/* The sample @x of a row of P010. */
static void
put_word (guint8 *line, gint x, guint value)
{
  const guint16 word = GUINT16_TO_LE ((guint16) value);

  memcpy (line + 2 * (gsize) x, &word, sizeof word);
}

void
nucseg_picture_stretch (
    const NucsegDrawCall *call, gint y, NucsegDrawPart *part)
{
  const NucsegFrame *frame = call->frame;
  const NucsegFrame *shown = call->shown;
  const gint half = (frame->width + 1) / 2;

  for (gint row = y; row < MIN (y + 2, frame->height); row++) {
    const guint8 *values = stretch_row (call, row, part);
    guint8 *out = shown->data[0] + (gsize) row * shown->stride[0];

    if (call->packing.size > 0) {
      write_packed (&call->packing, values, frame->width, out);
      continue;
    }
    for (gint x = 0; x < frame->width; x++) {
      const guint luma =
          nucseg_palette_yuv (values[x] * 0x010101u, shown->yuv) >> 16;

      if (shown->format == NUCSEG_FORMAT_P010)
        put_word (out, x, luma << 8);
      else
        out[x] = (guint8) luma;
    }
  }
  if (shown->format == NUCSEG_FORMAT_P010) {
    for (gint x = 0; x < 2 * half; x++)
      put_word (shown->data[1] + (gsize) (y / 2) * shown->stride[1], x, 0x8000);
  } else if (shown->format == NUCSEG_FORMAT_NV12) {
    memset (shown->data[1] + (gsize) (y / 2) * shown->stride[1], 128, half * 2);
  } else if (shown->format == NUCSEG_FORMAT_I420) {
    memset (shown->data[1] + (gsize) (y / 2) * shown->stride[1], 128, half);
    memset (shown->data[2] + (gsize) (y / 2) * shown->stride[2], 128, half);
  }
}
