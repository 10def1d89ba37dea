/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model-lookup.c: where models are found by name.
 */
#define _GNU_SOURCE /* dladdr */
#include "model-private.h"

#include <dlfcn.h>
#include <string.h>

gchar *
nucseg_library_dir (void)
{
  Dl_info info;

  if (!dladdr ((gconstpointer) nucseg_version, &info) || !info.dli_fname)
    return NULL;
  /* a relative name means that the loader was given one */
  g_autofree gchar *path = g_canonicalize_filename (info.dli_fname, NULL);
  return g_path_get_dirname (path);
}

static void
add_dir (GPtrArray *dirs, gchar *dir)
{
  for (guint i = 0; i < dirs->len; i++) {
    if (g_str_equal (g_ptr_array_index (dirs, i), dir)) {
      g_free (dir);
      return;
    }
  }
  g_ptr_array_add (dirs, dir);
}

/* Folders in the order of search, each once, whether they exist or not. */
static GPtrArray *
list_dirs (void)
{
  GPtrArray *dirs = g_ptr_array_new_with_free_func (g_free);
  const gchar *path = g_getenv ("NUCSEG_MODEL_PATH");

  if (path) {
    g_auto (GStrv) parts = g_strsplit (path, G_SEARCHPATH_SEPARATOR_S, -1);
    for (guint i = 0; parts[i]; i++) {
      if (parts[i][0])
        add_dir (dirs, g_strdup (parts[i]));
    }
  }
  add_dir (dirs, g_strdup (NUCSEG_MODEL_DIR));
  g_autofree gchar *library = nucseg_library_dir ();
  if (library) {
    /* PREFIX/lib, and PREFIX/lib/ARCHITECTURE */
    static const gchar *const up[] = { "..", "../.." };
    for (guint i = 0; i < G_N_ELEMENTS (up); i++) {
      g_autofree gchar *dir =
          g_build_filename (library, up[i], "share", "nucseg", "models", NULL);
      add_dir (dirs, g_canonicalize_filename (dir, NULL));
    }
  }
  return dirs;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

gchar **
nucseg_model_list_names (void)
{
  g_autoptr (GPtrArray) dirs = list_dirs ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < dirs->len; i++) {
    g_autoptr (GDir) dir = g_dir_open (g_ptr_array_index (dirs, i), 0, NULL);
    const gchar *entry;
    while (dir && (entry = g_dir_read_name (dir))) {
      if (!g_str_has_suffix (entry, NUCSEG_MODEL_SUFFIX) || entry[0] == '.')
        continue;
      gchar *name =
          g_strndup (entry, strlen (entry) - strlen (NUCSEG_MODEL_SUFFIX));
      /* who asks for x.safetensors.safetensors by name names a path */
      if (!g_str_has_suffix (name, NUCSEG_MODEL_SUFFIX)
          && g_hash_table_add (seen, name))
        g_ptr_array_add (names, name);
      else
        g_free (name);
    }
  }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

gchar *
nucseg_model_find (const gchar *path_or_name, GError **error)
{
  if (strchr (path_or_name, '/')
      || g_str_has_suffix (path_or_name, NUCSEG_MODEL_SUFFIX))
    return g_strdup (path_or_name);

  g_autoptr (GPtrArray) dirs = list_dirs ();
  g_autofree gchar *file =
      g_strconcat (path_or_name, NUCSEG_MODEL_SUFFIX, NULL);
  for (guint i = 0; path_or_name[0] && i < dirs->len; i++) {
    g_autofree gchar *path =
        g_build_filename (g_ptr_array_index (dirs, i), file, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  g_ptr_array_add (dirs, NULL);
  g_autofree gchar *searched = g_strjoinv (", ", (gchar **) dirs->pdata);
  g_auto (GStrv) names = nucseg_model_list_names ();
  g_autofree gchar *known = g_strjoinv (", ", names);
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NOT_FOUND,
      "no model is called \"%s\"; searched: %s; models there: %s", path_or_name,
      searched, known[0] ? known : "none");
  return NULL;
}
