/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bf16-avx512-narrow.c: the kernels on bf16 elements, by eight, for AVX-512
 * with BF16. */
#define KERNEL_BF16 1
#define KERNEL_TABLE nucseg_kernels_bf16_avx512_narrow
#define KERNEL_NAME "bf16 avx512 by 8"
#define LANES 8
#include "cpu/kernels/template.h"
