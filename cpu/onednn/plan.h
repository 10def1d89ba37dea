/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: what the module nucseg-onednn exports: its table, and, for the
 * benchmark, where the network's time goes.
 */
#ifndef NUCSEG_CPU_ONEDNN_PLAN_H
#define NUCSEG_CPU_ONEDNN_PLAN_H

#include "backend.h"

G_BEGIN_DECLS

NUCSEG_API const NucsegBackend *nucseg_backend_get (void);

/* From here on the time of every step of the plan's network is taken. */
NUCSEG_API void nucseg_onednn_set_profile (NucsegPlan *plan, gboolean profile);

/* (transfer full): a line for each step: name, kind, output shape,
 * implementation and nanoseconds of its fastest run, separated by tabs. */
NUCSEG_API gchar *nucseg_onednn_get_profile (NucsegPlan *plan);

G_END_DECLS

#endif /* NUCSEG_CPU_ONEDNN_PLAN_H */
