/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runner.c: appsrc ! nucsegfilter ! appsink. The network runs in appsrc's
 * thread while the caller reads the next file and writes the last one. An
 * error ends a GStreamer pipeline, so after one it is built anew and fed the
 * pictures that were still waiting.
 */
#include "runner.h"

#include <string.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

struct _ToolRunner {
  const ToolModelOptions *options;
  gboolean draw;
  GstElement *pipeline; /* NULL after an error that a new one did not mend */
  GstAppSrc *source;
  GstAppSink *sink;
  GstBus *bus;
  GQueue waiting; /* GstSample, as pushed */
  GstClockTime next_pts;
};

static void
tear_down (ToolRunner *self)
{
  if (self->pipeline)
    gst_element_set_state (self->pipeline, GST_STATE_NULL);
  gst_clear_object (&self->bus);
  gst_clear_object (&self->pipeline);
}

/* The depth of each picture, told by push() through the buffer's offset,
 * becomes the element's just before it takes the picture. */
static GstPadProbeReturn
on_picture (GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  if (GST_BUFFER_OFFSET (buffer) > 8)
    g_object_set (user_data, "significant-bits",
        (guint) GST_BUFFER_OFFSET (buffer), NULL);
  return GST_PAD_PROBE_OK;
}

static GstElement *
make_elements (ToolRunner *self, GError **error)
{
  GstElement *source, *filter = NULL, *sink = NULL;
  g_autoptr (GstCaps) caps =
      gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "RGB", NULL);
  GstElement *pipeline = gst_pipeline_new (NULL);

  source = tool_element_new ("appsrc", error);
  if (source)
    filter = tool_filter_new (self->options, error);
  if (filter)
    sink = tool_element_new ("appsink", error);
  /* Once in the pipeline they go when it goes. */
  for (guint i = 0; i < 3; i++) {
    GstElement *element = i == 0 ? source : i == 1 ? filter : sink;

    if (element)
      gst_bin_add (GST_BIN (pipeline), element);
  }
  if (!sink) {
    gst_object_unref (pipeline);
    return NULL;
  }
  g_object_set (source, "format", GST_FORMAT_TIME, "max-bytes",
      G_GUINT64_CONSTANT (0), NULL);
  g_object_set (sink, "sync", FALSE, "enable-last-sample", FALSE, NULL);
  gst_util_set_object_arg (
      G_OBJECT (filter), "overlay", self->draw ? "contour" : "none");
  if (self->draw)
    g_object_set (sink, "caps", caps, NULL);
  if (!gst_element_link_many (source, filter, sink, NULL)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "appsrc, nucsegfilter and appsink can't be linked");
    gst_object_unref (pipeline);
    return NULL;
  }
  if (!self->options->significant_bits) {
    g_autoptr (GstPad) pad = gst_element_get_static_pad (filter, "sink");

    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_BUFFER, on_picture, filter, NULL);
  }
  self->source = GST_APP_SRC (source);
  self->sink = GST_APP_SINK (sink);
  return pipeline;
}

static gboolean
build (ToolRunner *self, GError **error)
{
  self->pipeline = make_elements (self, error);
  if (!self->pipeline)
    return FALSE;
  self->bus = gst_element_get_bus (self->pipeline);
  if (gst_element_set_state (self->pipeline, GST_STATE_PLAYING)
      == GST_STATE_CHANGE_FAILURE) {
    if (!tool_bus_take_error (self->bus, error))
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
          "the pipeline can't start, and no element says why");
    tear_down (self);
    return FALSE;
  }
  return TRUE;
}

ToolRunner *
tool_runner_new (const ToolModelOptions *options, gboolean draw, GError **error)
{
  g_autoptr (ToolRunner) self = g_new0 (ToolRunner, 1);

  self->options = options;
  self->draw = draw;
  g_queue_init (&self->waiting);
  return build (self, error) ? g_steal_pointer (&self) : NULL;
}

void
tool_runner_free (ToolRunner *self)
{
  if (!self)
    return;
  tear_down (self);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) gst_sample_unref);
  g_free (self);
}

static const gchar *
format_name (NucsegFormat format)
{
  return format == NUCSEG_FORMAT_RGB    ? "RGB"
      : format == NUCSEG_FORMAT_GRAY8   ? "GRAY8"
      : G_BYTE_ORDER == G_LITTLE_ENDIAN ? "GRAY16_LE"
                                        : "GRAY16_BE";
}

void
tool_runner_push (ToolRunner *self, ToolImage *image)
{
  g_autoptr (GstCaps) caps = gst_caps_new_simple ("video/x-raw", "format",
      G_TYPE_STRING, format_name (image->format), "width", G_TYPE_INT,
      image->width, "height", G_TYPE_INT, image->height, "framerate",
      GST_TYPE_FRACTION, 0, 1, NULL);
  guint depth = tool_image_depth (image);
  GstBuffer *buffer = gst_buffer_new_wrapped (
      g_steal_pointer (&image->data), image->stride * image->height);
  GstSample *sample = gst_sample_new (buffer, caps, NULL, NULL);

  GST_BUFFER_PTS (buffer) = self->next_pts;
  GST_BUFFER_DURATION (buffer) = GST_SECOND;
  GST_BUFFER_OFFSET (buffer) = depth;
  self->next_pts += GST_SECOND;
  gst_buffer_unref (buffer);
  tool_image_free (image);
  g_queue_push_tail (&self->waiting, sample);
  if (self->pipeline)
    gst_app_src_push_sample (self->source, sample);
}

guint
tool_runner_n_waiting (ToolRunner *self)
{
  return self->waiting.length;
}

static GstSample *
wait_for_sample (ToolRunner *self, GError **error)
{
  while (TRUE) {
    GstSample *sample =
        gst_app_sink_try_pull_sample (self->sink, 100 * GST_MSECOND);

    if (sample) {
      tool_bus_show_warnings (self->bus);
      return sample;
    }
    if (tool_bus_take_error (self->bus, error))
      return NULL;
    if (gst_app_sink_is_eos (self->sink)) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
          "the pipeline ended without a result");
      return NULL;
    }
  }
}

static void
push_waiting (ToolRunner *self)
{
  for (GList *l = self->waiting.head; l; l = l->next)
    gst_app_src_push_sample (self->source, l->data);
}

GstSample *
tool_runner_pull (ToolRunner *self, GError **error)
{
  g_autoptr (GstSample) pushed = g_queue_pop_head (&self->waiting);
  g_autoptr (GstSample) result = NULL;

  g_return_val_if_fail (pushed, NULL);
  if (!self->pipeline) {
    if (!build (self, error))
      return NULL;
    gst_app_src_push_sample (self->source, pushed);
    push_waiting (self);
  }
  result = wait_for_sample (self, error);
  if (result
      && GST_BUFFER_PTS (gst_sample_get_buffer (result))
          == GST_BUFFER_PTS (gst_sample_get_buffer (pushed)))
    return g_steal_pointer (&result);
  if (result)
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "no result came for this picture");
  tear_down (self);
  /* If this fails, the next pull tries again and says why. */
  if (build (self, NULL))
    push_waiting (self);
  return NULL;
}
