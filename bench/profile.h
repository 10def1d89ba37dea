/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* profile.h: the time of every step of a network. */
#ifndef NUCSEG_BENCH_PROFILE_H
#define NUCSEG_BENCH_PROFILE_H

#include "nucseg.h"

G_BEGIN_DECLS

/* Prints a table of the steps of @backend, the dearest first; back ends that
 * keep no such account are passed over. */
gboolean bench_profile (NucsegModel *model, const gchar *backend,
    NucsegPrecision precision, guint threads, gint size, gint n_frames,
    GError **error);

G_END_DECLS

#endif /* NUCSEG_BENCH_PROFILE_H */
