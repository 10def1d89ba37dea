/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch.c: `nucseg watch`: nuclei in a stream, on the screen or into a file.
 */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <gst/pbutils/pbutils.h>

#include <nucseg.h>

typedef struct {
  ToolWatchOptions o;
  ToolSourceKind kind;
  ToolFrames frames;
  GstElement *pipeline;
  GstElement *intake; /* the queue before the network */
  GMainLoop *loop;
  guint signals; /* how often the user asked to end */
  gchar *missing; /* what a plug-in is missing for */
  GError *error;
} Watch;

/* --- The pipeline ------------------------------------------------------- */

/* Without a grey format: from grey frames the element makes colour. */
static GstElement *
make_colour_caps (GError **error)
{
  GstElement *filter = tool_element_new ("capsfilter", error);
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "video/x-raw, format = (string) { BGRx, RGBx, xRGB, xBGR, BGRA, RGBA, "
      "RGB, BGR, NV12, I420 }");

  if (filter)
    g_object_set (filter, "caps", caps, NULL);
  return filter;
}

/* From the source to colour frames with their overlay. */
static GstElement *
add_network (Watch *w, GstElement *from, GError **error)
{
  GstBin *bin = GST_BIN (w->pipeline);
  GstElement *filter, *colour = NULL;

  w->intake = tool_element_new ("queue", error);
  if (w->intake)
    gst_bin_add (bin, w->intake);
  filter = w->intake ? tool_filter_new (&w->o.model, error) : NULL;
  if (filter) {
    gst_bin_add (bin, filter);
    colour = make_colour_caps (error);
  }
  if (!colour)
    return NULL;
  gst_bin_add (bin, colour);
  gst_util_set_object_arg (
      G_OBJECT (filter), "overlay", w->o.overlay ? w->o.overlay : "contour");
  g_object_set (filter, "draw-count", !w->o.no_count, NULL);
  if (!gst_element_link_many (from, w->intake, filter, colour, NULL)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the source can't be linked to nucsegfilter");
    return NULL;
  }
  tool_frames_attach (&w->frames, w->pipeline, filter);
  return colour;
}

static gboolean
add_outputs (Watch *w, GstElement *from, GError **error)
{
  GstBin *bin = GST_BIN (w->pipeline);
  gboolean window = !w->o.record || w->o.sink;

  if (w->o.record && window) {
    GstElement *tee = tool_element_new ("tee", error);

    if (!tee)
      return FALSE;
    gst_bin_add (bin, tee);
    gst_element_link (from, tee);
    from = tee;
  }
  if (w->o.record && !tool_sink_add_recorder (bin, from, &w->o, error))
    return FALSE;
  return !window || tool_sink_add_window (bin, from, &w->o, error);
}

static gboolean
build (Watch *w, GError **error)
{
  GstElement *from;
  gboolean still = !w->o.record && w->o.frames == 0;

  w->pipeline = gst_pipeline_new (NULL);
  from = tool_source_add (GST_BIN (w->pipeline), w->kind, &w->o, still, error);
  if (from)
    from = add_network (w, from, error);
  return from && add_outputs (w, from, error);
}

/* What waits in front of the network. A recording must not lose a frame, so
 * there the queue is long and a full one holds the source; a live window must
 * not fall behind, so there old frames make room for new ones. */
static void
set_intake (Watch *w)
{
  gboolean lose = w->frames.live && !w->o.record;

  g_object_set (w->intake, "max-size-time", G_GUINT64_CONSTANT (0),
      "max-size-buffers",
      lose                 ? 1
          : w->frames.live ? 0
                           : 4,
      "max-size-bytes", w->frames.live && !lose ? 256u << 20 : 0, NULL);
  gst_util_set_object_arg (
      G_OBJECT (w->intake), "leaky", lose ? "downstream" : "no");
}

/* --- Running ------------------------------------------------------------ */

