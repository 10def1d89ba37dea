/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modelbuilder.c: a graph that grows node by node, and its weights.
 */
#include "modelbuilder-private.h"

#include <math.h>

static void
tensor_free (gpointer data)
{
  NucsegBuilderTensor *tensor = data;

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
  NucsegBuilderTensor *tensor = g_new0 (NucsegBuilderTensor, 1);

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
    NucsegBuilderTensor *tensor = g_ptr_array_index (builder->tensors, i);
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
