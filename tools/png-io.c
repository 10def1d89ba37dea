/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * png-io.c: PNG through libpng. libpng reports errors by longjmp, so all that
 * must survive one stands in a struct of the caller's frame, and the functions
 * that call setjmp have no other locals that change.
 */
#include "png-io.h"

#include <errno.h>
#include <string.h>
#include <png.h>

#include "output.h"

typedef struct {
  FILE *file;
  png_structp png;
  png_infop info;
  ToolImage *image;
  guint8 **rows;
  guint16 *colour_row; /* 16-bit colour, one row */
  gboolean short_read;
  gchar message[200];
} PngState;

static void
on_error (png_structp png, png_const_charp message)
{
  PngState *s = png_get_error_ptr (png);

  g_strlcpy (s->message, message, sizeof s->message);
  png_longjmp (png, 1);
}

static void
on_warning (png_structp png, png_const_charp message)
{
}

static void
on_read (png_structp png, png_bytep data, png_size_t n)
{
  PngState *s = png_get_io_ptr (png);

  if (fread (data, 1, n, s->file) != n) {
    s->short_read = !ferror (s->file);
    png_error (png, s->short_read ? "end of file" : g_strerror (errno));
  }
}

/* Asks for rows that are GRAY8, GRAY16, RGB or (wide) 48-bit RGB. */
static NucsegFormat
set_transforms (PngState *s, gboolean *wide)
{
  png_byte type = png_get_color_type (s->png, s->info);
  png_byte depth = png_get_bit_depth (s->png, s->info);
  gboolean colour = (type & PNG_COLOR_MASK_COLOR) != 0;

  if (type == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb (s->png);
  if (type == PNG_COLOR_TYPE_GRAY && depth < 8)
    png_set_expand_gray_1_2_4_to_8 (s->png);
  png_set_strip_alpha (s->png);
  if (depth == 16 && G_BYTE_ORDER == G_LITTLE_ENDIAN)
    png_set_swap (s->png);
  *wide = colour && depth == 16;
  return depth == 16 ? TOOL_FORMAT_GRAY16
      : colour       ? NUCSEG_FORMAT_RGB
                     : NUCSEG_FORMAT_GRAY8;
}

/* 48-bit rows are turned to grey as they come, but an interlaced picture has
 * to be whole before any of its rows is. */
static gboolean
read_wide (PngState *s, int passes, GError **error)
{
  gint width = s->image->width, height = s->image->height;
  gsize kept = passes > 1 ? height : 1;

  s->colour_row = g_try_malloc_n (kept * width, 3 * sizeof (guint16));
  if (!s->colour_row) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "not enough memory for a picture of %dx%d pixels", width, height);
    return FALSE;
  }
  for (int pass = 0; pass < passes; pass++) {
    for (gint y = 0; y < height; y++) {
      guint16 *row = s->colour_row + (passes > 1 ? (gsize) y * width * 3 : 0);

      png_read_row (s->png, (png_bytep) row, NULL);
      if (pass != passes - 1)
        continue;
      guint16 *out = (guint16 *) (s->image->data + y * s->image->stride);
      for (gint x = 0; x < width; x++)
        out[x] = tool_luma (row[3 * x], row[3 * x + 1], row[3 * x + 2]);
    }
  }
  return TRUE;
}

/* May longjmp. */
static gboolean
read_picture (PngState *s, GError **error)
{
  gboolean wide;

  png_read_info (s->png, s->info);
  png_uint_32 width = png_get_image_width (s->png, s->info);
  png_uint_32 height = png_get_image_height (s->png, s->info);
  if (!tool_check_size (width, height, error))
    return FALSE;
  NucsegFormat format = set_transforms (s, &wide);
  int passes = png_set_interlace_handling (s->png);
  png_read_update_info (s->png, s->info);
  s->image = tool_image_new (format, width, height, error);
  if (!s->image)
    return FALSE;
  if (wide) {
    if (!read_wide (s, passes, error))
      return FALSE;
  } else {
    g_assert (png_get_rowbytes (s->png, s->info) <= s->image->stride);
    s->rows = g_new (guint8 *, height);
    for (png_uint_32 y = 0; y < height; y++)
      s->rows[y] = s->image->data + y * s->image->stride;
    png_read_image (s->png, s->rows);
  }
  png_read_end (s->png, NULL);
  return TRUE;
}

