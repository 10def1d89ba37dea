/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* f32-avx2.c: the kernels on f32 elements, for AVX2. */
#define KERNEL_BF16 0
#define KERNEL_TABLE nucseg_kernels_f32_avx2
#define KERNEL_NAME "f32 avx2"
#define LANES 8
#include "cpu/kernels/template.h"
