/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda.h: stands in for CUDA's header of this name: what cuda/driver.h names.
 */
#ifndef NUCSEG_FAKE_CUDA_H
#define NUCSEG_FAKE_CUDA_H

typedef enum { CUDA_SUCCESS = 0 } CUresult;
typedef int CUdevice;
typedef int CUdevice_attribute;
typedef struct CUctx_st *CUcontext;

#endif /* NUCSEG_FAKE_CUDA_H */
