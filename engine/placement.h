/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * placement.h: where the tensors of a network stand in one block of memory.
 * Those whose lives (first to last step that touches them) do not meet share
 * addresses. Only numbers: back ends allocate the block on their device.
 */
#ifndef NUCSEG_PLACEMENT_H
#define NUCSEG_PLACEMENT_H

#include "nucseg.h"

G_BEGIN_DECLS

typedef struct _NucsegPlacement NucsegPlacement;

/* Sizes and offsets become multiples of @alignment bytes. */
NUCSEG_API NucsegPlacement *nucseg_placement_new (gsize alignment);
/* NULL is allowed. */
NUCSEG_API void nucseg_placement_free (NucsegPlacement *placement);

/* A buffer of @size bytes that nothing uses yet; returns its number. */
NUCSEG_API guint nucseg_placement_add (NucsegPlacement *placement, gsize size);

/* Step @step reads or writes @buffer. */
NUCSEG_API void
nucseg_placement_use (NucsegPlacement *placement, guint buffer, guint step);

/* Places all buffers; returns the bytes of the block, at least the alignment.
 * Call once, after the last use is known. */
NUCSEG_API gsize nucseg_placement_place (NucsegPlacement *placement);

/* Bytes from the block's start. */
NUCSEG_API gsize nucseg_placement_get_offset (
    const NucsegPlacement *placement, guint buffer);

/* Bytes that all buffers would take without sharing. */
NUCSEG_API gsize nucseg_placement_get_unshared (
    const NucsegPlacement *placement);

G_END_DECLS

#endif /* NUCSEG_PLACEMENT_H */
