/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch-source.c: where the frames of `nucseg watch` come from.
 */
#include "watch.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

#include <nucseg.h>

gboolean
tool_source_kind (const gchar *source, ToolSourceKind *kind, GError **error)
{
  GStatBuf st;

  if (!strcmp (source, "test")) {
    *kind = TOOL_SOURCE_TEST;
    return TRUE;
  }
  if (gst_uri_is_valid (source) && strstr (source, "://")) {
    *kind = TOOL_SOURCE_URI;
    return TRUE;
  }
  if (g_stat (source, &st) != 0) {
    g_set_error (error, NUCSEG_ERROR,
        errno == ENOENT ? NUCSEG_ERROR_NOT_FOUND : NUCSEG_ERROR_IO,
        "'%s': %s; a camera (/dev/video0), a video or image file, an address "
        "(rtsp://...) or 'test' was expected",
        source, g_strerror (errno));
    return FALSE;
  }
  if (S_ISCHR (st.st_mode)) {
    *kind = TOOL_SOURCE_CAMERA;
    return TRUE;
  }
  if (!S_ISREG (st.st_mode)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "'%s' is neither a file nor a camera", source);
    return FALSE;
  }
  g_autofree gchar *type = g_content_type_guess (source, NULL, 0, NULL);
  *kind =
      g_str_has_prefix (type, "image/") ? TOOL_SOURCE_IMAGE : TOOL_SOURCE_FILE;
  return TRUE;
}

static GstElement *
add (GstBin *bin, const gchar *factory, GError **error)
{
  GstElement *element = tool_element_new (factory, error);

  if (element)
    gst_bin_add (bin, element);
  return element;
}

static gboolean
link_failed (GError **error, const gchar *what)
{
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "%s: its elements can't be linked", what);
  return FALSE;
}

/* Size and rate as caps of every kind of video a camera gives. */
static GstCaps *
wanted_caps (const ToolWatchOptions *o, gboolean encoded_too)
{
  static const gchar *const types[] = { "video/x-raw", "image/jpeg" };
  GstCaps *caps = gst_caps_new_empty ();

  for (guint i = 0; i < (encoded_too ? 2 : 1); i++) {
    GstStructure *s = gst_structure_new_empty (types[i]);

    if (o->width > 0)
      gst_structure_set (s, "width", G_TYPE_INT, o->width, "height", G_TYPE_INT,
          o->height, NULL);
    if (o->fps > 0) {
      gint n, d;

      gst_util_double_to_fraction (o->fps, &n, &d);
      gst_structure_set (s, "framerate", GST_TYPE_FRACTION, n, d, NULL);
    }
    gst_caps_append_structure (caps, s);
  }
  return caps;
}

static GstElement *
add_caps (GstBin *bin, GstElement *from, GstCaps *caps, GError **error)
{
  GstElement *filter = add (bin, "capsfilter", error);

  if (!filter)
    return NULL;
  g_object_set (filter, "caps", caps, NULL);
  if (!gst_element_link (from, filter)) {
    link_failed (error, "the source");
    return NULL;
  }
  return filter;
}

/* Where nothing behind the decoder takes the size, it would only say that
 * nothing was negotiated. */
static gboolean
check_size (GstElement *decoder, GstCaps *caps)
{
  GstStructure *s = gst_caps_get_structure (caps, 0);
  gint width, height;

  if (!gst_structure_get_int (s, "width", &width)
      || !gst_structure_get_int (s, "height", &height)
      || (width >= NUCSEG_MIN_SIZE && width <= NUCSEG_MAX_SIZE
          && height >= NUCSEG_MIN_SIZE && height <= NUCSEG_MAX_SIZE))
    return TRUE;
  GST_ELEMENT_ERROR (decoder, STREAM, WRONG_TYPE,
      ("the picture has %dx%d pixels; %dx%d to %dx%d can be segmented", width,
          height, NUCSEG_MIN_SIZE, NUCSEG_MIN_SIZE, NUCSEG_MAX_SIZE,
          NUCSEG_MAX_SIZE),
      (NULL));
  return FALSE;
}

