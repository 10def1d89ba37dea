/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-streams.c: several sessions on one GPU, which the emulation stands for:
 * those of one model and precision have its weights in device memory once.
 *
 *   test-streams MODULE
 */
#include "emulated-log.h"
#include "modelbuilder.h"
#include "nucseg.h"

#include <string.h>

#define BACKEND "cuda_emulated"
#define MOST_WIDTH 48
#define MOST_HEIGHT 32

static EmulatedLog *memory;

typedef struct {
  NucsegSession *session;
  guint16 labels[MOST_HEIGHT * MOST_WIDTH];
  guint n_objects;
} Stream;

/* Each with a model of its own from the same bytes, as elements have. */
static void
stream_start (Stream *stream, guint64 seed, NucsegPrecision precision)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (seed, 8);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "test", &error);
  const NucsegSessionOptions options = { .backend = BACKEND,
    .precision = precision };

  g_assert_no_error (error);
  stream->session = nucseg_session_new (model, &options, &error);
  g_assert_no_error (error);
}

static void
stream_run (Stream *stream, gint width, gint height)
{
  guint8 pixels[MOST_HEIGHT * MOST_WIDTH];
  NucsegRandom random = { 5 };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  const NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = width,
    .height = height,
    .data = { pixels },
    .stride = { width } };
  g_autoptr (GError) error = NULL;
  NucsegResult result;

  for (guint i = 0; i < G_N_ELEMENTS (pixels); i++)
    pixels[i] = (guint8) nucseg_random_below (&random, 256);
  /* random weights are sure of nothing: anything will do for a nucleus */
  params.threshold = 0.01;
  params.min_area = 0;
  memset (stream->labels, 0, sizeof stream->labels);
  nucseg_session_run (stream->session, &frame, &params, stream->labels,
      (gsize) width * sizeof (guint16), NULL, &result, &error);
  g_assert_no_error (error);
  stream->n_objects = result.n_objects;
}

static void
stream_end (Stream *stream)
{
  g_clear_pointer (&stream->session, nucseg_session_free);
}

static void
test_weights (void)
{
  g_autofree Stream *first = g_new0 (Stream, 1), *second = g_new0 (Stream, 1);
  g_autofree Stream *exact = g_new0 (Stream, 1), *other = g_new0 (Stream, 1);
  gsize once, twice;
  guint n;

  stream_start (first, 1, NUCSEG_PRECISION_BF16);
  stream_run (first, 48, 32);
  n = memory->n_weights;
  once = memory->live_weights;
  g_assert_cmpuint (n, >, 10);
  g_assert_cmpuint (first->n_objects, >, 0);

  /* the same again, and another size, in both sessions */
  stream_start (second, 1, NUCSEG_PRECISION_BF16);
  stream_run (second, 48, 32);
  g_assert_cmpmem (first->labels, sizeof first->labels, second->labels,
      sizeof first->labels);
  g_assert_cmpuint (first->n_objects, ==, second->n_objects);
  stream_run (second, 32, 32);
  stream_run (first, 32, 32);
  g_assert_cmpuint (memory->n_weights, ==, n);
  g_assert_cmpuint (memory->live_weights, ==, once);

  /* other weights, and the same in another precision */
  stream_start (other, 2, NUCSEG_PRECISION_BF16);
  stream_run (other, 48, 32);
  g_assert_cmpuint (memory->n_weights, ==, 2 * n);
  stream_start (exact, 1, NUCSEG_PRECISION_F32);
  stream_run (exact, 48, 32);
  twice = memory->live_weights;
  g_assert_cmpuint (twice, >, 2 * once);
  stream_end (other);
  g_assert_cmpuint (memory->live_weights, ==, twice - once);
  stream_end (exact);
  g_assert_cmpuint (memory->live_weights, ==, once);

  /* who uploaded them may go first */
  memcpy (other->labels, first->labels, sizeof first->labels);
  stream_end (first);
  g_assert_cmpuint (memory->live_weights, ==, once);
  stream_run (second, 32, 32);
  g_assert_cmpmem (other->labels, sizeof other->labels, second->labels,
      sizeof second->labels);
  stream_end (second);
  g_assert_cmpuint (memory->live_weights, ==, 0);
  g_assert_cmpuint (memory->live, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  memory = emulated_open_log (argv[1]);
  g_test_add_func ("/streams/weights", test_weights);
  return g_test_run ();
}
