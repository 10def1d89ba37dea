/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-session.c: what sessions do around a back end, watched through fake
 * ones: plans that are kept and dropped, verbs and their order, limits for
 * drawing, failures. test-session-threads.c has several sessions at once.
 */
#include "expect.h"
#include "fake-backend.h"
#include "modelbuilder.h"

#include <gmodule.h>

typedef struct {
  NucsegModel *model;
  NucsegParams params;
  guint8 *pixels;
  guint16 *labels;
  NucsegResult result;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  g_autoptr (GError) error = NULL;

  f->model = nucseg_model_new_from_bytes (bytes, "identity", &error);
  g_assert_no_error (error);
  f->params = (NucsegParams) NUCSEG_PARAMS_INIT;
  f->pixels = g_malloc0 (256 * 256);
  f->labels = g_new0 (guint16, 256 * 256);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  nucseg_model_unref (f->model);
  g_free (f->pixels);
  g_free (f->labels);
}

static NucsegSession *
new_session (Fixture *f, const gchar *backend, guint max_plans)
{
  const NucsegSessionOptions options = { .backend = backend,
    .max_plans = max_plans };
  g_autoptr (GError) error = NULL;
  NucsegSession *session = nucseg_session_new (f->model, &options, &error);

  g_assert_no_error (error);
  g_assert_nonnull (session);
  return session;
}

static NucsegFrame
grey_frame (Fixture *f, gint width, gint height)
{
  return (NucsegFrame){ .format = NUCSEG_FORMAT_GRAY8,
    .width = width,
    .height = height,
    .data = { f->pixels },
    .stride = { 256 } };
}

static gboolean
run (
    Fixture *f, NucsegSession *session, gint width, gint height, GError **error)
{
  NucsegFrame frame = grey_frame (f, width, height);

  return nucseg_session_run (
      session, &frame, &f->params, f->labels, 512, NULL, &f->result, error);
}

/* The log of a fake back end, set to nothing. */
static FakeLog *
start_log (const gchar *name)
{
  g_autofree gchar *file = g_strdup_printf (
      "%s/libnucseg-%s.so", g_getenv ("NUCSEG_TEST_MODULES"), name);
  GModule *module = g_module_open (file, G_MODULE_BIND_LAZY);
  gpointer symbol = NULL;

  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, FAKE_LOG_SYMBOL, &symbol));
  FakeLog *log = ((FakeGetLog) symbol) ();
  /* a session of this module follows: it stays open */
  g_assert_true (nucseg_backend_probe (name, NULL));
  g_module_close (module);
  *log = (FakeLog){ .fail = FAKE_NOTHING };
  return log;
}

