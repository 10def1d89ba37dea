/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-gather.c: frames of several sessions in one batch, on the GPU that the
 * emulation stands for: the same labels, objects and pictures to the bit as
 * alone, nothing left behind.
 *
 *   test-gather MODULE
 */
#include "gather-streams.h"

#define BACKEND emulated_backend

static void
test_like_alone (void)
{
  Stream *streams = start_streams (3, 3, LONG_DEADLINE);
  const gint launches = device->n_launches, waits = device->n_waits;
  const guint n_allocs = device->n_allocs;
  guint most = 0;

  run_streams (streams, 3);
  /* one wait for each launch, whoever's frames it has, and no memory */
  g_assert_cmpint (device->n_launches - launches, >=, N_FRAMES);
  g_assert_cmpint (device->n_waits - waits, ==, device->n_launches - launches);
  g_assert_cmpuint (device->n_allocs, ==, n_allocs);
  for (guint i = 0; i < 3; i++) {
    for (guint k = 0; k < N_FRAMES; k++)
      most = MAX (most, streams[i].results[k].batch);
    assert_like_alone (&streams[i]);
  }
  /* all have the same number of frames: each waits for the others */
  g_assert_cmpuint (most, ==, 3);
  end_streams (streams, 3);
}

/* The first that came may go first: the plan is everybody's. */
static void
test_first_leaves (void)
{
  Stream *streams = start_streams (3, 2, SHORT_DEADLINE);

  g_clear_pointer (&streams[0].session, nucseg_session_free);
  run_streams (&streams[1], 2);
  assert_like_alone (&streams[1]);
  assert_like_alone (&streams[2]);
  end_streams (streams, 3);
}

static void
test_formats (void)
{
  Stream *streams = start_streams (3, 3, SHORT_DEADLINE);

  streams[1].format = NUCSEG_FORMAT_BGRX;
  run_streams (streams, 3);
  for (guint i = 0; i < 3; i++) {
    for (guint k = 0; k < N_FRAMES; k++)
      g_assert_cmpuint (streams[i].results[k].batch, <=, i == 1 ? 1 : 2);
    assert_like_alone (&streams[i]);
  }
  end_streams (streams, 3);
}

/* What is wrong with one frame is its own affair; what is wrong with the GPU is
 * everybody's. */
static void
test_errors (void)
{
  Stream *streams = start_streams (2, 2, SHORT_DEADLINE);
  g_autofree Result *result = g_new (Result, 1);
  NucsegParams params = emulated_params ();
  g_autoptr (GError) error = NULL;

  params.normalization = NUCSEG_NORMALIZATION_FIXED;
  params.black_level = params.white_level = 9;
  g_assert_false (run (
      streams[0].session, NUCSEG_FORMAT_GRAY8, 1, &params, result, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE);
  g_clear_error (&error);

  params = emulated_params ();
  device->failing_waits = 1;
  g_assert_false (run (
      streams[0].session, NUCSEG_FORMAT_GRAY8, 1, &params, result, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  g_assert_cmpuint (device->failing_waits, ==, 0);

  run_streams (streams, 2);
  assert_like_alone (&streams[0]);
  assert_like_alone (&streams[1]);
  end_streams (streams, 2);
}

/* Labels are drawn with the limits of the frame that they were found in. */
static void
test_draw (void)
{
  g_autofree Result *results = g_new (Result, 2);
  guint8 pixels[HEIGHT * WIDTH * 4], shown[2][HEIGHT * WIDTH * 4] = { { 0 } };
  const NucsegFrame frame = frame_at (pixels, NUCSEG_FORMAT_GRAY8);
  const NucsegParams params = emulated_params ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++) {
    NucsegSession *session =
        emulated_session_new (i == 0 ? 1 : 2, SHORT_DEADLINE);
    NucsegFrame picture = frame_at (shown[i], NUCSEG_FORMAT_BGRX);

    run (session, NUCSEG_FORMAT_GRAY8, 3, &params, &results[i], &error);
    g_assert_no_error (error);
    fill (pixels, sizeof pixels, 8);
    nucseg_session_draw (session, &frame, &params, results[i].labels,
        WIDTH * sizeof (guint16), results[i].n_objects, &picture, NULL, &error);
    g_assert_no_error (error);
    nucseg_session_free (session);
  }
  g_assert_cmpmem (shown[0], sizeof shown[0], shown[1], sizeof shown[1]);
  g_assert_cmpuint (device->live, ==, 0);
}

/* A network and its weights once, whatever the number of sessions. */
static void
test_memory (void)
{
  Stream *streams = start_streams (1, 2, 0);
  const guint n_weights = device->n_weights;
  const gsize one = device->live;
  gsize each;

  end_streams (streams, 1);
  streams = start_streams (3, 2, 0);
  g_assert_cmpuint (device->n_weights - n_weights, ==, n_weights);
  each = (device->live - one) / 2;
  end_streams (streams, 3);
  streams = g_new0 (Stream, 1);
  streams[0].session = emulated_session_new (1, 0);
  warm_up (streams[0].session, NUCSEG_FORMAT_GRAY8);
  /* less than half of what a session with a network of its own takes */
  g_assert_cmpuint (2 * each, <, device->live);
  end_streams (streams, 1);
}

static void
test_options (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (1, 8);
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "test", NULL);
  NucsegSessionOptions options = { .backend = BACKEND,
    .batch = NUCSEG_MAX_BATCH + 1 };
  g_autoptr (GError) error = NULL;

  g_assert_null (nucseg_session_new (model, &options, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "batch of 17 frames"));
  g_clear_error (&error);
  options.batch = 2;
  options.batch_deadline_us = NUCSEG_MAX_BATCH_DEADLINE + 1;
  g_assert_null (nucseg_session_new (model, &options, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "1000001 us"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  device = emulated_open_log (argv[1]);
  /* first: what was made before is counted */
  g_test_add_func ("/gather/memory", test_memory);
  g_test_add_func ("/gather/like-alone", test_like_alone);
  g_test_add_func ("/gather/first-leaves", test_first_leaves);
  g_test_add_func ("/gather/formats", test_formats);
  g_test_add_func ("/gather/errors", test_errors);
  g_test_add_func ("/gather/draw", test_draw);
  g_test_add_func ("/gather/options", test_options);
  return g_test_run ();
}
