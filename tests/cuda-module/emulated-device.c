/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-device.c: cuda/device.h over host memory, for the emulation of the
 * kernels in tests/cuda: all of the back end but the driver, cuDNN's engines
 * (emulated-cudnn.c) and CUDA's graphs (emulated-graph.c) runs on a machine
 * without a GPU. Its memory is in emulated-memory.c.
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

static GMutex lock; /* sessions of several threads */
static EmulatedLog log_of_device;

NUCSEG_API EmulatedLog *emulated_get_log (void);

EmulatedLog *
emulated_get_log (void)
{
  return &log_of_device;
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
  return device->context ? device->context : &log_of_device;
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
emulated_call (const gchar *what, GError **error)
{
  cudaError_t status;

  g_mutex_lock (&lock);
  if (log_of_device.lost_in > 0 && --log_of_device.lost_in == 0)
    log_of_device.lost = cudaErrorIllegalAddress;
  status = (cudaError_t) log_of_device.lost;
  g_mutex_unlock (&lock);
  return nucseg_cuda_check (status, what, error);
}

gboolean
nucseg_cuda_upload (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  emulated_check_entered (device);
  g_assert (!emulation_get_stream ()); /* in the device's own */
  memcpy (to, from, size);
  log_of_device.uploaded += size;
  return TRUE;
}

gboolean
nucseg_cuda_download (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  emulated_check_entered (device);
  g_assert (!emulation_get_stream ()); /* in the device's own */
  memcpy (to, from, size);
  log_of_device.downloaded += size;
  return TRUE;
}

gboolean
nucseg_cuda_wait (NucsegCudaDevice *device, GError **error)
{
  emulated_check_entered (device);
  g_atomic_int_inc (&log_of_device.n_waits);
  if (log_of_device.failing_waits > 0) {
    log_of_device.failing_waits--;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "waiting for the GPU: the emulation fails as it was told");
    return FALSE;
  }
  return emulated_call ("waiting for the GPU", error);
}

gdouble
nucseg_cuda_measure (NucsegCudaDevice *device, NucsegCudaRecord run,
    gpointer data, guint n_runs, GError **error)
{
  emulated_check_entered (device);
  return run (data, error) ? 1 : -1;
}
