/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * messages.c: what the commands say on stderr.
 */
#include "command.h"

#include <stdio.h>
#include <unistd.h>

static const gchar *command;
static gboolean line_is_there;

void
tool_set_command (const gchar *name)
{
  command = name;
}

gboolean
tool_progress_is_seen (void)
{
  return isatty (STDERR_FILENO);
}

void
tool_progress (const gchar *format, ...)
{
  va_list ap;
  g_autofree gchar *text = NULL;

  if (!tool_progress_is_seen ())
    return;
  va_start (ap, format);
  text = g_strdup_vprintf (format, ap);
  va_end (ap);
  if (!text[0] && !line_is_there)
    return;
  /* back to the first column, the text, erase to the end of the line */
  fprintf (stderr, "\r%s\033[K", text);
  fflush (stderr);
  line_is_there = text[0] != '\0';
}

void
tool_message (const gchar *format, ...)
{
  va_list ap;
  g_autofree gchar *text = NULL;

  va_start (ap, format);
  text = g_strdup_vprintf (format, ap);
  va_end (ap);
  tool_progress ("%s", "");
  if (command)
    fprintf (stderr, "nucseg %s: %s\n", command, text);
  else
    fprintf (stderr, "nucseg: %s\n", text);
}

int
tool_end_output (int code)
{
  /* g_print() writes at once, and tells nobody that it couldn't */
  if (code != TOOL_EXIT_OK || (fflush (stdout) == 0 && !ferror (stdout)))
    return code;
  tool_message ("can't write to standard output");
  return TOOL_EXIT_FAILED;
}
