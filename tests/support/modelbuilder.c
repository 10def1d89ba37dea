/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modelbuilder.c: writes model files in memory, without the engine's help, so
 * that tests of the loader do not test it against itself.
 */
#include "modelbuilder.h"

#include <math.h>
#include <string.h>

typedef struct {
  gchar *name;
  GString *shape; /* "[8, 4, 3, 3]" */
  gfloat *data;
  gsize n;
} Tensor;

struct _NucsegBuilder {
  NucsegRandom random;
  gint multiple;
  GHashTable *channels; /* name -> channels */
  GString *nodes; /* JSON, separated by commas */
  GPtrArray *tensors;
  GHashTable *metadata; /* key -> text that was set */
  GHashTable *left_out;
  gdouble scale; /* of the next nodes, or 0 */
  gboolean has_scales;
};

guint64
nucseg_random_next (NucsegRandom *random)
{
  guint64 z = random->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

guint
nucseg_random_below (NucsegRandom *random, guint n)
{
  return (guint) (((nucseg_random_next (random) >> 32) * n) >> 32);
}

gfloat
nucseg_random_float (NucsegRandom *random)
{
  gint32 value = (gint32) (nucseg_random_next (random) >> 40); /* 24 bits */

  return (gfloat) (value - 0x800000) / (gfloat) 0x800000;
}

static void
tensor_free (gpointer data)
{
  Tensor *tensor = data;

  g_free (tensor->name);
  g_string_free (tensor->shape, TRUE);
  g_free (tensor->data);
  g_free (tensor);
}

NucsegBuilder *
nucseg_builder_new (guint64 seed, gint multiple)
{
  NucsegBuilder *builder = g_new0 (NucsegBuilder, 1);

  builder->random.state = seed;
  builder->multiple = multiple;
  builder->channels =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  builder->nodes = g_string_new (NULL);
  builder->tensors = g_ptr_array_new_with_free_func (tensor_free);
  builder->metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  builder->left_out =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_insert (
      builder->channels, g_strdup ("input"), GINT_TO_POINTER (1));
  return builder;
}

void
nucseg_builder_free (NucsegBuilder *builder)
{
  if (!builder)
    return;
  g_hash_table_unref (builder->channels);
  g_string_free (builder->nodes, TRUE);
  g_ptr_array_unref (builder->tensors);
  g_hash_table_unref (builder->metadata);
  g_hash_table_unref (builder->left_out);
  g_free (builder);
}

gint
nucseg_builder_get_channels (NucsegBuilder *builder, const gchar *name)
{
  gpointer channels;

  if (!g_hash_table_lookup_extended (builder->channels, name, NULL, &channels))
    g_error ("modelbuilder: there is no node \"%s\"", name);
  return GPOINTER_TO_INT (channels);
}

void
nucseg_builder_raw_node (
    NucsegBuilder *builder, const gchar *name, gint channels, const gchar *json)
{
  g_hash_table_insert (
      builder->channels, g_strdup (name), GINT_TO_POINTER (channels));
  if (builder->nodes->len > 0)
    g_string_append (builder->nodes, ",\n");
  g_string_append (builder->nodes, json);
}

void
nucseg_builder_set_scale (NucsegBuilder *builder, gdouble scale)
{
  builder->scale = scale;
  builder->has_scales |= scale != 0;
}

/* @inputs: text of a JSON array; @attributes: "" or ", \"key\": value" */
static void
add_node (NucsegBuilder *builder, const gchar *name, const gchar *op,
    const gchar *inputs, gint channels, const gchar *attributes)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree gchar *scale = builder->scale == 0
      ? g_strdup ("")
      : g_strconcat (", \"scale\": ",
          g_ascii_dtostr (number, sizeof number, builder->scale), NULL);
  g_autofree gchar *json = g_strdup_printf (
      "{\"name\": \"%s\", \"op\": \"%s\", \"inputs\": [%s]%s%s}", name, op,
      inputs, attributes, scale);

  nucseg_builder_raw_node (builder, name, channels, json);
}

