/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cache.c: see cache.h. The key stands in the file once more and is compared:
 * a file that was copied, renamed or cut off counts for nothing.
 */
#include "cuda/cache.h"

#include <glib/gstdio.h>
#include <string.h>

#define FORMAT 4
#define MAX_SIZE (32 * 1024 * 1024)
#define MAX_PLAN (1024 * 1024) /* characters; some 60,000 are usual */
#define MAX_ENGINE 256 /* characters of an engine's name */
#define KEY_GROUP "made-for"
#define ENGINE_GROUP "engines"
#define PLAN_GROUP "plans"

struct _NucsegCache {
  GKeyFile *wanted; /* the group of the key, as it should be */
  GHashTable *engines; /* convolution -> engine */
  GHashTable *plans; /* convolution -> plan */
  gchar *path;
  gboolean changed;
};

static GKeyFile *
describe_key (const NucsegCacheKey *key)
{
  GKeyFile *file = g_key_file_new ();

  g_key_file_set_integer (file, KEY_GROUP, "format", FORMAT);
  g_key_file_set_string (file, KEY_GROUP, "library", nucseg_version ());
  g_key_file_set_uint64 (file, KEY_GROUP, "cudnn", key->cudnn);
  g_key_file_set_integer (file, KEY_GROUP, "driver", key->driver);
  g_key_file_set_string (file, KEY_GROUP, "gpu", key->gpu);
  g_key_file_set_integer (file, KEY_GROUP, "capability", key->capability);
  g_key_file_set_string (file, KEY_GROUP, "model", key->model);
  g_key_file_set_string (file, KEY_GROUP, "precision", key->precision);
  g_key_file_set_integer (file, KEY_GROUP, "batch", key->batch);
  g_key_file_set_integer (file, KEY_GROUP, "height", key->height);
  g_key_file_set_integer (file, KEY_GROUP, "width", key->width);
  return file;
}

static gchar *
make_path (GKeyFile *wanted)
{
  g_autofree gchar *text = g_key_file_to_data (wanted, NULL, NULL);
  g_autofree gchar *hash =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree gchar *name = g_strdup_printf ("cudnn-%.16s.ini", hash);

  return g_build_filename (g_get_user_cache_dir (), "nucseg", name, NULL);
}

static gboolean
is_same_key (GKeyFile *wanted, GKeyFile *found)
{
  g_auto (GStrv) names = g_key_file_get_keys (wanted, KEY_GROUP, NULL, NULL);

  for (guint i = 0; names[i]; i++) {
    g_autofree gchar *a =
        g_key_file_get_value (wanted, KEY_GROUP, names[i], NULL);
    g_autofree gchar *b =
        g_key_file_get_value (found, KEY_GROUP, names[i], NULL);

    if (g_strcmp0 (a, b) != 0)
      return FALSE;
  }
  return TRUE;
}

/* "7:24=27,3=0" and nothing else. */
static gboolean
is_engine (const gchar *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= MAX_ENGINE
      && strspn (text, "0123456789:=,-") == length;
}

/* Calls @read for each line of a group that begins with the number of a
 * convolution. */
static void
read_group (NucsegCache *cache, GKeyFile *file, const gchar *group,
    void (*read) (NucsegCache *cache, gpointer conv, const gchar *value))
{
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);

  for (guint i = 0; names && names[i]; i++) {
    g_autofree gchar *value =
        g_key_file_get_value (file, group, names[i], NULL);
    guint64 conv;

    if (value
        && g_ascii_string_to_unsigned (
            names[i], 10, 0, G_MAXUINT16, &conv, NULL))
      read (cache, GUINT_TO_POINTER ((guint) conv), value);
  }
}

static void
read_engine (NucsegCache *cache, gpointer conv, const gchar *value)
{
  if (is_engine (value))
    g_hash_table_insert (cache->engines, conv, g_strdup (value));
}

/* "SUM TEXT": cuDNN would load, and the GPU run, what is damaged too. */
static void
read_plan (NucsegCache *cache, gpointer conv, const gchar *value)
{
  const gchar *text = strchr (value, ' ');

  if (!text)
    return;
  g_autofree gchar *sum =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, text + 1, -1);
  if (strlen (sum) == (gsize) (text - value) && g_str_has_prefix (value, sum))
    g_hash_table_insert (cache->plans, conv, g_strdup (text + 1));
}

