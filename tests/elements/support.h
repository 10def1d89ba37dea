/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * support.h: what the tests of elements share: a GStreamer with only the
 * plug-ins they need, a model whose labels are known without running it, and
 * frames drawn to suit.
 */
#ifndef TESTS_ELEMENTS_SUPPORT_H
#define TESTS_ELEMENTS_SUPPORT_H

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "nucsegmeta.h"

G_BEGIN_DECLS

/* Starts g_test and GStreamer, and writes the models into a folder of its own,
 * which NUCSEG_MODEL_PATH then names. nst_run() runs all tests and clears up.
 */
void nst_init (int *argc, char ***argv);
int nst_run (void);

/* Whether there is no such element; the test then counts as skipped. */
gboolean nst_lacks (const gchar *element);

/* The folder of the models. "affine": foreground logit 10 (x - 1/2) with x the
 * grey value over its maximum, 4-connected components, takes either polarity:
 * whatever is brighter than one half is nucleus. "affine-bright": the same,
 * but expects bright nuclei. */
const gchar *nst_folder (void);

/* A nucsegfilter with model=affine backend=reference, then the properties
 * given, up to NULL. Floating, as gst_element_factory_make's. */
GstElement *
nst_filter_new (const gchar *first_property, ...) G_GNUC_NULL_TERMINATED;

/* A running harness of @filter (taken); NULL caps: to be set later. */
GstHarness *nst_harness_new (GstElement *filter, const gchar *sink_caps);

/* How grey values lie in the samples of a frame. */
typedef struct {
  guint bits; /* of 16-bit formats; 0: 16 */
  gboolean msb;
  gint padding; /* bytes more than a row takes, with a GstVideoMeta */
} NstLayout;

/* A frame of @info with the scene on it, time stamp @n x 40 ms. Grey formats,
 * packed colours (grey) and YUV. NULL layout: 16 bits, no padding. */
GstBuffer *
nst_frame_new (const GstVideoInfo *info, guint n, const NstLayout *layout);
/* The same with nothing on it. */
GstBuffer *nst_empty_frame_new (const GstVideoInfo *info, guint n);

/* Video info of @format at @width x @height. */
GstVideoInfo nst_info (GstVideoFormat format, gint width, gint height);
/* Caps of it, 25 frames a second; free the string. */
gchar *nst_caps (GstVideoFormat format, gint width, gint height);

/* What has come out of a harness. */
GstVideoFormat nst_out_format (GstHarness *h);

/* The largest grey value of frames of @format, of 16 bits if need be. */
guint nst_max (GstVideoFormat format);

/* The scene: rectangles of even brightness, in order of their labels. */
typedef struct {
  gint x, y, width, height;
  guint value; /* of 255 */
} NstRect;
guint nst_scene (gint width, gint height, NstRect rects[3]);

/* Asserts that the NucsegMeta of @buffer is the scene at @width x @height, with
 * all that the table says; @max is the largest grey value. */
void nst_assert_scene (GstBuffer *buffer, gint width, gint height, guint max);

void nst_assert_same_bytes (GstBuffer *a, GstBuffer *b);
/* Asserts a NucsegMeta with no nuclei. */
void nst_assert_empty (GstBuffer *buffer, gint width, gint height);

/* Fields of the NucsegMeta of @buffer; asserted to be there. */
gboolean nst_inferred (GstBuffer *buffer);
guint64 nst_age (GstBuffer *buffer, guint *frames);

/* Pushes @buffer and pulls what comes out; asserts that both work. */
GstBuffer *nst_push_and_pull (GstHarness *h, GstBuffer *buffer);

/* The first error on the bus of @pipeline; asserted to come, and freed by the
 * caller. @element (nullable) gets the name of who posted it. */
GError *nst_wait_error (GstElement *pipeline, gchar **element);

G_END_DECLS

#endif /* TESTS_ELEMENTS_SUPPORT_H */
