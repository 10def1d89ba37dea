/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* u8-avx2.c: the kernels on 8-bit steps, for AVX2. */
#define KERNEL_TABLE nucseg_kernels_u8_avx2
#define KERNEL_NAME "u8 avx2"
#define LANES 8
#include "cpu/kernels/u8-template.h"
