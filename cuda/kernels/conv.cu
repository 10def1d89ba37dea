/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conv.cu: direct convolutions: for what cuDNN has no engine for or does
 * badly. Twin: cpu/reference/conv.c, with f32 sums.
 */
#include "cuda/kernels/activation.cuh"
#include "cuda/kernels/element.cuh"

#define BLOCK 128
#define MANY 16 /* outputs of a thread */
#define FEW 8 /* where a group has no more */
#define STAGE 64 /* rows of weights in shared memory at a time */

/*
 * A thread makes one pixel of OUTPUTS channels of one group. Grid: x blocks of
 * 128 neighbouring pixels, y groups x slices of OUTPUTS, z images. The weights
 * of a group are a matrix of (kernel rows x columns x inputs) x outputs; 64 of
 * its rows at a time come into shared memory (2 or 4 KiB), where all threads
 * read the same one: a load of 16 bytes serves four products. Inputs come from
 * L1; N of them, which are neighbours in memory, at a time. Outputs are written
 * 16 bytes at a time where they lie so (packed).
 *
 * Bound by f32 arithmetic (half of its rate at best: as many shared loads as
 * there are 4 products); a stem with few inputs by writing its output.
 * O(output elements x kernel x inputs).
 */
template <typename TI, typename TO, int N, int OUTPUTS>
static __global__ void
__launch_bounds__ (BLOCK) convolve (
    NucsegCudaConv conv, NucsegCudaTensor in, NucsegCudaTensor out, bool packed)
{
  const int PACK = 16 / (int) sizeof (TO);
  NUCSEG_SHARED (float, weights, STAGE *OUTPUTS);
  int n_in = conv.in_channels / conv.groups;
  int n_out = conv.out_channels / conv.groups;
  int slices = (n_out + OUTPUTS - 1) / OUTPUTS;
  int group = (int) blockIdx.y / slices;
  int first_out = (int) blockIdx.y % slices * OUTPUTS;
  int n_rows = conv.kernel_h * conv.kernel_w * n_in;
  const float *matrix = conv.weight + (size_t) group * n_rows * n_out;
  size_t pixel = (size_t) blockIdx.x * BLOCK + threadIdx.x;
  bool inside = pixel < (size_t) out.height * out.width;
  int y = (int) (pixel / out.width) * conv.stride - conv.padding;
  int x = (int) (pixel % out.width) * conv.stride - conv.padding;
  int ky = 0, kx = 0, i = 0; /* of the row of weights that is next */
  float sums[OUTPUTS];

#pragma unroll
  for (int o = 0; o < OUTPUTS; o++)
    sums[o] = 0;

  for (int first = 0; first < n_rows; first += STAGE) {
    int here = min (STAGE, n_rows - first);

    __syncthreads ();
    for (int k = (int) threadIdx.x; k < STAGE * OUTPUTS; k += BLOCK) {
      int row = k / OUTPUTS, o = first_out + k % OUTPUTS;

      weights[k] = row < here && o < n_out
          ? __ldg (&matrix[(size_t) (first + row) * n_out + o])
          : 0;
    }
    __syncthreads ();

    for (int row = 0; row < here; row += N) {
      int iy = y + ky * conv.dilation, ix = x + kx * conv.dilation;
      float values[N] = {};

      if (inside && iy >= 0 && iy < in.height && ix >= 0 && ix < in.width)
        load_pack (image_of<const TI> (in)
                + ((size_t) iy * in.width + ix) * in.pitch + group * n_in + i,
            values);
#pragma unroll
      for (int k = 0; k < N; k++)
#pragma unroll
        for (int o = 0; o < OUTPUTS; o++)
          sums[o] = fmaf (values[k], weights[(row + k) * OUTPUTS + o], sums[o]);
      i += N;
      if (i == n_in) {
        i = 0;
        if (++kx == conv.kernel_w) {
          kx = 0;
          ky++;
        }
      }
    }
  }
  if (!inside)
    return;

  TO *to = image_of<TO> (out) + pixel * out.pitch + group * n_out;

#pragma unroll
  for (int o = 0; o < OUTPUTS; o++) {
    int channel = first_out + o;

    if (conv.bias != NULL && channel < n_out)
      sums[o] += __ldg (&conv.bias[group * n_out + channel]);
    sums[o] = activate (conv.activation, sums[o]);
    if (!packed && channel < n_out)
      to[channel] = from_float<TO> (sums[o]);
  }
#pragma unroll
  for (int o = 0; o < OUTPUTS; o += PACK) {
    float part[PACK];

#pragma unroll
    for (int k = 0; k < PACK; k++)
      part[k] = sums[o + k];
    if (packed && first_out + o < n_out)
      store_pack (to + first_out + o, part);
  }
}

/*
 * Depthwise: one input and one output a group. A thread makes N channels of
 * one pixel; blocks of 128 threads walk along (column, channels), grid rows
 * and depth are the output's rows and images. No shared memory. Bound by
 * reading inputs through L1. O(output elements x kernel).
 */
