/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modelbuilder-private.h: a model while it grows.
 */
#ifndef NUCSEG_TESTS_MODELBUILDER_PRIVATE_H
#define NUCSEG_TESTS_MODELBUILDER_PRIVATE_H

#include "modelbuilder.h"

typedef struct {
  gchar *name;
  GString *shape; /* "[8, 4, 3, 3]" */
  gfloat *data;
  gsize n;
} NucsegBuilderTensor;

struct _NucsegBuilder {
  NucsegRandom random;
  gint multiple;
  GHashTable *channels; /* name -> channels */
  GString *nodes; /* JSON, separated by commas */
  GPtrArray *tensors;
  GHashTable *metadata; /* key -> text that was set */
  GHashTable *left_out;
  gdouble scale; /* of the next nodes, or 0 */
  gboolean has_scales;
};

#endif /* NUCSEG_TESTS_MODELBUILDER_PRIVATE_H */
