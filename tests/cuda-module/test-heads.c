/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-heads.c: what makes the maps of a network on a GPU: 1x1 convolutions at
 * one resolution or two, their sum, and what only looks like it. The same maps
 * as the reference's, in as many steps as there have to be.
 */
#include "emulated-network.h"

#define HEIGHT 12
#define WIDTH 20

static const NucsegBuilderConv conv3 = {
  .kernel = 3, .padding = 1, .bias = TRUE
};
static const NucsegBuilderConv head = { .bias = TRUE };

/* "deep" of half the size, its head "cells", and @name out of that. */
static void
coarse (NucsegBuilder *b, const gchar *name)
{
  const NucsegBuilderConv half = {
    .kernel = 2, .stride = 2, .bias = TRUE, .activation = "relu"
  };

  nucseg_builder_conv (b, "deep", "fine", 16, &half);
  nucseg_builder_conv (b, "cells", "deep", 12, &head);
  nucseg_builder_depth_to_space (b, name, "cells", 2);
}

static void
build_one (NucsegBuilder *b)
{
  nucseg_builder_conv (b, "maps", "fine", 3, &head);
}

static void
build_deep (NucsegBuilder *b)
{
  coarse (b, "maps");
}

static void
build_sum (NucsegBuilder *b)
{
  coarse (b, "coarse");
  nucseg_builder_conv (b, "detail", "fine", 3, &head);
  nucseg_builder_add (b, "maps", "coarse", "detail", NULL);
}

static void
build_sum_turned (NucsegBuilder *b)
{
  nucseg_builder_conv (b, "detail", "fine", 3, &head);
  coarse (b, "coarse");
  nucseg_builder_add (b, "maps", "detail", "coarse", NULL);
}

/* The detail is read by another convolution too. */
static void
build_read (NucsegBuilder *b)
{
  nucseg_builder_conv (b, "detail", "fine", 3, &head);
  nucseg_builder_conv (b, "again", "detail", 3, &head);
  nucseg_builder_add (b, "maps", "detail", "again", NULL);
}

static void
build_cells_read (NucsegBuilder *b)
{
  coarse (b, "coarse");
  nucseg_builder_depth_to_space (b, "other", "cells", 2);
  nucseg_builder_add (b, "maps", "coarse", "other", NULL);
}

static void
build_twice (NucsegBuilder *b)
{
  nucseg_builder_conv (b, "detail", "fine", 3, &head);
  nucseg_builder_add (b, "maps", "detail", "detail", NULL);
}

static void
build_three (NucsegBuilder *b)
{
  coarse (b, "coarse");
  nucseg_builder_conv (b, "detail", "fine", 3, &head);
  nucseg_builder_conv (b, "more", "fine", 3, &head);
  nucseg_builder_add (b, "maps", "coarse", "detail", "more", NULL);
}

static void
build_wide (NucsegBuilder *b)
{
  coarse (b, "coarse");
  nucseg_builder_conv (b, "detail", "fine", 3, &conv3);
  nucseg_builder_add (b, "maps", "coarse", "detail", NULL);
}

typedef struct {
  const gchar *name;
  void (*build) (NucsegBuilder *b); /* "maps" */
  guint n_steps; /* behind that of "fine" */
  gboolean coarse; /* has "deep", a convolution for cuDNN */
} Test;

static NucsegModel *
build (const Test *test)
{
  NucsegBuilder *b = nucseg_builder_new (9, 2);

  nucseg_builder_conv (b, "fine", "input", 8, &conv3);
  test->build (b);
  return parity_model (nucseg_builder_end (b, "maps", 0));
}

/* As it is, and where no engine of cuDNN's can be built. */
static void
test_heads (gconstpointer data)
{
  const Test *test = data;
  g_autoptr (NucsegModel) model = build (test);
  NucsegRandom random = { 21 };
  gfloat input[HEIGHT * WIDTH];
  guint n_cudnn, n_steps;

  for (guint i = 0; i < G_N_ELEMENTS (input); i++)
    input[i] = parity_uniform (&random, -1, 1);
  g_autofree gfloat *expected =
      emulated_network_reference (model, HEIGHT, WIDTH, input);
  for (guint unbuildable = 0; unbuildable <= 3; unbuildable += 3) {
    emulated_get_log ()->unbuildable = unbuildable;
    if (unbuildable && test->coarse)
      g_test_expect_message ("nucseg", G_LOG_LEVEL_WARNING,
          "1 convolutions are not computed by cuDNN as planned*node 'deep'*");
    g_autofree gfloat *found =
        emulated_network_run (model, HEIGHT, WIDTH, input, &n_cudnn, &n_steps);
    g_test_assert_expected_messages ();
    g_assert_cmpuint (n_cudnn, ==, test->coarse && !unbuildable);
    g_assert_cmpuint (n_steps, ==, 1 + test->n_steps);
    emulated_network_compare (
        test->name, expected, found, (gsize) HEIGHT * WIDTH * 3);
  }
  emulated_get_log ()->unbuildable = 0;
}

int
main (int argc, char **argv)
{
  static const Test tests[] = { { "one", build_one, 1, FALSE },
    { "deep", build_deep, 2, TRUE }, { "sum", build_sum, 3, TRUE },
    { "sum-turned", build_sum_turned, 3, TRUE },
    { "read", build_read, 3, FALSE },
    { "cells-read", build_cells_read, 5, TRUE },
    { "twice", build_twice, 2, FALSE }, { "three", build_three, 6, TRUE },
    { "wide", build_wide, 5, TRUE } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree gchar *path = g_strdup_printf ("/heads/%s", tests[i].name);

    g_test_add_data_func (path, &tests[i], test_heads);
  }
  return g_test_run ();
}
