/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * safetensors.c: reads the container of a model file. Nothing in the file is
 * trusted: length, text, types, shapes and offsets are checked, and the data
 * must be covered by the tensors without gap or overlap.
 */
#include "safetensors.h"

#include <string.h>

#define METADATA "__metadata__"

/* "ORIGIN: message". Returns FALSE. */
G_GNUC_PRINTF (3, 4)
static gboolean
file_error (
    const NucsegSafetensors *file, GError **error, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree gchar *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (
      error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL, "%s: %s", file->origin, what);
  return FALSE;
}

static gboolean
read_header (NucsegSafetensors *file, gsize *data_offset, GError **error)
{
  gsize size;
  const guint8 *start = g_bytes_get_data (file->bytes, &size);
  guint64 length = 0;

  if (size == 0)
    return file_error (file, error, "the file is empty, expected a model");
  if (size < 8)
    return file_error (file, error,
        "not a model: %" G_GSIZE_FORMAT
        " bytes, expected at least the 8 of the header's length",
        size);
  for (guint i = 0; i < 8; i++)
    length |= (guint64) start[i] << (8 * i);
  if (length > NUCSEG_MAX_HEADER)
    return file_error (file, error,
        "not a model: its first 8 bytes say a header of %" G_GUINT64_FORMAT
        " bytes, expected at most %d",
        length, NUCSEG_MAX_HEADER);
  if (length > size - 8)
    return file_error (file, error,
        "cut off or not a model: a header of %" G_GUINT64_FORMAT
        " bytes in a file of %" G_GSIZE_FORMAT,
        length, size);
  if (length < 2 || start[8] != '{')
    return file_error (
        file, error, "not a model: expected a JSON object at byte 8");
  if (length % 4 != 0)
    return file_error (file, error,
        "header of %" G_GUINT64_FORMAT
        " bytes, expected a multiple of 4 so that the weights are aligned",
        length);
  *data_offset = 8 + (gsize) length;
  file->root = nucseg_json_parse (
      file->origin, "header", (const gchar *) start + 8, (gsize) length, error);
  return file->root != NULL;
}

static gboolean
read_shape (NucsegTensor *tensor, const NucsegJson *json, GError **error)
{
  JsonArray *shape;

  if (!nucseg_json_get_array (
          json, "shape", TRUE, 0, NUCSEG_MAX_DIMS, &shape, error))
    return FALSE;
  tensor->n_dims = json_array_get_length (shape);
  tensor->n_elements = 1;
  for (guint i = 0; i < tensor->n_dims; i++) {
    if (!nucseg_json_element_int (json, "shape", shape, i, 1,
            NUCSEG_MAX_WEIGHTS, &tensor->dims[i], error))
      return FALSE;
    /* both factors are at most 2^26: no overflow */
    tensor->n_elements *= tensor->dims[i];
    if (tensor->n_elements > NUCSEG_MAX_WEIGHTS)
      return nucseg_json_error (
          json, "shape", error, "more than %d elements", NUCSEG_MAX_WEIGHTS);
  }
  return TRUE;
}

static gboolean
read_tensor (NucsegSafetensors *file, const gchar *name, JsonNode *node,
    guint64 data_size, NucsegTensor *tensor, GError **error)
{
  static const gchar *const keys[] = { "dtype", "shape", "data_offsets", NULL };
  static const gchar *const dtypes[] = { "F32", NULL };
  g_auto (NucsegJson) json = { file->origin, NULL, NULL };
  gint64 offsets[2];
  JsonArray *array;
  gint dtype;

  json.path = g_strdup_printf ("tensor \"%.64s\"", name);
  tensor->name = name;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return nucseg_json_error (&json, NULL, error, "expected an object");
  json.object = json_node_get_object (node);
  if (!nucseg_json_check_keys (&json, keys, error)
      || !nucseg_json_get_choice (&json, "dtype", TRUE, dtypes, &dtype, error)
      || !read_shape (tensor, &json, error)
      || !nucseg_json_get_array (
          &json, "data_offsets", TRUE, 2, 2, &array, error))
    return FALSE;
  for (guint i = 0; i < 2; i++) {
    if (!nucseg_json_element_int (
            &json, "data_offsets", array, i, 0, G_MAXINT64, &offsets[i], error))
      return FALSE;
  }
  if (offsets[1] > (gint64) data_size)
    return nucseg_json_error (&json, NULL, error,
        "ends at byte %" G_GINT64_FORMAT " of the tensors, of which the file "
        "has %" G_GUINT64_FORMAT ": it is cut off",
        offsets[1], data_size);
  if (offsets[0] % 4 != 0)
    return nucseg_json_error (&json, "data_offsets", error,
        "starts at byte %" G_GINT64_FORMAT ", expected a multiple of 4",
        offsets[0]);
  if (offsets[1] - offsets[0] != tensor->n_elements * 4)
    return nucseg_json_error (&json, "data_offsets", error,
        "found %" G_GINT64_FORMAT " bytes, expected %" G_GINT64_FORMAT
        " for %" G_GINT64_FORMAT " elements of 4",
        offsets[1] - offsets[0], tensor->n_elements * 4, tensor->n_elements);
  tensor->begin = (guint64) offsets[0];
  tensor->end = (guint64) offsets[1];
  return TRUE;
}

