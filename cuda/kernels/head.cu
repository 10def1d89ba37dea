/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * head.cu: the last 1x1 convolution and the depth_to_space behind it, straight
 * into the f32 maps that the decoder reads, or added to them. Twins:
 * nucseg_ref_conv(), nucseg_ref_depth_to_space() and nucseg_ref_add().
 */
#include "cuda/kernels/activation.cuh"
#include "cuda/kernels/element.cuh"

#define BLOCK 128
#define OUTPUTS 16 /* of a thread at a time */
#define STAGE 64 /* inputs whose weights are in shared memory at a time */

/*
 * A thread takes one pixel: N inputs at a time are loaded once for 16 outputs,
 * whose weights all threads read from shared memory (4 KiB). Output cell
 * (dy block + dx) n + m goes to map m at (y block + dy, x block + dx). Grid: x
 * blocks of 128 pixels of a row, y rows, z images.
 *
 * Bound by writing the maps (12 bytes a pixel for three; reading them first, to
 * add to them, doubles that). O(pixels x inputs x outputs).
 */
template <typename T, int N>
static __global__ void
__launch_bounds__ (BLOCK) head (NucsegCudaConv conv, int block,
    NucsegCudaType round, bool add, NucsegCudaTensor in, NucsegCudaTensor maps)
{
  NUCSEG_SHARED (float, weights, STAGE *OUTPUTS);
  int x = (int) (blockIdx.x * BLOCK + threadIdx.x), y = (int) blockIdx.y;
  int n_in = conv.in_channels, n_out = conv.out_channels;
  const T *pixel =
      image_of<const T> (in) + ((size_t) y * in.width + x) * in.pitch;

  for (int first_out = 0; first_out < n_out; first_out += OUTPUTS) {
    float sums[OUTPUTS];

#pragma unroll
    for (int o = 0; o < OUTPUTS; o++)
      sums[o] = conv.bias != NULL && first_out + o < n_out
          ? __ldg (&conv.bias[first_out + o])
          : 0;
    for (int first = 0; first < n_in; first += STAGE) {
      int here = min (STAGE, n_in - first);

      __syncthreads ();
      for (int k = (int) threadIdx.x; k < STAGE * OUTPUTS; k += BLOCK) {
        int row = k / OUTPUTS, o = first_out + k % OUTPUTS;

        weights[k] = row < here && o < n_out
            ? __ldg (&conv.weight[(size_t) (first + row) * n_out + o])
            : 0;
      }
      __syncthreads ();
      for (int row = 0; row < here && x < in.width; row += N) {
        float values[N];

        load_pack (pixel + first + row, values);
#pragma unroll
        for (int k = 0; k < N; k++)
#pragma unroll
          for (int o = 0; o < OUTPUTS; o++)
            sums[o] =
                fmaf (values[k], weights[(row + k) * OUTPUTS + o], sums[o]);
      }
    }
    if (x >= in.width)
      continue;
#pragma unroll
    for (int o = 0; o < OUTPUTS; o++) {
      int cell = (first_out + o) / maps.channels;
      float value = activate (conv.activation, sums[o]);

      if (first_out + o >= n_out)
        break;
      if (round == NUCSEG_CUDA_F16)
        value = to_float (from_float<__half> (value));
      else if (round == NUCSEG_CUDA_BF16)
        value = to_float (from_float<__nv_bfloat16> (value));
      float *to = image_of<float> (maps)
          + ((size_t) (y * block + cell / block) * maps.width + x * block
                + cell % block)
              * maps.pitch
          + (first_out + o) % maps.channels;
      *to = add ? *to + value : value;
    }
  }
}

template <typename T, int N>
static cudaError_t
launch_head (const NucsegCudaConv *conv, int block, NucsegCudaType round,
    bool add, const NucsegCudaTensor *in, const NucsegCudaTensor *maps,
    cudaStream_t stream)
{
  return launch (head<T, N>,
      dim3 (ceil_div (in->width, BLOCK), in->height, in->batch), BLOCK, 0,
      stream, *conv, block, round, add, *in, *maps);
}

extern "C" cudaError_t
nucseg_cuda_head (const NucsegCudaConv *conv, gint block, NucsegCudaType round,
    gboolean add, const NucsegCudaTensor *in, const NucsegCudaTensor *maps,
    cudaStream_t stream)
{
  NUCSEG_REQUIRE (is_tensor (in) && is_tensor (maps)
      && maps->type == NUCSEG_CUDA_F32 && block >= 1 && block <= 8
      && maps->batch == in->batch && maps->height == in->height * block
      && maps->width == in->width * block);
  NUCSEG_REQUIRE (conv->weight != NULL && conv->kernel_h == 1
      && conv->kernel_w == 1 && conv->stride == 1 && conv->padding == 0
      && conv->groups == 1 && conv->in_channels == in->channels
      && conv->out_channels == maps->channels * block * block);
  NUCSEG_FOR_TYPE (in->type, T,
                   if (allows_packs (in, 16 / sizeof (T)))
                       NUCSEG_TRY ((launch_head<T, 16 / sizeof (T)> (
                           conv, block, round, add != 0, in, maps, stream)));
                   else NUCSEG_TRY ((launch_head<T, 1> (
                       conv, block, round, add != 0, in, maps, stream))));
  return cudaSuccess;
}
