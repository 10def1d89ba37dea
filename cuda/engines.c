/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engines.c: see engines.h.
 */
#include "cuda/engines.h"

#include "cuda/convs.h"
#include "cuda/graph.h"
#include "cuda/registry.h"

#include <string.h>

struct _NucsegEngines {
  NucsegEntry entry;
  GMutex lock; /* of what follows */
  NucsegCudnn *cudnn;
  GPtrArray *convs; /* by nucseg_convs_number(); NULL: not asked for */
  gboolean *refused; /* of these: nothing of cuDNN's works */
  gboolean tuned;
};

static NucsegRegistry all;

/* @n_nodes: where their number stands */
static gpointer
make (gconstpointer n_nodes, GError **error)
{
  NucsegCudnn *cudnn;
  NucsegEngines *engines;

  nucseg_cuda_capture_lock ();
  cudnn = nucseg_cudnn_new (NULL, error);
  nucseg_cuda_capture_unlock ();
  if (!cudnn)
    return NULL;
  engines = g_new0 (NucsegEngines, 1);
  engines->cudnn = cudnn;
  engines->convs = g_ptr_array_new ();
  g_ptr_array_set_size (
      engines->convs, NUCSEG_CONVS_VARIANTS * *(const gint *) n_nodes);
  engines->refused = g_new0 (gboolean, engines->convs->len);
  g_mutex_init (&engines->lock);
  return engines;
}

NucsegEngines *
nucseg_engines_take (
    NucsegCudaDevice *device, const gchar *key, guint n_nodes, GError **error)
{
  g_autofree gchar *full =
      g_strdup_printf ("%p %s", nucseg_cuda_device_get_context (device), key);
  NucsegEngines *engines =
      nucseg_registry_take (&all, full, make, &n_nodes, error);

  g_assert (!engines || engines->convs->len == NUCSEG_CONVS_VARIANTS * n_nodes);
  return engines;
}

static void
release (gpointer data, gpointer device)
{
  NucsegEngines *engines = data;

  if (device) {
    nucseg_cuda_capture_lock ();
    g_ptr_array_foreach (
        engines->convs, (GFunc) (void (*) (void)) nucseg_cudnn_conv_free, NULL);
    nucseg_cudnn_free (engines->cudnn);
    nucseg_cuda_capture_unlock ();
  }
  g_ptr_array_unref (engines->convs);
  g_free (engines->refused);
  g_mutex_clear (&engines->lock);
  g_free (engines);
}

void
nucseg_engines_release (NucsegEngines *engines, NucsegCudaDevice *device)
{
  /* A context that comes later may have the address of one that is gone. */
  if (engines)
    nucseg_registry_give_back (&all, engines, !device, release, device);
}

void
nucseg_engines_lock (NucsegEngines *engines)
{
  g_mutex_lock (&engines->lock);
}

void
nucseg_engines_unlock (NucsegEngines *engines)
{
  g_mutex_unlock (&engines->lock);
}

NucsegCudnn *
nucseg_engines_get_cudnn (NucsegEngines *engines)
{
  return engines->cudnn;
}

NucsegCudnnConv *
nucseg_engines_get_conv (NucsegEngines *engines, guint node,
    const NucsegCudnnSpec *spec, GError **error)
{
  const guint at = nucseg_convs_number (node, spec);
  gpointer *conv = &engines->convs->pdata[at];

  if (engines->refused[at]) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "no engine of cuDNN works");
    return NULL;
  }
  if (!*conv)
    *conv = nucseg_cudnn_conv_new (engines->cudnn, spec, error);
  g_assert (!*conv
      || memcmp (nucseg_cudnn_conv_get_spec (*conv), spec, sizeof *spec) == 0);
  return *conv;
}

void
nucseg_engines_refuse (
    NucsegEngines *engines, guint node, const NucsegCudnnSpec *spec)
{
  engines->refused[nucseg_convs_number (node, spec)] = TRUE;
}

gboolean
nucseg_engines_is_tuned (const NucsegEngines *engines)
{
  return engines->tuned;
}

void
nucseg_engines_set_tuned (NucsegEngines *engines)
{
  engines->tuned = TRUE;
}
