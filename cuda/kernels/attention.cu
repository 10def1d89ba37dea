/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attention.cu: subregional average pooling and channel expansion as one
 * kernel, and adaptive average pooling alone. Twins: the chain avg_pool, conv,
 * conv, add of cpu/reference/.
 */
#include "cuda/kernels/activation.cuh"
#include "cuda/kernels/block.cuh"
#include "cuda/kernels/element.cuh"

#define BLOCK 256
#define MOST_STRIPES 32 /* parts of a cell, each summed by a block */
#define STRIPE_ROWS 4 /* fewest rows of such a part */
#define MOST_CHANNELS 4096
#define AHEAD 16 /* weights of an output that are on their way at once */

/* Rows and columns of one cell, or of a stripe of its rows. */
struct Cell {
  int top, bottom, left, right;
};

static __device__ Cell
cell_at (const NucsegCudaTensor &x, int rows, int columns, int cell)
{
  int64_t i = cell / columns, k = cell % columns;

  return Cell{ (int) (i * x.height / rows),
    (int) (((i + 1) * x.height + rows - 1) / rows),
    (int) (k * x.width / columns),
    (int) (((k + 1) * x.width + columns - 1) / columns) };
}

/* Calls @store (channel, sum) once for each channel, with the sum over @cell
 * of the block's image. Each thread adds N channels of every so-manieth pixel:
 * those of a row in f32, rows in f64. @shared: BLOCK x N doubles. All threads
 * of the block must call it. */
template <typename T, int N, typename F>
static __device__ void
sum_cell (const NucsegCudaTensor &x, Cell cell, double *shared, F store)
{
  int packs = x.channels / N, width = cell.right - cell.left;

  for (int first = 0; first < packs; first += BLOCK) {
    int here = min (packs - first, BLOCK); /* packs of this turn */
    int lanes = BLOCK / here; /* threads that share a pack */
    int pack = (int) threadIdx.x % here, lane = (int) threadIdx.x / here;
    double total[N] = {};

    for (int y = cell.top; y < cell.bottom && lane < lanes; y++) {
      const T *row = image_of<const T> (x)
          + ((size_t) y * x.width + cell.left) * x.pitch + (first + pack) * N;
      float sum[N] = {}, values[N];

      for (int i = lane; i < width; i += lanes) {
        load_pack (row + (size_t) i * x.pitch, values);
#pragma unroll
        for (int k = 0; k < N; k++)
          sum[k] += values[k];
      }
#pragma unroll
      for (int k = 0; k < N; k++)
        total[k] += sum[k];
    }
    __syncthreads ();
#pragma unroll
    for (int k = 0; k < N; k++)
      shared[k * BLOCK + threadIdx.x] = total[k];
    __syncthreads ();
    for (int c = (int) threadIdx.x; c < here * N; c += BLOCK) {
      double sum = 0;

      for (int l = 0; l < lanes; l++)
        sum += shared[c % N * BLOCK + l * here + c / N];
      store (first * N + c, sum);
    }
  }
}

static __device__ double
area_of (Cell cell)
{
  return (double) (cell.bottom - cell.top) * (cell.right - cell.left);
}

/*
 * avg_pool: one block of 256 threads for each cell, z images. Shared memory: 2
 * KiB x N. Bound by latency where cells are few; the attention kernel spreads
 * each over several blocks. O(elements of the cells).
 */
template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK) avg_pool (NucsegCudaTensor x, NucsegCudaTensor out)
{
  NUCSEG_SHARED (double, shared, BLOCK *N);
  Cell cell = cell_at (x, out.height, out.width, (int) blockIdx.x);
  double area = area_of (cell);
  float *pixel = image_of<float> (out) + (size_t) blockIdx.x * out.pitch;

  sum_cell<T, N> (x, cell, shared,
      [=] (int c, double sum) { pixel[c] = (float) (sum / area); });
}

/* @out[o] = activation (bias + sum over i of weight[i][o] x in[i]), all in
 * f32. Threads share the inputs of an output where outputs are few. @shared:
 * BLOCK floats. All threads of the block must call it; @in must be visible to
 * all, @out is so after the next barrier. */
