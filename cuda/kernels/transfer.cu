/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transfer.cu: fetch and deliver: rows of pictures and labels between
 * page-locked host memory and the device. Twin: the packing of cuda/picture.c.
 *
 * Rows go in parts of CHUNK bytes, each by a block of 128 threads, 16 or 4
 * bytes a thread where its ends allow it, else less; neighbouring threads
 * always take neighbouring bytes, for nothing caches the host's memory. No
 * shared memory. Bound by the bus. O(bytes).
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

/* Bytes @begin to @end of a row. */
static __device__ __forceinline__ void
copy_part (uint8_t *to, const uint8_t *from, int begin, int end)
{
  uintptr_t alignment =
      reinterpret_cast<uintptr_t> (from) | reinterpret_cast<uintptr_t> (to);

  if (alignment % 16 == 0)
    begin = copy_units<uint4> (to, from, begin, end);
  else if (alignment % 4 == 0)
    begin = copy_units<uint32_t> (to, from, begin, end);
  else if (alignment % 2 == 0)
    begin = copy_units<uint16_t> (to, from, begin, end);
  copy_units<uint8_t> (to, from, begin, end);
}

/* Grid: parts of a row, rows, planes. */
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

  if (y >= extent.rows[plane] || begin >= end)
    return;
  copy_part (target.data[plane] + (ptrdiff_t) y * target.stride[plane],
      source.data[plane] + (ptrdiff_t) y * source.stride[plane], begin, end);
}

/* Blocks that the labels' way over the bus may take from what runs beside. */
#define MOST_LABEL_BLOCKS 64

/* Grid: blocks that take parts in turn. Labels without gaps on either side are
 * one long row: rows of an odd width begin nowhere in particular. */
static __global__ void
__launch_bounds__ (BLOCK) deliver_labels (int width, int height,
    const NucsegCudaRequest *request, const NucsegCudaReply *reply)
{
  size_t from_stride = request->labels_stride;
  size_t to_stride = request->mapped_labels_stride;
  int row = width * (int) sizeof (uint16_t), rows = height, parts;

  if (blockIdx.x == 0 && threadIdx.x == 0 && request->mapped_reply)
    *request->mapped_reply = *reply;
  if (!request->mapped_labels)
    return;
  if (from_stride == (size_t) row && to_stride == (size_t) row) {
    row *= rows;
    rows = 1;
  }
  parts = (row + CHUNK - 1) / CHUNK;
  for (int i = (int) blockIdx.x; i < parts * rows; i += (int) gridDim.x) {
    int y = i / parts, begin = i % parts * CHUNK;

    copy_part (
        reinterpret_cast<uint8_t *> (request->mapped_labels) + y * to_stride,
        reinterpret_cast<const uint8_t *> (request->labels) + y * from_stride,
        begin, min (begin + CHUNK, row));
  }
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

extern "C" cudaError_t
nucseg_cuda_deliver_labels (int width, int height,
    const NucsegCudaRequest *request, const NucsegCudaReply *reply,
    cudaStream_t stream)
{
  NUCSEG_REQUIRE (request && reply && width >= 1 && height >= 1);
  /* Bytes are counted by int. */
  NUCSEG_REQUIRE ((size_t) width * height < 1u << 30);
  return launch (deliver_labels,
      min (ceil_div ((size_t) width * height * sizeof (uint16_t), CHUNK),
          (unsigned) MOST_LABEL_BLOCKS),
      BLOCK, 0, stream, width, height, request, reply);
}
