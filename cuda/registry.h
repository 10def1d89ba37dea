/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry.h: what several plans have together, by key: the first who asks for
 * a thing makes it, the last who lets go of it frees it. Any number of threads
 * at once: who finds a thing that another thread is making has to wait for it
 * anyway, so one lock a registry is enough.
 */
#ifndef NUCSEG_CUDA_REGISTRY_H
#define NUCSEG_CUDA_REGISTRY_H

#include <glib.h>

G_BEGIN_DECLS

/* A static one is ready, all zero. */
typedef struct {
  GMutex lock;
  GHashTable *entries; /* key -> NucsegEntry; NULL when empty */
} NucsegRegistry;

/* What each thing begins with; the registry's. */
typedef struct {
  gchar *key;
  guint refs;
} NucsegEntry;

/* (transfer full) (nullable): a new thing, or NULL with @error. */
typedef gpointer (*NucsegRegistryMake) (gconstpointer data, GError **error);
/* Frees a thing but for its NucsegEntry's key. */
typedef void (*NucsegRegistryFree) (gpointer thing, gpointer data);

/**
 * nucseg_registry_take:
 * @registry: where
 * @key: all that the thing depends on
 * @make: is called during the call, where the thing isn't there yet
 * @data: for @make
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a reference; NULL with the error of
 * @make
 */
gpointer nucseg_registry_take (NucsegRegistry *registry, const gchar *key,
    NucsegRegistryMake make, gconstpointer data, GError **error);

/* Gives a reference back, the last one to @release with @data. @forget: who
 * asks for the thing from now on gets another one. */
void nucseg_registry_give_back (NucsegRegistry *registry, gpointer thing,
    gboolean forget, NucsegRegistryFree release, gpointer data);

G_END_DECLS

#endif /* NUCSEG_CUDA_REGISTRY_H */