static __device__ void
multiply (
    const NucsegCudaConv &conv, const float *in, float *shared, float *out)
{
  int n_out = conv.out_channels, n_in = conv.in_channels;

  for (int first = 0; first < n_out; first += BLOCK) {
    int here = min (n_out - first, BLOCK), lanes = BLOCK / here;
    int o = (int) threadIdx.x % here, lane = (int) threadIdx.x / here;
    float sum = 0;

    /* One block does this while the GPU waits: weights that are asked for one
     * after the other come so, too. */
    for (int i = lane; i < n_in && lane < lanes; i += AHEAD * lanes) {
      float weights[AHEAD];

#pragma unroll
      for (int k = 0; k < AHEAD; k++)
        weights[k] = i + k * lanes < n_in
            ? __ldg (&conv.weight[(size_t) (i + k * lanes) * n_out + first + o])
            : 0;
#pragma unroll
      for (int k = 0; k < AHEAD; k++) {
        if (i + k * lanes < n_in)
          sum = fmaf (weights[k], in[i + k * lanes], sum);
      }
    }
    __syncthreads ();
    shared[threadIdx.x] = sum;
    __syncthreads ();
    if (lane == 0) {
      sum = conv.bias != NULL ? conv.bias[first + o] : 0;
      for (int l = 0; l < lanes; l++)
        sum += shared[l * here + o];
      out[first + o] = activate (conv.activation, sum);
    }
  }
}

/*
 * The whole chain. Grid: x cells x stripes blocks of 256 threads, z images;
 * each block sums one stripe of a cell's rows into @all (image x block x
 * channels), and the last of an image to end does its rest: cells -> reduce ->
 * gate (and expand) -> weights. Sums of stripes are added in their order.
 * Shared memory: 2 KiB x N, and 8 bytes a channel (dynamic).
 *
 * Bound by reading x (it was just written: it comes out of L2), then by the
 * latency of the last block: some 10 dependent steps and C / (256 / C)
 * multiplications, whose weights come AHEAD at a time. O(elements + C^2).
 */
template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK)
    attention (NucsegCudaAttention a, double *all, int stripes)
{
  NUCSEG_SHARED (double, shared, BLOCK *N);
  NUCSEG_SHARED (float, products, BLOCK);
  NUCSEG_SHARED (int, flag, 1);
  float *reduced = dynamic_shared<float> ();
  float *own = reduced + a.x.channels;
  int channels = a.x.channels, cells = a.rows * a.columns;
  double *partial = all + (size_t) blockIdx.z * gridDim.x * channels;
  int number = (int) blockIdx.x / stripes, stripe = (int) blockIdx.x % stripes;
  Cell cell = cell_at (a.x, a.rows, a.columns, number);
  int height = cell.bottom - cell.top, top = cell.top;
  double *sums = partial + (size_t) blockIdx.x * channels;

  cell.top = top + height * stripe / stripes;
  cell.bottom = top + height * (stripe + 1) / stripes;
  sum_cell<T, N> (
      a.x, cell, shared, [=] (int c, double sum) { sums[c] = sum; });
  if (!is_last_block (&a.counters[blockIdx.z], gridDim.x, flag))
    return;

  /* A cell's place takes four divisions. */
  for (int k = (int) threadIdx.x; k < cells; k += BLOCK)
    shared[k] = area_of (cell_at (a.x, a.rows, a.columns, k));
  __syncthreads ();
  /* A thread for each cell and channel, where there are few channels; its mean
   * takes the place of the first stripe's sum. */
  for (int i = (int) threadIdx.x; i < cells * channels; i += BLOCK) {
    int k = i / channels;
    double *from = partial + (size_t) k * stripes * channels + i % channels;
    double sum = 0;

    for (int s = 0; s < stripes; s++)
      sum += load_fresh (&from[(size_t) s * channels]);
    *from = sum / shared[k];
  }
  __syncthreads ();
  for (int c = (int) threadIdx.x; c < channels; c += BLOCK) {
    float result = a.reduce.bias != NULL ? a.reduce.bias[c] : 0;

    for (int k = 0; k < cells; k++)
      result = fmaf (__ldg (&a.reduce.weight[(size_t) c * cells + k]),
          (float) load_fresh (&partial[(size_t) k * stripes * channels + c]),
          result);
    reduced[c] = activate (a.reduce.activation, result);
  }
  __syncthreads ();
  multiply (a.gate, reduced, products, own);
  __syncthreads ();
  if (a.expand.weight != NULL)
    multiply (
        a.expand, image_of (a.lower, a.expand.in_channels), products, reduced);
  __syncthreads ();
  for (int c = (int) threadIdx.x; c < channels; c += BLOCK) {
    image_of (a.own, channels)[c] = own[c];
    image_of (a.weights, channels)[c] =
        own[c] + (a.expand.weight != NULL ? reduced[c] : own[c]);
  }
}

