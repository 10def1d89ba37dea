/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * layout.h: what all cases share that the tests of the CUDA kernels
 * (tests/cuda) and their benchmark (bench/kernels) run. The headers of this
 * folder are C and C++. Each has small cases, which try what may go wrong, and
 * cases of the size that they have in a frame of CASE_SIDE pixels a side, which
 * are timed.
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_LAYOUT_H
#define NUCSEG_TESTS_CUDA_CASES_LAYOUT_H

#include "backend.h"

/* Where a tensor stands in memory: elements between its pixels, and in front
 * of the first. */
typedef struct {
  gint pitch, before;
} Layout;

#define DENSE                                                                  \
  {                                                                            \
    0, 0                                                                       \
  }
#define ODD                                                                    \
  {                                                                            \
    3, 1                                                                       \
  }
#define SLICE                                                                  \
  {                                                                            \
    24, 8                                                                      \
  }

/* Of the frames that the timed cases belong to. */
#define CASE_SIDE 512

/* A length of a timed case in frames of @side pixels, a multiple of 64. */
static inline gint
case_length (gint length, gint side)
{
  return (gint) ((gint64) length * side / CASE_SIDE);
}

static inline NucsegShape
case_shape (NucsegShape shape, gint side)
{
  shape.height = case_length (shape.height, side);
  shape.width = case_length (shape.width, side);
  return shape;
}

#endif /* NUCSEG_TESTS_CUDA_CASES_LAYOUT_H */
