/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * png-io.h: PNG files to and from pictures in memory.
 */
#ifndef NUCSEG_TOOL_PNG_IO_H
#define NUCSEG_TOOL_PNG_IO_H

#include <stdio.h>
#include "image.h"

G_BEGIN_DECLS

/**
 * tool_png_read:
 * @file: open at the first byte of the file
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the picture, as tool_reader_read() says
 */
ToolImage *tool_png_read (FILE *file, GError **error);

/**
 * tool_png_write:
 * @file: where to write
 * @image: GRAY8, GRAY16 in host byte order, or RGB
 * @error: return location
 *
 * Returns: TRUE on success; error IO
 */
gboolean tool_png_write (FILE *file, const ToolImage *image, GError **error);

/* The same into the file @path, which appears when it is complete. */
gboolean
tool_png_save (const gchar *path, const ToolImage *image, GError **error);

G_END_DECLS

#endif /* NUCSEG_TOOL_PNG_IO_H */
