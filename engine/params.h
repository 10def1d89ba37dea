/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params.h: checks and layouts that sessions share. Internal to the engine.
 */
#ifndef NUCSEG_PARAMS_H
#define NUCSEG_PARAMS_H

#include "backend.h"

G_BEGIN_DECLS

/* FALSE with UNSUPPORTED or SHAPE, naming the parameter, its value and its
 * range; scale and pixel size are nucseg_geometry_init()'s. */
gboolean nucseg_params_check (const NucsegParams *params, GError **error);

/* Lays @frame's format and size out in one block of system memory: sets the
 * strides, and as data the offsets of the planes. Returns the block's bytes. */
gsize nucseg_frame_layout (NucsegFrame *frame);

/* FALSE with MEMORY where the tensors of @graph with @shapes, as @precision
 * keeps them, need more than all of the machine's memory. */
NUCSEG_API gboolean nucseg_memory_check (const NucsegGraph *graph,
    const NucsegShape *shapes, NucsegPrecision precision, GError **error);

/* Frame, label stride and picture of nucseg_session_run(): FALSE with SHAPE or
 * UNSUPPORTED. */
gboolean nucseg_check_frame (
    const NucsegBackend *backend, const NucsegFrame *frame, GError **error);
gboolean nucseg_check_labels (
    const NucsegFrame *frame, gsize labels_stride, GError **error);
/* Of both the formats alone; the planes may be NULL. */
gboolean nucseg_check_pictures (
    const NucsegFrame *frame, const NucsegFrame *shown, GError **error);
gboolean nucseg_check_shown (const NucsegBackend *backend,
    const NucsegFrame *frame, const NucsegFrame *shown, GError **error);

G_END_DECLS

#endif /* NUCSEG_PARAMS_H */
