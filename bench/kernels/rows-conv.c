/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rows-conv.c: nucseg_cuda_conv(), nucseg_cuda_head() and
 * nucseg_cuda_attention().
 */
#include "bench/kernels/row.h"

#include "cpu/reference/reference.h"
#include "tests/cuda/cases/conv.h"
#include "tests/parity/parity.h"

#include <math.h>

/* A convolution with random weights, for both sides. */
typedef struct {
  NucsegConv plain;
  NucsegCudaConv device;
  gfloat *packed;
  gdouble *sums;
} Conv;

typedef struct {
  Conv conv; /* of conv and head */
  gint block; /* of head */
  BenchTensor in, out;
  gfloat *deep; /* what the head's convolution gives */
  gfloat *expected;
} Step;

/* @c: all but the layouts */
static Conv
new_conv (BenchKernels *k, NucsegCudaType type, const ConvCase *c)
{
  const gint n_in = c->in.channels;
  const gsize terms = (gsize) n_in / c->groups * c->kernel_h * c->kernel_w;
  const gsize n = terms * c->out;
  gfloat *weight = bench_heap (k, n * sizeof (gfloat));
  gfloat *bias = bench_heap (k, c->out * sizeof (gfloat));
  gfloat *packed = bench_heap (k, n * sizeof (gfloat));
  Conv conv;

  for (gsize i = 0; i < n; i++)
    weight[i] =
        parity_uniform (&k->random, -1, 1) / sqrtf ((gfloat) terms) * 1.7f;
  for (gint i = 0; i < c->out; i++)
    bias[i] = parity_uniform (&k->random, -1, 1);
  conv.plain = (NucsegConv){ weight, c->bias ? bias : NULL, c->out, n_in,
    c->kernel_h, c->kernel_w, c->stride, c->dilation, c->padding, c->groups,
    c->activation };
  nucseg_cuda_conv_pack (&conv.plain, type, packed);
  conv.device = (NucsegCudaConv){ bench_device (k, n * sizeof (gfloat), packed),
    c->bias ? bench_device (k, c->out * sizeof (gfloat), bias) : NULL, n_in,
    c->out, c->kernel_h, c->kernel_w, c->stride, c->dilation, c->padding,
    c->groups, c->activation };
  conv.packed = bench_heap (k, n * sizeof (gfloat));
  nucseg_ref_conv_pack (&conv.plain, bench_precision (type), conv.packed);
  conv.sums = bench_heap (k, c->out * sizeof (gdouble));
  return conv;
}

static NucsegShape
conv_shape (const NucsegConv *conv, NucsegShape in)
{
  const gint more = 2 * conv->padding - 1;

  return (NucsegShape){
    (in.height + more - conv->dilation * (conv->kernel_h - 1)) / conv->stride
        + 1,
    (in.width + more - conv->dilation * (conv->kernel_w - 1)) / conv->stride
        + 1,
    conv->out_channels,
  };
}

static void
run_twin (Conv *conv, const gfloat *in, NucsegShape shape, gfloat *out)
{
  nucseg_ref_conv (&conv->plain, conv->packed, conv->sums, in, shape, out,
      conv_shape (&conv->plain, shape));
}

static NucsegShape
shape_of (const BenchTensor *tensor)
{
  return (NucsegShape){ tensor->t.height, tensor->t.width, tensor->t.channels };
}

/* --- Convolutions --------------------------------------------------------- */

static cudaError_t
launch_conv (gpointer data, cudaStream_t stream)
{
  Step *s = data;

  return nucseg_cuda_conv (&s->conv.device, &s->in.t, &s->out.t, stream);
}

static void
twin_conv (gpointer data)
{
  Step *s = data;

  run_twin (&s->conv, s->in.values, shape_of (&s->in), s->expected);
}

static void
check_conv (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Step *s = data;

  bench_compare_tensor (
      k, row, &s->out, s->expected, conv_unit (s->out.t.type), CONV_ABSOLUTE);
}

