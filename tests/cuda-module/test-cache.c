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

/* Inlined, GCC 12 takes what it returns for its local variable. */
static G_GNUC_NO_INLINE gchar *
read_file (const gchar *path)
{
  gchar *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* As the cache writes it: whole, with the checksum of what may be wrong. */
static void
write_sealed (const gchar *path, const gchar *content)
{
  g_autofree gchar *sum =
      g_compute_checksum_for_string (G_CHECKSUM_SHA256, content, -1);
  g_autofree gchar *text = g_strconcat (sum, "\n", content, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* What a key file might change: quotes, backslashes, signs of its own. */
#define PLAN "{\"a\": \"\\n;#=[x]\"}"
#define TRIALS 6 /* that engines were chosen from */

/* Opens @k, expects node 3's engine (NULL: none). */
static void
expect (const NucsegCacheKey *k, const gchar *engine)
{
  NucsegCache *cache = nucseg_cache_open (k);

  g_assert_cmpstr (nucseg_cache_get (cache, 3, TRIALS), ==, engine);
  nucseg_cache_free (cache);
}

/* Writes the file with two engines; returns its path. */
static gchar *
write_cache (void)
{
  NucsegCache *cache = nucseg_cache_open (&key);
  g_autoptr (GError) error = NULL;
  gchar *path = g_strdup (nucseg_cache_get_path (cache));

  nucseg_cache_set (cache, 3, TRIALS, "7:24=27", PLAN);
  nucseg_cache_set (cache, 40, TRIALS, "1:2=-3,4=5", NULL);
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
  g_assert_cmpstr (nucseg_cache_get (cache, 3, TRIALS), ==, "7:24=27");
  g_assert_cmpstr (nucseg_cache_get (cache, 40, TRIALS), ==, "1:2=-3,4=5");
  g_assert_null (nucseg_cache_get (cache, 4, TRIALS));
  g_assert_cmpstr (nucseg_cache_get_plan (cache, 3), ==, PLAN);
  g_assert_null (nucseg_cache_get_plan (cache, 40));
  /* what was there already is no change: the file is left alone */
  nucseg_cache_set (cache, 3, TRIALS, "7:24=27", PLAN);
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
  NucsegCacheKey others[10];

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
  others[9].precision = "f16";
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
  g_assert_null (nucseg_cache_get (cache, 3, TRIALS));
  g_assert_null (nucseg_cache_get_plan (cache, 3));
  g_assert_true (nucseg_cache_save (cache, NULL));
  nucseg_cache_free (cache);
  expect (&key, NULL);
  cache = nucseg_cache_open (&key);
  g_assert_cmpstr (nucseg_cache_get (cache, 40, TRIALS), ==, "1:2=-3,4=5");
  nucseg_cache_free (cache);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* A whole file of another key under this key's name. */
static void
test_foreign (void)
{
  g_autofree gchar *path = write_cache (), *text = read_file (path);
  g_auto (GStrv) parts = g_strsplit (strchr (text, '\n') + 1, "cudnn=91900", 2);
  g_autofree gchar *foreign = g_strjoinv ("cudnn=91800", parts);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  write_sealed (path, foreign);
  expect (&key, NULL);
  /* and is written anew */
  g_free (write_cache ());
  expect (&key, "7:24=27");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
expect_nothing (const gchar *path, const gchar *bad, gsize size)
{
  NucsegCache *cache;

  g_assert_true (g_file_set_contents (path, bad, (gssize) size, NULL));
  cache = nucseg_cache_open (&key);
  g_assert_null (nucseg_cache_get (cache, 3, 1));
  g_assert_null (nucseg_cache_get (cache, 40, 1));
  g_assert_null (nucseg_cache_get_plan (cache, 3));
  nucseg_cache_free (cache);
}

/* Cut off at every length, every byte changed: nothing of it counts. */
static void
test_damaged (void)
{
  g_autofree gchar *path = write_cache (), *text = read_file (path);
  const gsize size = strlen (text);

  for (gsize n = 0; n < size; n++) {
    const gchar byte = text[n];

    text[n] = (gchar) (byte ^ 0x15);
    expect_nothing (path, text, size);
    /* another engine, of another convolution, from another number of trials */
    text[n] = (gchar) (byte ^ 1);
    if (g_ascii_isdigit (byte))
      expect_nothing (path, text, size);
    text[n] = byte;
    expect_nothing (path, text, n);
  }
  /* and is written anew */
  g_free (write_cache ());
  expect (&key, "7:24=27");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* Names that no engine has are as if they were not there, and so are engines of
 * which nobody knows from how many they were chosen. */
static void
test_names (void)
{
  static const gchar *const engines[] = { "", "6", "6 ", "6 $(reboot)",
    "6 7:24=27;", "6 a", "6 7 24", "7:24=27", "0 7:24=27", "-6 7:24=27",
    "65536 7:24=27", "x 7:24=27" };
  g_autofree gchar *path = write_cache (), *text = read_file (path);
  const gchar *content = strchr (text, '\n') + 1;

  write_sealed (path, content);
  expect (&key, "7:24=27");
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++) {
    g_auto (GStrv) parts = g_strsplit (content, "3=6 7:24=27", 2);
    g_autofree gchar *line = g_strconcat ("3=", engines[i], NULL);
    g_autofree gchar *bad = g_strjoinv (line, parts);

    g_assert_cmpuint (g_strv_length (parts), ==, 2);
    write_sealed (path, bad);
    expect (&key, NULL);
  }
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* What was chosen from as many or more is good enough; what is chosen anew,
 * from more, takes its place, the same engine or another. */
static void
test_trials (void)
{
  static const gchar *const names[] = { "7:24=27", "8" };
  g_autofree gchar *path = write_cache ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const guint trials = TRIALS + i;
    NucsegCache *cache = nucseg_cache_open (&key);

    g_assert_nonnull (nucseg_cache_get (cache, 3, 1));
    g_assert_nonnull (nucseg_cache_get (cache, 3, trials));
    g_assert_null (nucseg_cache_get (cache, 3, trials + 1));
    nucseg_cache_set (cache, 3, trials + 1, names[i], NULL);
    /* who asks for fewer and takes it over leaves it what it is */
    nucseg_cache_set (cache, 3, 1, names[i], NULL);
    g_assert_true (nucseg_cache_save (cache, NULL));
    nucseg_cache_free (cache);
    cache = nucseg_cache_open (&key);
    g_assert_cmpstr (nucseg_cache_get (cache, 3, trials + 1), ==, names[i]);
    g_assert_null (nucseg_cache_get (cache, 3, trials + 2));
    nucseg_cache_free (cache);
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

  nucseg_cache_set (cache, 3, TRIALS, "7:24=27", "{}");
  g_assert_true (nucseg_cache_save (cache, NULL));
  nucseg_cache_free (cache);
  cache = nucseg_cache_open (&key);
  g_assert_cmpstr (nucseg_cache_get_plan (cache, 3), ==, "{}");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    nucseg_cache_set (cache, 3, TRIALS, "7:24=27", bad[i]);
    g_assert_null (nucseg_cache_get_plan (cache, 3));
    g_assert_cmpstr (nucseg_cache_get (cache, 3, TRIALS), ==, "7:24=27");
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
  g_assert_null (nucseg_cache_get (cache, 3, TRIALS));
  nucseg_cache_set (cache, 3, TRIALS, "1", NULL);
  g_assert_false (nucseg_cache_save (cache, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
  g_assert_nonnull (strstr (error->message, path));
  /* it goes on without */
  g_assert_cmpstr (nucseg_cache_get (cache, 3, TRIALS), ==, "1");
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
  g_test_add_func ("/cache/trials", test_trials);
  g_test_add_func ("/cache/plans", test_plans);
  g_test_add_func ("/cache/unwritable", test_unwritable);
  result = g_test_run ();
  g_rmdir (inner);
  g_rmdir (dir);
  return result;
}
