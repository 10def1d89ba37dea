/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-stream.h: a stream of frames on the emulated GPU, with the labels of
 * its last one.
 */
#ifndef NUCSEG_TESTS_EMULATED_STREAM_H
#define NUCSEG_TESTS_EMULATED_STREAM_H

#include "emulated-session.h"

#include <string.h>

#define MOST_WIDTH 48
#define MOST_HEIGHT 32

typedef struct {
  NucsegSession *session;
  guint16 labels[MOST_HEIGHT * MOST_WIDTH];
  guint n_objects;
  gdouble threshold; /* of the next frames; 0: 0.01 */
} Stream;

/* Each with a model of its own from the same bytes, as elements have. */
static inline void
stream_start_model (Stream *stream, GBytes *bytes, NucsegPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "test", &error);
  const NucsegSessionOptions options = { .backend = emulated_backend,
    .precision = precision };

  g_assert_no_error (error);
  stream->session = nucseg_session_new (model, &options, &error);
  g_assert_no_error (error);
}

static inline void
stream_start (Stream *stream, guint64 seed, NucsegPrecision precision)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (seed, 8);

  stream_start_model (stream, bytes, precision);
}

static inline void
stream_run_in (Stream *stream, gint width, gint height, guint8 *pixels)
{
  NucsegRandom random = { 5 };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  const NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = width,
    .height = height,
    .data = { pixels },
    .stride = { width } };
  g_autoptr (GError) error = NULL;
  NucsegResult result;

  for (guint i = 0; i < MOST_HEIGHT * MOST_WIDTH; i++)
    pixels[i] = (guint8) nucseg_random_below (&random, 256);
  /* random weights are sure of nothing: anything will do for a nucleus */
  params.threshold = stream->threshold > 0 ? stream->threshold : 0.01;
  params.min_area = 0;
  memset (stream->labels, 0, sizeof stream->labels);
  nucseg_session_run (stream->session, &frame, &params, stream->labels,
      (gsize) width * sizeof (guint16), NULL, &result, &error);
  g_assert_no_error (error);
  stream->n_objects = result.n_objects;
}

static inline void
stream_run (Stream *stream, gint width, gint height)
{
  guint8 pixels[MOST_HEIGHT * MOST_WIDTH];

  stream_run_in (stream, width, height, pixels);
}

static inline void
stream_end (Stream *stream)
{
  g_clear_pointer (&stream->session, nucseg_session_free);
}

#endif /* NUCSEG_TESTS_EMULATED_STREAM_H */
