/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cudnn.c: a convolution as a graph of cuDNN operations:
 *
 *   [x * s ->] convolution -> + bias -> [ReLU | sigmoid]
 *
 * What lies between operations is virtual: never in memory. In f16 a ReLU with
 * bounds keeps products and results within what f16 holds.
 */
#include "cuda/cudnn-private.h"
#include "cuda/half.h"

#include <stdbool.h>
#include <string.h>

static gboolean
describe_device (NucsegCudnn *cudnn, const gchar *description, GError **error)
{
  NucsegCudnnMaker maker;
  gboolean ok;

  nucseg_cudnn_maker_init (&maker, cudnn->library);
  cudnn->device =
      nucseg_cudnn_make (&maker, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  if (description)
    nucseg_cudnn_set (&maker, cudnn->device,
        CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
        (gint64) strlen (description), description);
  else
    nucseg_cudnn_set (&maker, cudnn->device, CUDNN_ATTR_DEVICEPROP_HANDLE,
        CUDNN_TYPE_HANDLE, 1, &cudnn->handle);
  nucseg_cudnn_finalize (&maker, cudnn->device, "describing the GPU");
  ok = nucseg_cudnn_maker_check (&maker, NUCSEG_ERROR_DEVICE, error);
  /* It stays: nucseg_cudnn_free() destroys it. */
  g_ptr_array_set_size (maker.owned, 0);
  nucseg_cudnn_maker_clear (&maker);
  return ok;
}

NucsegCudnn *
nucseg_cudnn_new (const gchar *description, GError **error)
{
  const NucsegCudnnLibrary *library = nucseg_cudnn_library_get (error);
  NucsegCudnn *cudnn;
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;

  if (!library)
    return NULL;
  cudnn = g_new0 (NucsegCudnn, 1);
  cudnn->library = library;
  if (!description)
    status = library->cudnnCreate (&cudnn->handle);
  if (status != CUDNN_STATUS_SUCCESS) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "cuDNN doesn't start: %s", library->cudnnGetErrorString (status));
    nucseg_cudnn_free (cudnn);
    return NULL;
  }
  if (!describe_device (cudnn, description, error)) {
    nucseg_cudnn_free (cudnn);
    return NULL;
  }
  return cudnn;
}

void
nucseg_cudnn_free (NucsegCudnn *cudnn)
{
  if (!cudnn)
    return;
  if (cudnn->device)
    cudnn->library->cudnnBackendDestroyDescriptor (cudnn->device);
  if (cudnn->handle)
    cudnn->library->cudnnDestroy (cudnn->handle);
  g_free (cudnn);
}

void
nucseg_cudnn_forget_stream (NucsegCudnn *cudnn)
{
  if (cudnn->handle)
    cudnn->library->cudnnSetStream (cudnn->handle, NULL);
}

guint
nucseg_cudnn_get_version (const NucsegCudnn *cudnn)
{
  return (guint) cudnn->library->cudnnGetVersion ();
}

/* --- The graph of a convolution ------------------------------------------- */

static cudnnDataType_t
data_type (NucsegCudaType type)
{
  switch (type) {
  case NUCSEG_CUDA_F16:
    return CUDNN_DATA_HALF;
  case NUCSEG_CUDA_BF16:
    return CUDNN_DATA_BFLOAT16;
  default:
    return CUDNN_DATA_FLOAT;
  }
}

/* Ids from here on are tensors between two operations. */
#define FIRST_VIRTUAL 100

