/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-cuda.h: CUDA memory in nucsegfilter, and whose context it is in.
 * Without the option gstcuda nothing of it is there: caps hold system memory
 * alone, and the functions below do nothing.
 *
 * self->cuda is the context that a neighbour, the application or we have for
 * the pipeline; self->session_cuda the one that the session's plans and our
 * pools are in, which stays until they are freed. Whoever calls a session that
 * has one does so between enter and leave: the engine takes the calling
 * thread's context.
 */
#ifndef NUCSEG_FILTER_CUDA_H
#define NUCSEG_FILTER_CUDA_H

#include "nucsegfilter-private.h"

G_BEGIN_DECLS

#ifdef HAVE_GSTCUDA

#define NUCSEG_CUDA_FEATURE "memory:CUDAMemory"

/* Sets self->cuda: a neighbour's or the application's context, else the first
 * GPU's primary one, wrapped, which neighbours and application are then told
 * of. FALSE: there is no GPU, or it has no memory left
 * (nucsegfilter-primary.c). */
gboolean nucseg_filter_cuda_ensure (GstNucsegFilter *self);
/* Whether the session's is a primary context that one of ours has wrapped. */
gboolean nucseg_filter_cuda_is_primary (GstNucsegFilter *self);

/* A context, and a session that belongs to it: a new one where the last has
 * plans elsewhere. FALSE with NO_DEVICE where there is no driver or GPU, or
 * with an error of the new session. */
gboolean nucseg_filter_cuda_start (GstNucsegFilter *self, GError **error);
/* Gives our context back; the session is gone. */
void nucseg_filter_cuda_stop (GstNucsegFilter *self);

/* If the memory of @buffer is of another context than ours, takes over that
 * one, as nucseg_filter_cuda_start(), once the frames in work are out. */
gboolean nucseg_filter_cuda_adopt (
    GstNucsegFilter *self, GstBuffer *buffer, GError **error);

/* Whether the session can work on @buffer where it lies; *@flags gets what it
 * has to be mapped with. What it can't use is mapped into system memory. */
gboolean nucseg_filter_cuda_map_flags (
    GstNucsegFilter *self, GstBuffer *buffer, GstMapFlags *flags);
/* Once it is mapped so: until what its producer or the mapping has queued on
 * the GPU is done. */
void nucseg_filter_cuda_wait (GstBuffer *buffer);

/* The session's context, if it has one, becomes the thread's until it is left;
 * FALSE with DEVICE: then there is nothing to leave. */
gboolean nucseg_filter_cuda_enter (GstNucsegFilter *self, GError **error);
void nucseg_filter_cuda_leave (GstNucsegFilter *self);

/* A pool of our context; nucseg_filter_cuda_start() came before. */
GstBufferPool *nucseg_filter_cuda_pool_new (GstNucsegFilter *self);
/* Whether @pool makes CUDA memory of our context. */
gboolean
nucseg_filter_cuda_pool_fits (GstNucsegFilter *self, GstBufferPool *pool);

/* Of GstElementClass; any thread. */
void
nucseg_filter_cuda_set_context (GstNucsegFilter *self, GstContext *context);
/* Answers a CONTEXT query; FALSE: it is somebody else's to answer. */
gboolean nucseg_filter_cuda_query (GstNucsegFilter *self, GstQuery *query);

#else /* !HAVE_GSTCUDA */

static inline gboolean
nucseg_filter_cuda_start (GstNucsegFilter *self, GError **error)
{
  return TRUE;
}

static inline void
nucseg_filter_cuda_stop (GstNucsegFilter *self)
{
}

static inline gboolean
nucseg_filter_cuda_adopt (
    GstNucsegFilter *self, GstBuffer *buffer, GError **error)
{
  return TRUE;
}

static inline gboolean
nucseg_filter_cuda_map_flags (
    GstNucsegFilter *self, GstBuffer *buffer, GstMapFlags *flags)
{
  return FALSE;
}

static inline void
nucseg_filter_cuda_wait (GstBuffer *buffer)
{
}

static inline gboolean
nucseg_filter_cuda_enter (GstNucsegFilter *self, GError **error)
{
  return TRUE;
}

static inline void
nucseg_filter_cuda_leave (GstNucsegFilter *self)
{
}

static inline gboolean
nucseg_filter_cuda_is_primary (GstNucsegFilter *self)
{
  return FALSE;
}

static inline GstBufferPool *
nucseg_filter_cuda_pool_new (GstNucsegFilter *self)
{
  return gst_video_buffer_pool_new ();
}

static inline gboolean
nucseg_filter_cuda_pool_fits (GstNucsegFilter *self, GstBufferPool *pool)
{
  return TRUE;
}

static inline void
nucseg_filter_cuda_set_context (GstNucsegFilter *self, GstContext *context)
{
}

static inline gboolean
nucseg_filter_cuda_query (GstNucsegFilter *self, GstQuery *query)
{
  return FALSE;
}

#endif

G_END_DECLS

#endif /* NUCSEG_FILTER_CUDA_H */
