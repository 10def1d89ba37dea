/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiff-io.h: TIFF files to pictures in memory.
 */
#ifndef NUCSEG_TOOL_TIFF_IO_H
#define NUCSEG_TOOL_TIFF_IO_H

#include "image.h"

G_BEGIN_DECLS

typedef struct _ToolTiff ToolTiff;

/**
 * tool_tiff_open:
 * @path: the file
 * @error: return location
 *
 * Walks all directories. Reduced copies (pyramids, thumbnails) and masks are
 * not pages. What is damaged behind whole pages counts as one page, which can't
 * be read.
 *
 * Returns: (transfer full) (nullable): the open file; errors IO, UNSUPPORTED
 */
ToolTiff *tool_tiff_open (const gchar *path, GError **error);
guint tool_tiff_n_pages (ToolTiff *tiff);
/* As tool_reader_read(). */
ToolImage *tool_tiff_read (ToolTiff *tiff, guint page, GError **error);
void tool_tiff_close (ToolTiff *tiff);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTiff, tool_tiff_close)

G_END_DECLS

#endif /* NUCSEG_TOOL_TIFF_IO_H */
