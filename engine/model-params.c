/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model-params.c: reads what a model needs as input and how its output becomes
 * labels. docs/model-format.md gives the meaning and range of each key.
 */
#include "model-private.h"

static gboolean
read_clip (const NucsegJson *json, NucsegInput *input, GError **error)
{
  gdouble clip[2] = { 0 };
  JsonArray *array;

  if (!nucseg_json_get_array (json, "clip", FALSE, 2, 2, &array, error))
    return FALSE;
  if (!array)
    return TRUE;
  for (guint i = 0; i < 2; i++) {
    if (!nucseg_json_element_double (
            json, "clip", array, i, -1000, 1000, &clip[i], error))
      return FALSE;
  }
  if ((gfloat) clip[0] >= (gfloat) clip[1])
    return nucseg_json_error (json, "clip", error,
        "found [%g, %g], expected the first below the second", clip[0],
        clip[1]);
  input->clip_low = (gfloat) clip[0];
  input->clip_high = (gfloat) clip[1];
  return TRUE;
}

static gboolean
read_normalization (const NucsegJson *json, NucsegInput *input, GError **error)
{
  static const gchar *const keys[] = { "method", "low", "high", "clip",
    "min_range", NULL };
  static const gchar *const methods[] = { "percentile", "minmax", "equalize",
    "none", NULL };
  gboolean percentile;
  gint method;

  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_choice (
          json, "method", TRUE, methods, &method, error))
    return FALSE;
  input->method = (NucsegMethod) method;
  percentile = input->method == NUCSEG_METHOD_PERCENTILE;
  if (!nucseg_json_get_double (
          json, "low", percentile, 0, 100, &input->low, error)
      || !nucseg_json_get_double (
          json, "high", percentile, 0, 100, &input->high, error)
      || !read_clip (json, input, error))
    return FALSE;
  if (input->low >= input->high)
    return nucseg_json_error (json, "high", error,
        "found %g, expected more than low (%g)", input->high, input->low);
  return nucseg_json_get_double (
      json, "min_range", FALSE, 0, 1, &input->min_range, error);
}

gboolean
nucseg_input_read (const NucsegJson *json, NucsegInput *input, GError **error)
{
  static const gchar *const keys[] = { "color", "normalization", "smoothing",
    "polarity", "pixel_size_um", NULL };
  static const gchar *const colors[] = { "grey", NULL };
  static const gchar *const polarities[] = { "bright", "dark", "both", NULL };
  g_auto (NucsegJson) normalization = { NULL };
  gint color, polarity;

  *input = (NucsegInput){ .high = 100, .clip_high = 1 };
  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_choice (json, "color", TRUE, colors, &color, error)
      || !nucseg_json_get_object (json, "normalization", &normalization, error)
      || !read_normalization (&normalization, input, error)
      || !nucseg_json_get_double (
          json, "smoothing", FALSE, 0, 8, &input->smoothing, error)
      || !nucseg_json_get_choice (
          json, "polarity", TRUE, polarities, &polarity, error)
      || !nucseg_json_get_double (
          json, "pixel_size_um", FALSE, 0, 1000, &input->pixel_size_um, error))
    return FALSE;
  input->polarity = (NucsegTrainedPolarity) polarity;
  return TRUE;
}

static gboolean
read_maps (const NucsegJson *json, NucsegOutput *output, GError **error)
{
  static const gchar *const names[] = { "foreground", "offset_y", "offset_x" };
  gint *channels[] = { &output->foreground, &output->offset_y,
    &output->offset_x };
  JsonArray *maps;

  if (!nucseg_json_get_array (
          json, "maps", TRUE, 1, G_N_ELEMENTS (names), &maps, error))
    return FALSE;
  output->n_maps = (gint) json_array_get_length (maps);
  for (gint i = 0; i < output->n_maps; i++) {
    const gchar *name;
    guint found = 0;
    if (!nucseg_json_element_string (
            json, "maps", maps, (guint) i, &name, error))
      return FALSE;
    while (found < G_N_ELEMENTS (names) && !g_str_equal (name, names[found]))
      found++;
    if (found == G_N_ELEMENTS (names))
      return nucseg_json_error (json, "maps", error,
          "found \"%.64s\", expected foreground, offset_y or offset_x", name);
    if (*channels[found] >= 0)
      return nucseg_json_error (
          json, "maps", error, "\"%s\" appears twice", name);
    *channels[found] = i;
  }
  if (output->foreground < 0)
    return nucseg_json_error (
        json, "maps", error, "expected a map \"foreground\"");
  return TRUE;
}

static gboolean
read_decoder (const NucsegJson *json, NucsegOutput *output, GError **error)
{
  static const gchar *const keys[] = { "method", "threshold", "offset_scale",
    "min_votes", "vote_reach", "radius", "min_area", NULL };
  static const gchar *const methods[] = { "components", "votes", NULL };
  gdouble offset_scale = output->offset_scale;
  gboolean votes;
  gint method;

  if (!nucseg_json_check_keys (json, keys, error)
      || !nucseg_json_get_choice (
          json, "method", TRUE, methods, &method, error))
    return FALSE;
  output->decoder = (NucsegDecoder) method;
  votes = output->decoder == NUCSEG_DECODER_VOTES;
  if (!nucseg_json_get_double (
          json, "threshold", TRUE, 0, 1, &output->threshold, error)
      || !nucseg_json_get_double (
          json, "offset_scale", votes, 1, 256, &offset_scale, error)
      || !nucseg_json_get_int (
          json, "min_votes", votes, 1, 1000, &output->min_votes, error)
      || !nucseg_json_get_int (
          json, "vote_reach", FALSE, 0, 1024, &output->vote_reach, error)
      || !nucseg_json_get_int (
          json, "radius", votes, 0, 64, &output->radius, error)
      || !nucseg_json_get_int (json, "min_area", FALSE, 0,
          NUCSEG_MAX_SIZE * NUCSEG_MAX_SIZE, &output->min_area, error))
    return FALSE;
  if (output->threshold <= 0 || output->threshold >= 1)
    return nucseg_json_error (json, "threshold", error,
        "found %g, expected a number inside (0, 1)", output->threshold);
  output->offset_scale = (gfloat) offset_scale;
  if (votes && (output->offset_y < 0 || output->offset_x < 0))
    return nucseg_json_error (json, "method", error,
        "\"votes\" needs the maps offset_y and offset_x");
  return TRUE;
}

gboolean
nucseg_output_read (
    const NucsegJson *json, NucsegOutput *output, GError **error)
{
  static const gchar *const keys[] = { "maps", "decoder", NULL };
  g_auto (NucsegJson) decoder = { NULL };

  *output = (NucsegOutput){ .foreground = -1,
    .offset_y = -1,
    .offset_x = -1,
    .offset_scale = 1,
    .min_votes = 1 };
  return nucseg_json_check_keys (json, keys, error)
      && read_maps (json, output, error)
      && nucseg_json_get_object (json, "decoder", &decoder, error)
      && read_decoder (&decoder, output, error);
}