static gboolean
on_give_up (gpointer user_data)
{
  Watch *w = user_data;

  tool_message ("the source does not end; a recording may be cut short");
  g_main_loop_quit (w->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_source_is_silent (gpointer user_data)
{
  Watch *w = user_data;

  gst_element_send_event (w->pipeline, gst_event_new_eos ());
  g_timeout_add_seconds (5, on_give_up, w);
  return G_SOURCE_REMOVE;
}

static gboolean
on_signal (gpointer user_data)
{
  Watch *w = user_data;

  if (w->signals++ > 0) {
    g_main_loop_quit (w->loop);
    return G_SOURCE_CONTINUE;
  }
  tool_frames_stop (&w->frames);
  /* A source that gives no frame has to be told itself. */
  g_timeout_add_seconds (2, on_source_is_silent, w);
  return G_SOURCE_CONTINUE;
}

/* Whether an error comes from what reads or decodes the source: all else has
 * its name in the message, or has nothing to do with it. */
static gboolean
is_of_source (GstObject *origin)
{
  static const gchar *const kinds[] = { "Source", "Decoder", "Demuxer",
    "Parser", "Typefind" };
  GstElementFactory *factory = GST_IS_ELEMENT (origin)
      ? gst_element_get_factory (GST_ELEMENT (origin))
      : NULL;
  const gchar *klass = factory
      ? gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS)
      : NULL;

  for (guint i = 0; klass && i < G_N_ELEMENTS (kinds); i++)
    if (strstr (klass, kinds[i]))
      return TRUE;
  return factory && g_str_equal (GST_OBJECT_NAME (factory), "typefind");
}

static void
take_error (Watch *w, GstMessage *message)
{
  g_autoptr (GError) cause = NULL;

  gst_message_parse_error (message, &cause, NULL);
  g_main_loop_quit (w->loop);
  if (w->error)
    return;
  /* Somebody closed the window. */
  if (w->frames.n > 0 && GST_IS_ELEMENT (GST_MESSAGE_SRC (message))
      && GST_OBJECT_FLAG_IS_SET (
          GST_MESSAGE_SRC (message), GST_ELEMENT_FLAG_SINK)
      && g_error_matches (
          cause, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND))
    return;
  if (w->missing)
    g_set_error (&w->error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "'%s' needs what GStreamer does not have here: %s; the package "
        "gstreamer1.0-libav has most decoders, gstreamer1.0-plugins-good, -bad "
        "and -ugly have others",
        w->o.source, w->missing);
  else
    tool_error_from_message (message, &w->error);
  /* Errors of what decodes don't name the file. */
  if (!w->missing && is_of_source (GST_MESSAGE_SRC (message)))
    g_prefix_error (&w->error, "'%s': ", w->o.source);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Watch *w = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_EOS:
    g_main_loop_quit (w->loop);
    break;
  case GST_MESSAGE_ERROR:
    take_error (w, message);
    break;
  case GST_MESSAGE_ELEMENT:
    if (!w->missing && gst_is_missing_plugin_message (message))
      w->missing = gst_missing_plugin_message_get_description (message);
    break;
  case GST_MESSAGE_LATENCY:
    gst_bin_recalculate_latency (GST_BIN (w->pipeline));
    break;
  case GST_MESSAGE_CLOCK_LOST:
    gst_element_set_state (w->pipeline, GST_STATE_PAUSED);
    gst_element_set_state (w->pipeline, GST_STATE_PLAYING);
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_progress (gpointer user_data)
{
  Watch *w = user_data;
  ToolFrames *f = &w->frames;

  g_mutex_lock (&f->lock);
  if (f->n > 1 && f->last_out > f->first_out) {
    gdouble fps = (f->n - 1) * 1e6 / (f->last_out - f->first_out);

    if (w->o.frames > 0)
      tool_progress ("frame %" G_GUINT64_FORMAT " of %d, %.1f frames/s, %u "
                     "nuclei, %.0f s left",
          f->n, w->o.frames, fps, f->last_nuclei,
          fps > 0 ? (w->o.frames - (gdouble) f->n) / fps : 0);
    else
      tool_progress ("frame %" G_GUINT64_FORMAT
                     ", %.1f frames/s, %u nuclei (Ctrl-C ends)",
          f->n, fps, f->last_nuclei);
  }
  g_mutex_unlock (&f->lock);
  return G_SOURCE_CONTINUE;
}

/* Runs until the end; FALSE with w->error. */
static gboolean
play (Watch *w)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (w->pipeline);
  GstStateChangeReturn change;

  w->loop = g_main_loop_new (NULL, FALSE);
  change = gst_element_set_state (w->pipeline, GST_STATE_PAUSED);
  w->frames.live = change == GST_STATE_CHANGE_NO_PREROLL;
  if (change == GST_STATE_CHANGE_FAILURE) {
    if (!tool_bus_take_error (bus, &w->error))
      g_set_error (&w->error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
          "the pipeline can't start, and no element says why");
    return FALSE;
  }
  set_intake (w);
  gst_bus_add_watch (bus, on_message, w);
  g_unix_signal_add (SIGINT, on_signal, w);
  g_unix_signal_add (SIGTERM, on_signal, w);
  if (!w->o.quiet && tool_progress_is_seen ())
    g_timeout_add (500, on_progress, w);
  gst_element_set_state (w->pipeline, GST_STATE_PLAYING);
  g_main_loop_run (w->loop);
  gst_bus_remove_watch (bus);
  gst_element_set_state (w->pipeline, GST_STATE_NULL);
  if (!w->error && w->frames.error)
    w->error = g_steal_pointer (&w->frames.error);
  return w->error == NULL;
}

/* --- The end ------------------------------------------------------------ */

static void
print_summary (Watch *w)
{
  ToolFrames *f = &w->frames;
  gdouble seconds = (f->last_out - f->first_out) / 1e6;

  g_print ("%" G_GUINT64_FORMAT " frame%s", f->n, f->n == 1 ? "" : "s");
  if (f->n > 1 && seconds > 0)
    g_print (" in %.2f s, %.1f frames/s", seconds, (f->n - 1) / seconds);
  g_print (", back end %s, precision %s\n", f->backend, f->precision);
  g_print ("latency of the element: p50 %.1f ms, p99 %.1f ms\n",
      tool_histogram_percentile (&f->latency, 50),
      tool_histogram_percentile (&f->latency, 99));
  if (f->delay.n > 0)
    g_print ("from capture to result: p50 %.1f ms, p99 %.1f ms\n",
        tool_histogram_percentile (&f->delay, 50),
        tool_histogram_percentile (&f->delay, 99));
  g_print ("nuclei: %.1f a frame, %u in the last one\n",
      (gdouble) f->nuclei / f->n, f->last_nuclei);
}

static int
report (const GError *error)
{
  tool_message ("%s", error->message);
  return tool_error_is_usage (error) ? TOOL_EXIT_USAGE : TOOL_EXIT_FAILED;
}

static int
finish (Watch *w)
{
  ToolFrames *f = &w->frames;
  g_autoptr (GError) error = NULL;
  int code = TOOL_EXIT_OK;

  tool_progress ("%s", "");
  if (f->n == 0) {
    tool_message ("'%s' gave no frame", w->o.source);
    return TOOL_EXIT_FAILED;
  }
  if (w->o.snapshot && !tool_frames_write_snapshot (f, w->o.snapshot, &error))
    code = report (error);
  if (f->jsonl && f->jsonl != stdout && fclose (f->jsonl) != 0
      && !f->jsonl_errno)
    f->jsonl_errno = errno;
  f->jsonl = NULL;
  if (f->jsonl_errno) {
    tool_message (
        "can't write '%s': %s", w->o.jsonl, g_strerror (f->jsonl_errno));
    code = TOOL_EXIT_FAILED;
  }
  if (!w->o.quiet && g_strcmp0 (w->o.jsonl, "-") != 0)
    print_summary (w);
  return code;
}

static gboolean
open_jsonl (Watch *w)
{
  if (!w->o.jsonl)
    return TRUE;
  w->frames.jsonl =
      strcmp (w->o.jsonl, "-") == 0 ? stdout : g_fopen (w->o.jsonl, "we");
  if (!w->frames.jsonl)
    tool_message ("can't write '%s': %s", w->o.jsonl, g_strerror (errno));
  return w->frames.jsonl != NULL;
}

static int
run (Watch *w)
{
  g_autoptr (GError) error = NULL;

  if (!tool_source_kind (w->o.source, &w->kind, &error))
    return report (error);
  if ((w->o.size || w->o.fps > 0) && w->kind != TOOL_SOURCE_TEST
      && w->kind != TOOL_SOURCE_CAMERA) {
    tool_message ("--size and --fps are for cameras and 'test'; '%s' has its "
                  "own",
        w->o.source);
    return TOOL_EXIT_USAGE;
  }
  if (!w->o.record && !w->o.sink && !g_getenv ("DISPLAY")
      && !g_getenv ("WAYLAND_DISPLAY")) {
    tool_message ("there is no display to show a window on (DISPLAY and "
                  "WAYLAND_DISPLAY are not set); write a video with --record "
                  "FILE.mkv, or give --sink fakesink to run without a picture");
    return TOOL_EXIT_FAILED;
  }
  if (!tool_start_gstreamer (&error))
    return report (error);
  gst_pb_utils_init ();
  w->frames.limit = w->o.frames;
  w->frames.keep_last = w->o.snapshot != NULL;
  if (!build (w, &error))
    return report (error);
  if (!open_jsonl (w))
    return TOOL_EXIT_FAILED;
  if (!play (w)) {
    tool_progress ("%s", "");
    return report (w->error);
  }
  return finish (w);
}

/* --- The command line --------------------------------------------------- */

static gboolean
check (ToolWatchOptions *o)
{
  gchar *end = NULL;

  if (o->size) {
    guint64 width = g_ascii_strtoull (o->size, &end, 10), height = 0;

    if (end > o->size && *end == 'x')
      height = g_ascii_strtoull (end + 1, &end, 10);
    if (*end || width < NUCSEG_MIN_SIZE || height < NUCSEG_MIN_SIZE
        || width > NUCSEG_MAX_SIZE || height > NUCSEG_MAX_SIZE) {
      tool_message ("--size %s: WIDTHxHEIGHT from %dx%d to %dx%d expected",
          o->size, NUCSEG_MIN_SIZE, NUCSEG_MIN_SIZE, NUCSEG_MAX_SIZE,
          NUCSEG_MAX_SIZE);
      return FALSE;
    }
    o->width = (gint) width;
    o->height = (gint) height;
  }
  if (o->frames < 0)
    tool_message ("--frames %d: a number from 1 up expected", o->frames);
  else if (!(o->fps >= 0 && o->fps <= 100000))
    tool_message ("--fps %g: frames a second expected", o->fps);
  else if (o->codec && !o->record)
    tool_message ("--codec needs --record FILE.mkv");
  else if (o->codec && !tool_codec_is_known (o->codec))
    tool_message ("--codec %s: %s expected", o->codec, TOOL_CODECS);
  else if (o->overlay
      && !g_strv_contains (
          (const gchar *const[]){ "none", "fill", "contour", "both", NULL },
          o->overlay))
    tool_message (
        "--overlay %s: none, fill, contour or both expected", o->overlay);
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse (ToolWatchOptions *o, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] = {
    { "record", 'r', 0, G_OPTION_ARG_FILENAME, &o->record,
        "Write the frames with their overlay to a Matroska file; no window",
        "FILE.mkv" },
    { "codec", 0, 0, G_OPTION_ARG_STRING, &o->codec,
        TOOL_CODECS " (default: jpeg)", "NAME" },
    { "jsonl", 'j', 0, G_OPTION_ARG_FILENAME, &o->jsonl,
        "Write a line of JSON for each frame; - for standard output", "FILE" },
    { "snapshot", 's', 0, G_OPTION_ARG_FILENAME, &o->snapshot,
        "Write the last frame with its overlay", "FILE.png" },
    { "frames", 'n', 0, G_OPTION_ARG_INT, &o->frames, "End after N frames",
        "N" },
    { "size", 0, 0, G_OPTION_ARG_STRING, &o->size,
        "Size to ask a camera or 'test' for", "WxH" },
    { "fps", 0, 0, G_OPTION_ARG_DOUBLE, &o->fps,
        "Frames a second to ask a camera or 'test' for", "N" },
    { "overlay", 0, 0, G_OPTION_ARG_STRING, &o->overlay,
        "none, fill, contour or both (default: contour)", "NAME" },
    { "no-count", 0, 0, G_OPTION_ARG_NONE, &o->no_count,
        "Do not write the number of nuclei into the picture", NULL },
    { "sink", 0, 0, G_OPTION_ARG_STRING, &o->sink,
        "Show frames through this GStreamer element, beside a recording too "
        "(default without --record: autovideosink)",
        "ELEMENT" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet,
        "Print neither progress nor a summary", NULL },
    { NULL },
  };

  if (!tool_parse (argc, argv, "SOURCE",
          "Finds nuclei in a stream and shows or records it with an overlay.\n"
          "SOURCE is a camera (/dev/video0), a video or image file, an "
          "address\n(rtsp://...) or 'test', a synthetic microscope. Ctrl-C "
          "ends it cleanly.",
          entries, &o->model, &rest))
    return FALSE;
  if (!rest || g_strv_length (rest) != 1) {
    tool_message (rest ? "one SOURCE expected, not %u" : "no SOURCE given",
        rest ? g_strv_length (rest) : 0);
    g_printerr ("Try 'nucseg watch --help'.\n");
    return FALSE;
  }
  o->source = g_strdup (rest[0]);
  if (!check (o))
    return FALSE;
  if (!o->codec)
    o->codec = g_strdup ("jpeg");
  return TRUE;
}

int
tool_watch (int argc, char **argv)
{
  Watch w = { 0 };
  int code = TOOL_EXIT_USAGE;

  if (parse (&w.o, argc, argv))
    code = run (&w);
  if (w.pipeline) {
    gst_element_set_state (w.pipeline, GST_STATE_NULL);
    gst_object_unref (w.pipeline);
  }
  if (w.frames.jsonl && w.frames.jsonl != stdout)
    fclose (w.frames.jsonl);
  tool_frames_clear (&w.frames);
  g_clear_pointer (&w.loop, g_main_loop_unref);
  g_clear_error (&w.error);
  g_free (w.missing);
  tool_model_options_clear (&w.o.model);
  gchar *texts[] = { w.o.source, w.o.record, w.o.codec, w.o.jsonl, w.o.snapshot,
    w.o.sink, w.o.size, w.o.overlay };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  return code;
}
