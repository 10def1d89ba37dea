/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * centres.cu: decoding, steps 1 to 4: foreground, votes, centres, nearest
 * centre; or, for the other decoder, the components of the foreground.
 */
#include "cuda/kernels/decode.cuh"
#include "cuda/kernels/regions.cuh"

#define BLOCK 256
#define NO_CENTRE 127 /* of reach; others are -64 .. 64 */
/* In votes: a pixel that is too far away to vote has this cell for its target.
 * There are 2^26 votes at most. */
#define TARGETED (1 << 30)

static __device__ __forceinline__ float
map_at (const NucsegCudaDecode &d, int channel, int y, int x)
{
  return d.maps[((size_t) y * d.geometry.pad_width + x) * d.output.n_maps
      + channel];
}

static __device__ __forceinline__ bool
is_foreground (const NucsegCudaDecode &d, int y, int x)
{
  return map_at (d, d.output.foreground, y, x) > d.request->logit_limit;
}

/* Step 2, one axis: where a pixel at @position of a line of @size points. */
static __device__ __forceinline__ int
point (int position, int size, float offset, float scale)
{
  float far = rintf (4 * scale), step = rintf (offset * scale);

  if (isnan (step))
    step = 0;
  step = step > far ? far : step < -far ? -far : step;
  return max (0, min (position + (int) step, size - 1));
}

/*
 * Steps 1 and 2: labels become targets (-1: background), votes are counted
 * with atomics (integers: any order gives the same). Also zeroes `best`. A
 * thread a pixel, blocks of 32 x 8. Bound by reading the maps, and where nuclei
 * are round by atomics on few cells. O(pixels).
 */
static __global__ void
__launch_bounds__ (BLOCK) cast_votes (NucsegCudaDecode d, DecodeSpace space)
{
  int w = d.geometry.net_width, h = d.geometry.net_height;
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y), target = -1;

  if (x >= w || y >= h)
    return;
  if (is_foreground (d, y, x)) {
    int ty = point (
        y, h, map_at (d, d.output.offset_y, y, x), d.output.offset_scale);
    int tx = point (
        x, w, map_at (d, d.output.offset_x, y, x), d.output.offset_scale);

    target = ty * w + tx;
    if (d.output.vote_reach == 0
        || (ty - y) * (ty - y) + (tx - x) * (tx - x)
            <= d.output.vote_reach * d.output.vote_reach)
      atomicAdd (&space.votes[target], 1);
    else
      atomicOr (&space.votes[target], TARGETED);
  }
  space.labels[y * w + x] = target;
  space.best[y * w + x] = 0;
}

/*
 * Step 3 within tiles of 32 x 16: votes are summed over 3x3, cells with enough
 * are connected (8). With @components: step 1, and foreground pixels are
 * connected (4). Shared memory: 6 KiB. Bound by the latency of the barriers.
 * O(pixels).
 */
template <bool COMPONENTS>
static __global__ void
__launch_bounds__ (TILE) solve_centres (NucsegCudaDecode d, DecodeSpace space)
{
  NUCSEG_SHARED (int, values, TILE);
  NUCSEG_SHARED (int, parent, TILE);
  NUCSEG_SHARED (int, size, TILE);
  int w = d.geometry.net_width, h = d.geometry.net_height;
  int x = (int) blockIdx.x * TILE_X + (int) threadIdx.x;
  int y = (int) blockIdx.y * TILE_Y + (int) threadIdx.y, value = 0;

  if (x < w && y < h) {
    if (COMPONENTS) {
      value = is_foreground (d, y, x);
    } else {
      int sum = 0;

      for (int ny = max (y - 1, 0); ny <= min (y + 1, h - 1); ny++)
        for (int nx = max (x - 1, 0); nx <= min (x + 1, w - 1); nx++)
          sum += __ldg (&space.votes[ny * w + nx]) & (TARGETED - 1);
      value = sum >= d.output.min_votes;
    }
  }
  TilePixel pixel = solve_tile<!COMPONENTS> (value, values, parent, size);

  if (x < w && y < h)
    space.parent[y * w + x] = value ? tile_index (pixel.root, w) : -1;
}

