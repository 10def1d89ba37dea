/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * copy-pixels.h: pixels from one pitch to another. For the few bytes of a
 * pixel a call of memcpy() takes longer than the copy; where their number is
 * known when compiled it is one register.
 */
#ifndef NUCSEG_CPU_COPY_PIXELS_H
#define NUCSEG_CPU_COPY_PIXELS_H

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

static inline __attribute__ ((always_inline)) void
nucseg_copy_pixels_of (gpointer to, gsize to_pitch, gconstpointer from,
    gsize from_pitch, gsize bytes, gsize n)
{
  guint8 *t = to;
  const guint8 *f = from;

  for (gsize i = 0; i < n; i++, t += to_pitch, f += from_pitch)
    memcpy (t, f, bytes);
}

/* @n pixels of @bytes bytes each; pitches are in bytes too. @to and @from don't
 * overlap. */
static inline void
nucseg_copy_pixels (gpointer to, gsize to_pitch, gconstpointer from,
    gsize from_pitch, gsize bytes, gsize n)
{
  if (bytes == 8)
    nucseg_copy_pixels_of (to, to_pitch, from, from_pitch, 8, n);
  else if (bytes == 16)
    nucseg_copy_pixels_of (to, to_pitch, from, from_pitch, 16, n);
  else if (bytes == 32)
    nucseg_copy_pixels_of (to, to_pitch, from, from_pitch, 32, n);
  else
    nucseg_copy_pixels_of (to, to_pitch, from, from_pitch, bytes, n);
}

G_END_DECLS

#endif /* NUCSEG_CPU_COPY_PIXELS_H */
