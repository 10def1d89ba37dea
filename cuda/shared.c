/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shared.c: see shared.h.
 */
#include "cuda/shared.h"

#include "cuda/registry.h"

struct _NucsegShared {
  NucsegEntry entry;
  gpointer address;
};

/* What a block is made of, as nucseg_shared_take() has it. */
typedef struct {
  NucsegCudaDevice *device;
  gsize size;
  NucsegSharedFill fill;
  gconstpointer data;
  const gchar *what;
} Source;

static NucsegRegistry blocks;

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

static gpointer
make (gconstpointer data, GError **error)
{
  const Source *source = data;
  gpointer address = upload (source->device, source->size, source->fill,
      source->data, source->what, error);
  NucsegShared *shared;

  if (!address)
    return NULL;
  shared = g_new0 (NucsegShared, 1);
  shared->address = address;
  return shared;
}

NucsegShared *
nucseg_shared_take (NucsegCudaDevice *device, const gchar *key, gsize size,
    NucsegSharedFill fill, gconstpointer data, const gchar *what,
    GError **error)
{
  g_autofree gchar *full =
      g_strdup_printf ("%p %s", nucseg_cuda_device_get_context (device), key);
  const Source source = { device, size, fill, data, what };

  return nucseg_registry_take (&blocks, full, make, &source, error);
}

gpointer
nucseg_shared_get_address (const NucsegShared *shared)
{
  return shared->address;
}

static void
release (gpointer shared, gpointer device)
{
  if (device)
    nucseg_cuda_free (device, ((NucsegShared *) shared)->address);
  g_free (shared);
}

void
nucseg_shared_release (NucsegShared *shared, NucsegCudaDevice *device)
{
  /* A context that comes later may have the address of one that is gone. */
  nucseg_registry_give_back (&blocks, shared, !device, release, device);
}
