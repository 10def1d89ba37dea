/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rows-transfer.c: nucseg_cuda_fetch(), nucseg_cuda_deliver() and
 * nucseg_cuda_deliver_labels(): between page-locked memory of the host and the
 * device's. The twin copies in the host's memory.
 */
#include "bench/kernels/row.h"

#include "cuda/picture.h"
#include "tests/cuda/cases/transfer.h"

#include <string.h>

typedef struct {
  NucsegCudaLayout layout;
  NucsegCudaExtent extent;
  const NucsegCudaRequest *request; /* device */
  const NucsegCudaReply *reply;
  gpointer block; /* device: the frame, or labels */
  guint8 *expected; /* host: what fetch leaves there */
  NucsegFrame from, to; /* host, mapped */
  guint8 *delivered; /* the twin's `to` */
  gint width, height;
  guint16 *labels, *mapped_labels; /* host; mapped */
} Transfer;

static cudaError_t
launch_fetch (gpointer data, cudaStream_t stream)
{
  Transfer *t = data;

  return nucseg_cuda_fetch (&t->extent, t->request, stream);
}

static void
twin_fetch (gpointer data)
{
  Transfer *t = data;

  nucseg_cuda_layout_pack (&t->layout, &t->from, t->expected);
}

static void
check_fetch (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Transfer *t = data;

  bench_compare_bytes (k, row, "the frame",
      bench_download (k, t->block, t->layout.size), t->expected,
      t->layout.size);
}

static cudaError_t
launch_deliver (gpointer data, cudaStream_t stream)
{
  Transfer *t = data;

  return nucseg_cuda_deliver (&t->extent, t->request, stream);
}

static gsize
frame_bytes (const Transfer *t)
{
  gsize bytes = 0;

  for (guint i = 0; i < t->layout.n_planes; i++)
    bytes += (gsize) t->layout.row_bytes[i] * t->layout.rows[i];
  return bytes;
}

/* @frame's planes from @block on, without gaps. */
static void
place_planes (const Transfer *t, NucsegFrame *frame, guint8 *block)
{
  for (guint i = 0; i < t->layout.n_planes; i++) {
    frame->data[i] = block;
    frame->stride[i] = t->layout.row_bytes[i];
    block += (gsize) t->layout.row_bytes[i] * t->layout.rows[i];
  }
}

static void
twin_deliver (gpointer data)
{
  Transfer *t = data;
  NucsegFrame frame = t->to;

  place_planes (t, &frame, t->delivered);
  nucseg_cuda_layout_unpack (&t->layout, t->expected, &frame);
}

static void
check_deliver (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Transfer *t = data;

  if (!nucseg_cuda_wait (k->device, &k->error))
    return;
  bench_compare_bytes (
      k, row, "the frame", t->to.data[0], t->delivered, frame_bytes (t));
}

static NucsegCudaPlanes
planes_of (const NucsegFrame *frame, gpointer mapped)
{
  NucsegCudaPlanes planes = { { NULL } };

  for (gint i = 0; i < 3; i++)
    if (frame->data[i]) {
      planes.data[i] = (guint8 *) mapped + (frame->data[i] - frame->data[0]);
      planes.stride[i] = frame->stride[i];
    }
  return planes;
}

