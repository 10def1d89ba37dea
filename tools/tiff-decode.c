/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiff-decode.c: pages of a TIFF file as pictures: strips and tiles, contiguous
 * and separate planes, unsigned samples of 1 to 16 bits, grey (either
 * polarity), RGB and palettes.
 */
#include "tiff-private.h"

#include <string.h>

/* Some writers store palettes as 8-bit numbers in the 16-bit tag. */
static gboolean
map_is_8bit (const ToolTiffPage *p)
{
  for (guint c = 0; c < 3; c++)
    for (guint i = 0; i < 1u << p->bits; i++)
      if (p->map[c][i] > 255)
        return FALSE;
  return TRUE;
}

/* Channels beside the @colours that are read would be left out unseen, but for
 * transparency. One behind red, green and blue is taken for that: not all
 * writers call it by its name. FALSE without an error where some are missing.
 */
static gboolean
check_channels (TIFF *tif, const ToolTiffPage *p, guint colours, GError **error)
{
  guint16 n_extra = 0, *extra = NULL;
  guint channels = p->samples, expected = colours == 3 ? 4 : colours;

  TIFFGetFieldDefaulted (tif, TIFFTAG_EXTRASAMPLES, &n_extra, &extra);
  for (guint i = 0; i < n_extra && channels > 0; i++)
    channels -= extra[i] != EXTRASAMPLE_UNSPECIFIED;
  if (channels <= expected)
    return p->samples >= colours && p->samples <= 64;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "has %u channels; %s expected: save the one that shows the nuclei as a "
      "file of its own",
      channels, colours == 3 ? "red, green and blue were" : "one was");
  return FALSE;
}

gboolean
tool_tiff_read_tags (ToolTiff *self, ToolTiffPage *p, GError **error)
{
  TIFF *tif = self->tif;
  guint16 compression = COMPRESSION_NONE;

  memset (p, 0, sizeof *p);
  TIFFGetField (tif, TIFFTAG_IMAGEWIDTH, &p->width);
  TIFFGetField (tif, TIFFTAG_IMAGELENGTH, &p->height);
  TIFFGetFieldDefaulted (tif, TIFFTAG_BITSPERSAMPLE, &p->bits);
  TIFFGetFieldDefaulted (tif, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
  TIFFGetFieldDefaulted (tif, TIFFTAG_SAMPLEFORMAT, &p->format);
  TIFFGetFieldDefaulted (tif, TIFFTAG_PLANARCONFIG, &p->planar);
  if (!TIFFGetField (tif, TIFFTAG_PHOTOMETRIC, &p->photometric))
    p->photometric = p->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
  if (!tool_check_size (p->width, p->height, error))
    return FALSE;
  if (p->bits < 1 || p->bits > 16
      || (p->format != SAMPLEFORMAT_UINT && p->format != SAMPLEFORMAT_VOID)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "has %u-bit %s samples; unsigned integers of 1 to 16 bits were "
        "expected",
        p->bits,
        p->format == SAMPLEFORMAT_IEEEFP     ? "floating-point"
            : p->format == SAMPLEFORMAT_INT  ? "signed"
            : p->format == SAMPLEFORMAT_UINT ? "unsigned"
                                             : "complex or unknown");
    return FALSE;
  }
  TIFFGetFieldDefaulted (tif, TIFFTAG_COMPRESSION, &compression);
  if (!TIFFIsCODECConfigured (compression)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "is compressed by a scheme (TIFF number %u) that libtiff here does not "
        "have; LZW, Deflate, PackBits or none were expected",
        compression);
    return FALSE;
  }
  switch (p->photometric) {
  case PHOTOMETRIC_MINISBLACK:
  case PHOTOMETRIC_MINISWHITE:
    p->out = p->bits > 8 ? TOOL_FORMAT_GRAY16 : NUCSEG_FORMAT_GRAY8;
    return check_channels (tif, p, 1, error);
  case PHOTOMETRIC_RGB:
    p->out = p->bits > 8 ? TOOL_FORMAT_GRAY16 : NUCSEG_FORMAT_RGB;
    return check_channels (tif, p, 3, error);
  case PHOTOMETRIC_PALETTE:
    p->out = NUCSEG_FORMAT_RGB;
    if (p->samples != 1
        || !TIFFGetField (
            tif, TIFFTAG_COLORMAP, &p->map[0], &p->map[1], &p->map[2]))
      return FALSE;
    p->map_is_8bit = map_is_8bit (p);
    return TRUE;
  default:
    return FALSE;
  }
}

/* Sample number @index of a row of packed samples, high bit first. */
static inline guint
get_sample (const guint8 *row, gsize index, guint bits)
{
  guint value = 0;

  if (bits == 8)
    return row[index];
  if (bits == 16)
    return ((const guint16 *) row)[index];
  for (gsize bit = index * bits, end = bit + bits; bit < end; bit++)
    value = value << 1 | ((row[bit >> 3] >> (7 - (bit & 7))) & 1);
  return value;
}

