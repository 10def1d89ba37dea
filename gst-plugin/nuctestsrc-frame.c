/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-frame.c: one frame of nuctestsrc: which one is due, simulation,
 * scene, camera, truth, in this order.
 */
#include "nuctestsrc-private.h"
#include "nuctestsrc-truth.h"

#define MOST_CATCHING_UP (G_USEC_PER_SEC / 5)

GstClockTime
nuc_test_src_frame_time (NucTestSrc *self, guint64 n)
{
  return self->base_time
      + gst_util_uint64_scale (n - self->base_frame,
          (guint64) self->info.fps_d * GST_SECOND, (guint64) self->info.fps_n);
}

void
nuc_test_src_drop_picture (NucTestSrc *self)
{
  g_clear_pointer (&self->sim, nuc_sim_free);
  g_clear_pointer (&self->scene, nuc_scene_free);
  g_clear_pointer (&self->camera, nuc_camera_free);
}

/* Live: moves on to the frame that the clock shows, if the next one's time is
 * over. Returns how many frames were lost. */
static guint64
skip_late (NucTestSrc *self)
{
  GstBaseSrc *base = GST_BASE_SRC (self);
  GstClock *clock;
  GstClockTime now, base_time;
  guint64 due, lost;
  gboolean wanted;

  GST_OBJECT_LOCK (self);
  wanted = self->skip_late;
  clock = GST_ELEMENT_CLOCK (self);
  if (clock != NULL)
    gst_object_ref (clock);
  base_time = GST_ELEMENT_CAST (self)->base_time;
  GST_OBJECT_UNLOCK (self);
  if (clock == NULL)
    return 0;
  now = gst_clock_get_time (clock);
  gst_object_unref (clock);
  if (!wanted || !gst_base_src_is_live (base) || now < base_time
      || now - base_time <= self->base_time)
    return 0;
  due = self->base_frame
      + gst_util_uint64_scale (now - base_time - self->base_time,
          (guint64) self->info.fps_n, (guint64) self->info.fps_d * GST_SECOND);
  if (due < self->frame + NUC_CAMERA_BUFFERS)
    return 0;
  lost = due - self->frame;
  self->frame = due;
  return lost;
}

static void
post_qos (NucTestSrc *self, GstClockTime time, GstClockTime duration)
{
  GstMessage *message =
      gst_message_new_qos (GST_OBJECT (self), TRUE, time, time, time, duration);

  gst_message_set_qos_stats (
      message, GST_FORMAT_BUFFERS, self->n_pushed, self->n_skipped);
  gst_element_post_message (GST_ELEMENT (self), message);
}

/* The frame that the simulation has reached is shown in place of the one that
 * is due. */
static void
fall_behind (NucTestSrc *self)
{
  const guint64 reached = nuc_sim_get_frame (self->sim);

  GST_WARNING_OBJECT (self,
      "simulating takes longer than a frame lasts: frame %" G_GUINT64_FORMAT
      " is shown when %" G_GUINT64_FORMAT " is due",
      reached, self->frame);
  self->base_time = nuc_test_src_frame_time (self, self->frame);
  self->base_frame = self->frame = reached;
}

/* Brings the simulation to the frame that is due; after @lost ones for a while
 * only: where a step takes longer than a frame lasts, each catching up would
 * take longer than the one before, and no frame ever come. */
static GstFlowReturn
simulate (NucTestSrc *self, guint64 lost)
{
  const gint64 end = g_get_monotonic_time () + MOST_CATCHING_UP;

  if (self->sim != NULL && nuc_sim_get_frame (self->sim) > self->frame)
    g_clear_pointer (&self->sim, nuc_sim_free);
  if (self->sim == NULL) {
    self->config.width = self->info.width;
    self->config.height = self->info.height;
    self->sim = nuc_sim_new (&self->config);
  }
  if (self->scene == NULL) {
    self->scene =
        nuc_scene_new (self->info.width, self->info.height, self->config.seed);
    self->camera = nuc_camera_new (self->info.width, self->info.height,
        nuc_sim_get_diameter (self->sim), self->config.seed);
  }
  while (nuc_sim_get_frame (self->sim) < self->frame) {
    if (g_atomic_int_get (&self->flushing))
      return GST_FLOW_FLUSHING;
    if (lost > 0 && g_get_monotonic_time () > end) {
      fall_behind (self);
      break;
    }
    nuc_sim_step (self->sim);
  }
  return GST_FLOW_OK;
}

/* Which nucleus of the simulation each label of the scene is; NULL: none. */
static GstBuffer *
tracks_of (const NucScene *scene, const NucNucleus *nuclei, guint n_nuclei,
    guint n_labels)
{
  const gsize size = n_labels * sizeof (NucsegTrack);
  NucsegTrack *tracks = n_labels > 0 ? g_malloc (size) : NULL;

  for (guint i = 0; i < n_nuclei; i++) {
    const guint label = nuc_scene_get_label (scene, i);

    if (label > 0)
      tracks[label - 1] =
          (NucsegTrack){ .id = nuclei[i].id, .mother = nuclei[i].mother };
  }
  return tracks ? gst_buffer_new_wrapped (tracks, size) : NULL;
}

