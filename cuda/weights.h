/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weights.h: a model's weights on the device, in the layouts that cuDNN and
 * the kernels read. Addresses are known at once, the bytes follow with
 * nucseg_weights_upload().
 */
#ifndef NUCSEG_CUDA_WEIGHTS_H
#define NUCSEG_CUDA_WEIGHTS_H

#include "cuda/device.h"
#include "cuda/kernels.h"

G_BEGIN_DECLS

typedef struct _NucsegWeights NucsegWeights;

/* Room for each convolution of @graph, once in either layout; NULL with MEMORY
 * or DEVICE. */
NucsegWeights *nucseg_weights_new (
    NucsegCudaDevice *device, const NucsegGraph *graph, GError **error);
/* Inside the device's context; NULL is allowed. */
void nucseg_weights_free (NucsegWeights *weights);

/* @conv as the kernels take it, with weights rounded to @round. */
NucsegCudaConv nucseg_weights_add (
    NucsegWeights *weights, const NucsegConv *conv, NucsegCudaType round);

/* (O, KH, KW, @in_channels) of @type (F32 or BF16), channels beyond the conv's
 * own 0; and its bias, zeros if it has none. */
void nucseg_weights_add_cudnn (NucsegWeights *weights, const NucsegConv *conv,
    NucsegCudaType type, gint in_channels, gpointer *weight, gpointer *bias);

/* Copies all that was added; returns when it is there. */
gboolean nucseg_weights_upload (NucsegWeights *weights, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_WEIGHTS_H */
