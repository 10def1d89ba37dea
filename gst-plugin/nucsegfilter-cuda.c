/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-cuda.c: see nucsegfilter-cuda.h. With nucsegfilter-primary.c the
 * only file that knows GStreamer's CUDA library, which opens the driver at run
 * time. Contexts are GstObjects elsewhere: no header of CUDA is needed there.
 */
/* cuda.h and the library */
#define GST_USE_UNSTABLE_API

#include "nucsegfilter-cuda.h"

#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudacontext.h>
#include <gst/cuda/gstcudaloader.h>
#include <gst/cuda/gstcudamemory.h>
#include <gst/cuda/gstcudautils.h>

#define ANY_DEVICE -1

G_STATIC_ASSERT (sizeof (NUCSEG_CUDA_FEATURE)
    == sizeof (GST_CAPS_FEATURE_MEMORY_CUDA_MEMORY));

/* --- Whose context -------------------------------------------------------- */

/* Takes @context (may be NULL). Queries of other threads read the field. */
static void
replace_context (GstNucsegFilter *self, GstObject *context)
{
  GstObject *old;

  GST_OBJECT_LOCK (self);
  old = self->cuda;
  self->cuda = context;
  GST_OBJECT_UNLOCK (self);
  gst_clear_object (&old);
}

/* The session's plans have to be in self->cuda. */
static gboolean
move_session (GstNucsegFilter *self, GError **error)
{
  if (self->session_cuda == self->cuda)
    return TRUE;
  /* a CPU's plans are in no context */
  if (self->n_sessions > 0
      && !nucseg_session_takes_memory (self->sessions[0], NUCSEG_MEMORY_CUDA)) {
    gst_object_replace (&self->session_cuda, self->cuda);
    return TRUE;
  }
  GST_INFO_OBJECT (self, "a session in %" GST_PTR_FORMAT, self->cuda);
  nucseg_filter_end_session (self);
  if (!nucseg_filter_begin_session (self, error))
    return FALSE;
  self->session_cuda = gst_object_ref (self->cuda);
  return TRUE;
}

gboolean
nucseg_filter_cuda_start (GstNucsegFilter *self, GError **error)
{
  if (!gst_cuda_load_library ()) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "caps of CUDA memory, but no NVIDIA driver is installed");
    return FALSE;
  }
  gst_cuda_memory_init_once ();
  if (!nucseg_filter_cuda_ensure (self)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "caps of CUDA memory, but no CUDA context can be made: the NVIDIA "
        "driver sees no GPU, or the GPU has no memory left");
    return FALSE;
  }
  return move_session (self, error);
}

void
nucseg_filter_cuda_stop (GstNucsegFilter *self)
{
  replace_context (self, NULL);
}

static GstCudaMemory *
get_memory (GstBuffer *buffer)
{
  GstMemory *memory = gst_buffer_n_memory (buffer) == 1
      ? gst_buffer_peek_memory (buffer, 0)
      : NULL;

  return memory && gst_is_cuda_memory (memory) ? GST_CUDA_MEMORY_CAST (memory)
                                               : NULL;
}

gboolean
nucseg_filter_cuda_adopt (
    GstNucsegFilter *self, GstBuffer *buffer, GError **error)
{
  GstCudaMemory *memory = get_memory (buffer);

  if (!memory || GST_OBJECT (memory->context) == self->session_cuda)
    return TRUE;
  nucseg_filter_drain (self);
  replace_context (self, gst_object_ref (GST_OBJECT (memory->context)));
  /* the output pool is of the old context still */
  gst_base_transform_reconfigure_src (GST_BASE_TRANSFORM (self));
  return move_session (self, error);
}

gboolean
nucseg_filter_cuda_map_flags (
    GstNucsegFilter *self, GstBuffer *buffer, GstMapFlags *flags)
{
  GstCudaMemory *memory = get_memory (buffer);

  if (!memory || GST_OBJECT (memory->context) != self->session_cuda
      || !nucseg_session_takes_memory (self->sessions[0], NUCSEG_MEMORY_CUDA))
    return FALSE;
  *flags |= GST_MAP_CUDA;
  return TRUE;
}

void
nucseg_filter_cuda_wait (GstBuffer *buffer)
{
#if GST_CHECK_VERSION(1, 24, 0)
  /* Who writes or reads it may do so in a stream of its own, or in the default
   * one: ours waits for neither. */
  GstCudaMemory *memory = get_memory (buffer);

  if (gst_cuda_memory_get_stream (memory)) {
    gst_cuda_memory_sync (memory);
  } else if (gst_cuda_context_push (memory->context)) {
    CuStreamSynchronize (NULL);
    gst_cuda_context_pop (NULL);
  }
#endif
}

gboolean
nucseg_filter_cuda_enter (GstNucsegFilter *self, GError **error)
{
  if (!self->session_cuda
      || gst_cuda_context_push (GST_CUDA_CONTEXT (self->session_cuda)))
    return TRUE;
  g_set_error_literal (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
      "the CUDA context of the frames can't be entered");
  return FALSE;
}

void
nucseg_filter_cuda_leave (GstNucsegFilter *self)
{
  if (self->session_cuda)
    gst_cuda_context_pop (NULL);
}

/* --- Pools ---------------------------------------------------------------- */

GstBufferPool *
nucseg_filter_cuda_pool_new (GstNucsegFilter *self)
{
  return gst_cuda_buffer_pool_new (GST_CUDA_CONTEXT (self->session_cuda));
}

gboolean
nucseg_filter_cuda_pool_fits (GstNucsegFilter *self, GstBufferPool *pool)
{
  return GST_IS_CUDA_BUFFER_POOL (pool)
      && GST_OBJECT (GST_CUDA_BUFFER_POOL (pool)->context)
      == self->session_cuda;
}

/* --- Asking and being asked ----------------------------------------------- */

void
nucseg_filter_cuda_set_context (GstNucsegFilter *self, GstContext *context)
{
  GstCudaContext *given = NULL;
  GstObject *unused;

  gst_cuda_handle_set_context (GST_ELEMENT (self), context, ANY_DEVICE, &given);
  unused = (GstObject *) given;
  GST_OBJECT_LOCK (self);
  /* the one that is there already has memory in it */
  if (!self->cuda)
    self->cuda = g_steal_pointer (&unused);
  GST_OBJECT_UNLOCK (self);
  gst_clear_object (&unused);
}

gboolean
nucseg_filter_cuda_query (GstNucsegFilter *self, GstQuery *query)
{
  GstObject *context;
  gboolean answered;

  GST_OBJECT_LOCK (self);
  context = self->cuda ? gst_object_ref (self->cuda) : NULL;
  GST_OBJECT_UNLOCK (self);
  answered = gst_cuda_handle_context_query (
      GST_ELEMENT (self), query, (GstCudaContext *) context);
  gst_clear_object (&context);
  return answered;
}
