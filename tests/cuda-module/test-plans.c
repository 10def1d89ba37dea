/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-plans.c: every convolution that the network gives to cuDNN has a fused
 * plan on each kind of GPU, shown without one: the GPUs are only described
 * (devices/), the driver is null-driver.c.
 *
 *   test-plans [-m thorough] DEVICES_FOLDER MODEL.safetensors...
 *
 * One image of 512x512 in bf16, as a camera's frames run, and on one GPU in
 * f16; thorough: all sizes, batches and precisions on all.
 */
#include "cuda/convs.h"

#include "model.h"

#include <string.h>

/* Images at a time, and the side of each. bench/gpu measures batches of eight;
 * sixteen are the most there are. */
static const struct {
  gint batch, side;
} sizes[] = { { 1, 512 }, { 1, 2048 }, { 4, 512 }, { 8, 512 }, { 16, 512 } };

/* Number of the candidates that can be built; stops at the first. */
static gboolean
has_plan (NucsegCudnn *cudnn, const NucsegCudnnSpec *spec, const gchar *name,
    guint *n_candidates)
{
  g_autoptr (GError) error = NULL;
  NucsegCudnnConv *conv = nucseg_cudnn_conv_new (cudnn, spec, &error);
  gboolean ok = FALSE;

  for (guint i = 0; conv && !ok && i < nucseg_cudnn_conv_count (conv); i++) {
    g_clear_error (&error);
    ok = nucseg_cudnn_conv_build (conv, i, &error);
  }
  if (ok)
    *n_candidates += nucseg_cudnn_conv_count (conv);
  else
    g_test_message ("%s: %s", name, error->message);
  nucseg_cudnn_conv_free (conv);
  return ok;
}

/* Every convolution once as it is, those behind channel weights with them too,
 * and those of a concatenation in it too: spec -> name, each spec once. */
static void
collect (const NucsegModel *model, gint batch, gint side, NucsegCudaType type,
    GArray *specs, GPtrArray *names, guint *n_convs, guint *n_own)
{
  const NucsegGraph *graph = nucseg_model_get_graph (model);
  g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);
  g_autoptr (GError) error = NULL;

  g_assert_true (nucseg_graph_infer (graph, side, side, shapes, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < graph->n_nodes; i++) {
    NucsegCudnnSpec spec;
    gint pitch = 0, channel;
    guint host;

    if (graph->nodes[i].op != NUCSEG_OP_CONV)
      continue;
    if (!nucseg_convs_spec (graph, shapes, batch, type, i, &spec)) {
      (*n_own)++;
      continue;
    }
    (*n_convs)++;
    if (nucseg_convs_find_slice (graph, shapes, i, &host, &channel))
      pitch = graph->nodes[host].channels;
    for (guint variant = 0; variant < (pitch > 0 ? 4 : 2); variant++) {
      gboolean known = FALSE;

      spec.scaled = variant % 2 == 1;
      spec.out_pitch = variant >= 2 ? pitch : spec.out_channels;
      if (spec.scaled
          && (type == NUCSEG_CUDA_F32
              || !nucseg_convs_is_scale (
                  graph, shapes, batch, graph->nodes[i].inputs[0])))
        continue;
      for (guint k = 0; k < specs->len; k++)
        known |= memcmp (&g_array_index (specs, NucsegCudnnSpec, k), &spec,
                     sizeof spec)
            == 0;
      if (known)
        continue;
      g_array_append_val (specs, spec);
      g_ptr_array_add (names,
          g_strdup_printf ("%s%s%s", graph->nodes[i].name,
              spec.scaled ? " with channel weights" : "",
              nucseg_cudnn_spec_is_slice (&spec) ? " in a concatenation" : ""));
    }
  }
}

typedef struct {
  gchar *model, *device;
  gint batch, side;
  NucsegPrecision precision;
} Case;

static void
free_case (gpointer data)
{
  Case *c = data;

  g_free (c->model);
  g_free (c->device);
  g_free (c);
}

static NucsegCudnn *
describe (const Case *c)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *description = NULL;
  NucsegCudnn *cudnn;

  g_assert_true (g_file_get_contents (c->device, &description, NULL, &error));
  g_assert_no_error (error);
  cudnn = nucseg_cudnn_new (description, &error);
  g_assert_no_error (error);
  return cudnn;
}

static NucsegCudaType
type_of (NucsegPrecision precision)
{
  return precision == NUCSEG_PRECISION_F16 ? NUCSEG_CUDA_F16
      : precision == NUCSEG_PRECISION_BF16 ? NUCSEG_CUDA_BF16
                                           : NUCSEG_CUDA_F32;
}

static void
test_plans (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model = nucseg_model_load (c->model, &error);
  g_autoptr (GArray) specs =
      g_array_new (FALSE, TRUE, sizeof (NucsegCudnnSpec));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  guint n_convs = 0, n_own = 0, n_candidates = 0, n_ok = 0;
  NucsegCudnn *cudnn = describe (c);

  g_assert_no_error (error);
  collect (model, c->batch, c->side, type_of (c->precision), specs, names,
      &n_convs, &n_own);
  for (guint i = 0; i < specs->len; i++)
    n_ok += has_plan (cudnn, &g_array_index (specs, NucsegCudnnSpec, i),
        g_ptr_array_index (names, i), &n_candidates);
  g_test_message ("%s: %u convolutions of cuDNN (%u of our kernels), %u "
                  "different ones, %u with a fused plan, %u candidates",
      nucseg_model_get_name (model), n_convs, n_own, specs->len, n_ok,
      n_candidates);
  g_assert_cmpuint (specs->len, >, 0);
  g_assert_cmpuint (n_ok, ==, specs->len);
  nucseg_cudnn_free (cudnn);
}

