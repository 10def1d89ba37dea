/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-memory.c: a GPU that runs out of memory, over the emulation: at each
 * allocation of a start, of another size and of another format in turn. The
 * error names bytes and purpose, nothing is left behind, what ran before goes
 * on, and with memory again the same session does what it could not.
 *
 *   test-memory MODULE
 */
#include "emulated-log.h"
#include "emulated-session.h"

#include <glib/gstdio.h>
#include <string.h>

#define MOST_PIXELS (48 * 16)

static EmulatedLog *device;
static gchar *folder; /* of the cache file */

/* What a session is asked for. */
typedef struct {
  gint width, height;
  NucsegFormat format, shown;
} Job;

static const Job small = { 32, 16, NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8 };
static const Job large = { 48, 16, NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8 };
static const Job colour = { 32, 16, NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_BGRX };

typedef struct {
  guint16 labels[MOST_PIXELS];
  guint8 shown[MOST_PIXELS * 4];
} Result;

static gboolean
run (NucsegSession *session, const Job *job, Result *result, GError **error)
{
  const NucsegParams params = emulated_params ();
  NucsegRandom random = { 3 };
  guint8 pixels[MOST_PIXELS];
  const NucsegFrame frame = { .format = job->format,
    .width = job->width,
    .height = job->height,
    .data = { pixels },
    .stride = { job->width } };
  NucsegFrame shown = frame;
  NucsegResult facts;

  for (guint i = 0; i < MOST_PIXELS; i++)
    pixels[i] = (guint8) nucseg_random_below (&random, 256);
  memset (result, 0, sizeof *result);
  shown.format = job->shown;
  shown.data[0] = result->shown;
  shown.stride[0] = job->width * (job->shown == NUCSEG_FORMAT_GRAY8 ? 1 : 4);
  if (!nucseg_session_run (session, &frame, &params, result->labels,
          (gsize) job->width * 2, &shown, &facts, error))
    return FALSE;
  g_assert_cmpuint (facts.n_objects, >, 0);
  return TRUE;
}

static void
assert_runs (NucsegSession *session, const Job *job, const Result *expected)
{
  g_autofree Result *result = g_new (Result, 1);
  g_autoptr (GError) error = NULL;

  run (session, job, result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (result, sizeof *result, expected, sizeof *expected);
}

/* What @job gives where there is memory. */
static Result *
expect (const Job *job)
{
  Result *result = g_new (Result, 1);
  NucsegSession *session = emulated_session_new (1, 0);
  g_autoptr (GError) error = NULL;

  run (session, job, result, &error);
  g_assert_no_error (error);
  nucseg_session_free (session);
  return result;
}

/* "N bytes for WHAT: ..." */
static void
assert_message (const GError *error)
{
  g_autofree gchar *rest = g_strdup_printf (
      " bytes for %s: the GPU is out of memory", device->failed);
  gchar *end = NULL;

  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
  g_assert_cmpuint (g_ascii_strtoull (error->message, &end, 10), >, 0);
  g_assert_cmpstr (end, ==, rest);
}

/* The choice of engines, NULL: nothing is kept. */
static gchar *
read_cache (gboolean clear)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name = dir ? g_dir_read_name (dir) : NULL;
  g_autofree gchar *path = NULL;
  gchar *text = NULL;

  if (!name)
    return NULL;
  path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  if (clear)
    g_assert_cmpint (g_unlink (path), ==, 0);
  return text;
}

/* @cold: nothing is known of engines. *@purposes: adds what failed. */
static void
test_start_of (gboolean cold, GHashTable *purposes)
{
  g_autofree Result *expected = expect (&colour);
  gboolean done = FALSE;
  guint n_errors = 0;

  for (guint i = 1; !done; i++) {
    NucsegSession *session = emulated_session_new (1, 0);
    g_autofree Result *result = g_new (Result, 1);
    g_autofree gchar *kept = NULL, *before = NULL;
    g_autoptr (GError) error = NULL;
    gboolean ok;

    before = read_cache (cold);
    device->failing_alloc = i;
    ok = run (session, &colour, result, &error);
    done = device->failing_alloc > 0;
    device->failing_alloc = 0;
    if (!done)
      g_hash_table_add (purposes, (gpointer) device->failed);
    if (!ok) {
      n_errors++;
      assert_message (error);
      /* frames are staged once the plan is there, which stays */
      if (!g_str_equal (device->failed, "a frame")) {
        g_assert_cmpuint (device->live, ==, 0);
        g_assert_cmpint (device->live_cudnn, ==, 0);
      }
      assert_runs (session, &colour, expected);
    } else {
      /* another engine did without; later starts may have the memory */
      if (!done)
        g_assert_cmpstr (device->failed, ==, "a convolution's workspace");
      g_assert_cmpmem (result, sizeof *result, expected, sizeof *expected);
      kept = read_cache (FALSE);
      g_assert_null (kept ? strstr (kept, " 4:5=6,7=-8\n") : NULL);
      if (!cold)
        g_assert_cmpstr (kept, ==, before);
    }
    nucseg_session_free (session);
    g_assert_cmpuint (device->live, ==, 0);
    g_assert_cmpint (device->live_cudnn, ==, 0);
  }
  g_test_message ("%u allocations failed the start", n_errors);
  g_assert_cmpuint (n_errors, >, 30);
}

