/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image.c: pictures in memory, and the reader that tells PNG from TIFF.
 */
#include "image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <glib/gstdio.h>

#include "png-io.h"
#include "tiff-io.h"

struct _ToolReader {
  FILE *png; /* NULL for TIFF */
  ToolTiff *tiff;
};

ToolImage *
tool_image_new (NucsegFormat format, gint width, gint height, GError **error)
{
  gsize pixel = format == NUCSEG_FORMAT_RGB ? 3
      : format == NUCSEG_FORMAT_GRAY8       ? 1
                                            : 2;
  ToolImage *image = g_new0 (ToolImage, 1);

  image->format = format;
  image->width = width;
  image->height = height;
  image->stride = ((gsize) width * pixel + 3) & ~(gsize) 3;
  image->data = g_try_malloc (image->stride * height);
  if (!image->data) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "not enough memory for a picture of %dx%d pixels", width, height);
    g_free (image);
    return NULL;
  }
  return image;
}

void
tool_image_free (ToolImage *image)
{
  if (!image)
    return;
  g_free (image->data);
  g_free (image);
}

guint
tool_image_depth (const ToolImage *image)
{
  if (image->format != TOOL_FORMAT_GRAY16)
    return 8;
  for (gint y = 0; y < image->height; y++) {
    const guint16 *row = (gpointer) (image->data + y * image->stride);
    guint all = 0;

    for (gint x = 0; x < image->width; x++)
      all |= row[x];
    if (all >= 1u << 12)
      return 16;
  }
  return 12;
}

gboolean
tool_check_size (guint64 width, guint64 height, GError **error)
{
  if (width >= NUCSEG_MIN_SIZE && height >= NUCSEG_MIN_SIZE
      && width <= NUCSEG_MAX_SIZE && height <= NUCSEG_MAX_SIZE)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
      "the picture has %" G_GUINT64_FORMAT "x%" G_GUINT64_FORMAT
      " pixels; %dx%d to %dx%d can be segmented",
      width, height, NUCSEG_MIN_SIZE, NUCSEG_MIN_SIZE, NUCSEG_MAX_SIZE,
      NUCSEG_MAX_SIZE);
  return FALSE;
}

static gboolean
is_tiff (const guint8 *head, gsize n)
{
  return n >= 4
      && (!memcmp (head, "II*\0", 4) || !memcmp (head, "MM\0*", 4)
          || !memcmp (head, "II+\0", 4) || !memcmp (head, "MM\0+", 4));
}

static gboolean
open_failed (int saved_errno, GError **error)
{
  if (saved_errno == ENOENT)
    g_set_error (
        error, NUCSEG_ERROR, NUCSEG_ERROR_NOT_FOUND, "there is no such file");
  else
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO, "can't be read: %s",
        g_strerror (saved_errno));
  return FALSE;
}

ToolReader *
tool_reader_open (const gchar *path, GError **error)
{
  static const guint8 png_signature[8] = { 0x89, 'P', 'N', 'G', '\r', '\n',
    0x1a, '\n' };
  guint8 head[8];
  GStatBuf st;
  g_autoptr (ToolReader) reader = g_new0 (ToolReader, 1);

  /* Before it is opened: opening a FIFO would wait for a writer. */
  if (g_stat (path, &st) != 0) {
    open_failed (errno, error);
    return NULL;
  }
  if (!S_ISREG (st.st_mode)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "is a %s; an image file was expected",
        S_ISDIR (st.st_mode) ? "directory" : "device, pipe or socket");
    return NULL;
  }
  FILE *file = g_fopen (path, "rbe");
  if (!file) {
    open_failed (errno, error);
    return NULL;
  }
  gsize n = fread (head, 1, sizeof head, file);
  if (n == 0 && !ferror (file)) {
    fclose (file);
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the file is empty; a PNG or TIFF image was expected");
    return NULL;
  }
  if (n == sizeof head && !memcmp (head, png_signature, sizeof head)) {
    rewind (file);
    reader->png = file;
    return g_steal_pointer (&reader);
  }
  fclose (file);
  if (is_tiff (head, n)) {
    reader->tiff = tool_tiff_open (path, error);
    return reader->tiff ? g_steal_pointer (&reader) : NULL;
  }
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "is neither a PNG nor a TIFF image");
  return NULL;
}

guint
tool_reader_n_pages (ToolReader *reader)
{
  return reader->tiff ? tool_tiff_n_pages (reader->tiff) : 1;
}

ToolImage *
tool_reader_read (ToolReader *reader, guint page, GError **error)
{
  return reader->tiff ? tool_tiff_read (reader->tiff, page, error)
                      : tool_png_read (reader->png, error);
}

void
tool_reader_close (ToolReader *reader)
{
  if (!reader)
    return;
  if (reader->png)
    fclose (reader->png);
  tool_tiff_close (reader->tiff);
  g_free (reader);
}
