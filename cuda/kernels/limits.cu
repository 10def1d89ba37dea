/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits.cu: first pass over a frame: histogram, limits, polarity, table of
 * network values (docs/model-format.md, input, steps 1 to 4). Twin of
 * engine/levels.c and of nucseg_ref_histogram().
 */
#include "cuda/kernels/block.cuh"
#include "cuda/kernels/prepare.cuh"

#define HISTOGRAM_BLOCK 256
#define HISTOGRAM_PIXELS 2048 /* of one block, about */
#define SHARED_BINS 4096

/*
 * Counts grey values. Grid: blocks of 256 threads, each with some rows; threads
 * walk along the rows, so that a warp reads 32 neighbours.
 *
 * Up to 12 bits each block counts in shared memory (16 KiB dynamic at most) and
 * then adds what is not 0 to the frame's counts. A microscope's frames are
 * mostly one dark level, on which all lanes would wait for each other: there
 * are several copies of each count, side by side, and lanes take them in turn.
 * More bits are counted in global memory at once, by one lane for all of its
 * warp that have the same value: otherwise a frame with one level for most of
 * its ground (8 bits shown as 16, say) would be counted pixel after pixel.
 *
 * Bound by reading the frame, for small ones by latency. O(pixels).
 */
template <PixelKind KIND>
static __global__ void
__launch_bounds__ (HISTOGRAM_BLOCK) count_levels (
    const NucsegCudaRequest *request, Pixels pixels, int width, int height,
    int rows, unsigned n_levels, unsigned copies, unsigned *histogram)
{
  unsigned *counts = dynamic_shared<unsigned> ();
  int first = (int) blockIdx.x * rows, last = min (first + rows, height);
  unsigned copy = copies > 0 ? threadIdx.x % copies : 0;

  for (unsigned i = threadIdx.x; i < n_levels * copies; i += HISTOGRAM_BLOCK)
    counts[i] = 0;
  __syncthreads ();

  for (int y = first; y < last; y++) {
    const uint8_t *line = row_of (request->frame, 0, y);

    if (copies > 0) {
      for (int x = (int) threadIdx.x; x < width; x += HISTOGRAM_BLOCK)
        atomicAdd (
            &counts[grey_at<KIND> (pixels, line, x) * copies + copy], 1u);
      continue;
    }
    /* All lanes come along to the end of the row. */
    for (int begin = 0; begin < width; begin += HISTOGRAM_BLOCK) {
      int x = begin + (int) threadIdx.x;
      unsigned grey = x < width ? grey_at<KIND> (pixels, line, x) : n_levels;
      unsigned same = __match_any_sync (FULL_MASK, grey);

      if (x < width && (unsigned) __ffs (same) - 1 == threadIdx.x % 32)
        atomicAdd (&histogram[grey], (unsigned) __popc (same));
    }
  }
  __syncthreads ();

  for (unsigned g = threadIdx.x; g < n_levels && copies > 0;
       g += HISTOGRAM_BLOCK) {
    unsigned sum = 0;

    for (unsigned k = 0; k < copies; k++)
      sum += counts[g * copies + k];
    if (sum > 0)
      atomicAdd (&histogram[g], sum);
  }
}

/* Network value of @grey before polarity; @count: pixels up to and with it. */
static __device__ float
network_value (const PrepareState &state, const NucsegInput &input,
    unsigned grey, unsigned count)
{
  if (input.method == NUCSEG_METHOD_EQUALIZE) {
    if (state.n == state.first || grey < state.smallest)
      return 0;
    return (float) ((double) (count - state.first)
        / (double) (state.n - state.first));
  }

  double x = (grey - state.low) / (state.high - state.low);

  /* CLAMP (x, clip_low, clip_high), with its order of comparisons */
  return (float) (x > input.clip_high ? (double) input.clip_high
          : x < input.clip_low        ? (double) input.clip_low
                                      : x);
}

