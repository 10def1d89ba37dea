/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pinnedallocator.h: GstMemory that a back end's device reads and writes where
 * it lies: page-locked memory of the engine (nucseg_pinned_new()).
 */
#ifndef NUCSEG_PINNED_ALLOCATOR_H
#define NUCSEG_PINNED_ALLOCATOR_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define NUCSEG_PINNED_MEMORY_TYPE "NucsegPinnedMemory"

/**
 * nucseg_pinned_allocator_new:
 * @backend: a session's back end
 *
 * Its memory is mapped as system memory is, by any element and any thread, and
 * may outlive whoever made it. Where no more of it can be had, ordinary memory
 * is allocated instead.
 *
 * Returns: (transfer full) (nullable): NULL where the back end has no such
 *   memory
 */
GstAllocator *nucseg_pinned_allocator_new (const gchar *backend);
/* Whether @allocator, one of these, is for that back end. */
gboolean
nucseg_pinned_allocator_is_of (GstAllocator *allocator, const gchar *backend);

G_END_DECLS

#endif /* NUCSEG_PINNED_ALLOCATOR_H */
