/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-limits.c: settings that contradict each other. They are changed
 * one by one while frames pass, so that each value is taken; but frames that
 * find nothing, or are all black and white, want an explanation.
 */
#include "nucsegfilter-private.h"

#include "model.h"

/* Whether @what, one bit, is seen for the first time since it last wasn't. */
static gboolean
is_new (GstNucsegFilter *self, guint what, gboolean seen)
{
  const gboolean was_seen = self->contradictions & what;

  self->contradictions = (self->contradictions & ~what) | (seen ? what : 0);
  return seen && !was_seen;
}

static void
check_areas (GstNucsegFilter *self, const NucsegParams *params, gdouble scale)
{
  const NucsegOutput *output =
      nucseg_model_get_output (nucseg_session_get_model (self->sessions[0]));
  const gboolean own = params->min_area < 0;
  const gdouble least =
      own ? output->min_area / (scale * scale) : params->min_area;

  if (is_new (self, 1, params->max_area > 0 && params->max_area < least))
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("max-area=%d is below %s%g pixels: no nucleus is kept.",
            params->max_area,
            own ? "the model's smallest area of " : "min-area, ", least),
        (NULL));
}

static void
check_levels (GstNucsegFilter *self, const NucsegFrameSettings *settings)
{
  const NucsegParams *params = &settings->params;

  if (is_new (self, 2,
          params->normalization == NUCSEG_NORMALIZATION_FIXED
              && settings->asked_white <= params->black_level))
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("white-level=%u is not above black-level=%u: all grey values up to "
         "the black level are black, all others white.",
            settings->asked_white, params->black_level),
        (NULL));
}

void
nucseg_filter_check_limits (
    GstNucsegFilter *self, const NucsegFrameSettings *settings, gdouble scale)
{
  check_areas (self, &settings->params, scale);
  check_levels (self, settings);
}
