/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fill.cu: second pass over a frame: map, smooth, scale, pad, straight into
 * the layout of the network's first convolution (docs/model-format.md, input,
 * steps 3 to 5). Twin of nucseg_ref_prepare_fill(), with f32 sums.
 */
#include "cuda/kernels/element.cuh"
#include "cuda/kernels/prepare.cuh"

#define DIRECT_BLOCK 128
#define TILE NUCSEG_CUDA_FILTER_TILE /* outputs across */
#define MOST_ROWS 16 /* outputs down */
#define LINES_BYTES (40 * 1024) /* most shared memory of a tile */

/* Position @i of a line of @n samples, mirrored into it. */
static __device__ __forceinline__ int
reflect (int i, int n)
{
  int period = 2 * (n - 1);

  if ((unsigned) i < (unsigned) n)
    return i;
  if (period == 0)
    return 0;
  i %= period;
  if (i < 0)
    i += period;
  return i < n ? i : period - i;
}

template <PixelKind KIND>
static __device__ __forceinline__ float
value_at (const PrepareSpace &space, const Pixels &pixels, const uint8_t *line,
    int x, int inverted)
{
  float value = __ldg (&space.table[grey_at<KIND> (pixels, line, x)]);

  return inverted ? 1.0f - value : value;
}

/*
 * Where neither axis is filtered: one thread for each pixel of the output, that
 * is for block x block pixels of the frame; blocks of 128 x 1 threads. No
 * shared memory. Bound by reading the frame and writing the tensor; the table
 * stays in L1 at 8 bits. O(pixels).
 */
template <PixelKind KIND, typename T, int N>
static __global__ void
__launch_bounds__ (DIRECT_BLOCK) fill_direct (const NucsegCudaRequest *request,
    Pixels pixels, PrepareSpace space, NucsegCudaFilter across,
    NucsegCudaFilter down, int block, NucsegCudaTensor out)
{
  int x = (int) (blockIdx.x * DIRECT_BLOCK + threadIdx.x), y = (int) blockIdx.y;
  int inverted = space.state->inverted;

  if (x >= out.width)
    return;
  T *pixel =
      static_cast<T *> (out.data) + ((size_t) y * out.width + x) * out.pitch;
  for (int c = 0; c < out.channels; c += N) {
    float values[N];

#pragma unroll
    for (int i = 0; i < N; i++) {
      values[i] = 0;
      if (c + i >= block * block)
        continue;
      int fy = reflect (down.first[y * block + (c + i) / block], down.n_in);
      int fx = reflect (across.first[x * block + (c + i) % block], across.n_in);

      values[i] = value_at<KIND> (
          space, pixels, row_of (request->frame, 0, fy), fx, inverted);
    }
    store_pack (pixel + c, values);
  }
}

/*
 * Where an axis is filtered. A block of 32 x 8 threads makes a tile of 32
 * columns and @rows rows of the padded input: first the sums down, of all
 * source columns that the tile reads, into shared memory (@rows x across.span
 * f32, dynamic, 40 KiB at most), then the sums across. Bound by reading the
 * source through L1: taps down x (span / 32) x rows reads a column. O(outputs x
 * (taps down x span / 32 + taps across)).
 */
