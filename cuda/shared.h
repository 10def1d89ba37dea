/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shared.h: constant blocks of device memory that several plans read: the
 * first who asks for one fills it, the last who lets go of it frees it. Any
 * number of threads at once.
 */
#ifndef NUCSEG_CUDA_SHARED_H
#define NUCSEG_CUDA_SHARED_H

#include "cuda/device.h"

G_BEGIN_DECLS

typedef struct _NucsegShared NucsegShared;

/* Writes a block's bytes into @bytes, which are 0. */
typedef void (*NucsegSharedFill) (gpointer bytes, gconstpointer data);

/**
 * nucseg_shared_take:
 * @device: entered
 * @key: all that the bytes depend on
 * @size: bytes; the same for the same key
 * @fill: is called during the call, where the block isn't there yet
 * @data: for @fill
 * @what: for messages: "the network's weights"
 * @error: return location
 *
 * Blocks of different CUDA contexts are different. The bytes are there when
 * the call returns.
 *
 * Returns: (transfer full) (nullable): a reference to the block; NULL with
 *   MEMORY or DEVICE
 */
NucsegShared *nucseg_shared_take (NucsegCudaDevice *device, const gchar *key,
    gsize size, NucsegSharedFill fill, gconstpointer data, const gchar *what,
    GError **error);

/* On the device, aligned to 256 bytes; constant. */
gpointer nucseg_shared_get_address (const NucsegShared *shared);

/* Gives a reference back. @device: entered, of the same context as it was taken
 * with; NULL: the context can't be entered any more, so nothing is freed, and
 * who asks for the block from now on gets another. */
void nucseg_shared_release (NucsegShared *shared, NucsegCudaDevice *device);

G_END_DECLS

#endif /* NUCSEG_CUDA_SHARED_H */
