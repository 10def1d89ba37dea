/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-kept.c: what one start leaves in the cache folder for the next, over the
 * emulation: choices from fewer trials than are asked for are made anew, and a
 * file that is damaged neither does harm nor stays so.
 *
 *   test-kept MODULE
 */
#include "emulated-log.h"
#include "emulated-stream.h"

#include <glib/gstdio.h>

#define TRIALS "NUCSEG_CUDA_TRIALS"

static EmulatedLog *device;
static gchar *folder; /* where the file lies */

/* Of a network that is started and runs a frame. */
typedef struct {
  gint n_plans, n_loaded; /* built, read */
  gint n_ahead; /* convolutions that were built ahead */
  guint16 labels[MOST_HEIGHT * MOST_WIDTH];
} Start;

/* @trials: NULL: as many as usual */
static void
start (const gchar *trials, Start *result)
{
  g_autofree Stream *stream = g_new0 (Stream, 1);

  if (trials)
    g_setenv (TRIALS, trials, TRUE);
  *result =
      (Start){ -device->n_plans, -device->n_loaded, -device->n_ahead, { 0 } };
  stream_start (stream, 11, NUCSEG_PRECISION_BF16);
  stream_run (stream, 48, 32);
  g_assert_cmpuint (stream->n_objects, >, 0);
  stream_end (stream);
  result->n_plans += device->n_plans;
  result->n_loaded += device->n_loaded;
  result->n_ahead += device->n_ahead;
  memcpy (result->labels, stream->labels, sizeof result->labels);
  g_assert_cmpint (device->live_cudnn, ==, 0);
  g_assert_cmpuint (device->live, ==, 0);
  g_unsetenv (TRIALS);
}

/* The one file that is there. */
static gchar *
find_file (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  gchar *path;

  g_assert_nonnull (dir);
  path = g_build_filename (folder, g_dir_read_name (dir), NULL);
  g_assert_null (g_dir_read_name (dir));
  return path;
}

/* Its first line is the sum of the rest, which has @line in it. */
static void
assert_whole (const gchar *path, const gchar *line)
{
  g_autofree gchar *text = NULL, *sum = NULL;
  gchar *rest;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  rest = strchr (text, '\n');
  g_assert_nonnull (rest);
  *rest = '\0';
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, rest + 1, -1);
  g_assert_cmpstr (text, ==, sum);
  g_assert_nonnull (strstr (rest + 1, line));
}

static void
test_trials (void)
{
  static const struct {
    const gchar *trials;
    gboolean anew;
  } starts[] = {
    { "1", TRUE }, /* the first ever */
    { "1", FALSE },
    { NULL, TRUE }, /* one guess isn't good enough for who wants six */
    { NULL, FALSE },
    { "1", FALSE }, /* and the best of six is for who wants one */
    { "6", FALSE },
    { "7", TRUE },
  };
  g_autofree Start *first = g_new (Start, 1), *found = g_new (Start, 1);
  g_autofree gchar *path = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (starts); i++) {
    start (starts[i].trials, i == 0 ? first : found);
    if (i == 0) {
      path = find_file ();
      assert_whole (path, "=1 1:2=3\n");
      /* Those that are alike take the plan of the first of them. */
      g_assert_cmpint (first->n_ahead, >, 0);
      g_assert_cmpint (first->n_ahead, <, first->n_plans + first->n_loaded);
      continue;
    }
    g_test_message (
        "start %u: %d built, %d read", i, found->n_plans, found->n_loaded);
    if (starts[i].anew) {
      g_assert_cmpint (found->n_plans, >=, first->n_plans);
      g_assert_cmpint (found->n_ahead, ==, first->n_ahead);
    } else {
      g_assert_cmpint (found->n_plans, ==, 0);
      g_assert_cmpint (found->n_ahead, ==, 0);
    }
    g_assert_cmpint (found->n_loaded, >, 0);
    g_assert_cmpmem (found->labels, sizeof found->labels, first->labels,
        sizeof first->labels);
  }
  assert_whole (path, "=7 1:2=3\n");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* A digit of an engine's that is another engine's, and of a plan's; places all
 * over the file; a part of it; nothing of it; an older version's. */
static void
test_damaged (void)
{
  g_autofree Start *usual = g_new (Start, 1), *found = g_new (Start, 1);
  g_autofree gchar *path = NULL, *text = NULL;
  gsize size;
  gchar *engine;

  start (NULL, usual);
  g_assert_cmpint (usual->n_plans, >, 0);
  path = find_file ();
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  engine = strstr (text, "=6 1:2=3\n");
  g_assert_nonnull (engine);
  for (guint i = 0; i < 14; i++) {
    g_autofree gchar *bad = g_memdup2 (text, size);
    gsize length = size;

    if (i == 0)
      bad[engine - text + 3] = '9'; /* "9:2=3" */
    else if (i == 1)
      bad[strchr (strstr (text, "{"), ' ') - text - 1] ^= 1;
    else if (i < 10)
      bad[size / 8 * (i - 2)] ^= 2;
    else
      length = (13 - i) * (size / 4);
    g_assert_true (g_file_set_contents (path, bad, (gssize) length, NULL));
    start (NULL, found);
    g_assert_cmpint (found->n_plans, ==, usual->n_plans);
    g_assert_cmpmem (found->labels, sizeof found->labels, usual->labels,
        sizeof usual->labels);
    assert_whole (path, "=6 1:2=3\n");
    start (NULL, found);
    g_assert_cmpint (found->n_plans, ==, 0);
    g_assert_cmpint (found->n_loaded, >, 0);
  }
  g_assert_cmpint (g_unlink (path), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-kept-XXXXXX", NULL);
  gint result;

  g_assert_nonnull (dir);
  g_setenv ("XDG_CACHE_HOME", dir, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  folder = g_build_filename (dir, "nucseg", NULL);
  device = emulated_open_log (argv[1]);
  g_test_add_func ("/kept/trials", test_trials);
  g_test_add_func ("/kept/damaged", test_damaged);
  result = g_test_run ();
  g_rmdir (folder);
  g_rmdir (dir);
  g_free (folder);
  return result;
}