template <PixelKind KIND, typename T>
static __global__ void
__launch_bounds__ (TILE * 8) fill_filtered (const NucsegCudaRequest *request,
    Pixels pixels, PrepareSpace space, NucsegCudaFilter across,
    NucsegCudaFilter down, int rows, int block, NucsegCudaTensor out)
{
  float *lines = dynamic_shared<float> ();
  int left = (int) blockIdx.x * TILE, top = (int) blockIdx.y * rows;
  int base = across.base[blockIdx.x];
  int inverted = space.state->inverted;

  for (int r = (int) threadIdx.y; r < rows && top + r < down.n_padded; r += 8) {
    int first = down.first[top + r];
    const float *weight = down.weight + (size_t) (top + r) * down.n_taps;

    for (int i = (int) threadIdx.x; i < across.span; i += TILE) {
      int column = reflect (base + i, across.n_in);
      float sum = 0;

      for (int t = 0; t < down.n_taps; t++) {
        const uint8_t *line =
            row_of (request->frame, 0, reflect (first + t, down.n_in));

        sum = fmaf (__ldg (&weight[t]),
            value_at<KIND> (space, pixels, line, column, inverted), sum);
      }
      lines[r * across.span + i] = sum;
    }
  }
  __syncthreads ();

  int x = left + (int) threadIdx.x;

  if (x >= across.n_padded)
    return;
  for (int r = (int) threadIdx.y; r < rows && top + r < down.n_padded; r += 8) {
    int y = top + r;
    const float *line = lines + r * across.span + (across.first[x] - base);
    const float *weight = across.weight + (size_t) x * across.n_taps;
    float sum = 0;

    for (int t = 0; t < across.n_taps; t++)
      sum = fmaf (__ldg (&weight[t]), line[t], sum);

    T *pixel = static_cast<T *> (out.data)
        + ((size_t) (y / block) * out.width + x / block) * out.pitch;

    pixel[y % block * block + x % block] = from_float<T> (sum);
    if (y % block == 0 && x % block == 0)
      for (int c = block * block; c < out.channels; c++)
        pixel[c] = from_float<T> (0);
  }
}

template <PixelKind KIND, typename T, int N>
static cudaError_t
launch_direct (const NucsegCudaPrepare *p, const Pixels &pixels,
    const PrepareSpace &space, cudaStream_t stream)
{
  return launch (fill_direct<KIND, T, N>,
      dim3 (ceil_div (p->out.width, DIRECT_BLOCK), p->out.height), DIRECT_BLOCK,
      0, stream, p->request, pixels, space, p->across, p->down, p->block,
      p->out);
}

template <PixelKind KIND, typename T>
static cudaError_t
launch_fill (const NucsegCudaPrepare *p, const Pixels &pixels,
    const PrepareSpace &space, cudaStream_t stream)
{
  if (p->across.identity && p->down.identity)
    return allows_packs (&p->out, 16 / sizeof (T))
        ? launch_direct<KIND, T, 16 / sizeof (T)> (p, pixels, space, stream)
        : launch_direct<KIND, T, 1> (p, pixels, space, stream);

  size_t line = p->across.span * sizeof (float);
  int rows = (int) min ((size_t) MOST_ROWS, LINES_BYTES / line);

  NUCSEG_REQUIRE (rows >= 1);
  return launch (fill_filtered<KIND, T>,
      dim3 (ceil_div (p->across.n_padded, TILE),
          ceil_div (p->down.n_padded, rows)),
      dim3 (TILE, 8), rows * line, stream, p->request, pixels, space, p->across,
      p->down, rows, p->block, p->out);
}

extern "C" cudaError_t
nucseg_cuda_fill (const NucsegCudaPrepare *prepare, cudaStream_t stream)
{
  const NucsegCudaPicture *picture = &prepare->picture;
  const NucsegCudaTensor *out = &prepare->out;
  int block = prepare->block;
  Pixels pixels;

  NUCSEG_REQUIRE (pixels_of (
      picture->format, picture->depth, picture->msb_aligned, &pixels));
  NUCSEG_REQUIRE (prepare->workspace && prepare->request && is_tensor (out));
  NUCSEG_REQUIRE (out->batch == 1 && block >= 1 && block <= 8
      && out->channels >= block * block);
  NUCSEG_REQUIRE (prepare->across.n_in == picture->width
      && prepare->down.n_in == picture->height
      && prepare->across.n_padded == out->width * block
      && prepare->down.n_padded == out->height * block);

  PrepareSpace space = prepare_space (prepare->workspace, pixels.depth);

  NUCSEG_FOR_KIND (pixels,
      NUCSEG_FOR_TYPE (out->type, T,
          NUCSEG_TRY (
              (launch_fill<KIND, T> (prepare, pixels, space, stream)))));
  return cudaSuccess;
}
