/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rows-draw.c: nucseg_cuda_objects() and nucseg_cuda_overlay().
 */
#include "bench/kernels/row.h"

#include "cpu/reference/reference.h"
#include "tests/cuda/cases/draw.h"

/* Of the small cases. */
#define SMALL_SIDE 64

typedef struct {
  NucsegCudaObjects objects;
  NucsegCudaRequest request; /* the device has a copy */
  NucsegFormat shown_format;
  NucsegParams params;
  NucsegCudaReply reply; /* likewise */
  ParityPicture *frame, *shown; /* the second as the twin draws it */
  guint16 *labels, *row; /* host */
  gsize stride;
  NucsegSums *sums;
  NucsegObject *expected;
} Draw;

static cudaError_t
launch_objects (gpointer data, cudaStream_t stream)
{
  Draw *d = data;

  return nucseg_cuda_objects (&d->objects, stream);
}

static void
twin_objects (gpointer data)
{
  Draw *d = data;

  nucseg_ref_objects (&d->frame->frame, d->labels, d->stride,
      d->reply.n_objects, d->row, d->sums, d->expected);
}

static void
check_objects (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Draw *d = data;
  const gsize size = d->reply.n_objects * sizeof (NucsegObject);

  bench_compare_bytes (k, row, "records",
      bench_download (k, d->request.objects, size), d->expected, size);
}

static cudaError_t
launch_overlay (gpointer data, cudaStream_t stream)
{
  Draw *d = data;

  return nucseg_cuda_overlay (&d->objects.picture, d->shown_format,
      d->objects.request, d->objects.reply, stream);
}

static void
twin_overlay (gpointer data)
{
  Draw *d = data;

  nucseg_ref_overlay (&d->frame->frame, &d->params, d->reply.low_level,
      d->reply.high_level, d->labels, d->stride, d->reply.n_objects,
      &d->shown->frame, NULL);
}

static void
check_overlay (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Draw *d = data;

  for (gint i = 0; i < 3; i++)
    if (d->shown->size[i] > 0)
      bench_compare_bytes (k, row, "the picture",
          bench_download (k, d->request.shown.data[i], d->shown->size[i]),
          d->shown->memory[i], d->shown->size[i]);
}

/* Device memory for what @d has on the host. */
static void
upload (BenchKernels *k, Draw *d, const NucsegOutput *output)
{
  const guint n = d->reply.n_objects;

  nucseg_cuda_request_init (&d->request, &d->params, output, 1);
  d->request.frame = bench_planes (k, d->frame);
  d->request.shown = bench_planes (k, d->shown);
  d->request.yuv = d->shown->frame.yuv;
  d->request.labels =
      bench_device (k, d->stride * d->frame->frame.height, d->labels);
  d->request.labels_stride = d->stride;
  d->request.objects = bench_device (k, (n + 1) * sizeof (NucsegObject), NULL);
  d->objects = (NucsegCudaObjects){ case_picture (&d->frame->frame),
    bench_device (k, nucseg_cuda_objects_workspace (), NULL),
    bench_device (k, sizeof d->request, &d->request),
    bench_device (k, sizeof d->reply, &d->reply) };
}

static void
run_case (BenchKernels *k, const DrawTimed *c, const DrawStyle *style)
{
  const NucsegOutput output = { .threshold = 0.5 };
  const gint side = k->side > 0 ? k->side : SMALL_SIDE;
  const gsize n_pixels = (gsize) side * side;
  g_autoptr (ParityPicture) frame =
      parity_picture_new (c->format, side, side, 0, c->bits, FALSE);
  g_autoptr (ParityPicture) shown =
      parity_picture_new (c->shown, side, side, 0, c->bits, FALSE);
  Draw d = { .shown_format = c->shown,
    .params = NUCSEG_PARAMS_INIT,
    .frame = frame,
    .shown = shown,
    .stride = side * sizeof (guint16) };
  const guint top = (1u << nucseg_frame_get_depth (&frame->frame)) - 1;
  BenchRow row = { .name = c->name, .data = &d };

  parity_picture_fill (frame, &k->random, FALSE);
  d.labels = bench_heap (k, n_pixels * sizeof (guint16));
  d.reply = (NucsegCudaReply){ .low_level = top / 9,
    .high_level = top / 3 * 2,
    .n_objects = draw_timed_fill (d.labels, side) };
  d.row = bench_heap (k, side * sizeof (guint16));
  d.sums = bench_heap (k, d.reply.n_objects * sizeof (NucsegSums));
  d.expected = bench_heap (k, d.reply.n_objects * sizeof (NucsegObject));
  d.params.overlay = style->overlay;
  d.params.overlay_alpha = style->alpha;
  d.params.contour_color = style->contour;
  d.params.fill_color = style->fill;
  d.params.draw_count = style->count;
  upload (k, &d, &output);

  row.function = "nucseg_cuda_objects";
  row.bytes = bench_picture_bytes (frame) + n_pixels * sizeof (guint16)
      + d.reply.n_objects * sizeof (NucsegObject);
  row.launch = launch_objects;
  row.twin = twin_objects;
  row.check = check_objects;
  /* Of the frame alone: what is shown makes no difference. */
  if (c->shown == c->format)
    bench_row (k, &row);
  row.function = "nucseg_cuda_overlay";
  row.bytes = bench_picture_bytes (frame) + n_pixels * sizeof (guint16)
      + bench_picture_bytes (shown);
  row.launch = launch_overlay;
  row.twin = twin_overlay;
  row.check = check_overlay;
  bench_row (k, &row);
  bench_forget (k);
}

void
bench_rows_draw (BenchKernels *k)
{
  const guint n_styles = k->side > 0 ? 1 : G_N_ELEMENTS (draw_styles);

  for (guint style = 0; style < n_styles; style++)
    for (guint i = 0; i < G_N_ELEMENTS (draw_timed); i++)
      run_case (k, &draw_timed[i], &draw_styles[style]);
}
