/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch-sink.c: where the frames of `nucseg watch` go: a file or a window.
 */
#include "watch.h"

#include <string.h>

#include <nucseg.h>

/* Encoders in the order of trial, with settings that keep two cores free for
 * the network. */
static const struct {
  const gchar *codec, *factory, *settings;
  const gchar *parser; /* between it and the multiplexer, if need be */
} encoders[] = {
  { "jpeg", "jpegenc", "quality=90" },
  { "vp8", "vp8enc",
      "deadline=1 cpu-used=8 threads=2 end-usage=cq cq-level=12 "
      "max-quantizer=40 "
      "target-bitrate=20000000 keyframe-max-dist=60" },
  { "h264", "x264enc", "tune=zerolatency speed-preset=ultrafast pass=quant" },
  { "h264", "openh264enc", "complexity=low bitrate=8000000", "h264parse" },
  { "theora", "theoraenc", "speed-level=3 quality=56" },
  { "ffv1", "avenc_ffv1", "" },
};

gboolean
tool_codec_is_known (const gchar *codec)
{
  for (guint i = 0; i < G_N_ELEMENTS (encoders); i++)
    if (!strcmp (encoders[i].codec, codec))
      return TRUE;
  return FALSE;
}

/* All settings, as gst-launch reads them. */
static void
apply_settings (GstElement *element, const gchar *settings)
{
  g_auto (GStrv) parts = g_strsplit (settings, " ", -1);

  for (guint i = 0; parts[i] && parts[i][0]; i++) {
    g_auto (GStrv) pair = g_strsplit (parts[i], "=", 2);

    if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), pair[0]))
      gst_util_set_object_arg (G_OBJECT (element), pair[0], pair[1]);
  }
}

/* The first encoder of @codec that is there, and what must stand behind it. */
static GstElement *
make_encoder (const gchar *codec, GstElement **parser, GError **error)
{
  const gchar *first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (encoders); i++) {
    GstElement *element;

    if (strcmp (encoders[i].codec, codec) != 0)
      continue;
    first = first ? first : encoders[i].factory;
    element = gst_element_factory_make (encoders[i].factory, NULL);
    if (!element)
      continue;
    apply_settings (element, encoders[i].settings);
    *parser = tool_element_new (
        encoders[i].parser ? encoders[i].parser : "identity", error);
    return element;
  }
  /* for its message */
  return tool_element_new (first, error);
}

static gboolean
add_chain (GstBin *bin, GstElement *from, GstElement *const *elements, guint n,
    GError **error)
{
  gboolean complete = TRUE;

  for (guint i = 0; i < n; i++)
    complete = complete && elements[i] != NULL;
  for (guint i = 0; i < n; i++) {
    if (!elements[i])
      continue;
    gst_bin_add (bin, elements[i]);
    if (complete && !gst_element_link (from, elements[i])) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
          "the element %s can't be linked to %s", GST_ELEMENT_NAME (from),
          GST_ELEMENT_NAME (elements[i]));
      return FALSE;
    }
    from = elements[i];
  }
  return complete;
}

static GstPadProbeReturn
on_first_bytes (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  tool_output_publish (user_data);
  return GST_PAD_PROBE_REMOVE;
}

gboolean
tool_sink_add_recorder (GstBin *bin, GstElement *from, const gchar *codec,
    ToolOutput *file, GError **error)
{
  GstElement *e[6] = { NULL };
  static const gchar *const names[] = { "queue", "videoconvert", NULL, NULL,
    "matroskamux", "filesink" };

  e[2] = make_encoder (codec, &e[3], error);
  for (guint i = 0; e[2] && e[3] && i < G_N_ELEMENTS (e); i++) {
    if (names[i])
      e[i] = tool_element_new (names[i], error);
    if (!e[i])
      break;
  }
  if (e[5]) {
    /* Full, it waits: what was seen is recorded. */
    g_object_set (e[0], "max-size-buffers", 8, "max-size-bytes", 0,
        "max-size-time", G_GUINT64_CONSTANT (0), NULL);
    g_object_set (e[5], "location", file->written, "sync", FALSE, NULL);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (e[5], "sink");
    gst_pad_add_probe (pad,
        GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
        on_first_bytes, file, NULL);
  }
  return add_chain (bin, from, e, G_N_ELEMENTS (e), error);
}

/* A window that is late drops its own pictures. What else is done with the
 * frames is not to lack those that a decoder would leave out for its sake. */
static GstPadProbeReturn
on_window_event (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  return GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_QOS
      ? GST_PAD_PROBE_DROP
      : GST_PAD_PROBE_OK;
}

gboolean
tool_sink_add_window (
    GstBin *bin, GstElement *from, const ToolWatchOptions *o, GError **error)
{
  GstElement *e[3] = { NULL };
  const gchar *const names[] = { "queue", "videoconvert",
    o->sink ? o->sink : "autovideosink" };

  for (guint i = 0; i < G_N_ELEMENTS (e); i++) {
    e[i] = tool_element_new (names[i], error);
    if (!e[i])
      break;
  }
  if (e[0])
    g_object_set (e[0], "max-size-buffers", 2, "max-size-bytes", 0,
        "max-size-time", G_GUINT64_CONSTANT (0), NULL);
  if (e[0] && (o->record || o->jsonl)) {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (e[0], "sink");

    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_window_event, NULL, NULL);
  }
  return add_chain (bin, from, e, G_N_ELEMENTS (e), error);
}
