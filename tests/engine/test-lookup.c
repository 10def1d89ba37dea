/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-lookup.c: models by name: folders, their order, and installations that
 * were moved. Called with "--names" it prints what it finds.
 */
#include "expect.h"
#include "modelbuilder.h"

#include <glib/gstdio.h>

typedef struct {
  gchar *root, *first, *second;
} Folders;

static void
write_model (const gchar *dir, const gchar *file, const gchar *name)
{
  g_autofree gchar *path = g_build_filename (dir, file, NULL);
  NucsegBuilder *b = nucseg_builder_new (1, 1);

  nucseg_builder_set (b, "name", name);
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "input", 1);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
      (gssize) g_bytes_get_size (bytes), NULL));
}

static void
remove_tree (const gchar *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *entry;

  while (dir && (entry = g_dir_read_name (dir))) {
    g_autofree gchar *child = g_build_filename (path, entry, NULL);
    remove_tree (child);
  }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
set_up (Folders *folders, gconstpointer data)
{
  folders->root = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  folders->first = g_build_filename (folders->root, "first", NULL);
  folders->second = g_build_filename (folders->root, "second", NULL);
  g_assert_cmpint (g_mkdir (folders->first, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (folders->second, 0700), ==, 0);
  g_autofree gchar *path = g_strdup_printf ("%s::%s/none:%s:%s", folders->first,
      folders->root, folders->second, folders->first);
  g_setenv ("NUCSEG_MODEL_PATH", path, TRUE);
}

static void
tear_down (Folders *folders, gconstpointer data)
{
  remove_tree (folders->root);
  g_free (folders->root);
  g_free (folders->first);
  g_free (folders->second);
}

static void
test_order (Folders *folders, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_model (folders->first, "one.safetensors", "first-one");
  write_model (folders->second, "one.safetensors", "second-one");
  write_model (folders->second, "two.safetensors", "second-two");
  write_model (folders->second, ".hidden.safetensors", "hidden");
  write_model (folders->second, "two.bin", "other");
  write_model (folders->second, "two.safetensors.safetensors", "twice");

  g_autoptr (NucsegModel) one = nucseg_model_load ("one", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (nucseg_model_get_name (one), ==, "first-one");
  g_assert_true (
      g_str_has_prefix (nucseg_model_get_origin (one), folders->first));
  g_autoptr (NucsegModel) two = nucseg_model_load ("two", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (nucseg_model_get_name (two), ==, "second-two");

  g_auto (GStrv) names = nucseg_model_list_names ();
  const gchar *const *list = (const gchar *const *) names;
  g_assert_true (g_strv_contains (list, "one"));
  g_assert_true (g_strv_contains (list, "two"));
  g_assert_false (g_strv_contains (list, ".hidden"));
  g_assert_false (g_strv_contains (list, "two.safetensors"));
  for (guint i = 1; names[0] && names[i]; i++)
    g_assert_cmpstr (names[i - 1], <, names[i]);

  /* a path is a path: no folder is searched */
  g_autofree gchar *path =
      g_build_filename (folders->second, "one.safetensors", NULL);
  g_autoptr (NucsegModel) by_path = nucseg_model_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (nucseg_model_get_name (by_path), ==, "second-one");
  g_assert_null (nucseg_model_load ("one.safetensors", &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NOT_FOUND);
}

static void
test_unknown (Folders *folders, gconstpointer data)
{
  static const gchar *const unknown[] = { "three", "", ".", "one\n" };

  write_model (folders->first, "one.safetensors", "one");
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (nucseg_model_load (unknown[i], &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NOT_FOUND);
    g_assert_nonnull (strstr (error->message, folders->first));
    g_assert_nonnull (strstr (error->message, folders->second));
    g_assert_nonnull (strstr (error->message, "models there: "));
    g_assert_nonnull (strstr (error->message, "one"));
  }
}

static void
test_folder (Folders *folders, gconstpointer data)
{
  g_autofree gchar *path =
      g_build_filename (folders->first, "dir.safetensors", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_null (nucseg_model_load ("dir", &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
  expect_message (error, path, "a folder");
}

/* Models and modules beside the library are found wherever it is put. */
static void
test_relocated (Folders *folders, gconstpointer data)
{
  static const gchar *const lib_dirs[] = { "lib", "lib/arch" };
  const gchar *library = g_getenv ("NUCSEG_TEST_LIBRARY");
  g_autofree gchar *models =
      g_build_filename (folders->root, "share/nucseg/models", NULL);
  g_autofree gchar *contents = NULL;
  gsize size;

  g_assert_nonnull (library);
  g_assert_true (g_file_get_contents (library, &contents, &size, NULL));
  g_assert_cmpint (g_mkdir_with_parents (models, 0700), ==, 0);
  write_model (models, "moved.safetensors", "moved");
  for (guint i = 0; i < G_N_ELEMENTS (lib_dirs); i++) {
    g_autofree gchar *dir = g_build_filename (folders->root, lib_dirs[i], NULL);
    g_autofree gchar *file = g_build_filename (dir, "libnucseg.so.0", NULL);
    g_autofree gchar *output = NULL;
    g_autoptr (GError) error = NULL;
    gint status;
    g_autofree gchar *modules = g_build_filename (dir, "nucseg", NULL);
    g_autofree gchar *module =
        g_build_filename (modules, "libnucseg-moved.so", NULL);
    g_assert_cmpint (g_mkdir_with_parents (modules, 0700), ==, 0);
    g_assert_true (g_file_set_contents (module, "", 0, NULL));
    g_assert_true (g_file_set_contents (file, contents, (gssize) size, NULL));
    g_auto (GStrv) env = g_get_environ ();
    env = g_environ_setenv (env, "LD_LIBRARY_PATH", dir, TRUE);
    env = g_environ_unsetenv (env, "NUCSEG_MODEL_PATH");
    env = g_environ_unsetenv (env, "NUCSEG_MODULE_PATH");
    const gchar *argv[] = { "/proc/self/exe", "--names", NULL };
    g_autofree gchar *self = g_file_read_link (argv[0], NULL);
    argv[0] = self;
    g_assert_true (g_spawn_sync (NULL, (gchar **) argv, env, G_SPAWN_DEFAULT,
        NULL, NULL, &output, NULL, &status, &error));
    g_assert_no_error (error);
    g_assert_true (g_spawn_check_wait_status (status, NULL));
    g_auto (GStrv) names = g_strsplit (output, "\n", -1);
    g_assert_true (g_strv_contains ((const gchar *const *) names, "moved"));
    g_assert_true (
        g_strv_contains ((const gchar *const *) names, "back end moved"));
  }
}

int
main (int argc, char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], "--names")) {
    g_auto (GStrv) names = nucseg_model_list_names ();
    for (guint i = 0; names[i]; i++)
      g_print ("%s\n", names[i]);
    g_auto (GStrv) backends = nucseg_backend_list ();
    for (guint i = 0; backends[i]; i++)
      g_print ("back end %s\n", backends[i]);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                        \
  g_test_add (path, Folders, NULL, set_up, func, tear_down)
  ADD ("/lookup/order", test_order);
  ADD ("/lookup/unknown", test_unknown);
  ADD ("/lookup/folder", test_folder);
  ADD ("/lookup/relocated", test_relocated);
  return g_test_run ();
}
