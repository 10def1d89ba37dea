/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory.c: memory, pictures and tensors of the case at hand; see row.h.
 */
#include "bench/kernels/row.h"

#include "cpu/reference/reference.h"
#include "cuda/half.h"
#include "tests/parity/parity.h"

#include <math.h>
#include <string.h>

#define PERIOD 65521 /* of a tensor's values; a prime, so that rows differ */

gpointer
bench_device (BenchKernels *k, gsize size, gconstpointer from)
{
  gpointer memory;

  if (k->error)
    return NULL;
  memory = nucseg_cuda_alloc (k->device, size, "a case", &k->error);
  if (!memory)
    return NULL;
  g_ptr_array_add (k->memory, memory);
  /* The caller may change what is behind @from as soon as this returns. */
  if (from)
    nucseg_cuda_finish (k->device,
        nucseg_cuda_upload (k->device, memory, from, size, &k->error),
        &k->error);
  return memory;
}

gpointer
bench_mapped (BenchKernels *k, gsize size, gpointer *mapped)
{
  gpointer memory;

  *mapped = NULL;
  if (k->error)
    return NULL;
  memory =
      nucseg_cuda_alloc_host (k->device, size, "a frame", mapped, &k->error);
  if (memory)
    g_ptr_array_add (k->host_memory, memory);
  return memory;
}

gpointer
bench_heap (BenchKernels *k, gsize size)
{
  gpointer memory = g_malloc0 (MAX (size, 1));

  g_ptr_array_add (k->heap, memory);
  return memory;
}

gpointer
bench_download (BenchKernels *k, gconstpointer from, gsize size)
{
  gpointer memory = bench_heap (k, size);

  if (!k->error)
    nucseg_cuda_finish (k->device,
        nucseg_cuda_download (k->device, memory, from, size, &k->error),
        &k->error);
  return memory;
}

void
bench_forget (BenchKernels *k)
{
  for (guint i = 0; i < k->memory->len; i++)
    nucseg_cuda_free (k->device, g_ptr_array_index (k->memory, i));
  for (guint i = 0; i < k->host_memory->len; i++)
    nucseg_cuda_free_host (k->device, g_ptr_array_index (k->host_memory, i));
  g_ptr_array_set_size (k->memory, 0);
  g_ptr_array_set_size (k->host_memory, 0);
  g_ptr_array_set_size (k->heap, 0); /* frees each */
}

/* --- Pictures ------------------------------------------------------------- */

NucsegCudaPlanes
bench_planes (BenchKernels *k, const ParityPicture *picture)
{
  NucsegCudaPlanes planes = { { NULL } };

  for (gint i = 0; i < 3; i++) {
    if (picture->size[i] == 0)
      continue;
    planes.data[i] = bench_device (k, picture->size[i], picture->memory[i]);
    planes.stride[i] = picture->frame.stride[i];
  }
  return planes;
}

gsize
bench_picture_bytes (const ParityPicture *picture)
{
  gsize bytes = 0;

  for (gint i = 0; i < 3; i++)
    if (picture->size[i] > 0)
      bytes += (gsize) parity_picture_row_bytes (&picture->frame, i)
          * parity_picture_rows (&picture->frame, i);
  return bytes;
}

/* --- Tensors -------------------------------------------------------------- */

gsize
bench_count (NucsegShape shape)
{
  return (gsize) shape.height * shape.width * shape.channels;
}

void
bench_round (NucsegCudaType type, gfloat *values, gsize n)
{
  for (gsize i = 0; i < n; i++)
    values[i] = nucseg_ref_round (bench_precision (type), values[i]);
}

static gsize
element_size (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? sizeof (gfloat) : sizeof (guint16);
}

/* Its place in the device's memory, in elements. */
static gsize
place (const BenchTensor *tensor, Layout layout, gsize i)
{
  const gsize channels = tensor->t.channels;

  return i / channels * tensor->t.pitch + i % channels + layout.before;
}

