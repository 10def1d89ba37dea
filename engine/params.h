/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params.h: checks and layouts that sessions share. Internal to the engine.
 */
#ifndef NUCSEG_PARAMS_H
#define NUCSEG_PARAMS_H

#include "nucseg.h"

G_BEGIN_DECLS

/* FALSE with UNSUPPORTED or SHAPE, naming the parameter, its value and its
 * range; scale and pixel size are nucseg_geometry_init()'s. */
gboolean nucseg_params_check (const NucsegParams *params, GError **error);

/* Lays @frame's format and size out in one block of system memory: sets the
 * strides, and as data the offsets of the planes. Returns the block's bytes. */
gsize nucseg_frame_layout (NucsegFrame *frame);

G_END_DECLS

#endif /* NUCSEG_PARAMS_H */
