/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cache.h: which engine was the fastest, and its plan, kept from run to run: a
 * file of the user's cache folder, nucseg/cudnn-HASH.ini, one for each
 * combination of GPU, cuDNN, model, precision, batch and size. One that isn't
 * as it was written is as if it were not there. Knows nothing of CUDA.
 */
#ifndef NUCSEG_CUDA_CACHE_H
#define NUCSEG_CUDA_CACHE_H

#include "nucseg.h"

G_BEGIN_DECLS

/* Any difference in here is another file. */
typedef struct {
  guint cudnn; /* version */
  gint driver; /* likewise: it compiles what a plan brings as PTX */
  const gchar *gpu; /* name */
  gint capability;
  const gchar *model; /* SHA-256 */
  const gchar *precision;
  gint batch, height, width; /* of the network's input */
} NucsegCacheKey;

typedef struct _NucsegCache NucsegCache;

/* Reads the file, if it is there, whole, and of this key. Never NULL. */
NucsegCache *nucseg_cache_open (const NucsegCacheKey *key);
void nucseg_cache_free (NucsegCache *cache);

/* The file, whether it is there or not; the cache's. */
const gchar *nucseg_cache_get_path (const NucsegCache *cache);

/* The engine of convolution @conv (nucseg_convs_number()), if it was chosen
 * from
 * @trials or more, or NULL; valid until the next set. */
const gchar *
nucseg_cache_get (const NucsegCache *cache, guint conv, guint trials);
/* Its plan as text, to the byte what was set, or NULL; likewise. */
const gchar *nucseg_cache_get_plan (const NucsegCache *cache, guint conv);
/* @trials: 1..65535, that @name was chosen from; @plan: NULL where there is
 * none, or none that is to be kept. */
void nucseg_cache_set (NucsegCache *cache, guint conv, guint trials,
    const gchar *name, const gchar *plan);
/* What was kept of @conv is of no use. */
void nucseg_cache_forget (NucsegCache *cache, guint conv);

/* Writes the file anew if anything was set, whole or not at all; FALSE with
 * IO, which is no reason to stop. */
gboolean nucseg_cache_save (NucsegCache *cache, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_CACHE_H */
