/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * csv.c: the table of objects as comma-separated values.
 */
#include "csv.h"

#include <string.h>

void
tool_csv_header (FILE *file, gdouble pixel_size_um)
{
  fputs ("image,label,x,y,width,height,centroid_x,centroid_y,area,mean,"
         "integrated,perimeter,circularity",
      file);
  fputs (pixel_size_um > 0 ? ",area_um2,perimeter_um\n" : "\n", file);
}

static void
put_text (FILE *file, const gchar *text)
{
  if (!strpbrk (text, ",\"\r\n")) {
    fputs (text, file);
    return;
  }
  fputc ('"', file);
  for (; *text; text++) {
    if (*text == '"')
      fputc ('"', file);
    fputc (*text, file);
  }
  fputc ('"', file);
}

static void
put_number (FILE *file, const gchar *format, gdouble value)
{
  gchar text[G_ASCII_DTOSTR_BUF_SIZE];

  /* Never with a decimal comma, whatever the locale. */
  fputc (',', file);
  fputs (g_ascii_formatd (text, sizeof text, format, value), file);
}

void
tool_csv_objects (FILE *file, const gchar *image, const NucsegObject *objects,
    guint n_objects, gdouble pixel_size_um)
{
  for (guint i = 0; i < n_objects; i++) {
    const NucsegObject *o = &objects[i];

    put_text (file, image);
    fprintf (
        file, ",%u,%d,%d,%d,%d", o->label, o->x, o->y, o->width, o->height);
    put_number (file, "%.3f", o->centroid_x);
    put_number (file, "%.3f", o->centroid_y);
    fprintf (file, ",%u", o->area);
    put_number (file, "%.3f", o->mean);
    put_number (file, "%.0f", o->integrated);
    put_number (file, "%.3f", o->perimeter);
    put_number (file, "%.4f", o->circularity);
    if (pixel_size_um > 0) {
      put_number (file, "%.4f", o->area * pixel_size_um * pixel_size_um);
      put_number (file, "%.4f", o->perimeter * pixel_size_um);
    }
    fputc ('\n', file);
  }
}
