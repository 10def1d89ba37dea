/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-fork.c: a process that was forked from one that has run frames with
 * several threads is told so, instead of waiting for threads that it lacks.
 */
#include "modelbuilder.h"
#include "nucseg.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIDE 64

static gboolean
run (NucsegSession *session, GError **error)
{
  static guint8 pixels[SIDE * SIDE];
  static guint16 labels[SIDE * SIDE];
  const NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = SIDE,
    .height = SIDE,
    .data = { pixels },
    .stride = { SIDE } };
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result;

  return nucseg_session_run (session, &frame, &params, labels,
      SIDE * sizeof (guint16), NULL, &result, error);
}

static NucsegSession *
new_session (NucsegModel *model, guint threads)
{
  const NucsegSessionOptions options = { .backend = "onednn",
    .threads = threads };

  return nucseg_session_new (model, &options, NULL);
}

/* Is told of the fork at a session from before and at one of its own; with one
 * thread all is well. 0, or what was wrong. */
static int
work_in_child (NucsegModel *model, NucsegSession *session)
{
  g_autoptr (GError) old = NULL, new = NULL;

  if (run (session, &old) || !strstr (old->message, "forked"))
    return 1;
  if (run (new_session (model, 2), &new) || !strstr (new->message, "forked"))
    return 2;
  return run (new_session (model, 1), NULL) ? 0 : 3;
}

static void
test_fork (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "identity", &error);
  g_autoptr (NucsegSession) session = NULL;
  int status;
  pid_t child;

  g_assert_no_error (error);
  if (!nucseg_backend_probe ("onednn", &error)) {
    g_test_skip (error->message);
    return;
  }
  session = new_session (model, 2);
  g_assert_nonnull (session);
  g_assert_true (run (session, &error));
  g_assert_no_error (error);
  child = fork ();
  if (child == 0) {
    alarm (60);
    _exit (work_in_child (model, session));
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  /* the parent goes on */
  g_assert_true (run (session, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fork/told", test_fork);
  return g_test_run ();
}