/* Whether it can stand in a line as it is. */
static gboolean
is_plan (const gchar *text)
{
  const gsize length = strlen (text);

  return length > 0 && length <= MAX_PLAN && text[0] != ' '
      && g_str_is_ascii (text) && !strpbrk (text, "\r\n")
      && text[length - 1] != ' ';
}

NucsegCache *
nucseg_cache_open (const NucsegCacheKey *key)
{
  NucsegCache *cache = g_new0 (NucsegCache, 1);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *text = NULL;
  GStatBuf status;
  gsize size;

  cache->wanted = describe_key (key);
  cache->engines = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  cache->plans = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  cache->path = make_path (cache->wanted);
  /* Somebody else's pipe or disk of a file must not hold us up. */
  if (g_stat (cache->path, &status) == 0 && S_ISREG (status.st_mode)
      && status.st_size <= MAX_SIZE
      && g_file_get_contents (cache->path, &text, &size, NULL)
      && g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL)
      && is_same_key (cache->wanted, file)) {
    read_group (cache, file, ENGINE_GROUP, read_engine);
    read_group (cache, file, PLAN_GROUP, read_plan);
  }
  return cache;
}

void
nucseg_cache_free (NucsegCache *cache)
{
  if (!cache)
    return;
  g_key_file_unref (cache->wanted);
  g_hash_table_unref (cache->engines);
  g_hash_table_unref (cache->plans);
  g_free (cache->path);
  g_free (cache);
}

const gchar *
nucseg_cache_get_path (const NucsegCache *cache)
{
  return cache->path;
}

const gchar *
nucseg_cache_get (const NucsegCache *cache, guint conv)
{
  return g_hash_table_lookup (cache->engines, GUINT_TO_POINTER (conv));
}

const gchar *
nucseg_cache_get_plan (const NucsegCache *cache, guint conv)
{
  return g_hash_table_lookup (cache->plans, GUINT_TO_POINTER (conv));
}

void
nucseg_cache_set (
    NucsegCache *cache, guint conv, const gchar *engine, const gchar *plan)
{
  if (plan && !is_plan (plan))
    plan = NULL;
  if (g_strcmp0 (nucseg_cache_get (cache, conv), engine) == 0
      && g_strcmp0 (nucseg_cache_get_plan (cache, conv), plan) == 0)
    return;
  g_hash_table_insert (
      cache->engines, GUINT_TO_POINTER (conv), g_strdup (engine));
  g_hash_table_remove (cache->plans, GUINT_TO_POINTER (conv));
  if (plan)
    g_hash_table_insert (
        cache->plans, GUINT_TO_POINTER (conv), g_strdup (plan));
  cache->changed = TRUE;
}

void
nucseg_cache_forget (NucsegCache *cache, guint conv)
{
  g_hash_table_remove (cache->plans, GUINT_TO_POINTER (conv));
  if (g_hash_table_remove (cache->engines, GUINT_TO_POINTER (conv)))
    cache->changed = TRUE;
}

static void
write_plan (gpointer conv, gpointer plan, gpointer file)
{
  g_autofree gchar *name = g_strdup_printf ("%u", GPOINTER_TO_UINT (conv));
  g_autofree gchar *sum =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, plan, -1);
  g_autofree gchar *value = g_strconcat (sum, " ", plan, NULL);

  g_key_file_set_value (file, PLAN_GROUP, name, value);
}

gboolean
nucseg_cache_save (NucsegCache *cache, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  g_autofree gchar *dir = g_path_get_dirname (cache->path), *text = NULL;
  GHashTableIter iter;
  gpointer conv, engine;
  gsize size;

  if (!cache->changed)
    return TRUE;
  text = g_key_file_to_data (cache->wanted, &size, NULL);
  g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL);
  g_hash_table_iter_init (&iter, cache->engines);
  while (g_hash_table_iter_next (&iter, &conv, &engine)) {
    g_autofree gchar *name = g_strdup_printf ("%u", GPOINTER_TO_UINT (conv));
    g_key_file_set_value (file, ENGINE_GROUP, name, engine);
  }
  g_hash_table_foreach (cache->plans, write_plan, file);
  g_free (text);
  text = g_key_file_to_data (file, &size, NULL);
  g_mkdir_with_parents (dir, 0700);
  /* Another file beside it, renamed over it. */
  if (!g_file_set_contents (cache->path, text, (gssize) size, &local)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
        "the choice of engines can't be kept: %s", local->message);
    return FALSE;
  }
  cache->changed = FALSE;
  return TRUE;
}
