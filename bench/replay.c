/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * replay.c: see replay.h.
 */
#include "bench/replay.h"

#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>

#define LEAST 4
#define MOST_PIXELS (64 << 20) /* of all frames together */
#define CAMERA_BUFFERS                                                         \
  4 /* frames that wait in a camera, as in nuctestsrc's                        \
     */

struct _BenchFrames {
  GstVideoInfo info;
  GstCaps *caps;
  GPtrArray *buffers; /* at least one */
};

static gint stopped;

void
bench_replay_stop (void)
{
  g_atomic_int_set (&stopped, TRUE);
}

gboolean
bench_replay_is_stopped (void)
{
  return g_atomic_int_get (&stopped);
}

/* --- Drawing ------------------------------------------------------------ */

/* In the streaming thread. */
static void
take_frame (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer data)
{
  BenchFrames *frames = data;

  if (!frames->caps)
    frames->caps = gst_pad_get_current_caps (pad);
  /* Without the truth, which no camera knows: metas are copied. */
  g_ptr_array_add (frames->buffers,
      gst_buffer_copy_region (
          buffer, GST_BUFFER_COPY_MEMORY | GST_BUFFER_COPY_DEEP, 0, -1));
}

static gboolean
draw (GstElement *pipeline, BenchFrames *frames, GError **error)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (pipeline), "store");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  g_signal_connect (sink, "handoff", G_CALLBACK (take_frame), frames);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, error, NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (*error)
    return FALSE;
  if (frames->caps && gst_video_info_from_caps (&frames->info, frames->caps))
    return TRUE;
  g_set_error_literal (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
      "nuctestsrc drew no frame of video");
  return FALSE;
}

BenchFrames *
bench_frames_new (
    const gchar *format, const gchar *size, guint n, GError **error)
{
  const guint64 side = g_ascii_strtoull (size, NULL, 10);
  const guint64 most = MOST_PIXELS / MAX (1, side * side);
  g_autofree gchar *line = g_strdup_printf (
      "nuctestsrc is-live=false num-buffers=%u ! "
      "video/x-raw,format=GRAY8,width=%s,height=%s ! videoconvert ! "
      "video/x-raw,format=%s ! fakesink name=store sync=false "
      "signal-handoffs=true",
      (guint) MIN (n, MAX (LEAST, most)), size, size, format);
  g_autoptr (GstElement) pipeline = NULL;
  BenchFrames *frames = g_new0 (BenchFrames, 1);
  GError *failure = NULL;

  frames->buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  pipeline = gst_parse_launch (line, &failure);
  if (pipeline && !failure && draw (pipeline, frames, &failure))
    return frames;
  g_propagate_error (error, failure);
  bench_frames_free (frames);
  return NULL;
}

void
bench_frames_free (BenchFrames *frames)
{
  if (!frames)
    return;
  g_ptr_array_unref (frames->buffers);
  gst_clear_caps (&frames->caps);
  g_free (frames);
}

/* --- Playing ------------------------------------------------------------ */

typedef struct {
  GstPushSrc parent;
  BenchFrames *frames;
  guint64 n; /* number of the next frame */
  guint offset; /* of the drawn frame that number 0 shows */
  /* of a camera: */
  gint rate; /* frames a second; 0: as fast as they are taken */
  guint64 n_wanted, first; /* the numbers first, ..., first + n_wanted - 1 */
  gboolean started; /* first is known */
} BenchReplay;

typedef struct {
  GstPushSrcClass parent;
} BenchReplayClass;

static GType bench_replay_get_type (void);
G_DEFINE_TYPE (BenchReplay, bench_replay, GST_TYPE_PUSH_SRC)

static GstCaps *
get_caps (GstBaseSrc *base, GstCaps *filter)
{
  BenchReplay *self = (BenchReplay *) base;
  GstCaps *caps;

  if (!self->frames) /* it is being linked */
    return gst_pad_get_pad_template_caps (GST_BASE_SRC_PAD (base));
  if (self->rate == 0)
    return gst_caps_ref (self->frames->caps);
  caps = gst_caps_copy (self->frames->caps);
  gst_caps_set_simple (
      caps, "framerate", GST_TYPE_FRACTION, self->rate, 1, NULL);
  return caps;
}

/* The pool that is proposed, or one of ordinary memory. */
static gboolean
decide_allocation (GstBaseSrc *base, GstQuery *query)
{
  BenchReplay *self = (BenchReplay *) base;
  const gboolean proposed = gst_query_get_n_allocation_pools (query) > 0;
  guint size = 0, min = 0, max = 0;
  GstBufferPool *pool = NULL;
  GstStructure *config;
  GstCaps *caps;

  gst_query_parse_allocation (query, &caps, NULL);
  if (proposed)
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  if (!pool)
    pool = gst_video_buffer_pool_new ();
  size = MAX (size, (guint) self->frames->info.size);
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
    gst_buffer_pool_config_add_option (
        config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config (pool, config);
  if (proposed)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);
  return GST_BASE_SRC_CLASS (bench_replay_parent_class)
      ->decide_allocation (base, query);
}

