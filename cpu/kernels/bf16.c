/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bf16.c: the kernels on bf16 elements, for any CPU. */
#define KERNEL_BF16 1
#define KERNEL_TABLE nucseg_kernels_bf16
#define KERNEL_NAME "bf16"
#define LANES 4
#include "cpu/kernels/template.h"
