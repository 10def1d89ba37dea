/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-backend.c: which back ends are found, and modules that are refused.
 */
#include "backend.h"
#include "expect.h"

#include <glib/gstdio.h>

static gchar *module_dir; /* of the fake back ends */

static void
test_reference (void)
{
  g_autoptr (GError) error = NULL;
  const NucsegBackend *backend = nucseg_backend_find ("reference", &error);
  g_autofree gchar *text = nucseg_backend_describe ("reference");

  g_assert_no_error (error);
  g_assert_cmpstr (backend->name, ==, "reference");
  g_assert_cmpuint (backend->abi, ==, NUCSEG_BACKEND_ABI);
  g_assert_true (nucseg_backend_probe ("reference", &error));
  g_assert_nonnull (text);
  g_assert_null (strchr (text, '\n'));
}

static void
test_list (void)
{
  g_auto (GStrv) names = nucseg_backend_list ();
  const gchar *const *list = (const gchar *const *) names;
  guint reference = 0, fake = 0;

  g_assert_true (g_strv_contains (list, "reference"));
  g_assert_true (g_strv_contains (list, "fake"));
  for (guint i = 0; names[i]; i++) {
    if (g_str_equal (names[i], "reference"))
      reference = i;
    if (g_str_equal (names[i], "fake"))
      fake = i;
    for (guint k = 0; k < i; k++)
      g_assert_cmpstr (names[i], !=, names[k]);
  }
  /* ours first */
  g_assert_cmpuint (reference, <, fake);
}

/* Of what there is the first that starts; never one of an unknown name. */
static void
test_auto (void)
{
  g_autoptr (GError) error = NULL;
  static const gchar *const names[] = { "cuda", "onednn", "reference" };
  const NucsegBackend *expected = NULL;

  for (guint i = 0; !expected; i++)
    expected = nucseg_backend_find (names[i], NULL);
  g_assert_true (nucseg_backend_find (NULL, &error) == expected);
  g_assert_no_error (error);
  g_assert_true (nucseg_backend_find ("auto", &error) == expected);
  g_assert_no_error (error);
}

static void
test_module (void)
{
  g_autoptr (GError) error = NULL;
  const NucsegBackend *backend = nucseg_backend_find ("fake", &error);
  g_autofree gchar *text = nucseg_backend_describe ("fake");

  g_assert_no_error (error);
  g_assert_cmpstr (backend->name, ==, "fake");
  g_assert_cmpstr (text, ==, "fake 1.0");
  /* opened once */
  g_assert_true (nucseg_backend_find ("fake", NULL) == backend);
}

