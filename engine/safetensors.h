/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * safetensors.h: the container of a model file, checked: metadata and tensors.
 */
#ifndef NUCSEG_SAFETENSORS_H
#define NUCSEG_SAFETENSORS_H

#include "json.h"

G_BEGIN_DECLS

#define NUCSEG_MAX_HEADER (16 * 1024 * 1024) /* bytes */
#define NUCSEG_MAX_WEIGHTS (64 * 1024 * 1024) /* elements of all tensors */
#define NUCSEG_MAX_DIMS 8

typedef struct {
  const gchar *name; /* belongs to the header's tree */
  guint n_dims;
  gint64 dims[NUCSEG_MAX_DIMS]; /* each >= 1 */
  gint64 n_elements;
  guint64 begin, end; /* bytes from the start of the data */
  const gfloat *data; /* in the file, aligned to 4 bytes */
  gboolean used; /* set by who reads it */
} NucsegTensor;

typedef struct {
  gchar *origin;
  GBytes *bytes; /* the whole file */
  JsonNode *root;
  NucsegJson metadata;
  NucsegTensor *tensors; /* in the order of their data */
  guint n_tensors;
  guint64 n_elements;
  GHashTable *by_name;
} NucsegSafetensors;

/**
 * nucseg_safetensors_new:
 * @bytes: a whole file; referenced, and copied only if its start is not
 *   aligned to 4 bytes
 * @origin: how messages call it
 * @error: return location
 *
 * Checks header and layout; the weights themselves are not read.
 *
 * Returns: (nullable): the file; error MODEL
 */
NucsegSafetensors *
nucseg_safetensors_new (GBytes *bytes, const gchar *origin, GError **error);
void nucseg_safetensors_free (NucsegSafetensors *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucsegSafetensors, nucseg_safetensors_free)

/* NULL where there is none of this name. */
NucsegTensor *
nucseg_safetensors_find (NucsegSafetensors *file, const gchar *name);

/* FALSE with MODEL, naming the tensor and the element, where a weight is not
 * finite. */
gboolean
nucseg_safetensors_check_finite (const NucsegSafetensors *file, GError **error);

G_END_DECLS

#endif /* NUCSEG_SAFETENSORS_H */
