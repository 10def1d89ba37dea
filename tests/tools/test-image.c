/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-image.c: the reader against every kind of PNG and TIFF, pixel by pixel.
 */
#include <string.h>
#include <tiff.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "fixtures.h"
#include "image.h"
#include "modelbuilder.h"

#define WIDTH 37
#define HEIGHT 29

/* What the reader must make of a sample, told anew from the documentation. */
typedef struct {
  NucsegFormat format;
  guint8 rgb[3];
  guint grey;
} Expected;

static Expected
expect (const PictureKind *c, const guint16 *v)
{
  guint max = (1u << c->bits) - 1;
  gboolean palette = c->tiff ? c->tiff_kind.palette : c->png_kind.palette;
  Expected e = { 0 };

  if (palette) {
    e.format = NUCSEG_FORMAT_RGB;
    palette_colour (v[0], e.rgb);
  } else if (c->channels >= 3 && c->bits <= 8) {
    e.format = NUCSEG_FORMAT_RGB;
    for (guint i = 0; i < 3; i++)
      e.rgb[i] = v[i] * 255 / max;
  } else if (c->channels >= 3) {
    e.format = TOOL_FORMAT_GRAY16;
    e.grey = (guint) (0.298995972 * v[0] + 0.587005615 * v[1]
        + 0.113998413 * v[2] + 0.5);
  } else {
    guint grey = c->tiff && c->tiff_kind.white_is_zero ? max - v[0] : v[0];

    e.format = c->bits > 8 ? TOOL_FORMAT_GRAY16 : NUCSEG_FORMAT_GRAY8;
    e.grey = c->bits > 8 ? grey : grey * 255 / max;
  }
  return e;
}

static void
compare (const ToolImage *image, const PictureKind *c, const Samples *s)
{
  g_assert_cmpint (image->width, ==, s->width);
  g_assert_cmpint (image->height, ==, s->height);
  g_assert_cmpuint (image->stride % 4, ==, 0);
  for (gint y = 0; y < s->height; y++) {
    const guint8 *row = image->data + y * image->stride;

    for (gint x = 0; x < s->width; x++) {
      Expected e = expect (c, samples_at (s, x, y));

      g_assert_cmpint (image->format, ==, e.format);
      if (e.format == NUCSEG_FORMAT_RGB)
        g_assert_cmpmem (row + 3 * x, 3, e.rgb, 3);
      else if (e.format == NUCSEG_FORMAT_GRAY8)
        g_assert_cmpuint (row[x], ==, e.grey);
      else
        g_assert_cmpuint (((const guint16 *) row)[x], ==, e.grey);
    }
  }
}

static void
test_kind (gconstpointer user_data)
{
  const PictureKind *c = user_data;
  g_autoptr (Folder) folder = folder_new ();
  /* The name says nothing: the first bytes do. */
  g_autofree gchar *path = folder_file (folder, "picture.dat");
  g_autoptr (Samples) samples =
      samples_new_random (WIDTH, HEIGHT, c->channels, c->bits, 7);
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolImage) image = NULL;

  write_kind (path, samples, c);
  image = read_one (path, &error);
  g_assert_no_error (error);
  compare (image, c, samples);
}

