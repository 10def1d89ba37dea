/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* matrix-conv-steps-vnni.c: matrix-conv.h on 8-bit steps, for AVX-512 with
 * VNNI: one instruction multiplies words and adds. */
#define LANES 16
#define KERNEL_STEPS 1
#define KERNEL_RUN nucseg_matrix_run_steps_vnni
#include "cpu/kernels/matrix-conv-template.h"