/* Each pixel of a region gets its root. A thread a pixel. Bound by latency. */
static __global__ void
__launch_bounds__ (BLOCK) find_roots (int *parent, int n)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x);

  if (i < n && parent[i] >= 0)
    parent[i] = find_root (parent, i);
}

/*
 * Step 4, first half: for each cell the nearest centre in its column, as the
 * number of rows to go; of two as near the smaller. The nearest centre of a
 * cell is the best of those of the columns around it, so that (2 r + 1) + (2 r
 * + 1) cells are looked at instead of (2 r + 1)^2. A thread a cell, blocks of
 * 32 x 8. Bound by loads from L1. O(pixels x radius).
 */
static __global__ void
__launch_bounds__ (BLOCK) reach_down (NucsegCudaDecode d, DecodeSpace space)
{
  int w = d.geometry.net_width, h = d.geometry.net_height;
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y), reach = NO_CENTRE;

  if (x >= w || y >= h)
    return;
  for (int dy = 0; dy <= d.output.radius && reach == NO_CENTRE; dy++) {
    int up = y - dy >= 0 ? __ldg (&space.parent[(y - dy) * w + x]) : -1;
    int down = y + dy < h ? __ldg (&space.parent[(y + dy) * w + x]) : -1;

    if (down >= 0 && (up < 0 || down < up))
      reach = dy;
    else if (up >= 0)
      reach = -dy;
  }
  space.reach[y * w + x] = (signed char) reach;
}

/*
 * Step 4, second half, for cells that are a target: votes become labels. A
 * thread a cell, blocks of 32 x 8. Bound by loads from L1. O(pixels x radius).
 */
static __global__ void
__launch_bounds__ (BLOCK) find_nearest (NucsegCudaDecode d, DecodeSpace space)
{
  int w = d.geometry.net_width, h = d.geometry.net_height;
  int radius = d.output.radius, best = radius * radius + 1, label = 0;
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y);

  if (x >= w || y >= h || space.votes[y * w + x] == 0)
    return;
  for (int dx = 0; dx <= radius && dx * dx <= best; dx++)
    for (int side = 0; side < (dx == 0 ? 1 : 2); side++) {
      int nx = side == 0 ? x - dx : x + dx, reach, centre, distance;

      if (nx < 0 || nx >= w)
        continue;
      reach = space.reach[y * w + nx];
      if (reach == NO_CENTRE)
        continue;
      centre = __ldg (&space.parent[(y + reach) * w + nx]) + 1;
      distance = dx * dx + reach * reach;
      if (distance < best || (distance == best && centre < label)) {
        best = distance;
        label = centre;
      }
    }
  space.votes[y * w + x] = label;
}

cudaError_t
nucseg_cuda_decode_regions (const NucsegCudaDecode *decode,
    const DecodeSpace &space, cudaStream_t stream)
{
  int w = decode->geometry.net_width, h = decode->geometry.net_height;
  size_t n = (size_t) w * h;
  dim3 pixels (ceil_div (w, 32), ceil_div (h, 8)), threads (32, 8);
  dim3 tile (TILE_X, TILE_Y);

  if (decode->output.decoder == NUCSEG_DECODER_COMPONENTS) {
    NUCSEG_TRY (launch (solve_centres<true>, tile_grid (w, h), tile, 0, stream,
        *decode, space));
    NUCSEG_TRY (launch_merge<false> (NULL, space.parent, w, h, stream));
    return launch (find_roots, ceil_div (n, BLOCK), BLOCK, 0, stream,
        space.parent, (int) n);
  }

  NUCSEG_TRY (cudaMemsetAsync (space.votes, 0, n * sizeof (int), stream));
  NUCSEG_TRY (launch (cast_votes, pixels, threads, 0, stream, *decode, space));
  NUCSEG_TRY (launch (
      solve_centres<false>, tile_grid (w, h), tile, 0, stream, *decode, space));
  NUCSEG_TRY (launch_merge<true> (NULL, space.parent, w, h, stream));
  NUCSEG_TRY (launch (find_roots, ceil_div (n, BLOCK), BLOCK, 0, stream,
      space.parent, (int) n));
  NUCSEG_TRY (launch (reach_down, pixels, threads, 0, stream, *decode, space));
  return launch (find_nearest, pixels, threads, 0, stream, *decode, space);
}
