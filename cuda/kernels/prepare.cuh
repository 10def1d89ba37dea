/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare.cuh: what the two passes of preprocessing hand to each other.
 */
#ifndef NUCSEG_CUDA_PREPARE_CUH
#define NUCSEG_CUDA_PREPARE_CUH

#include "cuda/kernels/pixels.cuh"

#define MOST_CHUNKS 1024 /* threads of the kernel that finds the limits */
#define TABLE_BLOCK 256 /* threads of the kernel that fills the table */

/* Limits as doubles, as engine/levels.c has them. */
struct PrepareState {
  double low, high;
  unsigned n, first; /* pixels; those of the smallest value of the frame */
  unsigned smallest;
  int inverted;
};

/* The workspace; what must be 0 before a frame stands first. */
struct PrepareSpace {
  unsigned *counter; /* of blocks that are done */
  unsigned *histogram; /* 1 << depth */
  PrepareState *state;
  unsigned *before; /* MOST_CHUNKS: pixels in the levels before each chunk */
  double *partial; /* up to 256: sums of histogram x table by block */
  float *table; /* 1 << depth, before polarity */
  size_t zeroed, bytes;
};

static inline PrepareSpace
prepare_space (void *workspace, unsigned depth)
{
  size_t n = (size_t) 1 << depth;
  uint8_t *base = (uint8_t *) workspace;
  PrepareSpace space;
  size_t at = 0;

  space.counter = (unsigned *) (base + at);
  at += aligned (sizeof (unsigned));
  space.histogram = (unsigned *) (base + at);
  at += aligned (n * sizeof (unsigned));
  space.zeroed = at;
  space.state = (PrepareState *) (base + at);
  at += aligned (sizeof (PrepareState));
  space.before = (unsigned *) (base + at);
  at += aligned (MOST_CHUNKS * sizeof (unsigned));
  space.partial = (double *) (base + at);
  at += aligned (65536 / TABLE_BLOCK * sizeof (double));
  space.table = (float *) (base + at);
  at += aligned (n * sizeof (float));
  space.bytes = at;
  return space;
}

#endif /* NUCSEG_CUDA_PREPARE_CUH */
