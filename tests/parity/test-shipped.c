/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every shipped model: in f32 against what ONNX Runtime made of its ONNX file
 * (tests/vectors/shipped-NAME), in bf16, f16 and int8 against the reference.
 * The folder of the vectors is the program's second argument.
 */
#include "tests/parity/parity.h"
#include "tests/parity/vectors.h"

#include <math.h>
#include <string.h>

/* A model and what ONNX Runtime made of it; maps are NHWC. */
typedef struct {
  const gchar *name;
  NucsegModel *model;
  ParityVectors *vectors;
  gfloat *input, *expected;
  gint width, height, n_maps;
} Shipped;

static void
shipped_open (Shipped *self, const gchar *name)
{
  g_autofree gchar *path = g_strdup_printf (
      "%s/shipped-%s.vectors.safetensors", parity_vectors_folder, name);
  g_autoptr (GError) error = NULL;
  gint in_shape[4], shape[4];

  self->name = name;
  self->model = nucseg_model_load (name, &error);
  g_assert_no_error (error);
  self->vectors = parity_vectors_open (path);
  self->input = parity_vectors_get_tensor (self->vectors, "input", in_shape);
  g_autofree gfloat *planes =
      parity_vectors_get_tensor (self->vectors, "output", shape);
  self->n_maps = shape[1];
  self->height = shape[2];
  self->width = shape[3];
  g_assert_cmpint (in_shape[2], ==, self->height);
  g_assert_cmpint (in_shape[3], ==, self->width);
  g_assert_cmpint (
      nucseg_model_get_output (self->model)->n_maps, ==, self->n_maps);
  self->expected =
      parity_vectors_to_nhwc (planes, self->n_maps, self->height, self->width);
}

static void
shipped_close (Shipped *self)
{
  nucseg_model_unref (self->model);
  parity_vectors_close (self->vectors);
  g_free (self->input);
  g_free (self->expected);
}

static gsize
shipped_count (const Shipped *self)
{
  return (gsize) self->width * self->height * self->n_maps;
}

static NucsegPlan *
new_plan (const Shipped *self, const NucsegBackend *backend,
    NucsegPrecision precision)
{
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      backend, self->model, self->width, self->height, 1, precision, &geometry);

  g_assert_nonnull (plan);
  g_assert_cmpint (geometry.pad_width, ==, self->width);
  g_assert_cmpint (geometry.pad_height, ==, self->height);
  return plan;
}

static gfloat *
run (const Shipped *self, const NucsegBackend *backend, NucsegPlan *plan)
{
  gfloat *maps = g_new (gfloat, shipped_count (self));

  parity_run_network (backend, plan, self->input, maps);
  return maps;
}

/* The labels that @maps become. */
static guint16 *
to_labels (const Shipped *self, NucsegPlan *plan, const gfloat *maps)
{
  const gsize n = (gsize) self->width * self->height;
  g_autofree guint8 *grey = g_new0 (guint8, n);
  guint16 *labels = g_new (guint16, n);
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = self->width,
    .height = self->height,
    .data = { grey },
    .stride = { self->width } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };
  NucsegObjectList objects = { 0 };
  g_autoptr (GError) error = NULL;

  parity_backend ()->write_maps (plan, maps, &error);
  g_assert_no_error (error);
  parity_backend ()->decode (plan, &frame, &params, labels,
      (gsize) self->width * 2, &objects, &result, &error);
  g_assert_no_error (error);
  /* so that two results without a nucleus are not taken for agreement */
  g_assert_cmpuint (objects.n, >=, 5);
  g_free (objects.items);
  return labels;
}

static void
test_onnx_runtime (gconstpointer data)
{
  Shipped shipped;

  shipped_open (&shipped, data);
  NucsegPlan *plan =
      new_plan (&shipped, parity_backend (), NUCSEG_PRECISION_F32);
  g_autofree gfloat *maps = run (&shipped, parity_backend (), plan);

  parity_compare (shipped.name, 0, PARITY_VECTOR_SHIPPED, shipped.expected,
      maps, NULL, shipped.height, shipped.width, shipped.n_maps);

  g_autofree guint16 *theirs = to_labels (&shipped, plan, shipped.expected);
  g_autofree guint16 *ours = to_labels (&shipped, plan, maps);
  const gsize size = (gsize) shipped.width * shipped.height * sizeof (guint16);

  g_assert_cmpmem (theirs, size, ours, size);
  parity_backend ()->plan_free (plan);
  shipped_close (&shipped);
}

static void
compare_to_reference (const gchar *name, NucsegPrecision precision)
{
  Shipped shipped;

  shipped_open (&shipped, name);
  if (parity_supports (shipped.model, precision)) {
    NucsegPlan *plan = new_plan (&shipped, parity_backend (), precision);
    NucsegPlan *reference = new_plan (&shipped, parity_reference (), precision);
    g_autofree gfloat *maps = run (&shipped, parity_backend (), plan);
    g_autofree gfloat *expected =
        run (&shipped, parity_reference (), reference);
    g_autofree gfloat *magnitude = parity_largest_of_maps (
        expected, (gsize) shipped.width * shipped.height, shipped.n_maps);

    parity_compare (name, 0, parity_maps_limit (precision, TRUE), expected,
        maps, magnitude, shipped.height, shipped.width, shipped.n_maps);
    parity_backend ()->plan_free (plan);
    parity_reference ()->plan_free (reference);
  } else {
    g_test_skip ("the back end lacks this precision");
  }
  shipped_close (&shipped);
}

static void
test_bf16 (gconstpointer data)
{
  compare_to_reference (data, NUCSEG_PRECISION_BF16);
}

static void
test_f16 (gconstpointer data)
{
  compare_to_reference (data, NUCSEG_PRECISION_F16);
}

static void
test_int8 (gconstpointer data)
{
  compare_to_reference (data, NUCSEG_PRECISION_INT8);
}

static void
add (void)
{
  static const struct {
    const gchar *name;
    GTestDataFunc function;
  } tests[] = { { "onnx-runtime", test_onnx_runtime }, { "bf16", test_bf16 },
    { "f16", test_f16 }, { "int8", test_int8 } };
  g_auto (GStrv) names = nucseg_model_list_names ();

  g_assert_cmpuint (g_strv_length (names), >=, 1);
  for (guint i = 0; names[i]; i++) {
    for (guint k = 0; k < G_N_ELEMENTS (tests); k++) {
      g_autofree gchar *path =
          g_strdup_printf ("/parity/shipped/%s/%s", names[i], tests[k].name);

      if (tests[k].function == test_f16
          && !parity_offers (NUCSEG_PRECISION_F16))
        continue;
      g_test_add_data_func_full (
          path, g_strdup (names[i]), tests[k].function, g_free);
    }
  }
}

int
main (int argc, char **argv)
{
  return parity_vectors_main (argc, argv, add);
}
