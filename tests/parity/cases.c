/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cases.c: the table of single operations, and how a network is built round
 * one.
 */
#include "tests/parity/cases.h"

#include <math.h>

/* channels, kernel, stride, dilation, padding, groups, bias, activation */
#define CONV(o, k, s, d, p, g, b, a)                                           \
  .op = "conv", .out = (o),                                                    \
  .conv = { .kernel = (k),                                                     \
    .stride = (s),                                                             \
    .dilation = (d),                                                           \
    .padding = (p),                                                            \
    .groups = (g),                                                             \
    .bias = (b),                                                               \
    .activation = (a) }
#define SIZE(h, w, b, c)                                                       \
  .height = (h), .width = (w), .block = (b), .channels = (c)
#define WEIGH .tail = PARITY_TAIL_WEIGH
#define HALF .tail = PARITY_TAIL_HALF

const ParityCase parity_cases[] = {
  /* channel tails, odd sizes */
  { "conv3-1-1", SIZE (17, 23, 1, 1), CONV (1, 3, 1, 1, 1, 1, TRUE, NULL) },
  { "conv3-3-5", SIZE (9, 31, 1, 3), CONV (5, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-5-3", SIZE (31, 9, 1, 5), CONV (3, 3, 1, 1, 1, 1, FALSE, NULL) },
  { "conv3-16-16", SIZE (24, 40, 1, 16),
      CONV (16, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-17-31", SIZE (13, 19, 1, 17),
      CONV (31, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-31-17", SIZE (19, 13, 1, 31), CONV (17, 3, 1, 1, 1, 1, TRUE, NULL) },
  { "conv3-32-64", SIZE (16, 16, 1, 32),
      CONV (64, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-48-24", SIZE (12, 20, 1, 48),
      CONV (24, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-96-33", SIZE (7, 11, 1, 96), CONV (33, 3, 1, 1, 1, 1, TRUE, NULL) },
  /* of one channel: rows that end with a block of pixels, or a pixel short */
  { "conv3-1-8", SIZE (9, 25, 1, 1), CONV (8, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-1-16", SIZE (5, 26, 1, 1), CONV (16, 3, 1, 1, 1, 1, FALSE, NULL) },
  { "conv5-1-16", SIZE (7, 27, 1, 1), CONV (16, 5, 1, 1, 2, 1, TRUE, "relu") },
  { "conv5-1-24", SIZE (9, 28, 1, 1), CONV (24, 5, 1, 1, 2, 1, TRUE, NULL) },
  /* of the four that blocks of pixels become, and of eight outputs: likewise */
  { "conv3-4-16", SIZE (6, 29, 1, 4), CONV (16, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-4-8", SIZE (9, 15, 1, 4), CONV (8, 3, 1, 1, 1, 1, FALSE, NULL) },
  { "conv3-4-32-wide-padding", SIZE (3, 14, 1, 4),
      CONV (32, 3, 1, 1, 2, 1, TRUE, "relu"), WEIGH },
  { "conv3-16-8", SIZE (9, 25, 1, 16), CONV (8, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-24-8", SIZE (5, 26, 1, 24), CONV (8, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-8-8-no-padding", SIZE (10, 25, 1, 8),
      CONV (8, 3, 1, 1, 0, 1, FALSE, "relu"), WEIGH, .multiple = 5 },
  { "conv3-16-8-wide-padding", SIZE (3, 24, 1, 16),
      CONV (8, 3, 1, 1, 2, 1, TRUE, "relu"), WEIGH },
  /* many tiles and blocks of outputs, with and without some left over */
  { "conv3-24-40-large", SIZE (50, 67, 1, 24),
      CONV (40, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv3-8-16-large", SIZE (64, 36, 1, 8),
      CONV (16, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv1-48-96-large", SIZE (30, 31, 1, 48),
      CONV (96, 1, 1, 1, 0, 1, TRUE, "relu") },
  /* kernels */
  { "conv1-17-5", SIZE (17, 23, 1, 17), CONV (5, 1, 1, 1, 0, 1, TRUE, NULL) },
  { "conv1-64-16-sigmoid", SIZE (9, 9, 1, 64),
      CONV (16, 1, 1, 1, 0, 1, TRUE, "sigmoid") },
  { "conv2-5-7", SIZE (15, 10, 1, 5), CONV (7, 2, 1, 1, 0, 1, TRUE, NULL),
      WEIGH, .multiple = 5 },
  { "conv5-8-9", SIZE (11, 14, 1, 8), CONV (9, 5, 1, 1, 2, 1, TRUE, "relu") },
  { "conv7-3-3", SIZE (9, 12, 1, 3), CONV (3, 7, 1, 1, 3, 1, FALSE, NULL) },
  { "conv3-wide-padding", SIZE (6, 5, 1, 4),
      CONV (6, 3, 1, 1, 4, 1, TRUE, NULL), WEIGH },
  { "conv3x5", SIZE (9, 15, 1, 6), .op = "conv", .out = 7,
      .conv = { .kernel = 3, .kernel_w = 5, .padding = 1, .bias = TRUE }, WEIGH,
      .multiple = 3 },
  /* strides */
  { "conv3-stride2", SIZE (16, 20, 1, 7),
      CONV (16, 3, 2, 1, 1, 1, TRUE, "relu"), HALF },
  { "conv3-stride2-odd", SIZE (15, 17, 1, 16),
      CONV (16, 3, 2, 1, 1, 1, TRUE, "relu"), WEIGH },
  { "conv2-stride2", SIZE (16, 12, 1, 5), CONV (8, 2, 2, 1, 0, 1, TRUE, NULL),
      HALF },
  { "conv1-stride3", SIZE (10, 13, 1, 5), CONV (5, 1, 3, 1, 0, 1, FALSE, NULL),
      WEIGH },
  /* dilations, up to far beyond the map */
  { "conv3-dilation2", SIZE (17, 14, 1, 16),
      CONV (16, 3, 1, 2, 2, 1, TRUE, "relu") },
  { "conv3-dilation2-large", SIZE (33, 46, 1, 16),
      CONV (24, 3, 1, 2, 2, 1, TRUE, "relu") },
  { "conv3-dilation3", SIZE (16, 22, 1, 16),
      CONV (16, 3, 1, 3, 3, 1, TRUE, "relu") },
  { "conv3-dilation6-large", SIZE (40, 34, 1, 16),
      CONV (16, 3, 1, 6, 6, 1, TRUE, "relu") },
  { "conv3-dilation6", SIZE (9, 9, 1, 16),
      CONV (8, 3, 1, 6, 6, 1, TRUE, NULL) },
  { "conv3-dilation18", SIZE (5, 7, 1, 12),
      CONV (10, 3, 1, 18, 18, 1, TRUE, NULL) },
  { "conv3-dilation12-stride2", SIZE (12, 10, 1, 6),
      CONV (6, 3, 2, 12, 12, 1, TRUE, NULL), HALF },
  /* groups */
  { "conv3-groups2", SIZE (9, 10, 1, 10),
      CONV (6, 3, 1, 1, 1, 2, TRUE, "relu") },
  { "conv3-groups2-large", SIZE (20, 21, 1, 32),
      CONV (48, 3, 1, 1, 1, 2, TRUE, "relu") },
  { "conv3-groups3-dilation2", SIZE (8, 7, 1, 9),
      CONV (15, 3, 1, 2, 2, 3, FALSE, NULL) },
  { "conv3-depthwise", SIZE (11, 13, 1, 17),
      CONV (17, 3, 1, 1, 1, 17, TRUE, "relu") },
  { "conv5-depthwise-20", SIZE (13, 11, 1, 20),
      CONV (20, 5, 1, 2, 4, 20, TRUE, "relu") },
  { "conv3-depthwise-24-stride2", SIZE (18, 22, 1, 24),
      CONV (24, 3, 2, 1, 1, 24, TRUE, "relu"), HALF },
  { "conv3-depthwise-16", SIZE (12, 12, 1, 16),
      CONV (16, 3, 1, 1, 1, 16, TRUE, NULL) },
  { "conv3-depthwise-twofold", SIZE (8, 8, 1, 5),
      CONV (10, 3, 1, 1, 1, 5, TRUE, NULL) },
  /* activations */
  { "conv3-sigmoid", SIZE (9, 9, 1, 8),
      CONV (8, 3, 1, 1, 1, 1, TRUE, "sigmoid") },
  { "conv3-relu-no-bias", SIZE (9, 9, 1, 8),
      CONV (8, 3, 1, 1, 1, 1, FALSE, "relu") },
  /* one pixel */
  { "conv3-1x1", SIZE (1, 1, 8, 64), CONV (17, 3, 1, 1, 1, 1, TRUE, "relu") },
  { "conv1-1x1", SIZE (1, 1, 8, 31),
      CONV (33, 1, 1, 1, 0, 1, TRUE, "sigmoid") },
  { "conv3-1x3", SIZE (1, 3, 8, 16), CONV (16, 3, 1, 1, 1, 1, TRUE, NULL) },
  /* pooling */
  { "max-pool", SIZE (16, 10, 1, 17), .op = "max_pool", .argument = 2,
      .second = 2, HALF },
  { "max-pool-odd", SIZE (15, 9, 1, 16), .op = "max_pool", WEIGH, .multiple = 3,
      .argument = 2, .second = 2 },
  { "max-pool-3-2", SIZE (9, 15, 1, 5), .op = "max_pool", WEIGH, .multiple = 3,
      .argument = 3, .second = 2 },
  { "max-pool-3-1", SIZE (9, 9, 1, 31), .op = "max_pool", WEIGH, .multiple = 3,
      .argument = 3, .second = 1 },
  { "avg-pool-4x4", SIZE (16, 12, 1, 16), .op = "avg_pool", WEIGH,
      .argument = 4, .second = 4 },
  { "avg-pool-overlap", SIZE (7, 13, 1, 17), .op = "avg_pool", WEIGH,
      .argument = 4, .second = 5 },
  { "avg-pool-beyond", SIZE (3, 2, 1, 5), .op = "avg_pool", WEIGH,
      .argument = 5, .second = 4 },
  { "avg-pool-global", SIZE (9, 10, 1, 33), .op = "avg_pool", WEIGH,
      .argument = 1, .second = 1 },
  /* up-sampling */
  { "upsample-nearest", SIZE (7, 9, 1, 17), .op = "upsample", WEIGH,
      .mode = "nearest" },
  { "upsample-bilinear", SIZE (7, 9, 1, 17), .op = "upsample", WEIGH,
      .mode = "bilinear" },
  { "upsample-bilinear-16", SIZE (6, 10, 1, 16), .op = "upsample", WEIGH,
      .mode = "bilinear" },
  { "upsample-bilinear-1x1", SIZE (1, 1, 8, 16), .op = "upsample", WEIGH,
      .mode = "bilinear" },
  { "upsample-bilinear-1x5", SIZE (1, 5, 8, 3), .op = "upsample", WEIGH,
      .mode = "bilinear" },
  /* joins */
  { "concat", SIZE (9, 11, 1, 17), .op = "concat" },
  { "concat-16", SIZE (8, 8, 1, 16), .op = "concat" },
  { "concat-1x1", SIZE (1, 1, 8, 5), .op = "concat" },
  { "add", SIZE (9, 11, 1, 17), .op = "add" },
  { "add-16", SIZE (8, 8, 1, 16), .op = "add" },
  { "add-1x1", SIZE (1, 1, 8, 31), .op = "add" },
  { "mul", SIZE (9, 11, 1, 17), .op = "mul" },
  { "mul-16", SIZE (8, 8, 1, 16), .op = "mul" },
  { "mul-1x1", SIZE (1, 1, 8, 3), .op = "mul" },
  /* blocks */
  { "space-to-depth-2", SIZE (10, 14, 1, 3), .op = "space_to_depth", HALF,
      .argument = 2 },
  { "space-to-depth-4", SIZE (8, 12, 1, 5), .op = "space_to_depth", WEIGH,
      .multiple = 4, .argument = 4 },
  { "depth-to-space-2", SIZE (5, 7, 1, 20), .op = "depth_to_space", WEIGH,
      .argument = 2 },
  { "depth-to-space-3", SIZE (5, 3, 1, 18), .op = "depth_to_space", WEIGH,
      .argument = 3 },
};

const guint parity_n_cases = G_N_ELEMENTS (parity_cases);

guint64
parity_case_seed (const ParityCase *c)
{
  return g_str_hash (c->name);
}

static void
make_absolute (NucsegBuilder *b, const gchar *name, const gchar *kind)
{
  g_autofree gchar *tensor = g_strdup_printf ("%s.%s", name, kind);
  gsize n;
  gfloat *values = nucseg_builder_get_tensor (b, tensor, &n);

  for (gsize i = 0; i < n; i++)
    values[i] = fabsf (values[i]);
}

static void
add_conv (NucsegBuilder *b, const gchar *name, const gchar *input,
    gint channels, NucsegBuilderConv conv, gboolean absolute)
{
  nucseg_builder_conv (b, name, input, channels, &conv);
  if (!absolute)
    return;
  make_absolute (b, name, "weight");
  if (conv.bias)
    make_absolute (b, name, "bias");
}

/* What a step of the steps in the cases is worth: values are mostly within
 * 2.5 of 0. */
#define SCALE 0.01

/* Of the operation itself. */
static gdouble
scale_of (const ParityCase *c)
{
  static const gchar *const others[] = { "max_pool", "upsample", "concat",
    "mul", NULL };

  if (g_str_equal (c->op, "conv"))
    return g_strcmp0 (c->conv.activation, "relu") == 0 ? SCALE : 0;
  return g_strv_contains (others, c->op) ? SCALE : 0;
}

/* The operation under test, from the node "lift" to the node "op". */
static void
add_operation (
    NucsegBuilder *b, const ParityCase *c, gboolean absolute, gboolean int8)
{
  const NucsegBuilderConv one = { .bias = TRUE,
    .activation = int8 ? "relu" : NULL };
  const NucsegBuilderConv gate = { .bias = TRUE, .activation = "sigmoid" };

  if (int8 && !g_str_equal (c->op, "mul"))
    nucseg_builder_set_scale (b, scale_of (c));
  if (g_str_equal (c->op, "conv")) {
    add_conv (b, "op", "lift", c->out, c->conv, absolute);
  } else if (g_str_equal (c->op, "max_pool")) {
    nucseg_builder_max_pool (b, "op", "lift", c->argument, c->second);
  } else if (g_str_equal (c->op, "avg_pool")) {
    nucseg_builder_avg_pool (b, "op", "lift", c->argument, c->second);
  } else if (g_str_equal (c->op, "upsample")) {
    nucseg_builder_upsample (b, "op", "lift", c->mode);
  } else if (g_str_equal (c->op, "concat")) {
    add_conv (b, "other", "lift", c->channels, one, absolute);
    nucseg_builder_concat (b, "op", "lift", "other", NULL);
  } else if (g_str_equal (c->op, "add")) {
    add_conv (b, "other", "lift", c->channels, one, absolute);
    nucseg_builder_add (b, "op", "lift", "other", NULL);
  } else if (g_str_equal (c->op, "mul")) {
    nucseg_builder_avg_pool (b, "mean", "lift", 1, 1);
    add_conv (b, "weights", "mean", c->channels, gate, absolute);
    nucseg_builder_set_scale (b, int8 ? SCALE : 0);
    nucseg_builder_mul (b, "op", "lift", "weights");
  } else if (g_str_equal (c->op, "space_to_depth")) {
    nucseg_builder_space_to_depth (b, "op", "lift", c->argument);
  } else {
    g_assert_cmpstr (c->op, ==, "depth_to_space");
    nucseg_builder_depth_to_space (b, "op", "lift", c->argument);
  }
  nucseg_builder_set_scale (b, 0);
}

static NucsegModel *
build (const ParityCase *c, gboolean absolute, gboolean int8)
{
  const NucsegBuilderConv lift = {
    .kernel = 3, .padding = 1, .bias = TRUE, .activation = int8 ? "relu" : NULL
  };
  const NucsegBuilderConv squeeze = { .kernel = 4, .bias = TRUE };
  const NucsegBuilderConv maps = { .bias = TRUE };
  gint multiple =
      c->block * MAX (1, c->multiple) * (c->tail == PARITY_TAIL_HALF ? 2 : 1);
  NucsegBuilder *b = nucseg_builder_new (parity_case_seed (c), multiple);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const gchar *last = "op";
  NucsegModel *model;

  if (c->block > 1)
    nucseg_builder_space_to_depth (b, "down", "input", c->block);
  nucseg_builder_set_scale (b, int8 ? SCALE : 0);
  add_conv (
      b, "lift", c->block > 1 ? "down" : "input", c->channels, lift, absolute);
  nucseg_builder_set_scale (b, 0);
  add_operation (b, c, absolute, int8);

  if (c->tail == PARITY_TAIL_HALF) {
    nucseg_builder_set_scale (b, int8 ? scale_of (c) : 0);
    nucseg_builder_upsample (b, "up", "op", "nearest");
    nucseg_builder_set_scale (b, 0);
    last = "up";
  } else if (c->tail == PARITY_TAIL_WEIGH) {
    nucseg_builder_avg_pool (b, "means", "op", 4, 4);
    add_conv (b, "weigh", "means", c->channels, squeeze, absolute);
    nucseg_builder_mul (b, "weighed", "lift", "weigh");
    last = "weighed";
  }

  add_conv (b, "maps", last, c->block * c->block, maps, absolute);
  if (c->block > 1)
    nucseg_builder_depth_to_space (b, "full", "maps", c->block);
  bytes = nucseg_builder_end (b, c->block > 1 ? "full" : "maps", 0);
  model = nucseg_model_new_from_bytes (bytes, c->name, &error);
  if (model == NULL)
    g_error ("the case %s is refused: %s", c->name, error->message);
  return model;
}

NucsegModel *
parity_case_build (const ParityCase *c, gboolean absolute)
{
  return build (c, absolute, FALSE);
}

NucsegModel *
parity_case_build_int8 (const ParityCase *c)
{
  return build (c, FALSE, TRUE);
}
