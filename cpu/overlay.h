/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlay.h: draws labels over a frame on CPUs, bit-identical to
 * cpu/reference/overlay.c. For any CPU back end.
 */
#ifndef NUCSEG_CPU_OVERLAY_H
#define NUCSEG_CPU_OVERLAY_H

#include "backend.h"

G_BEGIN_DECLS

typedef struct _NucsegDraw NucsegDraw;

/* All memory of a geometry; NULL with MEMORY. */
NucsegDraw *
nucseg_draw_new (const NucsegGeometry *geometry, guint threads, GError **error);
void nucseg_draw_free (NucsegDraw *draw);

/**
 * nucseg_draw_run:
 * @draw: memory
 * @frame: the picture
 * @params: what is drawn, and how
 * @low: grey value that becomes black where grey is stretched to a colour
 *   format
 * @high: grey value that becomes white there
 * @labels: the label map
 * @labels_stride: bytes a row
 * @n_objects: for the count
 * @shown: where to draw: as nucseg_session_run() has it
 * @error: return location
 *
 * Returns: FALSE with SHAPE or UNSUPPORTED where @shown does not go with @frame
 */
gboolean nucseg_draw_run (NucsegDraw *draw, const NucsegFrame *frame,
    const NucsegParams *params, guint low, guint high, const guint16 *labels,
    gsize labels_stride, guint n_objects, NucsegFrame *shown, GError **error);

G_END_DECLS

#endif /* NUCSEG_CPU_OVERLAY_H */
