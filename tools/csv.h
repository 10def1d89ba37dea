/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * csv.h: the table of objects as comma-separated values.
 */
#ifndef NUCSEG_TOOL_CSV_H
#define NUCSEG_TOOL_CSV_H

#include <stdio.h>
#include <nucseg.h>

G_BEGIN_DECLS

/**
 * tool_csv_header:
 * @file: where to write
 * @pixel_size_um: micrometres per pixel; above 0 two more columns follow
 *
 * Writes the line of column names.
 */
void tool_csv_header (FILE *file, gdouble pixel_size_um);

/**
 * tool_csv_objects:
 * @file: where to write
 * @image: value of the first column; quoted as RFC 4180 says where needed
 * @objects: the objects
 * @n_objects: their number
 * @pixel_size_um: as for tool_csv_header()
 *
 * Writes one line for each object. Lines end in a line feed alone. Errors
 * show in ferror().
 */
void tool_csv_objects (FILE *file, const gchar *image,
    const NucsegObject *objects, guint n_objects, gdouble pixel_size_um);

G_END_DECLS

#endif /* NUCSEG_TOOL_CSV_H */
