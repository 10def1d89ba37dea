/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cache.c: see cache.h. The first line is the checksum of all that follows:
 * cuDNN would load, and the GPU run, what is damaged too, and an engine whose
 * name has another digit is another engine. The key stands in the file once
 * more and is compared: one that was copied or renamed counts for nothing.
 */
#include "cuda/cache.h"

#include <glib/gstdio.h>
#include <string.h>

#define FORMAT 5
#define MAX_SIZE (32 * 1024 * 1024)
#define MAX_PLAN (1024 * 1024) /* characters; some 60,000 are usual */
#define MAX_ENGINE 256 /* characters of an engine's name */
#define KEY_GROUP "made-for"
#define ENGINE_GROUP "engines"
#define PLAN_GROUP "plans"

/* "TRIALS NAME" in the file. */
typedef struct {
  guint trials; /* that it was chosen from */
  gchar *name;
} Engine;

struct _NucsegCache {
  GKeyFile *wanted; /* the group of the key, as it should be */
  GHashTable *engines; /* convolution -> Engine */
  GHashTable *plans; /* convolution -> plan */
  gchar *path;
  gboolean changed;
};

static Engine *
engine_new (guint trials, const gchar *name)
{
  Engine *engine = g_new (Engine, 1);

  *engine = (Engine){ trials, g_strdup (name) };
  return engine;
}

static void
engine_free (gpointer data)
{
  Engine *engine = data;

  g_free (engine->name);
  g_free (engine);
}

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
  g_auto (GStrv) parts = g_strsplit (value, " ", 2);
  guint64 trials;

  if (g_strv_length (parts) == 2 && is_engine (parts[1])
      && g_ascii_string_to_unsigned (
          parts[0], 10, 1, G_MAXUINT16, &trials, NULL))
    g_hash_table_insert (
        cache->engines, conv, engine_new ((guint) trials, parts[1]));
}

static void
read_plan (NucsegCache *cache, gpointer conv, const gchar *value)
{
  g_hash_table_insert (cache->plans, conv, g_strdup (value));
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

/* What follows the checksum, NULL: it isn't that of what follows. */
static const gchar *
unseal (const gchar *text)
{
  const gchar *rest = strchr (text, '\n');

  if (!rest)
    return NULL;
  g_autofree gchar *sum =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, rest + 1, -1);
  return strlen (sum) == (gsize) (rest - text) && g_str_has_prefix (text, sum)
      ? rest + 1
      : NULL;
}

/* The file's text, NULL: there is none that could be ours. */
static gchar *
read_text (const gchar *path)
{
  gchar *text = NULL;
  GStatBuf status;

  /* Somebody else's pipe or disk of a file must not hold us up. */
  if (g_stat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || status.st_size > MAX_SIZE)
    return NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

NucsegCache *
nucseg_cache_open (const NucsegCacheKey *key)
{
  NucsegCache *cache = g_new0 (NucsegCache, 1);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *text = NULL;
  const gchar *content;

  cache->wanted = describe_key (key);
  cache->engines = g_hash_table_new_full (NULL, NULL, NULL, engine_free);
  cache->plans = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  cache->path = make_path (cache->wanted);
  text = read_text (cache->path);
  content = text ? unseal (text) : NULL;
  if (text && !content)
    g_info ("%s is damaged: engines are chosen anew", cache->path);
  if (content
      && g_key_file_load_from_data (
          file, content, strlen (content), G_KEY_FILE_NONE, NULL)
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

static const Engine *
find_engine (const NucsegCache *cache, guint conv)
{
  return g_hash_table_lookup (cache->engines, GUINT_TO_POINTER (conv));
}

const gchar *
nucseg_cache_get (const NucsegCache *cache, guint conv, guint trials)
{
  const Engine *engine = find_engine (cache, conv);

  return engine && engine->trials >= trials ? engine->name : NULL;
}

const gchar *
nucseg_cache_get_plan (const NucsegCache *cache, guint conv)
{
  return g_hash_table_lookup (cache->plans, GUINT_TO_POINTER (conv));
}

void
nucseg_cache_set (NucsegCache *cache, guint conv, guint trials,
    const gchar *name, const gchar *plan)
{
  const Engine *engine = find_engine (cache, conv);
  const gboolean same = engine && g_str_equal (engine->name, name);

  if (plan && !is_plan (plan))
    plan = NULL;
  /* one that was taken over is still the best of as many as it was then */
  if (same)
    trials = MAX (trials, engine->trials);
  if (same && trials == engine->trials
      && g_strcmp0 (nucseg_cache_get_plan (cache, conv), plan) == 0)
    return;
  g_hash_table_insert (
      cache->engines, GUINT_TO_POINTER (conv), engine_new (trials, name));
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
write_engine (gpointer conv, gpointer data, gpointer file)
{
  const Engine *engine = data;
  g_autofree gchar *name = g_strdup_printf ("%u", GPOINTER_TO_UINT (conv));
  g_autofree gchar *value =
      g_strdup_printf ("%u %s", engine->trials, engine->name);

  g_key_file_set_value (file, ENGINE_GROUP, name, value);
}

static void
write_plan (gpointer conv, gpointer plan, gpointer file)
{
  g_autofree gchar *name = g_strdup_printf ("%u", GPOINTER_TO_UINT (conv));

  g_key_file_set_value (file, PLAN_GROUP, name, plan);
}

/* The whole file, with its checksum. */
static gchar *
make_text (const NucsegCache *cache)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree gchar *key = NULL, *content = NULL, *sum = NULL;
  gsize size;

  key = g_key_file_to_data (cache->wanted, &size, NULL);
  g_key_file_load_from_data (file, key, size, G_KEY_FILE_NONE, NULL);
  g_hash_table_foreach (cache->engines, write_engine, file);
  g_hash_table_foreach (cache->plans, write_plan, file);
  content = g_key_file_to_data (file, NULL, NULL);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, content, -1);
  return g_strconcat (sum, "\n", content, NULL);
}

gboolean
nucseg_cache_save (NucsegCache *cache, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree gchar *dir = g_path_get_dirname (cache->path), *text = NULL;

  if (!cache->changed)
    return TRUE;
  text = make_text (cache);
  g_mkdir_with_parents (dir, 0700);
  /* Another file beside it, renamed over it. */
  if (!g_file_set_contents (cache->path, text, -1, &local)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
        "the choice of engines can't be kept: %s", local->message);
    return FALSE;
  }
  cache->changed = FALSE;
  return TRUE;
}
