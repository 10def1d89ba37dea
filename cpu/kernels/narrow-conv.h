/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * narrow-conv.h: convolutions of steps or of f32 with eight outputs, as
 * networks end with at full resolution: half of what a library, which fills
 * sixteen lanes with outputs, does for them is for nothing.
 */
#ifndef NUCSEG_CPU_NARROW_CONV_H
#define NUCSEG_CPU_NARROW_CONV_H

#include "cpu/tensor.h"

G_BEGIN_DECLS

typedef struct _NucsegNarrowConv NucsegNarrowConv;

/* Whether it is one that can be done here, on this CPU. */
gboolean nucseg_narrow_conv_wants (
    const NucsegConv *conv, NucsegElement in, NucsegElement out);

/* Steps have the tensors' scales; copies the weights. NULL with MEMORY. */
NucsegNarrowConv *nucseg_narrow_conv_new (const NucsegConv *conv,
    const NucsegTensor *in, const NucsegTensor *out, GError **error);
void nucseg_narrow_conv_free (NucsegNarrowConv *self);

/* Rows @first to @end of @out. Not where nucseg_narrow_conv_wants() says no. */
void nucseg_narrow_conv_run (const NucsegNarrowConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gint first, gint end);

G_END_DECLS

#endif /* NUCSEG_CPU_NARROW_CONV_H */
