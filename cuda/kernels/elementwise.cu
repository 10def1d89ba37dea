/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * elementwise.cu: copy (concat, conversion), add, mul by channel weights with
 * max_pool, max_pool. Twins: cpu/reference/ops.c.
 *
 * All kernels here: a thread takes one pixel (or 2x2 of them) and N channels,
 * N being as many as one load of 16 bytes holds, or 1 where channels, pitch or
 * address don't allow it. Blocks of 256 threads walk along (column, channels),
 * so that neighbours in a warp are neighbours in memory; grid rows are image
 * rows, the grid's depth is images. No shared memory. Bound by memory
 * bandwidth. O(elements).
 */
#include "cuda/kernels/element.cuh"

#define BLOCK 256
#define MOST_SUMMANDS 8

/* Where thread @i of a row of @packs channel packs a pixel stands. */
struct Place {
  int x, c;
};

template <int N>
static __device__ __forceinline__ Place
place_of (const NucsegCudaTensor &t)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x), packs = t.channels / N;

  return Place{ i / packs, i % packs * N };
}

template <typename T>
static __device__ __forceinline__ T *
element (const NucsegCudaTensor &t, int y, int x, int c)
{
  return image_of<T> (t) + ((size_t) y * t.width + x) * t.pitch + c;
}

/* Blocks for @height rows of @width x channels / @n threads, for all images
 * of @t. */
static inline dim3
grid_of (const NucsegCudaTensor *t, int height, int width, int n)
{
  return dim3 (
      ceil_div ((size_t) width * (t->channels / n), BLOCK), height, t->batch);
}

template <typename TI, typename TO, int N>
static __global__ void
__launch_bounds__ (BLOCK) copy (NucsegCudaTensor in, NucsegCudaTensor out)
{
  Place at = place_of<N> (in);
  float values[N];

  if (at.x >= in.width)
    return;
  load_pack (element<const TI> (in, blockIdx.y, at.x, at.c), values);
  store_pack (element<TO> (out, blockIdx.y, at.x, at.c), values);
}

struct Summands {
  unsigned n;
  NucsegCudaTensor t[MOST_SUMMANDS];
};

template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK) add (Summands in, NucsegCudaTensor out)
{
  Place at = place_of<N> (out);
  float sums[N] = {};

  if (at.x >= out.width)
    return;
  for (unsigned k = 0; k < in.n; k++) {
    float values[N];

    load_pack (element<const T> (in.t[k], blockIdx.y, at.x, at.c), values);
#pragma unroll
    for (int i = 0; i < N; i++)
      sums[i] += values[i];
  }
  store_pack (element<T> (out, blockIdx.y, at.x, at.c), sums);
}

/* A thread takes 2x2 pixels. Outputs whose data is NULL are left out. */
template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK) scale_pool (NucsegCudaTensor in, const float *weights,
    NucsegCudaTensor full, NucsegCudaTensor pooled)
{
  Place at = place_of<N> (in);
  int y0 = 2 * (int) blockIdx.y, x0 = 2 * at.x;
  float factors[N], most[N] = {};

  if (x0 >= in.width)
    return;
#pragma unroll
  for (int i = 0; i < N; i++)
    factors[i] = weights != NULL
        ? __ldg (image_of (weights, in.channels) + at.c + i)
        : 1.0f;

  for (int k = 0; k < 4; k++) {
    int y = y0 + k / 2, x = x0 + k % 2;
    float values[N];

    if (y >= in.height || x >= in.width)
      continue;
    load_pack (element<const T> (in, y, x, at.c), values);
#pragma unroll
    for (int i = 0; i < N; i++) {
      /* The maximum is that of what is stored, so of rounded values. */
      values[i] = to_float (from_float<T> (values[i] * factors[i]));
      most[i] = k > 0 && most[i] > values[i] ? most[i] : values[i];
    }
    if (full.data != NULL)
      store_pack (element<T> (full, y, x, at.c), values);
  }
  if (pooled.data != NULL && y0 + 1 < in.height && x0 + 1 < in.width)
    store_pack (element<T> (pooled, blockIdx.y, at.x, at.c), most);
}

template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK)
    max_pool (int kernel, int stride, NucsegCudaTensor in, NucsegCudaTensor out)
{
  Place at = place_of<N> (out);
  int y0 = (int) blockIdx.y * stride, x0 = at.x * stride;
  float most[N];

  if (at.x >= out.width)
    return;
  load_pack (element<const T> (in, y0, x0, at.c), most);
  for (int k = 0; k < kernel * kernel; k++) {
    float values[N];

    load_pack (
        element<const T> (in, y0 + k / kernel, x0 + k % kernel, at.c), values);
#pragma unroll
    for (int i = 0; i < N; i++)
      most[i] = most[i] > values[i] ? most[i] : values[i];
  }
  store_pack (element<T> (out, blockIdx.y, at.x, at.c), most);
}

/* --- Launchers ------------------------------------------------------------ */

template <typename TI, typename TO>
static cudaError_t
launch_copy (const NucsegCudaTensor *in, const NucsegCudaTensor *out,
    cudaStream_t stream)
{
  constexpr int N =
      16 / (sizeof (TI) > sizeof (TO) ? sizeof (TI) : sizeof (TO));

  if (allows_packs (in, N) && allows_packs (out, N))
    return launch (copy<TI, TO, N>, grid_of (in, in->height, in->width, N),
        BLOCK, 0, stream, *in, *out);
  return launch (copy<TI, TO, 1>, grid_of (in, in->height, in->width, 1), BLOCK,
      0, stream, *in, *out);
}

