/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * driver.h: the NVIDIA driver, opened at run time, so that the module loads
 * where there is none and can say so.
 */
#ifndef NUCSEG_CUDA_DRIVER_H
#define NUCSEG_CUDA_DRIVER_H

#include <cuda.h>

#include "nucseg.h"

G_BEGIN_DECLS

/* The oldest compute capability that kernels are compiled for. */
#define NUCSEG_CUDA_LEAST_CAPABILITY 80

typedef struct {
  CUresult (*init) (unsigned flags);
  CUresult (*driver_version) (int *version);
  CUresult (*device_count) (int *count);
  CUresult (*device_get) (CUdevice *device, int ordinal);
  CUresult (*device_name) (char *name, int size, CUdevice device);
  CUresult (*device_attribute) (
      int *value, CUdevice_attribute attribute, CUdevice device);
  CUresult (*primary_retain) (CUcontext *context, CUdevice device);
  CUresult (*primary_release) (CUdevice device);
  CUresult (*get_current) (CUcontext *context);
  CUresult (*get_device) (CUdevice *device);
  CUresult (*push) (CUcontext context);
  CUresult (*pop) (CUcontext *context);
  CUresult (*error_name) (CUresult error, const char **name);
} NucsegCudaDriver;

/**
 * nucseg_cuda_driver_get:
 * @error: return location
 *
 * Opens the driver once. Any thread.
 *
 * Returns: (nullable): the driver's functions; NULL with NO_DEVICE where there
 *   is no driver, it lacks a function or doesn't start, is older than this
 *   build's CUDA, or sees no GPU: the message says which
 */
const NucsegCudaDriver *nucseg_cuda_driver_get (GError **error);

/* "13.0" of 13000 */
gchar *nucseg_cuda_version_string (gint version);

/* FALSE with DEVICE or MEMORY, naming @what and the driver's name of the error.
 */
gboolean nucseg_cuda_driver_check (const NucsegCudaDriver *driver,
    CUresult status, const gchar *what, GError **error);

/**
 * nucseg_cuda_driver_pick:
 * @driver: the driver
 * @device: (out): the current context's device, else the first
 * @capability: (out) (optional): 90 for 9.0
 * @name: (out) (optional) (transfer full): as NVIDIA calls it
 * @error: return location
 *
 * Returns: FALSE with NO_DEVICE where the GPU is older than
 *   %NUCSEG_CUDA_LEAST_CAPABILITY, or with DEVICE
 */
gboolean nucseg_cuda_driver_pick (const NucsegCudaDriver *driver,
    CUdevice *device, gint *capability, gchar **name, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_DRIVER_H */
