/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vectors.c: reads a file of vectors (tests/vectors/README.md).
 */
#include "tests/parity/vectors.h"

#include "tests/parity/parity.h"

#include <string.h>

const gchar *parity_vectors_folder;

struct _ParityVectors {
  GMappedFile *file;
  JsonParser *header, *cases;
  const guint8 *data;
  gsize size;
};

static JsonObject *
get_root (JsonParser *parser)
{
  return json_node_get_object (json_parser_get_root (parser));
}

ParityVectors *
parity_vectors_open (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  ParityVectors *vectors = g_new0 (ParityVectors, 1);
  JsonObject *metadata;
  const gchar *text;
  guint64 length;
  gsize size;

  vectors->file = g_mapped_file_new (path, FALSE, &error);
  g_assert_no_error (error);
  text = g_mapped_file_get_contents (vectors->file);
  size = g_mapped_file_get_length (vectors->file);
  g_assert_cmpuint (size, >, sizeof (length));
  memcpy (&length, text, sizeof (length));
  length = GUINT64_FROM_LE (length);
  g_assert_cmpuint (length, <=, size - sizeof (length));
  vectors->data = (const guint8 *) text + sizeof (length) + length;
  vectors->size = size - sizeof (length) - length;

  vectors->header = json_parser_new ();
  json_parser_load_from_data (
      vectors->header, text + sizeof (length), (gssize) length, &error);
  g_assert_no_error (error);
  metadata = json_object_get_object_member (
      get_root (vectors->header), "__metadata__");
  text = metadata != NULL && json_object_has_member (metadata, "case")
      ? json_object_get_string_member (metadata, "case")
      : "{}";
  vectors->cases = json_parser_new ();
  json_parser_load_from_data (vectors->cases, text, -1, &error);
  g_assert_no_error (error);
  return vectors;
}

void
parity_vectors_close (ParityVectors *vectors)
{
  g_object_unref (vectors->header);
  g_object_unref (vectors->cases);
  g_mapped_file_unref (vectors->file);
  g_free (vectors);
}

JsonObject *
parity_vectors_get_case (ParityVectors *vectors)
{
  return get_root (vectors->cases);
}

gfloat *
parity_vectors_get_tensor (
    ParityVectors *vectors, const gchar *name, gint shape[4])
{
  JsonObject *tensor =
      json_object_get_object_member (get_root (vectors->header), name);
  JsonArray *sizes, *offsets;
  guint n_sizes;
  gsize begin, end, n = 1;
  gfloat *values;

  g_assert_nonnull (tensor);
  g_assert_cmpstr (json_object_get_string_member (tensor, "dtype"), ==, "F32");
  sizes = json_object_get_array_member (tensor, "shape");
  offsets = json_object_get_array_member (tensor, "data_offsets");
  n_sizes = json_array_get_length (sizes);
  g_assert_cmpuint (n_sizes, <=, 4);
  for (guint i = 0; i < 4; i++) {
    shape[i] = i < n_sizes ? (gint) json_array_get_int_element (sizes, i) : 1;
    n *= shape[i];
  }
  begin = json_array_get_int_element (offsets, 0);
  end = json_array_get_int_element (offsets, 1);
  g_assert_cmpuint (end, <=, vectors->size);
  g_assert_cmpuint (end - begin, ==, n * sizeof (gfloat));

  values = g_new (gfloat, n);
  for (gsize i = 0; i < n; i++) {
    guint32 bits;

    memcpy (&bits, vectors->data + begin + i * sizeof (bits), sizeof (bits));
    bits = GUINT32_FROM_LE (bits);
    memcpy (&values[i], &bits, sizeof (bits));
  }
  return values;
}

gfloat *
parity_vectors_to_nhwc (
    const gfloat *values, gint channels, gint height, gint width)
{
  gsize n = (gsize) height * width;
  gfloat *out = g_new (gfloat, n * channels);

  for (gint c = 0; c < channels; c++)
    for (gsize i = 0; i < n; i++)
      out[i * channels + c] = values[c * n + i];
  return out;
}

gint
parity_vectors_main (gint argc, gchar **argv, void (*add) (void))
{
  if (argc < 3) {
    g_printerr ("usage: %s BACKEND FOLDER\n", argv[0]);
    return 2;
  }
  parity_vectors_folder = argv[2];
  return parity_main (argc, argv, add);
}
