/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modelbuilder.h: model files in memory, for tests.
 *
 * A graph grows node by node; the builder keeps the channels of each, makes
 * seeded weights and writes the file. The same seed gives the same bits on
 * every machine. One operation between a convolution that gives it channels
 * and one that makes maps of them:
 *
 *   NucsegBuilder *b = nucseg_builder_new (seed, 16);
 *   nucseg_builder_conv (b, "x", "input", 24, &(NucsegBuilderConv) {
 *     .kernel = 3, .padding = 1 });
 *   nucseg_builder_conv (b, "y", "x", 40, &(NucsegBuilderConv) {
 *     .kernel = 3, .padding = 2, .dilation = 2, .groups = 8,
 *     .activation = "relu", .bias = TRUE });
 *   g_autoptr (GBytes) bytes = nucseg_builder_end (b, "y", 3);
 *
 * Misuse (an unknown input, say) aborts: these are tests.
 */
#ifndef NUCSEG_TESTS_MODELBUILDER_H
#define NUCSEG_TESTS_MODELBUILDER_H

#include "random.h"

G_BEGIN_DECLS

/* --- Graphs ------------------------------------------------------------- */

typedef struct _NucsegBuilder NucsegBuilder;

/* @multiple: of the input's height and width. The network's input is the
 * node "input" of one channel. */
NucsegBuilder *nucseg_builder_new (guint64 seed, gint multiple);
void nucseg_builder_free (NucsegBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucsegBuilder, nucseg_builder_free)

/**
 * NucsegBuilderConv:
 * @kernel: side, 0 means 1
 * @kernel_w: width where it is not @kernel
 * @stride: 0 means 1
 * @dilation: 0 means 1
 * @padding: of zeros
 * @groups: 0 means 1; -1: as many as input channels (depthwise)
 * @bias: whether there is one
 * @activation: "relu", "sigmoid" or NULL
 * @gain: factor on the weights, 0 means 1; with 1 outputs are about as large
 *   as inputs
 */
typedef struct {
  gint kernel, kernel_w, stride, dilation, padding, groups;
  gboolean bias;
  const gchar *activation;
  gfloat gain;
} NucsegBuilderConv;

/* Tensors "NAME.weight" and "NAME.bias" with random values, and the node. */
void nucseg_builder_conv (NucsegBuilder *builder, const gchar *name,
    const gchar *input, gint channels, const NucsegBuilderConv *conv);
void nucseg_builder_max_pool (NucsegBuilder *builder, const gchar *name,
    const gchar *input, gint kernel, gint stride);
void nucseg_builder_avg_pool (NucsegBuilder *builder, const gchar *name,
    const gchar *input, gint rows, gint columns);
/* @mode: "nearest" or "bilinear" */
void nucseg_builder_upsample (NucsegBuilder *builder, const gchar *name,
    const gchar *input, const gchar *mode);
/* @inputs: NULL-terminated names follow */
void nucseg_builder_concat (NucsegBuilder *builder, const gchar *name,
    const gchar *first, ...) G_GNUC_NULL_TERMINATED;
void nucseg_builder_add (NucsegBuilder *builder, const gchar *name,
    const gchar *first, ...) G_GNUC_NULL_TERMINATED;
void nucseg_builder_mul (NucsegBuilder *builder, const gchar *name,
    const gchar *input, const gchar *weights);
void nucseg_builder_space_to_depth (
    NucsegBuilder *builder, const gchar *name, const gchar *input, gint block);
void nucseg_builder_depth_to_space (
    NucsegBuilder *builder, const gchar *name, const gchar *input, gint block);
gint nucseg_builder_get_channels (NucsegBuilder *builder, const gchar *name);

/* The nodes that follow have this scale in int8, so the file's format is
 * nucseg-model/2; 0: none. */
void nucseg_builder_set_scale (NucsegBuilder *builder, gdouble scale);

/* A node as JSON text, right or wrong; @channels only for later nodes. */
void nucseg_builder_raw_node (NucsegBuilder *builder, const gchar *name,
    gint channels, const gchar *json);

/* --- Tensors and metadata ----------------------------------------------- */

/* @data: n values, copied; NULL: random in (-@scale, @scale). */
void nucseg_builder_tensor (NucsegBuilder *builder, const gchar *name,
    const gfloat *data, gfloat scale, guint n_dims, ...);
/* Writable values of a tensor, of which there are *n; until the end. */
gfloat *
nucseg_builder_get_tensor (NucsegBuilder *builder, const gchar *name, gsize *n);
/* Replaces a string of the metadata ("graph", "input", "output", "name",
 * ...); NULL leaves the key out. */
void nucseg_builder_set (
    NucsegBuilder *builder, const gchar *key, const gchar *value);

/* The defaults of "input" and, for one or three maps, of "output". */
#define NUCSEG_BUILDER_INPUT                                                   \
  "{\"color\": \"grey\", \"normalization\": {\"method\": \"percentile\", "     \
  "\"low\": 1.0, \"high\": 99.8, \"clip\": [-0.25, 1.5], "                     \
  "\"min_range\": 0.01}, \"smoothing\": 0.0, \"polarity\": \"bright\", "       \
  "\"pixel_size_um\": 0.0}"
#define NUCSEG_BUILDER_OUTPUT1                                                 \
  "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": \"components\", "    \
  "\"threshold\": 0.5, \"min_area\": 4}}"
#define NUCSEG_BUILDER_OUTPUT3                                                 \
  "{\"maps\": [\"foreground\", \"offset_y\", \"offset_x\"], \"decoder\": "     \
  "{\"method\": \"votes\", \"threshold\": 0.6, \"offset_scale\": 16.0, "       \
  "\"min_votes\": 3, \"radius\": 16, \"min_area\": 30}}"

/* --- Whole files -------------------------------------------------------- */

/**
 * nucseg_builder_end:
 * @builder: (transfer full): is freed
 * @node: whose output becomes the maps
 * @n_maps: 1 or 3: a 1x1 convolution "maps" makes them of @node; 0: @node has
 *   1 or 3 channels and is the output itself
 *
 * Returns: (transfer full): the file
 */
GBytes *
nucseg_builder_end (NucsegBuilder *builder, const gchar *node, gint n_maps);

/* A file of this header and data, right or wrong. */
GBytes *
nucseg_builder_file (const gchar *header, gconstpointer data, gsize data_size);

/**
 * nucseg_builder_attention_unet:
 * @seed: of the weights
 * @width: channels of the first level, a multiple of 4
 *
 * A small network with every operation there is: stem by space-to-depth, two
 * levels, pooling attention, channel expansion, dilated convolutions, skips,
 * both up-samplings, depth-to-space; three maps, multiple 16.
 *
 * Returns: (transfer full): the file
 */
GBytes *nucseg_builder_attention_unet (guint64 seed, gint width);

/**
 * nucseg_builder_identity:
 * @gain: factor
 * @bias: summand
 *
 * One 1x1 convolution: foreground = @gain x + @bias, with components as
 * decoder: pixels whose network input exceeds -@bias / @gain are nuclei.
 * Multiple 1.
 *
 * Returns: (transfer full): the file
 */
GBytes *nucseg_builder_identity (gfloat gain, gfloat bias);

G_END_DECLS

#endif /* NUCSEG_TESTS_MODELBUILDER_H */