static void
test_plans (Fixture *f, gconstpointer data)
{
  FakeLog *log = start_log ("fake");
  NucsegSession *session = new_session (f, "fake", 2);
  static const struct {
    gint width, height;
    gdouble scale;
    guint n_new; /* plans that were built by then */
  } frames[] = {
    { 64, 64, 0, 1 },
    { 64, 48, 0, 2 },
    { 64, 64, 1, 2 }, /* the same as scale 0 */
    { 48, 64, 0, 3 }, /* drops 64x48, which was used least recently */
    { 64, 64, 0, 3 },
    { 64, 48, 0, 4 },
    { 64, 48, 0.5, 5 },
    { 64, 48, 0, 5 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (frames); i++) {
    g_autoptr (GError) error = NULL;
    f->params.scale = frames[i].scale;
    g_assert_true (run (f, session, frames[i].width, frames[i].height, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (log->n[FAKE_PLAN_NEW], ==, frames[i].n_new);
    g_assert_cmpint (log->geometry.frame_width, ==, frames[i].width);
    g_assert_cmpint (log->geometry.frame_height, ==, frames[i].height);
    g_assert_cmpfloat (
        f->result.scale, ==, frames[i].scale == 0 ? 1 : frames[i].scale);
  }
  g_assert_cmpuint (log->n_freed, ==, 3);
  nucseg_session_free (session);
  g_assert_cmpuint (log->n_freed, ==, 5);
}

static void
test_stages (Fixture *f, gconstpointer data)
{
  FakeLog *log = start_log ("fake");
  g_autoptr (NucsegSession) session = new_session (f, "fake", 0);
  NucsegFrame frame = grey_frame (f, 32, 20), shown = frame;

  g_assert_cmpstr (nucseg_session_get_backend (session), ==, "fake");
  g_assert_cmpint (
      nucseg_session_get_precision (session), ==, NUCSEG_PRECISION_BF16);
  g_assert_true (nucseg_session_get_model (session) == f->model);
  g_assert_true (nucseg_session_run (
      session, &frame, &f->params, f->labels, 512, &shown, &f->result, NULL));
  for (guint i = FAKE_PLAN_NEW; i < FAKE_RUN; i++)
    g_assert_cmpuint (log->n[i], ==, 1);
  g_assert_cmpuint (f->pixels[0], ==, 1);
  g_assert_cmpuint (f->labels[0], ==, 1);
  g_assert_cmpuint (f->result.n_objects, ==, 1);
  g_assert_cmpuint (f->result.objects[0].area, ==, 1);
  g_assert_cmpuint (f->result.dropped, ==, 2);
  g_assert_cmpuint (f->result.low, ==, 3);
  g_assert_cmpuint (f->result.high, ==, 250);
  g_assert_true (f->result.inverted);
  guint64 sum = 0;
  for (guint i = 0; i < NUCSEG_STAGE_TOTAL; i++)
    sum += f->result.stage_ns[i];
  g_assert_cmpuint (f->result.stage_ns[NUCSEG_STAGE_TOTAL], >=, sum);
  g_assert_cmpuint (f->result.stage_ns[NUCSEG_STAGE_TOTAL], >, 0);

  /* nothing shown: nothing drawn */
  g_assert_true (run (f, session, 32, 20, NULL));
  g_assert_cmpuint (log->n[FAKE_OVERLAY], ==, 1);
  g_assert_cmpuint (f->result.stage_ns[NUCSEG_STAGE_OVERLAY], ==, 0);
}

static void
test_one_launch (Fixture *f, gconstpointer data)
{
  FakeLog *log = start_log ("fakerun");
  g_autoptr (NucsegSession) session = new_session (f, "fakerun", 0);
  NucsegFrame frame = grey_frame (f, 32, 20), shown = frame;

  frame.memory = shown.memory = NUCSEG_MEMORY_CUDA;
  g_assert_true (nucseg_session_run (
      session, &frame, &f->params, f->labels, 512, &shown, &f->result, NULL));
  g_assert_cmpuint (log->n[FAKE_RUN], ==, 1);
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 0);
  g_assert_cmpint (log->memory, ==, NUCSEG_MEMORY_CUDA);
  g_assert_cmpuint (f->result.n_objects, ==, 1);
  for (guint i = 0; i < NUCSEG_STAGE_TOTAL; i++)
    g_assert_cmpuint (f->result.stage_ns[i], ==, 0);
  g_assert_cmpuint (f->result.stage_ns[NUCSEG_STAGE_TOTAL], >, 0);
  /* warming up uses memory of its own, which is the system's */
  frame.data[0] = NULL;
  shown.memory = NUCSEG_MEMORY_SYSTEM;
  g_assert_true (
      nucseg_session_warm_up (session, &frame, &shown, &f->params, NULL));
  g_assert_cmpuint (log->n[FAKE_RUN], ==, 2);
  g_assert_cmpint (log->memory, ==, NUCSEG_MEMORY_SYSTEM);
  g_assert_cmpint (log->shown, ==, NUCSEG_FORMAT_GRAY8);
  /* and what the stream will use is made ready behind it */
  g_assert_cmpuint (log->n[FAKE_READY], ==, 1);
  g_assert_cmpint (log->ready, ==, NUCSEG_MEMORY_CUDA);
  g_assert_cmpint (log->ready_shown, ==, NUCSEG_MEMORY_SYSTEM);

  shown.format = NUCSEG_FORMAT_RGB;
  shown.stride[0] = 96;
  shown.memory = NUCSEG_MEMORY_CUDA;
  g_assert_true (
      nucseg_session_warm_up (session, &frame, &shown, &f->params, NULL));
  g_assert_cmpint (log->shown, ==, NUCSEG_FORMAT_RGB);
  g_assert_cmpint (log->ready_shown, ==, NUCSEG_MEMORY_CUDA);
  g_assert_true (
      nucseg_session_warm_up (session, &frame, NULL, &f->params, NULL));
  g_assert_cmpint (log->shown, ==, NUCSEG_FORMAT_LAST);
  log->fail = FAKE_READY;
  g_assert_false (
      nucseg_session_warm_up (session, &frame, NULL, &f->params, NULL));
}

/* Pictures that frames can't be drawn in are refused before anything runs. */
static void
test_warm_up_pictures (Fixture *f, gconstpointer data)
{
  FakeLog *log = start_log ("fake");
  g_autoptr (NucsegSession) session = new_session (f, "fake", 0);
  NucsegFrame frame = grey_frame (f, 32, 20), shown = frame;
  g_autoptr (GError) error = NULL;

  shown.width = 16;
  g_assert_false (
      nucseg_session_warm_up (session, &frame, &shown, &f->params, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
  g_clear_error (&error);
  shown = frame;
  shown.format = NUCSEG_FORMAT_GRAY16_LE;
  shown.stride[0] = 64;
  g_assert_false (
      nucseg_session_warm_up (session, &frame, &shown, &f->params, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 0);
  /* CUDA memory stands for system memory */
  frame.memory = NUCSEG_MEMORY_CUDA;
  frame.data[0] = NULL;
  g_assert_true (
      nucseg_session_warm_up (session, &frame, NULL, &f->params, NULL));
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 1);
  g_assert_cmpuint (log->n[FAKE_OVERLAY], ==, 0);
}

/* Drawing needs limits: of an earlier frame of the size, else of this one. */
static void
test_draw (Fixture *f, gconstpointer data)
{
  FakeLog *log = start_log ("fake");
  g_autoptr (NucsegSession) session = new_session (f, "fake", 0);
  NucsegFrame frame = grey_frame (f, 32, 20), shown = frame;
  guint64 elapsed = 0;

  g_assert_true (
      nucseg_session_warm_up (session, &frame, &shown, &f->params, NULL));
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 1);
  g_assert_cmpuint (log->n[FAKE_OVERLAY], ==, 1);
  g_assert_true (nucseg_session_draw (
      session, &frame, &f->params, f->labels, 512, 7, &shown, &elapsed, NULL));
  g_assert_cmpuint (elapsed, >, 0);
  g_assert_cmpuint (f->pixels[0], ==, 7);
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_true (nucseg_session_draw (
        session, &frame, &f->params, f->labels, 512, 7, &shown, NULL, NULL));
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 2);
  g_assert_cmpuint (log->n[FAKE_NETWORK], ==, 1);
  /* another size has none yet; run finds them */
  g_assert_true (run (f, session, 20, 32, NULL));
  frame = shown = grey_frame (f, 20, 32);
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 3);
  g_assert_true (nucseg_session_draw (
      session, &frame, &f->params, f->labels, 512, 7, &shown, NULL, NULL));
  g_assert_cmpuint (log->n[FAKE_PREPARE], ==, 3);
}

static void
test_failures (Fixture *f, gconstpointer data)
{
  FakeLog *log = start_log ("fake");
  NucsegSession *session = new_session (f, "fake", 2);
  NucsegFrame frame = grey_frame (f, 32, 20), shown = frame;

  for (guint i = FAKE_PLAN_NEW; i < FAKE_RUN; i++) {
    g_autoptr (GError) error = NULL;
    log->fail = i;
    g_assert_false (nucseg_session_run (session, &frame, &f->params, f->labels,
        512, &shown, &f->result, &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
    g_assert_cmpuint (f->result.n_objects, ==, 0);
    /* the next frame is none the worse */
    log->fail = FAKE_NOTHING;
    g_assert_true (nucseg_session_run (
        session, &frame, &f->params, f->labels, 512, &shown, &f->result, NULL));
    g_assert_cmpuint (f->result.n_objects, ==, 1);
  }
  g_assert_cmpuint (log->n[FAKE_PLAN_NEW], ==, 1);
  /* a plan that can't be built costs one that is there, but no more */
  g_assert_true (run (f, session, 20, 32, NULL));
  log->fail = FAKE_PLAN_NEW;
  g_assert_false (run (f, session, 40, 32, NULL));
  g_assert_cmpuint (log->n_freed, ==, 1);
  log->fail = FAKE_NOTHING;
  g_assert_true (run (f, session, 20, 32, NULL));
  g_assert_cmpuint (log->n[FAKE_PLAN_NEW], ==, 2);
  nucseg_session_free (session);
  g_assert_cmpuint (log->n_freed, ==, log->n[FAKE_PLAN_NEW]);
}

static void
test_options (Fixture *f, gconstpointer data)
{
  static const struct {
    NucsegSessionOptions options;
    NucsegError code;
    const gchar *part;
  } cases[] = {
    { { .backend = "tpu" }, NUCSEG_ERROR_NO_DEVICE, "\"tpu\"" },
    { { .backend = "noprobe" }, NUCSEG_ERROR_NO_DEVICE, "is not there" },
    { { .backend = "fake", .precision = NUCSEG_PRECISION_INT8 },
        NUCSEG_ERROR_UNSUPPORTED, "int8" },
    { { .backend = "reference", .precision = NUCSEG_PRECISION_INT8 },
        NUCSEG_ERROR_UNSUPPORTED, "int8" },
    { { .precision = (NucsegPrecision) (NUCSEG_PRECISION_F16 + 1) },
        NUCSEG_ERROR_UNSUPPORTED, "0 (auto) to 4 (f16)" },
    { { .precision = (NucsegPrecision) 9 }, NUCSEG_ERROR_UNSUPPORTED,
        "precision 9" },
    { { .threads = 257 }, NUCSEG_ERROR_UNSUPPORTED, "257 threads" },
    { { .max_plans = 65 }, NUCSEG_ERROR_UNSUPPORTED, "65 plans" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (nucseg_session_new (f->model, &cases[i].options, &error));
    g_assert_error (error, NUCSEG_ERROR, (gint) cases[i].code);
    expect_message (error, cases[i].part, cases[i].part);
  }
  /* the session keeps the model */
  NucsegSession *session = nucseg_session_new (f->model, NULL, NULL);
  nucseg_model_ref (f->model);
  nucseg_model_unref (f->model);
  g_assert_true (run (f, session, 32, 32, NULL));
  nucseg_session_free (session);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("NUCSEG_MODULE_PATH", g_getenv ("NUCSEG_TEST_MODULES"), TRUE);
#define ADD(path, func)                                                        \
  g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/session/plans", test_plans);
  ADD ("/session/stages", test_stages);
  ADD ("/session/one-launch", test_one_launch);
  ADD ("/session/warm-up-pictures", test_warm_up_pictures);
  ADD ("/session/draw", test_draw);
  ADD ("/session/failures", test_failures);
  ADD ("/session/options", test_options);
  return g_test_run ();
}
