/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * moves-template.h: what moves elements and computes nothing, a part of
 * template.h and of u8-template.h, which define Element.
 */
#include "cpu/kernels/copy-pixels.h"

static inline Element *
pixel (const NucsegTensor *t, gint y, gint x)
{
  return (Element *) t->data + ((gsize) y * t->width + x) * t->pitch;
}

static void
copy (const NucsegTensor *in, const NucsegTensor *out, gint first, gint end)
{
  const gsize size = sizeof (Element);
  const gsize bytes = in->channels * size;

  for (gint y = first; y < end; y++) {
    if (in->pitch == in->channels && out->pitch == in->channels)
      memcpy (pixel (out, y, 0), pixel (in, y, 0), bytes * in->width);
    else
      nucseg_copy_pixels (pixel (out, y, 0), out->pitch * size,
          pixel (in, y, 0), in->pitch * size, bytes, (gsize) in->width);
  }
}

static void
upsample_nearest (
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end)
{
  const gsize size = sizeof (Element);
  const gsize bytes = in->channels * size;

  for (gint y = first; y < end; y++) {
    for (gint odd = 0; odd < 2; odd++)
      nucseg_copy_pixels (pixel (out, y, odd), 2 * out->pitch * size,
          pixel (in, y / 2, 0), in->pitch * size, bytes, (gsize) in->width);
  }
}
