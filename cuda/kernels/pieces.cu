/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pieces.cu: decoding, steps 5 and 6: of each label only its largest piece
 * stays, and holes are filled.
 */
#include "cuda/kernels/decode.cuh"
#include "cuda/kernels/regions.cuh"

#define BLOCK 256
#define OPEN 0x7fffffff /* of `highest`: the region stays background */

/*
 * Step 5 within tiles: targets become labels (those of the nearest centres),
 * whose pieces (4-connected, of one label) are found, with their sizes. Tiles
 * of 32 x 16 pixels. Shared memory: 6 KiB. Bound by gathering and the latency
 * of the barriers. O(pixels).
 */
static __global__ void
__launch_bounds__ (TILE) solve_pieces (NucsegGeometry g, DecodeSpace space)
{
  NUCSEG_SHARED (int, values, TILE);
  NUCSEG_SHARED (int, parent, TILE);
  NUCSEG_SHARED (int, size, TILE);
  int w = g.net_width, h = g.net_height;
  int x = (int) blockIdx.x * TILE_X + (int) threadIdx.x;
  int y = (int) blockIdx.y * TILE_Y + (int) threadIdx.y, value = 0;

  if (x < w && y < h) {
    int target = space.labels[y * w + x];

    value = target < 0 ? 0 : __ldg (&space.votes[target]);
  }
  TilePixel pixel = solve_tile<false> (value, values, parent, size);

  if (x < w && y < h) {
    space.labels[y * w + x] = value;
    space.parent[y * w + x] = value ? tile_index (pixel.root, w) : -1;
    space.count[y * w + x] = pixel.size;
  }
}

/* Roots of pieces; the sizes of the parts in each tile are added at the root.
 * A thread a pixel. Bound by latency. O(pixels). */
static __global__ void
__launch_bounds__ (BLOCK) find_pieces (DecodeSpace space, int n)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x), root, size;

  if (i >= n || space.parent[i] < 0)
    return;
  root = find_root (space.parent, i);
  /* Only roots are added to, and this pixel is none. */
  size = root != i ? space.count[i] : 0;
  if (size > 0)
    atomicAdd (&space.count[root], size);
  space.parent[i] = root;
}

/* Of each label the largest piece, of equal ones the first: the largest (size,
 * -root). A thread a pixel, of which only roots have work. O(pixels). */
static __global__ void
__launch_bounds__ (BLOCK) choose_pieces (DecodeSpace space, int n)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x);

  if (i < n && space.parent[i] == i)
    atomicMax (&space.best[space.labels[i] - 1],
        (unsigned long long) space.count[i] << 32
            | (0xffffffffu - (unsigned) i));
}

/*
 * Removes pieces that were not chosen (with @COMPONENTS: makes labels of the
 * regions, which are in one piece), and finds the regions of the background
 * within tiles. `votes` and `count` become the lowest and the highest label
 * around each region, which is none yet. Tiles of 32 x 16. Shared memory: 6
 * KiB. O(pixels).
 */
template <bool COMPONENTS>
static __global__ void
__launch_bounds__ (TILE) solve_ground (NucsegGeometry g, DecodeSpace space)
{
  NUCSEG_SHARED (int, values, TILE);
  NUCSEG_SHARED (int, parent, TILE);
  NUCSEG_SHARED (int, size, TILE);
  int w = g.net_width, h = g.net_height;
  int x = (int) blockIdx.x * TILE_X + (int) threadIdx.x;
  int y = (int) blockIdx.y * TILE_Y + (int) threadIdx.y, i = y * w + x;
  int label = 1; /* beyond the map is no background */

  if (x < w && y < h) {
    int piece = space.parent[i];

    if (COMPONENTS) {
      label = piece + 1;
    } else {
      label = piece < 0 ? 0 : space.labels[i];
      if (label > 0
          && 0xffffffffu - (unsigned) space.best[label - 1] != (unsigned) piece)
        label = 0;
    }
    space.labels[i] = label;
    space.votes[i] = OPEN;
    space.count[i] = 0;
  }
  TilePixel pixel = solve_tile<false> (label == 0, values, parent, size);

  if (x < w && y < h)
    space.parent[i] = label == 0 ? tile_index (pixel.root, w) : -1;
}

/* Roots of regions of the background; those at the map's border are open. Also
 * makes `area` and `first` ready for step 8. A thread a pixel. O(pixels). */
static __global__ void
__launch_bounds__ (BLOCK) find_ground (NucsegGeometry g, DecodeSpace space)
{
  int w = g.net_width, h = g.net_height;
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x), x, y, root;

  if (i >= w * h)
    return;
  space.area[i] = 0;
  space.first[i] = 0x7fffffff;
  if (space.parent[i] < 0)
    return;
  root = find_root (space.parent, i);
  space.parent[i] = root;
  x = i % w;
  y = i / w;
  if ((x == 0 || y == 0 || x == w - 1 || y == h - 1)
      && load_fresh (&space.count[root]) != OPEN)
    atomicMax (&space.count[root], OPEN);
}

/*
 * The lowest and the highest label around each region that may be a hole. A
 * thread a pixel of the background; nearly all of it is the one open region,
 * which is left out after one load. O(pixels).
 */
static __global__ void
__launch_bounds__ (BLOCK) look_around (NucsegGeometry g, DecodeSpace space)
{
  int w = g.net_width, h = g.net_height;
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x), root;

  if (i >= w * h || (root = space.parent[i]) < 0
      || load_fresh (&space.count[root]) == OPEN)
    return;

  /* It does not touch the border: all four are there. */
  const int neighbours[4] = { space.labels[i - 1], space.labels[i + 1],
    space.labels[i - w], space.labels[i + w] };

#pragma unroll
  for (int k = 0; k < 4; k++) {
    if (neighbours[k] == 0)
      continue;
    if (load_fresh (&space.votes[root]) > neighbours[k])
      atomicMin (&space.votes[root], neighbours[k]);
    if (load_fresh (&space.count[root]) < neighbours[k])
      atomicMax (&space.count[root], neighbours[k]);
  }
}

cudaError_t
nucseg_cuda_decode_pieces (const NucsegCudaDecode *decode,
    const DecodeSpace &space, cudaStream_t stream)
{
  const NucsegGeometry &g = decode->geometry;
  int w = g.net_width, h = g.net_height, n = w * h;
  unsigned blocks = ceil_div (n, BLOCK);
  dim3 tile (TILE_X, TILE_Y);

  if (decode->output.decoder == NUCSEG_DECODER_VOTES) {
    NUCSEG_TRY (
        launch (solve_pieces, tile_grid (w, h), tile, 0, stream, g, space));
    NUCSEG_TRY (launch_merge<false> (space.labels, space.parent, w, h, stream));
    NUCSEG_TRY (launch (find_pieces, blocks, BLOCK, 0, stream, space, n));
    NUCSEG_TRY (launch (choose_pieces, blocks, BLOCK, 0, stream, space, n));
    NUCSEG_TRY (launch (
        solve_ground<false>, tile_grid (w, h), tile, 0, stream, g, space));
  } else {
    NUCSEG_TRY (launch (
        solve_ground<true>, tile_grid (w, h), tile, 0, stream, g, space));
  }
  NUCSEG_TRY (launch_merge<false> (NULL, space.parent, w, h, stream));
  NUCSEG_TRY (launch (find_ground, blocks, BLOCK, 0, stream, g, space));
  return launch (look_around, blocks, BLOCK, 0, stream, g, space);
}
