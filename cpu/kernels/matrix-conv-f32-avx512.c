/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* matrix-conv-f32-avx512.c: matrix-conv.h on f32 elements, for AVX-512. */
#define LANES 16
#define KERNEL_STEPS 0
#define KERNEL_RUN nucseg_matrix_run_f32_avx512
#include "cpu/kernels/matrix-conv-template.h"