static void
expect_no_backend (const gchar *name, const gchar *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (nucseg_backend_find (name, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
  expect_message (error, part, part);
  g_clear_error (&error);
  g_assert_false (nucseg_backend_probe (name, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
}

static void
test_not_built (void)
{
  expect_no_backend ("tpu", "\"tpu\" is not built or not installed");
  expect_no_backend ("tpu", "reference, fake");
  expect_no_backend ("", "not built or not installed");
  expect_no_backend ("../fake", "not built or not installed");
  expect_no_backend ("Reference", "not built or not installed");
  g_assert_null (nucseg_backend_describe ("tpu"));
}

static void
test_faults (void)
{
  expect_no_backend (
      "oldabi", "(ABI 4711, expected " G_STRINGIFY (NUCSEG_BACKEND_ABI) ")");
  expect_no_backend ("oldabi", "libnucseg-oldabi.so");
  expect_no_backend ("gap", "its table has gaps");
  expect_no_backend ("misnamed", "it calls itself otherwise");
  expect_no_backend ("notable", "it gives no table");
  expect_no_backend ("nosymbol", "it lacks the function nucseg_backend_get");
  /* one that is whole, but whose device is not there */
  expect_no_backend ("noprobe", "the fake device is not there");
  g_autofree gchar *text = nucseg_backend_describe ("noprobe");
  g_assert_cmpstr (text, ==, "fake 1.0");
}

/* Files that are no modules, or only the first half of one. */
static void
test_damaged (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  g_autofree gchar *garbage =
      g_build_filename (dir, "libnucseg-garbage.so", NULL);
  g_autofree gchar *half = g_build_filename (dir, "libnucseg-half.so", NULL);
  g_autofree gchar *whole =
      g_build_filename (module_dir, "libnucseg-fake.so", NULL);
  g_autofree gchar *path = g_strconcat (dir, ":", module_dir, NULL);
  g_autofree gchar *contents = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (whole, &contents, &size, NULL));
  g_assert_true (g_file_set_contents (garbage, "not a module", -1, NULL));
  /* the program headers stay whole, what they speak of is gone */
  g_assert_true (g_file_set_contents (half, contents, 1024, NULL));
  g_setenv ("NUCSEG_MODULE_PATH", path, TRUE);
  expect_no_backend ("garbage", "libnucseg-garbage.so");
  expect_no_backend ("garbage", "the module can't be opened");
  expect_no_backend ("half", "the module can't be opened");
  /* they spoil nothing else */
  g_assert_nonnull (nucseg_backend_find ("auto", NULL));
  g_assert_nonnull (nucseg_backend_find ("fake", NULL));
  g_setenv ("NUCSEG_MODULE_PATH", module_dir, TRUE);
  g_assert_cmpint (g_unlink (garbage), ==, 0);
  g_assert_cmpint (g_unlink (half), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* Modules may load OpenMP, which reads its policy once: told to wait without
 * spinning for long, unless the user has said something. */
static void
test_openmp (void)
{
  static const struct {
    const gchar *variable, *value, *policy, *spins;
  } cases[] = {
    { NULL, NULL, "passive", "10000" },
    { "OMP_WAIT_POLICY", "active", "active", NULL },
    { "GOMP_SPINCOUNT", "100", NULL, "100" },
  };

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess ("/backend/openmp/subprocess/0", 0, 0);
    g_test_trap_assert_passed ();
    g_test_trap_subprocess ("/backend/openmp/subprocess/1", 0, 0);
    g_test_trap_assert_passed ();
    g_test_trap_subprocess ("/backend/openmp/subprocess/2", 0, 0);
    g_test_trap_assert_passed ();
    return;
  }
  guint i = (guint) g_ascii_strtoull (
      strrchr (g_test_get_path (), '/') + 1, NULL, 10);
  g_unsetenv ("OMP_WAIT_POLICY");
  g_unsetenv ("GOMP_SPINCOUNT");
  if (cases[i].variable)
    g_setenv (cases[i].variable, cases[i].value, TRUE);
  g_assert_nonnull (nucseg_backend_find ("reference", NULL));
  g_assert_cmpstr (g_getenv ("OMP_WAIT_POLICY"), ==,
      i == 1 ? "active" : NULL); /* no module, no change */
  g_assert_nonnull (nucseg_backend_find ("fake", NULL));
  g_assert_cmpstr (g_getenv ("OMP_WAIT_POLICY"), ==, cases[i].policy);
  g_assert_cmpstr (g_getenv ("GOMP_SPINCOUNT"), ==, cases[i].spins);
}

static gpointer
find_all (gpointer data)
{
  for (guint i = 0; i < 50; i++) {
    g_assert_nonnull (nucseg_backend_find ("fakerun", NULL));
    g_assert_null (nucseg_backend_find ("gap", NULL));
    g_assert_nonnull (nucseg_backend_find (NULL, NULL));
  }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("find", find_all, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  module_dir = g_strdup (g_getenv ("NUCSEG_TEST_MODULES"));
  g_assert_nonnull (module_dir);
  g_setenv ("NUCSEG_MODULE_PATH", module_dir, TRUE);
  g_test_add_func ("/backend/reference", test_reference);
  g_test_add_func ("/backend/list", test_list);
  g_test_add_func ("/backend/auto", test_auto);
  g_test_add_func ("/backend/module", test_module);
  g_test_add_func ("/backend/not-built", test_not_built);
  g_test_add_func ("/backend/faults", test_faults);
  g_test_add_func ("/backend/damaged", test_damaged);
  g_test_add_func ("/backend/openmp", test_openmp);
  g_test_add_func ("/backend/openmp/subprocess/0", test_openmp);
  g_test_add_func ("/backend/openmp/subprocess/1", test_openmp);
  g_test_add_func ("/backend/openmp/subprocess/2", test_openmp);
  g_test_add_func ("/backend/threads", test_threads);
  gint result = g_test_run ();
  g_free (module_dir);
  return result;
}
