/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-watch-bad.c: `nucseg watch` where something is wrong: what it says, and
 * which files it leaves alone.
 */
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "fixtures.h"

static void
assert_unchanged (const gchar *path)
{
  g_autofree gchar *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "an earlier recording");
}

/* What can't begin costs nobody a file. */
static void
test_files_stay (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *kept = folder_file (folder, "kept.mkv");
  g_autofree gchar *text = folder_file (folder, "text.mp4");
  g_autofree gchar *small = folder_file (folder, "small.png");
  g_autofree gchar *below = folder_file (folder, "text.mp4/a");
  const gchar *const runs[][12] = {
    { "watch", "test", "--model", "no-such", "--record", kept },
    { "watch", "test", "--model", "no-such", "--jsonl", kept, "--sink",
        "fakesink" },
    { "watch", text, "--model", model, "--record", kept },
    { "watch", small, "--model", model, "--record", kept },
    { "watch", "test", "--model", model, "--record", kept, "--snapshot",
        below },
    { "watch", "test", "--model", model, "--record", kept, "--frames", "0" },
    { "watch", "test", "--model", model, "--record", kept, "--fps", "0" },
  };
  g_autoptr (Samples) samples = samples_new (8, 8, 1, 8);
  guint n_files = 0;

  write_bytes (kept, "an earlier recording", 20);
  write_bytes (text, "this is no video, whatever its name says\n", 41);
  write_png (small, samples, (PngKind){ 0 });
  for (guint i = 0; i < G_N_ELEMENTS (runs); i++) {
    g_autoptr (Run) run = run_nucseg_argv (runs[i]);

    g_test_message ("%s", run->err);
    g_assert_cmpint (run->code, >, 0);
    assert_unchanged (kept);
    if (runs[i][1] == small)
      assert_says (run, "the picture has 8x8 pixels; 16x16 to 8192x8192");
  }
  /* nor leaves one: the model, and the three above */
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  while (g_dir_read_name (dir))
    n_files++;
  g_assert_cmpuint (n_files, ==, 4);
}

/* Nothing that is read is written to, and nothing is written twice. */
static void
test_same_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "a.mkv");
  g_autofree gchar *link = folder_file (folder, "link.mkv");
  g_autofree gchar *uri = g_filename_to_uri (video, NULL, NULL);
  g_autofree gchar *new = folder_file (folder, "new.mkv");
  g_autofree gchar *new_too = folder_file (folder, "./new.mkv");
  const struct {
    const gchar *arguments[12], *says;
  } cases[] = {
    { { "watch", video, "--model", model, "--record", video }, "the source" },
    { { "watch", video, "--model", model, "--record", link }, "the source" },
    { { "watch", uri, "--model", model, "--record", video }, "the source" },
    { { "watch", video, "--model", model, "--sink", "fakesink", "--jsonl",
          video },
        "the source" },
    { { "watch", video, "--model", model, "--sink", "fakesink", "--snapshot",
          video },
        "the source" },
    { { "watch", "test", "--model", model, "--record", model }, "the model" },
    { { "watch", "test", "--model", model, "--record", new, "--jsonl",
          new_too },
        "--record" },
    { { "watch", "test", "--model", model, "--record", "a.mp4" }, ".mkv" },
  };

  write_bytes (video, "an earlier recording", 20);
  g_assert_cmpint (symlink (video, link), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Run) run = run_nucseg_argv (cases[i].arguments);

    g_test_message ("%s", run->err);
    assert_exits (run, 2);
    assert_says (run, cases[i].says);
    assert_unchanged (video);
    g_assert_false (g_file_test (new, G_FILE_TEST_EXISTS));
  }
}

/* A tenth of a second of 8-bit PCM. */
static void
write_silence (const gchar *path)
{
  static const gchar header[44] = "RIFF\x44\x03\0\0WAVEfmt \x10\0\0\0\1\0\1\0"
                                  "\x40\x1f\0\0\x40\x1f\0\0\1\0\x8\0data"
                                  "\x20\x03\0\0";
  gchar file[44 + 800];

  memcpy (file, header, sizeof header);
  memset (file + sizeof header, 0x80, sizeof file - sizeof header);
  write_bytes (path, file, sizeof file);
}

static void
test_errors (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *text = folder_file (folder, "text.mp4");
  g_autofree gchar *cut = folder_file (folder, "cut.png");
  g_autofree gchar *sound = folder_file (folder, "sound.wav");
  g_autofree gchar *video = folder_file (folder, "a.mkv");
  g_autofree gchar *below = folder_file (folder, "text.mp4/a");
  const struct {
    const gchar *arguments[12];
    gint code;
    const gchar *says;
  } cases[] = {
    { { "watch", "test", "--model", model }, 1, "--record" },
    { { "watch", "/none/such.mkv", "--record", video }, 1, "/none/such.mkv" },
    { { "watch", folder->path, "--record", video }, 1, "neither a file" },
    { { "watch", text, "--model", model, "--record", video }, 1, "text.mp4" },
    { { "watch", cut, "--model", model, "--record", video }, 1, "cut.png" },
    { { "watch", sound, "--model", model, "--record", video }, 1,
        "sound.wav' holds no video" },
    { { "watch", text, "--size", "64x64", "--record", video }, 2, "text.mp4" },
    { { "watch", "test", "--model", "no-such", "--record", video }, 1,
        "no-such" },
    { { "watch", "test", "--model", model, "--record", below }, 1, below },
    { { "watch", "test", "--model", model, "--record", video, "--jsonl",
          below },
        1, below },
    { { "watch", "test", "--model", model, "--frames=2", "--record", video,
          "--snapshot", below },
        1, below },
    { { "watch", "test", "--model", model, "--sink", "nosuchsink" }, 1,
        "nosuchsink" },
    { { "watch", "test", "--model", model, "--threshold", "x", "--record",
          video },
        2, "--threshold x" },
    { { "watch", "nosuch://address", "--model", model, "--record", video }, 1,
        "nosuch" },
    { { "watch", "test", "--model", model, "--frames=9", "--record",
          "/dev/full" },
        1, "'/dev/full'" },
    /* at the first line, not at the end of a stream that has none */
    { { "watch", "test", "--model", model, "--size", "64x64", "--sink",
          "fakesink", "--jsonl", "/dev/full" },
        1, "'/dev/full'" },
  };
  g_autofree gchar *display = g_strdup (g_getenv ("DISPLAY"));
  g_autofree gchar *wayland = g_strdup (g_getenv ("WAYLAND_DISPLAY"));

  g_unsetenv ("DISPLAY");
  g_unsetenv ("WAYLAND_DISPLAY");
  write_bytes (text, "this is no video, whatever its name says\n", 41);
  write_silence (sound);
  write_bytes (cut, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Run) run = run_nucseg_argv (cases[i].arguments);

    g_test_message ("%s", run->err);
    assert_exits (run, cases[i].code);
    assert_says (run, cases[i].says);
  }
  if (display)
    g_setenv ("DISPLAY", display, TRUE);
  if (wayland)
    g_setenv ("WAYLAND_DISPLAY", wayland, TRUE);
}

static void
add_tests (void)
{
  g_test_add_func ("/watch-bad/files-stay", test_files_stay);
  g_test_add_func ("/watch-bad/same-file", test_same_file);
  g_test_add_func ("/watch-bad/errors", test_errors);
}

int
main (int argc, char **argv)
{
  return tests_run (argc, argv, add_tests);
}
