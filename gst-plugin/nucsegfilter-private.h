/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-private.h: what the files of the element nucsegfilter share.
 *
 *   nucsegfilter.c        life: class, start and stop, events, queries
 *   nucsegfilter-session.c  model and back end of the settings
 *   nucsegfilter-props.c  properties: set and get
 *   nucsegfilter-specs.c  properties: what they are
 *   nucsegfilter-caps.c   formats and sizes
 *   nucsegfilter-memory.c   which buffers are proposed and allocated
 *   pinnedallocator.c     page-locked system memory for these
 *   nucsegfilter-cuda.c   CUDA memory and whose context (option gstcuda)
 *   nucsegfilter-primary.c  the GPU's primary context, where nobody has one
 *   nucsegfilter-frame.c  one frame's way
 *   nucsegfilter-stats.c  times and counts
 */
#ifndef NUCSEG_FILTER_PRIVATE_H
#define NUCSEG_FILTER_PRIVATE_H

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include "nucsegfilter.h"
#include "nucsegmeta-write.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (nucseg_filter_debug);
#define GST_CAT_DEFAULT nucseg_filter_debug

/* --- Settings (nucsegfilter-props.c, -specs.c)
 * ------------------------------------ */

/* Which session: takes effect at the next start. */
typedef struct {
  gchar *model;
  gint backend; /* of the enumeration GstNucsegBackend */
  NucsegPrecision precision;
  guint threads;
} NucsegSessionSettings;

/* May change from frame to frame. */
typedef struct {
  NucsegParams params;
  guint significant_bits;
  gboolean msb_aligned;
  guint interval;
  gboolean roi_meta;
} NucsegFrameSettings;

/* Whether frames are drawn on at all. */
static inline gboolean
nucseg_frame_settings_draws (const NucsegFrameSettings *settings)
{
  return settings->params.overlay != NUCSEG_OVERLAY_NONE
      || settings->params.draw_count;
}

void nucseg_filter_install_properties (GObjectClass *klass);
/* Defaults of everything; @self must be fresh. */
void nucseg_filter_init_settings (GstNucsegFilter *self);
/* "auto", "onednn", ... */
const gchar *nucseg_filter_backend_nick (gint backend);
/* Takes the object lock. */
void nucseg_filter_get_frame_settings (
    GstNucsegFilter *self, NucsegFrameSettings *settings);

/* --- Statistics (nucsegfilter-stats.c) ---------------------------------- */

#define NUCSEG_STATS_WINDOW                                                    \
  1000 /* frames that the percentiles look back on                             \
        */
/* Rows of times: the engine's stages, the whole element on all frames, and the
 * whole element on inferred frames alone, which the latency comes from. */
#define NUCSEG_STATS_ELEMENT NUCSEG_STAGE_LAST
#define NUCSEG_STATS_INFERRED (NUCSEG_STAGE_LAST + 1)
#define NUCSEG_STATS_ROWS (NUCSEG_STAGE_LAST + 2)

/* Under the object lock. */
typedef struct {
  guint64 frames, inferred;
  guint nuclei; /* in the last frame */
  /* Rings of microseconds; all but the element's count inferred frames. */
  guint32 us[NUCSEG_STATS_ROWS][NUCSEG_STATS_WINDOW];
  /* Of the running session, interned; NULL when there is none. */
  const gchar *model, *sha256, *backend, *precision;
  GstClockTime latency; /* as reported */
} NucsegStats;

/* All of these take the object lock. */
void nucseg_filter_stats_reset (GstNucsegFilter *self);
void nucseg_filter_stats_add (
    GstNucsegFilter *self, const NucsegMetaFacts *facts, guint64 element_ns);
GstStructure *nucseg_filter_stats_get (GstNucsegFilter *self);
/* Reports @latency from now on if it differs enough, with a message. */
void nucseg_filter_set_latency (GstNucsegFilter *self, GstClockTime latency);
GstClockTime nucseg_filter_get_latency (GstNucsegFilter *self);

/* --- Caps (nucsegfilter-caps.c) ------------------------------------------ */

void nucseg_filter_install_caps (GstNucsegFilterClass *klass);
/* The engine's name of @format; NUCSEG_FORMAT_LAST if it has none. */
NucsegFormat nucseg_filter_format (GstVideoFormat format);

/* --- Sessions (nucsegfilter-session.c) ----------------------------------- */

/* Makes self->session for the settings, or keeps the last one, with its plans,
 * if it was made for the same. FALSE with an error of the engine. */
gboolean nucseg_filter_begin_session (GstNucsegFilter *self, GError **error);
void nucseg_filter_end_session (GstNucsegFilter *self);
/* Plans of the session for @frame, and what a frame of it takes in
 * microseconds; another back end may have taken over. FALSE with an error of
 * the engine. */
gboolean nucseg_filter_warm_up (GstNucsegFilter *self, const NucsegFrame *frame,
    const NucsegParams *params, gint64 *took, GError **error);

/* --- Memory (nucsegfilter-memory.c) -------------------------------------- */

void nucseg_filter_install_memory (GstNucsegFilterClass *klass);

/* --- One frame (nucsegfilter-frame.c) ----------------------------------- */

void nucseg_filter_install_frame (GstNucsegFilterClass *klass);
/* The next frame is inferred, whatever the interval says. */
void nucseg_filter_forget_mask (GstNucsegFilter *self);

/* ------------------------------------------------------------------------ */

struct _GstNucsegFilter {
  GstBaseTransform parent;

  /* Under the object lock. */
  NucsegSessionSettings session_settings;
  NucsegFrameSettings frame_settings;
  NucsegStats stats;

  /* Owned by whoever changes the state, then by the streaming thread. */
  NucsegSession *session;
  gchar *session_key; /* the settings that made it */
  gboolean session_failed; /* not to be used for another start */
  GstObject *session_cuda; /* CUDA context of its plans, or NULL */
  GstObject *cuda; /* ours, or a neighbour's that was adopted, or NULL */
  NucsegMaskPool *pool;

  /* Streaming thread. */
  GstVideoInfo in_info, out_info;
  gboolean in_cuda, out_cuda; /* the caps' memory */
  gboolean downstream_video_meta;
  NucsegFrameSettings now; /* of the frame being worked on */
  gboolean draw; /* this frame's pixels are written */
  NucsegMetaFacts mask; /* the last inferred one; labels NULL: none */
  GstClockTime mask_pts;
  guint mask_age; /* frames since */
};

G_END_DECLS

#endif /* NUCSEG_FILTER_PRIVATE_H */
