/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow-conv-private.h: what narrow-conv.c prepares for its kernels. */
#ifndef NUCSEG_CPU_NARROW_CONV_PRIVATE_H
#define NUCSEG_CPU_NARROW_CONV_PRIVATE_H

#include "cpu/kernels/narrow-conv.h"

G_BEGIN_DECLS

#define NUCSEG_NARROW_OUTPUTS 8
#define NUCSEG_NARROW_SIDE 3 /* of the kernel */
/* Bytes of a word of inputs; all outputs' weights for one, output by output,
 * are a vector. */
#define NUCSEG_NARROW_WORD 8
#define NUCSEG_NARROW_VECTOR (NUCSEG_NARROW_OUTPUTS * NUCSEG_NARROW_WORD)

typedef void (*NucsegNarrowRun) (const NucsegNarrowConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);

struct _NucsegNarrowConv {
  NucsegNarrowRun run;
  gint padding;
  gboolean relu; /* of f32: what is kept within 0..255 needs no rectifier */
  gint n_words; /* of a pixel's inputs */
  guint8 *weight; /* (3, 3, n_words) vectors */
  guint32 bias[2 * NUCSEG_NARROW_OUTPUTS]; /* as the sums; every second is 0 */
  gfloat factor[2 * NUCSEG_NARROW_OUTPUTS]; /* one after the other, twice */
};

#ifdef NUCSEG_HAVE_AVX512
void nucseg_narrow_conv_run_f32 (const NucsegNarrowConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);
#endif
#ifdef NUCSEG_HAVE_VNNI
void nucseg_narrow_conv_run_vnni (const NucsegNarrowConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);
#endif

G_END_DECLS

#endif /* NUCSEG_CPU_NARROW_CONV_PRIVATE_H */