static gint
compare_begin (gconstpointer a, gconstpointer b)
{
  guint64 x = ((const NucsegTensor *) a)->begin;
  guint64 y = ((const NucsegTensor *) b)->begin;

  return x < y ? -1 : x > y;
}

static gboolean
check_layout (NucsegSafetensors *file, const guint8 *data, guint64 data_size,
    GError **error)
{
  guint64 at = 0;

  for (guint i = 0; i < file->n_tensors; i++) {
    NucsegTensor *tensor = &file->tensors[i];
    if (tensor->begin != at)
      return file_error (file, error,
          "tensor \"%.64s\" starts at byte %" G_GUINT64_FORMAT
          " of the data, expected %" G_GUINT64_FORMAT
          ": tensors may neither overlap nor leave gaps",
          tensor->name, tensor->begin, at);
    at = tensor->end;
    tensor->data = (const gfloat *) (gconstpointer) (data + tensor->begin);
    g_hash_table_insert (file->by_name, (gpointer) tensor->name, tensor);
  }
  if (at != data_size)
    return file_error (file, error,
        "%" G_GUINT64_FORMAT
        " bytes of data, but the tensors end at %" G_GUINT64_FORMAT,
        data_size, at);
  return TRUE;
}

static gboolean
read_file (NucsegSafetensors *file, GError **error)
{
  gsize size, offset = 0;
  const guint8 *start = g_bytes_get_data (file->bytes, &size);
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *node;

  if (!read_header (file, &offset, error))
    return FALSE;
  JsonObject *root = json_node_get_object (file->root);
  file->tensors = g_new0 (NucsegTensor, json_object_get_size (root) + 1);
  json_object_iter_init_ordered (&iter, root);
  while (json_object_iter_next_ordered (&iter, &name, &node)) {
    if (g_str_equal (name, METADATA)) {
      if (!JSON_NODE_HOLDS_OBJECT (node))
        return file_error (file, error, METADATA ": expected an object");
      file->metadata.object = json_node_get_object (node);
      continue;
    }
    NucsegTensor *tensor = &file->tensors[file->n_tensors++];
    if (!read_tensor (file, name, node, size - offset, tensor, error))
      return FALSE;
    file->n_elements += (guint64) tensor->n_elements;
    if (file->n_elements > NUCSEG_MAX_WEIGHTS)
      return file_error (
          file, error, "more than %d weights", NUCSEG_MAX_WEIGHTS);
  }
  if (!file->metadata.object)
    return file_error (file, error,
        METADATA " is missing: a safetensors file, but not one of nucseg");
  qsort (file->tensors, file->n_tensors, sizeof *file->tensors, compare_begin);
  return check_layout (file, start + offset, size - offset, error);
}

NucsegSafetensors *
nucseg_safetensors_new (GBytes *bytes, const gchar *origin, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "%s: weights are little-endian, this machine is not", origin);
  return NULL;
#endif
  g_autoptr (NucsegSafetensors) file = g_new0 (NucsegSafetensors, 1);
  file->origin = g_strdup (origin);
  file->metadata.origin = file->origin;
  file->metadata.path = g_strdup (METADATA);
  file->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  /* slices of other data may start anywhere; weights are read as floats */
  file->bytes = GPOINTER_TO_SIZE (data) % sizeof (gfloat) == 0
      ? g_bytes_ref (bytes)
      : g_bytes_new (data, size);
  if (!read_file (file, error))
    return NULL;
  return g_steal_pointer (&file);
}

void
nucseg_safetensors_free (NucsegSafetensors *file)
{
  if (!file)
    return;
  g_hash_table_unref (file->by_name);
  g_free (file->tensors);
  nucseg_json_clear (&file->metadata);
  if (file->root)
    json_node_unref (file->root);
  g_bytes_unref (file->bytes);
  g_free (file->origin);
  g_free (file);
}

NucsegTensor *
nucseg_safetensors_find (NucsegSafetensors *file, const gchar *name)
{
  return g_hash_table_lookup (file->by_name, name);
}

static gboolean
is_finite (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return (bits & 0x7f800000u) != 0x7f800000u;
}

/* Blocks without a branch inside: compilers make vector code of it. */
static gint64
find_not_finite (const gfloat *data, gint64 n)
{
  for (gint64 start = 0; start < n; start += 1024) {
    gint64 end = MIN (start + 1024, n);
    guint bad = 0;
    for (gint64 i = start; i < end; i++)
      bad |= !is_finite (data[i]);
    if (!bad)
      continue;
    while (is_finite (data[start]))
      start++;
    return start;
  }
  return -1;
}

gboolean
nucseg_safetensors_check_finite (const NucsegSafetensors *file, GError **error)
{
  for (guint i = 0; i < file->n_tensors; i++) {
    const NucsegTensor *tensor = &file->tensors[i];
    gint64 at = find_not_finite (tensor->data, tensor->n_elements);
    if (at >= 0)
      return file_error (file, error,
          "tensor \"%.64s\": element %" G_GINT64_FORMAT
          " is %g, expected a finite weight",
          tensor->name, at, (gdouble) tensor->data[at]);
  }
  return TRUE;
}
