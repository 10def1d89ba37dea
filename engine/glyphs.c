/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * glyphs.c: a font of 5 x 7 dots with what "42 nuclei" needs.
 */
#include "glyphs.h"

#include <string.h>

#define GLYPH_WIDTH 5
#define GLYPH_HEIGHT 7
#define ADVANCE 6 /* dots from one glyph to the next */
#define MARGIN 2 /* dots round the text, and round the box */

typedef struct {
  gchar character;
  guint8 rows[GLYPH_HEIGHT]; /* bit 4 is the left dot */
} Glyph;

static const Glyph font[] = {
  { '0', { 0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e } },
  { '1', { 0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e } },
  { '2', { 0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f } },
  { '3', { 0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e } },
  { '4', { 0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02 } },
  { '5', { 0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e } },
  { '6', { 0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e } },
  { '7', { 0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08 } },
  { '8', { 0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e } },
  { '9', { 0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c } },
  { 'c', { 0x00, 0x00, 0x0e, 0x10, 0x10, 0x11, 0x0e } },
  { 'e', { 0x00, 0x00, 0x0e, 0x11, 0x1f, 0x10, 0x0e } },
  { 'i', { 0x04, 0x00, 0x0c, 0x04, 0x04, 0x04, 0x0e } },
  { 'l', { 0x0c, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e } },
  { 'n', { 0x00, 0x00, 0x16, 0x19, 0x11, 0x11, 0x11 } },
  { 's', { 0x00, 0x00, 0x0e, 0x10, 0x0e, 0x01, 0x1e } },
  { 'u', { 0x00, 0x00, 0x11, 0x11, 0x11, 0x13, 0x0d } },
};

void
nucseg_count_init (NucsegCount *count, guint n, gint frame_height)
{
  gint dots;

  g_snprintf (count->text, sizeof (count->text), "%u %s", n,
      n == 1 ? "nucleus" : "nuclei");
  dots = (gint) strlen (count->text) * ADVANCE - 1;
  count->scale = MAX (1, frame_height / 240);
  count->x = count->y = MARGIN * count->scale;
  count->width = (dots + 2 * MARGIN) * count->scale;
  count->height = (GLYPH_HEIGHT + 2 * MARGIN) * count->scale;
}

NucsegCountPixel
nucseg_count_at (const NucsegCount *count, gint x, gint y)
{
  gint column, row, position;

  x -= count->x;
  y -= count->y;
  if (x < 0 || y < 0 || x >= count->width || y >= count->height)
    return NUCSEG_COUNT_OUTSIDE;

  /* x and y are not negative here, so that division rounds down */
  column = x / count->scale - MARGIN;
  row = y / count->scale - MARGIN;
  if (column < 0 || row < 0 || row >= GLYPH_HEIGHT
      || column % ADVANCE >= GLYPH_WIDTH)
    return NUCSEG_COUNT_BOX;
  position = column / ADVANCE;
  if (position >= (gint) strlen (count->text))
    return NUCSEG_COUNT_BOX;

  for (guint i = 0; i < G_N_ELEMENTS (font); i++)
    if (font[i].character == count->text[position])
      return font[i].rows[row] >> (GLYPH_WIDTH - 1 - column % ADVANCE) & 1
          ? NUCSEG_COUNT_INK
          : NUCSEG_COUNT_BOX;
  return NUCSEG_COUNT_BOX;
}