/* @value, which the type holds, as element @at. */
static void
put (NucsegCudaType type, guint8 *bytes, gsize at, gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  if (type == NUCSEG_CUDA_F32)
    ((guint32 *) bytes)[at] = bits;
  else
    ((guint16 *) bytes)[at] = type == NUCSEG_CUDA_F16
        ? nucseg_half_from_f32 (value)
        : (guint16) (bits >> 16);
}

static gfloat
get (NucsegCudaType type, const guint8 *bytes, gsize at)
{
  guint32 bits;
  gfloat value;

  if (type == NUCSEG_CUDA_F16)
    return nucseg_f32_from_half (((const guint16 *) bytes)[at]);
  bits = type == NUCSEG_CUDA_F32
      ? ((const guint32 *) bytes)[at]
      : (guint32) ((const guint16 *) bytes)[at] << 16;
  memcpy (&value, &bits, sizeof value);
  return value;
}

BenchTensor
bench_tensor (BenchKernels *k, NucsegCudaType type, NucsegShape shape,
    Layout layout, gfloat low, gfloat high)
{
  BenchTensor tensor = { { NULL, type, 1, shape.height, shape.width,
                             shape.channels, shape.channels + layout.pitch },
    NULL, bench_count (shape), 0 };
  const gsize size =
      ((gsize) shape.height * shape.width * tensor.t.pitch + layout.before)
      * element_size (type);
  guint8 *bytes = g_malloc0 (size);

  tensor.bytes = tensor.n * element_size (type);
  tensor.values = bench_heap (k, tensor.n * sizeof (gfloat));
  /* Drawing takes longer than all else; large tensors repeat themselves. */
  for (gsize i = 0; i < tensor.n; i++)
    tensor.values[i] = i < PERIOD ? parity_uniform (&k->random, low, high)
                                  : tensor.values[i - PERIOD];
  bench_round (type, tensor.values, tensor.n);
  for (gsize i = 0; i < tensor.n; i++) {
    put (type, bytes, place (&tensor, layout, i), tensor.values[i]);
  }
  tensor.t.data = bench_device (k, size, bytes);
  if (tensor.t.data)
    tensor.t.data =
        (guint8 *) tensor.t.data + layout.before * element_size (type);
  g_free (bytes);
  return tensor;
}

void
bench_compare_tensor (BenchKernels *k, const BenchRow *row,
    const BenchTensor *tensor, const gfloat *expected, gdouble relative,
    gdouble absolute)
{
  /* Behind the last pixel's channels there may be nothing. */
  const gsize n = place (tensor, (Layout){ 0, 0 }, tensor->n - 1) + 1;
  const guint8 *found =
      bench_download (k, tensor->t.data, n * element_size (tensor->t.type));
  const gboolean spoil = g_strcmp0 (k->spoiled, row->function) == 0;

  for (gsize i = 0; !k->error && i < tensor->n; i++) {
    const gsize at = place (tensor, (Layout){ 0, 0 }, i);
    gfloat value = get (tensor->t.type, found, at);

    if (spoil && i == 0)
      value = value * 2 + 1;
    if (isnan (expected[i]) ? isnan (value)
                            : fabs ((gdouble) value - expected[i])
                <= relative * fabs (expected[i]) + absolute)
      continue;
    g_set_error (&k->error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "element %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
        " is %.9g, the twin's %.9g",
        i, tensor->n, value, expected[i]);
  }
}

void
bench_compare_bytes (BenchKernels *k, const BenchRow *row, const gchar *what,
    gconstpointer found, gconstpointer expected, gsize size)
{
  const guint8 *a = found, *b = expected;
  const gboolean spoil = g_strcmp0 (k->spoiled, row->function) == 0;

  for (gsize i = 0; !k->error && i < size; i++) {
    const guint8 value = a[i] ^ (spoil && i == 0 ? 1 : 0);

    if (value != b[i])
      g_set_error (&k->error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
          "byte %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
          " of %s is %u, the twin's %u",
          i, size, what, value, b[i]);
  }
}
