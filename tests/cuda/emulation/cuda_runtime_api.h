/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda_runtime_api.h: stands in for CUDA's header of this name when kernels
 * are compiled for the host (emulation.h). Only what the project's kernels and
 * their tests use. Everything happens before the call returns.
 */
#ifndef NUCSEG_EMULATION_RUNTIME_API_H
#define NUCSEG_EMULATION_RUNTIME_API_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cudaError {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorECCUncorrectable = 214,
  cudaErrorNvlinkUncorrectable = 220,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchTimeout = 702,
  cudaErrorContextIsDestroyed = 709,
  cudaErrorAssert = 710,
  cudaErrorHardwareStackError = 714,
  cudaErrorIllegalInstruction = 715,
  cudaErrorMisalignedAddress = 716,
  cudaErrorInvalidAddressSpace = 717,
  cudaErrorInvalidPc = 718,
  cudaErrorLaunchFailure = 719
} cudaError_t;

typedef struct CUstream_st *cudaStream_t;

cudaError_t
cudaMemsetAsync (void *memory, int value, size_t size, cudaStream_t stream);
const char *cudaGetErrorString (cudaError_t error);
const char *cudaGetErrorName (cudaError_t error);
/* Nothing is kept from one call to the next. */
cudaError_t cudaGetLastError (void);

/* What this thread queues is for @stream from now on, and fails in any other;
 * NULL at first. There are no streams: any address but NULL is one. */
void emulation_set_stream (cudaStream_t stream);
/* The thread's. */
cudaStream_t emulation_get_stream (void);

#ifdef __cplusplus
}
#endif

#endif /* NUCSEG_EMULATION_RUNTIME_API_H */
