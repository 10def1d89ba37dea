/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.h: one block of memory for all tensors of a network. Buffers whose
 * lives (first to last step that touches them) do not meet share addresses.
 */
#ifndef NUCSEG_CPU_ONEDNN_BUFFERS_H
#define NUCSEG_CPU_ONEDNN_BUFFERS_H

#include "nucseg.h"

G_BEGIN_DECLS

typedef struct _NucsegBuffers NucsegBuffers;

NucsegBuffers *nucseg_buffers_new (void);
void nucseg_buffers_free (NucsegBuffers *buffers);

/* A buffer of @size bytes that nothing uses yet; returns its number. */
guint nucseg_buffers_add (NucsegBuffers *buffers, gsize size);

/* Step @step reads or writes @buffer. */
void nucseg_buffers_use (NucsegBuffers *buffers, guint buffer, guint step);

/* Places all buffers and allocates the block, zeroed; FALSE with MEMORY. Call
 * once, after the last use is known. */
gboolean nucseg_buffers_allocate (NucsegBuffers *buffers, GError **error);

/* Aligned to 64 bytes. */
gpointer nucseg_buffers_get (NucsegBuffers *buffers, guint buffer);

/* Bytes of the block, and what they would be without sharing. */
gsize nucseg_buffers_get_size (const NucsegBuffers *buffers, gsize *unshared);

G_END_DECLS

#endif /* NUCSEG_CPU_ONEDNN_BUFFERS_H */
