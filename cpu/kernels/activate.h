/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* activate.h: activations of f32 outputs, one by one. */
#ifndef NUCSEG_CPU_ACTIVATE_H
#define NUCSEG_CPU_ACTIVATE_H

#include "graph.h"

#include <math.h>

G_BEGIN_DECLS

static inline void
nucseg_activate (NucsegActivation activation, gfloat *values, gint n)
{
  switch (activation) {
  case NUCSEG_ACTIVATION_RELU:
    for (gint i = 0; i < n; i++)
      values[i] = MAX (values[i], 0.0f);
    break;
  case NUCSEG_ACTIVATION_SIGMOID:
    for (gint i = 0; i < n; i++)
      values[i] = 1.0f / (1.0f + expf (-values[i]));
    break;
  case NUCSEG_ACTIVATION_NONE:
    break;
  }
}

G_END_DECLS

#endif /* NUCSEG_CPU_ACTIVATE_H */
