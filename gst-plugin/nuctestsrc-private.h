/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-private.h: what the files of the element nuctestsrc share.
 */
#ifndef NUCTESTSRC_PRIVATE_H
#define NUCTESTSRC_PRIVATE_H

#include <gst/video/video.h>

#include "nucsegmeta-write.h"
#include "nuctestsrc.h"
#include "nuctestsrc-camera.h"
#include "nuctestsrc-sim.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (nuc_test_src_debug);
#define GST_CAT_DEFAULT nuc_test_src_debug

/* Frames that are there for a program that is late, as a camera's driver has
 * buffers for them. */
#define NUC_CAMERA_BUFFERS 4

struct _NucTestSrc {
  GstPushSrc parent;

  /* properties, under the object lock; the population is copied at start */
  NucSimConfig population;
  NucExposure exposure;
  guint significant_bits;
  gboolean skip_late;

  /* the stream, of the streaming thread */
  GstVideoInfo info;
  NucSimConfig config;
  NucSim *sim;
  NucScene *scene;
  NucCamera *camera;
  NucsegMaskPool *pool;
  GArray *objects; /* of NucsegObject */
  guint64 frame; /* the next one */
  guint64 base_frame; /* first frame of these caps, */
  GstClockTime base_time; /* and its time */
  guint64 n_pushed, n_skipped;

  gint flushing; /* atomic */
};

/* nuctestsrc-properties.c */
void nuc_test_src_install_properties (GObjectClass *klass);
void nuc_test_src_init_properties (NucTestSrc *self);

/* nuctestsrc-frame.c */

/* Time of frame @n in this stream; the rate must not be 0. */
GstClockTime nuc_test_src_frame_time (NucTestSrc *self, guint64 n);
/* Frees all that belongs to the size of the picture. */
void nuc_test_src_drop_picture (NucTestSrc *self);
/* The fill function of GstPushSrc. */
GstFlowReturn nuc_test_src_fill (GstPushSrc *push, GstBuffer *buffer);

G_END_DECLS

#endif /* NUCTESTSRC_PRIVATE_H */
