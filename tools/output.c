/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * output.c: files that are written to a temporary name and then renamed, so
 * that a run that is cut short leaves no half a file under a good name.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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
  g_free (output->written);
  g_free (output->target);
  g_free (output);
}

/* A device or a pipe can't be replaced by a file; a folder can't either, but
 * that is an error. */
static gboolean
is_special (const gchar *path)
{
  GStatBuf st;

  return g_stat (path, &st) == 0 && !S_ISREG (st.st_mode)
      && !S_ISDIR (st.st_mode);
}

/* Without symbolic links, for what is there. */
static gchar *
resolve (const gchar *path)
{
  char *real = realpath (path, NULL);
  gchar *copy = g_strdup (real ? real : path);

  free (real);
  return copy;
}

ToolOutput *
tool_output_open (const gchar *path, GError **error)
{
  ToolOutput *output = g_new0 (ToolOutput, 1);
  int fd;

  output->path = g_strdup (path);
  if (is_special (path)) {
    output->written = g_strdup (path);
    fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);
  } else if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
    fd = -1;
    errno = EISDIR;
  } else {
    output->target = resolve (path);
    g_autofree gchar *dir = g_path_get_dirname (output->target);
    /* A short name of its own: STEM may fill the file system's limit. */
    output->written = g_build_filename (dir, ".nucseg-XXXXXX", NULL);
    fd = g_mkstemp_full (output->written, O_RDWR | O_CLOEXEC, 0666);
  }
  output->file = fd >= 0 ? fdopen (fd, "wb") : NULL;
  if (!output->file) {
    set_io_error (error, path, errno);
    if (fd >= 0) {
      close (fd);
      if (output->target)
        g_unlink (output->written);
    }
    output_free (output);
    return NULL;
  }
  return output;
}

void
tool_output_publish (ToolOutput *output)
{
  if (output->target && g_rename (output->written, output->target) == 0)
    g_clear_pointer (&output->target, g_free);
}

gboolean
tool_output_commit (ToolOutput *output, GError **error)
{
  gboolean ok = !ferror (output->file);

  /* What a write before this one met, errno no longer tells. */
  errno = EIO;
  if (fclose (output->file) != 0)
    ok = FALSE;
  if (ok) {
    tool_output_publish (output);
    ok = output->target == NULL;
  }
  if (!ok) {
    set_io_error (error, output->path, errno);
    if (output->target)
      g_unlink (output->written);
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
  if (output->target)
    g_unlink (output->written);
  output_free (output);
}

gchar *
tool_file_identity (const gchar *path)
{
  GStatBuf st;

  if (g_stat (path, &st) != 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
      (guint64) st.st_dev, (guint64) st.st_ino);
}

gchar *
tool_output_identity (const gchar *path)
{
  g_autofree gchar *dir = g_path_get_dirname (path);
  g_autofree gchar *base = g_path_get_basename (path);
  char *real;
  gchar *identity;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_file_test (path, G_FILE_TEST_IS_REGULAR)
        ? tool_file_identity (path)
        : NULL;
  real = realpath (dir, NULL);
  identity = real ? g_build_filename (real, base, NULL) : NULL;
  free (real);
  return identity;
}
