/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernels.h: the network's operations on CPU tensors, but for most
 * convolutions, which are a library's. One table for each element type and
 * instruction set, made from template.h and, for steps, u8-template.h;
 * nucseg_kernels_get() picks one at run time. Steps lack the operations that
 * have no scale in a model file: add, space_to_depth, depth_to_space.
 *
 * Functions with rows first..end do that part of their output, so that threads
 * can share the work; they are pure (no state) and allocate nothing. All
 * tensors of a call have the table's element type unless said otherwise.
 */
#ifndef NUCSEG_CPU_KERNELS_H
#define NUCSEG_CPU_KERNELS_H

#include "cpu/kernels/grey-conv.h"

G_BEGIN_DECLS

/**
 * NucsegKernels:
 * @name: element type and instruction set, for profiles
 * @copy: @in to @out, same shape
 * @add: sum of @n_inputs tensors of one shape
 * @multiply: @in times @weights, one f32 for each channel
 * @multiply_pool: the same into @out, and its 2x2 maxima into @pooled; rows of
 *   @pooled, where the last block takes the odd row of @out that is left
 * @max_pool: windows of @kernel, @stride apart
 * @average: cell (@row, @column) of @rows x @columns of adaptive average
 *   pooling: @out gets one f32 for each channel
 * @upsample_nearest: twice the size; rows of @out
 * @upsample_bilinear: likewise, half-pixel centres
 * @space_to_depth: rows of @out
 * @depth_to_space: rows of @in
 * @grey_conv: rows of @out, which may have another type; %NULL where a library
 * does it better
 * @split_maps: pixels of @block x @block x @n_maps channels into planes of
 *   @block times the size, with @added, which has that size, or %NULL; rows of
 *   @in. For f32 alone
 * @to_f32: @n elements to f32; @scale counts for steps alone
 * @from_f32: the inverse, rounding to nearest even
 */
typedef struct {
  const gchar *name;
  void (*copy) (
      const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);
  void (*add) (const NucsegTensor *const *in, guint n_inputs,
      const NucsegTensor *out, gint first, gint end);
  void (*multiply) (const NucsegTensor *in, const gfloat *weights,
      const NucsegTensor *out, gint first, gint end);
  void (*multiply_pool) (const NucsegTensor *in, const gfloat *weights,
      const NucsegTensor *out, const NucsegTensor *pooled, gint first,
      gint end);
  void (*max_pool) (const NucsegTensor *in, const NucsegTensor *out,
      gint kernel, gint stride, gint first, gint end);
  void (*average) (const NucsegTensor *in, gint rows, gint columns, gint row,
      gint column, gfloat *out);
  void (*upsample_nearest) (
      const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);
  void (*upsample_bilinear) (
      const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);
  void (*space_to_depth) (const NucsegTensor *in, const NucsegTensor *out,
      gint block, gint first, gint end);
  void (*depth_to_space) (const NucsegTensor *in, const NucsegTensor *out,
      gint block, gint first, gint end);
  void (*grey_conv) (const NucsegGreyConv *self, const NucsegTensor *in,
      const NucsegTensor *out, gint first, gint end);
  void (*split_maps) (const NucsegTensor *in, const NucsegTensor *added,
      gint block, gint n_maps, gfloat *maps, gint first, gint end);
  void (*to_f32) (const void *in, gfloat scale, gfloat *out, gsize n);
  void (*from_f32) (const gfloat *in, gfloat scale, void *out, gsize n);
} NucsegKernels;

/* The fastest table for tensors of @type with @channels channels on this CPU;
 * never NULL. Counts of elements (to_f32, from_f32) are not channels: 0. */
const NucsegKernels *nucseg_kernels_get (NucsegElement type, gint channels);

/* The tables that there are; those with an instruction set in the name may
 * only be called where the CPU has it. */
extern const NucsegKernels nucseg_kernels_f32;
extern const NucsegKernels nucseg_kernels_bf16;
extern const NucsegKernels nucseg_kernels_u8;
#ifdef NUCSEG_HAVE_AVX2
extern const NucsegKernels nucseg_kernels_f32_avx2;
extern const NucsegKernels nucseg_kernels_u8_avx2;
#endif
#ifdef NUCSEG_HAVE_AVX512
extern const NucsegKernels nucseg_kernels_f32_avx512;
extern const NucsegKernels nucseg_kernels_f32_avx512_narrow;
extern const NucsegKernels nucseg_kernels_bf16_avx512;
extern const NucsegKernels nucseg_kernels_bf16_avx512_narrow;
extern const NucsegKernels nucseg_kernels_u8_avx512;
extern const NucsegKernels nucseg_kernels_u8_avx512_narrow;
#endif

G_END_DECLS

#endif /* NUCSEG_CPU_KERNELS_H */
