/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-cache.c: the file that keeps the choice of engines: damaged, foreign,
 * unwritable.
 */
#include "cuda/cache.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const NucsegCacheKey key = { .cudnn = 91900,
  .driver = 13000,
  .gpu = "NVIDIA Test = [1]",
  .capability = 90,
  .model = "abcd",
  .precision = "bf16",
  .batch = 4,
  .height = 512,
  .width = 768 };

static gchar *
read_file (const gchar *path)
{
  gchar *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* What a key file might change: quotes, backslashes, signs of its own. */
#define PLAN "{\"a\": \"\\n;#=[x]\"}"

/* Opens @k, expects node 3's engine (NULL: none). */
static void
expect (const NucsegCacheKey *k, const gchar *engine)
{
  NucsegCache *cache = nucseg_cache_open (k);

  g_assert_cmpstr (nucseg_cache_get (cache, 3), ==, engine);
  nucseg_cache_free (cache);
}

/* Writes the file with two engines; returns its path. */
static gchar *
write_cache (void)
{
  NucsegCache *cache = nucseg_cache_open (&key);
  g_autoptr (GError) error = NULL;
  gchar *path = g_strdup (nucseg_cache_get_path (cache));

  nucseg_cache_set (cache, 3, "7:24=27", PLAN);
  nucseg_cache_set (cache, 40, "1:2=-3,4=5", NULL);
  g_assert_true (nucseg_cache_save (cache, &error));
  g_assert_no_error (error);
  nucseg_cache_free (cache);
  return path;
}

static void
test_round_trip (void)
{
  g_autofree gchar *path = write_cache ();
  NucsegCache *cache = nucseg_cache_open (&key);

  g_assert_true (g_str_has_prefix (path, g_get_user_cache_dir ()));
  g_assert_cmpstr (nucseg_cache_get (cache, 3), ==, "7:24=27");
  g_assert_cmpstr (nucseg_cache_get (cache, 40), ==, "1:2=-3,4=5");
  g_assert_null (nucseg_cache_get (cache, 4));
  g_assert_cmpstr (nucseg_cache_get_plan (cache, 3), ==, PLAN);
  g_assert_null (nucseg_cache_get_plan (cache, 40));
  /* what was there already is no change: the file is left alone */
  nucseg_cache_set (cache, 3, "7:24=27", PLAN);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (nucseg_cache_save (cache, NULL));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  nucseg_cache_free (cache);
}

/* Each part of the key has a file of its own. */
static void
test_keys (void)
{
  g_autofree gchar *path = write_cache ();
  NucsegCacheKey others[9];

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    others[i] = key;
  others[0].cudnn++;
  others[1].gpu = "NVIDIA Other";
  others[2].capability = 89;
  others[3].model = "abce";
  others[4].precision = "f32";
  others[5].height++;
  others[6].width++;
  others[7].batch = 1;
  others[8].driver = 13010;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    expect (&others[i], NULL);
  expect (&key, "7:24=27");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* What was forgotten is not there the next time; the rest is. */
static void
test_forgotten (void)
{
  g_autofree gchar *path = write_cache ();
  NucsegCache *cache = nucseg_cache_open (&key);

  nucseg_cache_forget (cache, 3);
  nucseg_cache_forget (cache, 4);
  g_assert_null (nucseg_cache_get (cache, 3));
  g_assert_null (nucseg_cache_get_plan (cache, 3));
  g_assert_true (nucseg_cache_save (cache, NULL));
  nucseg_cache_free (cache);
  expect (&key, NULL);
  cache = nucseg_cache_open (&key);
  g_assert_cmpstr (nucseg_cache_get (cache, 40), ==, "1:2=-3,4=5");
  nucseg_cache_free (cache);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* A whole file of another key under this key's name. */
static void
test_foreign (void)
{
  g_autofree gchar *path = write_cache (), *text = read_file (path);
  g_auto (GStrv) parts = g_strsplit (text, "cudnn=91900", 2);
  g_autofree gchar *foreign = g_strjoinv ("cudnn=91800", parts);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_assert_true (g_file_set_contents (path, foreign, -1, NULL));
  expect (&key, NULL);
  /* and is written anew */
  g_free (write_cache ());
  expect (&key, "7:24=27");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Cut off at every length, every byte changed: never anything but nothing, or
 * a name that looks like an engine's. */
static void
test_damaged (void)
{
  g_autofree gchar *path = write_cache (), *text = read_file (path);
  const gsize size = strlen (text);

  for (gsize n = 0; n < 2 * size; n++) {
    g_autofree gchar *bad = g_strndup (text, size);
    NucsegCache *cache;
    const gchar *engine;

    if (n < size)
      bad[n] = (gchar) (bad[n] ^ 0x15);
    g_assert_true (g_file_set_contents (
        path, bad, n < size ? (gssize) size : (gssize) (n - size), NULL));
    cache = nucseg_cache_open (&key);
    engine = nucseg_cache_get (cache, 3);
    g_assert_true (
        !engine || strspn (engine, "0123456789:=,-") == strlen (engine));
    /* a plan is run as it is: what is damaged is no plan */
    if (nucseg_cache_get_plan (cache, 3))
      g_assert_cmpstr (nucseg_cache_get_plan (cache, 3), ==, PLAN);
    nucseg_cache_free (cache);
  }
  g_free (write_cache ());
  expect (&key, "7:24=27");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Names that no engine has are as if they were not there. */
static void
test_names (void)
{
  static const gchar *const engines[] = { "", "$(reboot)", "7:24=27;", "a",
    "7 24" };
  g_autofree gchar *path = write_cache (), *text = read_file (path);

  for (guint i = 0; i < G_N_ELEMENTS (engines); i++) {
    g_auto (GStrv) parts = g_strsplit (text, "3=7:24=27", 2);
    g_autofree gchar *line = g_strconcat ("3=", engines[i], NULL);
    g_autofree gchar *bad = g_strjoinv (line, parts);

    g_assert_true (g_file_set_contents (path, bad, -1, NULL));
    expect (&key, NULL);
  }
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Another plan of the same engine takes the place of the old one; what can't
 * stand in a line is left out. */
static void
test_plans (void)
{
  static const gchar *const bad[] = { "", " {}", "{} ", "{\n}", "{\xc3\xa4}" };
  g_autofree gchar *path = write_cache ();
  NucsegCache *cache = nucseg_cache_open (&key);

  nucseg_cache_set (cache, 3, "7:24=27", "{}");
  g_assert_true (nucseg_cache_save (cache, NULL));
  nucseg_cache_free (cache);
  cache = nucseg_cache_open (&key);
  g_assert_cmpstr (nucseg_cache_get_plan (cache, 3), ==, "{}");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    nucseg_cache_set (cache, 3, "7:24=27", bad[i]);
    g_assert_null (nucseg_cache_get_plan (cache, 3));
    g_assert_cmpstr (nucseg_cache_get (cache, 3), ==, "7:24=27");
  }
  nucseg_cache_free (cache);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Neither read nor written through what is no file. */
static void
test_unwritable (void)
{
  g_autofree gchar *path = write_cache ();
  g_autoptr (GError) error = NULL;
  NucsegCache *cache;

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  cache = nucseg_cache_open (&key);
  g_assert_null (nucseg_cache_get (cache, 3));
  nucseg_cache_set (cache, 3, "1", NULL);
  g_assert_false (nucseg_cache_save (cache, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
  /* it goes on without */
  g_assert_cmpstr (nucseg_cache_get (cache, 3), ==, "1");
  nucseg_cache_free (cache);
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-cache-XXXXXX", NULL);
  g_autofree gchar *inner = g_build_filename (dir, "nucseg", NULL);
  gint result;

  g_assert_nonnull (dir);
  g_setenv ("XDG_CACHE_HOME", dir, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache/forgotten", test_forgotten);
  g_test_add_func ("/cache/round-trip", test_round_trip);
  g_test_add_func ("/cache/keys", test_keys);
  g_test_add_func ("/cache/foreign", test_foreign);
  g_test_add_func ("/cache/damaged", test_damaged);
  g_test_add_func ("/cache/names", test_names);
  g_test_add_func ("/cache/plans", test_plans);
  g_test_add_func ("/cache/unwritable", test_unwritable);
  result = g_test_run ();
  g_rmdir (inner);
  g_rmdir (dir);
  return result;
}
