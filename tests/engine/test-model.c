/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-model.c: models that load: what they say of themselves, order and
 * channels of their nodes, defaults, sharing; files that change afterwards.
 */
#include "model.h"
#include "modelbuilder.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static NucsegModel *
load (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  NucsegModel *model = nucseg_model_new_from_bytes (bytes, "built", &error);

  g_assert_no_error (error);
  g_assert_nonnull (model);
  return model;
}

static const NucsegNode *
find_node (const NucsegGraph *graph, const gchar *name)
{
  for (guint i = 0; i < graph->n_nodes; i++) {
    if (g_str_equal (graph->nodes[i].name, name))
      return &graph->nodes[i];
  }
  g_error ("no node %s", name);
}

static void
test_facts (void)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);
  nucseg_builder_conv (b, "x", "input", 6,
      &(NucsegBuilderConv){ .kernel = 3, .padding = 1, .bias = TRUE });
  nucseg_builder_set (b, "name", "facts-1");
  nucseg_builder_set (b, "description", "a \"quoted\" text\n\303\251");
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "x", 3);
  g_autoptr (NucsegModel) model = load (bytes);
  g_autofree gchar *sha256 =
      g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

  g_assert_cmpstr (nucseg_model_get_name (model), ==, "facts-1");
  g_assert_cmpstr (nucseg_model_get_origin (model), ==, "built");
  g_assert_cmpstr (nucseg_model_get_sha256 (model), ==, sha256);
  g_assert_cmpstr (
      nucseg_model_get_description (model), ==, "a \"quoted\" text\n\303\251");
  g_assert_null (nucseg_model_get_license (model));
  g_assert_cmpuint (
      nucseg_model_get_n_weights (model), ==, 6 * 9 + 6 + 3 * 6 + 3);
  /* 2 per multiply-add; 20x11 is padded to 24x16 */
  g_assert_cmpuint (
      nucseg_model_get_flop (model, 20, 11), ==, 2 * 24 * 16 * (6 * 9 + 3 * 6));
}

static void
test_input_output (void)
{
  NucsegBuilder *b = nucseg_builder_new (1, 8);
  nucseg_builder_set (b, "input",
      "{\"color\": \"grey\", \"normalization\": {\"method\": \"minmax\"}, "
      "\"polarity\": \"both\", \"pixel_size_um\": 0.25, \"smoothing\": 1}");
  nucseg_builder_set (b, "output",
      "{\"maps\": [\"offset_x\", \"foreground\", \"offset_y\"], \"decoder\": "
      "{\"method\": \"votes\", \"threshold\": 0.25, \"offset_scale\": 12, "
      "\"min_votes\": 5, \"vote_reach\": 7, \"radius\": 0}}");
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "input", 3);
  g_autoptr (NucsegModel) model = load (bytes);
  const NucsegInput *input = nucseg_model_get_input (model);
  const NucsegOutput *output = nucseg_model_get_output (model);

  g_assert_cmpint (input->method, ==, NUCSEG_METHOD_MINMAX);
  g_assert_cmpfloat (input->clip_low, ==, 0);
  g_assert_cmpfloat (input->clip_high, ==, 1);
  g_assert_cmpfloat (input->min_range, ==, 0);
  g_assert_cmpfloat (input->smoothing, ==, 1);
  g_assert_cmpint (input->polarity, ==, NUCSEG_TRAINED_BOTH);
  g_assert_cmpfloat (nucseg_model_get_pixel_size (model), ==, 0.25);
  g_assert_cmpint (output->n_maps, ==, 3);
  g_assert_cmpint (output->foreground, ==, 1);
  g_assert_cmpint (output->offset_y, ==, 2);
  g_assert_cmpint (output->offset_x, ==, 0);
  g_assert_cmpint (output->decoder, ==, NUCSEG_DECODER_VOTES);
  g_assert_cmpfloat (output->threshold, ==, 0.25);
  g_assert_cmpfloat (output->offset_scale, ==, 12);
  g_assert_cmpint (output->min_votes, ==, 5);
  g_assert_cmpint (output->vote_reach, ==, 7);
  g_assert_cmpint (output->radius, ==, 0);
  g_assert_cmpint (output->min_area, ==, 0);
}

/* Nodes in the wrong order of the file come out behind their inputs. */
static void
test_order (void)
{
  NucsegBuilder *b = nucseg_builder_new (1, 2);
  nucseg_builder_raw_node (b, "last", 1,
      "{\"name\": \"last\", \"op\": \"add\", \"inputs\": [\"a\", \"b\"]}");
  nucseg_builder_raw_node (b, "b", 1,
      "{\"name\": \"b\", \"op\": \"upsample\", \"mode\": \"bilinear\", "
      "\"inputs\": [\"p\"]}");
  nucseg_builder_raw_node (b, "p", 1,
      "{\"name\": \"p\", \"op\": \"max_pool\", \"inputs\": [\"a\"]}");
  nucseg_builder_conv (b, "a", "input", 1, &(NucsegBuilderConv){ 0 });
  g_autoptr (GBytes) bytes = nucseg_builder_end (b, "last", 0);
  g_autoptr (NucsegModel) model = load (bytes);
  const NucsegGraph *graph = nucseg_model_get_graph (model);

  g_assert_cmpuint (graph->n_nodes, ==, 5);
  g_assert_cmpint (graph->nodes[0].op, ==, NUCSEG_OP_INPUT);
  for (guint i = 1; i < graph->n_nodes; i++) {
    for (guint k = 0; k < graph->nodes[i].n_inputs; k++)
      g_assert_cmpuint (graph->nodes[i].inputs[k], <, i);
  }
  g_assert_cmpstr (graph->nodes[graph->output].name, ==, "last");
  /* the pooling's defaults */
  g_assert_cmpint (find_node (graph, "p")->u.pool.kernel, ==, 2);
  g_assert_cmpint (find_node (graph, "p")->u.pool.stride, ==, 2);
}

