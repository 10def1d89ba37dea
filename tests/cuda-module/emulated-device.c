/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-device.c: cuda/device.h over host memory, for the emulation of the
 * kernels in tests/cuda: all of the back end but the driver, cuDNN's engines
 * (emulated-cudnn.c) and CUDA's graphs (emulated-graph.c) runs on a machine
 * without a GPU.
 *
 * Where a driver is loaded (tests/elements/cuda has one whose GPU is host
 * memory too), its contexts count as they do on a GPU; else there is one.
 */
#define _GNU_SOURCE /* RTLD_NOLOAD */
#include "emulated-device.h"

#include "cuda/device.h"
#include "cuda/graph.h"

#include <dlfcn.h>
#include <string.h>

#define ALIGNMENT 256

struct _NucsegCudaDevice {
  gint entered; /* by any thread */
  void *context; /* of the driver, NULL: none was current */
};

/* The driver's function of this name, returning 0 for success. */
static int
call_driver (const gchar *name, void *argument)
{
  void *driver = dlopen ("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  int (*function) (void *) = NULL;
  void *symbol = driver ? dlsym (driver, name) : NULL;
  int status = -1;

  memcpy (&function, &symbol, sizeof symbol);
  if (function)
    status = function (argument);
  if (driver)
    dlclose (driver);
  return status;
}

static void *
get_current (void)
{
  void *context = NULL;

  return call_driver ("cuCtxGetCurrent", &context) == 0 ? context : NULL;
}

/* Of a block, in front of what the back end gets. */
typedef struct {
  gsize size;
  gboolean is_weights;
} Header;

static GMutex lock; /* sessions of several threads */
static GMutex pinned_lock;
static GHashTable *pinned_blocks; /* address -> size */

static EmulatedLog log_of_memory;

NUCSEG_API EmulatedLog *emulated_get_log (void);

EmulatedLog *
emulated_get_log (void)
{
  return &log_of_memory;
}

void
emulated_check_entered (const struct _NucsegCudaDevice *device)
{
  g_assert (g_atomic_int_get (&device->entered) > 0);
}

static _Thread_local guint entered_here;

gboolean
emulated_is_entered_here (void)
{
  return entered_here > 0;
}

gchar *
nucseg_cuda_runtime_version (void)
{
  return g_strdup ("emulated");
}

gboolean
nucseg_cuda_device_check (GError **error)
{
  return TRUE;
}

NucsegCudaDevice *
nucseg_cuda_device_new (GError **error)
{
  NucsegCudaDevice *device = g_new0 (NucsegCudaDevice, 1);

  device->context = get_current ();
  return device;
}

void
nucseg_cuda_device_free (NucsegCudaDevice *device)
{
  g_assert (!device || device->entered == 0);
  g_free (device);
}

gboolean
nucseg_cuda_device_enter (NucsegCudaDevice *device, GError **error)
{
  g_atomic_int_inc (&device->entered);
  entered_here++;
  if (device->context)
    g_assert_cmpint (
        call_driver ("cuCtxPushCurrent_v2", device->context), ==, 0);
  return TRUE;
}

void
nucseg_cuda_device_leave (NucsegCudaDevice *device)
{
  g_assert (entered_here > 0);
  entered_here--;
  g_atomic_int_add (&device->entered, -1);
  if (device->context) {
    void *popped;

    g_assert_cmpint (call_driver ("cuCtxPopCurrent_v2", &popped), ==, 0);
    g_assert (popped == device->context);
  }
}

gboolean
nucseg_cuda_device_is_current (const NucsegCudaDevice *device)
{
  const void *current = get_current ();

  return !current || current == device->context;
}

gconstpointer
nucseg_cuda_device_get_context (const NucsegCudaDevice *device)
{
  return device->context ? device->context : &log_of_memory;
}

const gchar *
nucseg_cuda_device_get_name (const NucsegCudaDevice *device)
{
  return "emulation";
}

gint
nucseg_cuda_device_get_capability (const NucsegCudaDevice *device)
{
  return 80;
}

gint
nucseg_cuda_device_get_driver (const NucsegCudaDevice *device)
{
  return 13000;
}

cudaStream_t
nucseg_cuda_device_get_stream (const NucsegCudaDevice *device)
{
  return NULL;
}

gboolean
nucseg_cuda_check (cudaError_t status, const gchar *what, GError **error)
{
  if (status == cudaSuccess)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
      "%s: the emulation failed: %s", what, cudaGetErrorString (status));
  return FALSE;
}

/* --- Page-locked memory ----------------------------------------------------
 */

