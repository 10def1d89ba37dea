/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modelbuilder-file.c: writes model files in memory, without the engine's help,
 * so that tests of the loader do not test it against itself.
 */
#include "modelbuilder-private.h"

#include <string.h>

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
    NucsegBuilderTensor *tensor = g_ptr_array_index (builder->tensors, i);
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
