/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-segment-bad.c: `nucseg segment` where files, options, names or folders
 * are wrong, and where it is interrupted.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "truth.h"

/* Pictures: so many that a signal comes before the last, however late. */
#define N_MANY 500

static const Kind plain = KIND_PLAIN;

static void
test_bad_among_good (void)
{
  static const gchar *const left[] = { "objects.csv", "plain.png", "last.png",
    NULL };
  static const Kind other = { "last.png", 64, 96, 1, 16, 20, 5000 };
  static const Kind small = { "small.png", 15, 40, 1, 8, 20, 200 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *text = folder_file (folder, "text.png");
  g_autofree gchar *cut = folder_file (folder, "cut.png");
  g_autofree gchar *none = folder_file (folder, "none.tif");
  g_autofree gchar *dir = folder_file (folder, "dir.png");
  g_autofree gchar *labels = folder_file (folder, "out/plain.png");
  g_autofree gchar *last_labels = folder_file (folder, "out/last.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  g_autofree gchar *whole = NULL;
  Truth *good = make_picture (folder, &plain, 1);
  Truth *last = make_picture (folder, &other, 2);
  Truth *tiny = make_picture (folder, &small, 3);
  gsize size;

  write_bytes (text, "hello, world", 12);
  g_assert_true (g_file_get_contents (good->path, &whole, &size, NULL));
  write_bytes (cut, whole, size / 2);
  g_mkdir (dir, 0700);
  g_autoptr (Run) run = run_nucseg ("segment", "--model", model, "--out", out,
      text, good->path, cut, none, dir, tiny->path, last->path, NULL);
  assert_exits (run, 1);
  assert_says (run, "text.png: is neither a PNG nor a TIFF");
  assert_says (run, "cut.png: the PNG file is truncated");
  assert_says (run, "none.tif: there is no such file");
  assert_says (run, "dir.png: is a directory");
  assert_says (run, "small.png: the picture has 15x40 pixels; 16x16 to");
  assert_says (run, "2 images");
  assert_says (run, "5 files failed");
  check_labels (labels, good);
  check_labels (last_labels, last);
  check_table (table, good);
  check_table (table, last);
  assert_only (out, left);
  truth_free (good);
  truth_free (last);
  truth_free (tiny);
}

/* A wrong path doesn't cost an earlier run's table, nor leave an empty one. */
static void
test_none_good (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *fresh = folder_file (folder, "fresh");
  g_autofree gchar *none = folder_file (folder, "none.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  Truth *good = make_picture (folder, &plain, 1);

  g_autoptr (Run) first =
      run_nucseg ("segment", "--model", model, "--out", out, good->path, NULL);
  assert_exits (first, 0);
  g_autoptr (Run) again =
      run_nucseg ("segment", "--model", model, "--out", out, none, NULL);
  assert_exits (again, 1);
  assert_says (again, "none.png: there is no such file");
  check_table (table, good);
  g_autoptr (Run) elsewhere =
      run_nucseg ("segment", "--model", model, "--out", fresh, none, NULL);
  assert_exits (elsewhere, 1);
  g_assert_false (g_file_test (fresh, G_FILE_TEST_EXISTS));
  /* beside where it would be: what is not there is not replaced */
  g_autoptr (Run) beside = run_nucseg (
      "segment", "--model", model, "--out", folder->path, none, NULL);
  assert_exits (beside, 1);
  assert_says (beside, "none.png: there is no such file");
  truth_free (good);
}

/* The element refuses one picture; those behind it go through a new pipeline.
 */
static void
test_element_fails (void)
{
  static const Kind huge = { "wide.png", 8192, 16, 1, 1, 0, 1 };
  static const Kind small = { "small.png", 40, 40, 1, 8, 20, 200 };
  static const gchar *const left[] = { "objects.csv", "plain.png", "small.png",
    NULL };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  Truth *first = make_picture (folder, &plain, 1);
  Truth *middle = make_picture (folder, &huge, 2);
  Truth *last = make_picture (folder, &small, 3);

  /* eightfold, the wide one is beyond any network's input */
  g_autoptr (Run) run = run_nucseg ("segment", "--model", model, "--scale", "8",
      "--out", out, first->path, middle->path, last->path, NULL);
  assert_exits (run, 1);
  assert_says (run, "wide.png: ");
  assert_says (run, "2 images");
  assert_only (out, left);
  truth_free (first);
  truth_free (middle);
  truth_free (last);
}

static void
test_names (void)
{
  static const Kind tif = { "plain.tif", 40, 40, 1, 8, 20, 200, .tiff = TRUE };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *before = NULL, *after = NULL;
  gsize size_before, size_after;
  Truth *png = make_picture (folder, &plain, 1);
  Truth *same = make_picture (folder, &tif, 2);

  g_autoptr (Run) twice = run_nucseg (
      "segment", "--model", model, "--out", out, png->path, same->path, NULL);
  assert_exits (twice, 2);
  assert_says (twice, png->path);
  assert_says (twice, same->path);
  g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));

  g_assert_true (g_file_get_contents (png->path, &before, &size_before, NULL));
  g_autoptr (Run) onto_itself = run_nucseg (
      "segment", "--model", model, "--out", folder->path, png->path, NULL);
  assert_exits (onto_itself, 2);
  assert_says (onto_itself, "would replace");
  g_assert_true (g_file_get_contents (png->path, &after, &size_after, NULL));
  g_assert_cmpmem (before, size_before, after, size_after);
  truth_free (png);
  truth_free (same);
}

static void
test_folder_cannot_be (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *file = folder_file (folder, "file");
  g_autofree gchar *below = folder_file (folder, "file/below");
  g_autofree gchar *locked = folder_file (folder, "locked");
  Truth *t = make_picture (folder, &plain, 1);

  write_bytes (file, "x", 1);
  g_autoptr (Run) at =
      run_nucseg ("segment", "--model", model, "--out", file, t->path, NULL);
  assert_exits (at, 1);
  assert_says (at, file);
  g_autoptr (Run) under =
      run_nucseg ("segment", "--model", model, "--out", below, t->path, NULL);
  assert_exits (under, 1);
  assert_says (under, below);
  /* root may write anywhere */
  if (geteuid () != 0) {
    g_mkdir (locked, 0500);
    g_autoptr (Run) in = run_nucseg (
        "segment", "--model", model, "--out", locked, t->path, NULL);
    assert_exits (in, 1);
    assert_says (in, locked);
  }
  truth_free (t);
}

/* What makes all frames slow is said, also where only results are asked for. */
static void
test_slow_back_end (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *saved = g_strdup (g_getenv ("NUCSEG_MODULE_PATH"));
  Truth *t = make_picture (folder, &plain, 1);

  g_setenv ("NUCSEG_MODULE_PATH", folder->path, TRUE);
  g_autoptr (Run) run = run_nucseg (
      "segment", "--quiet", "--model", model, "--out", out, t->path, NULL);
  if (saved)
    g_setenv ("NUCSEG_MODULE_PATH", saved, TRUE);
  else
    g_unsetenv ("NUCSEG_MODULE_PATH");
  assert_says (run, "onednn");
  assert_says (run, "reference");
  truth_free (t);
}

/* A label map without its overlay, and without its lines in the table, would
 * look like a result. */
static void
test_no_overlay (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  /* a name that has room for .png, and none for -overlay.png */
  g_autofree gchar *stem = g_strnfill (248, 'x');
  g_autofree gchar *name = g_strconcat (stem, ".png", NULL);
  g_autofree gchar *picture = folder_file (folder, name);
  Truth *t = make_picture (folder, &plain, 1);

  g_assert_cmpint (g_rename (t->path, picture), ==, 0);
  g_autoptr (Run) run = run_nucseg (
      "segment", "--overlay", "--model", model, "--out", out, picture, NULL);
  assert_exits (run, 1);
  assert_says (run, "-overlay.png");
  g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));
  truth_free (t);
}

