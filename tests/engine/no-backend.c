/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * no-backend.c: a module that is none of nucseg's.
 */
#include <gmodule.h>

G_MODULE_EXPORT int nucseg_nothing;