static void
add_node1 (NucsegBuilder *builder, const gchar *name, const gchar *op,
    const gchar *input, gint channels, const gchar *attributes)
{
  g_autofree gchar *inputs = g_strdup_printf ("\"%s\"", input);

  add_node (builder, name, op, inputs, channels, attributes);
}

static void
add_tensor (NucsegBuilder *builder, const gchar *name, const gfloat *data,
    gfloat scale, guint n_dims, const gint *dims)
{
  Tensor *tensor = g_new0 (Tensor, 1);

  tensor->name = g_strdup (name);
  tensor->shape = g_string_new ("[");
  tensor->n = 1;
  for (guint i = 0; i < n_dims; i++) {
    g_string_append_printf (tensor->shape, i ? ", %d" : "%d", dims[i]);
    tensor->n *= (gsize) dims[i];
  }
  g_string_append (tensor->shape, "]");
  tensor->data = g_new (gfloat, tensor->n);
  for (gsize i = 0; i < tensor->n; i++)
    tensor->data[i] =
        data ? data[i] : scale * nucseg_random_float (&builder->random);
  g_ptr_array_add (builder->tensors, tensor);
}

void
nucseg_builder_tensor (NucsegBuilder *builder, const gchar *name,
    const gfloat *data, gfloat scale, guint n_dims, ...)
{
  gint dims[8];
  va_list args;

  g_assert_cmpuint (n_dims, <=, G_N_ELEMENTS (dims));
  va_start (args, n_dims);
  for (guint i = 0; i < n_dims; i++)
    dims[i] = va_arg (args, gint);
  va_end (args);
  add_tensor (builder, name, data, scale, n_dims, dims);
}

gfloat *
nucseg_builder_get_tensor (NucsegBuilder *builder, const gchar *name, gsize *n)
{
  for (guint i = 0; i < builder->tensors->len; i++) {
    Tensor *tensor = g_ptr_array_index (builder->tensors, i);
    if (g_str_equal (tensor->name, name)) {
      if (n)
        *n = tensor->n;
      return tensor->data;
    }
  }
  g_error ("modelbuilder: there is no tensor \"%s\"", name);
}

void
nucseg_builder_conv (NucsegBuilder *builder, const gchar *name,
    const gchar *input, gint channels, const NucsegBuilderConv *conv)
{
  gint in_channels = nucseg_builder_get_channels (builder, input);
  gint kernel = conv->kernel ? conv->kernel : 1;
  gint kernel_w = conv->kernel_w ? conv->kernel_w : kernel;
  gint groups = conv->groups == 0 ? 1
      : conv->groups < 0          ? in_channels
                                  : conv->groups;
  gint dims[] = { channels, in_channels / groups, kernel, kernel_w };
  g_autofree gchar *weight = g_strconcat (name, ".weight", NULL);
  g_autofree gchar *bias = g_strconcat (name, ".bias", NULL);
  g_autoptr (GString) attributes = g_string_new (NULL);
  gfloat gain = conv->gain != 0 ? conv->gain : 1;

  /* uniform in +-s has the variance s^2 / 3: the sum keeps the input's */
  add_tensor (builder, weight, NULL,
      gain * sqrtf (3.0f / (gfloat) (dims[1] * dims[2] * dims[3])), 4, dims);
  g_string_append_printf (attributes, ", \"weight\": \"%s\"", weight);
  if (conv->bias) {
    add_tensor (builder, bias, NULL, 0.5f, 1, dims);
    g_string_append_printf (attributes, ", \"bias\": \"%s\"", bias);
  }
  if (conv->stride)
    g_string_append_printf (attributes, ", \"stride\": %d", conv->stride);
  if (conv->dilation)
    g_string_append_printf (attributes, ", \"dilation\": %d", conv->dilation);
  if (conv->padding)
    g_string_append_printf (attributes, ", \"padding\": %d", conv->padding);
  if (groups != 1)
    g_string_append_printf (attributes, ", \"groups\": %d", groups);
  if (conv->activation)
    g_string_append_printf (
        attributes, ", \"activation\": \"%s\"", conv->activation);
  add_node1 (builder, name, "conv", input, channels, attributes->str);
}

