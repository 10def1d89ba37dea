/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-gather.c: frames of several sessions in one batch, on the GPU that the
 * emulation stands for: the same labels, objects and pictures to the bit as
 * alone, no waiting beyond the deadline, nothing left behind.
 *
 *   test-gather MODULE
 */
#include "emulated-log.h"
#include "emulated-session.h"

#include <string.h>

#define BACKEND EMULATED_BACKEND
#define WIDTH 47
#define HEIGHT 33
#define MOST_STREAMS 4
#define N_FRAMES 5
/* Long enough for any machine to bring the frames that are on their way, short
 * enough for a test. */
#define LONG_DEADLINE NUCSEG_MAX_BATCH_DEADLINE
#define SHORT_DEADLINE 30000
#define MIDDLE_DEADLINE 400000
/* Batches without a frame of a session until it isn't waited for, as
 * docs/architecture.md says. */
#define PATIENCE 8

static EmulatedLog *device;

typedef struct {
  guint16 labels[HEIGHT * WIDTH];
  guint8 shown[HEIGHT * WIDTH * 4];
  guint n_objects, low, high, batch;
  NucsegObject last;
} Result;

typedef struct {
  NucsegSession *session;
  NucsegFormat format;
  guint number; /* its frames' */
  guint n_frames;
  Result results[N_FRAMES];
  gint64 took; /* microseconds of the last */
} Stream;

static NucsegFrame
frame_at (guint8 *pixels, NucsegFormat format)
{
  const gint bytes = format == NUCSEG_FORMAT_GRAY8 ? 1 : 4;

  return (NucsegFrame){ .format = format,
    .width = WIDTH,
    .height = HEIGHT,
    .data = { pixels },
    .stride = { WIDTH * bytes } };
}

/* Frames of a number have pixels of their own, and a contrast of their own. */
static void
fill (guint8 *pixels, gsize size, guint number)
{
  NucsegRandom random = { number + 1 };

  for (gsize i = 0; i < size; i++)
    pixels[i] = (guint8) (number % 7 * 8
        + nucseg_random_below (&random, 100 + number % 5 * 20));
}

static gboolean
run (NucsegSession *session, NucsegFormat format, guint number,
    const NucsegParams *params, Result *result, GError **error)
{
  guint8 pixels[sizeof result->shown];
  const NucsegFrame frame = frame_at (pixels, format);
  NucsegFrame shown = frame_at (result->shown, format);
  NucsegResult found;

  memset (result, 0, sizeof *result);
  fill (pixels, sizeof pixels, number);
  if (!nucseg_session_run (session, &frame, params, result->labels,
          WIDTH * sizeof (guint16), &shown, &found, error))
    return FALSE;
  result->n_objects = found.n_objects;
  result->low = found.low;
  result->high = found.high;
  result->batch = found.batch;
  if (found.n_objects > 0)
    result->last = found.objects[found.n_objects - 1];
  return TRUE;
}

static gpointer
stream_thread (gpointer data)
{
  Stream *stream = data;
  const NucsegParams params = emulated_params ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < stream->n_frames; i++) {
    const gint64 started = g_get_monotonic_time ();

    run (stream->session, stream->format, stream->number + i, &params,
        &stream->results[i], &error);
    g_assert_no_error (error);
    stream->took = g_get_monotonic_time () - started;
  }
  return NULL;
}

static void
run_streams (Stream *streams, guint n)
{
  GThread *threads[MOST_STREAMS];

  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("stream", stream_thread, &streams[i]);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

static void
end_streams (Stream *streams, guint n)
{
  for (guint i = 0; i < n; i++)
    nucseg_session_free (streams[i].session);
  g_free (streams);
  g_assert_cmpuint (device->live, ==, 0);
}

static void
warm_up (NucsegSession *session, NucsegFormat format)
{
  const NucsegParams params = emulated_params ();
  guint8 pixels[HEIGHT * WIDTH * 4] = { 0 };
  const NucsegFrame frame = frame_at (pixels, format);
  g_autoptr (GError) error = NULL;

  nucseg_session_warm_up (session, &frame, &frame, &params, &error);
  g_assert_no_error (error);
}

/* Sessions that have joined: members are counted from the first frame on. */
static Stream *
start_streams (guint n, guint batch, guint64 deadline)
{
  Stream *streams = g_new0 (Stream, n);

  for (guint i = 0; i < n; i++) {
    streams[i] = (Stream){ .session = emulated_session_new (batch, deadline),
      .format = NUCSEG_FORMAT_GRAY8,
      .number = 100 * i,
      .n_frames = N_FRAMES };
    warm_up (streams[i].session, streams[i].format);
  }
  return streams;
}

static void
assert_like_alone (const Stream *stream)
{
  g_autofree Result *alone = g_new (Result, 1);
  NucsegSession *session = emulated_session_new (1, 0);
  const NucsegParams params = emulated_params ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < stream->n_frames; i++) {
    const Result *result = &stream->results[i];

    run (session, stream->format, stream->number + i, &params, alone, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (alone->n_objects, >, 0);
    g_assert_cmpuint (alone->batch, ==, 1);
    g_assert_cmpuint (result->n_objects, ==, alone->n_objects);
    g_assert_cmpuint (result->low, ==, alone->low);
    g_assert_cmpuint (result->high, ==, alone->high);
    g_assert_cmpmem (result->labels, sizeof result->labels, alone->labels,
        sizeof alone->labels);
    g_assert_cmpmem (
        result->shown, sizeof result->shown, alone->shown, sizeof alone->shown);
    g_assert_cmpmem (
        &result->last, sizeof result->last, &alone->last, sizeof alone->last);
  }
  nucseg_session_free (session);
}

/* --- Tests ----------------------------------------------------------------
 */

static void
test_like_alone (void)
{
  Stream *streams = start_streams (3, 3, LONG_DEADLINE);
  guint most = 0;

  run_streams (streams, 3);
  for (guint i = 0; i < 3; i++) {
    for (guint k = 0; k < N_FRAMES; k++)
      most = MAX (most, streams[i].results[k].batch);
    assert_like_alone (&streams[i]);
  }
  /* all have the same number of frames: each waits for the others */
  g_assert_cmpuint (most, ==, 3);
  end_streams (streams, 3);
}

/* More streams than a batch has places: who fills it waits for no others. */
static void
test_more_streams (void)
{
  Stream *streams = start_streams (3, 2, LONG_DEADLINE);

  streams[0].n_frames = streams[1].n_frames = 1;
  run_streams (streams, 2);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (streams[i].took, <, LONG_DEADLINE);
    g_assert_cmpuint (streams[i].results[0].batch, ==, 2);
  }
  end_streams (streams, 3);

  streams = start_streams (4, 2, SHORT_DEADLINE);
  run_streams (streams, 4);
  for (guint i = 0; i < 4; i++) {
    for (guint k = 0; k < N_FRAMES; k++)
      g_assert_cmpuint (streams[i].results[k].batch, <=, 2);
    assert_like_alone (&streams[i]);
  }
  end_streams (streams, 4);
}

