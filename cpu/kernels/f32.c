/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* f32.c: the kernels on f32 elements, for any CPU. */
#define KERNEL_BF16 0
#define KERNEL_TABLE nucseg_kernels_f32
#define KERNEL_NAME "f32"
#define LANES 4
#include "cpu/kernels/template.h"
