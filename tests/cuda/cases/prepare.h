/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare.h: frames for nucseg_cuda_limits() and nucseg_cuda_fill().
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_PREPARE_H
#define NUCSEG_TESTS_CUDA_CASES_PREPARE_H

#include "tests/cuda/cases/layout.h"

/* What a filtered value may differ by: f32 sums of up to some hundred taps that
 * weigh 1 together, of values within [-0.5, 1.5]. */
#define PREPARE_FILTERED 4e-6

typedef struct {
  const char *name;
  NucsegFormat format;
  gint width, height, padding;
  guint bits;
  gboolean msb_aligned, dark;
  NucsegMethod method;
  NucsegTrainedPolarity trained;
  gdouble scale, smoothing;
  gint multiple, block, channels; /* channels 0: block^2 */
  NucsegPolarity polarity; /* 0: AUTO */
  gboolean fixed;
} PrepareCase;

static const PrepareCase prepare_cases[] = {
  { "gray8", NUCSEG_FORMAT_GRAY8, 64, 48, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "gray8-odd", NUCSEG_FORMAT_GRAY8, 131, 37, 5, 0, FALSE, TRUE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "gray8-tiny", NUCSEG_FORMAT_GRAY8, 16, 16, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_MINMAX, NUCSEG_TRAINED_DARK, 1, 0, 64, 1, 0 },
  { "gray8-equalize", NUCSEG_FORMAT_GRAY8, 50, 40, 3, 0, FALSE, FALSE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BRIGHT, 1, 0, 8, 1, 8 },
  { "gray8-none", NUCSEG_FORMAT_GRAY8, 50, 40, 3, 0, FALSE, TRUE,
      NUCSEG_METHOD_NONE, NUCSEG_TRAINED_BOTH, 1, 0, 8, 2, 0 },
  { "gray8-fixed", NUCSEG_FORMAT_GRAY8, 50, 40, 3, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 8, 2, 0,
      NUCSEG_POLARITY_DARK, TRUE },
  { "gray16le-16", NUCSEG_FORMAT_GRAY16_LE, 61, 33, 2, 16, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  /* More than a block's threads in a row, the last warp not full. */
  { "gray16le-14-wide", NUCSEG_FORMAT_GRAY16_LE, 300, 17, 2, 14, FALSE, FALSE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "gray16be-16-equalize", NUCSEG_FORMAT_GRAY16_BE, 61, 33, 2, 16, FALSE, TRUE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "gray16le-12", NUCSEG_FORMAT_GRAY16_LE, 64, 64, 0, 12, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "gray16be-12-msb", NUCSEG_FORMAT_GRAY16_BE, 47, 29, 6, 12, TRUE, TRUE,
      NUCSEG_METHOD_MINMAX, NUCSEG_TRAINED_DARK, 1, 0, 16, 1, 0,
      NUCSEG_POLARITY_BRIGHT },
  { "gray16le-10-msb", NUCSEG_FORMAT_GRAY16_LE, 47, 29, 0, 10, TRUE, FALSE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BOTH, 1, 0, 16, 1, 0 },
  { "gray16le-8", NUCSEG_FORMAT_GRAY16_LE, 20, 29, 0, 8, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 4, 16 },
  { "rgb", NUCSEG_FORMAT_RGB, 45, 31, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "bgr", NUCSEG_FORMAT_BGR, 45, 31, 1, 0, FALSE, TRUE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "rgbx", NUCSEG_FORMAT_RGBX, 45, 31, 4, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "bgrx", NUCSEG_FORMAT_BGRX, 45, 31, 4, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "xrgb", NUCSEG_FORMAT_XRGB, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "xbgr", NUCSEG_FORMAT_XBGR, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "rgba", NUCSEG_FORMAT_RGBA, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "bgra", NUCSEG_FORMAT_BGRA, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "nv12", NUCSEG_FORMAT_NV12, 46, 30, 2, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "p010", NUCSEG_FORMAT_P010, 46, 30, 2, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "p010-odd-dark", NUCSEG_FORMAT_P010, 45, 31, 6, 0, FALSE, TRUE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BOTH, 1, 0, 16, 1, 0 },
  { "p010-half", NUCSEG_FORMAT_P010, 74, 43, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_MINMAX, NUCSEG_TRAINED_DARK, 0.5, 0, 16, 2, 8 },
  { "i420", NUCSEG_FORMAT_I420, 45, 31, 7, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "half", NUCSEG_FORMAT_GRAY8, 131, 97, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.5, 0, 16, 2, 8 },
  { "tenth", NUCSEG_FORMAT_GRAY8, 211, 97, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.1, 0, 16, 2, 0 },
  { "larger", NUCSEG_FORMAT_GRAY16_LE, 41, 27, 2, 12, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1.7, 0, 16, 2, 0 },
  { "smooth", NUCSEG_FORMAT_GRAY8, 75, 43, 1, 0, FALSE, TRUE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 1.5, 16, 2, 8 },
  { "smooth-half-rgb", NUCSEG_FORMAT_RGB, 75, 43, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.5, 1, 16, 1, 0 },
  /* The Gaussian reaches far beyond the frame on both sides. */
  { "smooth-wide", NUCSEG_FORMAT_GRAY8, 16, 19, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.3, 8, 16, 2, 0 },
};

/* Frames of CASE_SIDE, as the shipped models ask for them. */
static const PrepareCase prepare_timed[] = {
  { "gray8", NUCSEG_FORMAT_GRAY8, 512, 512, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "gray16le", NUCSEG_FORMAT_GRAY16_LE, 512, 512, 0, 16, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "rgb", NUCSEG_FORMAT_RGB, 512, 512, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "gray8-half", NUCSEG_FORMAT_GRAY8, 512, 512, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.5, 0, 16, 2, 8 },
};

static inline NucsegInput
prepare_input (const PrepareCase *c)
{
  NucsegInput input = { NUCSEG_METHOD_PERCENTILE };

  input.method = c->method;
  input.low = 1;
  input.high = 99.8;
  input.clip_low = -0.25f;
  input.clip_high = 1.5f;
  input.min_range = 0.01;
  input.smoothing = c->smoothing;
  input.polarity = c->trained;
  return input;
}

/* Of a frame with @side pixels a side. */
static inline PrepareCase
prepare_case_at (const PrepareCase *timed, gint side)
{
  PrepareCase c = *timed;

  c.width = case_length (c.width, side);
  c.height = case_length (c.height, side);
  return c;
}

#endif /* NUCSEG_TESTS_CUDA_CASES_PREPARE_H */
