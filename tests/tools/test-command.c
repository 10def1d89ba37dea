/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-command.c: help, versions, wrong command lines, and nucseg info.
 */
#include <string.h>
#include <sys/wait.h>

#include "fixtures.h"

static void
test_help (void)
{
  static const gchar *const commands[] = { "segment", "watch", "info" };
  g_autoptr (Run) all = run_nucseg ("--help", NULL);
  g_autoptr (Run) version = run_nucseg ("--version", NULL);

  assert_exits (all, 0);
  g_assert_cmpstr (all->err, ==, "");
  assert_exits (version, 0);
  g_assert_true (g_str_has_prefix (version->out, "nucseg " VERSION));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autoptr (Run) after = run_nucseg (commands[i], "--help", NULL);
    g_autoptr (Run) before = run_nucseg ("help", commands[i], NULL);

    assert_says (all, commands[i]);
    assert_exits (after, 0);
    g_assert_cmpstr (after->err, ==, "");
    assert_says (after, "Usage:");
    g_assert_cmpstr (after->out, ==, before->out);
  }
}

static void
test_wrong (void)
{
  static const struct {
    const gchar *arguments[6], *says;
  } lines[] = {
    { { NULL }, "no command" },
    { { "segmemt" }, "'segmemt'" },
    { { "help", "me" }, "'me'" },
    { { "segment" }, "no image files" },
    { { "segment", "a.png" }, "--out" },
    { { "segment", "--out", "o" }, "no image files" },
    { { "segment", "--ouch", "o", "a.png" }, "--ouch" },
    { { "segment", "--out" }, "--out" },
    { { "watch" }, "no SOURCE" },
    { { "watch", "a", "b" }, "one SOURCE" },
    { { "watch", "test", "--frames", "-1" }, "--frames -1" },
    { { "watch", "test", "--frames", "many" }, "many" },
    { { "watch", "test", "--size", "64" }, "--size 64" },
    { { "watch", "test", "--size", "64x" }, "--size 64x" },
    { { "watch", "test", "--size", "64x64x" }, "--size 64x64x" },
    { { "watch", "test", "--size", "8x64" }, "16x16" },
    { { "watch", "test", "--size", "9000x64" }, "8192" },
    { { "watch", "test", "--size", " +64x +48" }, "--size  +64x +48" },
    { { "watch", "test", "--size", "-18446744073709551104x512" }, "--size" },
    { { "watch", "test", "--frames", "-2147483648" }, "--frames -2147483648" },
    { { "watch", "test", "--fps", "-2147483648" }, "--fps" },
    { { "watch", "test", "--fps", "1e-30" }, "--fps 1e-30" },
    { { "watch", "test", "--fps", "-5" }, "--fps" },
    { { "watch", "test", "--fps", "1001" }, "1000 at most" },
    { { "watch", "test", "--snapshot", "a.JPG" }, ".png" },
    { { "watch", "test", "--codec", "vp8" }, "--record" },
    { { "watch", "test", "--record", "a.mkv", "--codec=mp3" }, "mp3" },
    { { "watch", "test", "--overlay", "thick" }, "thick" },
    { { "info", "me" }, "'me'" },
    { { "info", "--backend", "onednn" }, "--backend" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (Run) run = run_nucseg_argv (lines[i].arguments);

    assert_exits (run, 2);
    assert_says (run, lines[i].says);
    g_assert_cmpstr (run->out, ==, "");
  }
}

static void
test_info (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *text = folder_file (folder, "text.safetensors");
  g_autofree gchar *none = folder_file (folder, "none.safetensors");
  g_autoptr (Run) all = run_nucseg ("info", NULL);
  g_autoptr (Run) one = run_nucseg ("info", "--model", model, NULL);
  g_autoptr (Run) missing = run_nucseg ("info", "--model", none, NULL);
  g_autoptr (Run) named = run_nucseg ("info", "--model", "no-such", NULL);

  assert_exits (all, 0);
  assert_says (all, "reference");
  assert_says (all, "GStreamer");
  assert_says (all, VERSION);

  assert_exits (one, 0);
  assert_says (one, model);
  /* one weight and one bias; 2 x 512 x 512 operations */
  assert_says (one, "weights     2\n");
  assert_says (one, "0.00 GFLOP at 512x512");

  assert_exits (missing, 1);
  assert_says (missing, "none.safetensors");
  assert_exits (named, 1);
  assert_says (named, "no-such");

  write_bytes (text, "not a model", 11);
  g_autoptr (Run) bad = run_nucseg ("info", "--model", text, NULL);
  assert_exits (bad, 1);
  assert_says (bad, "text.safetensors");
}

/* Where a model of the path is bad, the others are still described. */
static void
test_info_lists (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *bad = folder_file (folder, "a-bad-one.safetensors");
  g_autofree gchar *copy = folder_file (folder, "copy.safetensors");
  g_autofree gchar *saved = g_strdup (g_getenv ("NUCSEG_MODEL_PATH"));
  g_autofree gchar *data = NULL;
  gsize size;

  write_bytes (bad, "not a model", 11);
  g_assert_true (g_file_get_contents (model, &data, &size, NULL));
  write_bytes (copy, data, size);
  g_setenv ("NUCSEG_MODEL_PATH", folder->path, TRUE);
  g_autoptr (Run) run = run_nucseg ("info", NULL);
  if (saved)
    g_setenv ("NUCSEG_MODEL_PATH", saved, TRUE);
  assert_exits (run, 1);
  assert_says (run, "a-bad-one");
  assert_says (run, model);
  /* the name that can be asked for first */
  assert_says (run, "  copy (calls itself ");
}

/* What the lines are for is not there, so it is no success. */
static void
test_full_disk (void)
{
  static const gchar *const words[] = { "--version", "--help", "info",
    "info --help" };

  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS)) {
    g_test_skip ("no /dev/full here");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree gchar *line =
        g_strdup_printf ("\"$NUCSEG_TEST_TOOL\" %s > /dev/full", words[i]);
    gchar *argv[] = { "/bin/sh", "-c", line, NULL };
    g_autofree gchar *says = NULL;
    gint status;

    g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
        NULL, &says, &status, NULL));
    g_assert_true (WIFEXITED (status));
    g_assert_cmpint (WEXITSTATUS (status), ==, 1);
    g_assert_nonnull (strstr (says, "can't write to standard output"));
  }
}

static void
add_tests (void)
{
  g_test_add_func ("/command/help", test_help);
  g_test_add_func ("/command/wrong", test_wrong);
  g_test_add_func ("/command/info", test_info);
  g_test_add_func ("/command/info-lists", test_info_lists);
  g_test_add_func ("/command/full-disk", test_full_disk);
}

int
main (int argc, char **argv)
{
  return tests_run (argc, argv, add_tests);
}
