/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rows-network.c: the network's operations without weights.
 */
#include "bench/kernels/row.h"

#include "cpu/reference/reference.h"
#include "tests/cuda/cases/network.h"
#include "tests/parity/parity.h"

#include <string.h>

#define BLOCK 2 /* of space_to_depth and depth_to_space */
#define CELLS 4 /* of avg_pool, each way */

static const gchar *const functions[] = { "nucseg_cuda_copy", "nucseg_cuda_add",
  "nucseg_cuda_scale_pool", "nucseg_cuda_max_pool", "nucseg_cuda_avg_pool",
  "nucseg_cuda_upsample", "nucseg_cuda_space_to_depth",
  "nucseg_cuda_depth_to_space" };

typedef struct {
  const NetworkCase *c;
  BenchTensor in, other, out, pooled; /* the last two: where there are such */
  gfloat *weights; /* of SCALE_POOL: host */
  const gfloat *device_weights;
  gfloat *expected, *expected_pooled; /* not rounded */
} Network;

static NucsegShape
shape_of (const BenchTensor *tensor)
{
  return (NucsegShape){ tensor->t.height, tensor->t.width, tensor->t.channels };
}

static cudaError_t
launch (gpointer data, cudaStream_t stream)
{
  Network *n = data;
  const NucsegCudaTensor *in = &n->in.t, *out = &n->out.t;
  const NucsegCudaTensor sum[2] = { n->in.t, n->other.t };

  switch (n->c->operation) {
  case NETWORK_COPY:
    return nucseg_cuda_copy (in, out, stream);
  case NETWORK_ADD:
    return nucseg_cuda_add (2, sum, out, stream);
  case NETWORK_SCALE_POOL:
    return nucseg_cuda_scale_pool (
        in, n->device_weights, out, &n->pooled.t, stream);
  case NETWORK_MAX_POOL:
    return nucseg_cuda_max_pool (2, 2, in, out, stream);
  case NETWORK_AVG_POOL:
    return nucseg_cuda_avg_pool (in, out, stream);
  case NETWORK_UPSAMPLE:
    return nucseg_cuda_upsample (n->c->mode, in, out, stream);
  case NETWORK_SPACE_TO_DEPTH:
    return nucseg_cuda_space_to_depth (BLOCK, in, out, stream);
  default:
    return nucseg_cuda_depth_to_space (BLOCK, in, out, stream);
  }
}

static void
twin (gpointer data)
{
  Network *n = data;
  const gfloat *in = n->in.values;
  const NucsegShape from = shape_of (&n->in), to = shape_of (&n->out);

  switch (n->c->operation) {
  case NETWORK_COPY:
    nucseg_ref_concat (in, from, 0, n->expected, to);
    break;
  case NETWORK_ADD:
    memcpy (n->expected, in, n->in.n * sizeof (gfloat));
    nucseg_ref_add (n->other.values, n->expected, to);
    break;
  case NETWORK_SCALE_POOL:
    nucseg_ref_mul (in, n->weights, n->expected, from);
    /* Rounding keeps the order, so that it may wait until the comparison. */
    nucseg_ref_max_pool (
        2, 2, n->expected, from, n->expected_pooled, shape_of (&n->pooled));
    break;
  case NETWORK_MAX_POOL:
    nucseg_ref_max_pool (2, 2, in, from, n->expected, to);
    break;
  case NETWORK_AVG_POOL:
    nucseg_ref_avg_pool (in, from, n->expected, to);
    break;
  case NETWORK_UPSAMPLE:
    nucseg_ref_upsample (n->c->mode, in, from, n->expected, to);
    break;
  case NETWORK_SPACE_TO_DEPTH:
    nucseg_ref_space_to_depth (BLOCK, in, from, n->expected, to);
    break;
  case NETWORK_DEPTH_TO_SPACE:
    nucseg_ref_depth_to_space (BLOCK, in, from, n->expected, to);
    break;
  }
}

static void
check (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Network *n = data;
  const gboolean average = n->c->operation == NETWORK_AVG_POOL;

  bench_round (n->out.t.type, n->expected, n->out.n);
  bench_compare_tensor (k, row, &n->out, n->expected,
      average ? AVERAGE_RELATIVE : 0, average ? AVERAGE_ABSOLUTE : 0);
  if (!n->expected_pooled)
    return;
  bench_round (n->pooled.t.type, n->expected_pooled, n->pooled.n);
  bench_compare_tensor (k, row, &n->pooled, n->expected_pooled, 0, 0);
}

