/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* f32-avx512-narrow.c: the kernels on f32 elements, by eight, for AVX-512. */
#define KERNEL_BF16 0
#define KERNEL_TABLE nucseg_kernels_f32_avx512_narrow
#define KERNEL_NAME "f32 avx512 by 8"
#define LANES 8
#include "cpu/kernels/template.h"
