/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-batch.c: a network of several images gives each of them, bit for bit,
 * what a network of one image gives it; over the emulated kernels and cuDNN.
 */
#include "cuda/network.h"

#include "tests/parity/cases.h"
#include "tests/parity/parity.h"

#include <string.h>

#define BATCH 3

typedef struct {
  const gchar *name;
  const ParityCase *single; /* or: */
  NucsegModel *(*build) (void);
  gint height, width;
  NucsegPrecision precision;
} Test;

/* --- Networks --------------------------------------------------------------
 */

static NucsegModel *
build_small (void)
{
  return parity_model (nucseg_builder_attention_unet (3, 8));
}

static NucsegModel *
build_whole (void)
{
  static const gint widths[] = { 8, 16, 24, 32 };

  return parity_unet_build (4, widths);
}

/* Vectors that could have gaps between images: parts of a concatenation, and
 * the pixel that a space_to_depth leaves, as channel weights and as the lower
 * level of an attention chain. */
static NucsegModel *
build_vectors (void)
{
  const NucsegBuilderConv gate = { .bias = TRUE, .activation = "sigmoid" };
  const NucsegBuilderConv conv3 = { .kernel = 3, .padding = 1, .bias = TRUE };
  const NucsegBuilderConv all = { .kernel = 4, .groups = -1, .bias = TRUE };
  NucsegBuilder *b = nucseg_builder_new (6, 8);

  nucseg_builder_conv (b, "lift", "input", 16, &conv3);
  nucseg_builder_avg_pool (b, "mean", "lift", 1, 1);
  nucseg_builder_conv (b, "one", "mean", 16, &gate);
  nucseg_builder_conv (b, "two", "mean", 16, &gate);
  nucseg_builder_add (b, "sum", "one", "two", NULL);
  nucseg_builder_concat (b, "both", "sum", "one", NULL);
  nucseg_builder_mul (b, "weighed", "lift", "sum");
  nucseg_builder_conv (b, "wide", "weighed", 32, &conv3);
  nucseg_builder_mul (b, "wide-weighed", "wide", "both");

  nucseg_builder_conv (b, "deep", "wide-weighed", 24, &conv3);
  nucseg_builder_avg_pool (b, "cells", "deep", 4, 4);
  nucseg_builder_conv (b, "reduce", "cells", 24, &all);
  nucseg_builder_conv (b, "own", "reduce", 24, &gate);
  nucseg_builder_conv (b, "expand", "sum", 24, &gate);
  nucseg_builder_add (b, "weights", "own", "expand", NULL);
  nucseg_builder_mul (b, "deep-weighed", "deep", "weights");

  nucseg_builder_conv (b, "three", "deep-weighed", 3, &conv3);
  nucseg_builder_avg_pool (b, "quarters", "three", 2, 2);
  nucseg_builder_space_to_depth (b, "twelve", "quarters", 2);
  nucseg_builder_conv (b, "last", "deep-weighed", 12, &conv3);
  nucseg_builder_mul (b, "last-weighed", "last", "twelve");
  return parity_model (nucseg_builder_end (b, "last-weighed", 1));
}

/* Attention over a frame of so many rows and cells, and so few columns, that
 * its workspace is larger than the tensors beside it, and used to its end. */
static NucsegModel *
build_tall (void)
{
  const NucsegBuilderConv gate = { .bias = TRUE, .activation = "sigmoid" };
  const NucsegBuilderConv conv3 = { .kernel = 3, .padding = 1, .bias = TRUE };
  const NucsegBuilderConv all = {
    .kernel = 1, .kernel_w = 16, .groups = -1, .bias = TRUE
  };
  NucsegBuilder *b = nucseg_builder_new (7, 2);

  nucseg_builder_conv (b, "lift", "input", 16, &conv3);
  nucseg_builder_avg_pool (b, "cells", "lift", 1, 16);
  nucseg_builder_conv (b, "reduce", "cells", 16, &all);
  nucseg_builder_conv (b, "own", "reduce", 16, &gate);
  nucseg_builder_add (b, "weights", "own", "own", NULL);
  nucseg_builder_mul (b, "weighed", "lift", "weights");
  return parity_model (nucseg_builder_end (b, "weighed", 1));
}

/* --- Runs ------------------------------------------------------------------
 */

static void
write_input (NucsegNetwork *network, gint image, const gfloat *values)
{
  gint block;
  const NucsegCudaTensor to = nucseg_network_get_input (network, image, &block);
  const NucsegCudaTensor from = { .data = (gpointer) values,
    .type = NUCSEG_CUDA_F32,
    .batch = 1,
    .height = to.height * block,
    .width = to.width * block,
    .channels = 1,
    .pitch = 1 };

  g_assert_cmpint (to.batch, ==, 1);
  g_assert_cmpint (
      nucseg_cuda_space_to_depth (block, &from, &to, NULL), ==, cudaSuccess);
}

