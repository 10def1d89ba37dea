/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-support.h: what the tests of nucsegfilter with CUDA memory share. Frames
 * are NST_CUDA_WIDTH x NST_CUDA_HEIGHT. The GPU is host-driver.c with the
 * emulated back end, which count what is done to them; where libcuda.so.1 and
 * the module are the real ones (bench/gpu/pack takes the programs along), the
 * same frames go through a GPU, and nothing is counted.
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

/* nst_init(), then the device: the log of the back end that stands for the
 * GPU's, or on a real GPU one in which nothing is ever counted. Where there is
 * no GPU the program ends here: as skipped, or as failed where NUCSEG_REQUIRE
 * names cuda. */
EmulatedLog *nst_cuda_init (int *argc, char ***argv);
gboolean nst_is_emulated (void);
/* Of the driver in host memory; on a real GPU as nst_cuda_init()'s. */
const HostDriverLog *nst_driver_log (void);
/* For what only the emulation counts. */
#define nst_assert_count(a, cmp, b)                                            \
  G_STMT_START                                                                 \
  {                                                                            \
    if (nst_is_emulated ())                                                    \
      g_assert_cmpint (a, cmp, b);                                             \
  }                                                                            \
  G_STMT_END
/* Whether the test is one of what only the emulation can do, @why, and is
 * skipped on a real GPU. */
gboolean nst_needs_emulation (const gchar *why);

/* On a real GPU `auto` is `cuda`: the CPU, which auto falls back to, would pass
 * for it. */
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
