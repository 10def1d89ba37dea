/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-props.h: what the files of the properties of nucsegfilter
 * share: their numbers and defaults.
 */
#ifndef NUCSEG_FILTER_PROPS_H
#define NUCSEG_FILTER_PROPS_H

#include "nucsegfilter-private.h"

#define DEFAULT_MODEL "nuclei-live"
#define DEFAULT_SIGNIFICANT_BITS 16
#define DEFAULT_PIPELINE_DEPTH 1
#define DEFAULT_BATCH_STREAMS 1
#define DEFAULT_BATCH_DEADLINE 2000 /* microseconds */
#define DEFAULT_INTERVAL 1
#define DEFAULT_ROI_META TRUE
#define DEFAULT_ANALYTICS_META FALSE

enum {
  PROP_0,
  PROP_MODEL,
  PROP_BACKEND,
  PROP_PRECISION,
  PROP_THREADS,
  PROP_PIPELINE_DEPTH,
  PROP_BATCH_STREAMS,
  PROP_BATCH_DEADLINE,
  PROP_SCALE,
  PROP_PIXEL_SIZE,
  PROP_THRESHOLD,
  PROP_MIN_AREA,
  PROP_MAX_AREA,
  PROP_EXCLUDE_BORDER,
  PROP_POLARITY,
  PROP_NORMALIZATION,
  PROP_BLACK_LEVEL,
  PROP_WHITE_LEVEL,
  PROP_SIGNIFICANT_BITS,
  PROP_BIT_ALIGNMENT,
  PROP_OVERLAY,
  PROP_OVERLAY_ALPHA,
  PROP_CONTOUR_COLOR,
  PROP_FILL_COLOR,
  PROP_DRAW_COUNT,
  PROP_INTERVAL,
  PROP_ROI_META,
  PROP_ANALYTICS_META,
  PROP_STATS
};

/* nucsegfilter-specs.c: tells @klass of all of them. */
void nucseg_filter_install_specs (GObjectClass *klass);
/* nucsegfilter-session-specs.c: its part of them. */
void nucseg_filter_install_session_specs (GObjectClass *klass);

/* The type of an enumeration, registered at the first call. */
GType nucseg_filter_enum_type (const gchar *name, const GEnumValue *values);

#endif /* NUCSEG_FILTER_PROPS_H */
