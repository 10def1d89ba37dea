/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.h: models and frames for nucseg_cuda_decode(); the maps are those of
 * tests/parity/maps.h.
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_DECODE_H
#define NUCSEG_TESTS_CUDA_CASES_DECODE_H

#include "tests/cuda/cases/layout.h"

typedef struct {
  const char *name;
  gint width, height;
  gdouble scale;
  gint multiple, n_maps;
  NucsegDecoder decoder;
  gint min_votes, radius, min_area;
  gint user_min, user_max; /* -1, 0: none */
  gboolean exclude_border;
  gint padding; /* labels beyond each row */
  unsigned seeds;
  gint vote_reach;
} DecodeCase;

#define VOTES NUCSEG_DECODER_VOTES
#define COMPONENTS NUCSEG_DECODER_COMPONENTS

static const DecodeCase decode_cases[] = {
  { "votes", 96, 80, 1, 16, 3, VOTES, 3, 16, 30, -1, 0, FALSE, 0, 3 },
  { "votes-near", 96, 80, 1, 16, 3, VOTES, 3, 16, 30, -1, 0, FALSE, 0, 3, 4 },
  { "votes-nearest", 77, 53, 1, 16, 3, VOTES, 1, 7, 4, -1, 0, FALSE, 5, 3, 1 },
  { "votes-odd", 77, 53, 1, 16, 3, VOTES, 2, 7, 4, -1, 0, FALSE, 5, 3 },
  { "votes-one-tile", 31, 16, 1, 1, 3, VOTES, 1, 3, 0, -1, 0, FALSE, 0, 3 },
  { "votes-narrow", 16, 130, 1, 2, 3, VOTES, 3, 64, 2, -1, 0, FALSE, 1, 2 },
  { "votes-no-radius", 65, 33, 1, 1, 3, VOTES, 2, 0, 0, -1, 0, FALSE, 0, 2 },
  { "votes-border", 70, 66, 1, 16, 3, VOTES, 3, 16, 5, -1, 0, TRUE, 0, 2 },
  { "votes-limits", 70, 66, 1, 16, 3, VOTES, 3, 16, 5, 20, 90, FALSE, 0, 2 },
  { "votes-half", 130, 90, 0.5, 16, 3, VOTES, 3, 16, 12, -1, 0, FALSE, 2, 2 },
  { "votes-larger", 50, 41, 1.7, 16, 3, VOTES, 3, 16, 12, -1, 0, FALSE, 0, 2 },
  { "votes-tenth", 200, 170, 0.1, 2, 3, VOTES, 1, 4, 0, -1, 0, TRUE, 0, 2 },
  { "components", 96, 80, 1, 16, 1, COMPONENTS, 0, 0, 4, -1, 0, FALSE, 3, 3 },
  { "components-border", 67, 49, 1, 16, 3, COMPONENTS, 0, 0, 0, 3, 0, TRUE, 0,
      2 },
  { "components-half", 90, 75, 0.5, 8, 1, COMPONENTS, 0, 0, 4, -1, 300, FALSE,
      0, 2 },
};

/* The decoders of the shipped models, at CASE_SIDE. */
static const DecodeCase decode_timed[] = {
  { "votes", 512, 512, 1, 16, 3, VOTES, 26, 16, 30, -1, 0, FALSE, 0, 1, 4 },
  { "votes-half", 512, 512, 0.5, 16, 3, VOTES, 26, 16, 30, -1, 0, FALSE, 0, 1,
      4 },
  { "components", 512, 512, 1, 16, 1, COMPONENTS, 0, 0, 30, -1, 0, FALSE, 0,
      1 },
};

#undef VOTES
#undef COMPONENTS

static inline NucsegOutput
decode_output (const DecodeCase *c)
{
  NucsegOutput output = { 0 };

  output.n_maps = c->n_maps;
  output.foreground = 0;
  output.offset_y = c->n_maps == 3 ? 1 : -1;
  output.offset_x = c->n_maps == 3 ? 2 : -1;
  output.decoder = c->decoder;
  output.threshold = 0.6;
  output.offset_scale = 16;
  output.min_votes = c->min_votes;
  output.vote_reach = c->vote_reach;
  output.radius = c->radius;
  output.min_area = c->min_area;
  return output;
}

static inline NucsegParams
decode_params (const DecodeCase *c)
{
  NucsegParams params = NUCSEG_PARAMS_INIT;

  params.min_area = c->user_min;
  params.max_area = c->user_max;
  params.exclude_border = c->exclude_border;
  return params;
}

/* Of a frame with @side pixels a side. */
static inline DecodeCase
decode_case_at (const DecodeCase *timed, gint side)
{
  DecodeCase c = *timed;

  c.width = case_length (c.width, side);
  c.height = case_length (c.height, side);
  return c;
}

#endif /* NUCSEG_TESTS_CUDA_CASES_DECODE_H */