static gboolean
read_guarded (PngState *s, GError **error)
{
  if (setjmp (png_jmpbuf (s->png))) {
    if (s->short_read)
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
          "the PNG file is truncated: it ends before the picture does");
    else
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
          "the PNG file is damaged: %s", s->message);
    return FALSE;
  }
  return read_picture (s, error);
}

ToolImage *
tool_png_read (FILE *file, GError **error)
{
  PngState s = { .file = file };
  gboolean ok = FALSE;

  s.png =
      png_create_read_struct (PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  s.info = s.png ? png_create_info_struct (s.png) : NULL;
  if (!s.info) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "libpng could not be started: not enough memory");
  } else {
    png_set_read_fn (s.png, &s, on_read);
    /* The size is checked by tool_check_size(), which says more. */
    png_set_user_limits (s.png, 0x7fffffff, 0x7fffffff);
    ok = read_guarded (&s, error);
  }
  png_destroy_read_struct (&s.png, &s.info, NULL);
  g_free (s.rows);
  g_free (s.colour_row);
  if (!ok)
    g_clear_pointer (&s.image, tool_image_free);
  return s.image;
}

static void
on_write (png_structp png, png_bytep data, png_size_t n)
{
  PngState *s = png_get_io_ptr (png);

  if (fwrite (data, 1, n, s->file) != n)
    png_error (png, g_strerror (errno));
}

static void
on_flush (png_structp png)
{
}

static gboolean
write_guarded (PngState *s, const ToolImage *image, GError **error)
{
  gboolean deep = image->format != NUCSEG_FORMAT_GRAY8
      && image->format != NUCSEG_FORMAT_RGB;

  if (setjmp (png_jmpbuf (s->png))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
        "the PNG file can't be written: %s", s->message);
    return FALSE;
  }
  png_set_IHDR (s->png, s->info, image->width, image->height, deep ? 16 : 8,
      image->format == NUCSEG_FORMAT_RGB ? PNG_COLOR_TYPE_RGB
                                         : PNG_COLOR_TYPE_GRAY,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
      PNG_FILTER_TYPE_DEFAULT);
  /* Label maps shrink a hundredfold at any level; level 3 costs a third of the
   * default's time. */
  png_set_compression_level (s->png, 3);
  png_write_info (s->png, s->info);
  if (deep && G_BYTE_ORDER == G_LITTLE_ENDIAN)
    png_set_swap (s->png);
  for (gint y = 0; y < image->height; y++)
    png_write_row (s->png, image->data + y * image->stride);
  png_write_end (s->png, s->info);
  return TRUE;
}

gboolean
tool_png_write (FILE *file, const ToolImage *image, GError **error)
{
  PngState s = { .file = file };
  gboolean ok = FALSE;

  s.png =
      png_create_write_struct (PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  s.info = s.png ? png_create_info_struct (s.png) : NULL;
  if (!s.info) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "libpng could not be started: not enough memory");
  } else {
    png_set_write_fn (s.png, &s, on_write, on_flush);
    ok = write_guarded (&s, image, error);
  }
  png_destroy_write_struct (&s.png, &s.info);
  return ok;
}

gboolean
tool_png_save (const gchar *path, const ToolImage *image, GError **error)
{
  ToolOutput *output = tool_output_open (path, error);

  if (!output)
    return FALSE;
  if (!tool_png_write (output->file, image, error)) {
    g_prefix_error (error, "'%s': ", path);
    tool_output_abandon (output);
    return FALSE;
  }
  return tool_output_commit (output, error);
}