/* The first video pad goes on; others are left alone. */
static void
on_pad_added (GstElement *decoder, GstPad *pad, GstElement *next)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (next, "sink");
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);

  if (!caps)
    caps = gst_pad_query_caps (pad, NULL);
  if (!gst_pad_is_linked (sink) && gst_caps_get_size (caps) > 0
      && g_str_has_prefix (
          gst_structure_get_name (gst_caps_get_structure (caps, 0)), "video/")
      && check_size (decoder, caps))
    gst_pad_link (pad, sink);
}

/* A decoder and, linked to it once it has a pad, a converter. */
static GstElement *
add_decoder (
    GstBin *bin, const gchar *factory, GstElement **convert, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("video/x-raw");
  GstElement *decoder = add (bin, factory, error);

  *convert = decoder ? add (bin, "videoconvert", error) : NULL;
  if (!*convert)
    return NULL;
  /* Sound and subtitles are not even decoded. */
  g_object_set (decoder, "caps", caps, "expose-all-streams", FALSE, NULL);
  g_signal_connect (decoder, "pad-added", G_CALLBACK (on_pad_added), *convert);
  return decoder;
}

static GstElement *
add_camera (GstBin *bin, const ToolWatchOptions *o, GError **error)
{
  g_autoptr (GstCaps) caps = wanted_caps (o, TRUE);
  GstElement *source = add (bin, "v4l2src", error);
  GstElement *filter = source ? add_caps (bin, source, caps, error) : NULL;
  GstElement *convert = NULL;
  GstElement *decoder =
      filter ? add_decoder (bin, "decodebin", &convert, error) : NULL;

  if (!decoder)
    return NULL;
  g_object_set (source, "device", o->source, NULL);
  if (!gst_element_link (filter, decoder)) {
    link_failed (error, o->source);
    return NULL;
  }
  return convert;
}

static GstElement *
add_test (GstBin *bin, const ToolWatchOptions *o, GError **error)
{
  g_autoptr (GstCaps) caps = wanted_caps (o, FALSE);
  GstElement *source = add (bin, "nuctestsrc", error);

  if (!source)
    return NULL;
  /* A recording waits rather than lose a frame. */
  if (o->record)
    g_object_set (source, "skip-late", FALSE, NULL);
  return add_caps (bin, source, caps, error);
}

static GstElement *
add_uri (
    GstBin *bin, const ToolWatchOptions *o, ToolSourceKind kind, GError **error)
{
  GstElement *convert;
  GstElement *decoder = add_decoder (bin, "uridecodebin", &convert, error);
  g_autofree gchar *uri = NULL;

  if (!decoder)
    return NULL;
  uri = kind == TOOL_SOURCE_URI ? g_strdup (o->source)
                                : gst_filename_to_uri (o->source, error);
  if (!uri)
    return NULL;
  g_object_set (decoder, "uri", uri, NULL);
  return convert;
}

static GstElement *
add_still (GstBin *bin, GstElement *from, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_new_simple (
      "video/x-raw", "framerate", GST_TYPE_FRACTION, 5, 1, NULL);
  GstElement *freeze = add (bin, "imagefreeze", error);

  if (!freeze)
    return NULL;
  if (!gst_element_link (from, freeze)) {
    link_failed (error, "the image");
    return NULL;
  }
  return add_caps (bin, freeze, caps, error);
}

GstElement *
tool_source_add (GstBin *bin, ToolSourceKind kind, const ToolWatchOptions *o,
    gboolean still, GError **error)
{
  GstElement *last;

  switch (kind) {
  case TOOL_SOURCE_TEST:
    return add_test (bin, o, error);
  case TOOL_SOURCE_CAMERA:
    return add_camera (bin, o, error);
  default:
    last = add_uri (bin, o, kind, error);
    return last && still && kind == TOOL_SOURCE_IMAGE
        ? add_still (bin, last, error)
        : last;
  }
}
