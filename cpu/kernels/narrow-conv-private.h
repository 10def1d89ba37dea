/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow-conv-private.h: what narrow-conv.c prepares for its kernel. */
#ifndef NUCSEG_CPU_NARROW_CONV_PRIVATE_H
#define NUCSEG_CPU_NARROW_CONV_PRIVATE_H

#include "cpu/kernels/narrow-conv.h"

G_BEGIN_DECLS

#define NUCSEG_NARROW_OUTPUTS 8
#define NUCSEG_NARROW_SIDE 3 /* of the kernel */
/* Inputs that one 64-bit word holds: all outputs' weights for them, output by
 * output, are one vector. */
#define NUCSEG_NARROW_INPUTS 8
#define NUCSEG_NARROW_VECTOR (NUCSEG_NARROW_OUTPUTS * NUCSEG_NARROW_INPUTS)

struct _NucsegNarrowConv {
  gint padding;
  gint n_words; /* of a pixel's inputs */
  gint8 *weight; /* (3, 3, n_words) vectors */
  gint32 bias[2 * NUCSEG_NARROW_OUTPUTS]; /* every second is 0 */
  gfloat factor[2 * NUCSEG_NARROW_OUTPUTS]; /* one after the other, twice */
};

#ifdef NUCSEG_HAVE_VNNI
void nucseg_narrow_conv_run_vnni (const NucsegNarrowConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);
#endif

G_END_DECLS

#endif /* NUCSEG_CPU_NARROW_CONV_PRIVATE_H */
