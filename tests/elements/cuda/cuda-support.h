/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-support.h: what the tests of nucsegfilter with CUDA memory share. Frames
 * are NST_CUDA_WIDTH x NST_CUDA_HEIGHT; the GPU is host-driver.c.
 */
#ifndef TESTS_ELEMENTS_CUDA_SUPPORT_H
#define TESTS_ELEMENTS_CUDA_SUPPORT_H

/* cuda.h and GStreamer's CUDA library */
#define GST_USE_UNSTABLE_API

#include "emulated-device.h"
#include "host-driver.h"
#include "support.h"

#include <gst/cuda/gstcudautils.h>

#define NST_CUDA_WIDTH 48
#define NST_CUDA_HEIGHT 32

/* Of the back end that stands for the GPU's. */
EmulatedLog *nst_open_emulated_log (void);

GstElement *nst_cuda_filter_new (const gchar *backend);

gchar *nst_cuda_caps (gboolean cuda, GstVideoFormat format);
/* Frame @n of the scene in CUDA memory of @context, uploaded. */
GstBuffer *
nst_cuda_frame_new (GstCudaContext *context, const GstVideoInfo *info, guint n);
gboolean nst_is_cuda (GstBuffer *buffer);
/* Not a reference. */
GstCudaContext *nst_cuda_context_of (GstBuffer *buffer);

/* Whether the first memory of @buffer, or of its label map, is page-locked. */
gboolean nst_is_pinned (GstBuffer *buffer);
gboolean nst_has_pinned_labels (GstBuffer *buffer);

GstCudaContext *nst_cuda_context_new (void);
/* As a neighbour or an application would. */
void nst_give_context (GstElement *filter, GstCudaContext *context);

/* Nothing is left of what a test did to the driver. */
void nst_assert_driver_clean (void);

#endif /* TESTS_ELEMENTS_CUDA_SUPPORT_H */
