/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-branches.c: which convolutions run side by side, in an order that the
 * emulation draws, and which are written straight into their concatenation: the
 * same maps as the reference's, in as many steps as there have to be.
 */
#include "emulated-network.h"

#include <glib/gstdio.h>

#define HEIGHT 24
#define WIDTH 40
#define N_RUNS 4 /* of which each draws other orders */

static void
conv (NucsegBuilder *b, const gchar *name, const gchar *input, gint channels,
    gint dilation)
{
  nucseg_builder_conv (b, name, input, channels,
      &(NucsegBuilderConv){ .kernel = 3,
          .dilation = dilation,
          .padding = dilation,
          .bias = TRUE,
          .activation = "relu" });
}

static void
maps (NucsegBuilder *b, const gchar *input)
{
  nucseg_builder_conv (
      b, "maps", input, 3, &(NucsegBuilderConv){ .bias = TRUE });
}

static void
build_aspp (NucsegBuilder *b)
{
  conv (b, "rate1", "fine", 8, 1);
  conv (b, "rate2", "fine", 16, 2);
  conv (b, "rate3", "fine", 8, 3);
  conv (b, "rate4", "fine", 8, 4);
  nucseg_builder_concat (b, "rates", "rate1", "rate2", "rate3", "rate4", NULL);
  maps (b, "rates");
}

/* Of more than fit beside each other. */
static void
build_seven (NucsegBuilder *b)
{
  for (gint i = 1; i <= 7; i++) {
    g_autofree gchar *name = g_strdup_printf ("rate%d", i);

    conv (b, name, "fine", 8, i);
  }
  nucseg_builder_concat (b, "rates", "rate1", "rate2", "rate3", "rate4",
      "rate5", "rate6", "rate7", NULL);
  maps (b, "rates");
}

/* One part is read by another convolution too, one begins in the middle of
 * sixteen bytes, and one is there twice. */
static void
build_dense (NucsegBuilder *b)
{
  conv (b, "read", "fine", 8, 1);
  conv (b, "odd", "fine", 4, 1);
  conv (b, "behind", "fine", 8, 2);
  conv (b, "twice", "fine", 8, 3);
  nucseg_builder_concat (
      b, "all", "read", "odd", "behind", "twice", "twice", NULL);
  conv (b, "again", "read", 8, 1);
  nucseg_builder_concat (b, "more", "all", "again", NULL);
  maps (b, "more");
}

/* "b" needs nothing of "a", but lies where "x" did, which "a" reads. */
static void
build_memory (NucsegBuilder *b)
{
  conv (b, "y", "fine", 8, 1);
  conv (b, "x", "y", 8, 1);
  conv (b, "a", "x", 8, 2);
  conv (b, "b", "y", 8, 2);
  nucseg_builder_add (b, "sum", "a", "b", NULL);
  maps (b, "sum");
}

static void
build_chain (NucsegBuilder *b)
{
  conv (b, "one", "fine", 16, 1);
  conv (b, "two", "one", 16, 1);
  conv (b, "three", "two", 16, 1);
  maps (b, "three");
}

typedef struct {
  const gchar *name;
  void (*build) (NucsegBuilder *b); /* "maps" of "fine" */
  guint n_steps;
  guint n_copies; /* more, where cuDNN writes no slices */
  guint n_beside; /* steps of a run that are beside others */
} Test;

/* Of the cache of engines, which is this program's alone; and the folder, with
 * @last. */
static void
clear_cache (gboolean last)
{
  g_autofree gchar *folder =
      g_build_filename (g_get_user_cache_dir (), "nucseg", NULL);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  g_clear_pointer (&dir, g_dir_close);
  if (last) {
    g_rmdir (folder);
    g_rmdir (g_get_user_cache_dir ());
  }
}

/* What cuDNN has of engines that write into a concatenation. */
typedef enum { GOOD, FIRST_IS_DEAF, NONE } Engines;

