/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * row.h: what the rows of kernels-bench.c share: memory on the device, tensors,
 * comparison with the twin's results, times.
 *
 * What fails is kept in BenchKernels.error, and nothing is done from there on:
 * memory is NULL, rows are left out.
 */
#ifndef NUCSEG_BENCH_KERNELS_ROW_H
#define NUCSEG_BENCH_KERNELS_ROW_H

#include "cuda/graph.h"
#include "cuda/kernels.h"
#include "tests/cuda/cases/frame.h"
#include "tests/cuda/cases/layout.h"
#include "tests/parity/pictures.h"

G_BEGIN_DECLS

typedef struct {
  NucsegCudaDevice *device; /* entered */
  gint side; /* of frames; 0: the small cases */
  NucsegCudaType type; /* of tensors */
  gboolean first; /* of the types: what has no tensors is run with it alone */
  guint n_launches, n_twins; /* how often each is timed */
  gboolean emulated; /* times mean nothing */
  GStrv functions; /* that have rows; NULL: all */
  const gchar *spoiled; /* the function whose result is falsified; or NULL */
  NucsegRandom random;
  GError *error;
  GPtrArray *memory, *host_memory, *heap; /* of the case at hand */
  GString *json;
  guint n_rows;
} BenchKernels;

/* --- Memory of the case at hand ------------------------------------------- */

/* On the device: a copy of @from, or zeros where that is NULL. */
gpointer bench_device (BenchKernels *k, gsize size, gconstpointer from);
/* On the host, zeros, with its address on the device. */
gpointer bench_mapped (BenchKernels *k, gsize size, gpointer *mapped);
/* On the host, zeros. */
gpointer bench_heap (BenchKernels *k, gsize size);
/* What is on the device, in the heap. */
gpointer bench_download (BenchKernels *k, gconstpointer from, gsize size);
/* All of the above, before the next case. */
void bench_forget (BenchKernels *k);

/* Planes of @picture on the device, copied. */
NucsegCudaPlanes bench_planes (BenchKernels *k, const ParityPicture *picture);
/* Bytes of its pixels. */
gsize bench_picture_bytes (const ParityPicture *picture);

/* --- Tensors -------------------------------------------------------------- */

typedef struct {
  NucsegCudaTensor t;
  gfloat *values; /* what is in it at first: dense, on the host */
  gsize n, bytes; /* elements without gaps */
} BenchTensor;

/* Random values in [@low, @high) that the type holds. */
BenchTensor bench_tensor (BenchKernels *k, NucsegCudaType type,
    NucsegShape shape, Layout layout, gfloat low, gfloat high);
gsize bench_count (NucsegShape shape);
/* In place. */
void bench_round (NucsegCudaType type, gfloat *values, gsize n);

/* --- Results -------------------------------------------------------------- */

typedef struct _BenchRow BenchRow;

/* A value may differ by @relative x its size + @absolute. */
void bench_compare_tensor (BenchKernels *k, const BenchRow *row,
    const BenchTensor *tensor, const gfloat *expected, gdouble relative,
    gdouble absolute);
/* @found: on the host */
void bench_compare_bytes (BenchKernels *k, const BenchRow *row,
    const gchar *what, gconstpointer found, gconstpointer expected, gsize size);

/**
 * BenchRow:
 * @function: of cuda/kernels.h or kernels-network.h
 * @name: of the case
 * @type: of tensors, or NULL
 * @bytes: of frames, tensors, labels and records that a step reads and writes
 * @launch: queues the step; repeats of it give the same result
 * @twin: the plain C
 * @check: compares what both gave
 * @data: for all three
 */
struct _BenchRow {
  const gchar *function, *name, *type;
  gsize bytes;
  cudaError_t (*launch) (gpointer data, cudaStream_t stream);
  void (*twin) (gpointer data);
  void (*check) (BenchKernels *k, const BenchRow *row, gpointer data);
  gpointer data;
};

/* Whether the user wants rows of @function. */
gboolean bench_is_wanted (const BenchKernels *k, const gchar *function);
/* Runs, checks, times and prints it, if it is wanted. */
void bench_row (BenchKernels *k, const BenchRow *row);
const gchar *bench_type_name (NucsegCudaType type);
/* As which the reference rounds to @type. */
NucsegPrecision bench_precision (NucsegCudaType type);

/* --- Rows ----------------------------------------------------------------- */

void bench_rows_prepare (BenchKernels *k);
void bench_rows_decode (BenchKernels *k);
void bench_rows_draw (BenchKernels *k);
void bench_rows_transfer (BenchKernels *k);
void bench_rows_network (BenchKernels *k);
void bench_rows_conv (BenchKernels *k);

G_END_DECLS

#endif /* NUCSEG_BENCH_KERNELS_ROW_H */
