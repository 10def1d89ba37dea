/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * common.cc: see common.h.
 */
#include "common.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <math.h>

const NucsegCudaType all_types[3] = { NUCSEG_CUDA_F32, NUCSEG_CUDA_F16,
  NUCSEG_CUDA_BF16 };
const gint all_batches[2] = { 1, 3 };

const char *
type_name (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? "f32"
      : type == NUCSEG_CUDA_F16  ? "f16"
                                 : "bf16";
}

float
round_to (NucsegCudaType type, float value)
{
  if (type == NUCSEG_CUDA_F16)
    return nucseg_ref_round_f16 (value);
  if (type == NUCSEG_CUDA_BF16)
    return nucseg_ref_round_bf16 (value);
  return value;
}

std::vector<gfloat>
rounded (NucsegCudaType type, std::vector<gfloat> values)
{
  for (gfloat &value : values)
    value = round_to (type, value);
  return values;
}

unsigned
test_seeds (unsigned n)
{
  const char *text = g_getenv ("NUCSEG_TEST_SEEDS");
  guint64 more = 0;

  if (text && !g_ascii_string_to_unsigned (text, 10, 0, 10000, &more, NULL))
    g_error ("NUCSEG_TEST_SEEDS is '%s', expected 0 to 10000", text);
  return n * (1 + (unsigned) more);
}

void
check_cuda (cudaError_t error, const char *what, unsigned seed)
{
  if (error != cudaSuccess)
    g_error ("%s, seed %u: %s", what, seed, cudaGetErrorString (error));
}

NucsegCudaPlanes
planes_of (const NucsegFrame *frame)
{
  NucsegCudaPlanes planes = {};

  for (gint i = 0; i < 3; i++) {
    planes.data[i] = frame->data[i];
    planes.stride[i] = frame->stride[i];
  }
  return planes;
}

/* --- Tensors -------------------------------------------------------------- */

static size_t
element_size (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? 4 : 2;
}

/* The last pixel has no more than its channels: a pitch must not be read
 * beyond. */
static size_t
n_elements (size_t pixels, gint channels, gint pitch, gint before)
{
  return (pixels - 1) * (pitch > 0 ? pitch : channels) + before + channels;
}

Tensor::Tensor (NucsegCudaType type, gint height, gint width, gint channels,
    gint pitch, gint before, gint batch)
    : before_ (before), bytes_ (n_elements ((size_t) batch * height * width,
                                    channels, pitch, before)
                            * element_size (type)),
      dense_ ((size_t) batch * height * width * channels)
{
  t.data = bytes_.get () + before * element_size (type);
  t.type = type;
  t.batch = batch;
  t.height = height;
  t.width = width;
  t.channels = channels;
  t.pitch = pitch > 0 ? pitch : channels;
}

size_t
Tensor::place (gint n, gint y, gint x, gint c) const
{
  return ((((size_t) n * t.height + y) * t.width + x) * t.pitch + c)
      * element_size (t.type);
}

float
Tensor::at (gint n, gint y, gint x, gint c) const
{
  const guint8 *at = (const guint8 *) t.data + place (n, y, x, c);

  if (t.type == NUCSEG_CUDA_F32)
    return *(const float *) at;
  if (t.type == NUCSEG_CUDA_F16)
    return __half2float (*(const __half *) at);
  return __bfloat162float (*(const __nv_bfloat16 *) at);
}

void
Tensor::put (gint n, gint y, gint x, gint c, float value)
{
  guint8 *at = (guint8 *) t.data + place (n, y, x, c);

  if (t.type == NUCSEG_CUDA_F32)
    *(float *) at = value;
  else if (t.type == NUCSEG_CUDA_F16)
    *(__half *) at = __float2half (value);
  else
    *(__nv_bfloat16 *) at = __float2bfloat16 (value);
}

void
Tensor::fill (NucsegRandom *random, float low, float high)
{
  for (gint n = 0; n < t.batch; n++)
    for (gint y = 0; y < t.height; y++)
      for (gint x = 0; x < t.width; x++)
        for (gint c = 0; c < t.channels; c++)
          put (n, y, x, c, parity_uniform (random, low, high));
}

Memory<gfloat> &
Tensor::dense ()
{
  gfloat *out = dense_;

  for (gint n = 0; n < t.batch; n++)
    for (gint y = 0; y < t.height; y++)
      for (gint x = 0; x < t.width; x++)
        for (gint c = 0; c < t.channels; c++)
          *out++ = at (n, y, x, c);
  return dense_;
}

NucsegShape
Tensor::shape () const
{
  return { t.height, t.width, t.channels };
}

void
Tensor::check (const char *what, unsigned seed, const gfloat *expected,
    double relative, double absolute) const
{
  for (gint n = 0; n < t.batch; n++)
    for (gint y = 0; y < t.height; y++)
      for (gint x = 0; x < t.width; x++)
        for (gint c = 0; c < t.channels; c++) {
          double want = *expected++, found = at (n, y, x, c);

          if (isnan (want)
                  ? isnan (found)
                  : fabs (found - want) <= relative * fabs (want) + absolute)
            continue;
          g_error ("%s, seed %u: (image %d, y %d, x %d, c %d) of %dx%dx%dx%d "
                   "%s is %.9g, expected %.9g",
              what, seed, n, y, x, c, t.batch, t.height, t.width, t.channels,
              type_name (t.type), found, want);
        }

  for (size_t i = 0; i < bytes_.size (); i++) {
    size_t element = i / element_size (t.type);

    if (element >= (size_t) before_
        && (element - before_) % t.pitch < (size_t) t.channels)
      continue;
    if (bytes_[i] != 0xcd)
      g_error ("%s, seed %u: byte %zu beside the channels of a tensor has been "
               "written",
          what, seed, i);
  }
}

std::unique_ptr<Tensor>
new_tensor (NucsegCudaType type, NucsegShape shape, Layout layout, gint batch)
{
  return std::unique_ptr<Tensor> (new Tensor (type, shape.height, shape.width,
      shape.channels, shape.channels + layout.pitch, layout.before, batch));
}

size_t
count (NucsegShape shape)
{
  return (size_t) shape.height * shape.width * shape.channels;
}
