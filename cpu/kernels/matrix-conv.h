/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * matrix-conv.h: convolutions as products of matrices, for AVX2 and AVX-512.
 * oneDNN 2.6 does 3x3 ones with AVX2 at half of the CPU's rate in f32, and in
 * int8 none exactly: without VNNI, sums of two products of steps are cut off at
 * 16 bits. With AVX-512 it comes near the CPU's rate, so all that is to be won
 * is not to multiply.
 *
 * Steps are multiplied as 16-bit integers, which is exact. 3x3 convolutions
 * take 36 products for a tile of 4x4 outputs instead of 144, by Winograd's
 * minimal filtering (Lavin and Gray 2016, section 4.3, F(4x4, 3x3),
 * https://arxiv.org/abs/1509.09308), or 16 for 2x2 instead of 36 (section 4.1).
 * With steps that is exact too: transformed weights are kept so many times as
 * large that they are whole. All others gather the inputs of each output side
 * by side.
 *
 * In f32 outputs of a tile have roundings of all its inputs: an output may be
 * off by some 1e-6 of the largest term of its neighbours in the tile, and is
 * NaN where one of those inputs is infinite.
 */
#ifndef NUCSEG_CPU_MATRIX_CONV_H
#define NUCSEG_CPU_MATRIX_CONV_H

#include "cpu/tensor.h"

G_BEGIN_DECLS

typedef struct _NucsegMatrixConv NucsegMatrixConv;

/* Whether all convolutions of steps can be done here on this CPU. */
gboolean nucseg_matrix_conv_has_int8 (void);

/* Whether the convolution can be done here on this CPU and, if its input is
 * f32, is faster than in oneDNN. @in: type of its input; @out: its output,
 * whose data is not looked at */
gboolean nucseg_matrix_conv_wants (
    const NucsegConv *conv, NucsegElement in, const NucsegTensor *out);

/* Whether a convolution of steps takes less time here also where oneDNN has
 * VNNI, which may change with what becomes of its weights: then it is slower,
 * and as exact. */
gboolean
nucseg_matrix_conv_saves (const NucsegConv *conv, const NucsegTensor *out);

/**
 * nucseg_matrix_conv_new:
 * @conv: the convolution; its weights are copied
 * @in: its input; any pitch; its data is not looked at
 * @out: its output, likewise
 * @threads: that will share the work
 * @error: return location
 *
 * Returns: NULL with MEMORY
 */
NucsegMatrixConv *
nucseg_matrix_conv_new (const NucsegConv *conv, const NucsegTensor *in,
    const NucsegTensor *out, guint threads, GError **error);
void nucseg_matrix_conv_free (NucsegMatrixConv *self);

/* Bytes that each thread needs while it runs, a multiple of 64. */
gsize nucseg_matrix_conv_get_scratch_size (const NucsegMatrixConv *self);

/* In how many blocks the work is divided. */
gint nucseg_matrix_conv_count_blocks (const NucsegMatrixConv *self);

/* What does it: "winograd 4x4 avx2", say. */
const gchar *nucseg_matrix_conv_get_name (const NucsegMatrixConv *self);

/* Does blocks @first to @end. Pure but for @scratch (64-byte aligned), so
 * threads can share the work, each with its own. */
void
nucseg_matrix_conv_run (const NucsegMatrixConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gpointer scratch, gint first, gint end);

G_END_DECLS

#endif /* NUCSEG_CPU_MATRIX_CONV_H */
