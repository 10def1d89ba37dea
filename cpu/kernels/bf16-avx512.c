/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bf16-avx512.c: the kernels on bf16 elements, for AVX-512 with BF16.
 */
#define KERNEL_BF16 1
#define KERNEL_TABLE nucseg_kernels_bf16_avx512
#define KERNEL_NAME "bf16 avx512"
#define LANES 16
#include "cpu/kernels/template.h"
