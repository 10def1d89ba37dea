/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fixtures-image.c: writes PNG and TIFF files of every kind from samples.
 */
#include "fixtures.h"

#include <stdio.h>
#include <string.h>
#include <png.h>
#include <tiffio.h>
#include <glib/gstdio.h>

#include "modelbuilder.h"

Samples *
samples_new (gint width, gint height, gint channels, gint bits)
{
  Samples *s = g_new (Samples, 1);

  *s = (Samples){ width, height, channels, bits,
    g_new0 (guint16, (gsize) width * height * channels) };
  return s;
}

Samples *
samples_new_random (
    gint width, gint height, gint channels, gint bits, guint64 seed)
{
  Samples *s = samples_new (width, height, channels, bits);
  NucsegRandom random = { seed };

  for (gsize i = 0; i < (gsize) width * height * channels; i++)
    s->data[i] = nucseg_random_below (&random, 1u << bits);
  return s;
}

void
samples_free (Samples *samples)
{
  g_free (samples->data);
  g_free (samples);
}

/* Numbers the 4-connected pieces of samples equal to @value. */
static guint
label_pieces (const Samples *s, guint value, guint16 *labels)
{
  g_autofree gint *stack = g_new (gint, (gsize) s->width * s->height);
  guint n = 0;

  memset (labels, 0, (gsize) s->width * s->height * sizeof *labels);
  for (gint start = 0; start < s->width * s->height; start++) {
    gint depth = 0;

    if (labels[start] || s->data[(gsize) start * s->channels] != value)
      continue;
    labels[start] = ++n;
    stack[depth++] = start;
    while (depth > 0) {
      gint at = stack[--depth], x = at % s->width, y = at / s->width;
      gint next[4] = { x > 0 ? at - 1 : -1, x + 1 < s->width ? at + 1 : -1,
        y > 0 ? at - s->width : -1, y + 1 < s->height ? at + s->width : -1 };

      for (guint k = 0; k < 4; k++)
        if (next[k] >= 0 && !labels[next[k]]
            && s->data[(gsize) next[k] * s->channels] == value) {
          labels[next[k]] = n;
          stack[depth++] = next[k];
        }
    }
  }
  return n;
}

Samples *
samples_new_blobs (gint width, gint height, gint channels, gint bits, guint low,
    guint high, guint64 seed, guint16 *labels, guint *n_labels)
{
  Samples *s = samples_new (width, height, channels, bits);
  NucsegRandom random = { seed };
  gint n = MAX (3, width * height / 900);

  for (gsize i = 0; i < (gsize) width * height * channels; i++)
    s->data[i] = low;
  for (gint blob = 0; blob < n; blob++) {
    gint r = 3 + nucseg_random_below (&random, 4);
    gint cx = nucseg_random_below (&random, width);
    gint cy = nucseg_random_below (&random, height);

    for (gint y = MAX (cy - r, 0); y <= MIN (cy + r, height - 1); y++)
      for (gint x = MAX (cx - r, 0); x <= MIN (cx + r, width - 1); x++)
        if ((x - cx) * (x - cx) + (y - cy) * (y - cy) <= r * r)
          for (gint c = 0; c < channels; c++)
            samples_at (s, x, y)[c] = high;
  }
  if (labels) {
    guint found = label_pieces (s, high, labels);

    if (n_labels)
      *n_labels = found;
  }
  return s;
}

void
palette_colour (guint index, guint8 rgb[3])
{
  rgb[0] = (index * 7 + 3) & 255;
  rgb[1] = (index * 31 + 90) & 255;
  rgb[2] = (index * 101 + 200) & 255;
}

/* One row, samples packed with the high bit first; 16 bits in host order. */
static void
pack_row (const Samples *s, gint y, gint first, gint n_channels, guint8 *out)
{
  gsize bit = 0;

  if (s->bits == 16) {
    guint16 *wide = (guint16 *) (gpointer) out;

    for (gint x = 0; x < s->width; x++)
      for (gint c = 0; c < n_channels; c++)
        *wide++ = samples_at (s, x, y)[first + c];
    return;
  }
  memset (out, 0, ((gsize) s->width * n_channels * s->bits + 7) / 8);
  for (gint x = 0; x < s->width; x++)
    for (gint c = 0; c < n_channels; c++)
      for (gint b = s->bits - 1; b >= 0; b--, bit++)
        out[bit / 8] |= ((samples_at (s, x, y)[first + c] >> b) & 1)
            << (7 - bit % 8);
}

