/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Independent truth: every back end against what PyTorch and numpy computed
 * (tests/vectors). The folder is the program's second argument.
 */
#include "tests/parity/parity.h"
#include "tests/parity/vectors.h"

#include <math.h>
#include <string.h>

static gchar *
to_text (JsonObject *object)
{
  JsonNode *node = json_node_init_object (json_node_alloc (), object);
  gchar *text = json_to_string (node, FALSE);

  json_node_unref (node);
  return text;
}

static void
test_network (gconstpointer data)
{
  const gchar *name = data;
  g_autofree gchar *model_path =
      g_strdup_printf ("%s/%s.safetensors", parity_vectors_folder, name);
  g_autofree gchar *path = g_strdup_printf (
      "%s/%s.vectors.safetensors", parity_vectors_folder, name);
  ParityVectors *vectors = parity_vectors_open (path);
  g_autoptr (GError) error = NULL;
  NucsegModel *model = nucseg_model_load (model_path, &error);
  gint in_shape[4], shape[4];
  g_autofree gfloat *input =
      parity_vectors_get_tensor (vectors, "input", in_shape);
  g_autofree gfloat *output =
      parity_vectors_get_tensor (vectors, "output", shape);
  g_autofree gfloat *expected =
      parity_vectors_to_nhwc (output, shape[1], shape[2], shape[3]);
  gsize n = (gsize) shape[1] * shape[2] * shape[3];
  g_autofree gfloat *actual = g_new (gfloat, n);
  g_autofree gfloat *magnitude = NULL;
  NucsegGeometry geometry;
  NucsegPlan *plan;

  g_assert_no_error (error);
  g_assert_cmpint (nucseg_model_get_output (model)->n_maps, ==, shape[1]);
  plan = parity_plan_new (parity_backend (), model, in_shape[3], in_shape[2], 1,
      NUCSEG_PRECISION_F32, &geometry);
  g_assert_nonnull (plan);
  g_assert_cmpint (geometry.pad_width, ==, shape[3]);
  g_assert_cmpint (geometry.pad_height, ==, shape[2]);
  parity_backend ()->write_input (plan, input, &error);
  g_assert_no_error (error);
  parity_backend ()->network (plan, &error);
  g_assert_no_error (error);
  parity_backend ()->read_maps (plan, actual, &error);
  g_assert_no_error (error);

  magnitude =
      parity_largest_of_maps (expected, (gsize) shape[2] * shape[3], shape[1]);
  parity_compare (name, 0, PARITY_VECTOR_NETWORK, expected, actual, magnitude,
      shape[2], shape[3], shape[1]);

  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
  parity_vectors_close (vectors);
}

/* The integers of @values as a frame: GRAY8, GRAY16_LE or RGB. */
static guint8 *
to_frame (
    const gfloat *values, const gint shape[4], guint bits, NucsegFrame *frame)
{
  gsize n = (gsize) shape[0] * shape[1] * shape[2];
  guint8 *bytes = g_new (guint8, n * 2);

  *frame = (NucsegFrame){ .width = shape[1],
    .height = shape[0],
    .data = { bytes },
    .significant_bits = bits };
  for (gsize i = 0; i < n; i++) {
    guint value = (guint) values[i];

    g_assert_cmpfloat (values[i], ==, (gfloat) value);
    if (bits == 8) {
      bytes[i] = (guint8) value;
    } else {
      bytes[2 * i] = (guint8) value;
      bytes[2 * i + 1] = (guint8) (value >> 8);
    }
  }
  frame->format = shape[2] == 3 ? NUCSEG_FORMAT_RGB
      : bits == 8               ? NUCSEG_FORMAT_GRAY8
                                : NUCSEG_FORMAT_GRAY16_LE;
  frame->stride[0] = shape[1] * shape[2] * (bits == 8 ? 1 : 2);
  return bytes;
}

static NucsegPolarity
to_polarity (const gchar *name)
{
  if (g_str_equal (name, "bright"))
    return NUCSEG_POLARITY_BRIGHT;
  if (g_str_equal (name, "dark"))
    return NUCSEG_POLARITY_DARK;
  g_assert_cmpstr (name, ==, "auto");
  return NUCSEG_POLARITY_AUTO;
}

