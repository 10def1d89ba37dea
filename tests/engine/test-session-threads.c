/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-session-threads.c: several sessions that share a model, each in a thread
 * of its own: the same labels in all.
 */
#include "modelbuilder.h"
#include "nucseg.h"

typedef struct {
  NucsegModel *model;
  const guint8 *pixels;
  guint16 *expected;
  guint n_expected;
} Shared;

#define SHARED_WIDTH 61
#define SHARED_HEIGHT 43

static void
run_shared (Shared *shared, guint16 *labels, guint *n_objects)
{
  const NucsegSessionOptions options = { .backend = "reference", .threads = 1 };
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = SHARED_WIDTH,
    .height = SHARED_HEIGHT,
    .data = { (guint8 *) shared->pixels },
    .stride = { SHARED_WIDTH } };
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegSession) session =
      nucseg_session_new (shared->model, &options, &error);
  NucsegResult result;

  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++) {
    g_assert_true (nucseg_session_run (session, &frame, &params, labels,
        SHARED_WIDTH * 2, NULL, &result, &error));
    g_assert_no_error (error);
  }
  *n_objects = result.n_objects;
}

static gpointer
run_thread (gpointer data)
{
  Shared *shared = data;
  g_autofree guint16 *labels = g_new (guint16, SHARED_WIDTH * SHARED_HEIGHT);
  guint n_objects;

  run_shared (shared, labels, &n_objects);
  g_assert_cmpuint (n_objects, ==, shared->n_expected);
  g_assert_cmpmem (labels, SHARED_WIDTH * SHARED_HEIGHT * 2, shared->expected,
      SHARED_WIDTH * SHARED_HEIGHT * 2);
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (11, 8);
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "unet", NULL);
  g_autofree guint8 *pixels = g_malloc (SHARED_WIDTH * SHARED_HEIGHT);
  g_autofree guint16 *labels = g_new (guint16, SHARED_WIDTH * SHARED_HEIGHT);
  NucsegRandom random = { 5 };
  Shared shared = { model, pixels, labels, 0 };
  GThread *threads[4];

  g_assert_nonnull (model);
  for (guint i = 0; i < SHARED_WIDTH * SHARED_HEIGHT; i++)
    pixels[i] = (guint8) nucseg_random_below (&random, 256);
  run_shared (&shared, labels, &shared.n_expected);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("session", run_thread, &shared);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/threads", test_threads);
  return g_test_run ();
}