/* Draws the frame and attaches the truth. */
static GstFlowReturn
draw (NucTestSrc *self, GstBuffer *buffer)
{
  NucsegMetaFacts facts = { 0 };
  NucExposure exposure;
  GstVideoFrame frame;
  GstMapInfo map;
  const NucNucleus *nuclei;
  guint n_nuclei, bits;
  gboolean wide =
      GST_VIDEO_INFO_FORMAT (&self->info) == GST_VIDEO_FORMAT_GRAY16_LE;
  guint16 *labels;

  GST_OBJECT_LOCK (self);
  exposure = self->exposure;
  bits = wide ? self->significant_bits : 8;
  GST_OBJECT_UNLOCK (self);

  facts.width = self->info.width;
  facts.height = self->info.height;
  facts.labels =
      nucseg_mask_pool_labels (self->pool, facts.width, facts.height);
  if (facts.labels == NULL
      || !gst_buffer_map (facts.labels, &map, GST_MAP_WRITE)) {
    gst_clear_buffer (&facts.labels);
    GST_ELEMENT_ERROR (self, RESOURCE, NO_SPACE_LEFT, (NULL),
        ("no memory for a label map of %d x %d", facts.width, facts.height));
    return GST_FLOW_ERROR;
  }
  if (!gst_video_frame_map (&frame, &self->info, buffer, GST_MAP_WRITE)) {
    gst_buffer_unmap (facts.labels, &map);
    gst_buffer_unref (facts.labels);
    GST_ELEMENT_ERROR (self, RESOURCE, WRITE, (NULL),
        ("the buffer of a frame can't be written"));
    return GST_FLOW_ERROR;
  }

  labels = (guint16 *) (gpointer) map.data;
  nuclei = nuc_sim_get_nuclei (self->sim, &n_nuclei);
  facts.n_objects = nuc_scene_draw (self->scene, nuclei, n_nuclei, labels);
  nuc_camera_expose (self->camera, self->scene, &exposure, self->frame, bits,
      wide, GST_VIDEO_FRAME_PLANE_DATA (&frame, 0),
      (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0));
  g_array_set_size (self->objects, facts.n_objects);
  nuc_truth_measure (labels, facts.width, facts.height,
      GST_VIDEO_FRAME_PLANE_DATA (&frame, 0),
      (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0), wide, facts.n_objects,
      (NucsegObject *) (gpointer) self->objects->data);
  gst_video_frame_unmap (&frame);
  gst_buffer_unmap (facts.labels, &map);

  facts.objects = nucseg_mask_pool_objects (self->pool,
      (const NucsegObject *) (gpointer) self->objects->data, facts.n_objects);
  facts.tracks = tracks_of (self->scene, nuclei, n_nuclei, facts.n_objects);
  nucseg_meta_attach (buffer, NUCSEG_TRUTH_META_NAME, &facts);
  gst_buffer_unref (facts.labels);
  gst_clear_buffer (&facts.objects);
  gst_clear_buffer (&facts.tracks);
  return GST_FLOW_OK;
}

GstFlowReturn
nuc_test_src_fill (GstPushSrc *push, GstBuffer *buffer)
{
  NucTestSrc *self = NUC_TEST_SRC (push);
  gboolean still = self->info.fps_n == 0;
  GstFlowReturn flow;
  guint64 lost = 0;

  if (GST_VIDEO_INFO_FORMAT (&self->info) == GST_VIDEO_FORMAT_UNKNOWN)
    return GST_FLOW_NOT_NEGOTIATED;
  /* a rate of 0/1 is a still picture */
  if (still && self->frame > 0)
    return GST_FLOW_EOS;
  if (!still)
    lost = skip_late (self);

  GST_BUFFER_PTS (buffer) =
      still ? 0 : nuc_test_src_frame_time (self, self->frame);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = still
      ? GST_CLOCK_TIME_NONE
      : nuc_test_src_frame_time (self, self->frame + 1)
          - GST_BUFFER_PTS (buffer);
  if (lost > 0) {
    self->n_skipped += lost;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    GST_LOG_OBJECT (self, "%" G_GUINT64_FORMAT " frames lost", lost);
    post_qos (self, GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer));
  }
  gst_object_sync_values (GST_OBJECT (self), GST_BUFFER_PTS (buffer));

  flow = simulate (self, lost);
  if (flow == GST_FLOW_OK)
    flow = draw (self, buffer);
  if (flow == GST_FLOW_OK) {
    GST_BUFFER_OFFSET (buffer) = self->frame;
    GST_BUFFER_OFFSET_END (buffer) = ++self->frame;
    self->n_pushed++;
  }
  return flow;
}