/* One row of the page, from one pointer for each plane, to @out. */
static void
convert_row (const ToolTiffPage *p, const guint8 *const rows[3], guint8 *out)
{
  gboolean separate = p->planar == PLANARCONFIG_SEPARATE;
  guint step = separate ? 1 : p->samples;
  guint max = (1u << p->bits) - 1;
  guint16 *out16 = (guint16 *) out;

  for (guint32 x = 0; x < p->width; x++) {
    guint v[3];

    v[0] = get_sample (rows[0], (gsize) x * step, p->bits);
    if (p->photometric == PHOTOMETRIC_PALETTE) {
      for (guint c = 0; c < 3; c++)
        out[3 * x + c] =
            p->map_is_8bit ? p->map[c][v[0]] : p->map[c][v[0]] >> 8;
      continue;
    }
    if (p->photometric == PHOTOMETRIC_RGB) {
      for (guint c = 1; c < 3; c++)
        v[c] = separate ? get_sample (rows[c], x, p->bits)
                        : get_sample (rows[0], (gsize) x * step + c, p->bits);
      if (p->bits > 8)
        out16[x] = tool_luma (v[0], v[1], v[2]);
      else
        for (guint c = 0; c < 3; c++)
          out[3 * x + c] = v[c] * 255 / max;
      continue;
    }
    if (p->photometric == PHOTOMETRIC_MINISWHITE)
      v[0] = max - v[0];
    if (p->bits > 8)
      out16[x] = v[0];
    else
      out[x] = v[0] * 255 / max;
  }
}

/* Rows y..y + n - 1 of one plane into @band, @row_size bytes each. */
static gboolean
read_strip (TIFF *tif, guint32 y, guint16 plane, guint8 *band, gsize size)
{
  return TIFFReadEncodedStrip (
             tif, TIFFComputeStrip (tif, y, plane), band, size)
      >= 0;
}

static gboolean
read_tile_row (TIFF *tif, const ToolTiffPage *p, guint32 y, guint16 plane,
    guint8 *band, gsize row_size, guint32 tile_height, guint8 *tile)
{
  gsize tile_size = TIFFTileSize (tif), tile_row = TIFFTileRowSize (tif);
  guint32 tile_width = 0;

  TIFFGetField (tif, TIFFTAG_TILEWIDTH, &tile_width);
  for (guint32 x = 0; x < p->width; x += tile_width) {
    gsize at = (x / tile_width) * tile_row;
    gsize n = MIN (tile_row, row_size - at);

    if (TIFFReadEncodedTile (
            tif, TIFFComputeTile (tif, x, y, 0, plane), tile, tile_size)
        < 0)
      return FALSE;
    for (guint32 r = 0; r < tile_height; r++)
      memcpy (band + r * row_size + at, tile + r * tile_row, n);
  }
  return TRUE;
}

/* Whether libtiff's idea of a tile is the one that read_tile_row() has: its
 * rows are whole bytes, side by side they are the rows of the page. */
static gboolean
tile_fits (TIFF *tif, const ToolTiffPage *p, guint32 tile_height)
{
  guint64 samples = p->planar == PLANARCONFIG_SEPARATE ? 1 : p->samples;
  guint64 row = TIFFTileRowSize (tif), size = TIFFTileSize (tif);
  guint32 tile_width = 0;

  TIFFGetField (tif, TIFFTAG_TILEWIDTH, &tile_width);
  return tile_width > 0 && row * 8 == tile_width * p->bits * samples
      && size <= TOOL_TIFF_MAX_BAND && size / tile_height >= row;
}

gboolean
tool_tiff_read_bands (
    ToolTiff *self, const ToolTiffPage *p, ToolImage *image, GError **error)
{
  TIFF *tif = self->tif;
  gboolean tiled = TIFFIsTiled (tif);
  gboolean separate = p->planar == PLANARCONFIG_SEPARATE;
  guint planes = separate && p->photometric == PHOTOMETRIC_RGB ? 3 : 1;
  guint32 band_height = 0;

  if (tiled)
    TIFFGetField (tif, TIFFTAG_TILELENGTH, &band_height);
  else
    TIFFGetFieldDefaulted (tif, TIFFTAG_ROWSPERSTRIP, &band_height);
  if (!tiled)
    band_height = MIN (band_height, p->height);
  guint64 row_size =
      ((guint64) p->width * p->bits * (separate ? 1 : p->samples) + 7) / 8;
  gsize tile_size = tiled ? TIFFTileSize (tif) : 0;
  guint64 band_size = row_size * band_height;
  if (band_height == 0 || band_size > TOOL_TIFF_MAX_BAND / planes
      || (tiled && !tile_fits (tif, p, band_height))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "its strips or tiles are malformed or larger than %u MiB",
        (guint) (TOOL_TIFF_MAX_BAND >> 20));
    return FALSE;
  }

  g_autofree guint8 *band = g_try_malloc0 (band_size * planes);
  g_autofree guint8 *tile = tiled ? g_try_malloc0 (tile_size) : NULL;
  if (!band || (tiled && !tile)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "not enough memory to decode its strips or tiles");
    return FALSE;
  }
  for (guint32 y = 0; y < p->height; y += band_height) {
    guint32 n = MIN (band_height, p->height - y);

    for (guint plane = 0; plane < planes; plane++) {
      guint8 *to = band + plane * band_size;

      if (!(tiled ? read_tile_row (
                tif, p, y, plane, to, row_size, band_height, tile)
                  : read_strip (tif, y, plane, to, n * row_size)))
        return tool_tiff_damaged (self, error);
    }
    for (guint32 r = 0; r < n; r++) {
      const guint8 *rows[3];

      for (guint plane = 0; plane < 3; plane++)
        rows[plane] = band + MIN (plane, planes - 1) * band_size + r * row_size;
      convert_row (p, rows, image->data + (gsize) (y + r) * image->stride);
    }
  }
  return TRUE;
}
