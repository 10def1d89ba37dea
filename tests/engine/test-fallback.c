/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-fallback.c: what "auto" does where the module cuda is installed and its
 * device can't be used, before the first frame and after; fakes stand for it.
 */
#include "expect.h"
#include "fake-backend.h"
#include "modelbuilder.h"

#include <glib/gstdio.h>
#include <gmodule.h>
#include <unistd.h>

typedef struct {
  gchar *dir, *link; /* where the module cuda is looked for */
  NucsegModel *model;
  NucsegParams params;
  guint8 pixels[32 * 32];
  guint16 labels[32 * 32];
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  const gchar *fake = data;

  f->model = nucseg_model_new_from_bytes (bytes, "identity", NULL);
  g_assert_nonnull (f->model);
  f->params = (NucsegParams) NUCSEG_PARAMS_INIT;
  f->dir = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  f->link = g_build_filename (f->dir, "libnucseg-cuda.so", NULL);
  if (fake) {
    g_autofree gchar *module = g_strdup_printf (
        "%s/fake-%s.so", g_getenv ("NUCSEG_TEST_MODULES"), fake);
    g_assert_cmpint (symlink (module, f->link), ==, 0);
  }
  g_setenv ("NUCSEG_MODULE_PATH", f->dir, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  nucseg_model_unref (f->model);
  g_unlink (f->link);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->dir);
  g_free (f->link);
}

/* What is next in the order of "auto". */
static const gchar *
cpu (void)
{
  return nucseg_backend_probe ("onednn", NULL) ? "onednn" : "reference";
}

static NucsegSession *
new_session (Fixture *f, const gchar *backend, NucsegPrecision precision)
{
  const NucsegSessionOptions options = { .backend = backend,
    .precision = precision };
  g_autoptr (GError) error = NULL;
  NucsegSession *session = nucseg_session_new (f->model, &options, &error);

  g_assert_no_error (error);
  return session;
}

static NucsegFrame
frame_of (Fixture *f)
{
  return (NucsegFrame){ .format = NUCSEG_FORMAT_GRAY8,
    .width = 32,
    .height = 32,
    .data = { f->pixels },
    .stride = { 32 } };
}

static gboolean
warm_up (Fixture *f, NucsegSession *session, GError **error)
{
  NucsegFrame frame = frame_of (f);

  return nucseg_session_warm_up (session, &frame, &frame, &f->params, error);
}

static gboolean
run (Fixture *f, NucsegSession *session, GError **error)
{
  NucsegFrame frame = frame_of (f);
  NucsegResult result;

  return nucseg_session_run (
      session, &frame, &f->params, f->labels, 64, NULL, &result, error);
}

static FakeLog *
get_log (Fixture *f)
{
  GModule *module = g_module_open (f->link, G_MODULE_BIND_LAZY);
  gpointer symbol = NULL;
  FakeLog *log;

  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, FAKE_LOG_SYMBOL, &symbol));
  log = ((FakeGetLog) symbol) ();
  /* a back end's module stays open */
  nucseg_backend_probe ("cuda", NULL);
  g_module_close (module);
  *log = (FakeLog){ .fail = FAKE_NOTHING };
  return log;
}

static void
expect_told_of_onednn (NucsegSession *session)
{
  const GError *why = nucseg_session_get_fallback (session);

  g_assert_error (why, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
  g_assert_true (g_str_has_prefix (why->message,
      "back end \"onednn\" is not built or not installed; there are: "));
}

static void
test_nothing_installed (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) there = nucseg_backend_list ();

  if (g_strv_contains ((const gchar *const *) there, "cuda")) {
    g_test_skip ("a CUDA back end is installed");
    return;
  }
  g_autoptr (NucsegSession) session =
      new_session (f, NULL, NUCSEG_PRECISION_AUTO);
  g_assert_cmpstr (nucseg_session_get_backend (session), ==, cpu ());
  if (g_str_equal (cpu (), "onednn"))
    g_assert_null (nucseg_session_get_fallback (session));
}

/* A plug-in that was copied without its modules: it would be slow for no reason
 * that anybody sees. */
static void
test_no_cpu_module (Fixture *f, gconstpointer data)
{
  if (g_str_equal (cpu (), "onednn")) {
    g_test_skip ("the oneDNN back end is found without a path");
    return;
  }
  g_autoptr (NucsegSession) session =
      new_session (f, "auto", NUCSEG_PRECISION_AUTO);

  g_assert_cmpstr (nucseg_session_get_backend (session), ==, "reference");
  expect_told_of_onednn (session);
  /* who asks for it knows */
  g_autoptr (NucsegSession) plain =
      new_session (f, "reference", NUCSEG_PRECISION_AUTO);
  g_assert_null (nucseg_session_get_fallback (plain));
}