/* Nothing asked for a least area: the model has one. */
static void
test_areas_that_keep_nothing (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *out = folder_file (folder, "out");
  Truth *t = make_picture (folder, &plain, 1);
  g_autoptr (Run) run = run_nucseg ("segment", "--backend=reference", "--model",
      "nuclei-live", "--max-area", "5", "--out", out, t->path, NULL);

  assert_exits (run, 0);
  assert_says (run, "max-area=5 is below the model's smallest area of 30");
  truth_free (t);
}

static void
test_bad_options (void)
{
  static const struct {
    const gchar *option, *value;
    gint code;
    const gchar *says;
  } cases[] = {
    { "--backend", "abacus", 2, "abacus" },
    { "--precision", "f8", 2, "f32" },
    { "--precision", "f16x", 2, "bf16, int8 or f16" },
    { "--polarity", "sideways", 2, "bright" },
    { "--threads", "two", 2, "a whole number" },
    { "--threads", "1.5", 2, "a whole number from 0 to 256" },
    { "--threads", "-1", 2, "from 0" },
    { "--threads", "100000", 2, "256" },
    { "--threshold", "1.5", 2, "from 0 to 0.9" },
    { "--threshold", "0.5x", 2, "0.5x" },
    { "--scale", "nan", 2, "--scale nan: 0, or a number from 0.05" },
    { "--scale", "9", 2, "8" },
    { "--scale", "0.01", 2, "from 0.05" },
    { "--min-area=50", "--max-area=10", 2, "--min-area 50" },
    { "--pixel-size", "-1", 2, "--pixel-size" },
    { "--min-area", "1e99", 2, "--min-area" },
    { "--significant-bits", "17", 2, "16" },
    { "--model", "no-such-model", 1, "no-such-model" },
    { "--model", "/", 1, "/" },
    { "--precision", "int8", 1, "int8" },
  };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  Truth *t = make_picture (folder, &plain, 1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Run) run =
        run_nucseg ("segment", "--model", model, "--backend=reference",
            cases[i].option, cases[i].value, "--out", out, t->path, NULL);

    assert_exits (run, cases[i].code);
    assert_says (run, cases[i].says);
    g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));
  }
  truth_free (t);
}

