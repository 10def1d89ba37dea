/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fixtures.h: what the tests of the command need: image files of every kind,
 * made here, a model that finds what is bright, and the command itself.
 */
#ifndef NUCSEG_TESTS_FIXTURES_H
#define NUCSEG_TESTS_FIXTURES_H

#include <glib.h>

#include "image.h"

G_BEGIN_DECLS

/**
 * Samples:
 * @data: height x width x channels values of 0..2^bits - 1
 *
 * A picture before it is a file.
 */
typedef struct {
  gint width, height, channels, bits;
  guint16 *data;
} Samples;

Samples *samples_new (gint width, gint height, gint channels, gint bits);
/* The same seed gives the same values. */
Samples *samples_new_random (
    gint width, gint height, gint channels, gint bits, guint64 seed);
void samples_free (Samples *samples);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Samples, samples_free)

static inline guint16 *
samples_at (const Samples *s, gint x, gint y)
{
  return s->data + ((gsize) y * s->width + x) * s->channels;
}

/**
 * samples_new_blobs:
 * @labels: (out caller-allocates) (optional): width x height labels,
 * 4-connected pieces numbered in raster order of their first pixel
 * @n_labels: (out) (optional): how many
 *
 * Bright discs at @high on a ground at @low; some are cut by the border. All
 * channels are equal.
 */
Samples *samples_new_blobs (gint width, gint height, gint channels, gint bits,
    guint low, guint high, guint64 seed, guint16 *labels, guint *n_labels);

/* How a PNG is written. Channels: 1 grey or palette index, 2 with alpha, 3
 * colour, 4 with alpha. */
typedef struct {
  gboolean palette, interlace;
} PngKind;

void write_png (const gchar *path, const Samples *samples, PngKind kind);

/* How a TIFF is written; zeros are the usual: black is zero, strips of 8 rows,
 * contiguous, not compressed. */
typedef struct {
  gboolean white_is_zero, palette, tiled, planar, big_endian, cmyk;
  gboolean nameless; /* samples beyond the colours */
  gint compression; /* of tiff.h, 0: none */
  gint sample_format; /* of tiff.h, 0: none given */
  gint subfile; /* FILETYPE_... */
  gboolean append; /* one more page */
} TiffKind;

void write_tiff (const gchar *path, const Samples *samples, TiffKind kind);

/* One of all kinds of file, and of what is in it. */
typedef struct {
  gboolean tiff;
  PngKind png_kind;
  TiffKind tiff_kind;
  gint channels, bits;
} PictureKind;

void
write_kind (const gchar *path, const Samples *samples, const PictureKind *kind);

/* Colour @index of the palettes above: 8-bit red, green, blue. */
void palette_colour (guint index, guint8 rgb[3]);

/* The first picture of a file, or NULL with an error. */
ToolImage *read_one (const gchar *path, GError **error);

void write_bytes (const gchar *path, gconstpointer data, gsize size);

/**
 * tests_run:
 * @add: adds the tests
 *
 * The whole of main(): GStreamer gets a registry of its own with the few
 * plug-ins that are needed. All that a machine has would be slow to read, and
 * would bring others' leaks under a sanitizer.
 */
int tests_run (int argc, char **argv, void (*add) (void));

/* A folder that is removed with all in it. */
typedef struct {
  gchar *path;
} Folder;

Folder *folder_new (void);
/* (transfer full): a path in it */
gchar *folder_file (Folder *folder, const gchar *name);
void folder_free (Folder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Folder, folder_free)

/* (transfer full): path of a model in @folder that finds pixels in the upper
 * half of the range between the frame's limits. */
gchar *write_model (Folder *folder);

typedef struct {
  gint code; /* exit code; minus the signal that ended it */
  gchar *out, *err;
} Run;

/* Runs nucseg with the arguments up to NULL. */
Run *run_nucseg (const gchar *first, ...) G_GNUC_NULL_TERMINATED;
Run *run_nucseg_argv (const gchar *const *arguments);
/* (transfer full): the path of nucseg and the arguments, for spawning */
gchar **nucseg_argv (const gchar *const *arguments);
void run_free (Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

/* Fails with the whole output of the command where @text is not in it. */
void assert_says (const Run *run, const gchar *text);
void assert_exits (const Run *run, gint code);
/* Fails where the command said anything on standard error, but for the line
 * that there is no oneDNN back end in a build without it. */
void assert_quiet (const Run *run);

/* Whether GStreamer has the element here. */
gboolean have_element (const gchar *name);

G_END_DECLS

#endif /* NUCSEG_TESTS_FIXTURES_H */
