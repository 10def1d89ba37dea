/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * block.cuh: sums and running sums over the threads of a block, in an order
 * that is always the same.
 */
#ifndef NUCSEG_CUDA_BLOCK_CUH
#define NUCSEG_CUDA_BLOCK_CUH

#include "cuda/kernels/launch.cuh"

/* Sum of @value over the threads before this one in a one-dimensional block of
 * a multiple of 32 threads; @total becomes the sum over all. @scratch: 33
 * values of shared memory, which may be used again after the next barrier. */
template <typename T>
static __device__ T
block_scan (T value, T *scratch, T *total)
{
  unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  unsigned n_warps = blockDim.x / 32;
  T sum = value;

  for (unsigned d = 1; d < 32; d *= 2) {
    T other = __shfl_up_sync (FULL_MASK, sum, d);

    if (lane >= d)
      sum += other;
  }
  if (lane == 31)
    scratch[warp] = sum;
  __syncthreads ();
  if (warp == 0) {
    T own = lane < n_warps ? scratch[lane] : T (0);
    T before = own;

    for (unsigned d = 1; d < 32; d *= 2) {
      T other = __shfl_up_sync (FULL_MASK, before, d);

      if (lane >= d)
        before += other;
    }
    scratch[lane] = before - own;
    if (lane == 31)
      scratch[32] = before;
  }
  __syncthreads ();
  *total = scratch[32];
  return scratch[warp] + sum - value;
}

/* Sum of @value over the threads of a one-dimensional block of a multiple of
 * 32 threads, for all of them. @scratch: 32 values of shared memory, which may
 * be used again after the next barrier. */
template <typename T>
static __device__ T
block_sum (T value, T *scratch)
{
  unsigned n_warps = blockDim.x / 32;
  T sum = T (0);

  for (unsigned d = 16; d > 0; d /= 2)
    value += __shfl_down_sync (FULL_MASK, value, d);
  if (threadIdx.x % 32 == 0)
    scratch[threadIdx.x / 32] = value;
  __syncthreads ();
  for (unsigned w = 0; w < n_warps; w++)
    sum += scratch[w];
  return sum;
}

/* TRUE in every thread of the last block of the grid that comes here: what
 * the other blocks have written before they came is then seen by it. @counter
 * is 0 before the kernel, and after it; @flag is shared memory. */
static __device__ inline bool
is_last_block (unsigned *counter, unsigned n_blocks, int *flag)
{
  __threadfence ();
  __syncthreads ();
  if (threadIdx.x == 0 && threadIdx.y == 0) {
    *flag = atomicAdd (counter, 1u) == n_blocks - 1;
    if (*flag)
      *counter = 0;
  }
  __syncthreads ();
  if (*flag)
    __threadfence ();
  return *flag != 0;
}

#endif /* NUCSEG_CUDA_BLOCK_CUH */