static void
test_start (void)
{
  static const gchar *const wanted[] = { "the network's tensors",
    "the network's weights", "the attention's counters",
    "a convolution's workspace", "decoding", "objects", "labels", "the request",
    "the reply", "a table of taps", "positions", "finding the limits",
    "a frame" };
  g_autoptr (GHashTable) purposes = g_hash_table_new (g_str_hash, g_str_equal);

  test_start_of (TRUE, purposes);
  test_start_of (FALSE, purposes);
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (!g_hash_table_contains (purposes, wanted[i]))
      g_error ("nothing failed for want of %s", wanted[i]);
  g_free (read_cache (TRUE));
}

/* A session that has run @from comes to @to. */
static void
test_change (const Job *from, const Job *to, guint least)
{
  g_autofree Result *before = expect (from), *expected = expect (to);
  gboolean done = FALSE;
  guint n_errors = 0;

  for (guint i = 1; !done; i++) {
    NucsegSession *session = emulated_session_new (1, 0);
    g_autofree Result *result = g_new (Result, 1);
    g_autoptr (GError) error = NULL;
    gboolean ok;
    gsize live;

    assert_runs (session, from, before);
    live = device->live;
    device->failing_alloc = i;
    ok = run (session, to, result, &error);
    done = device->failing_alloc > 0;
    device->failing_alloc = 0;
    if (!ok) {
      n_errors++;
      assert_message (error);
      /* frames are staged once the plan is there, which stays */
      if (!g_str_equal (device->failed, "a frame"))
        g_assert_cmpuint (device->live, ==, live);
    }
    if (i % 2 == 0)
      assert_runs (session, from, before);
    assert_runs (session, to, expected);
    if (i % 2 == 1)
      assert_runs (session, from, before);
    nucseg_session_free (session);
    g_assert_cmpuint (device->live, ==, 0);
    g_assert_cmpint (device->live_cudnn, ==, 0);
  }
  g_test_message ("%u allocations failed the change", n_errors);
  g_assert_cmpuint (n_errors, >=, least);
}

static void
test_size (void)
{
  test_change (&small, &large, 15);
}

/* Staging memory for the picture, on the GPU and on the host. */
static void
test_format (void)
{
  test_change (&small, &colour, 2);
}

static void
test_pinned (void)
{
  g_autoptr (GError) error = NULL;
  NucsegPinned *pinned;

  device->failing_alloc = 1;
  g_assert_null (nucseg_pinned_new (emulated_backend, 1000, &error));
  assert_message (error);
  g_assert_cmpuint (device->n_pinned, ==, 0);
  pinned = nucseg_pinned_new (emulated_backend, 1000, NULL);
  g_assert_nonnull (pinned);
  nucseg_pinned_free (pinned);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-memory-XXXXXX", NULL);
  gint result;

  g_assert_nonnull (dir);
  g_setenv ("XDG_CACHE_HOME", dir, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  folder = g_build_filename (dir, "nucseg", NULL);
  device = emulated_open_log (argv[1]);
  g_test_add_func ("/memory/start", test_start);
  g_test_add_func ("/memory/size", test_size);
  g_test_add_func ("/memory/format", test_format);
  g_test_add_func ("/memory/pinned", test_pinned);
  result = g_test_run ();
  while (g_file_test (folder, G_FILE_TEST_IS_DIR)) {
    g_autofree gchar *text = read_cache (TRUE);
    if (!text)
      g_rmdir (folder);
  }
  g_rmdir (dir);
  g_free (folder);
  return result;
}
