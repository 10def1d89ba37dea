/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow-conv-f32.c: narrow-conv.h on f32 elements, for AVX-512. */
#define KERNEL_STEPS 0
#define KERNEL_RUN nucseg_narrow_conv_run_f32
#include "cpu/kernels/narrow-conv-template.h"
