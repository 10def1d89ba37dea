/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * weights.h: a model's weights on the device, in the layouts that cuDNN and
 * the kernels read. Networks of the same model in one CUDA context read the
 * same memory, whatever their sizes (shared.h).
 */
#ifndef NUCSEG_CUDA_WEIGHTS_H
#define NUCSEG_CUDA_WEIGHTS_H

#include "cuda/device.h"
#include "cuda/kernels-network.h"

G_BEGIN_DECLS

typedef struct _NucsegWeights NucsegWeights;

/* None of @model's yet; it and @device must outlive the weights. */
NucsegWeights *
nucseg_weights_new (NucsegCudaDevice *device, NucsegModel *model);
/* Inside the device's context; NULL is allowed. */
void nucseg_weights_free (NucsegWeights *weights);
/* The same where the context can't be entered any more. */
void nucseg_weights_abandon (NucsegWeights *weights);

/* The convolution of node @node as the kernels take it, with weights rounded
 * to @round. What fails shows in nucseg_weights_check(). */
NucsegCudaConv
nucseg_weights_add (NucsegWeights *weights, guint node, NucsegCudaType round);

/* Of node @node: (O, KH, KW, @in_channels) of @type, channels
 * beyond the conv's own 0; and its bias, zeros if it has none. */
void nucseg_weights_add_cudnn (NucsegWeights *weights, guint node,
    NucsegCudaType type, gint in_channels, gpointer *weight, gpointer *bias);

/* FALSE with MEMORY or DEVICE where something could not be added; else all of
 * it is on the device. */
gboolean nucseg_weights_check (NucsegWeights *weights, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_WEIGHTS_H */
