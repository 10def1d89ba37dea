/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fixtures-run.c: folders, a model, and runs of the command.
 */
#include "fixtures.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "modelbuilder.h"
#include "nucseg.h"

Folder *
folder_new (void)
{
  Folder *folder = g_new (Folder, 1);
  g_autoptr (GError) error = NULL;

  folder->path = g_dir_make_tmp ("nucseg-test-XXXXXX", &error);
  g_assert_no_error (error);
  return folder;
}

gchar *
folder_file (Folder *folder, const gchar *name)
{
  return g_build_filename (folder->path, name, NULL);
}

static void
remove_all (const gchar *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR)
      && !g_file_test (path, G_FILE_TEST_IS_SYMLINK)) {
    g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
    const gchar *name;

    while (dir && (name = g_dir_read_name (dir))) {
      g_autofree gchar *inside = g_build_filename (path, name, NULL);

      remove_all (inside);
    }
  }
  g_remove (path);
}

void
folder_free (Folder *folder)
{
  remove_all (folder->path);
  g_free (folder->path);
  g_free (folder);
}

static void
link_plugins (Folder *folder)
{
  static const gchar *const names[] = { "app", "autodetect", "coreelements",
    "debugutilsbad", "imagefreeze", "jpeg", "matroska", "openh264", "playback",
    "png", "theora", "typefindfunctions", "videoconvertscale",
    "videoparsersbad", "vpx", "wavparse", "x264", NULL };
  const gchar *from = g_getenv ("NUCSEG_TEST_GST_PLUGINS");
  g_autofree gchar *registry = folder_file (folder, "registry.bin");

  g_assert_nonnull (from);
  for (guint i = 0; names[i]; i++) {
    g_autofree gchar *name = g_strdup_printf ("libgst%s.so", names[i]);
    g_autofree gchar *target = g_build_filename (from, name, NULL);
    g_autofree gchar *link = folder_file (folder, name);

    if (g_file_test (target, G_FILE_TEST_EXISTS))
      g_assert_cmpint (symlink (target, link), ==, 0);
  }
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", folder->path, TRUE);
  g_setenv ("GST_REGISTRY", registry, TRUE);
}

int
tests_run (int argc, char **argv, void (*add) (void))
{
  g_autoptr (Folder) folder = NULL;

  g_test_init (&argc, &argv, NULL);
  folder = folder_new ();
  link_plugins (folder);
  add ();
  return g_test_run ();
}

gchar *
write_model (Folder *folder)
{
  g_autoptr (GBytes) bytes = nucseg_builder_identity (100, -50);
  gchar *path = folder_file (folder, "bright.safetensors");

  write_bytes (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return path;
}

gchar **
nucseg_argv (const gchar *const *arguments)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  const gchar *tool = g_getenv ("NUCSEG_TEST_TOOL");

  g_assert_nonnull (tool);
  g_ptr_array_add (argv, g_strdup (tool));
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, g_strdup (*arguments));
  g_ptr_array_add (argv, NULL);
  return (gchar **) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
}

Run *
run_nucseg_argv (const gchar *const *arguments)
{
  g_auto (GStrv) argv = nucseg_argv (arguments);
  g_autoptr (GError) error = NULL;
  Run *run = g_new0 (Run, 1);
  gint status;

  g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &run->out,
      &run->err, &status, &error);
  g_assert_no_error (error);
  run->code = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
  return run;
}

Run *
run_nucseg (const gchar *first, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  va_list ap;

  va_start (ap, first);
  for (const gchar *a = first; a; a = va_arg (ap, const gchar *))
    g_ptr_array_add (arguments, (gpointer) a);
  va_end (ap);
  g_ptr_array_add (arguments, NULL);
  return run_nucseg_argv ((const gchar *const *) arguments->pdata);
}

void
run_free (Run *run)
{
  g_free (run->out);
  g_free (run->err);
  g_free (run);
}

static void
complain (const Run *run, const gchar *what)
{
  g_test_message (
      "exit code %d\nstdout:\n%s\nstderr:\n%s", run->code, run->out, run->err);
  g_test_message ("%s", what);
  g_test_fail ();
}

void
assert_says (const Run *run, const gchar *text)
{
  g_autofree gchar *what = NULL;

  if (strstr (run->out, text) || strstr (run->err, text))
    return;
  what = g_strdup_printf ("does not say '%s'", text);
  complain (run, what);
}

void
assert_exits (const Run *run, gint code)
{
  g_autofree gchar *what = NULL;

  if (run->code == code)
    return;
  what = g_strdup_printf ("exit code %d expected", code);
  complain (run, what);
}

void
assert_quiet (const Run *run)
{
  g_auto (GStrv) built = nucseg_backend_list ();
  const gchar *last = "; reference takes over\n", *rest = run->err, *told;

  if (!g_strv_contains ((const gchar *const *) built, "onednn")
      && (told = strstr (rest, last)))
    rest = told + strlen (last);
  g_assert_cmpstr (rest, ==, "");
}

gboolean
have_element (const gchar *name)
{
  g_autoptr (GstElementFactory) factory = NULL;

  gst_init (NULL, NULL);
  factory = gst_element_factory_find (name);
  return factory != NULL;
}
