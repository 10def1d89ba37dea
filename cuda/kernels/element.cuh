/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * element.cuh: elements of tensors: f32, f16 and bf16 in memory, f32 in
 * registers, one or several (16 bytes at most) at a time.
 */
#ifndef NUCSEG_CUDA_ELEMENT_CUH
#define NUCSEG_CUDA_ELEMENT_CUH

#include "cuda/half.h"
#include "cuda/kernels/launch.cuh"

static __device__ __forceinline__ float
to_float (float value)
{
  return value;
}

static __device__ __forceinline__ float
to_float (__half value)
{
  return __half2float (value);
}

static __device__ __forceinline__ float
to_float (__nv_bfloat16 value)
{
  return __bfloat162float (value);
}

/* Rounds to nearest, ties to even; to f16, what is beyond its largest value
 * becomes that. NaN stays NaN. */
template <typename T> static __device__ __forceinline__ T from_float (float);

template <>
__device__ __forceinline__ float
from_float<float> (float value)
{
  return value;
}

template <>
__device__ __forceinline__ __half
from_float<__half> (float value)
{
  const float most = NUCSEG_HALF_MAX;

  value = value > most ? most : value < -most ? -most : value;
  return __float2half (value);
}

template <>
__device__ __forceinline__ __nv_bfloat16
from_float<__nv_bfloat16> (float value)
{
  return __float2bfloat16 (value);
}

/* @N neighbouring elements that are loaded and stored by one instruction. */
template <typename T, int N> struct __align__ (sizeof (T) * N) Pack
{
  T v[N];
};

template <typename T, int N>
static __device__ __forceinline__ void
load_pack (const T *from, float (&to)[N])
{
  Pack<T, N> pack = *reinterpret_cast<const Pack<T, N> *> (from);

#pragma unroll
  for (int i = 0; i < N; i++)
    to[i] = to_float (pack.v[i]);
}

template <typename T, int N>
static __device__ __forceinline__ void
store_pack (T *to, const float (&from)[N])
{
  Pack<T, N> pack;

#pragma unroll
  for (int i = 0; i < N; i++)
    pack.v[i] = from_float<T> (from[i]);
  *reinterpret_cast<Pack<T, N> *> (to) = pack;
}

/* The first element of the image that the block works on: grids are as deep as
 * a batch has images. */
template <typename T>
static __device__ __forceinline__ T *
image_of (const NucsegCudaTensor &t)
{
  return static_cast<T *> (t.data)
      + (size_t) blockIdx.z * t.height * t.width * t.pitch;
}

/* Likewise of a vector of @n values for each image; NULL stays NULL. */
template <typename T>
static __device__ __forceinline__ T *
image_of (T *vectors, int n)
{
  return vectors != NULL ? vectors + (size_t) blockIdx.z * n : NULL;
}

/* --- On the host: which kernel fits a tensor ------------------------------ */

static inline size_t
size_of (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? 4 : 2;
}

/* A tensor that kernels may count with; its rows may be rows of a grid, its
 * images the grid's depth. */
static inline bool
is_tensor (const NucsegCudaTensor *t)
{
  return t->data != NULL && t->batch > 0 && t->batch <= 65535 && t->height > 0
      && t->height <= 65535 && t->width > 0 && t->channels > 0
      && t->pitch >= t->channels && (unsigned) t->type <= NUCSEG_CUDA_BF16
      && (uintptr_t) t->data % size_of (t->type) == 0;
}

/* Whether @n channels at a time can be moved by one instruction. */
static inline bool
allows_packs (const NucsegCudaTensor *t, int n)
{
  return t->channels % n == 0 && t->pitch % n == 0
      && (uintptr_t) t->data % (size_of (t->type) * n) == 0;
}

/* As many images, of the same size. */
static inline bool
same_size (const NucsegCudaTensor *a, const NucsegCudaTensor *b)
{
  return a->batch == b->batch && a->height == b->height && a->width == b->width;
}

/* Runs STATEMENT with T, a type, set to the C type of @type. */
#define NUCSEG_FOR_TYPE(type, T, STATEMENT)                                    \
  do {                                                                         \
    if ((type) == NUCSEG_CUDA_F32) {                                           \
      typedef float T;                                                         \
      STATEMENT;                                                               \
    } else if ((type) == NUCSEG_CUDA_F16) {                                    \
      typedef __half T;                                                        \
      STATEMENT;                                                               \
    } else {                                                                   \
      typedef __nv_bfloat16 T;                                                 \
      STATEMENT;                                                               \
    }                                                                          \
  } while (0)

#endif /* NUCSEG_CUDA_ELEMENT_CUH */
