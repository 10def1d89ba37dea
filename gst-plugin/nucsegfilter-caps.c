/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-caps.c: formats and memory of nucsegfilter: what it takes, what
 * it makes of it, which buffers it proposes and allocates.
 */
#include "errors.h"
#include "nucsegfilter-private.h"

#define GREY_FORMATS "GRAY8, GRAY16_LE, GRAY16_BE"
#define COLOR_FORMATS "BGRx, RGBx, xRGB, xBGR, BGRA, RGBA, RGB, BGR, NV12, I420"
#define CAPS                                                                   \
  "video/x-raw, format = (string) { " GREY_FORMATS ", " COLOR_FORMATS " }, "   \
  "width = (int) [ 16, 8192 ], height = (int) [ 16, 8192 ], "                  \
  "framerate = (fraction) [ 0, max ]"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

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

/* Whether @s allows a grey (or a colour) format; one without a format field
 * allows all. */
static gboolean
allows (const GstStructure *s, gboolean grey)
{
  GPtrArray *names;
  gboolean found = FALSE;

  if (!gst_structure_has_field (s, "format"))
    return TRUE;
  names = list_formats (s);
  for (guint i = 0; i < names->len && !found; i++)
    found = is_grey (g_ptr_array_index (names, i)) == grey;
  g_ptr_array_unref (names);
  return found;
}

/* @s with other formats: colours no longer mean what they meant. */
static GstStructure *
with_formats (const GstStructure *s, const gchar *list)
{
  GstStructure *other = gst_structure_copy (s);
  g_autofree gchar *braced = g_strdup_printf ("{ %s }", list);
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_LIST);
  gst_value_deserialize (&value, braced);
  gst_structure_take_value (other, "format", &value);
  gst_structure_remove_fields (other, "colorimetry", "chroma-site", NULL);
  return other;
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
        || !gst_caps_features_is_equal (
            features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
      continue;
    gst_caps_append_structure (same, gst_structure_copy (s));
    /* grey in, colour out */
    if (allows (s, from_sink))
      gst_caps_append_structure (converted,
          with_formats (s, from_sink ? COLOR_FORMATS : GREY_FORMATS));
  }

  if (from_sink && prefers_color (self)) {
    gst_caps_append (converted, same);
    result = converted;
  } else {
    gst_caps_append (same, converted);
    result = same;
  }
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

/* The first structure and format of @caps that pleases; downstream's order
 * counts among those that do. */
static GstStructure *
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

      gst_structure_set (picked, "format", G_TYPE_STRING, found, NULL);
      g_ptr_array_unref (names);
      return picked;
    }
    g_ptr_array_unref (names);
  }
  return NULL;
}

static GstCaps *
fixate_caps (GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps,
    GstCaps *othercaps)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  const gchar *own = NULL, *format;
  GstStructure *picked = NULL;
  GstCaps *result;

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
    return gst_caps_fixate (othercaps);
  gst_caps_unref (othercaps);

  format = gst_structure_get_string (picked, "format");
  if (direction == GST_PAD_SINK && is_grey (own)
      && (g_str_equal (format, "NV12") || g_str_equal (format, "I420"))) {
    /* The grey plane goes into Y as it is, stretched to all of 0..255. */
    if (!gst_structure_has_field (picked, "colorimetry"))
      gst_structure_set (picked, "colorimetry", G_TYPE_STRING, "1:4:0:0", NULL);
    else
      gst_structure_fixate_field_string (picked, "colorimetry", "1:4:0:0");
  }
  result = gst_caps_new_full (picked, NULL);
  return gst_caps_fixate (result);
}