static void
run_conv (BenchKernels *k, const ConvCase *c)
{
  Step s = { .conv = new_conv (k, k->type, c) };
  BenchRow row = { .function = "nucseg_cuda_conv",
    .name = c->name,
    .type = bench_type_name (k->type),
    .launch = launch_conv,
    .twin = twin_conv,
    .check = check_conv,
    .data = &s };

  s.in = bench_tensor (k, k->type, c->in, c->in_layout, -2, 2);
  s.out = bench_tensor (
      k, k->type, conv_shape (&s.conv.plain, c->in), c->out_layout, 5, 6);
  s.expected = bench_heap (k, s.out.n * sizeof (gfloat));
  row.bytes = s.in.bytes + s.out.bytes;
  bench_row (k, &row);
  bench_forget (k);
}

/* --- Heads ---------------------------------------------------------------- */

static cudaError_t
launch_head (gpointer data, cudaStream_t stream)
{
  Step *s = data;

  return nucseg_cuda_head (&s->conv.device, s->block, s->in.t.type, FALSE,
      &s->in.t, &s->out.t, stream);
}

static void
twin_head (gpointer data)
{
  Step *s = data;
  const NucsegShape in = shape_of (&s->in);

  run_twin (&s->conv, s->in.values, in, s->deep);
  nucseg_ref_depth_to_space (s->block, s->deep, conv_shape (&s->conv.plain, in),
      s->expected, shape_of (&s->out));
}

static void
check_head (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Step *s = data;

  bench_round (s->in.t.type, s->expected, s->out.n);
  bench_compare_tensor (
      k, row, &s->out, s->expected, conv_unit (s->in.t.type), HEAD_ABSOLUTE);
}

static void
run_head (BenchKernels *k, const HeadCase *c)
{
  const NucsegShape shape = { c->height, c->width, c->channels };
  const NucsegShape flat = { c->height * c->block, c->width * c->block,
    c->maps };
  const ConvCase conv = { NULL, shape, c->block * c->block * c->maps, 1, 1, 1,
    1, 1, 0, NUCSEG_ACTIVATION_NONE, TRUE };
  g_autofree gchar *name = g_strdup_printf ("%d to %d", c->channels, conv.out);
  Step s = { .conv = new_conv (k, k->type, &conv), .block = c->block };
  BenchRow row = { .function = "nucseg_cuda_head",
    .name = name,
    .type = bench_type_name (k->type),
    .launch = launch_head,
    .twin = twin_head,
    .check = check_head,
    .data = &s };

  s.in = bench_tensor (k, k->type, shape, c->layout, -2, 2);
  s.out = bench_tensor (k, NUCSEG_CUDA_F32, flat, (Layout) DENSE, 5, 6);
  s.expected = bench_heap (k, s.out.n * sizeof (gfloat));
  s.deep = bench_heap (k, s.out.n * sizeof (gfloat));
  row.bytes = s.in.bytes + s.out.bytes;
  bench_row (k, &row);
  bench_forget (k);
}

/* --- Attention ------------------------------------------------------------ */

typedef struct {
  NucsegCudaAttention attention;
  Conv reduce, gate, expand;
  BenchTensor x, lower, own, weights;
  gfloat *pooled, *reduced, *expected_own, *expected_weights;
} Attention;

static cudaError_t
launch_attention (gpointer data, cudaStream_t stream)
{
  Attention *a = data;

  return nucseg_cuda_attention (&a->attention, stream);
}

static void
twin_attention (gpointer data)
{
  Attention *a = data;
  const gint n = a->x.t.channels;
  const NucsegShape cells = { a->attention.rows, a->attention.columns, n };
  const NucsegShape vector = { 1, 1, n };

  nucseg_ref_avg_pool (a->x.values, shape_of (&a->x), a->pooled, cells);
  run_twin (&a->reduce, a->pooled, cells, a->reduced);
  run_twin (&a->gate, a->reduced, vector, a->expected_own);
  if (a->attention.lower)
    run_twin (
        &a->expand, a->lower.values, shape_of (&a->lower), a->expected_weights);
  for (gint i = 0; i < n; i++)
    a->expected_weights[i] = a->expected_own[i]
        + (a->attention.lower ? a->expected_weights[i] : a->expected_own[i]);
}

static void
check_attention (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Attention *a = data;
  const guint zero = 0;

  bench_compare_tensor (k, row, &a->own, a->expected_own, 0, ATTENTION_OWN);
  bench_compare_tensor (
      k, row, &a->weights, a->expected_weights, 0, ATTENTION_WEIGHTS);
  bench_compare_bytes (k, row, "the counter",
      bench_download (k, a->attention.counters, sizeof zero), &zero,
      sizeof zero);
}

