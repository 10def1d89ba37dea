/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * allocations.c: a test: from the second frame on nothing of ours allocates.
 * The program's own malloc() takes the place of the C library's and counts, by
 * the place that calls it. What a library that we use takes and gives back
 * inside one call (oneDNN's C++ makes a little map of arguments for every
 * primitive it executes) is printed; what remains after the frames must be
 * nothing at all. Of an emulated GPU what is done between a launch and its end
 * doesn't count, nor what is left of it: that is the GPU's, on which the host
 * doesn't go through the steps again. Frames of system memory, page-locked or
 * not, and of batches are run there.
 *
 * Arguments: back ends. One that can't start here is passed over; with none
 * left the test is skipped.
 */
#define _GNU_SOURCE
#include "bench/frames.h"
#include "tests/cuda-module/emulated-device.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_FRAMES 20
#define N_EMULATED 4 /* frames: they take their time */
#define N_CALLERS 256 /* places that call malloc() while it is counted */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)                       \
    && !defined(__SANITIZE_THREAD__)
#define CAN_COUNT 1
#else
#define CAN_COUNT                                                              \
  0 /* a sanitizer, or a C library, has a malloc() of its own                  \
     */
#endif

#if CAN_COUNT

typedef struct {
  void *address;
  gint n;
} Caller;

static Caller callers[N_CALLERS];
static gint counting;
static const EmulatedLog *device; /* where the GPU is emulated */

/* May run in any thread, and must not allocate. */
static void
count (void *address)
{
  if (!__atomic_load_n (&counting, __ATOMIC_RELAXED)
      || (device && __atomic_load_n (&device->n_at_work, __ATOMIC_RELAXED)))
    return;
  for (gint i = 0; i < N_CALLERS; i++) {
    void *none = NULL;

    if (__atomic_compare_exchange_n (&callers[i].address, &none, address, FALSE,
            __ATOMIC_RELAXED, __ATOMIC_RELAXED)
        || none == address) {
      __atomic_add_fetch (&callers[i].n, 1, __ATOMIC_RELAXED);
      return;
    }
  }
}

/* What the C library's functions of these names would do. */
void *__libc_malloc (size_t size);
void *__libc_calloc (size_t n, size_t size);
void *__libc_realloc (void *memory, size_t size);
void *__libc_memalign (size_t alignment, size_t size);

NUCSEG_API void *
malloc (size_t size)
{
  count (__builtin_return_address (0));
  return __libc_malloc (size);
}

NUCSEG_API void *
calloc (size_t n, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_calloc (n, size);
}

NUCSEG_API void *
realloc (void *memory, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_realloc (memory, size);
}

NUCSEG_API void *
memalign (size_t alignment, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_memalign (alignment, size);
}

NUCSEG_API void *
aligned_alloc (size_t alignment, size_t size)
{
  count (__builtin_return_address (0));
  return __libc_memalign (alignment, size);
}

NUCSEG_API int
posix_memalign (void **memory, size_t alignment, size_t size)
{
  count (__builtin_return_address (0));
  *memory = __libc_memalign (alignment, size);
  return *memory ? 0 : ENOMEM;
}

/* Libraries below ours, whose code isn't for us to change. */
static gboolean
is_foreign (const gchar *file)
{
  gchar *name = g_path_get_basename (file);
  const gboolean foreign = g_str_has_prefix (name, "libdnnl")
      || g_str_has_prefix (name, "libstdc++")
      || g_str_has_prefix (name, "libgomp");

  g_free (name);
  return foreign;
}

/* The log of a back end whose module is an emulation's; NULL of others. */
static const EmulatedLog *
find_device (const gchar *backend)
{
  gchar *name = g_strdup_printf ("libnucseg-%s.so", backend);
  gchar *path = g_build_filename (g_getenv ("NUCSEG_MODULE_PATH"), name, NULL);
  void *module = dlopen (path, RTLD_LAZY | RTLD_NOLOAD);
  EmulatedGetLog get =
      module ? (EmulatedGetLog) dlsym (module, EMULATED_LOG_SYMBOL) : NULL;

  g_free (name);
  g_free (path);
  return get ? get () : NULL;
}

/* Prints who called; returns how many calls were ours. */
static gint
report (const gchar *what, gint n_frames)
{
  gint n_ours = 0, n_foreign = 0;

  for (gint i = 0; i < N_CALLERS && callers[i].address; i++) {
    Dl_info info = { 0 };

    if (!dladdr (callers[i].address, &info) || !info.dli_fname)
      info.dli_fname = "?";
    if (is_foreign (info.dli_fname)) {
      n_foreign += callers[i].n;
      continue;
    }
    n_ours += callers[i].n;
    printf ("# %s: %d calls from %s, near %s\n", what, callers[i].n,
        info.dli_fname, info.dli_sname ? info.dli_sname : "?");
  }
  printf ("# %s: %d frames: %d allocations of ours, %d inside libraries\n",
      what, n_frames, n_ours, n_foreign);
  memset (callers, 0, sizeof callers);
  return n_ours;
}

