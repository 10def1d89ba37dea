/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-specs.c: the page of nucsegfilter: each property with its type,
 * range, default and when it may change.
 */
#include "nucsegfilter-props.h"

static const NucsegParams default_params = NUCSEG_PARAMS_INIT;

/* --- Enumerations ------------------------------------------------------- */

static const GEnumValue polarities[] = {
  { NUCSEG_POLARITY_AUTO, "Told from each frame", "auto" },
  { NUCSEG_POLARITY_BRIGHT, "Nuclei are bright (fluorescence)", "bright" },
  { NUCSEG_POLARITY_DARK, "Nuclei are dark (stained tissue)", "dark" },
  { 0, NULL, NULL },
};

static const GEnumValue normalizations[] = {
  { NUCSEG_NORMALIZATION_MODEL, "Limits of each frame, as the model asks",
      "model" },
  { NUCSEG_NORMALIZATION_FIXED, "black-level and white-level", "fixed" },
  { 0, NULL, NULL },
};

static const GEnumValue alignments[] = {
  { FALSE, "At the low end of the word", "lsb" },
  { TRUE, "At the high end of the word", "msb" },
  { 0, NULL, NULL },
};

static const GEnumValue overlays[] = {
  { NUCSEG_OVERLAY_NONE, "Nothing: pixels are not touched", "none" },
  { NUCSEG_OVERLAY_FILL, "Nuclei filled", "fill" },
  { NUCSEG_OVERLAY_CONTOUR, "Outlines of nuclei", "contour" },
  { NUCSEG_OVERLAY_BOTH, "Nuclei filled and outlined", "both" },
  { 0, NULL, NULL },
};

GType
nucseg_filter_enum_type (const gchar *name, const GEnumValue *values)
{
  GType type = g_type_from_name (name);

  if (!type) {
    type = g_enum_register_static (name, values);
    gst_type_mark_as_plugin_api (type, 0);
  }
  return type;
}

/* --- Installation ------------------------------------------------------- */

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)
#define PLAYING (FLAGS | GST_PARAM_MUTABLE_PLAYING)