static void
run_frame (BenchKernels *k, NucsegFormat format, gint width, gint height)
{
  Transfer t = { .layout = nucseg_cuda_layout (format, width, height) };
  NucsegCudaRequest request = { 0 };
  gpointer mapped_from, mapped_to;
  guint8 *from, *to;
  BenchRow row = { .name = nucseg_format_name (format),
    .function = "nucseg_cuda_fetch",
    .bytes = 2 * frame_bytes (&t),
    .launch = launch_fetch,
    .twin = twin_fetch,
    .check = check_fetch,
    .data = &t };

  t.extent = nucseg_cuda_layout_extent (&t.layout);
  from = bench_mapped (k, frame_bytes (&t), &mapped_from);
  to = bench_mapped (k, frame_bytes (&t), &mapped_to);
  if (k->error)
    return;
  for (gsize i = 0; i < frame_bytes (&t); i++)
    from[i] = (guint8) nucseg_random_below (&k->random, 256);
  place_planes (&t, &t.from, from);
  place_planes (&t, &t.to, to);
  t.block = bench_device (k, t.layout.size, NULL);
  t.expected = bench_heap (k, t.layout.size);
  t.delivered = bench_heap (k, frame_bytes (&t));
  request.mapped_frame = planes_of (&t.from, mapped_from);
  request.mapped_shown = planes_of (&t.to, mapped_to);
  request.frame = request.shown =
      nucseg_cuda_layout_planes (&t.layout, t.block);
  t.request = bench_device (k, sizeof request, &request);

  bench_row (k, &row);
  /* What was fetched. */
  row.function = "nucseg_cuda_deliver";
  row.launch = launch_deliver;
  row.twin = twin_deliver;
  row.check = check_deliver;
  bench_row (k, &row);
  bench_forget (k);
}

/* --- Labels --------------------------------------------------------------- */

static cudaError_t
launch_labels (gpointer data, cudaStream_t stream)
{
  Transfer *t = data;

  return nucseg_cuda_deliver_labels (
      t->width, t->height, t->request, t->reply, stream);
}

static gsize
labels_bytes (const Transfer *t)
{
  return (gsize) t->width * t->height * sizeof (guint16);
}

static void
twin_labels (gpointer data)
{
  Transfer *t = data;

  memcpy (t->expected, t->labels, labels_bytes (t));
}

static void
check_labels (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Transfer *t = data;

  if (!nucseg_cuda_wait (k->device, &k->error))
    return;
  bench_compare_bytes (
      k, row, "the labels", t->mapped_labels, t->expected, labels_bytes (t));
}

static void
run_labels (BenchKernels *k, gint width, gint height)
{
  const NucsegCudaReply reply = { 1, 2, 0, 4, 5 };
  Transfer t = { .width = width, .height = height };
  NucsegCudaRequest request = { 0 };
  gpointer labels, mapped_reply;
  BenchRow row = { .function = "nucseg_cuda_deliver_labels",
    .name = "labels",
    .bytes = 2 * labels_bytes (&t),
    .launch = launch_labels,
    .twin = twin_labels,
    .check = check_labels,
    .data = &t };

  t.labels = bench_heap (k, labels_bytes (&t));
  t.expected = bench_heap (k, labels_bytes (&t));
  t.mapped_labels = bench_mapped (k, labels_bytes (&t), &labels);
  bench_mapped (k, sizeof reply, &mapped_reply);
  for (gsize i = 0; i < (gsize) width * height; i++)
    t.labels[i] = (guint16) nucseg_random_below (&k->random, 65536);
  request.labels = bench_device (k, labels_bytes (&t), t.labels);
  request.mapped_labels = labels;
  request.labels_stride = request.mapped_labels_stride =
      width * sizeof (guint16);
  request.mapped_reply = mapped_reply;
  t.request = bench_device (k, sizeof request, &request);
  t.reply = bench_device (k, sizeof reply, &reply);
  bench_row (k, &row);
  bench_forget (k);
}

void
bench_rows_transfer (BenchKernels *k)
{
  if (k->side > 0) {
    for (guint i = 0; i < G_N_ELEMENTS (transfer_timed); i++)
      run_frame (k, transfer_timed[i], k->side, k->side);
    run_labels (k, k->side, k->side);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (transfer_sizes); i++)
    for (gint format = 0; format < NUCSEG_FORMAT_LAST; format++)
      run_frame (k, format, transfer_sizes[i].width, transfer_sizes[i].height);
  for (guint i = 0; i < G_N_ELEMENTS (transfer_labels); i++)
    run_labels (k, transfer_labels[i].width, transfer_labels[i].height);
}