static void
test_no_device (Fixture *f, gconstpointer data)
{
  g_autoptr (NucsegSession) session =
      new_session (f, "auto", NUCSEG_PRECISION_AUTO);
  const GError *why = nucseg_session_get_fallback (session);

  g_assert_cmpstr (nucseg_session_get_backend (session), ==, cpu ());
  g_assert_error (why, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
  g_assert_cmpstr (
      why->message, ==, "back end \"cuda\": the fake device is not there");
  g_assert_true (run (f, session, NULL));

  /* who asks for the CPU misses nothing */
  g_autoptr (NucsegSession) plain =
      new_session (f, "reference", NUCSEG_PRECISION_AUTO);
  g_assert_null (nucseg_session_get_fallback (plain));
}

/* One that was built for another version of the library. */
static void
test_bad_module (Fixture *f, gconstpointer data)
{
  g_autoptr (NucsegSession) session =
      new_session (f, "auto", NUCSEG_PRECISION_AUTO);
  const GError *why = nucseg_session_get_fallback (session);

  g_assert_error (why, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
  g_assert_true (g_str_has_prefix (why->message, "back end \"cuda\": /"));
  g_assert_nonnull (strstr (why->message, "(ABI 4711, expected"));
}

/* A device that starts, but whose memory others have taken. */
static void
test_no_memory (Fixture *f, gconstpointer data)
{
  g_autoptr (NucsegSession) session =
      new_session (f, "auto", NUCSEG_PRECISION_AUTO);
  g_autoptr (GError) error = NULL;
  const GError *why;

  g_assert_cmpstr (nucseg_session_get_backend (session), ==, "cuda");
  g_assert_cmpint (
      nucseg_session_get_precision (session), ==, NUCSEG_PRECISION_BF16);
  g_assert_null (nucseg_session_get_fallback (session));
  g_assert_true (warm_up (f, session, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (nucseg_session_get_backend (session), ==, cpu ());
  why = nucseg_session_get_fallback (session);
  g_assert_error (why, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
  g_assert_true (g_str_has_prefix (why->message, "back end \"cuda\": step "));
  g_assert_true (run (f, session, &error));
  g_assert_no_error (error);

  /* asked for by name: never silently something else */
  g_autoptr (NucsegSession) named =
      new_session (f, "cuda", NUCSEG_PRECISION_AUTO);
  g_assert_false (warm_up (f, named, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
  g_assert_cmpstr (nucseg_session_get_backend (named), ==, "cuda");
}

/* A device that fails in the first frame, and what the user asked for. */
static void
test_rules (Fixture *f, gconstpointer data)
{
  FakeLog *log = get_log (f);
  g_autoptr (NucsegSession) session =
      new_session (f, "auto", NUCSEG_PRECISION_F32);
  g_autoptr (GError) error = NULL;

  /* what is wrong with the request is wrong everywhere */
  log->fail = FAKE_RUN;
  log->code = NUCSEG_ERROR_UNSUPPORTED;
  g_assert_false (warm_up (f, session, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_cmpstr (nucseg_session_get_backend (session), ==, "cuda");

  log->code = NUCSEG_ERROR_DEVICE;
  g_assert_true (warm_up (f, session, &error));
  g_assert_cmpstr (nucseg_session_get_backend (session), ==, cpu ());
  g_assert_cmpint (
      nucseg_session_get_precision (session), ==, NUCSEG_PRECISION_F32);
  /* its plan went back to where it came from */
  g_assert_cmpuint (log->n[FAKE_PLAN_NEW], ==, 1);
  g_assert_cmpuint (log->n_freed, ==, 1);
}

/* A device that is lost in mid-stream: frames before and after would differ. */
static void
test_mid_stream (Fixture *f, gconstpointer data)
{
  FakeLog *log = get_log (f);
  g_autoptr (NucsegSession) session =
      new_session (f, "auto", NUCSEG_PRECISION_AUTO);
  g_autoptr (GError) error = NULL;

  g_assert_true (warm_up (f, session, &error));
  g_assert_true (run (f, session, &error));
  log->fail = FAKE_RUN;
  g_assert_false (run (f, session, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  g_clear_error (&error);
  g_assert_false (warm_up (f, session, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  g_assert_cmpstr (nucseg_session_get_backend (session), ==, "cuda");
  g_assert_null (nucseg_session_get_fallback (session));
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *path, *fake;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/fallback/nothing-installed", NULL, test_nothing_installed },
    { "/fallback/no-cpu-module", NULL, test_no_cpu_module },
    { "/fallback/no-device", "cuda-noprobe", test_no_device },
    { "/fallback/bad-module", "cuda-oldabi", test_bad_module },
    { "/fallback/no-memory", "cuda-nomemory", test_no_memory },
    { "/fallback/rules", "cuda", test_rules },
    { "/fallback/mid-stream", "cuda", test_mid_stream },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, tests[i].fake, set_up, tests[i].test,
        tear_down);
  return g_test_run ();
}