template <typename TI, typename TO, int N>
static __global__ void
__launch_bounds__ (BLOCK) convolve_depthwise (
    NucsegCudaConv conv, NucsegCudaTensor in, NucsegCudaTensor out)
{
  int i = (int) (blockIdx.x * BLOCK + threadIdx.x), packs = out.channels / N;
  int x = i / packs, c = i % packs * N, y = (int) blockIdx.y;
  int taps = conv.kernel_h * conv.kernel_w;
  float sums[N] = {};

  if (x >= out.width)
    return;
  for (int ky = 0; ky < conv.kernel_h; ky++)
    for (int kx = 0; kx < conv.kernel_w; kx++) {
      int iy = y * conv.stride - conv.padding + ky * conv.dilation;
      int ix = x * conv.stride - conv.padding + kx * conv.dilation;
      float values[N];

      if (iy < 0 || iy >= in.height || ix < 0 || ix >= in.width)
        continue;
      load_pack (image_of<const TI> (in)
              + ((size_t) iy * in.width + ix) * in.pitch + c,
          values);
#pragma unroll
      for (int k = 0; k < N; k++)
        sums[k] = fmaf (values[k],
            __ldg (&conv.weight[(size_t) (c + k) * taps + ky * conv.kernel_w
                + kx]),
            sums[k]);
    }
#pragma unroll
  for (int k = 0; k < N; k++) {
    if (conv.bias != NULL)
      sums[k] += __ldg (&conv.bias[c + k]);
    sums[k] = activate (conv.activation, sums[k]);
  }
  store_pack (
      image_of<TO> (out) + ((size_t) y * out.width + x) * out.pitch + c, sums);
}

/* --- Launchers ------------------------------------------------------------ */

template <typename TI, typename TO, int N, int OUTPUTS>
static cudaError_t
launch_conv (const NucsegCudaConv *conv, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  const int pack = 16 / (int) sizeof (TO);
  int n_out = conv->out_channels / conv->groups;
  unsigned slices = (unsigned) (n_out + OUTPUTS - 1) / OUTPUTS;

  return launch (convolve<TI, TO, N, OUTPUTS>,
      dim3 (ceil_div ((size_t) out->height * out->width, BLOCK),
          conv->groups * slices, out->batch),
      BLOCK, 0, stream, *conv, *in, *out,
      allows_packs (out, pack) && n_out % pack == 0);
}

template <typename TI, typename TO, int N>
static cudaError_t
launch_outputs (const NucsegCudaConv *conv, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  return conv->out_channels / conv->groups <= FEW
      ? launch_conv<TI, TO, N, FEW> (conv, in, out, stream)
      : launch_conv<TI, TO, N, MANY> (conv, in, out, stream);
}

template <typename TI, typename TO, int N>
static cudaError_t
launch_depthwise (const NucsegCudaConv *conv, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  return launch (convolve_depthwise<TI, TO, N>,
      dim3 (ceil_div ((size_t) out->width * (out->channels / N), BLOCK),
          out->height, out->batch),
      BLOCK, 0, stream, *conv, *in, *out);
}

template <typename TI, typename TO>
static cudaError_t
choose (const NucsegCudaConv *conv, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  int n_in = conv->in_channels / conv->groups;

  if (conv->groups > 1 && n_in == 1 && conv->out_channels == conv->groups)
    return allows_packs (in, 4) && allows_packs (out, 4)
        ? launch_depthwise<TI, TO, 4> (conv, in, out, stream)
        : launch_depthwise<TI, TO, 1> (conv, in, out, stream);
  return allows_packs (in, 4) && n_in % 4 == 0
      ? launch_outputs<TI, TO, 4> (conv, in, out, stream)
      : launch_outputs<TI, TO, 1> (conv, in, out, stream);
}

static int
size_after (int n, int kernel, const NucsegCudaConv *conv)
{
  int reach = n + 2 * conv->padding - conv->dilation * (kernel - 1) - 1;

  return reach < 0 ? 0 : reach / conv->stride + 1;
}

extern "C" cudaError_t
nucseg_cuda_conv (const NucsegCudaConv *conv, const NucsegCudaTensor *in,
    const NucsegCudaTensor *out, cudaStream_t stream)
{
  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (out)
      && (out->type == in->type || out->type == NUCSEG_CUDA_F32));
  NUCSEG_REQUIRE (conv->weight != NULL && conv->kernel_h >= 1
      && conv->kernel_w >= 1 && conv->stride >= 1 && conv->dilation >= 1
      && conv->padding >= 0 && conv->groups >= 1
      && conv->in_channels % conv->groups == 0
      && conv->out_channels % conv->groups == 0 && in->batch == out->batch
      && in->channels == conv->in_channels
      && out->channels == conv->out_channels);
  NUCSEG_REQUIRE (out->height == size_after (in->height, conv->kernel_h, conv)
      && out->width == size_after (in->width, conv->kernel_w, conv));

  if (out->type == in->type)
    NUCSEG_FOR_TYPE (
        in->type, T, NUCSEG_TRY ((choose<T, T> (conv, in, out, stream))));
  else
    NUCSEG_FOR_TYPE (
        in->type, T, NUCSEG_TRY ((choose<T, float> (conv, in, out, stream))));
  return cudaSuccess;
}