static NucsegShape
out_shape (const NetworkCase *c)
{
  NucsegShape s = c->in;

  switch (c->operation) {
  case NETWORK_MAX_POOL:
    return (NucsegShape){ s.height / 2, s.width / 2, s.channels };
  case NETWORK_AVG_POOL:
    return (NucsegShape){ CELLS, CELLS, s.channels };
  case NETWORK_UPSAMPLE:
    return (NucsegShape){ 2 * s.height, 2 * s.width, s.channels };
  case NETWORK_SPACE_TO_DEPTH:
    return (NucsegShape){ s.height / BLOCK, s.width / BLOCK,
      s.channels * BLOCK * BLOCK };
  case NETWORK_DEPTH_TO_SPACE:
    return (NucsegShape){ s.height * BLOCK, s.width * BLOCK,
      s.channels / (BLOCK * BLOCK) };
  default:
    return s;
  }
}

static void
run_case (BenchKernels *k, const NetworkCase *c, Layout in_layout)
{
  const Layout dense = DENSE;
  const gboolean average = c->operation == NETWORK_AVG_POOL;
  const NucsegShape to = out_shape (c);
  const NucsegShape half = { c->in.height / 2, c->in.width / 2,
    c->in.channels };
  Network n = { .c = c };
  BenchRow row = { .function = functions[c->operation],
    .name = c->name,
    .type = bench_type_name (k->type),
    .launch = launch,
    .twin = twin,
    .check = check,
    .data = &n };

  if (!bench_is_wanted (k, row.function))
    return;
  n.in = bench_tensor (k, k->type, c->in, in_layout, -2, 2);
  /* Rubbish that the step has to write over. */
  n.out =
      bench_tensor (k, average ? NUCSEG_CUDA_F32 : k->type, to, c->out, 5, 6);
  n.expected = bench_heap (k, n.out.n * sizeof (gfloat));
  row.bytes = n.in.bytes + n.out.bytes;
  if (c->operation == NETWORK_ADD) {
    n.other = bench_tensor (k, k->type, c->in, dense, -2, 2);
    row.bytes += n.other.bytes;
  } else if (c->operation == NETWORK_SCALE_POOL) {
    const gsize size = c->in.channels * sizeof (gfloat);

    n.pooled = bench_tensor (k, k->type, half, dense, 5, 6);
    n.expected_pooled = bench_heap (k, n.pooled.n * sizeof (gfloat));
    n.weights = bench_heap (k, size);
    for (gint i = 0; i < c->in.channels; i++)
      n.weights[i] = parity_uniform (&k->random, 0, 2);
    n.device_weights = bench_device (k, size, n.weights);
    row.bytes += n.pooled.bytes;
  }
  bench_row (k, &row);
  bench_forget (k);
}

/* Whether a small tensor has what the operation asks for. */
static gboolean
fits (NetworkOperation operation, NucsegShape s)
{
  switch (operation) {
  case NETWORK_SCALE_POOL:
  case NETWORK_MAX_POOL:
    return s.height > 1 && s.width > 1;
  case NETWORK_SPACE_TO_DEPTH:
    return s.height % BLOCK == 0 && s.width % BLOCK == 0;
  case NETWORK_DEPTH_TO_SPACE:
    return s.channels % (BLOCK * BLOCK) == 0;
  default:
    return TRUE;
  }
}

static void
run_small (BenchKernels *k, const NetworkShape *s, NetworkOperation operation)
{
  const guint n_modes = operation == NETWORK_UPSAMPLE ? 2 : 1;

  for (guint mode = 0; mode < n_modes && fits (operation, s->shape); mode++) {
    g_autofree gchar *name = g_strdup_printf (
        "%dx%dx%d", s->shape.height, s->shape.width, s->shape.channels);
    const NetworkCase c = { name, operation, s->shape, s->out,
      mode == 0 ? NUCSEG_UPSAMPLE_NEAREST : NUCSEG_UPSAMPLE_BILINEAR };

    run_case (k, &c, s->in);
  }
}

void
bench_rows_network (BenchKernels *k)
{
  if (k->side > 0) {
    for (guint i = 0; i < G_N_ELEMENTS (network_timed); i++) {
      NetworkCase c = network_timed[i];

      c.in = case_shape (c.in, k->side);
      run_case (k, &c, (Layout) DENSE);
    }
    return;
  }
  for (gint operation = NETWORK_COPY; operation <= NETWORK_DEPTH_TO_SPACE;
       operation++)
    for (guint i = 0; i < G_N_ELEMENTS (network_shapes); i++)
      run_small (k, &network_shapes[i], operation);
}
