/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engines.h: the convolutions by cuDNN of one network: of a model, a precision,
 * a batch and a size. Networks that are equal in these and in one CUDA context
 * have them together, so that plans are compiled and timed once, however many
 * streams there are.
 *
 * cuDNN's objects serve one thread at a time: all but take and release wants
 * the lock. What was captured of them is launched without it.
 */
#ifndef NUCSEG_CUDA_ENGINES_H
#define NUCSEG_CUDA_ENGINES_H

#include "cuda/cudnn-conv.h"
#include "cuda/device.h"

G_BEGIN_DECLS

typedef struct _NucsegEngines NucsegEngines;

/**
 * nucseg_engines_take:
 * @device: entered
 * @key: all that the convolutions depend on
 * @n_nodes: of the network's graph; the same for the same key
 * @error: return location
 *
 * Any thread.
 *
 * Returns: (transfer full) (nullable): a reference; NULL with NO_DEVICE or
 *   DEVICE
 */
NucsegEngines *nucseg_engines_take (
    NucsegCudaDevice *device, const gchar *key, guint n_nodes, GError **error);

/* Gives a reference back; without the lock. @device: entered, of the same
 * context as it was taken with; NULL: the context can't be entered any more, so
 * nothing of cuDNN's is freed, and who asks from now on gets others. NULL
 * @engines are allowed. */
void nucseg_engines_release (NucsegEngines *engines, NucsegCudaDevice *device);

void nucseg_engines_lock (NucsegEngines *engines);
void nucseg_engines_unlock (NucsegEngines *engines);

/* The engines'. */
NucsegCudnn *nucseg_engines_get_cudnn (NucsegEngines *engines);

/**
 * nucseg_engines_get_conv:
 * @engines: locked
 * @node: of the graph
 * @spec: its convolution, scaled or not, dense or a slice: of each kind the
 *   same whoever asks
 * @error: return location
 *
 * Returns: (nullable): the engines' convolution, made at the first call; NULL
 *   with UNSUPPORTED, also once it has been refused
 */
NucsegCudnnConv *nucseg_engines_get_conv (NucsegEngines *engines, guint node,
    const NucsegCudnnSpec *spec, GError **error);

/* None of the engines of this convolution of @node can be used: networks do
 * without it from now on. */
void nucseg_engines_refuse (
    NucsegEngines *engines, guint node, const NucsegCudnnSpec *spec);

/* Whether each convolution that a network takes has its plan. */
gboolean nucseg_engines_is_tuned (const NucsegEngines *engines);
void nucseg_engines_set_tuned (NucsegEngines *engines);

G_END_DECLS

#endif /* NUCSEG_CUDA_ENGINES_H */
