/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shared.c: see shared.h. One lock for all: plans are made and freed seldom,
 * and who finds a block that another thread is filling has to wait for it
 * anyway.
 */
#include "cuda/shared.h"

struct _NucsegShared {
  gchar *key; /* with the context */
  guint refs; /* under the lock */
  gpointer address;
};

static GMutex lock;
/* key -> NucsegShared, of those whose context is there; NULL when empty */
static GHashTable *blocks;

static gpointer
upload (NucsegCudaDevice *device, gsize size, NucsegSharedFill fill,
    gconstpointer data, const gchar *what, GError **error)
{
  g_autofree gpointer bytes = g_try_malloc0 (MAX (size, 1));
  gpointer address;

  if (!bytes) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for %s: %" G_GSIZE_FORMAT " bytes", what, size);
    return NULL;
  }
  address = nucseg_cuda_alloc (device, size, what, error);
  if (!address)
    return NULL;
  fill (bytes, data);
  if (nucseg_cuda_upload (device, address, bytes, size, error)
      && nucseg_cuda_wait (device, error))
    return address;
  nucseg_cuda_free (device, address);
  return NULL;
}

NucsegShared *
nucseg_shared_take (NucsegCudaDevice *device, const gchar *key, gsize size,
    NucsegSharedFill fill, gconstpointer data, const gchar *what,
    GError **error)
{
  g_autofree gchar *full =
      g_strdup_printf ("%p %s", nucseg_cuda_device_get_context (device), key);
  NucsegShared *shared;

  g_mutex_lock (&lock);
  if (!blocks)
    blocks = g_hash_table_new (g_str_hash, g_str_equal);
  shared = g_hash_table_lookup (blocks, full);
  if (shared) {
    shared->refs++;
  } else {
    gpointer address = upload (device, size, fill, data, what, error);

    if (address) {
      shared = g_new (NucsegShared, 1);
      *shared = (NucsegShared){ g_steal_pointer (&full), 1, address };
      g_hash_table_insert (blocks, shared->key, shared);
    }
  }
  g_mutex_unlock (&lock);
  return shared;
}

gpointer
nucseg_shared_get_address (const NucsegShared *shared)
{
  return shared->address;
}

/* Under the lock: nobody finds it any more. */
static void
forget (NucsegShared *shared)
{
  if (blocks && g_hash_table_lookup (blocks, shared->key) == shared)
    g_hash_table_remove (blocks, shared->key);
  if (blocks && g_hash_table_size (blocks) == 0)
    g_clear_pointer (&blocks, g_hash_table_unref);
}

void
nucseg_shared_release (NucsegShared *shared, NucsegCudaDevice *device)
{
  g_mutex_lock (&lock);
  shared->refs--;
  /* A context that comes later may have the address of one that is gone. */
  if (shared->refs == 0 || !device)
    forget (shared);
  if (shared->refs == 0) {
    if (device)
      nucseg_cuda_free (device, shared->address);
    g_free (shared->key);
    g_free (shared);
  }
  g_mutex_unlock (&lock);
}