void
nucseg_builder_max_pool (NucsegBuilder *builder, const gchar *name,
    const gchar *input, gint kernel, gint stride)
{
  g_autofree gchar *attributes =
      g_strdup_printf (", \"kernel\": %d, \"stride\": %d", kernel, stride);

  add_node1 (builder, name, "max_pool", input,
      nucseg_builder_get_channels (builder, input), attributes);
}

void
nucseg_builder_avg_pool (NucsegBuilder *builder, const gchar *name,
    const gchar *input, gint rows, gint columns)
{
  g_autofree gchar *attributes =
      g_strdup_printf (", \"size\": [%d, %d]", rows, columns);

  add_node1 (builder, name, "avg_pool", input,
      nucseg_builder_get_channels (builder, input), attributes);
}

void
nucseg_builder_upsample (NucsegBuilder *builder, const gchar *name,
    const gchar *input, const gchar *mode)
{
  g_autofree gchar *attributes = g_strdup_printf (", \"mode\": \"%s\"", mode);

  add_node1 (builder, name, "upsample", input,
      nucseg_builder_get_channels (builder, input), attributes);
}

/* The names as JSON; *sum becomes the sum of their channels. */
static gchar *
join_inputs (
    NucsegBuilder *builder, const gchar *first, va_list args, gint *sum)
{
  GString *inputs = g_string_new (NULL);

  *sum = 0;
  for (const gchar *name = first; name; name = va_arg (args, const gchar *)) {
    g_string_append_printf (inputs, inputs->len ? ", \"%s\"" : "\"%s\"", name);
    *sum += nucseg_builder_get_channels (builder, name);
  }
  return g_string_free (inputs, FALSE);
}

void
nucseg_builder_concat (
    NucsegBuilder *builder, const gchar *name, const gchar *first, ...)
{
  va_list args;
  gint sum;

  va_start (args, first);
  g_autofree gchar *inputs = join_inputs (builder, first, args, &sum);
  va_end (args);
  add_node (builder, name, "concat", inputs, sum, "");
}

void
nucseg_builder_add (
    NucsegBuilder *builder, const gchar *name, const gchar *first, ...)
{
  va_list args;
  gint sum;

  va_start (args, first);
  g_autofree gchar *inputs = join_inputs (builder, first, args, &sum);
  va_end (args);
  add_node (builder, name, "add", inputs,
      nucseg_builder_get_channels (builder, first), "");
}

void
nucseg_builder_mul (NucsegBuilder *builder, const gchar *name,
    const gchar *input, const gchar *weights)
{
  g_autofree gchar *inputs = g_strdup_printf ("\"%s\", \"%s\"", input, weights);

  add_node (builder, name, "mul", inputs,
      nucseg_builder_get_channels (builder, input), "");
}

static void
add_block (NucsegBuilder *builder, const gchar *name, const gchar *op,
    const gchar *input, gint channels, gint block)
{
  g_autofree gchar *attributes = g_strdup_printf (", \"block\": %d", block);

  add_node1 (builder, name, op, input, channels, attributes);
}

void
nucseg_builder_space_to_depth (
    NucsegBuilder *builder, const gchar *name, const gchar *input, gint block)
{
  add_block (builder, name, "space_to_depth", input,
      nucseg_builder_get_channels (builder, input) * block * block, block);
}

void
nucseg_builder_depth_to_space (
    NucsegBuilder *builder, const gchar *name, const gchar *input, gint block)
{
  add_block (builder, name, "depth_to_space", input,
      nucseg_builder_get_channels (builder, input) / (block * block), block);
}

void
nucseg_builder_set (
    NucsegBuilder *builder, const gchar *key, const gchar *value)
{
  if (value) {
    g_hash_table_remove (builder->left_out, key);
    g_hash_table_insert (builder->metadata, g_strdup (key), g_strdup (value));
  } else {
    g_hash_table_remove (builder->metadata, key);
    g_hash_table_add (builder->left_out, g_strdup (key));
  }
}

