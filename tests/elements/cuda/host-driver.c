/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host-driver.c: a libcuda.so.1 whose GPU is host memory, with the functions
 * that GStreamer's CUDA library asks for: contexts, memory, copies. It is
 * stricter than a GPU: memory belongs to the context that it was made in, and
 * what is done to it outside of that ends the test; so does a context that is
 * popped by who didn't push it. What it refuses is in host-driver-refused.c.
 *
 * NUCSEG_HOST_DRIVER=no-device: it sees no GPU.
 */
#include "host-driver-private.h"
#include "host-driver.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define MOST_NESTED 16

/* A driver's pointers are integers. */
typedef unsigned long long Address;

typedef struct {
  guint n_blocks; /* of memory */
} HostContext;

static GMutex lock;
static GHashTable *owners; /* block -> its context */
static HostDriverLog log_of_calls;
static HostContext *primary; /* alive while anybody holds it */
static __thread HostContext *stack[MOST_NESTED];
static __thread guint depth;

API HostDriverLog *
host_driver_get_log (void)
{
  return &log_of_calls;
}

static HostContext *
current (void)
{
  return depth > 0 ? stack[depth - 1] : NULL;
}

/* --- Start ---------------------------------------------------------------- */

API int
cuInit (unsigned flags)
{
  return g_strcmp0 (getenv ("NUCSEG_HOST_DRIVER"), "no-device") == 0 ? NO_DEVICE
                                                                     : OK;
}

API int
cuDriverGetVersion (int *version)
{
  *version = 13000;
  return OK;
}

API int
cuDeviceGetCount (int *count)
{
  *count = cuInit (0) == OK;
  return OK;
}

API int
cuDeviceGet (int *device, int ordinal)
{
  *device = 0;
  return ordinal == 0 ? OK : INVALID;
}

API int
cuDeviceGetName (char *name, int size, int device)
{
  g_strlcpy (name, "Host memory", (gsize) size);
  return OK;
}

API int
cuDeviceGetAttribute (int *value, int attribute, int device)
{
  const int major = 75, minor = 76, texture_alignment = 14;

  *value = attribute == major          ? 9
      : attribute == minor             ? 0
      : attribute == texture_alignment ? 512
                                       : 1;
  return OK;
}

API int
cuGetErrorName (int error, const char **name)
{
  *name = error == NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR";
  return OK;
}

API int
cuGetErrorString (int error, const char **text)
{
  return cuGetErrorName (error, text);
}

/* --- Contexts ------------------------------------------------------------- */

API int
cuCtxPushCurrent_v2 (HostContext *context)
{
  g_assert (context && depth < MOST_NESTED);
  stack[depth++] = context;
  return OK;
}

API int
cuCtxPopCurrent_v2 (HostContext **context)
{
  g_assert (depth > 0);
  depth--;
  if (context)
    *context = stack[depth];
  return OK;
}

API int
cuCtxGetCurrent (HostContext **context)
{
  *context = current ();
  return OK;
}

/* Leaves it current, as CUDA does. */
API int
cuCtxCreate_v2 (HostContext **context, unsigned flags, int device)
{
  *context = g_new0 (HostContext, 1);
  g_atomic_int_inc (&log_of_calls.n_contexts);
  return cuCtxPushCurrent_v2 (*context);
}

API int
cuCtxDestroy_v2 (HostContext *context)
{
  g_assert_true (context != primary);
  g_assert_cmpuint (context->n_blocks, ==, 0);
  if (current () == context)
    depth--;
  g_atomic_int_add (&log_of_calls.n_contexts, -1);
  g_free (context);
  return OK;
}

API int
cuDevicePrimaryCtxRetain (HostContext **context, int device)
{
  g_mutex_lock (&lock);
  if (log_of_calls.n_primary++ == 0) {
    primary = g_new0 (HostContext, 1);
    g_atomic_int_inc (&log_of_calls.n_contexts);
  }
  *context = primary;
  g_mutex_unlock (&lock);
  return OK;
}

API int
cuDevicePrimaryCtxRelease_v2 (int device)
{
  g_mutex_lock (&lock);
  g_assert_cmpint (log_of_calls.n_primary, >, 0);
  if (--log_of_calls.n_primary == 0) {
    g_assert_cmpuint (primary->n_blocks, ==, 0);
    g_assert_true (current () != primary);
    g_atomic_int_add (&log_of_calls.n_contexts, -1);
    g_clear_pointer (&primary, g_free);
  }
  g_mutex_unlock (&lock);
  return OK;
}

/* --- Memory --------------------------------------------------------------- */

