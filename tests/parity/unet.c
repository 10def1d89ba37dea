/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unet.c: a whole attention U-Net with seeded weights, of any width.
 */
#include "tests/parity/cases.h"

/* What a step is worth in int8: tensors stay below 10. */
#define SCALE 0.04

static void
conv (NucsegBuilder *b, const gchar *name, const gchar *input, gint channels,
    gint kernel, gint dilation, const gchar *activation)
{
  nucseg_builder_conv (b, name, input, channels,
      &(NucsegBuilderConv){ .kernel = kernel,
          .dilation = dilation,
          .padding = kernel / 2 * dilation,
          .bias = TRUE,
          .activation = activation });
}

/* SAP and CE of stage @i on the node "b@i", giving the node "e@i". */
static void
attention (NucsegBuilder *b, gint i, gint channels, gdouble scale)
{
  g_autofree gchar *in = g_strdup_printf ("b%d", i);
  g_autofree gchar *mean = g_strdup_printf ("mean%d", i);
  g_autofree gchar *cell = g_strdup_printf ("cell%d", i);
  g_autofree gchar *sap = g_strdup_printf ("sap%d", i);
  g_autofree gchar *ce = g_strdup_printf ("ce%d", i);
  g_autofree gchar *lower = g_strdup_printf ("sap%d", i - 1);
  g_autofree gchar *factor = g_strdup_printf ("factor%d", i);
  g_autofree gchar *out = g_strdup_printf ("e%d", i);

  nucseg_builder_set_scale (b, 0);
  nucseg_builder_avg_pool (b, mean, in, 4, 4);
  nucseg_builder_conv (b, cell, mean, channels,
      &(NucsegBuilderConv){
          .kernel = 4, .groups = -1, .bias = TRUE, .activation = "relu" });
  conv (b, sap, cell, channels, 1, 1, "sigmoid");
  if (i > 0)
    conv (b, ce, lower, channels, 1, 1, "sigmoid");
  nucseg_builder_add (b, factor, sap, i == 0 ? sap : ce, NULL);
  nucseg_builder_set_scale (b, scale);
  nucseg_builder_mul (b, out, in, factor);
}

static void
encoder (NucsegBuilder *b, const gint widths[4], gdouble scale)
{
  static const gchar *const inputs[4] = { "stem", "p0", "p1", "e2" };

  nucseg_builder_space_to_depth (b, "stem", "input", 2);
  nucseg_builder_set_scale (b, scale);
  for (gint i = 0; i < 4; i++) {
    g_autofree gchar *first = g_strdup_printf ("a%d", i);
    g_autofree gchar *second = g_strdup_printf ("b%d", i);
    gint dilation = i == 3 ? 2 : 1;

    conv (b, first, inputs[i], widths[i], 3, dilation, "relu");
    conv (b, second, first, widths[i], 3, dilation, "relu");
    attention (b, i, widths[i], scale);
    if (i == 0)
      nucseg_builder_max_pool (b, "p0", "e0", 2, 2);
    else if (i == 1)
      nucseg_builder_max_pool (b, "p1", "e1", 2, 2);
  }
}

static void
aspp (NucsegBuilder *b, const gint widths[4])
{
  static const gint rates[4] = { 1, 6, 12, 18 };

  for (gint i = 0; i < 4; i++) {
    g_autofree gchar *name = g_strdup_printf ("rate%d", rates[i]);

    conv (b, name, "e3", widths[3] / 2, 3, rates[i], "relu");
  }
  nucseg_builder_concat (
      b, "rates", "rate1", "rate6", "rate12", "rate18", NULL);
  conv (b, "top", "rates", widths[2], 1, 1, "relu");
}

static void
decoder (NucsegBuilder *b, const gint widths[4], gdouble scale)
{
  /* Steps are never negative. */
  const gchar *narrow = scale > 0 ? "relu" : NULL;

  conv (b, "narrow1", "top", widths[1], 1, 1, narrow);
  nucseg_builder_upsample (b, "up1", "narrow1", "bilinear");
  nucseg_builder_concat (b, "join1", "up1", "e1", NULL);
  conv (b, "d1", "join1", widths[1], 3, 1, "relu");
  conv (b, "narrow0", "d1", widths[0], 1, 1, narrow);
  nucseg_builder_upsample (b, "up0", "narrow0", "bilinear");
  nucseg_builder_concat (b, "join0", "up0", "e0", NULL);
  conv (b, "d0", "join0", widths[0], 3, 1, "relu");
  nucseg_builder_set_scale (b, 0);
  conv (b, "head", "d0", 12, 1, 1, NULL);
  nucseg_builder_depth_to_space (b, "maps", "head", 2);
}

static NucsegModel *
build (guint64 seed, const gint widths[4], gdouble scale)
{
  NucsegBuilder *b = nucseg_builder_new (seed, 16);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  NucsegModel *model;

  encoder (b, widths, scale);
  aspp (b, widths);
  decoder (b, widths, scale);
  nucseg_builder_set (b, "output",
      "{\"maps\": [\"foreground\", \"offset_y\", \"offset_x\"], "
      "\"decoder\": {\"method\": \"votes\", \"threshold\": 0.5, "
      "\"offset_scale\": 8, \"min_votes\": 3, \"radius\": 8, "
      "\"min_area\": 4}}");
  bytes = nucseg_builder_end (b, "maps", 0);
  model = nucseg_model_new_from_bytes (bytes, "U-Net", &error);
  if (model == NULL)
    g_error ("the U-Net is refused: %s", error->message);
  return model;
}

NucsegModel *
parity_unet_build (guint64 seed, const gint widths[4])
{
  return build (seed, widths, 0);
}

NucsegModel *
parity_unet_build_int8 (guint64 seed, const gint widths[4])
{
  return build (seed, widths, SCALE);
}
