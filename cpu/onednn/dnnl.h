/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnnl.h: convolutions by oneDNN, behind opaque structs. Only dnnl-private.h
 * sees oneDNN's header and knows what differs between its releases.
 *
 * Tensors are plain NHWC with N = 1; weights go into the layout that oneDNN
 * likes best when the convolution is made. Nothing here is thread-safe: one
 * plan's objects are used by one thread at a time.
 */
#ifndef NUCSEG_CPU_ONEDNN_DNNL_H
#define NUCSEG_CPU_ONEDNN_DNNL_H

#include "cpu/tensor.h"

G_BEGIN_DECLS

typedef struct _NucsegDnnl NucsegDnnl;
typedef struct _NucsegDnnlConv NucsegDnnlConv;

/* "oneDNN 2.6.3 (OpenMP)" */
gchar *nucseg_dnnl_describe (void);

/* Whether oneDNN computes in bf16 on this CPU (it honours the user's
 * ONEDNN_MAX_CPU_ISA). */
gboolean nucseg_dnnl_has_bf16 (void);

/* Whether it multiplies 8-bit integers without rounding in between: VNNI. */
gboolean nucseg_dnnl_has_int8 (void);

/* Whether it does so by AMX's tiles, which nothing of ours comes near. */
gboolean nucseg_dnnl_has_amx (void);

/* An engine and a stream on the CPU; NULL with DEVICE. */
NucsegDnnl *nucseg_dnnl_new (GError **error);
void nucseg_dnnl_free (NucsegDnnl *dnnl);

/**
 * nucseg_dnnl_conv_new:
 * @dnnl: engine and stream; must outlive the convolution
 * @conv: the graph's operation; its weights are copied
 * @in: the input, without gaps between pixels; its data is not looked at
 * @out: the output, likewise. In steps, if the input is, or f32
 * @error: return location
 *
 * The number of threads is the one that OpenMP has at this moment; execute
 * with the same.
 *
 * Returns: NULL with DEVICE or MEMORY
 */
NucsegDnnlConv *nucseg_dnnl_conv_new (NucsegDnnl *dnnl, const NucsegConv *conv,
    const NucsegTensor *in, const NucsegTensor *out, GError **error);
void nucseg_dnnl_conv_free (NucsegDnnlConv *conv);

/* Bytes of scratch memory that one execution needs; several convolutions that
 * run one after the other may share it. */
gsize nucseg_dnnl_conv_get_scratchpad_size (const NucsegDnnlConv *conv);

/* oneDNN's name of the implementation: "brgconv:avx512_core_bf16", say. */
const gchar *nucseg_dnnl_conv_get_implementation (const NucsegDnnlConv *conv);

/* Sets the memory of the executions to come. */
gboolean nucseg_dnnl_conv_bind (NucsegDnnlConv *conv, gpointer in, gpointer out,
    gpointer scratchpad, GError **error);

/* Runs and waits for the end. */
gboolean nucseg_dnnl_conv_execute (NucsegDnnlConv *conv, GError **error);

G_END_DECLS

#endif /* NUCSEG_CPU_ONEDNN_DNNL_H */