/* Asserts that @address, anywhere in a block, may be used here and now. */
static void
check (const void *address)
{
  GHashTableIter iter;
  gpointer block, context;
  gboolean found = FALSE;

  g_mutex_lock (&lock);
  g_hash_table_iter_init (&iter, owners);
  while (!found && g_hash_table_iter_next (&iter, &block, &context)) {
    const gsize size = *(gsize *) block;

    found = (const guint8 *) address >= (guint8 *) block + 512
        && (const guint8 *) address < (guint8 *) block + 512 + size;
  }
  g_mutex_unlock (&lock);
  g_assert (found);
  g_assert (context == current ());
}

API int
cuMemAlloc_v2 (Address *address, size_t size)
{
  guint8 *block = g_aligned_alloc0 (1, 512 + (size + 511) / 512 * 512, 512);
  HostContext *context = current ();

  g_assert_nonnull (context);
  *(gsize *) block = size;
  g_mutex_lock (&lock);
  if (!owners)
    owners = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (owners, block, context);
  context->n_blocks++;
  log_of_calls.n_blocks++;
  g_mutex_unlock (&lock);
  *address = (Address) (gsize) (block + 512);
  return OK;
}

API int
cuMemAllocPitch_v2 (Address *address, size_t *pitch, size_t width,
    size_t height, unsigned element)
{
  *pitch = (width + 511) / 512 * 512;
  return cuMemAlloc_v2 (address, *pitch * height);
}

API int
cuMemFree_v2 (Address address)
{
  guint8 *block = (guint8 *) (gsize) address - 512;
  HostContext *context;

  check ((void *) (gsize) address);
  g_mutex_lock (&lock);
  context = g_hash_table_lookup (owners, block);
  context->n_blocks--;
  log_of_calls.n_blocks--;
  g_hash_table_remove (owners, block);
  if (g_hash_table_size (owners) == 0)
    g_clear_pointer (&owners, g_hash_table_unref);
  g_mutex_unlock (&lock);
  g_aligned_free (block);
  return OK;
}

API int
cuMemAllocHost_v2 (void **memory, size_t size)
{
  g_assert_nonnull (current ());
  *memory = g_malloc0 (size);
  return OK;
}

API int
cuMemFreeHost (void *memory)
{
  g_free (memory);
  return OK;
}

/* CUDA_MEMCPY2D of cuda.h */
typedef struct {
  size_t src_x, src_y;
  unsigned src_type;
  const void *src_host;
  Address src_device;
  void *src_array;
  size_t src_pitch;
  size_t dst_x, dst_y;
  unsigned dst_type;
  void *dst_host;
  Address dst_device;
  void *dst_array;
  size_t dst_pitch;
  size_t width, height;
} Copy;

API int
cuMemcpy2D_v2 (const Copy *copy)
{
  const unsigned host = 1, device = 2; /* CUmemorytype */
  const guint8 *from = copy->src_type == host
      ? copy->src_host
      : (const void *) (gsize) copy->src_device;
  guint8 *to = copy->dst_type == host ? copy->dst_host
                                      : (void *) (gsize) copy->dst_device;

  g_assert_nonnull (current ());
  if (copy->src_type == device) {
    check (from);
    g_atomic_int_inc (&log_of_calls.n_downloads);
  }
  if (copy->dst_type == device) {
    check (to);
    g_atomic_int_inc (&log_of_calls.n_uploads);
  }
  from += copy->src_y * copy->src_pitch + copy->src_x;
  to += copy->dst_y * copy->dst_pitch + copy->dst_x;
  for (size_t y = 0; y < copy->height; y++)
    memcpy (to + y * copy->dst_pitch, from + y * copy->src_pitch, copy->width);
  return OK;
}

API int
cuMemcpy2DAsync_v2 (const Copy *copy, void *stream)
{
  return cuMemcpy2D_v2 (copy);
}

/* --- What does nothing here ----------------------------------------------- */

API int
cuStreamCreate (void **stream, unsigned flags)
{
  *stream = NULL;
  return OK;
}

API int
cuEventCreate (void **event, unsigned flags)
{
  *event = NULL;
  return OK;
}

#define QUIET(name)                                                            \
  API int name (void)                                                          \
  {                                                                            \
    return OK;                                                                 \
  }

/* What is done is done: nothing to wait for. */
QUIET (cuCtxSetLimit)
QUIET (cuCtxSynchronize)
QUIET (cuEventDestroy_v2)
QUIET (cuEventRecord)
QUIET (cuEventSynchronize)
QUIET (cuStreamDestroy)
QUIET (cuStreamDestroy_v2)

API int
cuStreamSynchronize (void *stream)
{
  if (!stream)
    g_atomic_int_inc (&log_of_calls.n_default_waits);
  return OK;
}