/* Plans that are built several at once; and written as text, which is read as
 * the same plan without compiling, or not at all. */
static void
test_text (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model = nucseg_model_load (c->model, &error);
  g_autoptr (GArray) specs =
      g_array_new (FALSE, FALSE, sizeof (NucsegCudnnSpec));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  guint n_convs = 0, n_own = 0, n_texts = 0;
  NucsegCudnn *cudnn = describe (c);

  g_assert_no_error (error);
  collect (model, c->batch, c->side, NUCSEG_CUDA_BF16, specs, names, &n_convs,
      &n_own);
  for (guint s = 0; s < 4; s++) {
    const NucsegCudnnSpec *spec = &g_array_index (specs, NucsegCudnnSpec, s);
    NucsegCudnnConv *conv = nucseg_cudnn_conv_new (cudnn, spec, &error);

    g_assert_no_error (error);
    nucseg_cudnn_build_ahead (&conv, 1, 3, NULL, NULL);
    for (guint i = 0; i < MIN (nucseg_cudnn_conv_count (conv), 3); i++) {
      NucsegCudnnConv *other = nucseg_cudnn_conv_new (cudnn, spec, NULL);
      g_autofree gchar *text = NULL;

      if (nucseg_cudnn_conv_build (conv, i, NULL))
        text = nucseg_cudnn_conv_get_text (conv);
      if (text) {
        g_assert_true (nucseg_cudnn_conv_load (other, i, text, &error));
        g_assert_no_error (error);
        g_assert_cmpuint (nucseg_cudnn_conv_get_built (other), ==, i);
        g_assert_cmpuint (nucseg_cudnn_conv_get_workspace (other), ==,
            nucseg_cudnn_conv_get_workspace (conv));
        nucseg_cudnn_conv_keep_built (other);
        g_autofree gchar *again = nucseg_cudnn_conv_get_text (other);
        g_assert_cmpuint (strlen (again), >, 1000);
        n_texts++;
      }
      nucseg_cudnn_conv_free (other);
      if (text) {
        other = nucseg_cudnn_conv_new (cudnn, spec, NULL);
        text[strlen (text) / 2] = '\0';
        g_assert_false (nucseg_cudnn_conv_load (other, i, text, &error));
        g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
        g_clear_error (&error);
        nucseg_cudnn_conv_free (other);
      }
    }
    nucseg_cudnn_conv_free (conv);
  }
  g_test_message ("%u plans were read as they were written", n_texts);
  g_assert_cmpuint (n_texts, >=, 4);
  nucseg_cudnn_free (cudnn);
}

static void
add_cases (const gchar *dir, const gchar *entry, const gchar *model)
{
  static const NucsegPrecision precisions[] = { NUCSEG_PRECISION_BF16,
    NUCSEG_PRECISION_F32, NUCSEG_PRECISION_F16 };
  g_autofree gchar *gpu = g_strndup (entry, strlen (entry) - strlen (".json"));
  g_autofree gchar *name = g_path_get_basename (model);

  g_autofree gchar *text = g_strdup_printf ("/text/%s/%s", gpu, name);
  Case *of_text = g_new (Case, 1);

  *of_text = (Case){ g_strdup (model), g_build_filename (dir, entry, NULL),
    sizes[0].batch, sizes[0].side, NUCSEG_PRECISION_BF16 };
  g_test_add_data_func_full (text, of_text, test_text, free_case);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (precisions); k++) {
      /* f16 differs from bf16 by two bounds, on any GPU */
      const gboolean quick = i == 0
          && (k == 0
              || (precisions[k] == NUCSEG_PRECISION_F16
                  && g_str_equal (gpu, "sm90")
                  && g_str_equal (name, "nuclei-live.safetensors")));

      if (!quick && !g_test_thorough ())
        continue;
      g_autofree gchar *path =
          g_strdup_printf ("/plans/%s/%s/%dx%d/%s", gpu, name, sizes[i].batch,
              sizes[i].side, nucseg_precision_name (precisions[k]));
      Case *c = g_new (Case, 1);

      *c = (Case){ g_strdup (model), g_build_filename (dir, entry, NULL),
        sizes[i].batch, sizes[i].side, precisions[k] };
      g_test_add_data_func_full (path, c, test_plans, free_case);
    }
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *cudnn = nucseg_cudnn_describe (&error);
  GDir *dir;
  const gchar *entry;

  g_assert (argc >= 3);
  if (!cudnn) {
    g_print ("1..0 # SKIP no plans can be built: %s\n", error->message);
    return 0;
  }
  g_test_init (&argc, &argv, NULL);
  dir = g_dir_open (argv[1], 0, &error);
  g_assert_no_error (error);
  while ((entry = g_dir_read_name (dir))) {
    for (gint i = 2; i < argc; i++)
      add_cases (argv[1], entry, argv[i]);
  }
  g_dir_close (dir);
  return g_test_run ();
}
