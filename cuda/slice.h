/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slice.h: whether an engine of cuDNN's writes its part of a concatenation, and
 * nothing beside it.
 */
#ifndef NUCSEG_CUDA_SLICE_H
#define NUCSEG_CUDA_SLICE_H

#include "cuda/graph.h"
#include "cuda/steps.h"

G_BEGIN_DECLS

/**
 * nucseg_slice_check:
 * @device: entered
 * @step: a convolution, whose output has memory that is nobody else's now
 * @run: queues it
 * @data: for @run
 * @error: return location
 *
 * Runs it once, if its output is a slice: what is not has nothing beside it.
 *
 * Returns: FALSE with DEVICE where it takes the whole for dense or leaves
 * pixels out, with MEMORY, or with @run's error
 */
gboolean nucseg_slice_check (NucsegCudaDevice *device, const NucsegStep *step,
    NucsegCudaRecord run, gpointer data, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_SLICE_H */
