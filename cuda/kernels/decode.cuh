/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * decode.cuh: what the parts of the decoder hand to each other
 * (docs/model-format.md, output; twin: cpu/reference/decode.c).
 *
 * Until the last step labels are not 1, 2, 3, ... but 1 + the index of the
 * first pixel (in raster order) of the region that they come from: those are
 * in the same order as the reference's numbers, so all comparisons go the same
 * way, and nothing needs to be counted between the steps.
 */
#ifndef NUCSEG_CUDA_DECODE_CUH
#define NUCSEG_CUDA_DECODE_CUH

#include "cuda/kernels/launch.cuh"

/*
 * The workspace: n is the number of network pixels. What an array holds
 * changes from step to step:
 *
 *   array   steps 1, 2   3          4                5          6         7, 8
 *   labels  targets                                  labels -> -> ->      ->
 *   votes   votes        ->         nearest centres             lowest    ->
 *   parent               centres    ->               pieces     regions   ->
 *   count                                            sizes      highest   ->
 *   best    zeros                                    best piece           frame
 *   reach                           rows to centre
 *   area                                                        zeros     areas
 *   first                                                       largest   first
 *
 * After step 8 `area` holds the number of each label.
 */
struct DecodeSpace {
  unsigned *block_counts; /* objects that start in each block of pixels */
  int *labels, *votes, *parent, *count, *area, *first; /* n */
  unsigned long long *best; /* n */
  int *frame_labels; /* frame pixels; in the place of best */
  signed char *reach; /* n */
  size_t bytes;
};

#define NUMBER_PIXELS 4096 /* of one block of step 8 */

static inline DecodeSpace
decode_space (void *workspace, const NucsegGeometry *g)
{
  size_t n = (size_t) g->net_width * g->net_height;
  size_t frame = (size_t) g->frame_width * g->frame_height;
  uint8_t *base = (uint8_t *) workspace;
  DecodeSpace space;
  size_t at = 0, best = n * sizeof (unsigned long long);
  int **arrays[] = { &space.labels, &space.votes, &space.parent, &space.count,
    &space.area, &space.first };

  space.block_counts = (unsigned *) (base + at);
  at += aligned (ceil_div (frame, NUMBER_PIXELS) * sizeof (unsigned));
  for (int **array : arrays) {
    *array = (int *) (base + at);
    at += aligned (n * sizeof (int));
  }
  space.best = (unsigned long long *) (base + at);
  space.frame_labels = (int *) (base + at);
  if (best < frame * sizeof (int))
    best = frame * sizeof (int);
  at += aligned (best);
  space.reach = (signed char *) (base + at);
  at += aligned (n);
  space.bytes = at;
  return space;
}

/* Each queues its steps. */
cudaError_t nucseg_cuda_decode_regions (const NucsegCudaDecode *decode,
    const DecodeSpace &space, cudaStream_t stream); /* 1 to 4; components: 1 */
cudaError_t nucseg_cuda_decode_pieces (const NucsegCudaDecode *decode,
    const DecodeSpace &space, cudaStream_t stream); /* 5, 6 */
cudaError_t nucseg_cuda_decode_number (const NucsegCudaDecode *decode,
    const DecodeSpace &space, cudaStream_t stream); /* 7, 8 */

#endif /* NUCSEG_CUDA_DECODE_CUH */
