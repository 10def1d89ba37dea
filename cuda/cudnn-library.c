/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cudnn-library.c: opens cuDNN, and makes descriptors.
 */
#include "cuda/cudnn-private.h"

#include <dlfcn.h>

static GMutex lock;
static NucsegCudnnLibrary functions;
static gboolean loaded;

static gchar *
version_string (gsize version)
{
  return g_strdup_printf ("%d.%d.%d", (gint) (version / 10000),
      (gint) (version / 100 % 100), (gint) (version % 100));
}

static gboolean
load (GError **error)
{
  g_autofree gchar *found = NULL, *wanted = NULL;
  void *library = dlopen ("libcudnn.so.9", RTLD_NOW | RTLD_LOCAL);
  const gchar *missing = NULL;

  if (!library) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "cuDNN 9 is not installed, or not whole: %s", dlerror ());
    return FALSE;
  }
  wanted = version_string (NUCSEG_CUDNN_LEAST_VERSION);
#define X(name)                                                                \
  functions.name = (__typeof__ (functions.name)) dlsym (library, #name);       \
  if (!functions.name && !missing)                                             \
    missing = #name;
  NUCSEG_CUDNN_FUNCTIONS (X)
#undef X
  if (missing) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "cuDNN is too old: its libcudnn.so.9 lacks %s, expected version %s or "
        "later",
        missing, wanted);
  } else if (functions.cudnnGetVersion () < NUCSEG_CUDNN_LEAST_VERSION) {
    found = version_string (functions.cudnnGetVersion ());
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "cuDNN %s is too old, expected version %s or later", found, wanted);
  } else {
    return loaded = TRUE;
  }
  dlclose (library);
  return FALSE;
}

const NucsegCudnnLibrary *
nucseg_cudnn_library_get (GError **error)
{
  gboolean ok;

  g_mutex_lock (&lock);
  ok = loaded || load (error);
  g_mutex_unlock (&lock);
  return ok ? &functions : NULL;
}

gchar *
nucseg_cudnn_describe (GError **error)
{
  const NucsegCudnnLibrary *library = nucseg_cudnn_library_get (error);
  g_autofree gchar *version = NULL;

  if (!library)
    return NULL;
  version = version_string (library->cudnnGetVersion ());
  return g_strconcat ("cuDNN ", version, NULL);
}

/* --- Descriptors --------------------------------------------------------- */

void
nucseg_cudnn_maker_init (
    NucsegCudnnMaker *maker, const NucsegCudnnLibrary *library)
{
  *maker = (NucsegCudnnMaker){ library, g_ptr_array_new (),
    CUDNN_STATUS_SUCCESS, NULL };
}

void
nucseg_cudnn_maker_clear (NucsegCudnnMaker *maker)
{
  if (!maker->owned)
    return;
  /* Those that refer to others were made behind them. */
  for (guint i = maker->owned->len; i > 0; i--)
    maker->library->cudnnBackendDestroyDescriptor (
        g_ptr_array_index (maker->owned, i - 1));
  g_ptr_array_unref (maker->owned);
  maker->owned = NULL;
}

gboolean
nucseg_cudnn_maker_check (
    const NucsegCudnnMaker *maker, NucsegError code, GError **error)
{
  gchar text[512] = "";

  if (maker->status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  maker->library->cudnnGetLastErrorString (text, sizeof text);
  g_strdelimit (text, "\n", ' ');
  g_set_error (error, NUCSEG_ERROR, code, "cuDNN: %s: %s%s%s", maker->what,
      maker->library->cudnnGetErrorString (maker->status), *text ? ": " : "",
      g_strstrip (text));
  return FALSE;
}

static void
note (NucsegCudnnMaker *maker, cudnnStatus_t status, const gchar *what)
{
  if (maker->status != CUDNN_STATUS_SUCCESS || status == CUDNN_STATUS_SUCCESS)
    return;
  maker->status = status;
  maker->what = what;
}

cudnnBackendDescriptor_t
nucseg_cudnn_make (NucsegCudnnMaker *maker, cudnnBackendDescriptorType_t type)
{
  cudnnBackendDescriptor_t descriptor = NULL;

  if (maker->status != CUDNN_STATUS_SUCCESS)
    return NULL;
  note (maker, maker->library->cudnnBackendCreateDescriptor (type, &descriptor),
      "making a descriptor");
  if (maker->status != CUDNN_STATUS_SUCCESS)
    return NULL;
  g_ptr_array_add (maker->owned, descriptor);
  return descriptor;
}

void
nucseg_cudnn_set (NucsegCudnnMaker *maker, cudnnBackendDescriptor_t descriptor,
    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
    gint64 n, const void *values)
{
  if (maker->status == CUDNN_STATUS_SUCCESS)
    note (maker,
        maker->library->cudnnBackendSetAttribute (
            descriptor, name, type, n, values),
        "setting an attribute");
}

void
nucseg_cudnn_set_int (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    gint64 value)
{
  nucseg_cudnn_set (maker, descriptor, name, CUDNN_TYPE_INT64, 1, &value);
}

void
nucseg_cudnn_set_descriptor (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendDescriptor_t value)
{
  nucseg_cudnn_set (
      maker, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

void
nucseg_cudnn_finalize (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, const gchar *what)
{
  if (maker->status == CUDNN_STATUS_SUCCESS)
    note (maker, maker->library->cudnnBackendFinalize (descriptor), what);
}