static void
test_prepare (gconstpointer data)
{
  const gchar *name = data;
  g_autofree gchar *path = g_strdup_printf (
      "%s/%s.vectors.safetensors", parity_vectors_folder, name);
  ParityVectors *vectors = parity_vectors_open (path);
  JsonObject *c = parity_vectors_get_case (vectors);
  g_autofree gchar *input =
      to_text (json_object_get_object_member (c, "input"));
  NucsegModel *model = parity_plain_model (
      (gint) json_object_get_int_member (c, "multiple"), input, NULL);
  gint shape[4], in_shape[4];
  g_autofree gfloat *values =
      parity_vectors_get_tensor (vectors, "frame", in_shape);
  g_autofree gfloat *expected =
      parity_vectors_get_tensor (vectors, "input", shape);
  g_autofree gfloat *actual = g_new (gfloat, (gsize) shape[0] * shape[1]);
  g_autofree guint8 *bytes = NULL;
  g_autoptr (GError) error = NULL;
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };
  NucsegFrame frame;
  NucsegGeometry geometry;
  NucsegPlan *plan;

  bytes = to_frame (
      values, in_shape, (guint) json_object_get_int_member (c, "bits"), &frame);
  params.polarity = to_polarity (json_object_get_string_member (c, "polarity"));
  plan = parity_plan_new (parity_backend (), model, frame.width, frame.height,
      json_object_get_double_member (c, "scale"), NUCSEG_PRECISION_F32,
      &geometry);
  g_assert_nonnull (plan);
  g_assert_cmpint (geometry.pad_height, ==, shape[0]);
  g_assert_cmpint (geometry.pad_width, ==, shape[1]);
  parity_backend ()->prepare (plan, &frame, &params, &result, &error);
  g_assert_no_error (error);
  parity_backend ()->read_input (plan, actual, &error);
  g_assert_no_error (error);
  parity_compare (name, 0, PARITY_VECTOR_PREPARE, expected, actual, NULL,
      shape[0], shape[1], 1);

  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
  parity_vectors_close (vectors);
}

static void
test_decode (gconstpointer data)
{
  const gchar *name = data;
  g_autofree gchar *path = g_strdup_printf (
      "%s/%s.vectors.safetensors", parity_vectors_folder, name);
  ParityVectors *vectors = parity_vectors_open (path);
  JsonObject *c = parity_vectors_get_case (vectors);
  g_autofree gchar *output =
      to_text (json_object_get_object_member (c, "output"));
  NucsegModel *model = parity_plain_model (1, NULL, output);
  gint shape[4], maps_shape[4];
  g_autofree gfloat *planes =
      parity_vectors_get_tensor (vectors, "maps", maps_shape);
  g_autofree gfloat *maps = parity_vectors_to_nhwc (
      planes, maps_shape[0], maps_shape[1], maps_shape[2]);
  g_autofree gfloat *expected =
      parity_vectors_get_tensor (vectors, "labels", shape);
  gsize n = (gsize) shape[0] * shape[1];
  g_autofree guint8 *grey = g_new0 (guint8, n);
  g_autofree guint16 *labels = g_new (guint16, n);
  g_autoptr (GError) error = NULL;
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = shape[1],
    .height = shape[0],
    .data = { grey },
    .stride = { shape[1] } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };
  NucsegObjectList objects = { 0 };
  NucsegGeometry geometry;
  NucsegPlan *plan;

  plan = parity_plan_new (parity_backend (), model, shape[1], shape[0],
      json_object_get_double_member (c, "scale"), NUCSEG_PRECISION_F32,
      &geometry);
  g_assert_nonnull (plan);
  g_assert_cmpint (geometry.pad_height, ==, maps_shape[1]);
  g_assert_cmpint (geometry.pad_width, ==, maps_shape[2]);
  parity_backend ()->write_maps (plan, maps, &error);
  g_assert_no_error (error);
  parity_backend ()->decode (plan, &frame, &params, labels,
      (gsize) shape[1] * 2, &objects, &result, &error);
  g_assert_no_error (error);

  for (gsize i = 0; i < n; i++)
    if (labels[i] != (guint16) expected[i]) {
      g_test_message ("%s: labels differ, first at row %d, column %d: "
                      "expected %g, found %u",
          name, (gint) (i / shape[1]), (gint) (i % shape[1]), expected[i],
          labels[i]);
      g_test_fail ();
      break;
    }

  g_free (objects.items);
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
  parity_vectors_close (vectors);
}

static void
add (void)
{
  static const gchar suffix[] = ".vectors.safetensors";
  g_autoptr (GError) error = NULL;
  GDir *dir = g_dir_open (parity_vectors_folder, 0, &error);
  const gchar *file;
  guint n = 0;

  g_assert_no_error (error);
  while ((file = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = NULL;
    gchar *name;

    if (!g_str_has_suffix (file, suffix)
        || g_str_has_prefix (file, "shipped-")) /* test-shipped.c */
      continue;
    name = g_strndup (file, strlen (file) - strlen (suffix));
    path = g_strdup_printf ("/parity/vectors/%s", name);
    g_test_add_data_func_full (path, name,
        g_str_has_prefix (name, "prepare-")      ? test_prepare
            : g_str_has_prefix (name, "decode-") ? test_decode
                                                 : test_network,
        g_free);
    n++;
  }
  g_dir_close (dir);
  g_assert_cmpuint (n, >=, 30);
}

int
main (int argc, char **argv)
{
  return parity_vectors_main (argc, argv, add);
}
