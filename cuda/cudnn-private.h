/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cudnn-private.h: what the cudnn*.c files share. The one header that
 * includes cuDNN's.
 */
#ifndef NUCSEG_CUDA_CUDNN_PRIVATE_H
#define NUCSEG_CUDA_CUDNN_PRIVATE_H

#include <cudnn.h>

#include "cuda/cudnn-conv.h"

G_BEGIN_DECLS

/* All that is used of libcudnn.so.9. */
#define NUCSEG_CUDNN_FUNCTIONS(X)                                              \
  X (cudnnGetVersion)                                                          \
  X (cudnnGetErrorString)                                                      \
  X (cudnnGetLastErrorString)                                                  \
  X (cudnnCreate)                                                              \
  X (cudnnDestroy)                                                             \
  X (cudnnSetStream)                                                           \
  X (cudnnBackendCreateDescriptor)                                             \
  X (cudnnBackendDestroyDescriptor)                                            \
  X (cudnnBackendSetAttribute)                                                 \
  X (cudnnBackendGetAttribute)                                                 \
  X (cudnnBackendFinalize)                                                     \
  X (cudnnBackendExecute)

typedef struct {
#define X(name) __typeof__ (name) *name;
  NUCSEG_CUDNN_FUNCTIONS (X)
#undef X
} NucsegCudnnLibrary;

/* Opens the library once; NULL with NO_DEVICE. Any thread. */
const NucsegCudnnLibrary *nucseg_cudnn_library_get (GError **error);

struct _NucsegCudnn {
  const NucsegCudnnLibrary *library;
  cudnnHandle_t handle; /* NULL: the device is only described */
  cudnnBackendDescriptor_t device;
};

/* --- Descriptors: made one after the other, the first error is kept ------- */

typedef struct {
  const NucsegCudnnLibrary *library;
  GPtrArray *owned; /* all descriptors that were made */
  cudnnStatus_t status;
  const gchar *what; /* what failed */
} NucsegCudnnMaker;

void nucseg_cudnn_maker_init (
    NucsegCudnnMaker *maker, const NucsegCudnnLibrary *library);
/* Destroys the descriptors. */
void nucseg_cudnn_maker_clear (NucsegCudnnMaker *maker);
/* FALSE with @code where something failed; cuDNN's words in the message. */
gboolean nucseg_cudnn_maker_check (
    const NucsegCudnnMaker *maker, NucsegError code, GError **error);

/* NULL once anything has failed, as nothing below does anything then. */
cudnnBackendDescriptor_t
nucseg_cudnn_make (NucsegCudnnMaker *maker, cudnnBackendDescriptorType_t type);
void nucseg_cudnn_set (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendAttributeType_t type, gint64 n, const void *values);
void nucseg_cudnn_set_int (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    gint64 value);
void nucseg_cudnn_set_descriptor (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
    cudnnBackendDescriptor_t value);
void nucseg_cudnn_finalize (NucsegCudnnMaker *maker,
    cudnnBackendDescriptor_t descriptor, const gchar *what);

/* --- Engines of a convolution, and their plans ---------------------------- */

typedef struct {
  NucsegCudnnMaker maker;
  cudnnBackendDescriptor_t plan;
  gsize workspace;
} NucsegCudnnPlan;

/* NULL is allowed. */
void nucseg_cudnn_plan_free (NucsegCudnnPlan *plan);

typedef struct {
  cudnnBackendDescriptor_t config; /* the maker's */
  gchar *name;
  NucsegCudnnPlan *plan; /* NULL: not built */
  gboolean was_ahead; /* built ahead, or tried to */
} NucsegCudnnCandidate;

struct _NucsegCudnnConv {
  NucsegCudnn *cudnn;
  NucsegCudnnSpec spec;
  NucsegCudnnMaker maker; /* of graph and candidates */
  cudnnBackendDescriptor_t graph; /* the maker's */
  GArray *candidates; /* NucsegCudnnCandidate */
  gboolean asked_all;
  guint built; /* the candidate whose plan is used, or G_MAXUINT */
};

/* --- Tensors of a convolution --------------------------------------------- */

enum {
  NUCSEG_CUDNN_X = 1,
  NUCSEG_CUDNN_W,
  NUCSEG_CUDNN_B,
  NUCSEG_CUDNN_S,
  NUCSEG_CUDNN_Y
};

/* The operations of @spec as one graph, owned by @maker. */
cudnnBackendDescriptor_t
nucseg_cudnn_make_graph (NucsegCudnnMaker *maker, const NucsegCudnnSpec *spec);

G_END_DECLS

#endif /* NUCSEG_CUDA_CUDNN_PRIVATE_H */