gboolean
nucseg_cuda_pinned_alloc (NucsegPinned *pinned, GError **error)
{
  const gsize padded = (pinned->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

  pinned->data = g_aligned_alloc0 (1, padded, ALIGNMENT);
  g_mutex_lock (&pinned_lock);
  if (!pinned_blocks)
    pinned_blocks = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (
      pinned_blocks, pinned->data, GSIZE_TO_POINTER (pinned->size));
  log_of_memory.n_pinned++;
  log_of_memory.n_pinned_ever++;
  g_mutex_unlock (&pinned_lock);
  return TRUE;
}

void
nucseg_cuda_pinned_free (NucsegPinned *pinned)
{
  g_mutex_lock (&pinned_lock);
  g_assert_true (g_hash_table_remove (pinned_blocks, pinned->data));
  if (g_hash_table_size (pinned_blocks) == 0)
    g_clear_pointer (&pinned_blocks, g_hash_table_unref);
  log_of_memory.n_pinned--;
  g_mutex_unlock (&pinned_lock);
  g_aligned_free (pinned->data);
}

gpointer
nucseg_cuda_find_mapped (
    NucsegCudaDevice *device, gconstpointer memory, gsize size)
{
  const guint8 *first = memory;
  gboolean found = FALSE;
  GHashTableIter iter;
  gpointer block, length;

  emulated_check_entered (device);
  g_mutex_lock (&pinned_lock);
  if (pinned_blocks)
    g_hash_table_iter_init (&iter, pinned_blocks);
  while (pinned_blocks && !found
      && g_hash_table_iter_next (&iter, &block, &length))
    found = first >= (guint8 *) block
        && first + size <= (guint8 *) block + GPOINTER_TO_SIZE (length);
  log_of_memory.n_mapped += found ? 1 : 0;
  g_mutex_unlock (&pinned_lock);
  return found ? (gpointer) memory : NULL;
}

gpointer
nucseg_cuda_alloc (
    NucsegCudaDevice *device, gsize size, const gchar *what, GError **error)
{
  gsize padded = (MAX (size, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  guint8 *block = g_aligned_alloc (1, ALIGNMENT + padded, ALIGNMENT);
  Header *header = (Header *) block;

  emulated_check_entered (device);
  memset (block, 0, ALIGNMENT + padded);
  *header = (Header){ padded, g_str_equal (what, "the network's weights") };
  g_mutex_lock (&lock);
  log_of_memory.live += padded;
  if (header->is_weights) {
    log_of_memory.live_weights += padded;
    log_of_memory.n_weights++;
  }
  g_mutex_unlock (&lock);
  return block + ALIGNMENT;
}

void
nucseg_cuda_free (NucsegCudaDevice *device, gpointer memory)
{
  guint8 *block = memory;
  const Header *header;

  emulated_check_entered (device);
  if (!memory)
    return;
  block -= ALIGNMENT;
  header = (const Header *) block;
  g_mutex_lock (&lock);
  log_of_memory.live -= header->size;
  if (header->is_weights)
    log_of_memory.live_weights -= header->size;
  g_mutex_unlock (&lock);
  g_aligned_free (block);
}

gpointer
nucseg_cuda_alloc_host (NucsegCudaDevice *device, gsize size, const gchar *what,
    gpointer *mapped, GError **error)
{
  gpointer memory = nucseg_cuda_alloc (device, size, what, error);

  if (mapped)
    *mapped = memory;
  return memory;
}

void
nucseg_cuda_free_host (NucsegCudaDevice *device, gpointer memory)
{
  nucseg_cuda_free (device, memory);
}

gboolean
nucseg_cuda_upload (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  emulated_check_entered (device);
  g_assert (!emulation_get_stream ()); /* in the device's own */
  memcpy (to, from, size);
  log_of_memory.uploaded += size;
  return TRUE;
}

gboolean
nucseg_cuda_download (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  emulated_check_entered (device);
  g_assert (!emulation_get_stream ()); /* in the device's own */
  memcpy (to, from, size);
  log_of_memory.downloaded += size;
  return TRUE;
}

gboolean
nucseg_cuda_wait (NucsegCudaDevice *device, GError **error)
{
  emulated_check_entered (device);
  if (log_of_memory.failing_waits > 0) {
    log_of_memory.failing_waits--;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "waiting for the GPU: the emulation fails as it was told");
    return FALSE;
  }
  return TRUE;
}

gdouble
nucseg_cuda_measure (NucsegCudaDevice *device, NucsegCudaRecord run,
    gpointer data, guint n_runs, GError **error)
{
  emulated_check_entered (device);
  return run (data, error) ? 1 : -1;
}
