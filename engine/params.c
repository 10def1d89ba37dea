/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * params.c: checks the parameters of a frame.
 */
#include "params.h"

static gboolean
value_error (
    GError **error, const gchar *name, gdouble value, const gchar *expected)
{
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "%s %.10g, expected %s", name, value, expected);
  return FALSE;
}

gboolean
nucseg_params_check (const NucsegParams *params, GError **error)
{
  /* comparisons stand so that NaN fails */
  if (!(params->pixel_size_um >= 0 && params->pixel_size_um <= 1000))
    return value_error (
        error, "pixel size", params->pixel_size_um, "0 to 1000 micrometres");
  if (!(params->threshold >= 0 && params->threshold < 1))
    return value_error (
        error, "threshold", params->threshold, "a number inside (0, 1), or 0");
  if (params->min_area < -1)
    return value_error (error, "smallest area", params->min_area, "-1 or more");
  if (params->max_area < 0)
    return value_error (error, "largest area", params->max_area, "0 or more");
  if ((guint) params->polarity > NUCSEG_POLARITY_DARK)
    return value_error (error, "polarity", (gint) params->polarity, "0 to 2");
  if ((guint) params->normalization > NUCSEG_NORMALIZATION_FIXED)
    return value_error (
        error, "normalization", (gint) params->normalization, "0 or 1");
  if (params->normalization == NUCSEG_NORMALIZATION_FIXED
      && params->white_level <= params->black_level) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "white level %u, expected more than the black level (%u)",
        params->white_level, params->black_level);
    return FALSE;
  }
  if ((guint) params->overlay > NUCSEG_OVERLAY_BOTH)
    return value_error (error, "overlay", (gint) params->overlay, "0 to 3");
  if (!(params->overlay_alpha >= 0 && params->overlay_alpha <= 1))
    return value_error (
        error, "overlay alpha", params->overlay_alpha, "0 to 1");
  return TRUE;
}
