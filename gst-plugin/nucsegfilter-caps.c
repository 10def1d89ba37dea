/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-caps.c: formats of nucsegfilter: what it takes and what it
 * makes of it, in which memory.
 */
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"

#define GREY_FORMATS "GRAY8, GRAY16_LE, GRAY16_BE"
#define RGB_FORMATS "BGRx, RGBx, xRGB, xBGR, BGRA, RGBA, RGB, BGR"
#define YUV_FORMATS "I420, NV12, P010_10LE"
#define SIZES                                                                  \
  "width = (int) [ 16, 8192 ], height = (int) [ 16, 8192 ], "                  \
  "framerate = (fraction) [ 0, max ]"
#define SYSTEM_CAPS                                                            \
  "video/x-raw, format = (string) { " GREY_FORMATS ", " RGB_FORMATS            \
  ", " YUV_FORMATS " }, " SIZES
#ifdef HAVE_GSTCUDA
/* GStreamer has no grey format in CUDA memory, and not all orders of RGB. */
#define CUDA_FORMATS "BGRx, RGBx, BGRA, RGBA, RGB, BGR, " YUV_FORMATS
#define CAPS                                                                   \
  SYSTEM_CAPS                                                                  \
  "; video/x-raw(" NUCSEG_CUDA_FEATURE "), format = (string) { " CUDA_FORMATS  \
  " }, " SIZES
#else
#define CAPS SYSTEM_CAPS
#endif

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

/* What grey frames can become: the engine makes YUV of one kind. */
static GstStaticCaps grey_caps =
    GST_STATIC_CAPS ("video/x-raw, format = (string) { " GREY_FORMATS " }");
static GstStaticCaps color_caps =
    GST_STATIC_CAPS ("video/x-raw, format = (string) { " RGB_FORMATS " }; "
                     "video/x-raw, format = (string) { " YUV_FORMATS " }, "
                     "colorimetry = (string) bt601");

static const struct {
  GstVideoFormat video;
  NucsegFormat engine;
} formats[] = {
  { GST_VIDEO_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8 },
  { GST_VIDEO_FORMAT_GRAY16_LE, NUCSEG_FORMAT_GRAY16_LE },
  { GST_VIDEO_FORMAT_GRAY16_BE, NUCSEG_FORMAT_GRAY16_BE },
  { GST_VIDEO_FORMAT_RGB, NUCSEG_FORMAT_RGB },
  { GST_VIDEO_FORMAT_BGR, NUCSEG_FORMAT_BGR },
  { GST_VIDEO_FORMAT_RGBx, NUCSEG_FORMAT_RGBX },
  { GST_VIDEO_FORMAT_BGRx, NUCSEG_FORMAT_BGRX },
  { GST_VIDEO_FORMAT_xRGB, NUCSEG_FORMAT_XRGB },
  { GST_VIDEO_FORMAT_xBGR, NUCSEG_FORMAT_XBGR },
  { GST_VIDEO_FORMAT_RGBA, NUCSEG_FORMAT_RGBA },
  { GST_VIDEO_FORMAT_BGRA, NUCSEG_FORMAT_BGRA },
  { GST_VIDEO_FORMAT_NV12, NUCSEG_FORMAT_NV12 },
  { GST_VIDEO_FORMAT_I420, NUCSEG_FORMAT_I420 },
  { GST_VIDEO_FORMAT_P010_10LE, NUCSEG_FORMAT_P010 },
};

NucsegFormat
nucseg_filter_format (GstVideoFormat format)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (formats[i].video == format)
      return formats[i].engine;
  }
  return NUCSEG_FORMAT_LAST;
}

static gboolean
is_grey (const gchar *format)
{
  return g_str_has_prefix (format, "GRAY");
}

static gboolean
prefers_color (GstNucsegFilter *self)
{
  NucsegFrameSettings settings;

  nucseg_filter_get_frame_settings (self, &settings);
  return nucseg_frame_settings_draws (&settings);
}

