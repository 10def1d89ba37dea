/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * output.h: a file that appears under its name only when it is complete.
 */
#ifndef NUCSEG_TOOL_OUTPUT_H
#define NUCSEG_TOOL_OUTPUT_H

#include <stdio.h>
#include <glib.h>

G_BEGIN_DECLS

/**
 * ToolOutput:
 * @file: write here
 *
 * A temporary file beside the one it will become.
 */
typedef struct {
  FILE *file;
  gchar *path, *temporary;
} ToolOutput;

/**
 * tool_output_open:
 * @path: name of the finished file
 * @error: return location
 *
 * Returns: (transfer full) (nullable): to be ended by tool_output_commit() or
 *   tool_output_abandon(); error NUCSEG_ERROR_IO names the file
 */
ToolOutput *tool_output_open (const gchar *path, GError **error);

/* Closes the file and gives it its name, replacing what had it. Frees @output
 * in any case; on failure nothing is left behind. */
gboolean tool_output_commit (ToolOutput *output, GError **error);

/* Closes and removes the temporary file. NULL is allowed. */
void tool_output_abandon (ToolOutput *output);

G_END_DECLS

#endif /* NUCSEG_TOOL_OUTPUT_H */
