/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-image.c: the reader against every kind of PNG and TIFF, pixel by pixel,
 * and against files that are none.
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

typedef struct {
  gboolean tiff;
  PngKind png_kind;
  TiffKind tiff_kind;
  gint channels, bits;
} Case;

static Expected
expect (const Case *c, const guint16 *v)
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
compare (const ToolImage *image, const Case *c, const Samples *s)
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

static ToolImage *
read_one (const gchar *path, GError **error)
{
  g_autoptr (ToolReader) reader = tool_reader_open (path, error);

  return reader ? tool_reader_read (reader, 0, error) : NULL;
}

static void
test_kind (gconstpointer user_data)
{
  const Case *c = user_data;
  g_autoptr (Folder) folder = folder_new ();
  /* The name says nothing: the first bytes do. */
  g_autofree gchar *path = folder_file (folder, "picture.dat");
  g_autoptr (Samples) samples =
      samples_new_random (WIDTH, HEIGHT, c->channels, c->bits, 7);
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolImage) image = NULL;

  if (c->tiff)
    write_tiff (path, samples, c->tiff_kind);
  else
    write_png (path, samples, c->png_kind);
  image = read_one (path, &error);
  g_assert_no_error (error);
  compare (image, c, samples);
}

static void
add_kinds (void)
{
  static const struct {
    const gchar *name;
    Case c;
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
  const Case of_first = { .tiff = TRUE, .channels = 1, .bits = 8 };
  const Case of_second = { .tiff = TRUE, .channels = 1, .bits = 16 };
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

static void
assert_refused (const gchar *path, const gchar *reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolImage) image = read_one (path, &error);

  g_assert_null (image);
  g_assert_nonnull (error);
  g_assert_true (error->domain == NUCSEG_ERROR);
  if (!strstr (error->message, reason))
    g_error ("'%s' does not say '%s'", error->message, reason);
}

static void
test_not_images (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *text = folder_file (folder, "text.png");
  g_autofree gchar *empty = folder_file (folder, "empty.tif");
  g_autofree gchar *none = folder_file (folder, "none.png");
  g_autofree gchar *fifo = folder_file (folder, "fifo.png");

  write_bytes (text, "not an image at all\n", 20);
  write_bytes (empty, "", 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (text, "neither a PNG nor a TIFF");
  assert_refused (empty, "empty");
  assert_refused (none, "no such file");
  assert_refused (folder->path, "is a directory");
  assert_refused (fifo, "pipe");
}

static void
test_sizes (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.png");
  static const struct {
    gint width, height;
    const gchar *size;
  } sizes[] = { { 15, 16, "15x16" }, { 16, 15, "16x15" }, { 1, 1, "1x1" },
    { 8193, 16, "8193x16" }, { 16, 8193, "16x8193" } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (Samples) s = samples_new (sizes[i].width, sizes[i].height, 1, 8);

    write_png (path, s, (PngKind){ 0 });
    assert_refused (path, sizes[i].size);
    assert_refused (path, "16x16 to 8192x8192");
    write_tiff (path, s, (TiffKind){ 0 });
    assert_refused (path, sizes[i].size);
  }
}

static void
test_huge_header (void)
{
  /* 2^31 - 1 each way; the checksum of the chunk is right. */
  static const guint8 png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,
    0, 0, 13, 'I', 'H', 'D', 'R', 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff,
    0xff, 8, 0, 0, 0, 0, 0x31, 0xa2, 0x54, 0xba, 0, 0, 0, 0, 'I', 'D', 'A', 'T',
    0x35, 0xaf, 0x06, 0x1e };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "huge.png");

  write_bytes (path, png, sizeof png);
  assert_refused (path, "2147483647x2147483647");
}

static void
test_sample_types (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.tif");
  g_autoptr (Samples) s = samples_new (20, 20, 1, 16);

  write_tiff (path, s, (TiffKind){ .sample_format = SAMPLEFORMAT_INT });
  assert_refused (path, "16-bit signed");
  write_tiff (path, s, (TiffKind){ .sample_format = SAMPLEFORMAT_IEEEFP });
  assert_refused (path, "floating-point");
  write_tiff (path, s, (TiffKind){ .subfile = FILETYPE_REDUCEDIMAGE });
  assert_refused (path, "no picture");
}

/* A shorter file is never taken for the whole. */
static void
test_truncated (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a");
  g_autoptr (Samples) s = samples_new_random (20, 20, 1, 8, 5);
  gchar *whole;
  gsize size;

  write_png (path, s, (PngKind){ 0 });
  g_assert_true (g_file_get_contents (path, &whole, &size, NULL));
  for (gsize n = 8; n < size; n++) {
    write_bytes (path, whole, n);
    assert_refused (path, "truncated");
  }
  g_free (whole);
  write_tiff (path, s, (TiffKind){ 0 });
  g_assert_true (g_file_get_contents (path, &whole, &size, NULL));
  for (gsize n = 4; n < size; n++) {
    write_bytes (path, whole, n);
    assert_refused (path, "truncated");
  }
  g_free (whole);
}