static void
run_attention (BenchKernels *k, const AttentionCase *c)
{
  const Layout dense = DENSE;
  const gint n = c->x.channels, n_lower = MAX (c->lower, 1);
  const NucsegShape cells = { c->rows, c->columns, n }, vector = { 1, 1, n };
  const NucsegShape lower = { 1, 1, n_lower };
  const ConvCase reduce = { NULL, cells, n, c->rows, c->columns, n, 1, 1, 0,
    NUCSEG_ACTIVATION_RELU, TRUE };
  const ConvCase gate = { NULL, vector, n, 1, 1, 1, 1, 1, 0,
    NUCSEG_ACTIVATION_SIGMOID, TRUE };
  const ConvCase expand = { NULL, lower, n, 1, 1, 1, 1, 1, 0,
    NUCSEG_ACTIVATION_SIGMOID, TRUE };
  g_autofree gchar *name =
      g_strdup_printf ("%dx%d, %d and %d", c->rows, c->columns, n, c->lower);
  Attention a = { .reduce = new_conv (k, NUCSEG_CUDA_F32, &reduce),
    .gate = new_conv (k, NUCSEG_CUDA_F32, &gate),
    .expand = new_conv (k, NUCSEG_CUDA_F32, &expand) };
  BenchRow row = { .function = "nucseg_cuda_attention",
    .name = name,
    .type = bench_type_name (k->type),
    .launch = launch_attention,
    .twin = twin_attention,
    .check = check_attention,
    .data = &a };

  a.x = bench_tensor (k, k->type, c->x, c->layout, -2, 2);
  a.lower = bench_tensor (k, NUCSEG_CUDA_F32, lower, dense, 0, 1);
  a.own = bench_tensor (k, NUCSEG_CUDA_F32, vector, dense, 5, 6);
  a.weights = bench_tensor (k, NUCSEG_CUDA_F32, vector, dense, 5, 6);
  a.attention = (NucsegCudaAttention){ .x = a.x.t,
    .rows = c->rows,
    .columns = c->columns,
    .reduce = a.reduce.device,
    .gate = a.gate.device,
    .own = a.own.t.data,
    .weights = a.weights.t.data,
    .workspace = bench_device (
        k, nucseg_cuda_attention_workspace (1, c->rows, c->columns, n), NULL),
    .counters = bench_device (k, sizeof (guint), NULL) };
  if (c->lower > 0) {
    a.attention.expand = a.expand.device;
    a.attention.lower = a.lower.t.data;
  }
  a.pooled = bench_heap (k, bench_count (cells) * sizeof (gfloat));
  a.reduced = bench_heap (k, n * sizeof (gfloat));
  a.expected_own = bench_heap (k, n * sizeof (gfloat));
  a.expected_weights = bench_heap (k, n * sizeof (gfloat));
  row.bytes = a.x.bytes + a.own.bytes + a.weights.bytes;
  bench_row (k, &row);
  bench_forget (k);
}

void
bench_rows_conv (BenchKernels *k)
{
  const gint side = k->side;

  if (side > 0) {
    for (guint i = 0; i < G_N_ELEMENTS (conv_timed); i++) {
      ConvCase c = conv_timed[i];

      c.in = case_shape (c.in, side);
      run_conv (k, &c);
    }
    for (guint i = 0; i < G_N_ELEMENTS (head_timed); i++) {
      HeadCase c = head_timed[i];

      c.height = case_length (c.height, side);
      c.width = case_length (c.width, side);
      run_head (k, &c);
    }
    for (guint i = 0; i < G_N_ELEMENTS (attention_timed); i++) {
      AttentionCase c = attention_timed[i];

      c.x = case_shape (c.x, side);
      run_attention (k, &c);
    }
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (conv_cases); i++)
    run_conv (k, &conv_cases[i]);
  for (guint i = 0; i < G_N_ELEMENTS (head_cases); i++)
    run_head (k, &head_cases[i]);
  for (guint i = 0; i < G_N_ELEMENTS (attention_cases); i++)
    run_attention (k, &attention_cases[i]);
}
