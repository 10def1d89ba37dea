/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rearrange.cu: upsample, space_to_depth, depth_to_space. Twins:
 * cpu/reference/ops.c.
 *
 * Grid and blocks as in elementwise.cu: a thread writes N channels of one
 * pixel of the output, blocks of 256 threads walk along (column, channels),
 * grid rows and depth are the output's rows and images. No shared memory. Bound
 * by writing the output; what several threads read comes out of L1 and L2.
 * O(output elements).
 */
#include "cuda/kernels/element.cuh"

#define BLOCK 256

/* Output @i of a doubled line of @n samples: (1 - share) a + share b. */
static __device__ __forceinline__ void
bilinear_taps (int i, int n, int *a, int *b, float *share)
{
  float position = (i + 0.5f) / 2 - 0.5f;

  position = position > 0 ? position : 0;
  *a = (int) position;
  *b = min (*a + 1, n - 1);
  *share = position - *a;
}

template <typename T, int N>
static __device__ __forceinline__ void
load_at (const NucsegCudaTensor &t, int y, int x, int c, float (&values)[N])
{
  load_pack (
      image_of<const T> (t) + ((size_t) y * t.width + x) * t.pitch + c, values);
}

template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK)
    upsample (bool bilinear, NucsegCudaTensor in, NucsegCudaTensor out)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x), packs = out.channels / N;
  int y = (int) blockIdx.y, x = i / packs, c = i % packs * N;
  float values[N];

  if (x >= out.width)
    return;
  if (bilinear) {
    float a[N], b[N], fy, fx;
    int top, bottom, left, right;

    bilinear_taps (y, in.height, &top, &bottom, &fy);
    bilinear_taps (x, in.width, &left, &right, &fx);
    load_at<T> (in, top, left, c, a);
    load_at<T> (in, top, right, c, b);
#pragma unroll
    for (int k = 0; k < N; k++)
      values[k] = (1 - fx) * a[k] + fx * b[k];
    load_at<T> (in, bottom, left, c, a);
    load_at<T> (in, bottom, right, c, b);
#pragma unroll
    for (int k = 0; k < N; k++)
      values[k] = (1 - fy) * values[k] + fy * ((1 - fx) * a[k] + fx * b[k]);
  } else {
    load_at<T> (in, y / 2, x / 2, c, values);
  }
  store_pack (
      image_of<T> (out) + ((size_t) y * out.width + x) * out.pitch + c, values);
}

template <typename TI, typename TO>
static __global__ void
__launch_bounds__ (BLOCK)
    space_to_depth (int block, NucsegCudaTensor in, NucsegCudaTensor out)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x);
  int y = (int) blockIdx.y, x = i / out.channels, c = i % out.channels;
  float value[1] = { 0 };

  if (x >= out.width)
    return;
  if (c < block * block * in.channels) {
    int cell = c / in.channels;

    load_at<TI> (in, y * block + cell / block, x * block + cell % block,
        c % in.channels, value);
  }
  store_pack (
      image_of<TO> (out) + ((size_t) y * out.width + x) * out.pitch + c, value);
}

template <typename TI, typename TO>
static __global__ void
__launch_bounds__ (BLOCK)
    depth_to_space (int block, NucsegCudaTensor in, NucsegCudaTensor out)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x);
  int y = (int) blockIdx.y, x = i / out.channels, c = i % out.channels;
  float value[1];

  if (x >= out.width)
    return;
  load_at<TI> (in, y / block, x / block,
      (y % block * block + x % block) * out.channels + c, value);
  store_pack (
      image_of<TO> (out) + ((size_t) y * out.width + x) * out.pitch + c, value);
}

/* --- Launchers ------------------------------------------------------------ */

static inline dim3
grid_of (const NucsegCudaTensor *out, int n)
{
  return dim3 (ceil_div ((size_t) out->width * (out->channels / n), BLOCK),
      out->height, out->batch);
}

template <typename T, int N>
static cudaError_t
launch_upsample (bool bilinear, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  return launch (
      upsample<T, N>, grid_of (out, N), BLOCK, 0, stream, bilinear, *in, *out);
}

extern "C" cudaError_t
nucseg_cuda_upsample (NucsegUpsample mode, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  bool bilinear = mode == NUCSEG_UPSAMPLE_BILINEAR;
  int n;

  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (out) && in->type == out->type
      && in->batch == out->batch && in->channels == out->channels
      && out->height == 2 * in->height && out->width == 2 * in->width);
  n = 16 / (int) size_of (in->type);
  NUCSEG_FOR_TYPE (
      in->type, T,
      if (allows_packs (in, n) && allows_packs (out, n)) NUCSEG_TRY (
          (launch_upsample<T, 16 / sizeof (T)> (bilinear, in, out, stream)));
      else NUCSEG_TRY ((launch_upsample<T, 1> (bilinear, in, out, stream))));
  return cudaSuccess;
}

extern "C" cudaError_t
nucseg_cuda_space_to_depth (gint block, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (out) && block >= 1 && block <= 8
      && in->batch == out->batch && in->height == out->height * block
      && in->width == out->width * block
      && out->channels >= block * block * in->channels);
  NUCSEG_FOR_TYPE (in->type, TI,
      NUCSEG_FOR_TYPE (out->type, TO,
          NUCSEG_TRY (launch (space_to_depth<TI, TO>, grid_of (out, 1), BLOCK,
              0, stream, block, *in, *out))));
  return cudaSuccess;
}

extern "C" cudaError_t
nucseg_cuda_depth_to_space (gint block, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (out) && block >= 1 && block <= 8
      && out->batch == in->batch && out->height == in->height * block
      && out->width == in->width * block
      && in->channels >= block * block * out->channels);
  NUCSEG_FOR_TYPE (in->type, TI,
      NUCSEG_FOR_TYPE (out->type, TO,
          NUCSEG_TRY (launch (depth_to_space<TI, TO>, grid_of (out, 1), BLOCK,
              0, stream, block, *in, *out))));
  return cudaSuccess;
}
