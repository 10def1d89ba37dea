/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* matrix-conv-steps-avx2.c: matrix-conv.h on 8-bit steps, for AVX2. */
#define LANES 8
#define KERNEL_STEPS 1
#define KERNEL_RUN nucseg_matrix_run_steps_avx2
#include "cpu/kernels/matrix-conv-template.h"
