/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch.c: `nucseg watch`: nuclei in a stream, on the screen or into a file.
 */
#include "watch.h"

#include <string.h>
#include <glib-unix.h>
#include <gst/pbutils/pbutils.h>

#include <nucseg.h>

/* Called every two seconds once somebody asked to end: a source that gives no
 * frame has to be told itself, and one that does not listen is left. */
static gboolean
on_wait (gpointer user_data)
{
  ToolWatch *w = user_data;
  guint64 n;

  g_mutex_lock (&w->frames.lock);
  n = w->frames.n;
  g_mutex_unlock (&w->frames.lock);
  w->silent = n == w->n_before ? w->silent + 1 : 0;
  w->n_before = n;
  if (w->silent == 1)
    gst_element_send_event (w->pipeline, gst_event_new_eos ());
  if (w->silent < 4)
    return G_SOURCE_CONTINUE;
  tool_message ("the source does not end; a recording may be cut short");
  g_main_loop_quit (w->loop);
  return G_SOURCE_REMOVE;
}

/* The first time a recording gets all that was captured, the second time what
 * waits is left out, the third time nothing is waited for. */
static gboolean
on_signal (gpointer user_data)
{
  ToolWatch *w = user_data;
  guint waiting = 0;

  if (w->signals++ == 0)
    g_timeout_add_seconds (2, on_wait, w);
  if (w->signals > 2) {
    g_main_loop_quit (w->loop);
  } else if (w->signals == 2 || !w->o.record) {
    tool_frames_stop (&w->frames);
  } else {
    g_object_get (w->intake, "current-level-buffers", &waiting, NULL);
    if (waiting > 10)
      tool_message ("recording the last %u frames; Ctrl-C again leaves them "
                    "out",
          waiting);
    gst_element_send_event (w->pipeline, gst_event_new_eos ());
  }
  return G_SOURCE_CONTINUE;
}

/* NULL where it is no element. */
static GstElementFactory *
factory_of (GstObject *origin)
{
  return GST_IS_ELEMENT (origin)
      ? gst_element_get_factory (GST_ELEMENT (origin))
      : NULL;
}

static gboolean
is_of (GstObject *origin, const gchar *factory_name)
{
  GstElementFactory *factory = factory_of (origin);

  return factory && g_str_equal (GST_OBJECT_NAME (factory), factory_name);
}

/* Whether an error comes from what reads or decodes the source: all else has
 * its name in the message, or has nothing to do with it. */
static gboolean
is_of_source (GstObject *origin)
{
  static const gchar *const kinds[] = { "Source", "Decoder", "Demuxer",
    "Parser", "Typefind" };
  GstElementFactory *factory = factory_of (origin);
  const gchar *klass = factory
      ? gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS)
      : NULL;

  for (guint i = 0; klass && i < G_N_ELEMENTS (kinds); i++)
    if (strstr (klass, kinds[i]))
      return TRUE;
  return is_of (origin, "typefind");
}

/* The file's name while it is written says nothing to the user. */
static void
name_the_recording (ToolWatch *w)
{
  GString *text = g_string_new (w->error->message);

  g_string_replace (text, w->files.record->written, w->files.record->path, 0);
  g_free (w->error->message);
  w->error->message = g_string_free (text, FALSE);
}

static void
take_error (ToolWatch *w, GstMessage *message)
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
  else if (g_error_matches (
               cause, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN))
    /* nothing is said to be missing: there is nothing that could be shown */
    g_set_error (&w->error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "'%s' holds no video", w->o.source);
  else
    tool_error_from_message (message, &w->error);
  if (w->files.record)
    name_the_recording (w);
  /* Nor does the sink that writes, where it is the disk that fails. */
  if (w->files.record && is_of (GST_MESSAGE_SRC (message), "filesink")
      && !strstr (w->error->message, w->files.record->path))
    g_prefix_error (&w->error, "'%s': ", w->files.record->path);
  /* Errors of what decodes don't name the file. */
  if (!w->missing && !strstr (w->error->message, w->o.source)
      && is_of_source (GST_MESSAGE_SRC (message)))
    g_prefix_error (&w->error, "'%s': ", w->o.source);
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  ToolWatch *w = user_data;

  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_EOS:
    g_main_loop_quit (w->loop);
    break;
  case GST_MESSAGE_ERROR:
    take_error (w, message);
    break;
  case GST_MESSAGE_WARNING:
    tool_show_warning (message);
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
  ToolWatch *w = user_data;
  ToolFrames *f = &w->frames;

  g_mutex_lock (&f->lock);
  if (f->n > 1 && f->last_out > f->first_out) {
    gdouble fps = (f->n - 1) * 1e6 / (f->last_out - f->first_out);

    if (w->o.frames > 0)
      tool_progress ("frame %" G_GUINT64_FORMAT " of %" G_GINT64_FORMAT
                     ", %.1f frames/s, %u nuclei, %.0f s left",
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
play (ToolWatch *w)
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
  tool_watch_set_intake (w);
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

static int
report (const GError *error)
{
  tool_message ("%s", error->message);
  return tool_error_is_usage (error) ? TOOL_EXIT_USAGE : TOOL_EXIT_FAILED;
}

static int
finish (ToolWatch *w)
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
  if (f->jsonl_errno) {
    tool_message (
        "can't write '%s': %s", w->o.jsonl, g_strerror (f->jsonl_errno));
    code = TOOL_EXIT_FAILED;
    /* said already */
    g_clear_pointer (&w->files.jsonl, tool_output_abandon);
  }
  g_clear_error (&error);
  if (!tool_files_commit (&w->files, &error))
    code = report (error);
  if (!w->o.quiet && g_strcmp0 (w->o.jsonl, "-") != 0)
    tool_frames_print_summary (f);
  return code;
}

static int
run (ToolWatch *w)
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
  if (w->kind == TOOL_SOURCE_IMAGE && g_strcmp0 (w->o.codec, "theora") == 0) {
    tool_message (
        "--codec theora takes video alone: for an image name another");
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
  if (!tool_files_open (&w->files, &w->o, w->kind, &error))
    return report (error);
  w->frames.jsonl_file = w->files.jsonl;
  if (w->o.jsonl)
    w->frames.jsonl = w->files.jsonl ? w->files.jsonl->file : stdout;
  if (!tool_watch_build (w, &error))
    return report (error);
  if (!play (w)) {
    tool_progress ("%s", "");
    return report (w->error);
  }
  return finish (w);
}

int
tool_watch (int argc, char **argv)
{
  ToolWatch w = { 0 };
  int code = TOOL_EXIT_USAGE;

  if (tool_watch_parse (&w.o, argc, argv))
    code = run (&w);
  if (w.pipeline) {
    gst_element_set_state (w.pipeline, GST_STATE_NULL);
    gst_object_unref (w.pipeline);
  }
  tool_files_abandon (&w.files);
  tool_frames_clear (&w.frames);
  g_clear_pointer (&w.loop, g_main_loop_unref);
  g_clear_error (&w.error);
  g_free (w.missing);
  tool_watch_options_clear (&w.o);
  return code;
}