/* --- Launchers ------------------------------------------------------------ */

template <typename T, int N>
static cudaError_t
launch_avg_pool (const NucsegCudaTensor *in, const NucsegCudaTensor *out,
    cudaStream_t stream)
{
  return launch (avg_pool<T, N>,
      dim3 ((unsigned) out->height * out->width, 1, out->batch), BLOCK, 0,
      stream, *in, *out);
}

extern "C" cudaError_t
nucseg_cuda_avg_pool (const NucsegCudaTensor *in, const NucsegCudaTensor *out,
    cudaStream_t stream)
{
  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (out)
      && out->type == NUCSEG_CUDA_F32 && in->batch == out->batch
      && in->channels == out->channels);
  NUCSEG_FOR_TYPE (in->type, T,
                   if (allows_packs (in, 4))
                       NUCSEG_TRY ((launch_avg_pool<T, 4> (in, out, stream)));
                   else NUCSEG_TRY ((launch_avg_pool<T, 1> (in, out, stream))));
  return cudaSuccess;
}

extern "C" gsize
nucseg_cuda_attention_workspace (
    gint batch, gint rows, gint columns, gint channels)
{
  return aligned ((size_t) batch * rows * columns * MOST_STRIPES * channels
      * sizeof (double));
}

template <typename T, int N>
static cudaError_t
launch_attention (const NucsegCudaAttention *a, cudaStream_t stream)
{
  int cells = a->rows * a->columns;
  int stripes = a->x.height / a->rows / STRIPE_ROWS;

  stripes = max (1, min (stripes, MOST_STRIPES));
  return launch (attention<T, N>, dim3 (cells * stripes, 1, a->x.batch), BLOCK,
      2 * a->x.channels * sizeof (float), stream, *a,
      static_cast<double *> (a->workspace), stripes);
}

/* A 1x1 convolution from @in to @out channels. */
static bool
is_gate (const NucsegCudaConv *conv, int in, int out)
{
  return conv->weight != NULL && conv->kernel_h == 1 && conv->kernel_w == 1
      && conv->groups == 1 && conv->padding == 0 && conv->stride == 1
      && conv->in_channels == in && conv->out_channels == out;
}

extern "C" cudaError_t
nucseg_cuda_attention (
    const NucsegCudaAttention *attention, cudaStream_t stream)
{
  const NucsegCudaAttention *a = attention;
  const NucsegCudaConv *reduce = &a->reduce;
  int channels = a->x.channels;

  NUCSEG_REQUIRE (is_tensor (&a->x) && a->rows >= 1 && a->rows <= 16
      && a->columns >= 1 && a->columns <= 16 && channels <= MOST_CHANNELS);
  NUCSEG_REQUIRE (reduce->weight != NULL && reduce->groups == channels
      && reduce->in_channels == channels && reduce->out_channels == channels
      && reduce->kernel_h == a->rows && reduce->kernel_w == a->columns
      && reduce->padding == 0);
  NUCSEG_REQUIRE (is_gate (&a->gate, channels, channels));
  NUCSEG_REQUIRE (a->expand.weight == NULL
      || (a->lower != NULL
          && is_gate (&a->expand, a->expand.in_channels, channels)));
  NUCSEG_REQUIRE (a->own != NULL && a->weights != NULL && a->workspace != NULL
      && a->counters != NULL);

  NUCSEG_FOR_TYPE (a->x.type, T,
                   if (allows_packs (&a->x, 4))
                       NUCSEG_TRY ((launch_attention<T, 4> (a, stream)));
                   else NUCSEG_TRY ((launch_attention<T, 1> (a, stream))));
  return cudaSuccess;
}