/* A scheme that only others have is no damage. */
static void
test_unknown_compression (void)
{
  /* TIFF's tag 259, a 16-bit number of 1; JPEG 2000 in its place */
  static const guint8 none[] = { 3, 1, 3, 0, 1, 0, 0, 0, 1, 0 };
  static const guint8 jpeg2000[] = { 3, 1, 3, 0, 1, 0, 0, 0, 0x98, 0x87 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a");
  g_autoptr (Samples) s = samples_new_random (WIDTH, HEIGHT, 1, 8, 9);
  g_autofree gchar *data = NULL;
  guint found = 0;
  gsize size;

  write_tiff (path, s, (TiffKind){ .compression = COMPRESSION_NONE });
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  for (gsize i = 0; i + sizeof none <= size; i++) {
    if (memcmp (data + i, none, sizeof none) == 0) {
      memcpy (data + i, jpeg2000, sizeof none);
      found++;
    }
  }
  g_assert_cmpuint (found, ==, 1);
  write_bytes (path, data, size);
  assert_refused (path, "34712");
  assert_refused (path, "is compressed by a scheme");
}

/* Any damage ends in a picture of a legal size or in a message. */
static void
test_damage (gconstpointer user_data)
{
  const Case *c = user_data;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a");
  g_autoptr (Samples) s =
      samples_new_random (WIDTH, HEIGHT, c->channels, c->bits, 9);
  g_autofree gchar *whole = NULL;
  NucsegRandom random = { 11 };
  guint refused = 0;
  gsize size;

  if (c->tiff)
    write_tiff (path, s, c->tiff_kind);
  else
    write_png (path, s, c->png_kind);
  g_assert_true (g_file_get_contents (path, &whole, &size, NULL));
  for (guint round = 0; round < 1000; round++) {
    g_autofree gchar *bad = g_memdup2 (whole, size);
    guint flips = 1 + nucseg_random_below (&random, 3);
    g_autoptr (GError) error = NULL;
    g_autoptr (ToolImage) image = NULL;

    /* A TIFF's directory is what a flip rarely finds by chance. */
    for (guint i = 0; i < flips; i++) {
      gsize at = nucseg_random_below (&random, (guint) size);

      if (c->tiff && (round & 1))
        at = size - 1 - nucseg_random_below (&random, 180);
      bad[at] ^= 1 << nucseg_random_below (&random, 8);
    }
    write_bytes (path, bad, size);
    image = read_one (path, &error);
    g_assert_true ((image != NULL) != (error != NULL));
    if (image) {
      g_assert_cmpint (image->width, >=, NUCSEG_MIN_SIZE);
      g_assert_cmpint (image->height, <=, NUCSEG_MAX_SIZE);
    } else {
      g_assert_cmpstr (error->message, !=, "");
      refused++;
    }
  }
  g_assert_cmpuint (refused, >, 50);
}

int
main (int argc, char **argv)
{
  static const Case damage[] = {
    { .channels = 1, .bits = 16 },
    { .png_kind = { TRUE, TRUE }, .channels = 1, .bits = 4 },
    { .tiff = TRUE, .channels = 3, .bits = 8 },
    { .tiff = TRUE,
        .tiff_kind = { .tiled = TRUE, .compression = COMPRESSION_LZW },
        .channels = 1,
        .bits = 16 },
  };

  g_test_init (&argc, &argv, NULL);
  add_kinds ();
  g_test_add_func ("/image/unknown-compression", test_unknown_compression);
  g_test_add_func ("/image/tiff/cmyk", test_cmyk);
  g_test_add_func ("/image/tiff/pages", test_pages);
  g_test_add_func ("/image/not-images", test_not_images);
  g_test_add_func ("/image/sizes", test_sizes);
  g_test_add_func ("/image/huge-header", test_huge_header);
  g_test_add_func ("/image/sample-types", test_sample_types);
  g_test_add_func ("/image/truncated", test_truncated);
  g_test_add_data_func ("/image/damage/png-grey-16", &damage[0], test_damage);
  g_test_add_data_func ("/image/damage/png-palette", &damage[1], test_damage);
  g_test_add_data_func ("/image/damage/tiff-rgb", &damage[2], test_damage);
  g_test_add_data_func ("/image/damage/tiff-tiles", &damage[3], test_damage);
  return g_test_run ();
}
