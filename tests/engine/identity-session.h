/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * identity-session.h: a session for tests of frames, whose labels are known
 * without running it.
 */
#ifndef NUCSEG_TESTS_IDENTITY_SESSION_H
#define NUCSEG_TESTS_IDENTITY_SESSION_H

#include "modelbuilder.h"
#include "nucseg.h"

/* On the reference back end; pixels brighter than the middle are nuclei. */
static inline NucsegSession *
new_session (void)
{
  const NucsegSessionOptions options = { .backend = "reference" };
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "identity", &error);

  g_assert_no_error (error);
  NucsegSession *session = nucseg_session_new (model, &options, &error);
  g_assert_no_error (error);
  return session;
}

#endif /* NUCSEG_TESTS_IDENTITY_SESSION_H */
