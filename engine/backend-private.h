/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend-private.h: the two halves of looking for back ends. Internal.
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

G_END_DECLS

#endif /* NUCSEG_BACKEND_PRIVATE_H */