void
write_png (const gchar *path, const Samples *s, PngKind kind)
{
  static const int types[] = { PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
    PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA };
  FILE *file = g_fopen (path, "wb");
  png_structp png =
      png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  gsize size = (gsize) s->width * s->channels * 2;
  g_autofree guint8 *pixels = g_malloc (size * s->height);
  g_autofree guint8 **rows = g_new (guint8 *, s->height);

  g_assert_nonnull (file);
  png_init_io (png, file);
  png_set_IHDR (png, info, s->width, s->height, s->bits,
      kind.palette ? PNG_COLOR_TYPE_PALETTE : types[s->channels - 1],
      kind.interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
      PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (kind.palette) {
    png_color colours[256];
    png_byte alpha[2] = { 0, 128 };

    for (guint i = 0; i < 1u << s->bits; i++) {
      guint8 rgb[3];

      palette_colour (i, rgb);
      colours[i] = (png_color){ rgb[0], rgb[1], rgb[2] };
    }
    png_set_PLTE (png, info, colours, 1 << s->bits);
    png_set_tRNS (png, info, alpha, 2, NULL);
  }
  png_write_info (png, info);
  if (s->bits == 16 && G_BYTE_ORDER == G_LITTLE_ENDIAN)
    png_set_swap (png);
  for (gint y = 0; y < s->height; y++) {
    rows[y] = pixels + y * size;
    pack_row (s, y, 0, s->channels, rows[y]);
  }
  png_write_image (png, rows);
  png_write_end (png, info);
  png_destroy_write_struct (&png, &info);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
write_tiff_tags (TIFF *tif, const Samples *s, TiffKind kind)
{
  gint colour = kind.cmyk ? 4 : s->channels >= 3 ? 3 : 1;

  TIFFSetField (tif, TIFFTAG_IMAGEWIDTH, s->width);
  TIFFSetField (tif, TIFFTAG_IMAGELENGTH, s->height);
  TIFFSetField (tif, TIFFTAG_BITSPERSAMPLE, s->bits);
  TIFFSetField (tif, TIFFTAG_SAMPLESPERPIXEL, s->channels);
  TIFFSetField (tif, TIFFTAG_PLANARCONFIG,
      kind.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField (tif, TIFFTAG_PHOTOMETRIC,
      kind.cmyk                ? PHOTOMETRIC_SEPARATED
          : kind.palette       ? PHOTOMETRIC_PALETTE
          : colour == 3        ? PHOTOMETRIC_RGB
          : kind.white_is_zero ? PHOTOMETRIC_MINISWHITE
                               : PHOTOMETRIC_MINISBLACK);
  if (s->channels > colour) {
    guint16 extra[] = {
      kind.nameless ? EXTRASAMPLE_UNSPECIFIED : EXTRASAMPLE_UNASSALPHA, 0, 0, 0
    };

    TIFFSetField (tif, TIFFTAG_EXTRASAMPLES, s->channels - colour, extra);
  }
  if (kind.compression)
    TIFFSetField (tif, TIFFTAG_COMPRESSION, kind.compression);
  if (kind.sample_format)
    TIFFSetField (tif, TIFFTAG_SAMPLEFORMAT, kind.sample_format);
  if (kind.subfile)
    TIFFSetField (tif, TIFFTAG_SUBFILETYPE, kind.subfile);
  if (kind.palette) {
    guint16 map[3][256];

    for (guint i = 0; i < 1u << s->bits; i++) {
      guint8 rgb[3];

      palette_colour (i, rgb);
      for (guint c = 0; c < 3; c++)
        map[c][i] = rgb[c] * 257;
    }
    TIFFSetField (tif, TIFFTAG_COLORMAP, map[0], map[1], map[2]);
  }
}

#define TILE_WIDTH 32
#define TILE_HEIGHT 16

static void
write_tile (
    TIFF *tif, const Samples *s, gint x0, gint y0, gint plane, gint n_channels)
{
  g_autoptr (Samples) part =
      samples_new (TILE_WIDTH, TILE_HEIGHT, n_channels, s->bits);
  gsize row = (TILE_WIDTH * n_channels * s->bits + 7) / 8;
  g_autofree guint8 *packed = g_malloc (row * TILE_HEIGHT);

  for (gint y = 0; y < TILE_HEIGHT; y++) {
    for (gint x = 0; x < TILE_WIDTH; x++)
      if (x0 + x < s->width && y0 + y < s->height)
        memcpy (samples_at (part, x, y), samples_at (s, x0 + x, y0 + y) + plane,
            n_channels * sizeof (guint16));
    pack_row (part, y, 0, n_channels, packed + y * row);
  }
  g_assert_cmpint (
      TIFFWriteTile (tif, packed, x0, y0, 0, (guint16) plane), >, 0);
}

void
write_tiff (const gchar *path, const Samples *s, TiffKind kind)
{
  TIFF *tif = TIFFOpen (path,
      kind.append           ? "a"
          : kind.big_endian ? "wb"
                            : "wl");
  gint planes = kind.planar ? s->channels : 1;
  gint per_plane = kind.planar ? 1 : s->channels;
  g_autofree guint8 *row = g_malloc ((gsize) s->width * s->channels * 2);

  g_assert_nonnull (tif);
  write_tiff_tags (tif, s, kind);
  if (kind.tiled) {
    TIFFSetField (tif, TIFFTAG_TILEWIDTH, TILE_WIDTH);
    TIFFSetField (tif, TIFFTAG_TILELENGTH, TILE_HEIGHT);
  } else {
    TIFFSetField (tif, TIFFTAG_ROWSPERSTRIP, 8);
  }
  for (gint plane = 0; plane < planes; plane++) {
    if (kind.tiled) {
      for (gint y = 0; y < s->height; y += TILE_HEIGHT)
        for (gint x = 0; x < s->width; x += TILE_WIDTH)
          write_tile (tif, s, x, y, plane, per_plane);
    } else {
      for (gint y = 0; y < s->height; y++) {
        pack_row (s, y, plane, per_plane, row);
        g_assert_cmpint (
            TIFFWriteScanline (tif, row, y, (guint16) plane), ==, 1);
      }
    }
  }
  TIFFClose (tif);
}

void
write_bytes (const gchar *path, gconstpointer data, gsize size)
{
  FILE *file;

  /* A new file: replacing an old one's content waits for the disk. */
  g_unlink (path);
  file = g_fopen (path, "wb");
  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (data, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

void
write_kind (const gchar *path, const Samples *samples, const PictureKind *kind)
{
  if (kind->tiff)
    write_tiff (path, samples, kind->tiff_kind);
  else
    write_png (path, samples, kind->png_kind);
}

ToolImage *
read_one (const gchar *path, GError **error)
{
  g_autoptr (ToolReader) reader = tool_reader_open (path, error);

  return reader ? tool_reader_read (reader, 0, error) : NULL;
}
