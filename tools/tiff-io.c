/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiff-io.c: TIFF through libtiff: strips and tiles, contiguous and separate
 * planes, unsigned samples of 1 to 16 bits, grey (either polarity), RGB and
 * palettes here; what else libtiff can turn to RGB (YCbCr, CMYK, Lab) through
 * its own converter. The orientation tag is left alone: labels must lie on the
 * samples as they are stored.
 */
#include "tiff-io.h"

#include <string.h>
#include <tiffio.h>

#define MAX_BAND ((guint64) 1 << 30) /* bytes of one strip or row of tiles */
#define MAX_PAGES 65535

struct _ToolTiff {
  TIFF *tif;
  GArray *pages; /* toff_t: offsets of the directories */
  gchar message[200]; /* libtiff's first error since it was cleared */
};

/* What the tags of a page say. */
typedef struct {
  guint32 width, height;
  guint16 bits, samples, format, photometric, planar;
  guint16 *map[3]; /* palette, owned by libtiff */
  gboolean map_is_8bit;
  NucsegFormat out;
} Page;

static int
on_error (
    TIFF *tif, void *user, const char *module, const char *fmt, va_list ap)
{
  ToolTiff *self = user;

  if (!self->message[0])
    g_vsnprintf (self->message, sizeof self->message, fmt, ap);
  return 1;
}

static int
on_warning (
    TIFF *tif, void *user, const char *module, const char *fmt, va_list ap)
{
  return 1;
}

static gboolean
damaged (ToolTiff *self, GError **error)
{
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
      "the TIFF file is damaged or truncated: %s",
      self->message[0] ? self->message : "no reason given");
  return FALSE;
}

static gboolean
list_pages (ToolTiff *self, GError **error)
{
  do {
    guint32 type = 0;
    toff_t offset = TIFFCurrentDirOffset (self->tif);

    TIFFGetField (self->tif, TIFFTAG_SUBFILETYPE, &type);
    if (!(type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)))
      g_array_append_val (self->pages, offset);
  } while (self->pages->len < MAX_PAGES && TIFFReadDirectory (self->tif));
  if (self->message[0])
    return damaged (self, error);
  if (self->pages->len == 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the TIFF file holds thumbnails or masks, but no picture");
    return FALSE;
  }
  return TRUE;
}

ToolTiff *
tool_tiff_open (const gchar *path, GError **error)
{
  g_autoptr (ToolTiff) self = g_new0 (ToolTiff, 1);
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc ();

  self->pages = g_array_new (FALSE, FALSE, sizeof (toff_t));
  TIFFOpenOptionsSetErrorHandlerExtR (options, on_error, self);
  TIFFOpenOptionsSetWarningHandlerExtR (options, on_warning, self);
  TIFFOpenOptionsSetMaxSingleMemAlloc (options, MAX_BAND);
  self->tif = TIFFOpenExt (path, "r", options);
  TIFFOpenOptionsFree (options);
  if (!self->tif) {
    damaged (self, error);
    return NULL;
  }
  return list_pages (self, error) ? g_steal_pointer (&self) : NULL;
}

guint
tool_tiff_n_pages (ToolTiff *tiff)
{
  return tiff->pages->len;
}

void
tool_tiff_close (ToolTiff *tiff)
{
  if (!tiff)
    return;
  if (tiff->tif)
    TIFFClose (tiff->tif);
  g_array_unref (tiff->pages);
  g_free (tiff);
}

/* Some writers store palettes as 8-bit numbers in the 16-bit tag. */
static gboolean
map_is_8bit (const Page *p)
{
  for (guint c = 0; c < 3; c++)
    for (guint i = 0; i < 1u << p->bits; i++)
      if (p->map[c][i] > 255)
        return FALSE;
  return TRUE;
}