static void
test_interrupt (void)
{
  static const Kind large = { "large.png", 1600, 1600, 1, 8, 20, 200 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *one = folder_file (folder, "out/p000.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  Truth *t = make_picture (folder, &large, 1);
  const gchar *const first[] = { "segment", "--quiet", "--model", model,
    "--out", out };
  GPid pid;
  gint status;
  guint n_files = 0, n_labels = 0;
  const gchar *name;

  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    g_ptr_array_add (arguments, g_strdup (first[i]));
  for (guint i = 0; i < N_MANY; i++) {
    g_autofree gchar *link = g_strdup_printf ("%s/p%03u.png", folder->path, i);

    g_assert_cmpint (symlink (t->path, link), ==, 0);
    g_ptr_array_add (arguments, g_steal_pointer (&link));
  }
  g_ptr_array_add (arguments, NULL);
  g_auto (GStrv) argv = nucseg_argv ((const gchar *const *) arguments->pdata);
  g_spawn_async (NULL, argv, NULL,
      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &pid,
      &error);
  g_assert_no_error (error);
  while (!g_file_test (one, G_FILE_TEST_EXISTS)
      && waitpid (pid, &status, WNOHANG) == 0)
    g_usleep (5000);
  g_assert_cmpint (kill (pid, SIGINT), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 130);

  /* The table is complete for the label maps that are there. */
  g_autoptr (GDir) dir = g_dir_open (out, 0, NULL);
  while ((name = g_dir_read_name (dir))) {
    g_assert_cmpint (name[0], !=, '.');
    n_files++;
    if (g_str_has_suffix (name, ".png")) {
      g_autoptr (GPtrArray) rows = rows_of (table, name);

      n_labels++;
      g_assert_cmpuint (rows->len, ==, t->n);
    }
  }
  g_assert_cmpuint (n_labels, >=, 1);
  g_assert_cmpuint (n_labels, <, N_MANY);
  g_assert_cmpuint (n_files, ==, n_labels + 1);
  truth_free (t);
}

static void
add_tests (void)
{
  g_test_add_func ("/segment-bad/bad-among-good", test_bad_among_good);
  g_test_add_func ("/segment-bad/none-good", test_none_good);
  g_test_add_func ("/segment-bad/element-fails", test_element_fails);
  g_test_add_func ("/segment-bad/names", test_names);
  g_test_add_func ("/segment-bad/folder-cannot-be", test_folder_cannot_be);
  g_test_add_func ("/segment-bad/slow-back-end", test_slow_back_end);
  g_test_add_func ("/segment-bad/bad-options", test_bad_options);
  g_test_add_func ("/segment-bad/no-overlay", test_no_overlay);
  g_test_add_func (
      "/segment-bad/areas-that-keep-nothing", test_areas_that_keep_nothing);
  g_test_add_func ("/segment-bad/interrupt", test_interrupt);
}

int
main (int argc, char **argv)
{
  return tests_run (argc, argv, add_tests);
}
