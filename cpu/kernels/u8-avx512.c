/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* u8-avx512.c: the kernels on 8-bit steps, for AVX-512. */
#define KERNEL_TABLE nucseg_kernels_u8_avx512
#define KERNEL_NAME "u8 avx512"
#define LANES 16
#include "cpu/kernels/u8-template.h"
