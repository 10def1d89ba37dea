/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image.h: pictures in memory and the files they come from (PNG, TIFF). Knows
 * neither GStreamer nor the network.
 */
#ifndef NUCSEG_TOOL_IMAGE_H
#define NUCSEG_TOOL_IMAGE_H

#include <nucseg.h>

G_BEGIN_DECLS

/**
 * ToolImage:
 * @format: GRAY8, GRAY16 in host byte order, or RGB
 * @width: pixels
 * @height: pixels
 * @stride: bytes from one row to the next: a row's, rounded up to a multiple of
 *   4, as GStreamer's raw video has it
 * @data: @stride x @height bytes, owned
 */
typedef struct {
  NucsegFormat format;
  gint width, height;
  gsize stride;
  guint8 *data;
} ToolImage;

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define TOOL_FORMAT_GRAY16 NUCSEG_FORMAT_GRAY16_LE
#else
#define TOOL_FORMAT_GRAY16 NUCSEG_FORMAT_GRAY16_BE
#endif

/**
 * tool_image_new:
 * @format: GRAY8, TOOL_FORMAT_GRAY16 or RGB
 * @width: 1..8192
 * @height: 1..8192
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a picture whose pixels are not set;
 *   error MEMORY
 */
ToolImage *
tool_image_new (NucsegFormat format, gint width, gint height, GError **error);
void tool_image_free (ToolImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolImage, tool_image_free)

/**
 * tool_image_depth:
 * @image: a picture
 *
 * Files seldom say how many of 16 bits their camera filled, and the smallest
 * contrast that counts is a share of full scale.
 *
 * Returns: for GRAY16 12 where all values are below 4096, else 16; for others 8
 */
guint tool_image_depth (const ToolImage *image);

/**
 * tool_check_size:
 *
 * Returns: whether a picture of this size can be segmented (16..8192 each
 *   way); error SHAPE names the size and the limits
 */
gboolean tool_check_size (guint64 width, guint64 height, GError **error);

/* The luma of docs/model-format.md, for samples of any depth. */
static inline guint
tool_luma (guint r, guint g, guint b)
{
  return (guint) ((19595u * (guint64) r + 38470u * (guint64) g
                      + 7471u * (guint64) b + 32768u)
      >> 16);
}

typedef struct _ToolReader ToolReader;

/**
 * tool_reader_open:
 * @path: a PNG or TIFF file, told by its first bytes, not by its name
 * @error: return location; messages don't name the file
 *
 * Returns: (transfer full) (nullable): a reader; errors NOT_FOUND, IO,
 *   UNSUPPORTED
 */
ToolReader *tool_reader_open (const gchar *path, GError **error);

/* Number of pictures in the file: pages of a TIFF, else 1. */
guint tool_reader_n_pages (ToolReader *reader);

/**
 * tool_reader_read:
 * @reader: a reader
 * @page: 0..n_pages - 1; each may be read once, in order
 * @error: return location
 *
 * Grey stays grey (1, 2 and 4 bits become 8; 9 to 16 bits become GRAY16 with
 * the value as it is), 8-bit colour and palettes become RGB, 16-bit colour
 * becomes 16-bit grey by tool_luma(). Alpha is left out.
 *
 * Returns: (transfer full) (nullable): the picture; errors IO, SHAPE,
 *   UNSUPPORTED, MEMORY
 */
ToolImage *tool_reader_read (ToolReader *reader, guint page, GError **error);
void tool_reader_close (ToolReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolReader, tool_reader_close)

G_END_DECLS

#endif /* NUCSEG_TOOL_IMAGE_H */
