/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-private.h: what the files of the element nucsegfilter share.
 *
 *   nucsegfilter.c        life: class, start and stop, events, queries
 *   nucsegfilter-session.c  model and back end of the settings
 *   nucsegfilter-props.c  properties: set and get
 *   nucsegfilter-specs.c  properties: what they are; those of the session are
 *                         in nucsegfilter-session-specs.c
 *   nucsegfilter-caps.c   which formats and sizes become which
 *   nucsegfilter-set-caps.c  what they are set to: all made ready for frames
 *   nucsegfilter-memory.c   which buffers are proposed and allocated
 *   pinnedallocator.c     page-locked system memory for these
 *   nucsegfilter-cuda.c   CUDA memory and whose context (option gstcuda)
 *   nucsegfilter-primary.c  the GPU's primary context, where nobody has one
 *   nucsegfilter-frame.c  one frame's way
 *   nucsegfilter-map.c    buffers as frames of the engine
 *   nucsegfilter-limits.c settings that contradict each other
 *   nucsegfilter-jobs.c   several frames in work at once
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

#define NUCSEG_FILTER_PARENT_CLASS                                             \
  (GST_BASE_TRANSFORM_CLASS (                                                  \
      g_type_class_peek_parent (g_type_class_peek (GST_TYPE_NUCSEG_FILTER))))

/* Frames that may be in work at once. */
#define NUCSEG_MAX_DEPTH 4
/* Frames that tell how far apart frames come. */
#define NUCSEG_DISTANCES 8

/* --- Settings (nucsegfilter-props.c, -specs.c)
 * ------------------------------------ */

/* Which session: takes effect at the next start. */
typedef struct {
  gchar *model;
  gint backend; /* of the enumeration GstNucsegBackend */
  NucsegPrecision precision;
  guint threads;
  guint depth; /* pipeline-depth */
  guint batch; /* batch-streams */
  guint batch_deadline; /* microseconds */
} NucsegSessionSettings;

/* May change from frame to frame. */
typedef struct {
  NucsegParams params;
  guint significant_bits;
  gboolean msb_aligned;
  guint interval;
  gboolean roi_meta;
  gboolean analytics_meta; /* always FALSE without HAVE_ANALYTICS */
  guint asked_white; /* white_level of params is above black_level */
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
  guint64 batched; /* sum over inferred frames of those run together */
  guint nuclei; /* in the last frame */
  /* Rings of microseconds; all but the element's count inferred frames. */
  guint32 us[NUCSEG_STATS_ROWS][NUCSEG_STATS_WINDOW];
  /* Of the running session, interned; NULL when there is none. */
  const gchar *model, *sha256, *backend, *precision;
  GstClockTime latency; /* what a frame takes, as reported */
  guint held; /* frames that have to come before one goes out */
  GstClockTime frame_duration; /* 0: not known */
} NucsegStats;

/* All of these take the object lock. */
void nucseg_filter_stats_reset (GstNucsegFilter *self);
/* @batch: frames that were run together, where this one was inferred */
void nucseg_filter_stats_add (GstNucsegFilter *self,
    const NucsegMetaFacts *facts, guint batch, guint64 element_ns);
GstStructure *nucseg_filter_stats_get (GstNucsegFilter *self);
/* A frame takes @latency: reported from now on if it differs enough, with a
 * message. */
void nucseg_filter_set_latency (GstNucsegFilter *self, GstClockTime latency);
/* A frame waits until @held more have come, each @frame_duration after the
 * other (0: not known); a change is reported with a message. */
void nucseg_filter_set_held (
    GstNucsegFilter *self, guint held, GstClockTime frame_duration);
/* Both together; *@kept: the second by itself. */
GstClockTime
nucseg_filter_get_latency (GstNucsegFilter *self, GstClockTime *kept);

/* --- Caps (nucsegfilter-caps.c) ------------------------------------------ */