/* n x c x h x w in NHWC, @pitch elements from one pixel to the next. */
static cudnnBackendDescriptor_t
make_pitched (NucsegCudnnMaker *maker, gint64 id, cudnnDataType_t type,
    gint64 n, gint64 c, gint64 h, gint64 w, gint64 pitch)
{
  cudnnBackendDescriptor_t tensor =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  const gint64 sizes[] = { n, c, h, w };
  const gint64 strides[] = { pitch * h * w, 1, w * pitch, pitch };
  const bool is_virtual = id >= FIRST_VIRTUAL;

  nucseg_cudnn_set (maker, tensor, CUDNN_ATTR_TENSOR_DATA_TYPE,
      CUDNN_TYPE_DATA_TYPE, 1, &type);
  nucseg_cudnn_set (
      maker, tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, sizes);
  nucseg_cudnn_set (
      maker, tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
  nucseg_cudnn_set_int (maker, tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 16);
  nucseg_cudnn_set_int (maker, tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  nucseg_cudnn_set (maker, tensor, CUDNN_ATTR_TENSOR_IS_VIRTUAL,
      CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
  nucseg_cudnn_finalize (maker, tensor, "a tensor");
  return tensor;
}

static cudnnBackendDescriptor_t
make_tensor (NucsegCudnnMaker *maker, gint64 id, cudnnDataType_t type, gint64 n,
    gint64 c, gint64 h, gint64 w)
{
  return make_pitched (maker, id, type, n, c, h, w, c);
}

/* What a ReLU cuts its input to. */
typedef struct {
  gdouble low, high;
} Bounds;

static void
set_bounds (NucsegCudnnMaker *maker, cudnnBackendDescriptor_t pointwise,
    const Bounds *bounds)
{
  nucseg_cudnn_set (maker, pointwise, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP,
      CUDNN_TYPE_DOUBLE, 1, &bounds->low);
  nucseg_cudnn_set (maker, pointwise, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP,
      CUDNN_TYPE_DOUBLE, 1, &bounds->high);
}

/* y = mode (x, b); @bounds (nullable): of a ReLU; b may be NULL. */
static cudnnBackendDescriptor_t
make_pointwise (NucsegCudnnMaker *maker, cudnnPointwiseMode_t mode,
    const Bounds *bounds, cudnnBackendDescriptor_t x,
    cudnnBackendDescriptor_t b, cudnnBackendDescriptor_t y)
{
  const cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
  cudnnBackendDescriptor_t pointwise =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  cudnnBackendDescriptor_t operation;

  nucseg_cudnn_set (maker, pointwise, CUDNN_ATTR_POINTWISE_MODE,
      CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
  nucseg_cudnn_set (maker, pointwise, CUDNN_ATTR_POINTWISE_MATH_PREC,
      CUDNN_TYPE_DATA_TYPE, 1, &f32);
  if (bounds)
    set_bounds (maker, pointwise, bounds);
  nucseg_cudnn_finalize (maker, pointwise, "a pointwise operation");

  operation =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  nucseg_cudnn_set_descriptor (maker, operation,
      CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise);
  nucseg_cudnn_set_descriptor (
      maker, operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (b)
    nucseg_cudnn_set_descriptor (
        maker, operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
  nucseg_cudnn_set_descriptor (
      maker, operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  nucseg_cudnn_finalize (maker, operation, "a pointwise operation");
  return operation;
}

static cudnnBackendDescriptor_t
make_convolution (NucsegCudnnMaker *maker, const NucsegCudnnSpec *spec,
    cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t w,
    cudnnBackendDescriptor_t y)
{
  const cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const gint64 padding[] = { spec->padding, spec->padding };
  const gint64 dilation[] = { spec->dilation, spec->dilation };
  const gint64 stride[] = { spec->stride, spec->stride };
  const gfloat one = 1, zero = 0;
  cudnnBackendDescriptor_t conv =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  cudnnBackendDescriptor_t operation;

  nucseg_cudnn_set (maker, conv, CUDNN_ATTR_CONVOLUTION_COMP_TYPE,
      CUDNN_TYPE_DATA_TYPE, 1, &f32);
  nucseg_cudnn_set (maker, conv, CUDNN_ATTR_CONVOLUTION_CONV_MODE,
      CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  nucseg_cudnn_set (maker, conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS,
      CUDNN_TYPE_INT64, 2, padding);
  nucseg_cudnn_set (maker, conv, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS,
      CUDNN_TYPE_INT64, 2, padding);
  nucseg_cudnn_set (maker, conv, CUDNN_ATTR_CONVOLUTION_DILATIONS,
      CUDNN_TYPE_INT64, 2, dilation);
  nucseg_cudnn_set (maker, conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES,
      CUDNN_TYPE_INT64, 2, stride);
  nucseg_cudnn_set_int (maker, conv, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2);
  nucseg_cudnn_finalize (maker, conv, "a convolution");

  operation = nucseg_cudnn_make (
      maker, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
  nucseg_cudnn_set_descriptor (maker, operation,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, conv);
  nucseg_cudnn_set_descriptor (
      maker, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
  nucseg_cudnn_set_descriptor (
      maker, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w);
  nucseg_cudnn_set_descriptor (
      maker, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y);
  nucseg_cudnn_set (maker, operation,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1,
      &one);
  nucseg_cudnn_set (maker, operation,
      CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1,
      &zero);
  nucseg_cudnn_finalize (maker, operation, "a convolution");
  return operation;
}

static gint64
out_size (const NucsegCudnnSpec *spec, gint size, gint kernel)
{
  return (size + 2 * spec->padding - spec->dilation * (kernel - 1) - 1)
      / spec->stride
      + 1;
}

/* x in which each value of a channel is multiplied by the channel's weight,
 * rounded to the type. Adds operations; *@id: the next virtual tensor. */
static cudnnBackendDescriptor_t
add_scale (NucsegCudnnMaker *maker, const NucsegCudnnSpec *spec,
    cudnnBackendDescriptor_t x, gint64 *id,
    cudnnBackendDescriptor_t *operations, gint64 *n)
{
  static const Bounds f16 = { -NUCSEG_HALF_MAX, NUCSEG_HALF_MAX };
  const cudnnDataType_t type = data_type (spec->type);
  const cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
  const gboolean bounded = spec->type == NUCSEG_CUDA_F16;
  cudnnBackendDescriptor_t scale = make_tensor (
      maker, NUCSEG_CUDNN_S, f32, spec->batch, spec->in_channels, 1, 1);
  cudnnBackendDescriptor_t product =
      make_tensor (maker, (*id)++, bounded ? f32 : type, spec->batch,
          spec->in_channels, spec->height, spec->width);
  cudnnBackendDescriptor_t rounded;

  operations[(*n)++] =
      make_pointwise (maker, CUDNN_POINTWISE_MUL, NULL, x, scale, product);
  if (!bounded)
    return product;
  rounded = make_tensor (maker, (*id)++, type, spec->batch, spec->in_channels,
      spec->height, spec->width);
  operations[(*n)++] = make_pointwise (
      maker, CUDNN_POINTWISE_RELU_FWD, &f16, product, NULL, rounded);
  return rounded;
}

/* The activation as an operation from @x to @y; f16's bounds are one where
 * there is none. */
static cudnnBackendDescriptor_t
make_activation (NucsegCudnnMaker *maker, const NucsegCudnnSpec *spec,
    cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t y)
{
  const gboolean relu = spec->activation == NUCSEG_ACTIVATION_RELU;
  const Bounds f16 = { relu ? 0 : -NUCSEG_HALF_MAX, NUCSEG_HALF_MAX };

  if (spec->activation == NUCSEG_ACTIVATION_SIGMOID)
    return make_pointwise (
        maker, CUDNN_POINTWISE_SIGMOID_FWD, NULL, x, NULL, y);
  return make_pointwise (maker, CUDNN_POINTWISE_RELU_FWD,
      spec->type == NUCSEG_CUDA_F16 ? &f16 : NULL, x, NULL, y);
}

cudnnBackendDescriptor_t
nucseg_cudnn_make_graph (NucsegCudnnMaker *maker, const NucsegCudnnSpec *spec)
{
  const cudnnDataType_t type = data_type (spec->type);
  const cudnnDataType_t f32 = CUDNN_DATA_FLOAT;
  const gint64 h = out_size (spec, spec->height, spec->kernel_h);
  const gint64 w = out_size (spec, spec->width, spec->kernel_w);
  const gint64 n_in = spec->in_channels, n_out = spec->out_channels;
  const gint64 images = spec->batch;
  const gboolean active = spec->activation != NUCSEG_ACTIVATION_NONE
      || spec->type == NUCSEG_CUDA_F16;
  gint64 between = FIRST_VIRTUAL;
  cudnnBackendDescriptor_t operations[5], x, y, weight, sum, bias, biased;
  cudnnBackendDescriptor_t graph;
  gint64 n = 0;

  x = make_tensor (
      maker, NUCSEG_CUDNN_X, type, images, n_in, spec->height, spec->width);
  if (spec->scaled)
    x = add_scale (maker, spec, x, &between, operations, &n);
  weight = make_tensor (
      maker, NUCSEG_CUDNN_W, type, n_out, n_in, spec->kernel_h, spec->kernel_w);
  sum = make_tensor (maker, between++, f32, images, n_out, h, w);
  operations[n++] = make_convolution (maker, spec, x, weight, sum);
  bias = make_tensor (maker, NUCSEG_CUDNN_B, f32, 1, n_out, 1, 1);
  y = make_pitched (
      maker, NUCSEG_CUDNN_Y, type, images, n_out, h, w, spec->out_pitch);
  biased =
      active ? make_tensor (maker, between++, f32, images, n_out, h, w) : y;
  operations[n++] =
      make_pointwise (maker, CUDNN_POINTWISE_ADD, NULL, sum, bias, biased);
  if (active)
    operations[n++] = make_activation (maker, spec, biased, y);

  graph = nucseg_cudnn_make (maker, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  nucseg_cudnn_set (maker, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS,
      CUDNN_TYPE_BACKEND_DESCRIPTOR, n, operations);
  nucseg_cudnn_finalize (maker, graph, "a graph of operations");
  return graph;
}
