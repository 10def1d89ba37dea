/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-props.c: setting and getting the properties of nucsegfilter,
 * from any thread, while frames run. nucsegfilter-specs.c describes them.
 */
#include "nucsegfilter-props.h"

void
nucseg_filter_init_settings (GstNucsegFilter *self)
{
  self->session_settings.model = g_strdup (DEFAULT_MODEL);
  self->session_settings.depth = DEFAULT_PIPELINE_DEPTH;
  self->session_settings.batch = DEFAULT_BATCH_STREAMS;
  self->session_settings.batch_deadline = DEFAULT_BATCH_DEADLINE;
  self->frame_settings.params = (NucsegParams) NUCSEG_PARAMS_INIT;
  self->frame_settings.significant_bits = DEFAULT_SIGNIFICANT_BITS;
  self->frame_settings.interval = DEFAULT_INTERVAL;
  self->frame_settings.roi_meta = DEFAULT_ROI_META;
  self->frame_settings.analytics_meta = DEFAULT_ANALYTICS_META;
}

void
nucseg_filter_get_frame_settings (
    GstNucsegFilter *self, NucsegFrameSettings *settings)
{
  NucsegParams *params = &settings->params;

  GST_OBJECT_LOCK (self);
  *settings = self->frame_settings;
  GST_OBJECT_UNLOCK (self);

  /* The two levels are set one after the other, in any order, while frames
   * run: what is between must not stop the stream. */
  settings->asked_white = params->white_level;
  if (params->white_level <= params->black_level)
    params->white_level = params->black_level + 1;
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (object);
  NucsegSessionSettings *session = &self->session_settings;
  NucsegFrameSettings *frame = &self->frame_settings;
  NucsegParams *params = &frame->params;

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    g_free (session->model);
    session->model = g_value_dup_string (value);
    if (!session->model)
      session->model = g_strdup (DEFAULT_MODEL);
    break;
  case PROP_BACKEND:
    session->backend = g_value_get_enum (value);
    break;
  case PROP_PRECISION:
    session->precision = g_value_get_enum (value);
    break;
  case PROP_THREADS:
    session->threads = g_value_get_uint (value);
    break;
  case PROP_PIPELINE_DEPTH:
    session->depth = g_value_get_uint (value);
    break;
  case PROP_BATCH_STREAMS:
    session->batch = g_value_get_uint (value);
    break;
  case PROP_BATCH_DEADLINE:
    session->batch_deadline = g_value_get_uint (value);
    break;
  case PROP_SCALE:
    params->scale = g_value_get_double (value);
    if (params->scale > 0)
      params->scale = MAX (params->scale, NUCSEG_MIN_SCALE);
    break;
  case PROP_PIXEL_SIZE:
    params->pixel_size_um = g_value_get_double (value);
    break;
  case PROP_THRESHOLD:
    params->threshold = g_value_get_double (value);
    break;
  case PROP_MIN_AREA:
    params->min_area = g_value_get_int (value);
    break;
  case PROP_MAX_AREA:
    params->max_area = g_value_get_int (value);
    break;
  case PROP_EXCLUDE_BORDER:
    params->exclude_border = g_value_get_boolean (value);
    break;
  case PROP_POLARITY:
    params->polarity = g_value_get_enum (value);
    break;
  case PROP_NORMALIZATION:
    params->normalization = g_value_get_enum (value);
    break;
  case PROP_BLACK_LEVEL:
    params->black_level = g_value_get_uint (value);
    break;
  case PROP_WHITE_LEVEL:
    params->white_level = g_value_get_uint (value);
    break;
  case PROP_SIGNIFICANT_BITS:
    frame->significant_bits = g_value_get_uint (value);
    break;
  case PROP_BIT_ALIGNMENT:
    frame->msb_aligned = g_value_get_enum (value);
    break;
  case PROP_OVERLAY:
    params->overlay = g_value_get_enum (value);
    break;
  case PROP_OVERLAY_ALPHA:
    params->overlay_alpha = g_value_get_double (value);
    break;
  case PROP_CONTOUR_COLOR:
    params->contour_color = g_value_get_uint (value);
    break;
  case PROP_FILL_COLOR:
    params->fill_color = g_value_get_uint (value);
    break;
  case PROP_DRAW_COUNT:
    params->draw_count = g_value_get_boolean (value);
    break;
  case PROP_INTERVAL:
    frame->interval = g_value_get_uint (value);
    break;
  case PROP_ROI_META:
    frame->roi_meta = g_value_get_boolean (value);
    break;
  case PROP_ANALYTICS_META:
    frame->analytics_meta = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (object);
  const NucsegSessionSettings *session = &self->session_settings;
  const NucsegFrameSettings *frame = &self->frame_settings;
  const NucsegParams *params = &frame->params;

  if (id == PROP_STATS) {
    g_value_take_boxed (value, nucseg_filter_stats_get (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_MODEL:
    g_value_set_string (value, session->model);
    break;
  case PROP_BACKEND:
    g_value_set_enum (value, session->backend);
    break;
  case PROP_PRECISION:
    g_value_set_enum (value, session->precision);
    break;
  case PROP_THREADS:
    g_value_set_uint (value, session->threads);
    break;
  case PROP_PIPELINE_DEPTH:
    g_value_set_uint (value, session->depth);
    break;
  case PROP_BATCH_STREAMS:
    g_value_set_uint (value, session->batch);
    break;
  case PROP_BATCH_DEADLINE:
    g_value_set_uint (value, session->batch_deadline);
    break;
  case PROP_SCALE:
    g_value_set_double (value, params->scale);
    break;
  case PROP_PIXEL_SIZE:
    g_value_set_double (value, params->pixel_size_um);
    break;
  case PROP_THRESHOLD:
    g_value_set_double (value, params->threshold);
    break;
  case PROP_MIN_AREA:
    g_value_set_int (value, params->min_area);
    break;
  case PROP_MAX_AREA:
    g_value_set_int (value, params->max_area);
    break;
  case PROP_EXCLUDE_BORDER:
    g_value_set_boolean (value, params->exclude_border);
    break;
  case PROP_POLARITY:
    g_value_set_enum (value, params->polarity);
    break;
  case PROP_NORMALIZATION:
    g_value_set_enum (value, params->normalization);
    break;
  case PROP_BLACK_LEVEL:
    g_value_set_uint (value, params->black_level);
    break;
  case PROP_WHITE_LEVEL:
    g_value_set_uint (value, params->white_level);
    break;
  case PROP_SIGNIFICANT_BITS:
    g_value_set_uint (value, frame->significant_bits);
    break;
  case PROP_BIT_ALIGNMENT:
    g_value_set_enum (value, frame->msb_aligned);
    break;
  case PROP_OVERLAY:
    g_value_set_enum (value, params->overlay);
    break;
  case PROP_OVERLAY_ALPHA:
    g_value_set_double (value, params->overlay_alpha);
    break;
  case PROP_CONTOUR_COLOR:
    g_value_set_uint (value, params->contour_color);
    break;
  case PROP_FILL_COLOR:
    g_value_set_uint (value, params->fill_color);
    break;
  case PROP_DRAW_COUNT:
    g_value_set_boolean (value, params->draw_count);
    break;
  case PROP_INTERVAL:
    g_value_set_uint (value, frame->interval);
    break;
  case PROP_ROI_META:
    g_value_set_boolean (value, frame->roi_meta);
    break;
  case PROP_ANALYTICS_META:
    g_value_set_boolean (value, frame->analytics_meta);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

void
nucseg_filter_install_properties (GObjectClass *klass)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  nucseg_filter_install_specs (klass);
}
