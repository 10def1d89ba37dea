/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare.h: raw frame -> network input on CPUs, in two passes over the frame:
 * grey and histogram; then map, scale, smooth and pad into the input's type.
 * The twin of cpu/reference/prepare.c. For any CPU back end.
 */
#ifndef NUCSEG_CPU_PREPARE_H
#define NUCSEG_CPU_PREPARE_H

#include "cpu/tensor.h"
#include "levels.h"
#include "backend.h"

G_BEGIN_DECLS

typedef struct _NucsegPrepare NucsegPrepare;

/* All memory of a geometry; NULL with MEMORY. @input must outlive it. */
NucsegPrepare *nucseg_prepare_new (const NucsegGeometry *geometry,
    const NucsegInput *input, guint threads, GError **error);
void nucseg_prepare_free (NucsegPrepare *prepare);

/* First pass: limits and map of @frame. */
gboolean nucseg_prepare_limits (NucsegPrepare *prepare,
    const NucsegFrame *frame, const NucsegParams *params, GError **error);

/* Second pass, with the limits of the last first one: pad_height x pad_width
 * elements. */
void nucseg_prepare_fill (NucsegPrepare *prepare, const NucsegFrame *frame,
    gpointer out, NucsegElement type);

/* The limits of the last frame; NULL before the first. */
const NucsegLimits *nucseg_prepare_get_limits (const NucsegPrepare *prepare);

G_END_DECLS

#endif /* NUCSEG_CPU_PREPARE_H */