/* Whether x becomes 1 - x; @sum: of x over the frame. */
static __device__ bool
must_invert (const NucsegInput &input, const NucsegCudaRequest *request,
    double sum, unsigned n)
{
  bool shows_dark = request->polarity == NUCSEG_POLARITY_AUTO
      ? sum / (double) n > NUCSEG_DARK_MEAN (input.method)
      : request->polarity == NUCSEG_POLARITY_DARK;

  if (input.polarity == NUCSEG_TRAINED_BOTH)
    return false;
  return shows_dark != (input.polarity == NUCSEG_TRAINED_DARK);
}

/*
 * Finds the limits. One block of min (1024, levels) threads; each has a chunk
 * of neighbouring levels, a scan over the chunks gives each the pixels before
 * it, and the thread whose chunk holds a rank walks to it. With up to 1,024
 * levels (then chunks are single levels) the table and the polarity follow in
 * the same launch, else in fill_table().
 *
 * Shared memory: a few hundred bytes. Bound by latency: at 8 bits three
 * barriers, at 16 bits 64 loads a thread, twice. O(levels).
 */
static __global__ void
__launch_bounds__ (MOST_CHUNKS)
    find_limits (NucsegInput input, const NucsegCudaRequest *request,
        unsigned n_levels, PrepareSpace space, NucsegCudaReply *reply)
{
  NUCSEG_SHARED (unsigned, scratch, 33);
  NUCSEG_SHARED (double, sums, 32);
  NUCSEG_SHARED (unsigned, found, 4); /* smallest, largest, two percentiles */
  unsigned chunk = n_levels / blockDim.x, begin = threadIdx.x * chunk;
  unsigned own = 0, n;

  for (unsigned i = 0; i < chunk; i++)
    own += space.histogram[begin + i];
  unsigned before = block_scan (own, scratch, &n);
  space.before[threadIdx.x] = before;

  double ranks[4] = { 1, (double) n,
    max (1.0, ceil (input.low / 100.0 * (double) n)),
    max (1.0, ceil (input.high / 100.0 * (double) n)) };
  if (threadIdx.x < 4)
    found[threadIdx.x] = n_levels - 1;
  __syncthreads ();
#pragma unroll
  for (int k = 0; k < 4; k++) {
    unsigned count = before, g = begin;

    if (!((double) before < ranks[k] && (double) (before + own) >= ranks[k]))
      continue;
    while ((double) (count += space.histogram[g]) < ranks[k])
      g++;
    found[k] = g;
  }
  __syncthreads ();

  PrepareState state;
  double top = n_levels - 1;

  state.n = n;
  state.smallest = found[0];
  state.first = space.histogram[found[0]];
  state.inverted = 0;
  if (input.method == NUCSEG_METHOD_EQUALIZE
      || (input.method == NUCSEG_METHOD_MINMAX
          && request->normalization != NUCSEG_NORMALIZATION_FIXED)) {
    state.low = found[0];
    state.high = found[1];
  } else if (request->normalization == NUCSEG_NORMALIZATION_FIXED) {
    state.low = request->black_level;
    state.high = request->white_level;
  } else if (input.method == NUCSEG_METHOD_PERCENTILE) {
    state.low = found[2];
    state.high = found[3];
  } else {
    state.low = 0;
    state.high = top;
  }
  if (input.method != NUCSEG_METHOD_EQUALIZE
      && request->normalization != NUCSEG_NORMALIZATION_FIXED) {
    double least = max (1.0, input.min_range * top);

    if (state.high - state.low < least)
      state.high = state.low + least;
  }

  if (chunk == 1) {
    float x = network_value (state, input, threadIdx.x, before + own);

    space.table[threadIdx.x] = x;
    state.inverted = must_invert (
        input, request, block_sum (own == 0 ? 0.0 : own * (double) x, sums), n);
  }
  if (threadIdx.x == 0) {
    *space.state = state;
    reply->low_level = (unsigned) state.low;
    reply->high_level = (unsigned) rint (state.high);
    reply->inverted = state.inverted;
  }
}

