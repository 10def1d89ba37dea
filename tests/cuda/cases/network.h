/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.h: tensors for the network's operations without weights.
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_NETWORK_H
#define NUCSEG_TESTS_CUDA_CASES_NETWORK_H

#include "tests/cuda/cases/layout.h"

typedef struct {
  NucsegShape shape;
  Layout in, out;
} NetworkShape;

static const NetworkShape network_shapes[] = {
  { { 16, 16, 16 }, DENSE, SLICE },
  { { 7, 5, 8 }, SLICE, DENSE },
  { { 9, 33, 3 }, ODD, ODD },
  { { 1, 1, 40 }, DENSE, DENSE },
  { { 2, 65, 64 }, DENSE, SLICE },
  { { 6, 4, 1 }, DENSE, ODD },
};

/* Cells of an average pooling. */
static const gint network_grids[][2] = { { 1, 1 }, { 4, 4 }, { 3, 5 },
  { 20, 1 } };
/* What an average may differ by: sums of a row of values within 2 are f32. */
#define AVERAGE_RELATIVE 0x1p-23
#define AVERAGE_ABSOLUTE 2e-6

typedef enum {
  NETWORK_COPY,
  NETWORK_ADD, /* of two */
  NETWORK_SCALE_POOL, /* both outputs */
  NETWORK_MAX_POOL, /* 2x2 */
  NETWORK_AVG_POOL, /* 4x4 cells */
  NETWORK_UPSAMPLE,
  NETWORK_SPACE_TO_DEPTH, /* 2x2 */
  NETWORK_DEPTH_TO_SPACE /* likewise */
} NetworkOperation;

typedef struct {
  const char *name;
  NetworkOperation operation;
  NucsegShape in;
  Layout out;
  NucsegUpsample mode;
} NetworkCase;

/* Tensors as in nuclei-live in a frame of CASE_SIDE. */
static const NetworkCase network_timed[] = {
  { "level0", NETWORK_COPY, { 256, 256, 16 }, SLICE },
  { "level0", NETWORK_ADD, { 256, 256, 16 }, DENSE },
  { "level0", NETWORK_SCALE_POOL, { 256, 256, 16 }, DENSE },
  { "level1", NETWORK_SCALE_POOL, { 128, 128, 48 }, SLICE },
  { "level0", NETWORK_MAX_POOL, { 256, 256, 16 }, DENSE },
  { "level0", NETWORK_AVG_POOL, { 256, 256, 16 }, DENSE },
  { "nearest", NETWORK_UPSAMPLE, { 128, 128, 16 }, SLICE,
      NUCSEG_UPSAMPLE_NEAREST },
  { "bilinear", NETWORK_UPSAMPLE, { 128, 128, 16 }, SLICE,
      NUCSEG_UPSAMPLE_BILINEAR },
  { "stem", NETWORK_SPACE_TO_DEPTH, { 512, 512, 1 }, DENSE },
  { "maps", NETWORK_DEPTH_TO_SPACE, { 256, 256, 12 }, DENSE },
};

#endif /* NUCSEG_TESTS_CUDA_CASES_NETWORK_H */
