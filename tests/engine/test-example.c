/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-example.c: the program examples/segment, run on pictures that are
 * drawn here, and on files that are none.
 */
#include "modelbuilder.h"

#include <glib/gstdio.h>
#include <string.h>

enum { W = 23, H = 18 };

typedef struct {
  gchar *dir, *model, *in, *out;
  gchar *csv, *messages; /* of the last run */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  /* pixels brighter than the middle of the frame's range are nuclei */
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);

  f->dir = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  f->model = g_build_filename (f->dir, "model.safetensors", NULL);
  f->in = g_build_filename (f->dir, "in.pgm", NULL);
  f->out = g_build_filename (f->dir, "out.pgm", NULL);
  g_assert_true (g_file_set_contents (f->model, g_bytes_get_data (bytes, NULL),
      (gssize) g_bytes_get_size (bytes), NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unlink (f->model);
  g_unlink (f->in);
  g_unlink (f->out);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
  g_free (f->model);
  g_free (f->in);
  g_free (f->out);
  g_free (f->csv);
  g_free (f->messages);
}

static gboolean
run (Fixture *f)
{
  const gchar *argv[] = { g_getenv ("NUCSEG_TEST_SEGMENT"), f->model, f->in,
    f->out, NULL };
  g_autoptr (GError) error = NULL;
  gint status;

  g_clear_pointer (&f->csv, g_free);
  g_clear_pointer (&f->messages, g_free);
  g_assert_true (g_spawn_sync (NULL, (gchar **) argv, NULL, G_SPAWN_DEFAULT,
      NULL, NULL, &f->csv, &f->messages, &status, &error));
  g_assert_no_error (error);
  return g_spawn_check_wait_status (status, NULL);
}

/* A nucleus of 3x2 pixels at (2, 1), one of 4x4 at (10, 9). */
static guint
label_at (gint x, gint y)
{
  if (x >= 2 && x < 5 && y >= 1 && y < 3)
    return 1;
  return x >= 10 && x < 14 && y >= 9 && y < 13 ? 2 : 0;
}

static void
write_picture (Fixture *f, const gchar *header, guint bytes, guint high)
{
  GString *file = g_string_new (header);

  for (gint i = 0; i < W * H; i++) {
    guint value = label_at (i % W, i / W) ? high : high / 20;
    if (bytes == 2)
      g_string_append_c (file, (gchar) (value >> 8));
    g_string_append_c (file, (gchar) (value & 0xff));
  }
  g_assert_true (
      g_file_set_contents (f->in, file->str, (gssize) file->len, NULL));
  g_string_free (file, TRUE);
}

static void
check_output (Fixture *f, guint high)
{
  g_autofree gchar *labels = NULL;
  g_autofree gchar *row1 =
      g_strdup_printf ("1,2,1,3,2,6,3.000,1.500,%u.000,", high);
  g_autofree gchar *row2 =
      g_strdup_printf ("2,10,9,4,4,16,11.500,10.500,%u.000,", high);
  static const gchar start[] = "P5\n23 18\n65535\n";
  gsize size;

  g_auto (GStrv) rows = g_strsplit (f->csv, "\n", -1);
  g_assert_cmpuint (g_strv_length (rows), ==, 4);
  g_assert_true (g_str_has_prefix (rows[0], "label,x,y,width,height,area,"));
  g_assert_true (g_str_has_prefix (rows[1], row1));
  g_assert_true (g_str_has_prefix (rows[2], row2));
  g_assert_true (g_file_get_contents (f->out, &labels, &size, NULL));
  g_assert_cmpuint (size, ==, strlen (start) + 2 * W * H);
  g_assert_cmpmem (labels, strlen (start), start, strlen (start));
  const guint8 *p = (const guint8 *) labels + strlen (start);
  for (gint i = 0; i < W * H; i++)
    g_assert_cmpuint (
        p[2 * i] << 8 | p[2 * i + 1], ==, label_at (i % W, i / W));
  g_assert_nonnull (strstr (f->messages, "2 nuclei, back end "));
}

static void
test_pictures (Fixture *f, gconstpointer data)
{
  static const struct {
    const gchar *header;
    guint bytes, high;
  } cases[] = {
    { "P5\n23 18\n255\n", 1, 200 },
    { "P5 # a comment\n# another\n  23\t18 255\n", 1, 200 },
    { "P5\n23 18\n65535\n", 2, 51234 },
    { "P5\n23 18\n4095\n", 2, 3000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    write_picture (f, cases[i].header, cases[i].bytes, cases[i].high);
    g_assert_true (run (f));
    check_output (f, cases[i].high);
  }
}

static void
expect_failure (Fixture *f, const gchar *file, const gchar *part)
{
  g_assert_false (run (f));
  g_assert_cmpstr (f->csv, ==, "");
  g_assert_true (g_str_has_prefix (f->messages, "segment: "));
  g_assert_nonnull (strstr (f->messages, file));
  g_assert_nonnull (strstr (f->messages, part));
}

static void
test_failures (Fixture *f, gconstpointer data)
{
  expect_failure (f, f->in, "can't be opened");
  static const struct {
    const gchar *contents, *part;
  } cases[] = {
    { "", "not a binary PGM" },
    { "P5", "not a binary PGM" },
    { "P5 # no end", "not a binary PGM" },
    { "P6\n23 18\n255\n", "not a binary PGM" },
    { "P5\n23 18\n65536\n", "not a binary PGM" },
    { "P5\n15 18\n255\n", "expected 16 to 8192" },
    { "P5\n99999999999999999999 18\n255\n", "expected 16 to 8192" },
    { "P5\n23 18\n255\nabc", "cut off" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_assert_true (g_file_set_contents (f->in, cases[i].contents, -1, NULL));
    expect_failure (f, f->in, cases[i].part);
  }
  write_picture (f, "P5\n23 18\n255\n", 1, 200);
  g_assert_true (g_file_set_contents (f->model, "no model", -1, NULL));
  expect_failure (f, f->model, "not a model");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("NUCSEG_TEST_SEGMENT"));
#define ADD(path, func)                                                        \
  g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/example/pictures", test_pictures);
  ADD ("/example/failures", test_failures);
  return g_test_run ();
}