extern "C" cudaError_t
nucseg_cuda_copy (const NucsegCudaTensor *in, const NucsegCudaTensor *out,
    cudaStream_t stream)
{
  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (out) && same_size (in, out)
      && in->channels == out->channels);
  NUCSEG_FOR_TYPE (in->type, TI,
      NUCSEG_FOR_TYPE (
          out->type, TO, NUCSEG_TRY ((launch_copy<TI, TO> (in, out, stream)))));
  return cudaSuccess;
}

template <typename T, int N>
static cudaError_t
launch_add (
    const Summands &in, const NucsegCudaTensor *out, cudaStream_t stream)
{
  return launch (add<T, N>, grid_of (out, out->height, out->width, N), BLOCK, 0,
      stream, in, *out);
}

extern "C" cudaError_t
nucseg_cuda_add (guint n, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  Summands summands = {};
  bool packs = true;

  NUCSEG_REQUIRE (n >= 2 && n <= MOST_SUMMANDS && is_tensor (out));
  summands.n = n;
  for (unsigned i = 0; i < n; i++) {
    NUCSEG_REQUIRE (is_tensor (&in[i]) && same_size (&in[i], out)
        && in[i].channels == out->channels && in[i].type == out->type);
    summands.t[i] = in[i];
    packs = packs && allows_packs (&in[i], 16 / (int) size_of (out->type));
  }
  packs = packs && allows_packs (out, 16 / (int) size_of (out->type));
  NUCSEG_FOR_TYPE (
      out->type, T,
      if (packs)
          NUCSEG_TRY ((launch_add<T, 16 / sizeof (T)> (summands, out, stream)));
      else NUCSEG_TRY ((launch_add<T, 1> (summands, out, stream))));
  return cudaSuccess;
}

template <typename T, int N>
static cudaError_t
launch_scale_pool (const NucsegCudaTensor *in, const float *weights,
    const NucsegCudaTensor &full, const NucsegCudaTensor &pooled,
    cudaStream_t stream)
{
  return launch (scale_pool<T, N>,
      grid_of (in, (in->height + 1) / 2, (in->width + 1) / 2, N), BLOCK, 0,
      stream, *in, weights, full, pooled);
}

extern "C" cudaError_t
nucseg_cuda_scale_pool (const NucsegCudaTensor *in, const gfloat *weights,
    const NucsegCudaTensor *full, const NucsegCudaTensor *pooled,
    cudaStream_t stream)
{
  NucsegCudaTensor none = {};
  int n;
  bool packs;

  NUCSEG_REQUIRE (is_tensor (in));
  NUCSEG_REQUIRE (full != NULL || pooled != NULL);
  n = 16 / (int) size_of (in->type);
  packs = allows_packs (in, n);
  if (full != NULL) {
    NUCSEG_REQUIRE (is_tensor (full) && same_size (in, full)
        && full->channels == in->channels && full->type == in->type);
    packs = packs && allows_packs (full, n);
  }
  if (pooled != NULL) {
    NUCSEG_REQUIRE (is_tensor (pooled) && pooled->batch == in->batch
        && pooled->height == in->height / 2 && pooled->width == in->width / 2
        && pooled->channels == in->channels && pooled->type == in->type);
    packs = packs && allows_packs (pooled, n);
  }
  const NucsegCudaTensor &f = full != NULL ? *full : none;
  const NucsegCudaTensor &p = pooled != NULL ? *pooled : none;

  NUCSEG_FOR_TYPE (
      in->type, T,
      if (packs) NUCSEG_TRY (
          (launch_scale_pool<T, 16 / sizeof (T)> (in, weights, f, p, stream)));
      else NUCSEG_TRY ((launch_scale_pool<T, 1> (in, weights, f, p, stream))));
  return cudaSuccess;
}

template <typename T, int N>
static cudaError_t
launch_max_pool (int kernel, int stride, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  return launch (max_pool<T, N>, grid_of (out, out->height, out->width, N),
      BLOCK, 0, stream, kernel, stride, *in, *out);
}

extern "C" cudaError_t
nucseg_cuda_max_pool (gint kernel, gint stride, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  int n;

  NUCSEG_REQUIRE (kernel >= 1 && stride >= 1 && is_tensor (in)
      && is_tensor (out) && in->type == out->type && in->batch == out->batch
      && in->channels == out->channels);
  NUCSEG_REQUIRE (out->height == (in->height - kernel) / stride + 1
      && out->width == (in->width - kernel) / stride + 1 && in->height >= kernel
      && in->width >= kernel);
  n = 16 / (int) size_of (in->type);
  NUCSEG_FOR_TYPE (in->type, T,
                   if (allows_packs (in, n) && allows_packs (out, n))
                       NUCSEG_TRY ((launch_max_pool<T, 16 / sizeof (T)> (
                           kernel, stride, in, out, stream)));
                   else NUCSEG_TRY ((launch_max_pool<T, 1> (
                       kernel, stride, in, out, stream))));
  return cudaSuccess;
}
