/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend.c: finds back ends: the reference inside the library, others in
 * modules libnucseg-NAME.so that are opened when they are first asked for.
 */
#define _GNU_SOURCE /* secure_getenv */
#include "backend-private.h"
#include "model-private.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "libnucseg-"
#define SUFFIX ".so"
#define REFERENCE "reference"

/* Best first; modules of other names follow in alphabetical order. */
static const gchar *const preferred[] = { "cuda", "onednn", REFERENCE };

static GMutex lock;
/* path of a module -> its table; both stay for good */
static GHashTable *opened;

static GPtrArray *
list_dirs (void)
{
  GPtrArray *dirs = g_ptr_array_new_with_free_func (g_free);
  /* a program with more rights than its user takes no code from the user */
  const gchar *path = secure_getenv ("NUCSEG_MODULE_PATH");

  if (path) {
    g_auto (GStrv) parts = g_strsplit (path, G_SEARCHPATH_SEPARATOR_S, -1);
    for (guint i = 0; parts[i]; i++) {
      if (parts[i][0])
        g_ptr_array_add (dirs, g_strdup (parts[i]));
    }
  }
  g_autofree gchar *library = nucseg_library_dir ();
  if (library)
    g_ptr_array_add (dirs, g_build_filename (library, "nucseg", NULL));
  g_ptr_array_add (dirs, g_strdup (NUCSEG_MODULE_DIR));
  return dirs;
}

/* What a file name may hold without leading out of the folder. */
static gboolean
is_name (const gchar *name)
{
  for (const gchar *p = name; *p; p++) {
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p) && *p != '_')
      return FALSE;
  }
  return name[0] != '\0';
}

static gchar *
find_module (const gchar *name)
{
  g_autoptr (GPtrArray) dirs = list_dirs ();
  g_autofree gchar *file = g_strconcat (PREFIX, name, SUFFIX, NULL);

  for (guint i = 0; is_name (name) && i < dirs->len; i++) {
    g_autofree gchar *path =
        g_build_filename (g_ptr_array_index (dirs, i), file, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  return NULL;
}

/* Whether its module is installed, whatever that is worth. */
static gboolean
is_there (const gchar *name)
{
  g_autofree gchar *path = find_module (name);

  return path != NULL;
}

static gboolean
not_there_error (const gchar *name, GError **error)
{
  g_auto (GStrv) names = nucseg_backend_list ();
  g_autofree gchar *known = g_strjoinv (", ", names);

  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
      "back end \"%s\" is not built or not installed; there are: %s", name,
      known);
  return FALSE;
}

/* The table, opened but not probed. */
static const NucsegBackend *
get_backend (const gchar *name, GError **error)
{
  const NucsegBackend *backend;

  if (g_str_equal (name, REFERENCE))
    return &nucseg_backend_reference;
  g_autofree gchar *path = find_module (name);
  if (!path) {
    not_there_error (name, error);
    return NULL;
  }
  g_mutex_lock (&lock);
  if (!opened)
    opened = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  backend = g_hash_table_lookup (opened, path);
  if (!backend) {
    backend = nucseg_backend_open (path, name, error);
    if (backend)
      g_hash_table_insert (opened, g_steal_pointer (&path), (gpointer) backend);
  }
  g_mutex_unlock (&lock);
  return backend;
}

gboolean
nucseg_backend_name_is_auto (const gchar *name)
{
  return !name || g_str_equal (name, "auto");
}

const NucsegBackend *
nucseg_backend_find (const gchar *name, GError **error)
{
  const NucsegBackend *backend;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (nucseg_backend_name_is_auto (name))
    return nucseg_backend_choose (NULL, NULL, error);
  backend = get_backend (name, error);
  return backend && backend->probe (error) ? backend : NULL;
}

void
nucseg_backend_prefix_error (const gchar *name, GError **error)
{
  /* the loader's errors begin with the name already */
  if (!g_str_has_prefix ((*error)->message, "back end "))
    g_prefix_error (error, "back end \"%s\": ", name);
}

const NucsegBackend *
nucseg_backend_choose (
    const NucsegBackend *after, GError **passed_over, GError **error)
{
  gboolean behind = after == NULL;
  g_autoptr (GError) last = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (preferred); i++) {
    g_autoptr (GError) why = NULL;
    const NucsegBackend *backend;

    if (!behind) {
      behind = g_str_equal (preferred[i], after->name);
      continue;
    }
    backend = get_backend (preferred[i], &why);
    if (backend && backend->probe (&why)) {
      /* Some fifty times slower: nobody would choose it. */
      if (backend == &nucseg_backend_reference && passed_over && !*passed_over)
        *passed_over = g_steal_pointer (&last);
      return backend;
    }
    g_debug ("auto: %s", why->message);
    nucseg_backend_prefix_error (preferred[i], &why);
    g_clear_error (&last);
    if (passed_over && !*passed_over && is_there (preferred[i]))
      *passed_over = g_steal_pointer (&why);
    else
      last = g_steal_pointer (&why);
  }
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
      "no back end can start here");
  return NULL;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* Adds the names of modules in @dir that are not there yet. */
static void
scan_dir (const gchar *path, GPtrArray *names)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const gchar *entry;

  while (dir && (entry = g_dir_read_name (dir))) {
    gsize length = strlen (entry);
    if (!g_str_has_prefix (entry, PREFIX) || !g_str_has_suffix (entry, SUFFIX)
        || length <= strlen (PREFIX SUFFIX))
      continue;
    g_autofree gchar *name =
        g_strndup (entry + strlen (PREFIX), length - strlen (PREFIX SUFFIX));
    if (is_name (name)
        && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      g_ptr_array_add (names, g_steal_pointer (&name));
  }
}

gchar **
nucseg_backend_list (void)
{
  g_autoptr (GPtrArray) dirs = list_dirs ();
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *names = g_ptr_array_new ();

  g_ptr_array_add (found, g_strdup (REFERENCE));
  for (guint i = 0; i < dirs->len; i++)
    scan_dir (g_ptr_array_index (dirs, i), found);
  g_ptr_array_sort (found, compare_names);
  for (guint i = 0; i < G_N_ELEMENTS (preferred); i++) {
    guint at;
    if (g_ptr_array_find_with_equal_func (
            found, preferred[i], g_str_equal, &at))
      g_ptr_array_add (names, g_ptr_array_steal_index (found, at));
  }
  while (found->len > 0)
    g_ptr_array_add (names, g_ptr_array_steal_index (found, 0));
  g_ptr_array_add (names, NULL);
  return (gchar **) g_ptr_array_free (names, FALSE);
}

gboolean
nucseg_backend_probe (const gchar *name, GError **error)
{
  const NucsegBackend *backend;

  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  backend = get_backend (name, error);
  return backend && backend->probe (error);
}

gchar *
nucseg_backend_describe (const gchar *name)
{
  const NucsegBackend *backend;

  g_return_val_if_fail (name != NULL, NULL);

  backend = get_backend (name, NULL);
  return backend ? backend->describe () : NULL;
}
