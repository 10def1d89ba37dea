/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.h: one block of device memory for all tensors of a network. Buffers
 * whose lives (first to last step that touches them) do not meet share
 * addresses.
 */
#ifndef NUCSEG_CUDA_BUFFERS_H
#define NUCSEG_CUDA_BUFFERS_H

#include "cuda/device.h"

G_BEGIN_DECLS

typedef struct _NucsegBuffers NucsegBuffers;

NucsegBuffers *nucseg_buffers_new (NucsegCudaDevice *device);
/* Inside the device's context; NULL is allowed. */
void nucseg_buffers_free (NucsegBuffers *buffers);

/* A buffer of @size bytes that nothing uses yet; returns its number. */
guint nucseg_buffers_add (NucsegBuffers *buffers, gsize size);

/* Step @step reads or writes @buffer. */
void nucseg_buffers_use (NucsegBuffers *buffers, guint buffer, guint step);

/* Places all buffers and allocates the block; FALSE with MEMORY or DEVICE.
 * Call once, after the last use is known. */
gboolean nucseg_buffers_allocate (NucsegBuffers *buffers, GError **error);

/* Numbers of all signs and fractions in place of zeros, on which a GPU draws
 * less power, and is faster than it will be: for who measures before the first
 * frame. FALSE with DEVICE. */
gboolean nucseg_buffers_fill (NucsegBuffers *buffers, GError **error);

/* On the device, aligned to 256 bytes. */
gpointer nucseg_buffers_get (NucsegBuffers *buffers, guint buffer);

G_END_DECLS

#endif /* NUCSEG_CUDA_BUFFERS_H */
