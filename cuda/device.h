/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device.h: one GPU context with a stream, its memory, and what CUDA says when
 * something fails (status.c). driver.c says whether there is a GPU at all.
 *
 * A context that is current on the calling thread is adopted (a neighbour's in
 * a pipeline, say); where there is none, the primary context of the first GPU
 * is retained. Nothing here switches devices or resets one.
 */
#ifndef NUCSEG_CUDA_DEVICE_H
#define NUCSEG_CUDA_DEVICE_H

#include <cuda_runtime_api.h>

#include "backend.h"

G_BEGIN_DECLS

typedef struct _NucsegCudaDevice NucsegCudaDevice;

/* "13.0": the CUDA that this is built with. */
gchar *nucseg_cuda_runtime_version (void);

/* Whether driver and GPU will do; makes no context. FALSE as
 * nucseg_cuda_device_new(). */
gboolean nucseg_cuda_device_check (GError **error);

/**
 * nucseg_cuda_device_new:
 * @error: return location
 *
 * Returns: (nullable): NULL with NO_DEVICE (no driver, no GPU, one that is too
 *   old), DEVICE or MEMORY
 */
NucsegCudaDevice *nucseg_cuda_device_new (GError **error);
/* NULL is allowed; the context must not be entered. */
void nucseg_cuda_device_free (NucsegCudaDevice *device);

/* Makes the context the calling thread's; each success needs a leave. FALSE
 * with DEVICE. */
gboolean nucseg_cuda_device_enter (NucsegCudaDevice *device, GError **error);
void nucseg_cuda_device_leave (NucsegCudaDevice *device);

/* Whether memory of the calling thread's current context (before an enter) is
 * this device's: there is none, or it is the same. */
gboolean nucseg_cuda_device_is_current (const NucsegCudaDevice *device);

/* Tells contexts apart: memory of one can be used in that alone. */
gconstpointer nucseg_cuda_device_get_context (const NucsegCudaDevice *device);

const gchar *nucseg_cuda_device_get_name (const NucsegCudaDevice *device);
/* 90 is compute capability 9.0. */
gint nucseg_cuda_device_get_capability (const NucsegCudaDevice *device);
/* 13000 is what came with CUDA 13.0; 0 where it doesn't say. */
gint nucseg_cuda_device_get_driver (const NucsegCudaDevice *device);
cudaStream_t nucseg_cuda_device_get_stream (const NucsegCudaDevice *device);

/* Work that is queued in one of several branches; FALSE with an error. */
#define NUCSEG_CUDA_MOST_BRANCHES 4
typedef gboolean (*NucsegCudaBranch) (
    gpointer data, guint branch, cudaStream_t stream, GError **error);

/* --- What CUDA says (status.c) -------------------------------------------- */

/* Whether @status, a cudaError_t or a CUresult (their numbers are the same),
 * means that device or context are gone, and every later call will fail. */
gboolean nucseg_cuda_is_lost (gint status);
/* DEVICE, with what a user can do then; @reason: what CUDA says. */
void
nucseg_cuda_set_lost (GError **error, const gchar *what, const gchar *reason);
/* FALSE with MEMORY or DEVICE where @status is no success; @what: "the
 * upload". Inside a context. */
gboolean
nucseg_cuda_check (cudaError_t status, const gchar *what, GError **error);
/* The same of @size bytes for @what. */
gboolean nucseg_cuda_check_memory (
    cudaError_t status, gsize size, const gchar *what, GError **error);

/* NucsegBackend.pinned_alloc and pinned_free: of no device. Not inside. */
gboolean nucseg_cuda_pinned_alloc (NucsegPinned *pinned, GError **error);
void nucseg_cuda_pinned_free (NucsegPinned *pinned);

/* --- All below: inside enter and leave ----------------------------------- */

/* Device memory, zeroed, aligned to 256 bytes; NULL with MEMORY or DEVICE. */
gpointer nucseg_cuda_alloc (
    NucsegCudaDevice *device, gsize size, const gchar *what, GError **error);
/* NULL is allowed. */
void nucseg_cuda_free (NucsegCudaDevice *device, gpointer memory);

/* Host memory, zeroed, that the GPU reads and writes without a detour;
 * @mapped: (out) (optional): its address on the device. */
gpointer nucseg_cuda_alloc_host (NucsegCudaDevice *device, gsize size,
    const gchar *what, gpointer *mapped, GError **error);
void nucseg_cuda_free_host (NucsegCudaDevice *device, gpointer memory);

/* Where the GPU finds @size bytes of anybody's host memory; NULL: it has to be
 * copied, for it isn't page-locked. */
gpointer nucseg_cuda_find_mapped (
    NucsegCudaDevice *device, gconstpointer memory, gsize size);

/* Queue a copy in the stream; host memory from nucseg_cuda_alloc_host() if it
 * is to run beside the host. */
gboolean nucseg_cuda_upload (NucsegCudaDevice *device, gpointer to,
    gconstpointer from, gsize size, GError **error);
gboolean nucseg_cuda_download (NucsegCudaDevice *device, gpointer to,
    gconstpointer from, gsize size, GError **error);

/**
 * nucseg_cuda_run_branches:
 * @device: entered
 * @n: branches, 1..%NUCSEG_CUDA_MOST_BRANCHES
 * @queue: queues one of them, in the stream that it is given
 * @data: for @queue
 * @error: return location
 *
 * Queues branches that have nothing to do with each other side by side, behind
 * what is in the stream; what is queued in that later waits for all of them.
 * May be captured; not one inside another.
 *
 * Returns: FALSE with DEVICE or as @queue
 */
gboolean nucseg_cuda_run_branches (NucsegCudaDevice *device, guint n,
    NucsegCudaBranch queue, gpointer data, GError **error);

/* Waits until the stream is empty; shows the errors of what ran in it. */
gboolean nucseg_cuda_wait (NucsegCudaDevice *device, GError **error);

/* The same behind work of which @queued says whether it could all be queued:
 * what is there may still write into the caller's memory, who must not have it
 * back before. FALSE, with the first error, unless all went well. */
static inline gboolean
nucseg_cuda_finish (NucsegCudaDevice *device, gboolean queued, GError **error)
{
  return nucseg_cuda_wait (device, queued ? error : NULL) && queued;
}

G_END_DECLS

#endif /* NUCSEG_CUDA_DEVICE_H */
