/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * matrix-conv.h: convolutions as products of matrices, for CPUs whose best is
 * AVX2. oneDNN does them there at half of the CPU's rate in f32, and not
 * exactly in int8: without VNNI, sums of two products of steps are cut off at
 * 16 bits.
 *
 * Steps are multiplied as 16-bit integers, which is exact. 3x3 convolutions
 * take 36 products for a tile of 4x4 outputs instead of 144, by Winograd's
 * minimal filtering (Lavin and Gray 2016, section 4.3, F(4x4, 3x3),
 * https://arxiv.org/abs/1509.09308), or 16 for 2x2 instead of 36 (section 4.1).
 * With steps that is exact too: transformed weights are kept so many times as
 * large that they are whole. All others gather the inputs of each output side
 * by side.
 */
#ifndef NUCSEG_CPU_MATRIX_CONV_H
#define NUCSEG_CPU_MATRIX_CONV_H

#include "cpu/tensor.h"

G_BEGIN_DECLS

typedef struct _NucsegMatrixConv NucsegMatrixConv;

/* Whether this CPU has kernels for inputs of type @in and outputs of type
 * @out, f32 or steps. Any convolution will do. */
gboolean nucseg_matrix_conv_has (NucsegElement in, NucsegElement out);

/**
 * nucseg_matrix_conv_new:
 * @conv: the convolution; its weights are copied
 * @in: its input; any pitch; its data is not looked at
 * @out: its output, likewise
 * @error: return location
 *
 * Returns: NULL with MEMORY
 */
NucsegMatrixConv *nucseg_matrix_conv_new (const NucsegConv *conv,
    const NucsegTensor *in, const NucsegTensor *out, GError **error);
void nucseg_matrix_conv_free (NucsegMatrixConv *self);

/* Bytes that each thread needs while it runs, a multiple of 64. */
gsize nucseg_matrix_conv_get_scratch_size (const NucsegMatrixConv *self);

/* Pieces of work in @out: tiles or pixels, row by row. */
gint nucseg_matrix_conv_count (
    const NucsegMatrixConv *self, const NucsegTensor *out);

/* How many of all @count one call should do, when @threads are to be kept busy:
 * few enough that a slower thread leaves some to the others, unless there are
 * few. */
gint nucseg_matrix_conv_get_block (
    const NucsegMatrixConv *self, gint count, guint threads);

/* "winograd avx2" or "matrix avx2" */
const gchar *nucseg_matrix_conv_get_name (const NucsegMatrixConv *self);

/* Does pieces @first to @end. Pure but for @scratch (64-byte aligned), so
 * threads can share the work, each with its own. */
void
nucseg_matrix_conv_run (const NucsegMatrixConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gpointer scratch, gint first, gint end);

G_END_DECLS

#endif /* NUCSEG_CPU_MATRIX_CONV_H */
