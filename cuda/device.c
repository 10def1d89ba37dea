/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device.c: see device.h. Contexts go through the driver, so that a pushed one
 * is what the runtime works in; memory and streams through the runtime.
 */
#include "cuda/device.h"

#include "cuda/driver.h"

#include <string.h>

struct _NucsegCudaDevice {
  const NucsegCudaDriver *driver;
  CUdevice device;
  CUcontext context;
  gboolean retained; /* the primary context, ours to release */
  gchar *name;
  gint capability;
  cudaStream_t stream;
  cudaEvent_t queued; /* for who waits asleep */
  /* beside the stream: see nucseg_cuda_run_branches() */
  cudaStream_t beside[NUCSEG_CUDA_MOST_BRANCHES - 1];
  cudaEvent_t begun, ended[NUCSEG_CUDA_MOST_BRANCHES - 1];
};

gchar *
nucseg_cuda_runtime_version (void)
{
  return nucseg_cuda_version_string (CUDART_VERSION);
}

static gboolean
take_context (NucsegCudaDevice *device, GError **error)
{
  const NucsegCudaDriver *driver = device->driver;

  if (driver->get_current (&device->context) == CUDA_SUCCESS && device->context)
    return TRUE;
  device->context = NULL;
  if (!nucseg_cuda_driver_check (driver,
          driver->primary_retain (&device->context, device->device),
          "retaining the GPU's context", error))
    return FALSE;
  device->retained = TRUE;
  return TRUE;
}

/* One more reference to the primary context, which stays as long as the
 * process: a program starts with a probe, and may end one session before the
 * next, and between them the last reference would take the context along, and
 * all that cuDNN has loaded into it. */
static void
keep_context (const NucsegCudaDevice *device)
{
  static gsize kept;

  if (device->retained && g_once_init_enter (&kept)) {
    CUcontext context;

    device->driver->primary_retain (&context, device->device);
    g_once_init_leave (&kept, 1);
  }
}

gboolean
nucseg_cuda_device_check (GError **error)
{
  const NucsegCudaDriver *driver = nucseg_cuda_driver_get (error);
  CUdevice device;

  return driver && nucseg_cuda_driver_pick (driver, &device, NULL, NULL, error);
}

static gboolean
make_stream (cudaStream_t *stream, GError **error)
{
  return nucseg_cuda_check (
      cudaStreamCreateWithFlags (stream, cudaStreamNonBlocking),
      "making a stream", error);
}

static gboolean
make_event (cudaEvent_t *event, guint flags, GError **error)
{
  return nucseg_cuda_check (
      cudaEventCreateWithFlags (event, cudaEventDisableTiming | flags),
      "making an event", error);
}

static gboolean
make_streams (NucsegCudaDevice *device, GError **error)
{
  gboolean ok = make_stream (&device->stream, error)
      && make_event (&device->queued, cudaEventBlockingSync, error)
      && make_event (&device->begun, 0, error);

  for (guint i = 0; ok && i < G_N_ELEMENTS (device->beside); i++)
    ok = make_stream (&device->beside[i], error)
        && make_event (&device->ended[i], 0, error);
  return ok;
}

static void
free_streams (NucsegCudaDevice *device)
{
  if (device->stream)
    cudaStreamDestroy (device->stream);
  if (device->queued)
    cudaEventDestroy (device->queued);
  if (device->begun)
    cudaEventDestroy (device->begun);
  for (guint i = 0; i < G_N_ELEMENTS (device->beside); i++) {
    if (device->beside[i])
      cudaStreamDestroy (device->beside[i]);
    if (device->ended[i])
      cudaEventDestroy (device->ended[i]);
  }
}

NucsegCudaDevice *
nucseg_cuda_device_new (GError **error)
{
  const NucsegCudaDriver *driver = nucseg_cuda_driver_get (error);
  NucsegCudaDevice *device;
  gboolean ok;

  if (!driver)
    return NULL;
  device = g_new0 (NucsegCudaDevice, 1);
  device->driver = driver;
  if (!nucseg_cuda_driver_pick (
          driver, &device->device, &device->capability, &device->name, error)
      || !take_context (device, error)
      || !nucseg_cuda_device_enter (device, error)) {
    nucseg_cuda_device_free (device);
    return NULL;
  }
  ok = make_streams (device, error);
  nucseg_cuda_device_leave (device);
  if (!ok) {
    nucseg_cuda_device_free (device);
    return NULL;
  }
  keep_context (device);
  return device;
}

void
nucseg_cuda_device_free (NucsegCudaDevice *device)
{
  if (!device)
    return;
  if (device->stream && nucseg_cuda_device_enter (device, NULL)) {
    free_streams (device);
    nucseg_cuda_device_leave (device);
  }
  if (device->retained)
    device->driver->primary_release (device->device);
  g_free (device->name);
  g_free (device);
}

gboolean
nucseg_cuda_device_enter (NucsegCudaDevice *device, GError **error)
{
  return nucseg_cuda_driver_check (device->driver,
      device->driver->push (device->context), "entering the GPU's context",
      error);
}

void
nucseg_cuda_device_leave (NucsegCudaDevice *device)
{
  CUcontext context;

  device->driver->pop (&context);
}

gboolean
nucseg_cuda_device_is_current (const NucsegCudaDevice *device)
{
  CUcontext current = NULL;

  return device->driver->get_current (&current) != CUDA_SUCCESS || !current
      || current == device->context;
}

