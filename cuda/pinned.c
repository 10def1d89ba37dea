/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pinned.c: page-locked memory that outlives plans, and host memory that the
 * GPU finds by itself.
 *
 * CUDA frees such memory with the context that it was made in. A neighbour's
 * context may go before the last buffer, so each block is made in the primary
 * context and holds a reference to that; every other context of the process
 * sees the block at the same address (unified addressing).
 */
#include "cuda/device.h"
#include "cuda/driver.h"
#include "cuda/graph.h"

#include <string.h>

gboolean
nucseg_cuda_pinned_alloc (NucsegPinned *pinned, GError **error)
{
  const NucsegCudaDriver *driver = nucseg_cuda_driver_get (error);
  CUcontext context;
  CUdevice device;
  gboolean ok = FALSE;
  void *memory = NULL;

  if (!driver || !nucseg_cuda_driver_pick (driver, &device, NULL, NULL, error)
      || !nucseg_cuda_driver_check (driver,
          driver->primary_retain (&context, device),
          "retaining the GPU's context", error))
    return FALSE;
  if (nucseg_cuda_driver_check (driver, driver->push (context),
          "entering the GPU's context", error)) {
    nucseg_cuda_capture_lock ();
    ok = nucseg_cuda_check_memory (
        cudaHostAlloc (
            &memory, pinned->size, cudaHostAllocMapped | cudaHostAllocPortable),
        pinned->size, "page-locked memory", error);
    nucseg_cuda_capture_unlock ();
    driver->pop (&context);
  }
  if (!ok) {
    driver->primary_release (device);
    return FALSE;
  }
  memset (memory, 0, pinned->size);
  pinned->data = memory;
  pinned->owner = GINT_TO_POINTER (device);
  return TRUE;
}

void
nucseg_cuda_pinned_free (NucsegPinned *pinned)
{
  const NucsegCudaDriver *driver = nucseg_cuda_driver_get (NULL);
  const CUdevice device = GPOINTER_TO_INT (pinned->owner);
  CUcontext context;

  /* one reference is the block's, the other for a look at the context */
  if (!driver || driver->primary_retain (&context, device) != CUDA_SUCCESS)
    return;
  if (driver->push (context) == CUDA_SUCCESS) {
    nucseg_cuda_capture_lock ();
    nucseg_cuda_check (
        cudaFreeHost (pinned->data), "freeing page-locked memory", NULL);
    nucseg_cuda_capture_unlock ();
    driver->pop (&context);
  }
  driver->primary_release (device);
  driver->primary_release (device);
}

/* *@mapped: (out): of one byte; FALSE for all but page-locked host memory */
static gboolean
look_up (gconstpointer memory, const guint8 **mapped)
{
  struct cudaPointerAttributes attributes = { 0 };

  if (cudaPointerGetAttributes (&attributes, memory) != cudaSuccess) {
    cudaGetLastError (); /* must not show up in the next call */
    return FALSE;
  }
  *mapped = attributes.devicePointer;
  return attributes.type == cudaMemoryTypeHost && attributes.devicePointer;
}

gpointer
nucseg_cuda_find_mapped (
    NucsegCudaDevice *device, gconstpointer memory, gsize size)
{
  const guint8 *first, *last;

  /* Somebody may have locked a part of it only. */
  return look_up (memory, &first)
          && look_up ((const guint8 *) memory + size - 1, &last)
          && last == first + size - 1
      ? (gpointer) first
      : NULL;
}
