/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * number.cu: decoding, steps 7 and 8: labels at the frame's size, choice of
 * objects, numbers in raster order; and the launcher of all steps.
 */
#include "cuda/kernels/block.cuh"
#include "cuda/kernels/decode.cuh"

#define BLOCK 256
#define AT_BORDER 0x40000000 /* of `area`: beyond any area */
#define OPEN 0x7fffffff /* as in pieces.cu */

/* Label of network pixel @i, holes filled. */
static __device__ __forceinline__ int
label_at (const DecodeSpace &space, int i)
{
  int label = space.labels[i], region, lowest;

  if (label != 0)
    return label;
  region = __ldg (&space.parent[i]);
  lowest = __ldg (&space.votes[region]);
  return lowest != OPEN && lowest == __ldg (&space.count[region]) ? lowest : 0;
}

/* Of four labels the one with the largest sum of weights; ties: the smaller. */
static __device__ __forceinline__ int
heaviest (const int (&label)[4], const int (&weight)[4])
{
  int best = 0x7fffffff, most = -1;

#pragma unroll
  for (int i = 0; i < 4; i++) {
    int sum = 0;

#pragma unroll
    for (int k = 0; k < 4; k++)
      sum += label[k] == label[i] ? weight[k] : 0;
    if (sum > most || (sum == most && label[i] < best)) {
      most = sum;
      best = label[i];
    }
  }
  return best;
}

static __device__ __forceinline__ int
frame_label (const NucsegCudaDecode &d, const DecodeSpace &space, int y, int x)
{
  const NucsegGeometry &g = d.geometry;
  int w = g.net_width;

  if (g.scale == 1)
    return label_at (space, y * w + x);

  int qx = __ldg (&d.positions[x]);
  int qy = __ldg (&d.positions[g.frame_width + y]);
  int x0 = qx >> 8, x1 = min (x0 + 1, w - 1), fx = qx & 255;
  int y0 = qy >> 8, y1 = min (y0 + 1, g.net_height - 1), fy = qy & 255;
  const int labels[4] = { label_at (space, y0 * w + x0),
    label_at (space, y0 * w + x1), label_at (space, y1 * w + x0),
    label_at (space, y1 * w + x1) };
  const int weights[4] = { (256 - fy) * (256 - fx), (256 - fy) * fx,
    fy * (256 - fx), fy * fx };

  return heaviest (labels, weights);
}

/*
 * Step 7, and each label's area, first pixel, and whether it touches the
 * frame's border. A thread a frame pixel, blocks of 32 x 8: the lanes of a warp
 * are 32 neighbours in a row, of which those with one label send one atomic.
 * No shared memory. Bound by L2 atomics. O(frame pixels).
 */
static __global__ void
__launch_bounds__ (BLOCK) to_frame (NucsegCudaDecode d, DecodeSpace space)
{
  int w = d.geometry.frame_width, h = d.geometry.frame_height;
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y);
  int label = x < w && y < h ? frame_label (d, space, y, x) : 0;
  unsigned group = __match_any_sync (FULL_MASK, label);
  bool at_border = label != 0 && d.request->exclude_border
      && (x == 0 || y == 0 || x == w - 1 || y == h - 1);
  unsigned border = __ballot_sync (FULL_MASK, at_border) & group;

  if (x < w && y < h)
    space.frame_labels[y * w + x] = label;
  if (label == 0 || (int) threadIdx.x != __ffs (group) - 1)
    return;
  atomicAdd (&space.area[label - 1], __popc (group));
  atomicMin (&space.first[label - 1], y * w + x);
  if (border != 0)
    atomicOr (&space.area[label - 1], AT_BORDER);
}

/* Whether an object that stays has its first pixel at @i, where @label is. */
static __device__ __forceinline__ bool
starts (const NucsegCudaDecode &d, const DecodeSpace &space, int i, int label)
{
  int area;

  if (label == 0 || space.first[label - 1] != i)
    return false;
  area = space.area[label - 1];
  return !(area & AT_BORDER) && area >= d.request->least_area
      && area <= d.request->most_area;
}

/*
 * Counts the objects that start in each block's 4,096 frame pixels (in raster
 * order; 16 to each of 256 threads). Shared memory: 128 bytes. Bound by
 * reading labels. O(frame pixels).
 */
static __global__ void
__launch_bounds__ (BLOCK)
    count_starts (NucsegCudaDecode d, DecodeSpace space, int n)
{
  NUCSEG_SHARED (unsigned, scratch, 32);
  int first = (int) blockIdx.x * NUMBER_PIXELS;
  unsigned count = 0;

  for (int k = (int) threadIdx.x; k < NUMBER_PIXELS && first + k < n;
       k += BLOCK)
    count += starts (d, space, first + k, space.frame_labels[first + k]);
  count = block_sum (count, scratch);
  if (threadIdx.x == 0)
    space.block_counts[blockIdx.x] = count;
}

/*
 * Numbers the objects: `area` becomes the number of each label that has pixels,
 * 0 for those that go. Each block adds the counts of those before it (a few
 * loads a thread up to some thousand blocks; cheaper than one more launch),
 * each thread has 16 neighbouring pixels. Shared memory: 260 bytes. O(frame
 * pixels).
 */
