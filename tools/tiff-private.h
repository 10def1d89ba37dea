/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiff-private.h: what the files that read TIFF share. tiff-io.c knows the file
 * and its pages, tiff-decode.c what a page's tags say and its samples.
 */
#ifndef NUCSEG_TOOL_TIFF_PRIVATE_H
#define NUCSEG_TOOL_TIFF_PRIVATE_H

#include "tiff-io.h"

#include <tiffio.h>

G_BEGIN_DECLS

/* Bytes of one strip or row of tiles. */
#define TOOL_TIFF_MAX_BAND ((guint64) 1 << 30)

struct _ToolTiff {
  TIFF *tif;
  GArray *pages; /* toff_t: offsets of the directories */
  gchar message[200]; /* libtiff's first error since it was cleared */
  gchar *broken; /* what it said of the page behind the last, or NULL */
  gboolean too_many; /* there are pages behind the last that are not read */
};

/* What the tags of a page say. */
typedef struct {
  guint32 width, height;
  guint16 bits, samples, format, photometric, planar;
  guint16 *map[3]; /* palette, owned by libtiff */
  gboolean map_is_8bit;
  NucsegFormat out;
} ToolTiffPage;

/* --- tiff-io.c ---------------------------------------------------------- */

/* FALSE, with the error IO that says what libtiff complained of. */
gboolean tool_tiff_damaged (ToolTiff *self, GError **error);

/* --- tiff-decode.c ------------------------------------------------------ */

/* Of the current page. FALSE without an error: it can't be decoded here, but
 * size and tags are there. */
gboolean tool_tiff_read_tags (ToolTiff *self, ToolTiffPage *p, GError **error);
/* Decodes strip by strip, or one row of tiles after the other, into @image of
 * the page's size and p->out. */
gboolean tool_tiff_read_bands (
    ToolTiff *self, const ToolTiffPage *p, ToolImage *image, GError **error);

G_END_DECLS

#endif /* NUCSEG_TOOL_TIFF_PRIVATE_H */
