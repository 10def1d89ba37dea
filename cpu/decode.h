/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.h: maps -> label map and objects on CPUs, bit-identical to
 * cpu/reference/decode.c. For any CPU back end.
 */
#ifndef NUCSEG_CPU_DECODE_H
#define NUCSEG_CPU_DECODE_H

#include "backend.h"

G_BEGIN_DECLS

typedef struct _NucsegDecode NucsegDecode;

/* All memory of a geometry; NULL with MEMORY. @output must outlive it. */
NucsegDecode *nucseg_decode_new (const NucsegGeometry *geometry,
    const NucsegOutput *output, guint threads, GError **error);
void nucseg_decode_free (NucsegDecode *decode);

/**
 * nucseg_decode_run:
 * @decode: memory
 * @maps: n_maps planes of pad_height x pad_width f32
 * @frame: the raw frame: objects are measured on it
 * @params: threshold, areas, border
 * @labels: (out caller-allocates): as nucseg_session_run() has it
 * @labels_stride: bytes a row
 * @objects: (out): filled
 * @dropped: (out): objects beyond NUCSEG_MAX_LABEL
 * @error: return location
 *
 * Returns: FALSE with MEMORY
 */
gboolean nucseg_decode_run (NucsegDecode *decode, const gfloat *maps,
    const NucsegFrame *frame, const NucsegParams *params, guint16 *labels,
    gsize labels_stride, NucsegObjectList *objects, guint *dropped,
    GError **error);

G_END_DECLS

#endif /* NUCSEG_CPU_DECODE_H */