void nucseg_filter_install_caps (GstNucsegFilterClass *klass);
/* The engine's name of @format; NUCSEG_FORMAT_LAST if it has none. */
NucsegFormat nucseg_filter_format (GstVideoFormat format);
/* Whether caps with these are of CUDA memory; never without HAVE_GSTCUDA. */
gboolean nucseg_filter_is_cuda (const GstCapsFeatures *features);

/* --- Caps that are set (nucsegfilter-set-caps.c) -------------------------- */

void nucseg_filter_install_set_caps (GstNucsegFilterClass *klass);

/* --- Sessions (nucsegfilter-session.c) ----------------------------------- */

/* Makes self->sessions for the settings, self->depth of them, or keeps the last
 * ones, with their plans, if they were made for the same. FALSE with an error
 * of the engine. */
gboolean nucseg_filter_begin_session (GstNucsegFilter *self, GError **error);
void nucseg_filter_end_session (GstNucsegFilter *self);
/* Plans of all sessions for @frame, drawn in @shown (NULL: not drawn), and what
 * a frame of it takes in microseconds; another back end may have taken over,
 * and sessions that no longer have the back end of the first are gone. FALSE
 * with an error of the engine. */
gboolean nucseg_filter_warm_up (GstNucsegFilter *self, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, gint64 *took,
    GError **error);

/* --- Memory (nucsegfilter-memory.c) -------------------------------------- */

void nucseg_filter_install_memory (GstNucsegFilterClass *klass);
/* Where label maps for frames of self->in_info come from; once the sessions are
 * warm. @for_long: frames of other sizes aren't expected before long, so that
 * it pays to make maps that the back end's device writes where they lie. */
void nucseg_filter_prepare_masks (GstNucsegFilter *self, gboolean for_long);

/* --- One frame (nucsegfilter-frame.c) ----------------------------------- */

void nucseg_filter_install_frame (GstNucsegFilterClass *klass);
/* The next frame is inferred, whatever the interval says. */
void nucseg_filter_forget_mask (GstNucsegFilter *self);

/* A frame in work. Between begin and finish it is its worker's. */
typedef struct {
  GstBuffer *in, *out; /* the same where nothing has to be copied */
  NucsegFrameSettings settings;
  gboolean draw; /* this frame's pixels are written */
  gboolean reuse; /* of the last mask */
  gboolean gap; /* the frame before it was dropped */
  guint session; /* of self->sessions */
  GstVideoFrame in_map, out_map; /* buffer NULL: not mapped */
  NucsegFrame frame, shown;
  GstBuffer *labels; /* NULL: none are needed */
  GstMapInfo labels_map; /* memory NULL: not mapped */
  gint64 started, ended; /* microseconds */
  NucsegResult result;
  guint64 drawn_ns;
  GError *error;
  GQueue events; /* GstEvent that go out behind it */
  gboolean done; /* under jobs_lock */
} NucsegJob;

/* The frame of @job, whose buffers are given and whose settings
 * prepare_output_buffer() took: mapped, and all decided that depends on the
 * frames before. FALSE: an error was posted, nothing is left to release. */
gboolean nucseg_job_begin (GstNucsegFilter *self, NucsegJob *job);
/* Computes; any thread. */
void nucseg_job_run (GstNucsegFilter *self, NucsegJob *job);
/* Unmaps, and attaches what was found. FALSE: an error was posted. In either
 * case the buffers are the caller's to give away. */
gboolean nucseg_job_finish (GstNucsegFilter *self, NucsegJob *job);
/* In place of finish: nothing comes of this frame. */
void nucseg_job_release (NucsegJob *job);

/* --- Mapping (nucsegfilter-map.c) ----------------------------------------- */

/* Maps @buffer, which has to be what @info says and stays the caller's, and
 * describes it. FALSE: an error was posted. */
gboolean
nucseg_filter_map (GstNucsegFilter *self, const NucsegFrameSettings *settings,
    const GstVideoInfo *info, GstBuffer *buffer, GstMapFlags flags,
    GstVideoFrame *mapped, NucsegFrame *frame);