/* FALSE without an error: not for this file's own decoder. */
static gboolean
read_tags (ToolTiff *self, Page *p, GError **error)
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
    return p->samples >= 1 && p->samples <= 64;
  case PHOTOMETRIC_RGB:
    p->out = p->bits > 8 ? TOOL_FORMAT_GRAY16 : NUCSEG_FORMAT_RGB;
    return p->samples >= 3 && p->samples <= 64;
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
convert_row (const Page *p, const guint8 *const rows[3], guint8 *out)
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
read_tile_row (TIFF *tif, const Page *p, guint32 y, guint16 plane, guint8 *band,
    gsize row_size, guint32 tile_height, guint8 *tile)
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
tile_fits (TIFF *tif, const Page *p, guint32 tile_height)
{
  guint64 samples = p->planar == PLANARCONFIG_SEPARATE ? 1 : p->samples;
  guint64 row = TIFFTileRowSize (tif), size = TIFFTileSize (tif);
  guint32 tile_width = 0;

  TIFFGetField (tif, TIFFTAG_TILEWIDTH, &tile_width);
  return tile_width > 0 && row * 8 == tile_width * p->bits * samples
      && size <= MAX_BAND && size / tile_height >= row;
}

/* Decodes strip by strip, or one row of tiles after the other. */
static gboolean
read_bands (ToolTiff *self, const Page *p, ToolImage *image, GError **error)
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
  if (band_height == 0 || band_size > MAX_BAND / planes
      || (tiled && !tile_fits (tif, p, band_height))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "its strips or tiles are malformed or larger than %u MiB",
        (guint) (MAX_BAND >> 20));
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
        return damaged (self, error);
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

/* Everything else that libtiff can show, as it shows it. */
static ToolImage *
read_rgba (ToolTiff *self, const Page *p, GError **error)
{
  char why[1024] = "";
  guint16 orientation = ORIENTATION_TOPLEFT;
  g_autoptr (ToolImage) image = NULL;

  if (!TIFFRGBAImageOK (self->tif, why)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "this kind of TIFF is not read: %s", why);
    return NULL;
  }
  image = tool_image_new (NUCSEG_FORMAT_RGB, p->width, p->height, error);
  if (!image)
    return NULL;
  g_autofree guint32 *pixels =
      g_try_malloc_n ((gsize) p->width * p->height, sizeof (guint32));
  if (!pixels) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "not enough memory for a picture of %ux%u pixels", p->width, p->height);
    return NULL;
  }
  TIFFGetFieldDefaulted (self->tif, TIFFTAG_ORIENTATION, &orientation);
  if (!TIFFReadRGBAImageOriented (
          self->tif, p->width, p->height, pixels, orientation, 1)) {
    damaged (self, error);
    return NULL;
  }
  for (guint32 y = 0; y < p->height; y++) {
    const guint32 *in = pixels + (gsize) y * p->width;
    guint8 *out = image->data + y * image->stride;

    for (guint32 x = 0; x < p->width; x++) {
      out[3 * x] = TIFFGetR (in[x]);
      out[3 * x + 1] = TIFFGetG (in[x]);
      out[3 * x + 2] = TIFFGetB (in[x]);
    }
  }
  return g_steal_pointer (&image);
}

ToolImage *
tool_tiff_read (ToolTiff *tiff, guint page, GError **error)
{
  Page p;
  GError *refused = NULL;
  g_autoptr (ToolImage) image = NULL;

  tiff->message[0] = '\0';
  if (!TIFFSetSubDirectory (
          tiff->tif, g_array_index (tiff->pages, toff_t, page))) {
    damaged (tiff, error);
    return NULL;
  }
  if (!read_tags (tiff, &p, &refused)) {
    if (!refused)
      return read_rgba (tiff, &p, error);
    g_propagate_error (error, refused);
    return NULL;
  }
  image = tool_image_new (p.out, p.width, p.height, error);
  if (!image || !read_bands (tiff, &p, image, error))
    return NULL;
  return g_steal_pointer (&image);
}
