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
 * @path: the finished file, as the user named it
 * @written: the file that is written now; another program part may open it
 *   by this name until tool_output_publish()
 *
 * A temporary file beside the one it will become. What is there and is no
 * file (a device, a pipe) is written itself.
 */
typedef struct {
  FILE *file;
  gchar *path, *written;
  gchar *target; /* where a symbolic link leads; NULL once it has its name */
} ToolOutput;

/**
 * tool_output_open:
 * @path: name of the finished file
 * @error: return location
 *
 * What has the name stays as it is.
 *
 * Returns: (transfer full) (nullable): to be ended by tool_output_commit() or
 *   tool_output_abandon(); error NUCSEG_ERROR_IO names the file
 */
ToolOutput *tool_output_open (const gchar *path, GError **error);

/* Gives the file its name while it is written, replacing what had it: of what
 * takes long, a part is worth more than nothing. Where it fails,
 * tool_output_commit() tries again. Any thread, one at a time. */
void tool_output_publish (ToolOutput *output);

/* Closes the file and gives it its name, replacing what had it. Frees @output
 * in any case; on failure nothing is left behind. */
gboolean tool_output_commit (ToolOutput *output, GError **error);

/* Closes the file and removes it, unless it was published. NULL is allowed. */
void tool_output_abandon (ToolOutput *output);

/* (transfer full) (nullable): a text that all paths of what is there have in
 * common, and no others; NULL where nothing is. */
gchar *tool_file_identity (const gchar *path);

/**
 * tool_output_identity:
 * @path: of a file to be written, there or not yet
 *
 * Returns: (transfer full) (nullable): a text that two paths have in common if
 *   writing one changes the other, of what is there tool_file_identity()'s;
 *   NULL for what is no file, and where the folder is not there
 */
gchar *tool_output_identity (const gchar *path);

G_END_DECLS

#endif /* NUCSEG_TOOL_OUTPUT_H */
