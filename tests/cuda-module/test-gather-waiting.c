/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-gather-waiting.c: whose frames a batch of several sessions waits for,
 * and how long: for those that may go along, never beyond the deadline, and not
 * for streams that pause or end. The GPU is the one that the emulation stands
 * for.
 *
 *   test-gather-waiting MODULE
 */
#include "gather-streams.h"

#include <dlfcn.h>
#include <gmodule.h>

#define MIDDLE_DEADLINE 400000
/* Batches without a frame of a session until it isn't waited for, as
 * docs/architecture.md says. */
#define PATIENCE 8
/* A busy machine may bring frames too late for each other, but not always. */
#define TRIES 20

/* In GLib's place, also for the module: a clock would say whether a frame has
 * waited for its deadline only where nothing else keeps the machine busy. */
G_MODULE_EXPORT gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  static gboolean (*wait_until) (GCond *, GMutex *, gint64);
  static gsize once = 0;
  gboolean signalled;

  if (g_once_init_enter (&once)) {
    wait_until = (gboolean (*) (GCond *, GMutex *, gint64)) dlsym (
        RTLD_NEXT, "g_cond_wait_until");
    g_once_init_leave (&once, 1);
  }
  signalled = wait_until (cond, mutex, end_time);
  expired_waits += !signalled;
  return signalled;
}

/* Runs the first @n streams until @n_expired of their last frames have waited
 * for their deadline. */
static gboolean
run_until (Stream *streams, guint n, guint n_expired)
{
  guint found = G_MAXUINT;

  for (guint k = 0; k < TRIES && found != n_expired; k++) {
    run_streams (streams, n);
    found = 0;
    for (guint i = 0; i < n; i++)
      found += streams[i].n_expired;
  }
  return found == n_expired;
}

/* More streams than a batch has places: who fills it waits for no others. */
static void
test_more_streams (void)
{
  Stream *streams = start_streams (3, 2, LONG_DEADLINE);

  streams[0].n_frames = streams[1].n_frames = 1;
  g_assert_true (run_until (streams, 2, 0));
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (streams[i].results[0].batch, ==, 2);
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
  g_assert_cmpuint (streams[0].n_expired, ==, 1);
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
    g_assert_cmpuint (streams[0].n_expired, ==, 1);
  }
  run_streams (streams, 1);
  g_assert_cmpuint (streams[0].n_expired, ==, 0);
  g_assert_cmpuint (streams[0].results[0].batch, ==, 1);
  assert_like_alone (&streams[0]);

  streams[0].n_frames = N_FRAMES;
  for (guint k = 0; k < TRIES && most < 2; k++) {
    run_streams (streams, 2);
    for (guint i = 0; i < 2 * N_FRAMES; i++)
      most = MAX (most, streams[i / N_FRAMES].results[i % N_FRAMES].batch);
  }
  assert_like_alone (&streams[0]);
  assert_like_alone (&streams[1]);
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
  /* the second one waits, for the first one's next frame */
  g_assert_true (run_until (streams, 2, 1));
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
  gboolean waited = TRUE;

  for (guint k = 0; k < TRIES && waited; k++) {
    Stream *streams = start_streams (2, 2, LONG_DEADLINE);
    GThread *leaver = g_thread_new (
        "leaver", free_later, g_steal_pointer (&streams[1].session));

    streams[0].n_frames = 1;
    run_streams (streams, 1);
    g_thread_join (leaver);
    waited = streams[0].n_expired > 0;
    assert_like_alone (&streams[0]);
    end_streams (streams, 2);
  }
  g_assert_false (waited);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  device = emulated_open_log (argv[1]);
  g_test_add_func ("/gather/more-streams", test_more_streams);
  g_test_add_func ("/gather/deadline", test_deadline);
  g_test_add_func ("/gather/pause", test_pause);
  g_test_add_func ("/gather/other-format", test_other_format);
  g_test_add_func ("/gather/leaving", test_leaving);
  return g_test_run ();
}