/* --- Which caps become which -------------------------------------------- */

/* Of a structure's formats, all that are strings, in order. */
static GPtrArray *
list_formats (const GstStructure *s)
{
  const GValue *value = gst_structure_get_value (s, "format");
  GPtrArray *names = g_ptr_array_new ();

  if (value && G_VALUE_HOLDS_STRING (value)) {
    g_ptr_array_add (names, (gpointer) g_value_get_string (value));
  } else if (value && GST_VALUE_HOLDS_LIST (value)) {
    for (guint i = 0; i < gst_value_list_get_size (value); i++) {
      const GValue *item = gst_value_list_get_value (value, i);

      if (G_VALUE_HOLDS_STRING (item))
        g_ptr_array_add (names, (gpointer) g_value_get_string (item));
    }
  }
  return names;
}

/* Adds to @caps what @s becomes with a conversion from grey to colour, if it
 * allows that: size and rate stay, colours no longer mean what they meant. */
static void
append_converted (GstCaps *caps, const GstStructure *s,
    const GstCapsFeatures *features, gboolean from_sink)
{
  GstCaps *from = gst_static_caps_get (from_sink ? &grey_caps : &color_caps);
  GstCaps *to = gst_static_caps_get (from_sink ? &color_caps : &grey_caps);
  GstCaps *one = gst_caps_new_full (gst_structure_copy (s), NULL);

  if (gst_caps_can_intersect (one, from)) {
    for (guint i = 0; i < gst_caps_get_size (to); i++) {
      const GstStructure *formats_of = gst_caps_get_structure (to, i);
      GstStructure *other = gst_structure_copy (s);

      gst_structure_remove_fields (other, "colorimetry", "chroma-site", NULL);
      gst_structure_set_value (
          other, "format", gst_structure_get_value (formats_of, "format"));
      if (gst_structure_has_field (formats_of, "colorimetry"))
        gst_structure_set_value (other, "colorimetry",
            gst_structure_get_value (formats_of, "colorimetry"));
      gst_caps_append_structure_full (
          caps, other, gst_caps_features_copy (features));
    }
  }
  gst_caps_unref (one);
  gst_caps_unref (from);
  gst_caps_unref (to);
}

static gboolean
is_system (const GstCapsFeatures *features)
{
  return gst_caps_features_is_equal (
      features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY);
}

gboolean
nucseg_filter_is_cuda (const GstCapsFeatures *features)
{
#ifdef HAVE_GSTCUDA
  return gst_caps_features_get_size (features) == 1
      && gst_caps_features_contains (features, NUCSEG_CUDA_FEATURE);
#else
  return FALSE;
#endif
}

/* Behind all of @caps (taken) the same in the other kind of memory; of that,
 * what the other pad has. */
static GstCaps *
add_other_memory (
    GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps)
{
#ifdef HAVE_GSTCUDA
  GstPad *pad = direction == GST_PAD_SINK ? GST_BASE_TRANSFORM_SRC_PAD (trans)
                                          : GST_BASE_TRANSFORM_SINK_PAD (trans);
  GstCaps *template_caps = gst_pad_get_pad_template_caps (pad);
  GstCaps *both = gst_caps_copy (caps), *possible;

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const gboolean cuda =
        nucseg_filter_is_cuda (gst_caps_get_features (caps, i));

    gst_caps_append_structure_full (both,
        gst_structure_copy (gst_caps_get_structure (caps, i)),
        gst_caps_features_new (
            cuda ? GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY : NUCSEG_CUDA_FEATURE,
            NULL));
  }
  possible =
      gst_caps_intersect_full (both, template_caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (both);
  gst_caps_unref (template_caps);
  gst_caps_unref (caps);
  return possible;
#else
  return caps;
#endif
}

