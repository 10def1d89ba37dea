/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modelbuilder-networks.c: whole networks that many tests use.
 */
#include "modelbuilder.h"

/* SAP of docs/model-format.md's operations: pool, depthwise, 1x1, sigmoid. */
static void
add_attention (NucsegBuilder *b, const gchar *name, const gchar *input)
{
  gint channels = nucseg_builder_get_channels (b, input);
  g_autofree gchar *pool = g_strconcat (name, "_pool", NULL);
  g_autofree gchar *depth = g_strconcat (name, "_depth", NULL);

  nucseg_builder_avg_pool (b, pool, input, 4, 4);
  nucseg_builder_conv (b, depth, pool, channels,
      &(NucsegBuilderConv){
          .kernel = 4, .groups = -1, .bias = TRUE, .activation = "relu" });
  nucseg_builder_conv (b, name, depth, channels,
      &(NucsegBuilderConv){ .bias = TRUE, .activation = "sigmoid" });
}

GBytes *
nucseg_builder_attention_unet (guint64 seed, gint width)
{
  const NucsegBuilderConv conv3 = {
    .kernel = 3, .padding = 1, .bias = TRUE, .activation = "relu", .gain = 1.4f
  };
  const NucsegBuilderConv dilated = { .kernel = 3,
    .padding = 2,
    .dilation = 2,
    .bias = TRUE,
    .activation = "relu",
    .gain = 1.4f };
  NucsegBuilder *b = nucseg_builder_new (seed, 16);

  nucseg_builder_space_to_depth (b, "stem", "input", 2);
  nucseg_builder_conv (b, "enc0", "stem", width, &conv3);
  add_attention (b, "sap0", "enc0");
  nucseg_builder_add (b, "gain0", "sap0", "sap0", NULL);
  nucseg_builder_mul (b, "att0", "enc0", "gain0");
  nucseg_builder_max_pool (b, "pool0", "att0", 2, 2);
  nucseg_builder_conv (b, "enc1", "pool0", 2 * width, &conv3);
  add_attention (b, "sap1", "enc1");
  nucseg_builder_conv (b, "ce1", "sap0", 2 * width,
      &(NucsegBuilderConv){ .bias = TRUE, .activation = "sigmoid" });
  nucseg_builder_add (b, "gain1", "sap1", "ce1", NULL);
  nucseg_builder_mul (b, "att1", "enc1", "gain1");
  nucseg_builder_max_pool (b, "pool1", "att1", 2, 2);
  nucseg_builder_conv (b, "deep1", "pool1", width, &conv3);
  nucseg_builder_conv (b, "deep2", "pool1", width, &dilated);
  nucseg_builder_concat (b, "aspp", "deep1", "deep2", "pool1", NULL);
  nucseg_builder_conv (b, "project", "aspp", 2 * width, &conv3);
  nucseg_builder_upsample (b, "up1", "project", "bilinear");
  nucseg_builder_concat (b, "skip1", "up1", "att1", NULL);
  nucseg_builder_conv (b, "dec1", "skip1", width, &conv3);
  nucseg_builder_upsample (b, "up0", "dec1", "nearest");
  nucseg_builder_add (b, "skip0", "up0", "att0", NULL);
  nucseg_builder_conv (b, "dec0", "skip0", width, &conv3);
  nucseg_builder_conv (
      b, "head", "dec0", 12, &(NucsegBuilderConv){ .bias = TRUE });
  nucseg_builder_depth_to_space (b, "maps", "head", 2);
  return nucseg_builder_end (b, "maps", 0);
}

GBytes *
nucseg_builder_identity (gfloat gain, gfloat bias)
{
  NucsegBuilder *b = nucseg_builder_new (0, 1);

  nucseg_builder_conv (
      b, "maps", "input", 1, &(NucsegBuilderConv){ .bias = TRUE });
  nucseg_builder_get_tensor (b, "maps.weight", NULL)[0] = gain;
  nucseg_builder_get_tensor (b, "maps.bias", NULL)[0] = bias;
  return nucseg_builder_end (b, "maps", 0);
}