gconstpointer
nucseg_cuda_device_get_context (const NucsegCudaDevice *device)
{
  return device->context;
}

const gchar *
nucseg_cuda_device_get_name (const NucsegCudaDevice *device)
{
  return device->name;
}

gint
nucseg_cuda_device_get_capability (const NucsegCudaDevice *device)
{
  return device->capability;
}

gint
nucseg_cuda_device_get_driver (const NucsegCudaDevice *device)
{
  gint version = 0;

  return device->driver->driver_version (&version) == CUDA_SUCCESS ? version
                                                                   : 0;
}

cudaStream_t
nucseg_cuda_device_get_stream (const NucsegCudaDevice *device)
{
  return device->stream;
}

/* --- Memory -------------------------------------------------------------- */

gpointer
nucseg_cuda_alloc (
    NucsegCudaDevice *device, gsize size, const gchar *what, GError **error)
{
  void *memory = NULL;

  if (!nucseg_cuda_check_memory (
          cudaMalloc (&memory, MAX (size, 1)), size, what, error))
    return NULL;
  if (!nucseg_cuda_check_memory (
          cudaMemsetAsync (memory, 0, size, device->stream), size, what,
          error)) {
    cudaFree (memory);
    return NULL;
  }
  return memory;
}

void
nucseg_cuda_free (NucsegCudaDevice *device, gpointer memory)
{
  if (memory)
    cudaFree (memory);
}

gpointer
nucseg_cuda_alloc_host (NucsegCudaDevice *device, gsize size, const gchar *what,
    gpointer *mapped, GError **error)
{
  void *memory = NULL;

  if (!nucseg_cuda_check_memory (
          cudaHostAlloc (&memory, MAX (size, 1),
              cudaHostAllocMapped | cudaHostAllocPortable),
          size, what, error))
    return NULL;
  if (mapped
      && !nucseg_cuda_check_memory (
          cudaHostGetDevicePointer (mapped, memory, 0), size, what, error)) {
    cudaFreeHost (memory);
    return NULL;
  }
  memset (memory, 0, size);
  return memory;
}

void
nucseg_cuda_free_host (NucsegCudaDevice *device, gpointer memory)
{
  if (memory)
    cudaFreeHost (memory);
}

gboolean
nucseg_cuda_upload (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  return nucseg_cuda_check (
      cudaMemcpyAsync (to, from, size, cudaMemcpyHostToDevice, device->stream),
      "copying to the GPU", error);
}

gboolean
nucseg_cuda_download (NucsegCudaDevice *device, gpointer to, gconstpointer from,
    gsize size, GError **error)
{
  return nucseg_cuda_check (
      cudaMemcpyAsync (to, from, size, cudaMemcpyDeviceToHost, device->stream),
      "copying from the GPU", error);
}

/* Who waits for the stream itself sees its end soonest, but keeps a processor
 * busy meanwhile (CU_CTX_SCHED_AUTO, cuCtxCreate() in the driver API); the
 * threads of many streams would leave none to the pipelines. One in four may,
 * the others sleep until the GPU wakes them. */
gboolean
nucseg_cuda_wait (NucsegCudaDevice *device, GError **error)
{
  static gint n_waiting;
  const guint n = (guint) g_atomic_int_add (&n_waiting, 1) + 1;
  cudaError_t status;

  if (n > MAX (1, g_get_num_processors () / 4)
      && cudaEventRecord (device->queued, device->stream) == cudaSuccess)
    status = cudaEventSynchronize (device->queued);
  else
    status = cudaStreamSynchronize (device->stream);
  g_atomic_int_add (&n_waiting, -1);
  return nucseg_cuda_check (status, "waiting for the GPU", error);
}

/* --- Branches ------------------------------------------------------------ */

/* Queues branch @i > 0; *@begun: (out): whether there is anything to end. */
static gboolean
run_beside (NucsegCudaDevice *device, guint i, NucsegCudaBranch queue,
    gpointer data, gboolean *begun, GError **error)
{
  cudaStream_t stream = device->beside[i - 1];

  *begun = nucseg_cuda_check (cudaStreamWaitEvent (stream, device->begun, 0),
      "beginning a branch", error);
  return *begun && queue (data, i, stream, error);
}

static gboolean
end_branch (NucsegCudaDevice *device, guint i, GError **error)
{
  return nucseg_cuda_check (
             cudaEventRecord (device->ended[i - 1], device->beside[i - 1]),
             "ending a branch", error)
      && nucseg_cuda_check (
          cudaStreamWaitEvent (device->stream, device->ended[i - 1], 0),
          "ending a branch", error);
}

gboolean
nucseg_cuda_run_branches (NucsegCudaDevice *device, guint n,
    NucsegCudaBranch queue, gpointer data, GError **error)
{
  gboolean begun[NUCSEG_CUDA_MOST_BRANCHES] = { FALSE }, ok;

  g_assert (n >= 1 && n <= NUCSEG_CUDA_MOST_BRANCHES);
  ok = n == 1
      || nucseg_cuda_check (cudaEventRecord (device->begun, device->stream),
          "beginning branches", error);
  for (guint i = 1; ok && i < n; i++)
    ok = run_beside (device, i, queue, data, &begun[i], error);
  ok = ok && queue (data, 0, device->stream, error);
  /* after a failure too: who waits for the stream must find all at rest */
  for (guint i = 1; i < n; i++)
    ok = (!begun[i] || end_branch (device, i, ok ? error : NULL)) && ok;
  return ok;
}
