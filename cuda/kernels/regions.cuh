/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * regions.cuh: connected regions by union-find on blocks. Twin:
 * cpu/reference/components.c.
 *
 * parent[i] is a pixel of the same region with an index of at most i, or -1
 * for pixels without a region. Three kernels:
 *   1. each block solves a tile of 32 x 16 pixels in shared memory
 *      (solve_tile(), in a kernel that also makes the values);
 *   2. merge_tiles() joins regions over the tiles' borders;
 *   3. each pixel looks up its root (find_root(), in the caller's kernel).
 * A union hangs the larger root under the smaller, so that in the end the root
 * is the region's first pixel in raster order, whatever the order was.
 */
#ifndef NUCSEG_CUDA_REGIONS_CUH
#define NUCSEG_CUDA_REGIONS_CUH

#include "cuda/kernels/launch.cuh"

#define TILE_X 32
#define TILE_Y 16
#define TILE (TILE_X * TILE_Y)

/* Others may be joining: any chain of parents ends at a root, perhaps one that
 * has just been hung under another. */
static __device__ __forceinline__ int
find_root (const int *parent, int i)
{
  int p = load_fresh (&parent[i]);

  while (p != i) {
    i = p;
    p = load_fresh (&parent[i]);
  }
  return i;
}

static __device__ __forceinline__ void
join (int *parent, int a, int b)
{
  for (;;) {
    a = find_root (parent, a);
    b = find_root (parent, b);
    if (a == b)
      return;
    if (a < b) {
      int other = a;

      a = b;
      b = other;
    }
    /* If a was still a root it hangs under b now. Else somebody was faster:
     * a's parent has become the smaller of both, and the other of them must
     * be joined with it. */
    int old = atomicMin (&parent[a], b);

    if (old == a)
      return;
    a = old;
  }
}

/* What solve_tile() finds for a thread's pixel. */
struct TilePixel {
  int root; /* thread number of the root of its region in the tile */
  int size; /* for a root: pixels of the region in the tile; else 0 */
};

/*
 * Regions of one tile, in a block of 32 x 16 threads. @value: of the thread's
 * pixel, 0 for pixels without a region and outside the map. Pixels are
 * connected where values are equal. @values, @parent, @size: TILE integers of
 * shared memory each.
 *
 * Runs along rows are found by one ballot; only their joints with the row above
 * go through union-find.
 */
template <bool EIGHT>
static __device__ TilePixel
solve_tile (int value, int *values, int *parent, int *size)
{
  int lane = (int) threadIdx.x, y = (int) threadIdx.y;
  int self = y * TILE_X + lane;
  int left = __shfl_up_sync (FULL_MASK, value, 1);
  bool same_left = lane > 0 && left == value;
  unsigned starts = __ballot_sync (FULL_MASK, !same_left);
  unsigned up_to = starts & (FULL_MASK >> (31 - lane));
  int start = 31 - __clz (up_to);
  unsigned behind = lane == 31 ? 0 : starts >> (lane + 1);
  TilePixel result = { self, 0 };

  values[self] = value;
  parent[self] = y * TILE_X + start;
  size[self] = 0;
  __syncthreads ();

  if (value != 0 && y > 0) {
    const int *above = values + self - TILE_X;

    if (above[0] == value) {
      /* The pixel to the left has made the same joint. */
      if (!(same_left && above[-1] == value))
        join (parent, self, self - TILE_X);
    } else if (EIGHT) {
      if (lane > 0 && above[-1] == value)
        join (parent, self, self - TILE_X - 1);
      if (lane < TILE_X - 1 && above[1] == value)
        join (parent, self, self - TILE_X + 1);
    }
  }
  __syncthreads ();

  if (value != 0) {
    result.root = find_root (parent, self);
    if (start == lane) {
      int length = behind == 0 ? TILE_X - lane : __ffs (behind);

      atomicAdd (&size[result.root], length);
    }
  }
  __syncthreads ();
  if (value != 0 && result.root == self)
    result.size = size[self];
  return result;
}

/* Index in the map of thread @thread of the block's tile. */
static __device__ __forceinline__ int
tile_index (int thread, int width)
{
  return ((int) blockIdx.y * TILE_Y + thread / TILE_X) * width
      + (int) blockIdx.x * TILE_X + thread % TILE_X;
}

/* Whether pixels @a and @b are connected: @values are compared, or, without
 * them, both have a region. */
static __device__ __forceinline__ bool
connected (const int *values, const int *parent, int a, int b)
{
  if (values != NULL)
    return values[a] != 0 && values[a] == values[b];
  /* A parent changes meanwhile, but never from or to -1. */
  return load_fresh (&parent[a]) >= 0 && load_fresh (&parent[b]) >= 0;
}

#define MERGE_BLOCK 256

/*
 * Joins regions over the borders of tiles: first (width x borders) threads for
 * the rows below a border, then (height x borders) for the columns right of
 * one. Blocks of 256 threads; no shared memory. Bound by latency: chains of
 * dependent loads. O(borders), with a depth of the chains that grows slowly.
 */
template <bool EIGHT>
static __global__ void
__launch_bounds__ (MERGE_BLOCK)
    merge_tiles (const int *values, int *parent, int width, int height)
{
  int i = (int) (blockIdx.x * MERGE_BLOCK + threadIdx.x);
  int n_down = (height - 1) / TILE_Y * width;
  int n_across = (width - 1) / TILE_X * height;

  if (i < n_down) {
    int x = i % width, y = (i / width + 1) * TILE_Y, at = y * width + x;

    if (connected (values, parent, at, at - width)) {
      /* The pixel to the left has made the same joint. */
      if (x % TILE_X == 0 || !connected (values, parent, at, at - 1)
          || !connected (values, parent, at, at - width - 1))
        join (parent, at, at - width);
    } else if (EIGHT) {
      if (x > 0 && connected (values, parent, at, at - width - 1))
        join (parent, at, at - width - 1);
      if (x < width - 1 && connected (values, parent, at, at - width + 1))
        join (parent, at, at - width + 1);
    }
  } else if (i < n_down + n_across) {
    i -= n_down;
    int y = i % height, x = (i / height + 1) * TILE_X, at = y * width + x;

    if (connected (values, parent, at, at - 1)) {
      if (y % TILE_Y == 0 || !connected (values, parent, at, at - width)
          || !connected (values, parent, at, at - width - 1))
        join (parent, at, at - 1);
    } else if (EIGHT) {
      if (y > 0 && connected (values, parent, at, at - width - 1))
        join (parent, at, at - width - 1);
      if (y < height - 1 && connected (values, parent, at, at + width - 1))
        join (parent, at, at + width - 1);
    }
  }
}

template <bool EIGHT>
static cudaError_t
launch_merge (
    const int *values, int *parent, int width, int height, cudaStream_t stream)
{
  size_t n = (size_t) ((height - 1) / TILE_Y) * width
      + (size_t) ((width - 1) / TILE_X) * height;

  if (n == 0)
    return cudaSuccess;
  return launch (merge_tiles<EIGHT>, ceil_div (n, MERGE_BLOCK), MERGE_BLOCK, 0,
      stream, values, parent, width, height);
}

static inline dim3
tile_grid (int width, int height)
{
  return dim3 (ceil_div (width, TILE_X), ceil_div (height, TILE_Y));
}

#endif /* NUCSEG_CUDA_REGIONS_CUH */