static void
test_deadline (void)
{
  Stream *streams = start_streams (2, 2, SHORT_DEADLINE);

  /* the other one has joined and brings nothing */
  streams[0].n_frames = 1;
  run_streams (streams, 1);
  g_assert_cmpint (streams[0].took, >=, SHORT_DEADLINE);
  g_assert_cmpuint (streams[0].results[0].batch, ==, 1);
  assert_like_alone (&streams[0]);
  end_streams (streams, 2);
}

/* A paused camera is waited for a while, and again once it has come back. */
static void
test_pause (void)
{
  Stream *streams = start_streams (2, 2, MIDDLE_DEADLINE);
  guint most = 0;

  streams[0].n_frames = 1;
  for (guint i = 0; i < PATIENCE; i++) {
    run_streams (streams, 1);
    g_assert_cmpint (streams[0].took, >=, MIDDLE_DEADLINE);
  }
  run_streams (streams, 1);
  g_assert_cmpint (streams[0].took, <, MIDDLE_DEADLINE);
  g_assert_cmpuint (streams[0].results[0].batch, ==, 1);
  assert_like_alone (&streams[0]);

  streams[0].n_frames = N_FRAMES;
  run_streams (streams, 2);
  for (guint i = 0; i < 2; i++) {
    assert_like_alone (&streams[i]);
    for (guint k = 0; k < N_FRAMES; k++)
      most = MAX (most, streams[i].results[k].batch);
  }
  g_assert_cmpuint (most, ==, 2);
  end_streams (streams, 2);
}

/* Nor is a session waited for whose frame is there, but can't go along. */
static void
test_other_format (void)
{
  Stream *streams = start_streams (2, 2, LONG_DEADLINE);

  streams[1].format = NUCSEG_FORMAT_BGRX;
  streams[0].n_frames = streams[1].n_frames = 1;
  run_streams (streams, 2);
  /* the second one waits, for the first one's next frame */
  g_assert_cmpint (MIN (streams[0].took, streams[1].took), <, LONG_DEADLINE);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (streams[i].results[0].batch, ==, 1);
    assert_like_alone (&streams[i]);
  }
  end_streams (streams, 2);
}

static gpointer
free_later (gpointer data)
{
  g_usleep (SHORT_DEADLINE);
  nucseg_session_free (data);
  return NULL;
}

/* Nobody waits for a session that ends. */
static void
test_leaving (void)
{
  Stream *streams = start_streams (2, 2, LONG_DEADLINE);
  GThread *leaver = g_thread_new (
      "leaver", free_later, g_steal_pointer (&streams[1].session));

  streams[0].n_frames = 1;
  run_streams (streams, 1);
  g_thread_join (leaver);
  g_assert_cmpint (streams[0].took, <, LONG_DEADLINE);
  assert_like_alone (&streams[0]);
  end_streams (streams, 2);
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
  g_test_add_func ("/gather/more-streams", test_more_streams);
  g_test_add_func ("/gather/deadline", test_deadline);
  g_test_add_func ("/gather/pause", test_pause);
  g_test_add_func ("/gather/other-format", test_other_format);
  g_test_add_func ("/gather/leaving", test_leaving);
  g_test_add_func ("/gather/first-leaves", test_first_leaves);
  g_test_add_func ("/gather/formats", test_formats);
  g_test_add_func ("/gather/errors", test_errors);
  g_test_add_func ("/gather/draw", test_draw);
  g_test_add_func ("/gather/options", test_options);
  return g_test_run ();
}
