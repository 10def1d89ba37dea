/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* u8-avx512-narrow.c: the kernels on 8-bit steps, by eight, for AVX-512. */
#define KERNEL_TABLE nucseg_kernels_u8_avx512_narrow
#define KERNEL_NAME "u8 avx512 by 8"
#define LANES 8
#include "cpu/kernels/u8-template.h"