typedef struct {
  NucsegSession *session;
  NucsegParams params;
  gint size;
  guint8 *pixels;
  guint8 *picture; /* RGBx */
  guint16 *labels;
} Test;

static gboolean
run_frames (Test *t, gint n, GError **error)
{
  for (gint i = 0; i < n; i++) {
    NucsegFrame frame = bench_frame_grey (t->pixels, t->size);
    NucsegFrame shown = { NUCSEG_FORMAT_RGBX, NUCSEG_MEMORY_SYSTEM, t->size,
      t->size, { t->picture }, { 4 * t->size } };
    NucsegResult result;

    if (!nucseg_session_run (t->session, &frame, &t->params, t->labels,
            2 * t->size, &shown, &result, error))
      return FALSE;
    if (result.n_objects == 0)
      printf ("# a frame without objects\n");
  }
  return TRUE;
}

/* FALSE where the frames allocate, or can't be run. */
static gboolean
check (NucsegModel *model, const gchar *backend, NucsegPrecision precision,
    gint size, gdouble scale, guint batch, gboolean pinned)
{
  const gint n_frames = device ? N_EMULATED : N_FRAMES;
  NucsegSessionOptions options = { backend, precision, 2, 1, batch, 0 };
  NucsegPinned *memory = NULL;
  Test t = { NULL, NUCSEG_PARAMS_INIT, size };
  GError *error = NULL;
  gchar *what = g_strdup_printf ("%s %s %dx%d at scale %g", backend,
      nucseg_precision_name (precision), size, size, scale);
  gsize before = 0, after = 1;
  gint n_ours = 1;

  t.params.scale = scale;
  t.params.overlay = NUCSEG_OVERLAY_BOTH;
  t.params.draw_count = TRUE;
  if (pinned)
    memory = nucseg_pinned_new (backend, (gsize) size * size, NULL);
  t.pixels =
      memory ? nucseg_pinned_get_data (memory) : g_malloc ((gsize) size * size);
  t.picture = g_malloc ((gsize) size * size * 4);
  t.labels = g_new (guint16, (gsize) size * size);
  bench_frame_fill (t.pixels, size, 0);
  t.session = nucseg_session_new (model, &options, &error);
  if (t.session && run_frames (&t, 1, &error)) {
    before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
    __atomic_store_n (&counting, 1, __ATOMIC_RELAXED);
    if (run_frames (&t, n_frames, &error)) {
      __atomic_store_n (&counting, 0, __ATOMIC_RELAXED);
      after = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
      n_ours = report (what, n_frames);
    }
    __atomic_store_n (&counting, 0, __ATOMIC_RELAXED);
  }
  if (error)
    printf ("# %s: %s\n", what, error->message);
  else if (after > before)
    printf ("# %s: %" G_GSIZE_FORMAT " bytes more are in use after %d frames\n",
        what, after - before, n_frames);
  g_clear_error (&error);
  g_clear_pointer (&t.session, nucseg_session_free);
  if (memory)
    nucseg_pinned_free (memory);
  else
    g_free (t.pixels);
  g_free (t.picture);
  g_free (t.labels);
  g_free (what);
  return n_ours == 0 && (device || after <= before);
}

int
main (int argc, char **argv)
{
  static const NucsegPrecision precisions[] = { NUCSEG_PRECISION_F32,
    NUCSEG_PRECISION_AUTO };
  GError *error = NULL;
  NucsegModel *model = nucseg_model_load ("nuclei-live", &error);
  gint n = 0, n_failed = 0;

  if (!model) {
    printf ("Bail out! %s\n", error->message);
    return 1;
  }
  for (gint i = 1; i < argc; i++) {
    const gint size = g_str_equal (argv[i], "reference") ? 32
        : g_str_equal (argv[i], "onednn")                ? 256
                                                         : 64;

    if (!nucseg_backend_probe (argv[i], NULL))
      continue;
    device = find_device (argv[i]);
    for (guint p = 0; p < G_N_ELEMENTS (precisions); p++) {
      for (gint scaled = 0; scaled < 2; scaled++) {
        /* of a GPU's frames some are page-locked, and some of a batch */
        const gboolean ok = check (model, argv[i], precisions[p], size,
            scaled ? 0.75 : 1.0, device && p == 1 ? 2 : 1, device && scaled);

        printf ("%s %d %s %s, scale %s\n", ok ? "ok" : "not ok", ++n, argv[i],
            nucseg_precision_name (precisions[p]), scaled ? "0.75" : "1");
        n_failed += !ok;
      }
    }
  }
  nucseg_model_unref (model);
  printf (
      n > 0 ? "1..%d\n" : "1..%d # SKIP none of these back ends is here\n", n);
  return n_failed > 0;
}

#else

int
main (void)
{
  printf ("1..0 # SKIP malloc() can't be counted in this build\n");
  return 0;
}

#endif