/* When a frame is taken, in running time. */
static GstClockTime
get_time (const BenchReplay *self, guint64 n)
{
  return gst_util_uint64_scale (
      n, GST_SECOND, self->rate > 0 ? (guint64) self->rate : 30);
}

/* A camera's frames are there when the clock says so, not before. */
static void
get_times (
    GstBaseSrc *base, GstBuffer *buffer, GstClockTime *start, GstClockTime *end)
{
  const BenchReplay *self = (BenchReplay *) base;

  *start = self->rate > 0 ? GST_BUFFER_PTS (buffer) : GST_CLOCK_TIME_NONE;
  *end = GST_CLOCK_TIME_NONE;
}

/* A camera doesn't wait: what nobody took until its buffers were full is lost.
 */
static void
skip_late (BenchReplay *self)
{
  g_autoptr (GstClock) clock = gst_element_get_clock (GST_ELEMENT (self));
  const GstClockTime base = gst_element_get_base_time (GST_ELEMENT (self));
  const GstClockTime now = clock ? gst_clock_get_time (clock) : base;
  guint64 due;

  if (now <= base)
    return;
  due = gst_util_uint64_scale (now - base, (guint64) self->rate, GST_SECOND);
  if (!self->started || due >= self->n + CAMERA_BUFFERS)
    self->n = MAX (self->n, due);
}

/* FALSE where it has played what it should. */
static gboolean
move_on (BenchReplay *self)
{
  if (bench_replay_is_stopped ())
    return FALSE;
  if (self->rate == 0)
    return TRUE;
  skip_late (self);
  if (!self->started)
    self->first = self->n;
  self->started = TRUE;
  return self->n < self->first + self->n_wanted;
}

static GstFlowReturn
fill (GstPushSrc *source, GstBuffer *buffer)
{
  BenchReplay *self = (BenchReplay *) source;
  BenchFrames *frames = self->frames;
  GstBuffer *drawn;
  GstVideoFrame from, to;
  gboolean ok;

  if (!move_on (self))
    return GST_FLOW_EOS;
  drawn = g_ptr_array_index (frames->buffers,
      (guint) ((self->offset + self->n) % frames->buffers->len));
  if (!gst_video_frame_map (&to, &frames->info, buffer, GST_MAP_WRITE))
    return GST_FLOW_ERROR;
  ok = gst_video_frame_map (&from, &frames->info, drawn, GST_MAP_READ);
  if (ok) {
    ok = gst_video_frame_copy (&to, &from);
    gst_video_frame_unmap (&from);
  }
  gst_video_frame_unmap (&to);
  GST_BUFFER_OFFSET (buffer) = self->n;
  GST_BUFFER_PTS (buffer) = get_time (self, self->n++);
  GST_BUFFER_DURATION (buffer) =
      get_time (self, self->n) - GST_BUFFER_PTS (buffer);
  return ok ? GST_FLOW_OK : GST_FLOW_ERROR;
}

static void
bench_replay_class_init (BenchReplayClass *klass)
{
  static GstStaticPadTemplate template = GST_STATIC_PAD_TEMPLATE (
      "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));

  gst_element_class_add_static_pad_template (
      GST_ELEMENT_CLASS (klass), &template);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Frames again and again", "Source/Video", "For benchmarks", "nucseg");
  GST_BASE_SRC_CLASS (klass)->get_caps = get_caps;
  GST_BASE_SRC_CLASS (klass)->get_times = get_times;
  GST_BASE_SRC_CLASS (klass)->decide_allocation = decide_allocation;
  GST_PUSH_SRC_CLASS (klass)->fill = fill;
}

static void
bench_replay_init (BenchReplay *self)
{
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}

void
bench_replay_set_frames (GstElement *element, BenchFrames *frames)
{
  ((BenchReplay *) element)->frames = frames;
  gst_base_src_set_blocksize (
      GST_BASE_SRC (element), (guint) frames->info.size);
}

void
bench_replay_set_camera (
    GstElement *element, gint rate, guint64 n_frames, guint offset)
{
  BenchReplay *self = (BenchReplay *) element;

  self->rate = rate;
  self->n_wanted = n_frames;
  self->offset = offset;
  gst_base_src_set_live (GST_BASE_SRC (element), TRUE);
}

gboolean
bench_replay_register (void)
{
  return gst_element_register (
      NULL, "benchreplay", GST_RANK_NONE, bench_replay_get_type ());
}
