/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * geometry.c: sizes of the network's input for a frame and its parameters.
 */
#include "backend.h"

#include <math.h>

static gint
scaled (gint n, gdouble scale)
{
  return MAX (1, (gint) lround (n * scale));
}

static gint
padded (gint n, gint multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

static gboolean
find_scale (const NucsegModel *model, const NucsegParams *params,
    gdouble *scale, GError **error)
{
  gdouble model_um = nucseg_model_get_pixel_size (model);

  if (params->scale == 0 && params->pixel_size_um > 0 && model_um > 0) {
    *scale = params->pixel_size_um / model_um;
    if (*scale >= NUCSEG_MIN_SCALE && *scale <= NUCSEG_MAX_SCALE)
      return TRUE;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a pixel size of %.10g um gives a scale of %.10g with this model (%g "
        "um), "
        "expected %g to %g",
        params->pixel_size_um, *scale, model_um, NUCSEG_MIN_SCALE,
        NUCSEG_MAX_SCALE);
    return FALSE;
  }
  *scale = params->scale == 0 ? 1 : params->scale;
  /* NaN fails both comparisons */
  if (*scale >= NUCSEG_MIN_SCALE && *scale <= NUCSEG_MAX_SCALE)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
      "a scale of %.10g, expected %g to %g, or 0", params->scale,
      NUCSEG_MIN_SCALE, NUCSEG_MAX_SCALE);
  return FALSE;
}

gboolean
nucseg_geometry_init (NucsegGeometry *geometry, const NucsegModel *model,
    gint width, gint height, const NucsegParams *params, GError **error)
{
  gint multiple;

  g_return_val_if_fail (geometry != NULL && model != NULL, FALSE);
  g_return_val_if_fail (params != NULL, FALSE);

  if (width < NUCSEG_MIN_SIZE || width > NUCSEG_MAX_SIZE
      || height < NUCSEG_MIN_SIZE || height > NUCSEG_MAX_SIZE) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a frame of %dx%d, expected %d to %d pixels a side", width, height,
        NUCSEG_MIN_SIZE, NUCSEG_MAX_SIZE);
    return FALSE;
  }
  if (!find_scale (model, params, &geometry->scale, error))
    return FALSE;
  multiple = nucseg_model_get_graph (model)->multiple;
  geometry->frame_width = width;
  geometry->frame_height = height;
  geometry->net_width = scaled (width, geometry->scale);
  geometry->net_height = scaled (height, geometry->scale);
  geometry->pad_width = padded (geometry->net_width, multiple);
  geometry->pad_height = padded (geometry->net_height, multiple);
  if (geometry->net_width > NUCSEG_MAX_SIZE
      || geometry->net_height > NUCSEG_MAX_SIZE) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a network input of %dx%d (a frame of %dx%d at scale %g), expected at "
        "most %d pixels a side",
        geometry->net_width, geometry->net_height, width, height,
        geometry->scale, NUCSEG_MAX_SIZE);
    return FALSE;
  }
  return TRUE;
}
