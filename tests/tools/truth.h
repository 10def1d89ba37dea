/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * truth.h: pictures of which the labels are known, and checks of what `nucseg
 * segment` wrote about them.
 */
#ifndef NUCSEG_TESTS_TRUTH_H
#define NUCSEG_TESTS_TRUTH_H

#include "fixtures.h"
#include "image.h"

G_BEGIN_DECLS

/* A picture, its file and what must be found in it. */
typedef struct {
  gchar *path, *image;
  gint width, height;
  guint16 *labels;
  guint n;
  gdouble grey; /* of the nuclei */
} Truth;

void truth_free (Truth *truth);

/* How it is made. */
typedef struct {
  const gchar *name;
  gint width, height, channels, bits;
  guint low, high;
  gboolean tiff;
  PngKind png_kind;
  TiffKind tiff_kind;
  gdouble grey; /* of @high in the frame, 0: @high itself */
} Kind;

#define KIND_PLAIN                                                             \
  {                                                                            \
    "plain.png", 96, 64, 1, 8, 20, 200                                         \
  }

/* (transfer full): the file stands in @folder. */
Truth *make_picture (Folder *folder, const Kind *kind, guint64 seed);

/* (transfer full) */
ToolImage *read_image (const gchar *path);

/* The label map is the truth's, pixel by pixel. */
void check_labels (const gchar *path, const Truth *truth);

/* Lines of the table without the header, those of @image, in cells. */
GPtrArray *rows_of (const gchar *table, const gchar *image);

/* The table has the truth's objects with their places and numbers. */
void check_table (const gchar *table, const Truth *truth);

/* Nothing else is in the folder, and all of these are. */
void assert_only (const gchar *folder, const gchar *const *names);

G_END_DECLS

#endif /* NUCSEG_TESTS_TRUTH_H */