static gboolean
set_caps (GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  NucsegFrameSettings settings;
  NucsegFrame frame = { 0 };
  GError *error = NULL;
  gint64 started, took;

  if (!gst_video_info_from_caps (&self->in_info, incaps)
      || !gst_video_info_from_caps (&self->out_info, outcaps)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("The caps are not those of raw video."),
        ("in %" GST_PTR_FORMAT ", out %" GST_PTR_FORMAT, incaps, outcaps));
    return FALSE;
  }
  nucseg_filter_forget_mask (self);
  nucseg_filter_get_frame_settings (self, &settings);

  frame.format = nucseg_filter_format (GST_VIDEO_INFO_FORMAT (&self->in_info));
  frame.width = GST_VIDEO_INFO_WIDTH (&self->in_info);
  frame.height = GST_VIDEO_INFO_HEIGHT (&self->in_info);
  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (&self->in_info); i++)
    frame.stride[i] = GST_VIDEO_INFO_PLANE_STRIDE (&self->in_info, i);
  frame.significant_bits = settings.significant_bits;
  frame.msb_aligned = settings.msb_aligned;

  /* The first run builds the plan; the second shows what a frame takes. */
  for (guint run = 0; run < 2; run++) {
    started = g_get_monotonic_time ();
    if (!nucseg_session_warm_up (
            self->session, &frame, &settings.params, &error)) {
      nucseg_element_error (
          GST_ELEMENT (self), error, "making ready for frames of this size");
      return FALSE;
    }
    took = g_get_monotonic_time () - started;
    GST_DEBUG_OBJECT (self, "warm-up %u of %dx%d took %" G_GINT64_FORMAT " us",
        run, frame.width, frame.height, took);
  }
  nucseg_filter_set_latency (self, (GstClockTime) took * GST_USECOND);
  return TRUE;
}

static gboolean
get_unit_size (GstBaseTransform *trans, GstCaps *caps, gsize *size)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps))
    return FALSE;
  *size = GST_VIDEO_INFO_SIZE (&info);
  return TRUE;
}

/* --- Memory ------------------------------------------------------------- */

static gboolean
propose_allocation (
    GstBaseTransform *trans, GstQuery *decide_query, GstQuery *query)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);

  if (!GST_BASE_TRANSFORM_CLASS (
          g_type_class_peek_parent (g_type_class_peek (GST_TYPE_NUCSEG_FILTER)))
           ->propose_allocation (trans, decide_query, query))
    return FALSE;
  /* A padded buffer may go on as it is: only who comes after can say whether
   * that is well. Where the format changes it never goes on. */
  if (self->downstream_video_meta
      || GST_VIDEO_INFO_FORMAT (&self->in_info)
          != GST_VIDEO_INFO_FORMAT (&self->out_info)) {
    if (!gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
      gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  }
  return TRUE;
}

static gboolean
decide_allocation (GstBaseTransform *trans, GstQuery *query)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  GstBufferPool *pool = NULL;
  GstStructure *config;
  GstCaps *caps;
  guint size = GST_VIDEO_INFO_SIZE (&self->out_info), min = 0, max = 0;
  const gboolean offered = gst_query_get_n_allocation_pools (query) > 0;

  self->downstream_video_meta =
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  gst_query_parse_allocation (query, &caps, NULL);
  if (offered) {
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
    size = MAX (size, GST_VIDEO_INFO_SIZE (&self->out_info));
  }
  if (!pool)
    pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (self->downstream_video_meta)
    gst_buffer_pool_config_add_option (
        config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config (pool, config);
  if (offered)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);

  return GST_BASE_TRANSFORM_CLASS (
      g_type_class_peek_parent (g_type_class_peek (GST_TYPE_NUCSEG_FILTER)))
      ->decide_allocation (trans, query);
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
  trans_class->set_caps = GST_DEBUG_FUNCPTR (set_caps);
  trans_class->get_unit_size = GST_DEBUG_FUNCPTR (get_unit_size);
  trans_class->propose_allocation = GST_DEBUG_FUNCPTR (propose_allocation);
  trans_class->decide_allocation = GST_DEBUG_FUNCPTR (decide_allocation);
}
