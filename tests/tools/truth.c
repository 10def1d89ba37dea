/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * truth.c: see truth.h.
 */
#include "truth.h"

#include <string.h>

#define MIN_AREA 4 /* of the test's model */

typedef struct {
  gint x0, y0, x1, y1;
  guint area;
  gdouble sum_x, sum_y;
} Piece;

void
truth_free (Truth *t)
{
  g_free (t->path);
  g_free (t->image);
  g_free (t->labels);
  g_free (t);
}

/* Leaves out what is below the model's smallest area and numbers anew. */
static void
drop_small (Truth *t)
{
  g_autofree guint *areas = g_new0 (guint, t->n + 1);
  g_autofree guint16 *numbers = g_new0 (guint16, t->n + 1);
  guint kept = 0;

  for (gint i = 0; i < t->width * t->height; i++)
    areas[t->labels[i]]++;
  for (guint label = 1; label <= t->n; label++)
    numbers[label] = areas[label] >= MIN_AREA ? ++kept : 0;
  for (gint i = 0; i < t->width * t->height; i++)
    t->labels[i] = numbers[t->labels[i]];
  t->n = kept;
}

Truth *
make_picture (Folder *folder, const Kind *k, guint64 seed)
{
  Truth *t = g_new0 (Truth, 1);
  g_autoptr (Samples) samples = NULL;

  *t = (Truth){ folder_file (folder, k->name), g_strdup (k->name), k->width,
    k->height, g_new (guint16, (gsize) k->width * k->height), 0,
    k->grey > 0 ? k->grey : k->high };
  samples = samples_new_blobs (k->width, k->height, k->channels, k->bits,
      k->low, k->high, seed, t->labels, &t->n);
  drop_small (t);
  if (k->tiff)
    write_tiff (t->path, samples, k->tiff_kind);
  else
    write_png (t->path, samples, k->png_kind);
  return t;
}

ToolImage *
read_image (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolReader) reader = tool_reader_open (path, &error);
  ToolImage *image = NULL;

  if (reader)
    image = tool_reader_read (reader, 0, &error);
  g_assert_no_error (error);
  return image;
}

void
check_labels (const gchar *path, const Truth *t)
{
  g_autoptr (ToolImage) image = read_image (path);

  g_assert_cmpint (image->format, ==, TOOL_FORMAT_GRAY16);
  g_assert_cmpint (image->width, ==, t->width);
  g_assert_cmpint (image->height, ==, t->height);
  for (gint y = 0; y < t->height; y++)
    g_assert_cmpmem (image->data + y * image->stride, 2 * t->width,
        t->labels + (gsize) y * t->width, 2 * t->width);
}

/* Lines of the table without the header, those of @image. */
GPtrArray *
rows_of (const gchar *table, const gchar *image)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  GPtrArray *rows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  g_assert_true (g_str_has_suffix (text, "\n"));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[i] && lines[i][0]; i++) {
    gchar **cells = g_strsplit (lines[i], ",", -1);

    if (strcmp (cells[0], image) == 0)
      g_ptr_array_add (rows, cells);
    else
      g_strfreev (cells);
  }
  return rows;
}

void
check_table (const gchar *table, const Truth *t)
{
  g_autoptr (GPtrArray) rows = rows_of (table, t->image);
  g_autofree Piece *pieces = g_new0 (Piece, t->n + 1);

  g_assert_cmpuint (rows->len, ==, t->n);
  for (gint y = 0; y < t->height; y++)
    for (gint x = 0; x < t->width; x++) {
      Piece *p = &pieces[t->labels[(gsize) y * t->width + x]];

      if (p->area++ == 0)
        *p = (Piece){ x, y, x, y, 1, 0, 0 };
      p->x0 = MIN (p->x0, x);
      p->x1 = MAX (p->x1, x);
      p->y1 = y;
      p->sum_x += x;
      p->sum_y += y;
    }
  for (guint i = 0; i < t->n; i++) {
    gchar **cells = rows->pdata[i];
    const Piece *p = &pieces[i + 1];
    const gdouble wanted[] = { i + 1, p->x0, p->y0, p->x1 - p->x0 + 1,
      p->y1 - p->y0 + 1, p->sum_x / p->area, p->sum_y / p->area, p->area,
      t->grey, t->grey * p->area };

    g_assert_cmpuint (g_strv_length (cells), >=, 13);
    for (guint c = 0; c < G_N_ELEMENTS (wanted); c++)
      g_assert_cmpfloat_with_epsilon (
          g_ascii_strtod (cells[c + 1], NULL), wanted[c], 0.00051);
    g_assert_cmpfloat (g_ascii_strtod (cells[11], NULL), >, 0);
    g_assert_cmpfloat (g_ascii_strtod (cells[12], NULL), <=, 1);
  }
}

void
assert_only (const gchar *folder, const gchar *const *names)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir))) {
    if (!g_strv_contains (names, name))
      g_error ("'%s' was left in the folder", name);
    n++;
  }
  g_assert_cmpuint (n, ==, g_strv_length ((gchar **) names));
}
