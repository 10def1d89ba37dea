/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * activation.cuh: what follows a convolution, in f32.
 */
#ifndef NUCSEG_CUDA_ACTIVATION_CUH
#define NUCSEG_CUDA_ACTIVATION_CUH

#include "cuda/kernels/launch.cuh"

static __device__ __forceinline__ float
activate (NucsegActivation activation, float x)
{
  switch (activation) {
  case NUCSEG_ACTIVATION_RELU:
    return x > 0 ? x : 0;
  case NUCSEG_ACTIVATION_SIGMOID:
    return 1.0f / (1.0f + expf (-x));
  default:
    return x;
  }
}

#endif /* NUCSEG_CUDA_ACTIVATION_CUH */
