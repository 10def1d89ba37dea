/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rows-prepare.c: nucseg_cuda_limits() and nucseg_cuda_fill().
 */
#include "bench/kernels/row.h"

#include "cpu/reference/reference.h"
#include "tests/cuda/cases/prepare.h"

#include <string.h>

typedef struct {
  NucsegCudaPrepare prepare;
  NucsegInput input;
  NucsegParams params;
  const NucsegFrame *frame;
  NucsegRefPrepare reference;
  BenchTensor out;
  gfloat *plain, *deep; /* the reference's, before and after space_to_depth */
} Prepare;

static cudaError_t
launch_limits (gpointer data, cudaStream_t stream)
{
  Prepare *p = data;

  return nucseg_cuda_limits (&p->prepare, stream);
}

static void
twin_limits (gpointer data)
{
  Prepare *p = data;

  nucseg_ref_prepare_limits (
      &p->reference, p->frame, &p->input, &p->params, NULL);
}

static void
check_limits (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Prepare *p = data;
  const NucsegLimits *limits = &p->reference.limits;
  const NucsegCudaReply *reply =
      bench_download (k, p->prepare.reply, sizeof (NucsegCudaReply));
  const guint32 expected[3] = { limits->low_level, limits->high_level,
    limits->inverted };

  G_STATIC_ASSERT (G_STRUCT_OFFSET (NucsegCudaReply, low_level) == 0);
  G_STATIC_ASSERT (G_STRUCT_OFFSET (NucsegCudaReply, inverted) == 8);
  bench_compare_bytes (k, row, "levels", reply, expected, sizeof expected);
}

static cudaError_t
launch_fill (gpointer data, cudaStream_t stream)
{
  Prepare *p = data;

  return nucseg_cuda_fill (&p->prepare, stream);
}

static NucsegShape
deep_shape (const Prepare *p)
{
  const gint block = p->prepare.block;

  return (NucsegShape){ p->out.t.height, p->out.t.width, block * block };
}

static void
twin_fill (gpointer data)
{
  Prepare *p = data;
  const NucsegGeometry *g = &p->reference.geometry;
  const NucsegShape plain = { g->pad_height, g->pad_width, 1 };

  nucseg_ref_prepare_fill (&p->reference, p->frame, p->plain);
  nucseg_ref_space_to_depth (
      p->prepare.block, p->plain, plain, p->deep, deep_shape (p));
}

static void
check_fill (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Prepare *p = data;
  const gboolean exact =
      p->reference.across->identity && p->reference.down->identity;
  const gint channels = p->out.t.channels, filled = deep_shape (p).channels;
  gfloat *expected = bench_heap (k, p->out.n * sizeof (gfloat));

  for (gsize i = 0; i < p->out.n; i++)
    if ((gint) (i % channels) < filled)
      expected[i] = p->deep[i / channels * filled + i % channels];
  bench_round (p->out.t.type, expected, p->out.n);
  bench_compare_tensor (k, row, &p->out, expected,
      exact || p->out.t.type == NUCSEG_CUDA_F32 ? 0
          : p->out.t.type == NUCSEG_CUDA_F16    ? 0x1p-10
                                                : 0x1p-7,
      exact ? 0 : PREPARE_FILTERED);
}

static NucsegCudaFilter
upload_filter (BenchKernels *k, const NucsegFilter *filter)
{
  const gsize size = nucseg_cuda_filter_size (filter);
  gpointer bytes = bench_heap (k, size);
  NucsegCudaFilter packed = nucseg_cuda_filter_pack (filter, bytes, NULL);
  const guint8 *device = bench_device (k, size, bytes);

  /* Addresses are counted from the start of the block. */
  return device ? nucseg_cuda_filter_pack (filter, bytes, device) : packed;
}

static NucsegParams
params_of (const PrepareCase *c)
{
  NucsegParams params = NUCSEG_PARAMS_INIT;

  params.polarity = c->polarity;
  if (c->fixed) {
    params.normalization = NUCSEG_NORMALIZATION_FIXED;
    params.black_level = 20;
    params.white_level = 111;
  }
  return params;
}

/* What fill needs on both sides. */
static void
find_limits (BenchKernels *k, Prepare *p)
{
  twin_limits (p);
  if (!k->error)
    nucseg_cuda_check (
        launch_limits (p, nucseg_cuda_device_get_stream (k->device)),
        "nucseg_cuda_limits", &k->error);
}

static void
run_case (BenchKernels *k, const PrepareCase *c)
{
  g_autoptr (ParityPicture) picture = parity_picture_new (
      c->format, c->width, c->height, c->padding, c->bits, c->msb_aligned);
  const NucsegGeometry g =
      case_geometry (c->width, c->height, c->scale, c->multiple);
  const NucsegShape shape = { g.pad_height / c->block, g.pad_width / c->block,
    MAX (c->channels, c->block * c->block) };
  const gsize n = (gsize) g.pad_height * g.pad_width;
  const NucsegOutput output = { .threshold = 0.5 };
  Prepare p = { .input = prepare_input (c),
    .params = params_of (c),
    .frame = &picture->frame };
  NucsegCudaRequest request;
  BenchRow row = { .name = c->name,
    .bytes = bench_picture_bytes (picture),
    .launch = launch_limits,
    .twin = twin_limits,
    .check = check_limits,
    .data = &p };

  parity_picture_fill (picture, &k->random, c->dark);
  if (k->error
      || !nucseg_ref_prepare_init (&p.reference, &g, &p.input, &k->error))
    return;
  p.out = bench_tensor (k, k->type, shape, (Layout) DENSE, 0, 1);
  p.plain = bench_heap (k, n * sizeof (gfloat));
  p.deep = bench_heap (k, n * sizeof (gfloat));
  nucseg_cuda_request_init (&request, &p.params, &output, c->scale);
  request.frame = bench_planes (k, picture);
  p.prepare = (NucsegCudaPrepare){ case_picture (p.frame), p.input,
    upload_filter (k, p.reference.across), upload_filter (k, p.reference.down),
    c->block, p.out.t,
    bench_device (k,
        nucseg_cuda_prepare_workspace (nucseg_frame_get_depth (p.frame)), NULL),
    bench_device (k, sizeof request, &request),
    bench_device (k, sizeof (NucsegCudaReply), NULL) };

  row.function = "nucseg_cuda_limits";
  if (k->first && bench_is_wanted (k, row.function))
    bench_row (k, &row);
  else
    find_limits (k, &p);
  /* With the table that limits left in the workspace. */
  row.function = "nucseg_cuda_fill";
  row.type = bench_type_name (k->type);
  row.bytes += p.out.bytes;
  row.launch = launch_fill;
  row.twin = twin_fill;
  row.check = check_fill;
  bench_row (k, &row);
  nucseg_ref_prepare_clear (&p.reference);
  bench_forget (k);
}

void
bench_rows_prepare (BenchKernels *k)
{
  if (k->side > 0) {
    for (guint i = 0; i < G_N_ELEMENTS (prepare_timed); i++) {
      const PrepareCase c = prepare_case_at (&prepare_timed[i], k->side);

      run_case (k, &c);
    }
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (prepare_cases); i++)
    run_case (k, &prepare_cases[i]);
}
