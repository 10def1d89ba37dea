/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gather-streams.h: sessions of one model, each fed frames by a thread of its
 * own, whose results can be compared with those of a session alone.
 */
#ifndef NUCSEG_TESTS_GATHER_STREAMS_H
#define NUCSEG_TESTS_GATHER_STREAMS_H

#include "emulated-log.h"
#include "emulated-session.h"

#include <string.h>

#define WIDTH 47
#define HEIGHT 33
#define MOST_STREAMS 4
#define N_FRAMES 5
/* Long enough for any machine to bring the frames that are on their way, short
 * enough for a test. */
#define LONG_DEADLINE NUCSEG_MAX_BATCH_DEADLINE
#define SHORT_DEADLINE 30000

/* main() opens it. */
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
  guint n_expired; /* waits of the last frame that lasted to their end */
} Stream;

/* Of this thread; a test that counts them defines g_cond_wait_until(). */
static __thread guint expired_waits;

static inline NucsegFrame
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
static inline void
fill (guint8 *pixels, gsize size, guint number)
{
  NucsegRandom random = { number + 1 };

  for (gsize i = 0; i < size; i++)
    pixels[i] = (guint8) (number % 7 * 8
        + nucseg_random_below (&random, 100 + number % 5 * 20));
}

static inline gboolean
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

static inline gpointer
stream_thread (gpointer data)
{
  Stream *stream = data;
  const NucsegParams params = emulated_params ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < stream->n_frames; i++) {
    expired_waits = 0;
    run (stream->session, stream->format, stream->number + i, &params,
        &stream->results[i], &error);
    g_assert_no_error (error);
    stream->n_expired = expired_waits;
  }
  return NULL;
}

static inline void
run_streams (Stream *streams, guint n)
{
  GThread *threads[MOST_STREAMS];

  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("stream", stream_thread, &streams[i]);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

static inline void
end_streams (Stream *streams, guint n)
{
  for (guint i = 0; i < n; i++)
    nucseg_session_free (streams[i].session);
  g_free (streams);
  g_assert_cmpuint (device->live, ==, 0);
}

static inline void
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
static inline Stream *
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

static inline void
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

#endif /* NUCSEG_TESTS_GATHER_STREAMS_H */
