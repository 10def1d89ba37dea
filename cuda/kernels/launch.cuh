/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * launch.cuh: how kernels are started, and the few things that CUDA and the
 * tests' emulation of it spell differently. Every .cu file includes it first.
 *
 * Kernels and device functions are static: each .cu file is on its own.
 */
#ifndef NUCSEG_CUDA_LAUNCH_CUH
#define NUCSEG_CUDA_LAUNCH_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <math.h>
#include <stdint.h>

#include "cuda/kernels.h"

#ifdef NUCSEG_EMULATION
#include "emulation.h"
#endif

/* Leaves the launcher with the error of @call, if it has one. */
#define NUCSEG_TRY(call)                                                       \
  do {                                                                         \
    cudaError_t nucseg_try_error = (call);                                     \
    if (nucseg_try_error != cudaSuccess)                                       \
      return nucseg_try_error;                                                 \
  } while (0)

#define NUCSEG_REQUIRE(condition)                                              \
  do {                                                                         \
    if (!(condition))                                                          \
      return cudaErrorInvalidValue;                                            \
  } while (0)

#define FULL_MASK 0xffffffffu

/* kernel<<<grid, block, shared, stream>>> (arguments...); shared bytes at most
 * 48 KiB. */
template <typename... P, typename... A>
static inline cudaError_t
launch (void (*kernel) (P...), dim3 grid, dim3 block, size_t shared,
    cudaStream_t stream, A... arguments)
{
#ifdef NUCSEG_EMULATION
  return emulation::launch (kernel, grid, block, shared, stream, arguments...);
#else
  cudaLaunchConfig_t config = {};

  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  return cudaLaunchKernelEx (&config, kernel, P (arguments)...);
#endif
}

/* NAME becomes a pointer to (CUDA: an array of) N elements of TYPE in the
 * block's shared memory. */
#ifdef NUCSEG_EMULATION
#define NUCSEG_SHARED(TYPE, NAME, N)                                           \
  TYPE *const NAME = static_cast<TYPE *> (emulation::shared (                  \
      [] {                                                                     \
        static char tag;                                                       \
        return &tag;                                                           \
      }(),                                                                     \
      sizeof (TYPE) * (N)))
#else
#define NUCSEG_SHARED(TYPE, NAME, N) __shared__ TYPE NAME[N]
#endif

/* The block's dynamic shared memory, aligned to 16 bytes. */
template <typename T>
static __device__ __forceinline__ T *
dynamic_shared ()
{
#ifdef NUCSEG_EMULATION
  return static_cast<T *> (emulation::dynamic_shared ());
#else
  extern __shared__ __align__ (16) unsigned char nucseg_dynamic_shared[];

  return reinterpret_cast<T *> (nucseg_dynamic_shared);
#endif
}

/* What @address holds now, though other threads may be changing it. */
template <typename T>
static __device__ __forceinline__ T
load_fresh (const T *address)
{
  T value = *const_cast<const volatile T *> (address);

#ifdef NUCSEG_EMULATION
  emulation::pause ();
#endif
  return value;
}

static inline unsigned
ceil_div (size_t n, size_t by)
{
  return (unsigned) ((n + by - 1) / by);
}

/* @bytes rounded up, so that what follows in a workspace is aligned. */
static inline __host__ __device__ size_t
aligned (size_t bytes)
{
  return (bytes + 255) / 256 * 256;
}

#endif /* NUCSEG_CUDA_LAUNCH_CUH */