static void
add_kinds (void)
{
  static const struct {
    const gchar *name;
    PictureKind c;
  } cases[] = {
    { "png/grey-1", { .channels = 1, .bits = 1 } },
    { "png/grey-2", { .channels = 1, .bits = 2 } },
    { "png/grey-4", { .channels = 1, .bits = 4 } },
    { "png/grey-8", { .channels = 1, .bits = 8 } },
    { "png/grey-16", { .channels = 1, .bits = 16 } },
    { "png/grey-alpha-8", { .channels = 2, .bits = 8 } },
    { "png/grey-alpha-16", { .channels = 2, .bits = 16 } },
    { "png/rgb-8", { .channels = 3, .bits = 8 } },
    { "png/rgb-16", { .channels = 3, .bits = 16 } },
    { "png/rgba-8", { .channels = 4, .bits = 8 } },
    { "png/rgba-16", { .channels = 4, .bits = 16 } },
    { "png/palette-1", { .png_kind = { TRUE }, .channels = 1, .bits = 1 } },
    { "png/palette-4", { .png_kind = { TRUE }, .channels = 1, .bits = 4 } },
    { "png/palette-8", { .png_kind = { TRUE }, .channels = 1, .bits = 8 } },
    { "png/interlaced-grey-8",
        { .png_kind = { .interlace = TRUE }, .channels = 1, .bits = 8 } },
    { "png/interlaced-grey-16",
        { .png_kind = { .interlace = TRUE }, .channels = 1, .bits = 16 } },
    { "png/interlaced-rgba-8",
        { .png_kind = { .interlace = TRUE }, .channels = 4, .bits = 8 } },
    { "png/interlaced-rgb-16",
        { .png_kind = { .interlace = TRUE }, .channels = 3, .bits = 16 } },
    { "png/interlaced-palette-2",
        { .png_kind = { TRUE, TRUE }, .channels = 1, .bits = 2 } },
    { "tiff/grey-1", { .tiff = TRUE, .channels = 1, .bits = 1 } },
    { "tiff/grey-4", { .tiff = TRUE, .channels = 1, .bits = 4 } },
    { "tiff/grey-8", { .tiff = TRUE, .channels = 1, .bits = 8 } },
    { "tiff/grey-10", { .tiff = TRUE, .channels = 1, .bits = 10 } },
    { "tiff/grey-12", { .tiff = TRUE, .channels = 1, .bits = 12 } },
    { "tiff/grey-16", { .tiff = TRUE, .channels = 1, .bits = 16 } },
    { "tiff/grey-16-big-endian",
        { .tiff = TRUE,
            .tiff_kind = { .big_endian = TRUE },
            .channels = 1,
            .bits = 16 } },
    { "tiff/white-is-zero-1",
        { .tiff = TRUE,
            .tiff_kind = { .white_is_zero = TRUE },
            .channels = 1,
            .bits = 1 } },
    { "tiff/white-is-zero-8",
        { .tiff = TRUE,
            .tiff_kind = { .white_is_zero = TRUE },
            .channels = 1,
            .bits = 8 } },
    { "tiff/white-is-zero-16",
        { .tiff = TRUE,
            .tiff_kind = { .white_is_zero = TRUE },
            .channels = 1,
            .bits = 16 } },
    { "tiff/grey-alpha-8", { .tiff = TRUE, .channels = 2, .bits = 8 } },
    { "tiff/rgb-8", { .tiff = TRUE, .channels = 3, .bits = 8 } },
    { "tiff/rgb-16", { .tiff = TRUE, .channels = 3, .bits = 16 } },
    { "tiff/rgba-8", { .tiff = TRUE, .channels = 4, .bits = 8 } },
    { "tiff/rgb-8-planar",
        { .tiff = TRUE,
            .tiff_kind = { .planar = TRUE },
            .channels = 3,
            .bits = 8 } },
    { "tiff/rgba-16-planar",
        { .tiff = TRUE,
            .tiff_kind = { .planar = TRUE },
            .channels = 4,
            .bits = 16 } },
    { "tiff/palette-8",
        { .tiff = TRUE,
            .tiff_kind = { .palette = TRUE },
            .channels = 1,
            .bits = 8 } },
    { "tiff/palette-4",
        { .tiff = TRUE,
            .tiff_kind = { .palette = TRUE },
            .channels = 1,
            .bits = 4 } },
    { "tiff/tiled-grey-1",
        { .tiff = TRUE,
            .tiff_kind = { .tiled = TRUE },
            .channels = 1,
            .bits = 1 } },
    { "tiff/tiled-grey-8",
        { .tiff = TRUE,
            .tiff_kind = { .tiled = TRUE },
            .channels = 1,
            .bits = 8 } },
    { "tiff/tiled-grey-12",
        { .tiff = TRUE,
            .tiff_kind = { .tiled = TRUE },
            .channels = 1,
            .bits = 12 } },
    { "tiff/tiled-grey-16",
        { .tiff = TRUE,
            .tiff_kind = { .tiled = TRUE },
            .channels = 1,
            .bits = 16 } },
    { "tiff/tiled-rgb-16-planar",
        { .tiff = TRUE,
            .tiff_kind = { .tiled = TRUE, .planar = TRUE },
            .channels = 3,
            .bits = 16 } },
    { "tiff/lzw-grey-16",
        { .tiff = TRUE,
            .tiff_kind = { .compression = COMPRESSION_LZW },
            .channels = 1,
            .bits = 16 } },
    { "tiff/deflate-rgb-8-tiled",
        { .tiff = TRUE,
            .tiff_kind = { .compression = COMPRESSION_ADOBE_DEFLATE,
                .tiled = TRUE },
            .channels = 3,
            .bits = 8 } },
    { "tiff/packbits-grey-8",
        { .tiff = TRUE,
            .tiff_kind = { .compression = COMPRESSION_PACKBITS },
            .channels = 1,
            .bits = 8 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/image/", cases[i].name, NULL);

    g_test_add_data_func (path, &cases[i].c, test_kind);
  }
}

/* CMYK has no decoder here: libtiff's is used. */
static void
test_cmyk (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "cmyk.tif");
  g_autoptr (Samples) samples = samples_new (WIDTH, HEIGHT, 4, 8);
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolImage) image = NULL;

  /* cyan at (3, 2), all else white */
  samples_at (samples, 3, 2)[0] = 255;
  write_tiff (path, samples, (TiffKind){ .cmyk = TRUE });
  image = read_one (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (image->format, ==, NUCSEG_FORMAT_RGB);
  for (gint y = 0; y < HEIGHT; y++)
    for (gint x = 0; x < WIDTH; x++) {
      const guint8 *p = image->data + y * image->stride + 3 * x;
      guint8 wanted[3] = { x == 3 && y == 2 ? 0 : 255, 255, 255 };

      g_assert_cmpmem (p, 3, wanted, 3);
    }
}

static void
test_pages (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "stack.tif");
  g_autoptr (Samples) first = samples_new_random (20, 30, 1, 8, 1);
  g_autoptr (Samples) small = samples_new_random (5, 7, 1, 8, 2);
  g_autoptr (Samples) second = samples_new_random (41, 17, 1, 16, 3);
  const PictureKind of_first = { .tiff = TRUE, .channels = 1, .bits = 8 };
  const PictureKind of_second = { .tiff = TRUE, .channels = 1, .bits = 16 };
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolImage) image = NULL;

  write_tiff (path, first, (TiffKind){ 0 });
  write_tiff (path, small,
      (TiffKind){ .append = TRUE, .subfile = FILETYPE_REDUCEDIMAGE });
  write_tiff (
      path, second, (TiffKind){ .append = TRUE, .subfile = FILETYPE_PAGE });

  g_autoptr (ToolReader) reader = tool_reader_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tool_reader_n_pages (reader), ==, 2);
  image = tool_reader_read (reader, 0, &error);
  g_assert_no_error (error);
  compare (image, &of_first, first);
  tool_image_free (image);
  image = tool_reader_read (reader, 1, &error);
  g_assert_no_error (error);
  compare (image, &of_second, second);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_kinds ();
  g_test_add_func ("/image/tiff/cmyk", test_cmyk);
  g_test_add_func ("/image/tiff/pages", test_pages);
  return g_test_run ();
}