/* @n images by a network of @batch of them, which divides @n; the number of its
 * convolutions by cuDNN. */
static guint
run (const Test *test, NucsegModel *model, gint batch, gint n,
    const gfloat *inputs, gfloat *maps)
{
  const gsize n_in = (gsize) test->height * test->width;
  const gsize n_out = n_in * nucseg_model_get_output (model)->n_maps;
  g_autoptr (GError) error = NULL;
  NucsegCudaDevice *device = nucseg_cuda_device_new (&error);
  NucsegNetwork *network;
  guint n_convs;

  g_assert_true (nucseg_cuda_device_enter (device, &error));
  network = nucseg_network_new (
      device, model, batch, test->height, test->width, test->precision, &error);
  g_assert_no_error (error);
  for (gint first = 0; first < n; first += batch) {
    for (gint i = 0; i < batch; i++)
      write_input (network, i, inputs + (first + i) * n_in);
    nucseg_network_run (network, &error);
    g_assert_no_error (error);
    for (gint i = 0; i < batch; i++)
      memcpy (maps + (first + i) * n_out, nucseg_network_get_maps (network, i),
          n_out * sizeof (gfloat));
  }
  n_convs = nucseg_network_count (network, NULL);
  nucseg_network_free (network);
  nucseg_cuda_device_leave (device);
  nucseg_cuda_device_free (device);
  return n_convs;
}

/* Twice as many images as go in at once: what an earlier run has left must not
 * show either. */
static void
test_batch (gconstpointer data)
{
  const Test *test = data;
  NucsegRandom random = { g_str_hash (test->name) };
  g_autoptr (NucsegModel) model =
      test->single ? parity_case_build (test->single, FALSE) : test->build ();
  const gsize n_in = (gsize) test->height * test->width;
  const gsize n_out = n_in * nucseg_model_get_output (model)->n_maps;
  const gint n = 2 * BATCH;
  g_autofree gfloat *inputs = g_new (gfloat, n * n_in);
  g_autofree gfloat *one = g_new (gfloat, n * n_out);
  g_autofree gfloat *many = g_new (gfloat, n * n_out);
  guint n_convs;

  for (gsize i = 0; i < n * n_in; i++)
    inputs[i] = parity_uniform (&random, -1, 1);
  n_convs = run (test, model, 1, n, inputs, one);
  g_assert_cmpuint (run (test, model, BATCH, n, inputs, many), ==, n_convs);
  for (gint i = 0; i < n; i++) {
    for (gsize k = 0; k < n_out; k++) {
      const gfloat want = one[i * n_out + k], found = many[i * n_out + k];

      if (memcmp (&want, &found, sizeof want) != 0)
        g_error ("%s: value %" G_GSIZE_FORMAT " of image %d is %.9g in a batch "
                 "of %d, %.9g alone",
            test->name, k, i, found, BATCH, want);
    }
    /* images are not alike */
    g_assert_true (
        i == 0 || memcmp (one, one + i * n_out, n_out * sizeof (gfloat)) != 0);
  }
}

static void
add_test (Test test)
{
  g_autofree gchar *path = g_strdup_printf (
      "/batch/%s/%s", nucseg_precision_name (test.precision), test.name);

  g_test_add_data_func_full (
      path, g_memdup2 (&test, sizeof test), test_batch, g_free);
}

int
main (int argc, char **argv)
{
  static const NucsegPrecision precisions[] = { NUCSEG_PRECISION_F32,
    NUCSEG_PRECISION_BF16, NUCSEG_PRECISION_F16 };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    const NucsegPrecision precision = precisions[i];

    /* f16 goes as bf16 does: whole networks will do */
    for (guint k = 0; precision != NUCSEG_PRECISION_F16 && k < parity_n_cases;
         k++) {
      const ParityCase *c = &parity_cases[k];

      add_test ((Test){ c->name, c, NULL, c->height * c->block,
          c->width * c->block, precision });
    }
    add_test ((Test){ "small", NULL, build_small, 32, 48, precision });
    add_test ((Test){ "whole", NULL, build_whole, 48, 32, precision });
    add_test ((Test){ "tall", NULL, build_tall, 128, 2, precision });
    add_test ((Test){ "vectors", NULL, build_vectors, 16, 24, precision });
  }
  return g_test_run ();
}
