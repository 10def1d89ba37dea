/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tune.h: takes the fastest engine for each convolution of cuDNN's.
 */
#ifndef NUCSEG_CUDA_TUNE_H
#define NUCSEG_CUDA_TUNE_H

#include "cuda/buffers.h"
#include "cuda/device.h"
#include "cuda/steps.h"

G_BEGIN_DECLS

/* What the choice depends on. */
typedef struct {
  NucsegCudaDevice *device;
  NucsegCudnn *cudnn; /* the steps' engines', which are locked */
  const gchar *model; /* SHA-256 */
  const gchar *precision;
  gint batch, height, width; /* of the network's input */
} NucsegTune;

/**
 * nucseg_tune_steps:
 * @tune: for what
 * @graph: where the nodes of the steps stand
 * @steps: NucsegSteps, whose tensors have their addresses
 * @buffers: where those are; what stands there is lost
 * @failed: guints; gets the steps for which nothing of cuDNN's works
 * @error: return location
 *
 * Builds a plan for each step that is cuDNN's: the one that the cache file
 * names, else the fastest of the best guesses here, which is written to the
 * cache file then. Convolutions that are alike get the same. One thread at a
 * time: who waits finds what the others have chosen.
 *
 * Returns: FALSE with DEVICE or MEMORY, of the first that failed; the others
 *   have their plans
 */
gboolean nucseg_tune_steps (const NucsegTune *tune, const NucsegGraph *graph,
    GArray *steps, NucsegBuffers *buffers, GArray *failed, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_TUNE_H */
