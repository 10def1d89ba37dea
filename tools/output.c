/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * output.c: files that are written to a temporary name and then renamed, so
 * that a run that is cut short leaves no half a file under a good name.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include <nucseg.h>

static void
set_io_error (GError **error, const gchar *path, int saved_errno)
{
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO, "can't write '%s': %s",
      path, g_strerror (saved_errno));
}

static void
output_free (ToolOutput *output)
{
  g_free (output->path);
  g_free (output->temporary);
  g_free (output);
}

ToolOutput *
tool_output_open (const gchar *path, GError **error)
{
  ToolOutput *output = g_new0 (ToolOutput, 1);
  g_autofree gchar *dir = g_path_get_dirname (path);

  /* A short name of its own: STEM may fill the file system's limit. */
  output->path = g_strdup (path);
  output->temporary = g_build_filename (dir, ".nucseg-XXXXXX", NULL);
  int fd = g_mkstemp_full (output->temporary, O_RDWR | O_CLOEXEC, 0666);
  output->file = fd >= 0 ? fdopen (fd, "wb") : NULL;
  if (!output->file) {
    set_io_error (error, path, errno);
    if (fd >= 0) {
      close (fd);
      g_unlink (output->temporary);
    }
    output_free (output);
    return NULL;
  }
  return output;
}

gboolean
tool_output_commit (ToolOutput *output, GError **error)
{
  gboolean ok = !ferror (output->file);

  /* What a write before this one met, errno no longer tells. */
  errno = EIO;
  if (fclose (output->file) != 0)
    ok = FALSE;
  if (ok && g_rename (output->temporary, output->path) != 0)
    ok = FALSE;
  if (!ok) {
    set_io_error (error, output->path, errno);
    g_unlink (output->temporary);
  }
  output_free (output);
  return ok;
}

void
tool_output_abandon (ToolOutput *output)
{
  if (!output)
    return;
  fclose (output->file);
  g_unlink (output->temporary);
  output_free (output);
}
