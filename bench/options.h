/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options.h: what the benchmarks' command lines share. */
#ifndef NUCSEG_BENCH_OPTIONS_H
#define NUCSEG_BENCH_OPTIONS_H

#include <glib.h>

G_BEGIN_DECLS

/* What no option gave; GLib doesn't free what was there before. */
static inline void
bench_set_default (gchar **text, const gchar *value)
{
  if (!*text)
    *text = g_strdup (value);
}

G_END_DECLS

#endif /* NUCSEG_BENCH_OPTIONS_H */
