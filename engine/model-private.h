/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model-private.h: parts of a model's loading. Internal to the engine.
 */
#ifndef NUCSEG_MODEL_PRIVATE_H
#define NUCSEG_MODEL_PRIVATE_H

#include "json.h"
#include "model.h"

G_BEGIN_DECLS

#define NUCSEG_MODEL_SUFFIX ".safetensors"

/* model-params.c: the objects "input" and "output" of docs/model-format.md.
 * FALSE with MODEL. */
gboolean
nucseg_input_read (const NucsegJson *json, NucsegInput *input, GError **error);
gboolean nucseg_output_read (
    const NucsegJson *json, NucsegOutput *output, GError **error);

/* model-lookup.c: the path of a model's file; NOT_FOUND names the folders
 * that were searched and the names that there are. A path is returned as it
 * is, whether it exists or not. */
gchar *nucseg_model_find (const gchar *path_or_name, GError **error);

/* The folder that the library itself was loaded from, or NULL. Relocated
 * installations find their models and modules from it. */
gchar *nucseg_library_dir (void);

G_END_DECLS

#endif /* NUCSEG_MODEL_PRIVATE_H */