/* Every operation, its attributes and its channels. */
static void
test_operations (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (7, 8);
  g_autoptr (NucsegModel) model = load (bytes);
  const NucsegGraph *graph = nucseg_model_get_graph (model);
  gboolean seen[NUCSEG_OP_LAST] = { FALSE };

  for (guint i = 0; i < graph->n_nodes; i++)
    seen[graph->nodes[i].op] = TRUE;
  for (guint i = 0; i < NUCSEG_OP_LAST; i++)
    g_assert_true (seen[i]);

  const NucsegNode *node = find_node (graph, "deep2");
  g_assert_cmpint (node->channels, ==, 8);
  g_assert_cmpint (node->u.conv.in_channels, ==, 16);
  g_assert_cmpint (node->u.conv.dilation, ==, 2);
  g_assert_cmpint (node->u.conv.padding, ==, 2);
  g_assert_cmpint (node->u.conv.stride, ==, 1);
  g_assert_cmpint (node->u.conv.activation, ==, NUCSEG_ACTIVATION_RELU);
  g_assert_nonnull (node->u.conv.bias);
  node = find_node (graph, "sap1_depth");
  g_assert_cmpint (node->u.conv.groups, ==, 16);
  g_assert_cmpint (node->u.conv.kernel_h, ==, 4);
  g_assert_cmpint (find_node (graph, "sap1_pool")->u.avg.rows, ==, 4);
  g_assert_cmpint (find_node (graph, "aspp")->channels, ==, 32);
  g_assert_cmpint (find_node (graph, "stem")->channels, ==, 4);
  g_assert_cmpint (find_node (graph, "maps")->channels, ==, 3);
  g_assert_cmpint (
      find_node (graph, "up1")->u.upsample, ==, NUCSEG_UPSAMPLE_BILINEAR);
}

/* Weights are read in place, from data at any address. */
static void
test_alignment (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_identity (2, -0.5f);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  for (gsize shift = 0; shift < 4; shift++) {
    g_autofree guint8 *moved = g_malloc (size + shift);
    memcpy (moved + shift, data, size);
    g_autoptr (GBytes) slice = g_bytes_new_static (moved + shift, size);
    g_autoptr (NucsegModel) model = load (slice);
    const NucsegGraph *graph = nucseg_model_get_graph (model);
    const NucsegConv *conv = &graph->nodes[graph->output].u.conv;
    g_assert_cmpuint (GPOINTER_TO_SIZE (conv->weight) % 4, ==, 0);
    g_assert_cmpfloat (conv->weight[0], ==, 2);
    g_assert_cmpfloat (conv->bias[0], ==, -0.5f);
  }
}

static gpointer
use_model (gpointer data)
{
  for (guint i = 0; i < 1000; i++) {
    NucsegModel *model = nucseg_model_ref (data);
    g_assert_cmpuint (nucseg_model_get_flop (model, 64, 64), >, 0);
    nucseg_model_unref (model);
  }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (7, 8);
  g_autoptr (NucsegModel) model = load (bytes);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", use_model, model);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* Whoever trains under the same name writes the file anew while it is in use.
 */
static void
test_overwritten (void)
{
  const NucsegSessionOptions options = { .backend = "reference" };
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "m.safetensors", NULL);
  g_autoptr (GBytes) bytes = nucseg_builder_identity (8, -4);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  guint8 pixels[64 * 64] = { 0 };
  guint16 labels[64 * 64];
  NucsegFrame frame = { NUCSEG_FORMAT_GRAY8, NUCSEG_MEMORY_SYSTEM, 64, 64,
    { pixels }, { 64 }, 8, FALSE };
  g_autoptr (GError) error = NULL;
  NucsegResult result;

  for (guint y = 16; y < 48; y++)
    memset (pixels + y * 64 + 16, 255, 32);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
      (gssize) g_bytes_get_size (bytes), &error));
  NucsegModel *model = nucseg_model_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  NucsegSession *session = nucseg_session_new (model, &options, &error);
  g_assert_no_error (error);
  g_assert_true (nucseg_session_run (
      session, &frame, &params, labels, 128, NULL, &result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (result.n_objects, ==, 1);
  nucseg_session_free (session);
  nucseg_model_unref (model);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/facts", test_facts);
  g_test_add_func ("/model/input-output", test_input_output);
  g_test_add_func ("/model/order", test_order);
  g_test_add_func ("/model/operations", test_operations);
  g_test_add_func ("/model/alignment", test_alignment);
  g_test_add_func ("/model/threads", test_threads);
  g_test_add_func ("/model/overwritten", test_overwritten);
  return g_test_run ();
}
