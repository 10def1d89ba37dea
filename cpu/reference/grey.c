/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grey.c: a raw frame of any format as integer grey values
 * (docs/model-format.md, input, step 1).
 */
#include "cpu/reference/reference.h"

gboolean
nucseg_ref_get_packing (NucsegFormat format, NucsegRefPacking *packing)
{
  switch (format) {
  case NUCSEG_FORMAT_RGB:
    *packing = (NucsegRefPacking){ 0, 1, 2, 0, 3 };
    return TRUE;
  case NUCSEG_FORMAT_BGR:
    *packing = (NucsegRefPacking){ 2, 1, 0, 0, 3 };
    return TRUE;
  case NUCSEG_FORMAT_RGBX:
  case NUCSEG_FORMAT_RGBA:
    *packing = (NucsegRefPacking){ 0, 1, 2, 3, 4 };
    return TRUE;
  case NUCSEG_FORMAT_BGRX:
  case NUCSEG_FORMAT_BGRA:
    *packing = (NucsegRefPacking){ 2, 1, 0, 3, 4 };
    return TRUE;
  case NUCSEG_FORMAT_XRGB:
    *packing = (NucsegRefPacking){ 1, 2, 3, 0, 4 };
    return TRUE;
  case NUCSEG_FORMAT_XBGR:
    *packing = (NucsegRefPacking){ 3, 2, 1, 0, 4 };
    return TRUE;
  default:
    return FALSE;
  }
}

static void
row_of_16_bits (const NucsegFrame *frame, const guint8 *line, guint16 *grey)
{
  guint depth = nucseg_frame_get_depth (frame);
  guint top = (1u << depth) - 1;
  gboolean big = frame->format == NUCSEG_FORMAT_GRAY16_BE;
  gboolean high = nucseg_frame_is_msb_aligned (frame);

  for (gint x = 0; x < frame->width; x++) {
    guint low = line[2 * x + (big ? 1 : 0)];
    guint word = low | (guint) line[2 * x + (big ? 0 : 1)] << 8;

    grey[x] = high ? word >> (16 - depth) : MIN (word, top);
  }
}

void
nucseg_ref_grey_row (const NucsegFrame *frame, gint y, guint16 *grey)
{
  const guint8 *line = frame->data[0] + (gsize) y * frame->stride[0];
  NucsegRefPacking p;

  if (nucseg_ref_get_packing (frame->format, &p)) {
    for (gint x = 0; x < frame->width; x++, line += p.size)
      grey[x] = (19595u * line[p.red] + 38470u * line[p.green]
                    + 7471u * line[p.blue] + 32768u)
          >> 16;
  } else if (nucseg_format_get_sample_bytes (frame->format) > 1) {
    row_of_16_bits (frame, line, grey);
  } else {
    /* GRAY8, and the Y plane of NV12 and I420 */
    for (gint x = 0; x < frame->width; x++)
      grey[x] = line[x];
  }
}

void
nucseg_ref_histogram (
    const NucsegFrame *frame, guint16 *row, guint32 *histogram)
{
  guint n_levels = 1u << nucseg_frame_get_depth (frame);

  for (guint g = 0; g < n_levels; g++)
    histogram[g] = 0;
  for (gint y = 0; y < frame->height; y++) {
    nucseg_ref_grey_row (frame, y, row);
    for (gint x = 0; x < frame->width; x++)
      histogram[row[x]]++;
  }
}