static void
install_input_properties (GObjectClass *klass)
{
  /**
   * GstNucsegFilter:scale:
   *
   * Network pixels per frame pixel, 0.05 to 8 (less counts as 0.05). 0: from
   * #GstNucsegFilter:pixel-size and the model's own pixel size where both are
   * known, else 1. A new scale takes effect with the next frame that is
   * inferred, which takes longer than others.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_SCALE,
      g_param_spec_double ("scale", "Scale",
          "Network pixels per frame pixel, 0.05 to 8; less counts as 0.05 "
          "(0 = from pixel-size, or 1)",
          0.0, NUCSEG_MAX_SCALE, default_params.scale, PLAYING));
  /**
   * GstNucsegFilter:pixel-size:
   *
   * Micrometres per pixel of the frames; 0: not known. The scale follows from
   * it, and areas and perimeters are given in micrometres too.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PIXEL_SIZE,
      g_param_spec_double ("pixel-size", "Pixel size",
          "Micrometres per pixel of the frames (0 = not known)", 0.0, 1000.0,
          default_params.pixel_size_um, PLAYING));
  /**
   * GstNucsegFilter:polarity:
   *
   * Whether the frames show bright nuclei on a dark ground or dark ones on a
   * bright ground.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_POLARITY,
      g_param_spec_enum ("polarity", "Polarity", "What the frames show",
          nucseg_filter_enum_type ("GstNucsegPolarity", polarities),
          default_params.polarity, PLAYING));
  /**
   * GstNucsegFilter:normalization:
   *
   * Which grey values become black and white for the network.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_NORMALIZATION,
      g_param_spec_enum ("normalization", "Normalization",
          "Where the limits of grey come from",
          nucseg_filter_enum_type ("GstNucsegNormalization", normalizations),
          default_params.normalization, PLAYING));
  /**
   * GstNucsegFilter:black-level:
   *
   * With normalization=fixed, the raw grey value that becomes 0.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_BLACK_LEVEL,
      g_param_spec_uint ("black-level", "Black level",
          "Raw grey value that becomes black (normalization=fixed)", 0, 65534,
          default_params.black_level, PLAYING));
  /**
   * GstNucsegFilter:white-level:
   *
   * With normalization=fixed, the raw grey value that becomes 1. One that is
   * not above the black level counts as the black level plus one.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_WHITE_LEVEL,
      g_param_spec_uint ("white-level", "White level",
          "Raw grey value that becomes white (normalization=fixed)", 1, 65535,
          default_params.white_level, PLAYING));
  /**
   * GstNucsegFilter:significant-bits:
   *
   * Bits of a GRAY16 sample that carry the value: 12 for a 12-bit camera.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_SIGNIFICANT_BITS,
      g_param_spec_uint ("significant-bits", "Significant bits",
          "Bits of a 16-bit sample that carry the value", 8, 16,
          DEFAULT_SIGNIFICANT_BITS, PLAYING));
  /**
   * GstNucsegFilter:bit-alignment:
   *
   * At which end of a GRAY16 sample the significant bits stand.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_BIT_ALIGNMENT,
      g_param_spec_enum ("bit-alignment", "Bit alignment",
          "Where the significant bits of a 16-bit sample stand",
          nucseg_filter_enum_type ("GstNucsegBitAlignment", alignments), FALSE,
          PLAYING));
}

static void
install_object_properties (GObjectClass *klass)
{
  /**
   * GstNucsegFilter:threshold:
   *
   * Probability above which a pixel is nucleus; 0: the model's own.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_THRESHOLD,
      g_param_spec_double ("threshold", "Threshold",
          "Probability above which a pixel is nucleus (0 = the model's)", 0.0,
          0.9999, default_params.threshold, PLAYING));
  /**
   * GstNucsegFilter:min-area:
   *
   * Smallest nucleus in frame pixels; -1: the model's own.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_MIN_AREA,
      g_param_spec_int ("min-area", "Smallest area",
          "Smallest nucleus in pixels (-1 = the model's)", -1, G_MAXINT,
          default_params.min_area, PLAYING));
  /**
   * GstNucsegFilter:max-area:
   *
   * Largest nucleus in frame pixels; 0: no limit.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_MAX_AREA,
      g_param_spec_int ("max-area", "Largest area",
          "Largest nucleus in pixels (0 = no limit)", 0, G_MAXINT,
          default_params.max_area, PLAYING));
  /**
   * GstNucsegFilter:exclude-border:
   *
   * Leave out nuclei that touch the frame's border.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_EXCLUDE_BORDER,
      g_param_spec_boolean ("exclude-border", "Exclude border",
          "Leave out nuclei that touch the frame's border",
          default_params.exclude_border, PLAYING));
  /**
   * GstNucsegFilter:interval:
   *
   * Infer every n-th frame; those between carry the last mask, marked as
   * reused, with its age.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_INTERVAL,
      g_param_spec_uint ("interval", "Interval",
          "Infer every n-th frame and reuse its mask between (1 = each)", 1,
          100000, DEFAULT_INTERVAL, PLAYING));
  /**
   * GstNucsegFilter:roi-meta:
   *
   * Attach a GstVideoRegionOfInterestMeta for each nucleus, beside the
   * NucsegMeta that each frame gets anyway.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_ROI_META,
      g_param_spec_boolean ("roi-meta", "Region metas",
          "Attach a GstVideoRegionOfInterestMeta for each nucleus",
          DEFAULT_ROI_META, PLAYING));
#ifdef HAVE_ANALYTICS
  /**
   * GstNucsegFilter:analytics-meta:
   *
   * Attach a GstAnalyticsRelationMeta as well: a detection for each nucleus
   * (the first 4095) and the label map as a segmentation, for GStreamer's own
   * trackers and overlays. There only where the plug-in was built with
   * GStreamer 1.26 or later.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_ANALYTICS_META,
      g_param_spec_boolean ("analytics-meta", "Analytics meta",
          "Attach the nuclei as GStreamer's analytics metadata, for its "
          "trackers and overlays",
          DEFAULT_ANALYTICS_META, PLAYING));
#endif
  /**
   * GstNucsegFilter:stats:
   *
   * Counts and times since the start: frames, inferred (guint64), nuclei (of
   * the last frame), latency (guint64, nanoseconds), and the 50th and 99th
   * percentile of the last 1000 frames in microseconds (guint) of each stage,
   * prepare-p50, prepare-p99, network-, decode-, overlay- and total- (of
   * inferred frames), and element-p50, element-p99 (all that the element did,
   * on all frames, without the wait for others of
   * #GstNucsegFilter:pipeline-depth). batch (gdouble) is the mean number of
   * frames that were run together (#GstNucsegFilter:batch-streams). While a
   * session is there: model, model-sha256, backend and precision. Any thread
   * may read it while frames run.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counts and times",
          GST_TYPE_STRUCTURE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
install_overlay_properties (GObjectClass *klass)
{
  /**
   * GstNucsegFilter:overlay:
   *
   * What is drawn over the picture. From grey frames, an overlay prefers a
   * colour format downstream; it does so at the next negotiation.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_OVERLAY,
      g_param_spec_enum ("overlay", "Overlay", "What is drawn over the picture",
          nucseg_filter_enum_type ("GstNucsegOverlay", overlays),
          default_params.overlay, PLAYING));
  /**
   * GstNucsegFilter:overlay-alpha:
   *
   * Opacity of the fill.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_OVERLAY_ALPHA,
      g_param_spec_double ("overlay-alpha", "Overlay opacity",
          "Opacity of the fill (0 = not to be seen, 1 = solid)", 0.0, 1.0,
          default_params.overlay_alpha, PLAYING));
  /**
   * GstNucsegFilter:contour-color:
   *
   * Colour of outlines as 0xRRGGBB; 0xff000000: one for each label. An upper
   * byte other than that is ignored.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_CONTOUR_COLOR,
      g_param_spec_uint ("contour-color", "Contour colour",
          "Colour of outlines as 0xRRGGBB (0xff000000 = one for each label)", 0,
          NUCSEG_COLOR_LABEL, default_params.contour_color, PLAYING));
  /**
   * GstNucsegFilter:fill-color:
   *
   * Colour of the fill as 0xRRGGBB; 0xff000000: one for each label. An upper
   * byte other than that is ignored.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_FILL_COLOR,
      g_param_spec_uint ("fill-color", "Fill colour",
          "Colour of the fill as 0xRRGGBB (0xff000000 = one for each label)", 0,
          NUCSEG_COLOR_LABEL, default_params.fill_color, PLAYING));
  /**
   * GstNucsegFilter:draw-count:
   *
   * Write the number of nuclei into the top left corner.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_DRAW_COUNT,
      g_param_spec_boolean ("draw-count", "Draw count",
          "Write the number of nuclei into the picture",
          default_params.draw_count, PLAYING));
}

void
nucseg_filter_install_specs (GObjectClass *klass)
{
  nucseg_filter_install_session_specs (klass);
  install_input_properties (klass);
  install_object_properties (klass);
  install_overlay_properties (klass);
}
