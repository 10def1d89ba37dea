/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-shared.c: blocks that several plans share: filled once, freed by the
 * last, apart for each context, from many threads. A device in host memory
 * stands for the GPU.
 */
#include "cuda/shared.h"

#include <string.h>

#define N_THREADS 4
#define N_KEYS 3

struct _NucsegCudaDevice {
  gconstpointer context;
  gboolean fails; /* to copy */
};

static gint n_allocated, n_freed, n_filled; /* atomic */
static const gint contexts[2]; /* their addresses count */

/* --- The device ------------------------------------------------------------
 */

gconstpointer
nucseg_cuda_device_get_context (const NucsegCudaDevice *device)
{
  return device->context;
}

gpointer
nucseg_cuda_alloc (
    NucsegCudaDevice *device, gsize size, const gchar *what, GError **error)
{
  if (size > 1000000) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "%s: the GPU is out of memory", what);
    return NULL;
  }
  g_atomic_int_inc (&n_allocated);
  return g_malloc0 (size);
}

void
nucseg_cuda_free (NucsegCudaDevice *device, gpointer memory)
{
  g_atomic_int_inc (&n_freed);
  g_free (memory);
}

gboolean
nucseg_cuda_upload (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  if (device->fails) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE, "no copy");
    return FALSE;
  }
  memcpy (to, from, size);
  return TRUE;
}

gboolean
nucseg_cuda_wait (NucsegCudaDevice *device, GError **error)
{
  return TRUE;
}

/* --- Tests -----------------------------------------------------------------
 */

static void
fill (gpointer bytes, gconstpointer data)
{
  g_atomic_int_inc (&n_filled);
  memcpy (bytes, data, strlen (data));
}

static void
start (void)
{
  n_allocated = n_freed = n_filled = 0;
}

static NucsegShared *
take (NucsegCudaDevice *device, const gchar *key)
{
  g_autoptr (GError) error = NULL;
  NucsegShared *shared =
      nucseg_shared_take (device, key, 16, fill, key, "a test", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (nucseg_shared_get_address (shared), ==, key);
  return shared;
}

static void
test_counts (void)
{
  NucsegCudaDevice one = { &contexts[0] }, same = { &contexts[0] };
  NucsegCudaDevice other = { &contexts[1] };
  NucsegShared *a, *b, *c, *d;

  start ();
  a = take (&one, "a");
  b = take (&same, "a");
  g_assert_true (
      nucseg_shared_get_address (a) == nucseg_shared_get_address (b));
  c = take (&one, "b");
  d = take (&other, "a");
  g_assert_true (
      nucseg_shared_get_address (a) != nucseg_shared_get_address (d));
  g_assert_cmpint (n_filled, ==, 3);
  nucseg_shared_release (a, &one);
  g_assert_cmpint (n_freed, ==, 0);
  g_assert_cmpstr (nucseg_shared_get_address (b), ==, "a");
  nucseg_shared_release (b, &same);
  g_assert_cmpint (n_freed, ==, 1);
  /* what was freed is made again */
  a = take (&one, "a");
  g_assert_cmpint (n_filled, ==, 4);
  nucseg_shared_release (a, &one);
  nucseg_shared_release (c, &one);
  nucseg_shared_release (d, &other);
  g_assert_cmpint (n_allocated, ==, 4);
  g_assert_cmpint (n_freed, ==, 4);
}

static void
test_errors (void)
{
  NucsegCudaDevice device = { &contexts[0] };
  g_autoptr (GError) error = NULL;

  start ();
  g_assert_null (
      nucseg_shared_take (&device, "a", 2000000, fill, "a", "a test", &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
  g_clear_error (&error);
  device.fails = TRUE;
  g_assert_null (
      nucseg_shared_take (&device, "a", 16, fill, "a", "a test", &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
  /* the next who asks gets one that works */
  device.fails = FALSE;
  nucseg_shared_release (take (&device, "a"), &device);
  g_assert_cmpint (n_allocated, ==, n_freed);
}

/* A context that is gone takes its memory along, and a new one at the same
 * address must not find it. */
static void
test_lost_context (void)
{
  NucsegCudaDevice device = { &contexts[0] };
  NucsegShared *old, *also, *new;
  gpointer lost;

  start ();
  old = take (&device, "a");
  also = take (&device, "a");
  lost = nucseg_shared_get_address (old);
  nucseg_shared_release (old, NULL);
  new = take (&device, "a");
  g_assert_true (nucseg_shared_get_address (new) != lost);
  nucseg_shared_release (also, NULL);
  g_assert_cmpint (n_freed, ==, 0);
  /* still found */
  also = take (&device, "a");
  g_assert_true (
      nucseg_shared_get_address (also) == nucseg_shared_get_address (new));
  nucseg_shared_release (also, &device);
  nucseg_shared_release (new, &device);
  g_assert_cmpint (n_allocated, ==, 2);
  g_assert_cmpint (n_freed, ==, 1);
  g_free (lost); /* as the context would */
}

static gpointer
take_and_release (gpointer data)
{
  static const gchar *const keys[N_KEYS] = { "x", "yy", "zzz" };
  NucsegCudaDevice device = { &contexts[0] };

  for (guint i = 0; i < 2000; i++) {
    NucsegShared *first = take (&device, keys[i % N_KEYS]);
    NucsegShared *second = take (&device, keys[(i + 1) % N_KEYS]);

    nucseg_shared_release (first, &device);
    g_assert_cmpstr (
        nucseg_shared_get_address (second), ==, keys[(i + 1) % N_KEYS]);
    nucseg_shared_release (second, &device);
  }
  return NULL;
}

static void
test_threads (void)
{
  NucsegCudaDevice device = { &contexts[0] };
  NucsegShared *kept;
  GThread *threads[N_THREADS];

  start ();
  kept = take (&device, "x");
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("take", take_and_release, NULL);
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (n_freed, ==, n_allocated - 1);
  nucseg_shared_release (kept, &device);
  g_assert_cmpint (n_freed, ==, n_allocated);
  g_assert_cmpint (n_filled, ==, n_allocated);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shared/counts", test_counts);
  g_test_add_func ("/shared/errors", test_errors);
  g_test_add_func ("/shared/lost-context", test_lost_context);
  g_test_add_func ("/shared/threads", test_threads);
  return g_test_run ();
}
