/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* u8.c: the kernels on 8-bit steps, for any CPU. */
#define KERNEL_TABLE nucseg_kernels_u8
#define KERNEL_NAME "u8"
#define LANES 4
#include "cpu/kernels/u8-template.h"
