/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-lost.c: a GPU that is lost in mid-stream, over the emulation: every
 * session on it is told what happened and what can be done, results that were
 * handed out stay, and nothing hangs or is left behind.
 *
 *   test-lost MODULE
 */
#include "gather-streams.h"

#define LOST                                                                   \
  "*: the GPU was lost while it was at work: an illegal memory access was "    \
  "encountered (cudaErrorIllegalAddress); this program can't use it any "      \
  "more and has to be started again (frames that came out before are whole)"

static void
assert_lost (NucsegSession *session, guint number)
{
  g_autofree Result *result = g_new (Result, 1);
  const NucsegParams params = emulated_params ();
  g_autoptr (GError) error = NULL;

  g_assert_false (
      run (session, NUCSEG_FORMAT_GRAY8, number, &params, result, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  g_test_message ("%s", error->message);
  if (!g_pattern_match_simple (LOST, error->message))
    g_error ("found \"%s\", expected \"%s\"", error->message, LOST);
}

/* As a program that is started again finds it. */
static void
give_back (void)
{
  device->lost = 0;
  device->lost_in = 0;
}

/* At the launch of a frame and at the wait for it; other sessions are told too,
 * those that had been running and those that are about to. */
static void
test_alone (void)
{
  for (guint call = 1; call <= 2; call++) {
    Stream *streams = start_streams (2, 1, 0);
    NucsegSession *late = emulated_session_new (1, 0);

    streams[0].n_frames = 3;
    run_streams (streams, 1);
    device->lost_in = call;
    assert_lost (streams[0].session, 3);
    g_assert_cmpint (device->lost, !=, 0);
    assert_lost (streams[0].session, 4);
    assert_lost (streams[1].session, 0);
    assert_lost (late, 0);
    nucseg_session_free (late);
    g_clear_pointer (&streams[1].session, nucseg_session_free);
    give_back ();
    /* what came out before */
    assert_like_alone (&streams[0]);
    end_streams (streams, 2);
    g_assert_cmpint (device->live_cudnn, ==, 0);
  }
}

static gpointer
lost_thread (gpointer data)
{
  const Stream *stream = data;

  for (guint i = 0; i < 2; i++)
    assert_lost (stream->session, i);
  return NULL;
}

/* In one batch: all whose frames were in it, and those that come later. */
static void
test_gathered (void)
{
  Stream *streams = start_streams (3, 3, LONG_DEADLINE);
  GThread *threads[3];

  run_streams (streams, 3);
  device->lost_in = 2;
  for (guint i = 0; i < 3; i++)
    threads[i] = g_thread_new ("stream", lost_thread, &streams[i]);
  for (guint i = 0; i < 3; i++)
    g_thread_join (threads[i]);
  give_back ();
  for (guint i = 0; i < 3; i++)
    assert_like_alone (&streams[i]);
  end_streams (streams, 3);
  g_assert_cmpint (device->live_cudnn, ==, 0);
}

/* Before a session's first frame, at whatever it is: an error, and no more. */
static void
test_start (void)
{
  gboolean lost = TRUE;
  guint n_calls = 0;

  for (guint call = 1; lost; call += 3) {
    NucsegSession *session = emulated_session_new (1, 0);
    g_autofree Result *result = g_new (Result, 1);
    const NucsegParams params = emulated_params ();
    g_autoptr (GError) error = NULL;
    gboolean ok;

    device->lost_in = call;
    ok = run (session, NUCSEG_FORMAT_GRAY8, 0, &params, result, &error);
    lost = device->lost != 0;
    g_assert_true (ok != lost);
    if (lost)
      g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
    give_back ();
    nucseg_session_free (session);
    g_assert_cmpuint (device->live, ==, 0);
    g_assert_cmpint (device->live_cudnn, ==, 0);
    n_calls = call;
  }
  g_assert_cmpuint (n_calls, >, 50);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  device = emulated_open_log (argv[1]);
  g_test_add_func ("/lost/alone", test_alone);
  g_test_add_func ("/lost/gathered", test_gathered);
  g_test_add_func ("/lost/start", test_start);
  return g_test_run ();
}
