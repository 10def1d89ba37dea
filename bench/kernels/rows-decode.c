/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rows-decode.c: nucseg_cuda_decode(). The twin also measures the objects,
 * which the kernels do in a step of its own.
 */
#include "bench/kernels/row.h"

#include "cpu/reference/reference.h"
#include "tests/cuda/cases/decode.h"
#include "tests/parity/maps.h"

typedef struct {
  NucsegCudaDecode decode;
  NucsegParams params;
  const NucsegFrame *frame;
  NucsegRefDecode reference;
  NucsegObjectList objects;
  NucsegResult result;
  gfloat *maps;
  guint16 *expected, *labels; /* host, device */
  gsize n_labels;
} Decode;

static cudaError_t
launch (gpointer data, cudaStream_t stream)
{
  Decode *d = data;

  return nucseg_cuda_decode (&d->decode, stream);
}

static void
twin (gpointer data)
{
  Decode *d = data;

  nucseg_ref_decode_run (&d->reference, d->maps, &d->decode.output, d->frame,
      &d->params, d->expected, (gsize) d->frame->width * sizeof (guint16),
      &d->objects, &d->result, NULL);
}

static void
check (BenchKernels *k, const BenchRow *row, gpointer data)
{
  Decode *d = data;
  const NucsegCudaReply *reply =
      bench_download (k, d->decode.reply, sizeof (NucsegCudaReply));
  const guint32 expected[2] = { d->objects.n, d->result.dropped };

  G_STATIC_ASSERT (G_STRUCT_OFFSET (NucsegCudaReply, dropped)
      == G_STRUCT_OFFSET (NucsegCudaReply, n_objects) + 4);
  bench_compare_bytes (
      k, row, "numbers", &reply->n_objects, expected, sizeof expected);
  bench_compare_bytes (k, row, "labels",
      bench_download (k, d->labels, d->n_labels * sizeof (guint16)),
      d->expected, d->n_labels * sizeof (guint16));
}

static void
run_case (BenchKernels *k, const DecodeCase *c, ParityMaps kind)
{
  const NucsegGeometry g =
      case_geometry (c->width, c->height, c->scale, c->multiple);
  const gsize n_maps = (gsize) g.pad_height * g.pad_width * c->n_maps;
  const gsize n_positions = (gsize) c->width + c->height;
  g_autoptr (ParityPicture) picture = parity_picture_new (
      NUCSEG_FORMAT_GRAY8, c->width, c->height, 0, 0, FALSE);
  g_autofree gchar *name = k->side > 0
      ? g_strdup (c->name)
      : g_strdup_printf ("%s %s", c->name, parity_maps_name (kind));
  Decode d = { .params = decode_params (c), .frame = &picture->frame };
  NucsegCudaRequest request;
  gint *positions = bench_heap (k, n_positions * sizeof (gint));
  BenchRow row = { .function = "nucseg_cuda_decode",
    .name = name,
    .launch = launch,
    .twin = twin,
    .check = check,
    .data = &d };

  if (k->error || !nucseg_ref_decode_init (&d.reference, &g, &k->error))
    return;
  d.n_labels = (gsize) c->width * c->height;
  d.maps = bench_heap (k, n_maps * sizeof (gfloat));
  d.expected = bench_heap (k, d.n_labels * sizeof (guint16));
  d.labels = bench_device (k, d.n_labels * sizeof (guint16), NULL);
  parity_maps_fill (kind, 3, &g, c->n_maps, 16, d.maps);
  nucseg_cuda_label_positions (&g, positions);
  d.decode = (NucsegCudaDecode){ g, decode_output (c),
    bench_device (k, n_maps * sizeof (gfloat), d.maps),
    c->scale == 1 ? NULL
                  : bench_device (k, n_positions * sizeof (gint), positions),
    bench_device (k, nucseg_cuda_decode_workspace (&g), NULL) };
  nucseg_cuda_request_init (&request, &d.params, &d.decode.output, c->scale);
  request.labels = d.labels;
  request.labels_stride = (gsize) c->width * sizeof (guint16);
  d.decode.request = bench_device (k, sizeof request, &request);
  d.decode.reply = bench_device (k, sizeof (NucsegCudaReply), NULL);

  row.bytes = n_maps * sizeof (gfloat) + d.n_labels * sizeof (guint16);
  bench_row (k, &row);
  g_free (d.objects.items);
  nucseg_ref_decode_clear (&d.reference);
  bench_forget (k);
}

void
bench_rows_decode (BenchKernels *k)
{
  if (k->side > 0) {
    for (guint i = 0; i < G_N_ELEMENTS (decode_timed); i++) {
      const DecodeCase c = decode_case_at (&decode_timed[i], k->side);

      run_case (k, &c, PARITY_MAPS_DISCS);
    }
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (decode_cases); i++)
    for (gint kind = 0; kind < PARITY_MAPS_LAST; kind++)
      run_case (k, &decode_cases[i], kind);
}
