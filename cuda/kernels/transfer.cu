/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transfer.cu: fetch and deliver: rows of pictures between page-locked host
 * memory and the device. Twin: the packing of cuda/picture.c.
 *
 * Grid: parts of CHUNK bytes of a row, rows, planes; blocks of 128 threads. A
 * row whose ends allow it goes by 16 or 4 bytes a thread, else by single bytes;
 * neighbouring threads always take neighbouring bytes, for nothing caches the
 * host's memory. No shared memory. Bound by the bus. O(bytes).
 */
#include "cuda/kernels/launch.cuh"

#define BLOCK 128
#define CHUNK (BLOCK * 16)

/* Bytes @begin to @end, in units of T; returns where the last unit ends. */
template <typename T>
static __device__ __forceinline__ int
copy_units (uint8_t *to, const uint8_t *from, int begin, int end)
{
  int n = (end - begin) / (int) sizeof (T);

  for (int i = (int) threadIdx.x; i < n; i += BLOCK)
    reinterpret_cast<T *> (to + begin)[i] =
        reinterpret_cast<const T *> (from + begin)[i];
  return begin + n * (int) sizeof (T);
}

static __global__ void
__launch_bounds__ (BLOCK) transfer (
    bool deliver, NucsegCudaExtent extent, const NucsegCudaRequest *request)
{
  const NucsegCudaPlanes &source =
      deliver ? request->shown : request->mapped_frame;
  const NucsegCudaPlanes &target =
      deliver ? request->mapped_shown : request->frame;
  int plane = (int) blockIdx.z, y = (int) blockIdx.y;
  int begin = (int) blockIdx.x * CHUNK;
  int end = min (begin + CHUNK, extent.row_bytes[plane]);
  const uint8_t *from;
  uint8_t *to;
  uintptr_t alignment;

  if (y >= extent.rows[plane] || begin >= end)
    return;
  from = source.data[plane] + (ptrdiff_t) y * source.stride[plane];
  to = target.data[plane] + (ptrdiff_t) y * target.stride[plane];
  alignment =
      reinterpret_cast<uintptr_t> (from) | reinterpret_cast<uintptr_t> (to);
  if (alignment % 16 == 0)
    begin = copy_units<uint4> (to, from, begin, end);
  else if (alignment % 4 == 0)
    begin = copy_units<uint32_t> (to, from, begin, end);
  copy_units<uint8_t> (to, from, begin, end);
}

static cudaError_t
launch_transfer (bool deliver, const NucsegCudaExtent *extent,
    const NucsegCudaRequest *request, cudaStream_t stream)
{
  int bytes = 0, rows = 0;

  NUCSEG_REQUIRE (request && extent->n_planes >= 1 && extent->n_planes <= 3);
  for (unsigned i = 0; i < extent->n_planes; i++) {
    NUCSEG_REQUIRE (extent->row_bytes[i] > 0 && extent->rows[i] > 0);
    bytes = extent->row_bytes[i] > bytes ? extent->row_bytes[i] : bytes;
    rows = extent->rows[i] > rows ? extent->rows[i] : rows;
  }
  return launch (transfer,
      dim3 (
          ceil_div ((size_t) bytes, CHUNK), (unsigned) rows, extent->n_planes),
      BLOCK, 0, stream, deliver, *extent, request);
}

extern "C" cudaError_t
nucseg_cuda_fetch (const NucsegCudaExtent *extent,
    const NucsegCudaRequest *request, cudaStream_t stream)
{
  return launch_transfer (false, extent, request, stream);
}

extern "C" cudaError_t
nucseg_cuda_deliver (const NucsegCudaExtent *extent,
    const NucsegCudaRequest *request, cudaStream_t stream)
{
  return launch_transfer (true, extent, request, stream);
}
