/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * driver.c: see driver.h. Each thing that can be missing has a message of its
 * own, for it is what a user reads when the CPU has to take over.
 */
#include "cuda/driver.h"

#include "cuda/device.h"

#include <dlfcn.h>
#include <string.h>

static GMutex lock;
static gboolean loaded; /* all functions of the driver are there */
static NucsegCudaDriver driver;

gchar *
nucseg_cuda_version_string (gint version)
{
  return g_strdup_printf ("%d.%d", version / 1000, version % 1000 / 10);
}

gboolean
nucseg_cuda_driver_check (const NucsegCudaDriver *self, CUresult status,
    const gchar *what, GError **error)
{
  const char *name = NULL;

  if (status == CUDA_SUCCESS)
    return TRUE;
  if (self->error_name (status, &name) != CUDA_SUCCESS || !name)
    name = "an error that it has no name for";
  if (nucseg_cuda_is_lost ((gint) status)) {
    g_autofree gchar *reason =
        g_strdup_printf ("the NVIDIA driver says %s (%d)", name, (gint) status);

    nucseg_cuda_set_lost (error, what, reason);
    return FALSE;
  }
  g_set_error (error, NUCSEG_ERROR,
      status == CUDA_ERROR_OUT_OF_MEMORY ? NUCSEG_ERROR_MEMORY
                                         : NUCSEG_ERROR_DEVICE,
      "%s: the NVIDIA driver says %s (%d)", what, name, (gint) status);
  return FALSE;
}

/* Newer revisions of functions have a suffix that cuda.h hides by macros. */
static gboolean
load (GError **error)
{
  static const struct {
    const gchar *name;
    gsize offset;
  } functions[] = {
    { "cuInit", G_STRUCT_OFFSET (NucsegCudaDriver, init) },
    { "cuDriverGetVersion",
        G_STRUCT_OFFSET (NucsegCudaDriver, driver_version) },
    { "cuDeviceGetCount", G_STRUCT_OFFSET (NucsegCudaDriver, device_count) },
    { "cuDeviceGet", G_STRUCT_OFFSET (NucsegCudaDriver, device_get) },
    { "cuDeviceGetName", G_STRUCT_OFFSET (NucsegCudaDriver, device_name) },
    { "cuDeviceGetAttribute",
        G_STRUCT_OFFSET (NucsegCudaDriver, device_attribute) },
    { "cuDevicePrimaryCtxRetain",
        G_STRUCT_OFFSET (NucsegCudaDriver, primary_retain) },
    { "cuDevicePrimaryCtxRelease_v2",
        G_STRUCT_OFFSET (NucsegCudaDriver, primary_release) },
    { "cuCtxGetCurrent", G_STRUCT_OFFSET (NucsegCudaDriver, get_current) },
    { "cuCtxGetDevice", G_STRUCT_OFFSET (NucsegCudaDriver, get_device) },
    { "cuCtxPushCurrent_v2", G_STRUCT_OFFSET (NucsegCudaDriver, push) },
    { "cuCtxPopCurrent_v2", G_STRUCT_OFFSET (NucsegCudaDriver, pop) },
    { "cuGetErrorName", G_STRUCT_OFFSET (NucsegCudaDriver, error_name) },
  };
  void *library = dlopen ("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);

  if (!library) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "no NVIDIA driver is installed: %s", dlerror ());
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++) {
    void *function = dlsym (library, functions[i].name);

    if (!function) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
          "the NVIDIA driver is too old: its libcuda.so.1 lacks %s",
          functions[i].name);
      dlclose (library);
      return FALSE;
    }
    memcpy (
        (guint8 *) &driver + functions[i].offset, &function, sizeof function);
  }
  loaded = TRUE;
  return TRUE;
}

static gboolean
check_version (GError **error)
{
  g_autofree gchar *found = NULL, *wanted = NULL;
  gint version = 0;

  /* Within a major version older drivers run newer libraries. */
  if (driver.driver_version (&version) == CUDA_SUCCESS
      && version / 1000 >= CUDART_VERSION / 1000)
    return TRUE;
  found = nucseg_cuda_version_string (version);
  wanted = nucseg_cuda_version_string (CUDART_VERSION / 1000 * 1000);
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
      "the NVIDIA driver is too old: it knows CUDA %s, this build needs %s or "
      "later",
      found, wanted);
  return FALSE;
}

static gboolean
start (GError **error)
{
  CUresult status = driver.init (0);
  const char *name = NULL;
  int count = 0;

  if (status == CUDA_SUCCESS) {
    if (!check_version (error))
      return FALSE;
    status = driver.device_count (&count);
    if (status == CUDA_SUCCESS && count == 0)
      status = CUDA_ERROR_NO_DEVICE;
  }
  switch (status) {
  case CUDA_SUCCESS:
    return TRUE;
  case CUDA_ERROR_NO_DEVICE:
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "the NVIDIA driver is there, but sees no GPU");
    return FALSE;
  case CUDA_ERROR_STUB_LIBRARY:
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "libcuda.so.1 is the CUDA toolkit's stub, expected the NVIDIA "
        "driver's");
    return FALSE;
  default:
    if (driver.error_name (status, &name) != CUDA_SUCCESS || !name)
      name = "an error that it has no name for";
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "the NVIDIA driver doesn't start: it says %s (%d)", name,
        (gint) status);
    return FALSE;
  }
}

const NucsegCudaDriver *
nucseg_cuda_driver_get (GError **error)
{
  gboolean ok;

  g_mutex_lock (&lock);
  ok = (loaded || load (error)) && start (error);
  g_mutex_unlock (&lock);
  return ok ? &driver : NULL;
}

gboolean
nucseg_cuda_driver_pick (const NucsegCudaDriver *self, CUdevice *device,
    gint *capability, gchar **name, GError **error)
{
  CUcontext current = NULL;
  char text[256] = "";
  int major = 0, minor = 0;
  CUresult status;

  if (self->get_current (&current) == CUDA_SUCCESS && current)
    status = self->get_device (device);
  else
    status = self->device_get (device, 0);
  if (status == CUDA_SUCCESS)
    status = self->device_name (text, sizeof text, *device);
  if (status == CUDA_SUCCESS)
    status = self->device_attribute (
        &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, *device);
  if (status == CUDA_SUCCESS)
    status = self->device_attribute (
        &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, *device);
  if (!nucseg_cuda_driver_check (self, status, "asking for the GPU", error))
    return FALSE;

  if (major * 10 + minor < NUCSEG_CUDA_LEAST_CAPABILITY) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "%s has compute capability %d.%d, expected %d.%d or later", text, major,
        minor, NUCSEG_CUDA_LEAST_CAPABILITY / 10,
        NUCSEG_CUDA_LEAST_CAPABILITY % 10);
    return FALSE;
  }
  if (capability)
    *capability = major * 10 + minor;
  if (name)
    *name = g_strdup (text);
  return TRUE;
}
