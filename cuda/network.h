/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.h: a graph made ready on a GPU for so many images at a time, of one
 * size, in one precision.
 * Used by one thread at a time, inside the device's context; running it
 * allocates nothing and may be captured.
 */
#ifndef NUCSEG_CUDA_NETWORK_H
#define NUCSEG_CUDA_NETWORK_H

#include "backend.h"
#include "cuda/device.h"
#include "cuda/kernels-network.h"

G_BEGIN_DECLS

typedef struct _NucsegNetwork NucsegNetwork;

/**
 * nucseg_network_new:
 * @device: entered; must outlive the network
 * @model: its weights are copied, unless another network of it has done so;
 *   must outlive the network
 * @batch: images of a run, 1..65535
 * @height: of the input
 * @width: of the input
 * @precision: F32, BF16 or F16
 * @error: return location
 *
 * Chooses the engine of every convolution: as another network of this model,
 * precision, batch and size has done that is there, else from the cache file,
 * else by taking the time of the best guesses, which may take a minute. Where
 * none of cuDNN's can be used (NVRTC, which compiles most, isn't installed,
 * say), our own kernel takes its place, with a warning.
 *
 * Returns: (nullable): NULL with SHAPE, UNSUPPORTED, NO_DEVICE, DEVICE or
 * MEMORY
 */
NucsegNetwork *
nucseg_network_new (NucsegCudaDevice *device, NucsegModel *model, gint batch,
    gint height, gint width, NucsegPrecision precision, GError **error);
void nucseg_network_free (NucsegNetwork *network);
/* Where the device's context can't be entered any more: others don't find its
 * weights and engines from now on. What it has is lost with the context. */
void nucseg_network_abandon (NucsegNetwork *network);

/* The tensor that prepare fills for image @image (0..batch - 1): its batch is
 * 1. *@block: 1, or the block of the space_to_depth that it does on the way. */
NucsegCudaTensor nucseg_network_get_input (
    const NucsegNetwork *network, gint image, gint *block);

/* The output of image @image: height x width x n_maps f32 on the device. */
gfloat *nucseg_network_get_maps (const NucsegNetwork *network, gint image);

/* Queues all steps, for all images: what their inputs hold then. */
gboolean nucseg_network_run (NucsegNetwork *network, GError **error);

/* Whether steps run side by side, where they can: TRUE at first. Returns
 * whether that has changed anything. */
gboolean
nucseg_network_set_branches (NucsegNetwork *network, gboolean branches);

/* Number of convolutions by cuDNN, and of all steps. */
guint nucseg_network_count (const NucsegNetwork *network, guint *n_steps);

G_END_DECLS

#endif /* NUCSEG_CUDA_NETWORK_H */