/*
 * Fills the table where there are more than 1,024 levels, and finds the
 * polarity. One thread a level, blocks of 256; the last block to end adds the
 * blocks' sums, in their order. Shared memory: 260 bytes.
 *
 * Bound by f64 division (one a level). O(levels).
 */
static __global__ void
__launch_bounds__ (TABLE_BLOCK)
    fill_table (NucsegInput input, const NucsegCudaRequest *request,
        unsigned n_levels, PrepareSpace space, NucsegCudaReply *reply)
{
  NUCSEG_SHARED (double, sums, 32);
  NUCSEG_SHARED (double, all, 32);
  NUCSEG_SHARED (int, flag, 1);
  unsigned g = blockIdx.x * TABLE_BLOCK + threadIdx.x;
  unsigned chunk = n_levels / MOST_CHUNKS, count = 0;
  PrepareState state = *space.state;

  if (input.method == NUCSEG_METHOD_EQUALIZE) {
    count = space.before[g / chunk];
    for (unsigned i = g / chunk * chunk; i <= g; i++)
      count += space.histogram[i];
  }

  float x = network_value (state, input, g, count);
  unsigned pixels = space.histogram[g];
  double sum = block_sum (pixels == 0 ? 0.0 : pixels * (double) x, sums);

  space.table[g] = x;
  if (threadIdx.x == 0)
    space.partial[blockIdx.x] = sum;
  if (!is_last_block (space.counter, gridDim.x, flag))
    return;

  sum = block_sum (
      threadIdx.x < gridDim.x ? load_fresh (&space.partial[threadIdx.x]) : 0.0,
      all);
  if (threadIdx.x == 0)
    reply->inverted = space.state->inverted =
        must_invert (input, request, sum, state.n);
}

extern "C" gsize
nucseg_cuda_prepare_workspace (guint depth)
{
  return prepare_space (NULL, depth).bytes;
}

extern "C" cudaError_t
nucseg_cuda_limits (const NucsegCudaPrepare *prepare, cudaStream_t stream)
{
  const NucsegCudaPicture *picture = &prepare->picture;
  Pixels pixels;

  NUCSEG_REQUIRE (pixels_of (
      picture->format, picture->depth, picture->msb_aligned, &pixels));
  NUCSEG_REQUIRE (picture->width > 0 && picture->height > 0);
  NUCSEG_REQUIRE (prepare->workspace && prepare->request && prepare->reply);

  PrepareSpace space = prepare_space (prepare->workspace, pixels.depth);
  unsigned n_levels = 1u << pixels.depth;
  unsigned copies =
      n_levels > SHARED_BINS ? 0 : min (8u, SHARED_BINS / n_levels);
  int rows = max (1, HISTOGRAM_PIXELS / picture->width);

  NUCSEG_TRY (cudaMemsetAsync (prepare->workspace, 0, space.zeroed, stream));
  NUCSEG_FOR_KIND (pixels,
      NUCSEG_TRY (launch (count_levels<KIND>, ceil_div (picture->height, rows),
          HISTOGRAM_BLOCK, n_levels * copies * sizeof (unsigned), stream,
          prepare->request, pixels, picture->width, picture->height, rows,
          n_levels, copies, space.histogram)));
  NUCSEG_TRY (
      launch (find_limits, 1, min (n_levels, (unsigned) MOST_CHUNKS), 0, stream,
          prepare->input, prepare->request, n_levels, space, prepare->reply));
  if (n_levels > MOST_CHUNKS)
    NUCSEG_TRY (
        launch (fill_table, n_levels / TABLE_BLOCK, TABLE_BLOCK, 0, stream,
            prepare->input, prepare->request, n_levels, space, prepare->reply));
  return cudaSuccess;
}