static void
run (const Test *test, Engines engines)
{
  const gboolean sliced = engines != NONE;
  NucsegBuilder *b = nucseg_builder_new (11, 4);
  EmulatedLog *log = emulated_get_log ();
  g_autoptr (NucsegModel) model = NULL;
  NucsegRandom random = { 21 };
  gfloat input[HEIGHT * WIDTH];
  guint n_cudnn, n_steps;

  conv (b, "fine", "input", 16, 1);
  test->build (b);
  model = parity_model (nucseg_builder_end (b, "maps", 0));
  for (guint i = 0; i < G_N_ELEMENTS (input); i++)
    input[i] = parity_uniform (&random, -1, 1);
  g_autofree gfloat *expected =
      emulated_network_reference (model, HEIGHT, WIDTH, input);
  log->unbuildable_sliced = !sliced;
  log->deaf = engines == FIRST_IS_DEAF ? 1 : 0;
  for (guint i = 0; i < N_RUNS; i++) {
    const gint beside = log->n_branches;

    if (!sliced && test->n_copies > 0)
      g_test_expect_message ("nucseg", G_LOG_LEVEL_WARNING,
          "* convolutions are not computed by cuDNN as planned*");
    g_autofree gfloat *found =
        emulated_network_run (model, HEIGHT, WIDTH, input, &n_cudnn, &n_steps);
    g_test_assert_expected_messages ();
    g_assert_cmpuint (
        n_steps, ==, test->n_steps + (sliced ? 0 : test->n_copies));
    emulated_network_compare (
        test->name, expected, found, (gsize) HEIGHT * WIDTH * 3);
    /* it runs twice */
    g_assert_cmpuint (
        (guint) (log->n_branches - beside), ==, 2 * test->n_beside);
  }
  log->unbuildable_sliced = FALSE;
  log->deaf = 0;
}

static void
test_sliced (gconstpointer data)
{
  run (data, GOOD);
}

/* An engine that takes its slice for dense is used neither where it is the
 * first to be tried nor where the cache has it; and others aren't given up. */
static void
test_deaf (gconstpointer data)
{
  clear_cache (FALSE);
  run (data, FIRST_IS_DEAF);
  clear_cache (FALSE);
  run (data, GOOD);
  run (data, FIRST_IS_DEAF);
}

static void
test_dense (gconstpointer data)
{
  run (data, NONE);
}

/* The user's switch. */
static void
test_switch (void)
{
  static const Test in_turn = { "aspp", build_aspp, 6, 4, 0 };

  g_setenv ("NUCSEG_CUDA_BRANCHES", "0", TRUE);
  run (&in_turn, GOOD);
  g_unsetenv ("NUCSEG_CUDA_BRANCHES");
}

/* What a frame of the shipped models takes: nothing is copied, and a step more
 * is one that somebody should know of. */
static void
test_shipped (gconstpointer name)
{
  const gboolean live = g_str_equal (name, "nuclei-live");
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model = nucseg_model_load (name, &error);
  NucsegCudaDevice *device = nucseg_cuda_device_new (&error);
  EmulatedLog *log = emulated_get_log ();
  const gint beside = log->n_branches;
  NucsegNetwork *network;
  guint n_cudnn, n_steps;

  g_assert_no_error (error);
  g_assert_true (nucseg_cuda_device_enter (device, &error));
  network = nucseg_network_new (
      device, model, 1, 32, 32, NUCSEG_PRECISION_BF16, &error);
  g_assert_no_error (error);
  n_cudnn = nucseg_network_count (network, &n_steps);
  nucseg_network_run (network, &error);
  g_assert_no_error (error);
  nucseg_network_free (network);
  nucseg_cuda_device_leave (device);
  nucseg_cuda_device_free (device);
  g_test_message (
      "%s: %u steps, %u of cuDNN", (const gchar *) name, n_steps, n_cudnn);
  /* ASPP's; and the live one's first look at the frame in full, which is
   * beside what comes from below */
  g_assert_cmpint (log->n_branches - beside, ==, live ? 6 : 4);
  g_assert_cmpuint (n_cudnn, ==, live ? 24 : 21);
  g_assert_cmpuint (n_steps, ==, live ? 39 : 33);
}

int
main (int argc, char **argv)
{
  static const Test tests[] = { { "aspp", build_aspp, 6, 4, 4 },
    { "seven", build_seven, 9, 7, 7 }, { "dense", build_dense, 13, 0, 4 },
    { "memory", build_memory, 7, 0, 0 }, { "chain", build_chain, 5, 0, 0 } };

  g_autofree gchar *cache = g_dir_make_tmp ("nucseg-branches-XXXXXX", NULL);
  gint status;

  g_assert_nonnull (cache);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree gchar *sliced =
        g_strdup_printf ("/branches/sliced/%s", tests[i].name);
    g_autofree gchar *deaf =
        g_strdup_printf ("/branches/deaf/%s", tests[i].name);
    g_autofree gchar *dense =
        g_strdup_printf ("/branches/dense/%s", tests[i].name);

    g_test_add_data_func (sliced, &tests[i], test_sliced);
    g_test_add_data_func (deaf, &tests[i], test_deaf);
    g_test_add_data_func (dense, &tests[i], test_dense);
  }
  g_test_add_func ("/branches/switch", test_switch);
  g_test_add_data_func ("/branches/shipped/live", "nuclei-live", test_shipped);
  g_test_add_data_func (
      "/branches/shipped/accurate", "nuclei-accurate", test_shipped);
  status = g_test_run ();
  clear_cache (TRUE);
  return status;
}
