/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow-conv-vnni.c: narrow-conv.h on 8-bit steps, for AVX-512 with VNNI. */
#define KERNEL_STEPS 1
#define KERNEL_RUN nucseg_narrow_conv_run_vnni
#include "cpu/kernels/narrow-conv-template.h"
