/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-image-bad.c: the reader against files that are no PNG or TIFF, cut off,
 * damaged, or of kinds that it does not take.
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

/* Which of several channels shows the nuclei, the user knows. */
static void
test_channels (void)
{
  static const struct {
    gint channels;
    gboolean nameless;
    const gchar *refused;
  } cases[] = { { 2, TRUE, "2 channels; one was" }, { 2, FALSE, NULL },
    { 4, TRUE, NULL }, { 5, TRUE, "5 channels; red, green and blue were" },
    { 5, FALSE, NULL }, { 6, FALSE, "5 channels" } };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.tif");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    for (gint bits = 8; bits <= 16; bits += 8) {
      g_autoptr (Samples) s =
          samples_new_random (20, 20, cases[i].channels, bits, i);
      g_autoptr (GError) error = NULL;

      write_tiff (path, s, (TiffKind){ .nameless = cases[i].nameless });
      if (cases[i].refused) {
        assert_refused (path, cases[i].refused);
        continue;
      }
      g_autoptr (ToolImage) image = read_one (path, &error);
      g_assert_no_error (error);
      g_assert_nonnull (image);
    }
  }
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

/* Of a recording that was cut off, pages that are there are read, and what is
 * behind them is told. */
static void
test_cut_pages (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.tif");
  Samples *pages[3];
  gsize ends[G_N_ELEMENTS (pages)], size;
  gchar *whole;

  for (guint i = 0; i < G_N_ELEMENTS (pages); i++) {
    pages[i] = samples_new_random (20, 20, 1, 8, i);
    write_tiff (path, pages[i], (TiffKind){ .append = i > 0 });
    g_assert_true (g_file_get_contents (path, &whole, &ends[i], NULL));
    if (i + 1 < G_N_ELEMENTS (pages))
      g_free (whole);
  }
  size = ends[G_N_ELEMENTS (pages) - 1];
  for (gsize n = ends[0] + 8; n < size; n += 3) {
    const guint n_whole = n < ends[1] ? 1 : 2;
    g_autoptr (GError) error = NULL;

    write_bytes (path, whole, n);
    g_autoptr (ToolReader) reader = tool_reader_open (path, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (tool_reader_n_pages (reader), ==, n_whole + 1);
    for (guint i = 0; i < n_whole; i++) {
      g_autoptr (ToolImage) image = tool_reader_read (reader, i, &error);

      g_assert_no_error (error);
      for (gint y = 0; y < 20; y++)
        for (gint x = 0; x < 20; x++)
          g_assert_cmpuint (image->data[y * image->stride + x], ==,
              *samples_at (pages[i], x, y));
    }
    g_assert_null (tool_reader_read (reader, n_whole, &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
    g_assert_nonnull (strstr (error->message, "truncated"));
    g_assert_null (strstr (error->message, path));
  }
  g_free (whole);
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    samples_free (pages[i]);
}

static void
put (guint8 *at, guint bytes, guint32 value)
{
  for (guint i = 0; i < bytes; i++)
    at[i] = value >> 8 * i & 0xff;
}

/* 65,537 pages that share one row of samples: the most are read, and that there
 * are more isn't taken for damage. */
static void
test_too_many_pages (void)
{
  enum {
    TAGS = 9,
    DIRECTORY = 2 + 12 * TAGS + 4,
    FIRST = 8 + 256,
    MOST = 65535
  };
  static const guint16 tags[TAGS][2] = { { TIFFTAG_IMAGEWIDTH, 16 },
    { TIFFTAG_IMAGELENGTH, 16 }, { TIFFTAG_BITSPERSAMPLE, 8 },
    { TIFFTAG_COMPRESSION, COMPRESSION_NONE },
    { TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK },
    { TIFFTAG_STRIPOFFSETS, 8 }, { TIFFTAG_SAMPLESPERPIXEL, 1 },
    { TIFFTAG_ROWSPERSTRIP, 16 }, { TIFFTAG_STRIPBYTECOUNTS, 256 } };
  const gsize size = FIRST + (gsize) (MOST + 2) * DIRECTORY;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.tif");
  g_autofree guint8 *bytes = g_malloc0 (size);
  g_autoptr (GError) error = NULL;

  memcpy (bytes, "II*\0", 4);
  put (bytes + 4, 4, FIRST);
  for (guint i = 0; i < 256; i++)
    bytes[8 + i] = i;
  for (gsize at = FIRST; at < size; at += DIRECTORY) {
    put (bytes + at, 2, TAGS);
    for (guint i = 0; i < TAGS; i++) {
      guint8 *entry = bytes + at + 2 + 12 * i;

      put (entry, 2, tags[i][0]);
      put (entry + 2, 2, TIFF_SHORT);
      put (entry + 4, 4, 1);
      put (entry + 8, 2, tags[i][1]);
    }
    if (at + DIRECTORY < size)
      put (bytes + at + DIRECTORY - 4, 4, at + DIRECTORY);
  }
  write_bytes (path, bytes, size);

  g_autoptr (ToolReader) reader = tool_reader_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tool_reader_n_pages (reader), ==, MOST + 1);
  g_autoptr (ToolImage) last = tool_reader_read (reader, MOST - 1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (last->data[15 * last->stride + 15], ==, 255);
  g_assert_null (tool_reader_read (reader, MOST, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "more than 65535 pages"));
}

/* Tags that say nothing of the samples may hold what they like. */
static void
test_unused_tags (void)
{
  static const guint8 unused[][2] = { { 0x12, 1 }, { 0x28, 1 } };
  static const guint8 format[8] = { 0x53, 1, 3, 0, 1, 0, 0, 0 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.tif");
  g_autoptr (Samples) s = samples_new_random (20, 20, 1, 8, 7);

  for (guint i = 0; i < G_N_ELEMENTS (unused); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *whole = NULL;
    gchar *entry;
    gsize size;

    write_tiff (path, s, (TiffKind){ .sample_format = SAMPLEFORMAT_UINT });
    g_assert_true (g_file_get_contents (path, &whole, &size, NULL));
    for (entry = whole; memcmp (entry, format, sizeof format) != 0; entry++)
      g_assert_cmpuint (entry - whole + sizeof format, <, size);
    memcpy (entry, unused[i], 2);
    entry[8] = 9;
    write_bytes (path, whole, size);
    g_autoptr (ToolImage) image = read_one (path, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (image->data[0], ==, *samples_at (s, 0, 0));
  }
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
  const PictureKind *c = user_data;
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a");
  g_autoptr (Samples) s =
      samples_new_random (WIDTH, HEIGHT, c->channels, c->bits, 9);
  g_autofree gchar *whole = NULL;
  NucsegRandom random = { 11 };
  guint refused = 0;
  gsize size;

  write_kind (path, s, c);
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
  static const PictureKind damage[] = {
    { .channels = 1, .bits = 16 },
    { .png_kind = { TRUE, TRUE }, .channels = 1, .bits = 4 },
    { .tiff = TRUE, .channels = 3, .bits = 8 },
    { .tiff = TRUE,
        .tiff_kind = { .tiled = TRUE, .compression = COMPRESSION_LZW },
        .channels = 1,
        .bits = 16 },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image-bad/unknown-compression", test_unknown_compression);
  g_test_add_func ("/image-bad/not-images", test_not_images);
  g_test_add_func ("/image-bad/sizes", test_sizes);
  g_test_add_func ("/image-bad/huge-header", test_huge_header);
  g_test_add_func ("/image-bad/sample-types", test_sample_types);
  g_test_add_func ("/image-bad/channels", test_channels);
  g_test_add_func ("/image-bad/truncated", test_truncated);
  g_test_add_func ("/image-bad/cut-pages", test_cut_pages);
  g_test_add_func ("/image-bad/too-many-pages", test_too_many_pages);
  g_test_add_func ("/image-bad/unused-tags", test_unused_tags);
  g_test_add_data_func (
      "/image-bad/damage/png-grey-16", &damage[0], test_damage);
  g_test_add_data_func (
      "/image-bad/damage/png-palette", &damage[1], test_damage);
  g_test_add_data_func ("/image-bad/damage/tiff-rgb", &damage[2], test_damage);
  g_test_add_data_func (
      "/image-bad/damage/tiff-tiles", &damage[3], test_damage);
  return g_test_run ();
}
