/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.h: what a planned network executes, one after the other. network.c
 * makes steps out of the graph's nodes; steps.c runs them.
 */
#ifndef NUCSEG_CPU_ONEDNN_STEPS_H
#define NUCSEG_CPU_ONEDNN_STEPS_H

#include "cpu/kernels/kernels.h"
#include "cpu/kernels/matrix-conv.h"
#include "cpu/kernels/narrow-conv.h"
#include "cpu/onednn/dnnl.h"
#include "cpu/kernels/tiny.h"

G_BEGIN_DECLS

typedef enum {
  NUCSEG_STEP_CONV, /* by oneDNN */
  NUCSEG_STEP_TINY, /* a convolution by tiny.c */
  NUCSEG_STEP_GREY, /* one by our kernels' grey_conv */
  NUCSEG_STEP_NARROW, /* one by narrow-conv.c */
  NUCSEG_STEP_MATRIX, /* one by matrix-conv.c */
  NUCSEG_STEP_COPY, /* one input of a concatenation into its slice */
  NUCSEG_STEP_ADD,
  NUCSEG_STEP_MULTIPLY,
  NUCSEG_STEP_MULTIPLY_POOL,
  NUCSEG_STEP_MAX_POOL,
  NUCSEG_STEP_AVERAGE,
  NUCSEG_STEP_UPSAMPLE_NEAREST,
  NUCSEG_STEP_UPSAMPLE_BILINEAR,
  NUCSEG_STEP_SPACE_TO_DEPTH,
  NUCSEG_STEP_DEPTH_TO_SPACE,
  NUCSEG_STEP_CONVERT, /* the other element type */
  NUCSEG_STEP_MAPS /* the output, split into one plane a map */
} NucsegStepKind;

/* A tensor and where it lies: `offset` bytes into a buffer of the network. */
typedef struct {
  NucsegTensor tensor; /* data is set once the buffers have addresses */
  guint buffer;
  gsize offset;
} NucsegSlot;

typedef struct {
  NucsegStepKind kind;
  const NucsegNode *node;
  guint n_inputs;
  NucsegSlot in[NUCSEG_MAX_INPUTS];
  NucsegSlot out;
  NucsegSlot pooled; /* of MULTIPLY_POOL */
  gint size[2]; /* kernel, stride; rows, columns; or block */
  NucsegDnnlConv *conv; /* owned */
  NucsegTiny *tiny; /* owned */
  NucsegGreyConv *grey; /* owned */
  NucsegNarrowConv *narrow; /* owned */
  NucsegMatrixConv *matrix; /* owned */
  guint64 fastest_ns; /* of all profiled runs; 0 before the first */
} NucsegStep;

/* Pieces of memory that the steps of one network share. */
typedef struct {
  guint threads;
  gfloat *maps; /* planes of NUCSEG_STEP_MAPS */
  guint8 *scratch; /* of NUCSEG_STEP_MATRIX: a piece for each thread */
} NucsegStepContext;

gboolean nucseg_step_run (
    NucsegStep *step, const NucsegStepContext *context, GError **error);

/* The kernels that do it, unless it is a convolution of another kind. */
const NucsegKernels *nucseg_step_get_kernels (const NucsegStep *step);

/* "conv", "multiply-pool", ... */
const gchar *nucseg_step_kind_name (NucsegStepKind kind);

G_END_DECLS

#endif /* NUCSEG_CPU_ONEDNN_STEPS_H */
