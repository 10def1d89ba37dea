/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu-or-emulated.h: for the tests of what a back end does, which run on a GPU
 * too ("cuda" in place of the module's file; bench/gpu/pack takes them along).
 * Nothing is counted there.
 */
#ifndef NUCSEG_TESTS_GPU_OR_EMULATED_H
#define NUCSEG_TESTS_GPU_OR_EMULATED_H

#include "emulated-log.h"
#include "emulated-session.h"
#include "engine/backend.h"

#include <stdlib.h>
#include <string.h>

static gboolean on_gpu;

/* Of the module in file @module, or one in which nothing is ever counted. Ends
 * the program where there is no GPU: as skipped, or as failed where
 * NUCSEG_REQUIRE names cuda. */
static inline EmulatedLog *
open_device (const gchar *module)
{
  static EmulatedLog uncounted;
  const gchar *required = g_getenv ("NUCSEG_REQUIRE");
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (module, "cuda"))
    return emulated_open_log (module);
  on_gpu = TRUE;
  emulated_backend = "cuda";
  if (nucseg_backend_find ("cuda", &error))
    return &uncounted;
  if (required && strstr (required, "cuda")) {
    g_printerr ("no GPU to test with: %s\n", error->message);
    exit (1);
  }
  g_print ("1..0 # SKIP no GPU to test with: %s\n", error->message);
  exit (77);
}

/* For what only the emulation counts. */
#define assert_count(a, cmp, b)                                                \
  G_STMT_START                                                                 \
  {                                                                            \
    if (!on_gpu)                                                               \
      g_assert_cmpint (a, cmp, b);                                             \
  }                                                                            \
  G_STMT_END

#endif /* NUCSEG_TESTS_GPU_OR_EMULATED_H */
