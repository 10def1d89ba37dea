/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch-pipeline.c: the pipeline of `nucseg watch`, from the source to screen
 * and file.
 */
#include "watch.h"

#include <nucseg.h>

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
add_network (ToolWatch *w, GstElement *from, GError **error)
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
add_outputs (ToolWatch *w, GstElement *from, GError **error)
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
  if (w->o.record
      && !tool_sink_add_recorder (
          bin, from, w->o.codec, w->files.record, error))
    return FALSE;
  return !window || tool_sink_add_window (bin, from, &w->o, error);
}

gboolean
tool_watch_build (ToolWatch *w, GError **error)
{
  GstElement *from;
  /* one line for one image */
  gboolean still = !w->o.record && !w->o.jsonl && w->o.frames == 0;

  w->pipeline = gst_pipeline_new (NULL);
  from = tool_source_add (GST_BIN (w->pipeline), w->kind, &w->o, still, error);
  if (from)
    from = add_network (w, from, error);
  return from && add_outputs (w, from, error);
}

void
tool_watch_set_intake (ToolWatch *w)
{
  gboolean lose = w->frames.live && !w->o.record;
  gboolean pile_up =
      w->frames.live && w->o.record && w->kind != TOOL_SOURCE_TEST;

  g_object_set (w->intake, "max-size-time", G_GUINT64_CONSTANT (0),
      "max-size-buffers",
      lose          ? 1
          : pile_up ? 0
                    : 4,
      "max-size-bytes", pile_up ? 256u << 20 : 0, NULL);
  gst_util_set_object_arg (
      G_OBJECT (w->intake), "leaky", lose ? "downstream" : "no");
}
