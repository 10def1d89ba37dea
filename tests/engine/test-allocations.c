/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-allocations.c: from its second frame on, a session of the reference back
 * end allocates nothing.
 */
#include "backend.h"
#include "modelbuilder.h"

#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define COUNTS_ALLOCATIONS 0
#else
#define COUNTS_ALLOCATIONS 1

/* These stand before the C library's for the whole process. */
static gint n_allocations;

extern void *__libc_malloc (size_t);
extern void *__libc_calloc (size_t, size_t);
extern void *__libc_realloc (void *, size_t);

NUCSEG_API void *
malloc (size_t size)
{
  g_atomic_int_inc (&n_allocations);
  return __libc_malloc (size);
}

NUCSEG_API void *
calloc (size_t n, size_t size)
{
  g_atomic_int_inc (&n_allocations);
  return __libc_calloc (n, size);
}

NUCSEG_API void *
realloc (void *old, size_t size)
{
  g_atomic_int_inc (&n_allocations);
  return __libc_realloc (old, size);
}
#endif

static void
test_allocations (void)
{
#if COUNTS_ALLOCATIONS
  enum { W = 97, H = 64 };
  g_autofree guint8 *pixels = g_malloc (W * H);
  g_autofree guint16 *labels = g_new (guint16, W * H);
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = W,
    .height = H,
    .data = { pixels },
    .stride = { W } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "identity", NULL);
  const NucsegSessionOptions options = { .backend = "reference" };
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegSession) session =
      nucseg_session_new (model, &options, &error);
  NucsegRandom random = { 3 };
  NucsegResult result;

  g_assert_no_error (error);
  params.overlay = NUCSEG_OVERLAY_BOTH;
  params.draw_count = TRUE;
  for (guint i = 0; i < 6; i++) {
    for (guint k = 0; k < W * H; k++)
      pixels[k] = (guint8) nucseg_random_below (&random, 256);
    gint before = g_atomic_int_get (&n_allocations);
    gboolean ok = nucseg_session_run (
        session, &frame, &params, labels, W * 2, &frame, &result, NULL);
    gint after = g_atomic_int_get (&n_allocations);
    g_assert_true (ok);
    if (i == 0)
      g_assert_cmpint (after, >, before); /* the count counts */
    else
      g_assert_cmpint (after, ==, before);
  }
#else
  g_test_skip ("a sanitizer's own allocator is in use");
#endif
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/allocations/second-frame", test_allocations);
  return g_test_run ();
}
