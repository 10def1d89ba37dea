/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend-private.h: what looking for back ends and choosing one share.
 * Internal.
 */
#ifndef NUCSEG_BACKEND_PRIVATE_H
#define NUCSEG_BACKEND_PRIVATE_H

#include "backend.h"

G_BEGIN_DECLS

/**
 * nucseg_backend_open:
 * @path: of the module
 * @name: of the back end
 * @error: return location
 *
 * To be called once for a path, and by one thread at a time.
 *
 * Returns: (nullable): the table, for good, not probed; NO_DEVICE for a file
 *   that is no module, or whose table is of another version or not whole
 */
const NucsegBackend *
nucseg_backend_open (const gchar *path, const gchar *name, GError **error);

/* Whether @name (nullable) leaves the choice to the engine. */
gboolean nucseg_backend_name_is_auto (const gchar *name);

/**
 * nucseg_backend_choose:
 * @after: (nullable): only those behind this one in the order of "auto"
 * @passed_over: (out) (optional) (nullable): why the first one whose module is
 *   installed and that can't start was passed over; where the choice is the
 *   reference, why the one before it was, installed or not; NULL: none was. To
 *   be NULL before the call; free with g_error_free()
 * @error: return location
 *
 * Any thread.
 *
 * Returns: (nullable): the first that can start; NO_DEVICE where none can
 */
const NucsegBackend *nucseg_backend_choose (
    const NucsegBackend *after, GError **passed_over, GError **error);

/* Puts the name of the back end in front of the message, if it isn't there. */
void nucseg_backend_prefix_error (const gchar *name, GError **error);

G_END_DECLS

#endif /* NUCSEG_BACKEND_PRIVATE_H */