static __global__ void
__launch_bounds__ (BLOCK)
    number_objects (NucsegCudaDecode d, DecodeSpace space, int n)
{
  NUCSEG_SHARED (unsigned, before, 32);
  NUCSEG_SHARED (unsigned, scratch, 33);
  constexpr int EACH = NUMBER_PIXELS / BLOCK;
  int begin = (int) blockIdx.x * NUMBER_PIXELS + (int) threadIdx.x * EACH;
  unsigned count = 0, total, number = 0, mine = 0;

  for (unsigned b = threadIdx.x; b < blockIdx.x; b += BLOCK)
    count += space.block_counts[b];
  number = block_sum (count, before);

  for (int k = 0; k < EACH && begin + k < n; k++)
    mine |=
        (unsigned) starts (d, space, begin + k, space.frame_labels[begin + k])
        << k;
  total = number;
  unsigned here;

  number += block_scan ((unsigned) __popc (mine), scratch, &here);
  total += here;

  for (int k = 0; k < EACH && begin + k < n; k++) {
    int label = space.frame_labels[begin + k];

    if (label == 0 || space.first[label - 1] != begin + k)
      continue;
    /* No other thread looks at this label's area. */
    if (mine >> k & 1)
      number++;
    space.area[label - 1] =
        mine >> k & 1 && number <= NUCSEG_MAX_LABEL ? (int) number : 0;
  }
  if (blockIdx.x == gridDim.x - 1 && threadIdx.x == 0) {
    d.reply->n_objects = min (total, (unsigned) NUCSEG_MAX_LABEL);
    d.reply->dropped = total - min (total, (unsigned) NUCSEG_MAX_LABEL);
  }
}

/* Labels as the caller wants them. A thread a pixel, blocks of 32 x 8. Bound
 * by memory bandwidth. O(frame pixels). */
static __global__ void
__launch_bounds__ (BLOCK) write_labels (NucsegCudaDecode d, DecodeSpace space)
{
  int w = d.geometry.frame_width, h = d.geometry.frame_height;
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y), label;

  if (x >= w || y >= h)
    return;
  label = space.frame_labels[y * w + x];
  reinterpret_cast<uint16_t *> (reinterpret_cast<uint8_t *> (d.request->labels)
      + d.request->labels_stride * y)[x] =
      (uint16_t) (label == 0 ? 0 : __ldg (&space.area[label - 1]));
}

cudaError_t
nucseg_cuda_decode_number (const NucsegCudaDecode *decode,
    const DecodeSpace &space, cudaStream_t stream)
{
  int w = decode->geometry.frame_width, h = decode->geometry.frame_height;
  dim3 pixels (ceil_div (w, 32), ceil_div (h, 8)), threads (32, 8);
  unsigned blocks = ceil_div ((size_t) w * h, NUMBER_PIXELS);

  NUCSEG_TRY (launch (to_frame, pixels, threads, 0, stream, *decode, space));
  NUCSEG_TRY (
      launch (count_starts, blocks, BLOCK, 0, stream, *decode, space, w * h));
  NUCSEG_TRY (
      launch (number_objects, blocks, BLOCK, 0, stream, *decode, space, w * h));
  return launch (write_labels, pixels, threads, 0, stream, *decode, space);
}

/* --- All steps ------------------------------------------------------------ */

extern "C" gsize
nucseg_cuda_decode_workspace (const NucsegGeometry *geometry)
{
  return decode_space (NULL, geometry).bytes;
}

extern "C" cudaError_t
nucseg_cuda_decode (const NucsegCudaDecode *decode, cudaStream_t stream)
{
  const NucsegGeometry *g = &decode->geometry;
  const NucsegOutput *o = &decode->output;

  NUCSEG_REQUIRE (g->net_width >= 1 && g->net_height >= 1 && g->frame_width >= 1
      && g->frame_height >= 1 && g->pad_width >= g->net_width
      && g->pad_height >= g->net_height);
  /* Indices of pixels are int. */
  NUCSEG_REQUIRE ((size_t) g->net_width * g->net_height < 1u << 30
      && (size_t) g->frame_width * g->frame_height < 1u << 30);
  NUCSEG_REQUIRE (g->scale != 1
          ? decode->positions != NULL
          : g->net_width == g->frame_width && g->net_height == g->frame_height);
  NUCSEG_REQUIRE (o->foreground >= 0 && o->foreground < o->n_maps);
  NUCSEG_REQUIRE (o->decoder == NUCSEG_DECODER_COMPONENTS
      || (o->offset_y >= 0 && o->offset_y < o->n_maps && o->offset_x >= 0
          && o->offset_x < o->n_maps && o->radius >= 0 && o->radius <= 64));
  NUCSEG_REQUIRE (decode->maps != NULL && decode->workspace != NULL
      && decode->request != NULL && decode->reply != NULL);

  DecodeSpace space = decode_space (decode->workspace, g);

  NUCSEG_TRY (nucseg_cuda_decode_regions (decode, space, stream));
  NUCSEG_TRY (nucseg_cuda_decode_pieces (decode, space, stream));
  return nucseg_cuda_decode_number (decode, space, stream);
}