/* If it is mapped. */
void nucseg_filter_unmap (GstVideoFrame *mapped);

/* --- Contradictions (nucsegfilter-limits.c) ------------------------------- */

/* Warns once of settings by which a frame, inferred at @scale, can't show what
 * it should; again when they have been right meanwhile. */
void nucseg_filter_check_limits (
    GstNucsegFilter *self, const NucsegFrameSettings *settings, gdouble scale);

/* --- Frames in work (nucsegfilter-jobs.c): in the streaming thread -------- */

void nucseg_filter_install_jobs (GstNucsegFilterClass *klass);
gboolean nucseg_filter_start_workers (GstNucsegFilter *self, GError **error);
/* Drops what is in work. */
void nucseg_filter_stop_workers (GstNucsegFilter *self);
/* The one that the next frame gets. */
NucsegJob *nucseg_filter_next_job (GstNucsegFilter *self);
/* Finishes all frames in work and pushes them; what downstream says to it is
 * returned with the next buffer. */
void nucseg_filter_drain (GstNucsegFilter *self);
/* Takes @event, to go out behind the frames in work; FALSE, and not taken,
 * where there is none. */
gboolean nucseg_filter_defer_event (GstNucsegFilter *self, GstEvent *event);
/* Waits for all frames in work; none is pushed. */
void nucseg_filter_drop_jobs (GstNucsegFilter *self);
/* For the latency; @buffer: (nullable): the frame that came, NULL: other caps
 * did. */
void nucseg_filter_note_depth (GstNucsegFilter *self,
    const NucsegFrameSettings *settings, const GstBuffer *buffer);

/* ------------------------------------------------------------------------ */

struct _GstNucsegFilter {
  GstBaseTransform parent;

  /* Under the object lock. */
  NucsegSessionSettings session_settings;
  NucsegFrameSettings frame_settings;
  NucsegStats stats;

  /* Owned by whoever changes the state, then by the streaming thread. */
  guint depth; /* as it was at the start */
  NucsegSession *sessions[NUCSEG_MAX_DEPTH];
  guint n_sessions; /* at most depth */
  gchar *session_key; /* the settings that made them */
  gchar *session_file; /* which file the model was read from, and of when */
  guint64 batch_wait; /* microseconds, of the sessions' frames for others */
  gboolean session_failed; /* not to be used for another start */
  GstObject *session_cuda; /* CUDA context of their plans, or NULL */
  GstObject *cuda; /* ours, or a neighbour's that was adopted, or NULL */
  NucsegMaskPool *pool;
  GstAllocator *pinned_allocator; /* of the sessions' back end, or NULL */

  /* Streaming thread. */
  GstVideoInfo in_info, out_info;
  gboolean in_cuda, out_cuda; /* the caps' memory */
  gboolean downstream_video_meta;
  NucsegJob jobs[NUCSEG_MAX_DEPTH]; /* a ring */
  guint oldest, in_work;
  guint turn; /* session of the next frame */
  GstFlowReturn flow; /* what the next buffer is answered with */
  gboolean gap; /* frames were dropped since the last one in work */
  guint64 n_pushed; /* frames of several in work, since the last flush */
  guint contradictions; /* bits of what was warned of */
  GstClockTime distances[NUCSEG_DISTANCES]; /* of time stamps; a ring */
  guint n_distances; /* ever, since the last break */
  GstClockTime last_pts;
  GstClockTime frame_duration; /* that is reckoned with; 0: not known */
  NucsegMetaFacts mask; /* the last inferred one; labels NULL: none */
  GstClockTime mask_pts;
  guint mask_age; /* frames since */
  guint mask_session; /* that it was inferred by */

  GThreadPool *workers; /* NULL: the streaming thread does it all */
  GMutex jobs_lock;
  GCond jobs_done;
};

G_END_DECLS

#endif /* NUCSEG_FILTER_PRIVATE_H */
