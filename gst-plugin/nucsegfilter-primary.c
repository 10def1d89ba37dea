/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-primary.c: the GPU's primary context, for pipelines in which
 * nobody has one. gst_cuda_ensure_element_context() would make one more, whose
 * memory the CUDA runtime and whoever works in the primary one (sessions of
 * ours that saw no context, say) can't share.
 */
/* cuda.h and the library */
#define GST_USE_UNSTABLE_API

#include "nucsegfilter-cuda.h"

#include <dlfcn.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudautils.h>
#include <string.h>

#define WRAPPED "nucseg-primary" /* data of a context of ours */

/* GStreamer's loader has none of these. */
typedef struct {
  CUresult (*init) (unsigned flags);
  CUresult (*device_get) (CUdevice *device, int ordinal);
  CUresult (*retain) (CUcontext *context, CUdevice device);
  CUresult (*release) (CUdevice device);
} Driver;

static gboolean
load (Driver *driver)
{
  static const struct {
    const gchar *name;
    gsize offset;
  } functions[] = {
    { "cuInit", G_STRUCT_OFFSET (Driver, init) },
    { "cuDeviceGet", G_STRUCT_OFFSET (Driver, device_get) },
    { "cuDevicePrimaryCtxRetain", G_STRUCT_OFFSET (Driver, retain) },
    { "cuDevicePrimaryCtxRelease_v2", G_STRUCT_OFFSET (Driver, release) },
  };
  /* never closed: the release comes when everything else is gone */
  void *library = dlopen ("libcuda.so.1", RTLD_LAZY);

  for (guint i = 0; i < G_N_ELEMENTS (functions); i++) {
    void *symbol = library ? dlsym (library, functions[i].name) : NULL;

    if (!symbol)
      return FALSE;
    memcpy ((guint8 *) driver + functions[i].offset, &symbol, sizeof symbol);
  }
  return TRUE;
}

typedef struct {
  Driver driver;
  CUdevice device;
} Primary;

static void
release (gpointer data)
{
  Primary *primary = data;

  primary->driver.release (primary->device);
  g_free (primary);
}

/* The first GPU's; released when the object is finalized, after it has left the
 * context for the last time. */
static GstCudaContext *
wrap_primary (void)
{
  Primary primary;
  GstCudaContext *wrapped;
  CUcontext context;

  if (!load (&primary.driver) || primary.driver.init (0) != CUDA_SUCCESS
      || primary.driver.device_get (&primary.device, 0) != CUDA_SUCCESS
      || primary.driver.retain (&context, primary.device) != CUDA_SUCCESS)
    return NULL;
  wrapped = gst_cuda_context_new_wrapped (context, primary.device);
  if (!wrapped) {
    primary.driver.release (primary.device);
    return NULL;
  }
  g_object_set_data_full (G_OBJECT (wrapped), WRAPPED,
      g_memdup2 (&primary, sizeof primary), release);
  return wrapped;
}

static gboolean
has_context (GstNucsegFilter *self)
{
  gboolean has;

  GST_OBJECT_LOCK (self);
  has = self->cuda != NULL;
  GST_OBJECT_UNLOCK (self);
  return has;
}

/* What a neighbour answers comes by set_context. */
static void
ask_neighbour (GstNucsegFilter *self, GstPad *pad)
{
  GstQuery *query = gst_query_new_context (GST_CUDA_CONTEXT_TYPE);
  GstContext *context = NULL;

  if (gst_pad_peer_query (pad, query))
    gst_query_parse_context (query, &context);
  if (context)
    gst_element_set_context (GST_ELEMENT (self), context);
  gst_query_unref (query);
}

gboolean
nucseg_filter_cuda_ensure (GstNucsegFilter *self)
{
  GstElement *element = GST_ELEMENT (self);
  GstCudaContext *primary;
  GstContext *context;

  if (!has_context (self))
    ask_neighbour (self, GST_BASE_TRANSFORM_SRC_PAD (self));
  if (!has_context (self))
    ask_neighbour (self, GST_BASE_TRANSFORM_SINK_PAD (self));
  if (!has_context (self))
    gst_element_post_message (element,
        gst_message_new_need_context (
            GST_OBJECT (self), GST_CUDA_CONTEXT_TYPE));
  if (has_context (self))
    return TRUE;
  primary = wrap_primary ();
  if (!primary)
    return FALSE;
  context = gst_context_new_cuda_context (primary);
  gst_object_unref (primary);
  gst_element_set_context (element, context);
  gst_element_post_message (
      element, gst_message_new_have_context (GST_OBJECT (self), context));
  return has_context (self);
}

gboolean
nucseg_filter_cuda_is_primary (GstNucsegFilter *self)
{
  return self->session_cuda
      && g_object_get_data (G_OBJECT (self->session_cuda), WRAPPED) != NULL;
}
