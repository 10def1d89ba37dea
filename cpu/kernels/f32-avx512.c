/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* f32-avx512.c: the kernels on f32 elements, for AVX-512. */
#define KERNEL_BF16 0
#define KERNEL_TABLE nucseg_kernels_f32_avx512
#define KERNEL_NAME "f32 avx512"
#define LANES 16
#include "cpu/kernels/template.h"