/* Unless the test has said otherwise. */
static void
set_default (NucsegBuilder *builder, const gchar *key, const gchar *value)
{
  if (!g_hash_table_contains (builder->metadata, key)
      && !g_hash_table_contains (builder->left_out, key))
    nucseg_builder_set (builder, key, value);
}

static void
append_quoted (GString *out, const gchar *text)
{
  g_string_append_c (out, '"');
  for (const gchar *p = text; *p; p++) {
    if (*p == '"' || *p == '\\')
      g_string_append_c (out, '\\');
    if ((guchar) *p < 0x20)
      g_string_append_printf (out, "\\u%04x", *p);
    else
      g_string_append_c (out, *p);
  }
  g_string_append_c (out, '"');
}

GBytes *
nucseg_builder_file (const gchar *header, gconstpointer data, gsize data_size)
{
  g_autofree gchar *padded = NULL;
  gsize length = strlen (header);
  guint8 start[8];

  /* spaces behind the header keep the data aligned, as the format allows */
  padded = g_strdup_printf ("%s%*s", header, (gint) ((8 - length % 8) % 8), "");
  length = strlen (padded);
  for (guint i = 0; i < 8; i++)
    start[i] = (guint8) ((guint64) length >> (8 * i));
  GByteArray *file = g_byte_array_new ();
  g_byte_array_append (file, start, sizeof start);
  g_byte_array_append (file, (const guint8 *) padded, (guint) length);
  g_byte_array_append (file, data, (guint) data_size);
  return g_byte_array_free_to_bytes (file);
}

static void
write_metadata (NucsegBuilder *builder, GString *header)
{
  g_autoptr (GList) keys = g_list_sort (
      g_hash_table_get_keys (builder->metadata), (GCompareFunc) g_strcmp0);

  g_string_append (header, "{\"__metadata__\": {");
  for (GList *item = keys; item; item = item->next) {
    if (item != keys)
      g_string_append (header, ", ");
    append_quoted (header, item->data);
    g_string_append (header, ": ");
    append_quoted (header, g_hash_table_lookup (builder->metadata, item->data));
  }
  g_string_append (header, "}");
}

GBytes *
nucseg_builder_end (NucsegBuilder *builder, const gchar *node, gint n_maps)
{
  g_autoptr (GString) header = g_string_new (NULL);
  g_autoptr (GByteArray) data = g_byte_array_new ();

  builder->scale = 0;
  if (n_maps > 0) {
    nucseg_builder_conv (builder, "maps", node, n_maps,
        &(NucsegBuilderConv){ .kernel = 1, .bias = TRUE });
    node = "maps";
  }
  g_autofree gchar *graph = g_strdup_printf (
      "{\"multiple\": %d, \"nodes\": [%s], \"output\": \"%s\"}",
      builder->multiple, builder->nodes->str, node);
  set_default (builder, "format",
      builder->has_scales ? "nucseg-model/2" : "nucseg-model/1");
  set_default (builder, "name", "test");
  set_default (builder, "graph", graph);
  set_default (builder, "input", NUCSEG_BUILDER_INPUT);
  set_default (builder, "output",
      nucseg_builder_get_channels (builder, node) == 1
          ? NUCSEG_BUILDER_OUTPUT1
          : NUCSEG_BUILDER_OUTPUT3);
  write_metadata (builder, header);
  for (guint i = 0; i < builder->tensors->len; i++) {
    Tensor *tensor = g_ptr_array_index (builder->tensors, i);
    gsize size = tensor->n * sizeof (gfloat);
    g_string_append (header, ",\n");
    append_quoted (header, tensor->name);
    g_string_append_printf (header,
        ": {\"dtype\": \"F32\", \"shape\": %s, \"data_offsets\": [%u, "
        "%" G_GSIZE_FORMAT "]}",
        tensor->shape->str, data->len, data->len + size);
    g_byte_array_append (data, (const guint8 *) tensor->data, (guint) size);
  }
  g_string_append (header, "}");
  nucseg_builder_free (builder);
  return nucseg_builder_file (header->str, data->data, data->len);
}

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
