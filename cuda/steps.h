/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * steps.h: what a planned network queues, one after the other or side by side.
 * network-steps.c makes steps out of the graph's nodes; steps.c queues one.
 */
#ifndef NUCSEG_CUDA_STEPS_H
#define NUCSEG_CUDA_STEPS_H

#include "cuda/cudnn-conv.h"

G_BEGIN_DECLS

typedef enum {
  NUCSEG_STEP_CONV, /* by cuDNN */
  NUCSEG_STEP_DIRECT, /* a convolution by our kernel */
  NUCSEG_STEP_HEAD, /* 1x1 convolution, depth_to_space, into the maps */
  NUCSEG_STEP_ATTENTION, /* avg_pool, three convolutions and their sum */
  NUCSEG_STEP_SCALE_POOL, /* mul, and the max_pool of it */
  NUCSEG_STEP_MAX_POOL,
  NUCSEG_STEP_AVERAGE,
  NUCSEG_STEP_UPSAMPLE,
  NUCSEG_STEP_ADD,
  NUCSEG_STEP_SPACE_TO_DEPTH,
  NUCSEG_STEP_DEPTH_TO_SPACE,
  NUCSEG_STEP_COPY /* into a slice, or as the other element type */
} NucsegStepKind;

/* A tensor and where it lies: `offset` bytes into a buffer of the network. No
 * tensor: channels are 0. */
typedef struct {
  NucsegCudaTensor tensor; /* data is set once the buffers have addresses */
  guint buffer;
  gsize offset;
} NucsegSlot;

typedef struct {
  NucsegStepKind kind;
  const NucsegNode *node;
  guint n_inputs;
  NucsegSlot in[NUCSEG_MAX_INPUTS];
  NucsegSlot out; /* of SCALE_POOL: the product, if it is wanted */
  NucsegSlot pooled; /* of SCALE_POOL */
  gint size[2]; /* kernel, stride; or block */
  NucsegUpsample mode;
  NucsegCudaType round; /* of HEAD */
  gboolean add; /* of HEAD: to what is in the maps */
  NucsegCudaConv conv; /* of DIRECT and HEAD */
  NucsegCudnnConv *cudnn; /* of CONV: the engines' */
  NucsegCudnnPack *pack; /* of CONV: owned */
  gpointer weight, bias; /* of CONV */
  /* ATTENTION: x is in[0], lower in[1], own is pooled, weights are out */
  NucsegCudaAttention attention;
  guint workspace; /* its buffer */
  guint n_together; /* steps from this one on that may run side by side */
} NucsegStep;

/* Bytes of an element. */
static inline gsize
nucseg_step_type_size (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? 4 : 2;
}

/* The memory that a step of cuDNN's is executed with; NULL with DEVICE. */
NucsegCudnnPack *nucseg_step_make_pack (
    const NucsegStep *step, gpointer workspace, GError **error);

/* Queues the step, of CONV with the engines locked; FALSE with DEVICE. */
gboolean
nucseg_step_run (NucsegStep *step, cudaStream_t stream, GError **error);

/* "conv", "attention", ... */
const gchar *nucseg_step_kind_name (NucsegStepKind kind);

G_END_DECLS

#endif /* NUCSEG_CUDA_STEPS_H */