static GstCaps *
transform_caps (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, GstCaps *filter)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  const gboolean from_sink = direction == GST_PAD_SINK;
  GstCaps *same = gst_caps_new_empty (), *converted = gst_caps_new_empty ();
  GstCaps *result;

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *s = gst_caps_get_structure (caps, i);
    GstCapsFeatures *features = gst_caps_get_features (caps, i);

    if (!gst_structure_has_name (s, "video/x-raw")
        || !(is_system (features) || nucseg_filter_is_cuda (features)))
      continue;
    gst_caps_append_structure_full (
        same, gst_structure_copy (s), gst_caps_features_copy (features));
    append_converted (converted, s, features, from_sink);
  }

  if (from_sink && prefers_color (self)) {
    gst_caps_append (converted, same);
    result = converted;
  } else {
    gst_caps_append (same, converted);
    result = same;
  }
  result = add_other_memory (trans, direction, result);
  if (filter) {
    GstCaps *filtered =
        gst_caps_intersect_full (filter, result, GST_CAPS_INTERSECT_FIRST);

    gst_caps_unref (result);
    result = filtered;
  }
  GST_LOG_OBJECT (
      self, "%" GST_PTR_FORMAT " becomes %" GST_PTR_FORMAT, caps, result);
  return result;
}

/* The first structure and format of @caps that pleases. RGB stands before YUV
 * in what we offer: an outline keeps its colour in every pixel. */
static GstCaps *
pick (GstCaps *caps, const gchar *own, gboolean want_color, gboolean any)
{
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *s = gst_caps_get_structure (caps, i);
    GPtrArray *names = list_formats (s);
    const gchar *found = NULL;

    for (guint j = 0; j < names->len && !found; j++) {
      const gchar *name = g_ptr_array_index (names, j);

      if (any || (want_color ? !is_grey (name) : g_str_equal (name, own)))
        found = name;
    }
    if (found) {
      GstStructure *picked = gst_structure_copy (s);
      GstCaps *result;

      gst_structure_set (picked, "format", G_TYPE_STRING, found, NULL);
      g_ptr_array_unref (names);
      result = gst_caps_new_empty ();
      gst_caps_append_structure_full (result, picked,
          gst_caps_features_copy (gst_caps_get_features (caps, i)));
      return result;
    }
    g_ptr_array_unref (names);
  }
  return NULL;
}

/* What upstream left open and downstream has a range of: the first of it would
 * be a pixel two thousand million times as high as wide. */
static GstCaps *
fixate_plainly (GstCaps *caps)
{
  GstStructure *s;

  if (gst_caps_is_empty (caps))
    return caps;
  caps = gst_caps_truncate (gst_caps_make_writable (caps));
  s = gst_caps_get_structure (caps, 0);
  if (gst_structure_has_field (s, "pixel-aspect-ratio"))
    gst_structure_fixate_field_nearest_fraction (s, "pixel-aspect-ratio", 1, 1);
  if (gst_structure_has_field (s, "interlace-mode"))
    gst_structure_fixate_field_string (s, "interlace-mode", "progressive");
  return gst_caps_fixate (caps);
}

static GstCaps *
fixate_caps (GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps,
    GstCaps *othercaps)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  const gchar *own = NULL;
  GstCaps *picked = NULL;

  if (gst_caps_get_size (caps) > 0)
    own = gst_structure_get_string (gst_caps_get_structure (caps, 0), "format");
  if (own) {
    const gboolean want_color =
        direction == GST_PAD_SINK && is_grey (own) && prefers_color (self);

    picked = pick (othercaps, own, want_color, FALSE);
    if (!picked)
      picked = pick (othercaps, own, FALSE, TRUE);
  }
  if (!picked)
    return fixate_plainly (othercaps);
  gst_caps_unref (othercaps);
  return fixate_plainly (picked);
}

void
nucseg_filter_install_caps (GstNucsegFilterClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  trans_class->transform_caps = GST_DEBUG_FUNCPTR (transform_caps);
  trans_class->fixate_caps = GST_DEBUG_FUNCPTR (fixate_caps);
}
