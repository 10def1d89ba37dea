/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiny.h: convolutions with next to no output (channel vectors, 4x4 cells), as
 * attention blocks have by the dozen: in f32, on the calling thread, in a
 * microsecond or two where a library's call alone would take longer.
 */
#ifndef NUCSEG_CPU_TINY_H
#define NUCSEG_CPU_TINY_H

#include "cpu/tensor.h"

G_BEGIN_DECLS

typedef struct _NucsegTiny NucsegTiny;

/* Whether the convolution is worth it: few multiplications, few pixels. */
gboolean nucseg_tiny_wants (const NucsegConv *conv, const NucsegShape *out);

/* Copies the weights into its own order; the bias stays the model's. */
NucsegTiny *nucseg_tiny_new (const NucsegConv *conv);
void nucseg_tiny_free (NucsegTiny *tiny);

/* Both tensors f32; @out without gaps. */
void nucseg_tiny_run (
    const NucsegTiny *tiny, const NucsegTensor *in, const NucsegTensor *out);

G_END_DECLS

#endif /* NUCSEG_CPU_TINY_H */
