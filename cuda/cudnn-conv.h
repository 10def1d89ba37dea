/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cudnn-conv.h: convolutions by cuDNN's graph API, behind opaque structs.
 * cudnn.c, cudnn-library.c, cudnn-engines.c and cudnn-plans.c are the only
 * files that see its header.
 *
 * The library is opened at run time (libcudnn.so.9), so that the module loads
 * and says what is missing where cuDNN isn't installed. Tensors are NHWC, all
 * but the output dense.
 * Nothing here is thread-safe but nucseg_cudnn_describe(): a NucsegCudnn and
 * all that is made with it are used by one thread at a time.
 */
#ifndef NUCSEG_CUDA_CUDNN_CONV_H
#define NUCSEG_CUDA_CUDNN_CONV_H

#include "cuda/kernels-network.h"

G_BEGIN_DECLS

/* The oldest release that describes devices as cudnn.c does. */
#define NUCSEG_CUDNN_LEAST_VERSION 90800

typedef struct _NucsegCudnn NucsegCudnn;
typedef struct _NucsegCudnnConv NucsegCudnnConv;
typedef struct _NucsegCudnnPack NucsegCudnnPack;

/* "cuDNN 9.19.0"; NULL with NO_DEVICE where there is none or it is too old.
 * Any thread. */
gchar *nucseg_cudnn_describe (GError **error);

/**
 * nucseg_cudnn_new:
 * @description: (nullable): a GPU in the JSON form of
 *   CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, for which plans are built that
 *   can't be executed here; NULL: the current context's GPU
 * @error: return location
 *
 * Returns: (nullable): NULL with NO_DEVICE or DEVICE
 */
NucsegCudnn *nucseg_cudnn_new (const gchar *description, GError **error);
void nucseg_cudnn_free (NucsegCudnn *cudnn);

/* Before the stream that was executed in last is destroyed. */
void nucseg_cudnn_forget_stream (NucsegCudnn *cudnn);

/* 91900 is 9.19.0. */
guint nucseg_cudnn_get_version (const NucsegCudnn *cudnn);

/**
 * NucsegCudnnSpec:
 * @type: of input, weights and output; sums, bias and scale are f32
 * @batch: images
 * @height: rows of the input
 * @width: columns of the input
 * @in_channels: a multiple of 8
 * @out_channels: likewise
 * @out_pitch: elements from one pixel of the output to the next, a multiple of
 *   8: @out_channels, or more where it is a slice of a concatenation
 * @kernel_h: and so on as NucsegConv
 * @scaled: the input is multiplied by a factor for each channel of each image
 *   first; with a batch above 1 no engine of cuDNN 9.19 can be built
 *
 * activation (conv (x [* s]) + bias), all but the output dense; x * s is
 * rounded to the type.
 */
typedef struct {
  NucsegCudaType type;
  gint batch, height, width;
  gint in_channels, out_channels, out_pitch;
  gint kernel_h, kernel_w;
  gint stride, dilation, padding;
  NucsegActivation activation;
  gboolean scaled;
} NucsegCudnnSpec;

/* Whether the output is a slice of a concatenation. */
static inline gboolean
nucseg_cudnn_spec_is_slice (const NucsegCudnnSpec *spec)
{
  return spec->out_pitch > spec->out_channels;
}

/**
 * nucseg_cudnn_conv_new:
 * @cudnn: must outlive the convolution
 * @spec: what to compute
 * @error: return location
 *
 * Asks heuristic modes A, B and, if they know nothing, the fallback for
 * engines that do all of it in one go. Engines that sum in less than f32, in
 * another order in each run, or, for f32, with rounded inputs (TF32) are left
 * out.
 *
 * Returns: (nullable): NULL with UNSUPPORTED where there is none
 */
NucsegCudnnConv *nucseg_cudnn_conv_new (
    NucsegCudnn *cudnn, const NucsegCudnnSpec *spec, GError **error);
void nucseg_cudnn_conv_free (NucsegCudnnConv *conv);

/* Asks the fallback too, once; whether that knows others, which follow those
 * there are. */
gboolean nucseg_cudnn_conv_ask_more (NucsegCudnnConv *conv);

/* Number of candidates, each another engine or setting, best guess first. */
guint nucseg_cudnn_conv_count (const NucsegCudnnConv *conv);
/* Its name: engine and settings, "38:2=1,11=0"; the conv's. */
const gchar *
nucseg_cudnn_conv_get_name (const NucsegCudnnConv *conv, guint candidate);

/* Builds the plan of a candidate, unless it is there; later calls use it. FALSE
 * with DEVICE: not every candidate can be built. May compile for a second. */
gboolean nucseg_cudnn_conv_build (
    NucsegCudnnConv *conv, guint candidate, GError **error);

/* Makes the GPU's context the calling thread's (@enter) or gives it back; FALSE
 * where it can't be had. */
typedef gboolean (*NucsegCudnnEnter) (gpointer data, gboolean enter);

/**
 * nucseg_cudnn_build_ahead:
 * @convs: (array length=n_convs): convolutions
 * @n_convs: their number
 * @n: candidates of each, from the first on
 * @enter: (nullable): called by each thread before and, unless that failed,
 *   after its work: code that is compiled is loaded into a thread's current
 *   context, which a new one has not; NULL where the GPU is only described
 * @data: for @enter
 *
 * Builds plans that were not asked for yet, as many at once as there are
 * processors; those that can't be are left to nucseg_cudnn_conv_build(). (cuDNN
 * allows it:
 * https://github.com/NVIDIA/cudnn-frontend/releases/tag/v1.1.0, Autotuning.)
 */
void nucseg_cudnn_build_ahead (NucsegCudnnConv *const *convs, guint n_convs,
    guint n, NucsegCudnnEnter enter, gpointer data);

/* Frees the plans of all candidates but the one that is used. Unloads code: see
 * nucseg_cuda_capture_lock(). */
void nucseg_cudnn_conv_keep_built (NucsegCudnnConv *conv);

/**
 * nucseg_cudnn_conv_get_text:
 * @conv: with a plan
 *
 * Returns: (transfer full) (nullable): the plan as a line of text, what was
 *   compiled included, for cuDNN of this version and GPUs like this one; NULL
 *   where the engine can't be written so
 */
gchar *nucseg_cudnn_conv_get_text (const NucsegCudnnConv *conv);

/* As nucseg_cudnn_conv_build(), without compiling: takes milliseconds. @text
 * must be what nucseg_cudnn_conv_get_text() gave of this candidate of an equal
 * convolution, to the byte: cuDNN runs what is in it. */
gboolean nucseg_cudnn_conv_load (
    NucsegCudnnConv *conv, guint candidate, const gchar *text, GError **error);

/* Drops the plan that is built, which doesn't run: who asks for its candidate
 * again gets another. */
void nucseg_cudnn_conv_drop_built (NucsegCudnnConv *conv);

/* The candidate whose plan is built; G_MAXUINT: none. */
guint nucseg_cudnn_conv_get_built (const NucsegCudnnConv *conv);
const NucsegCudnnSpec *nucseg_cudnn_conv_get_spec (const NucsegCudnnConv *conv);

/* Bytes of workspace of the plan that was built. */
gsize nucseg_cudnn_conv_get_workspace (const NucsegCudnnConv *conv);

/**
 * nucseg_cudnn_pack_new:
 * @conv: of which it is, whatever plan is built
 * @in: input
 * @weight: (O, KH, KW, I) of the spec's type
 * @bias: O f32 values
 * @scale: batch x I f32 values; NULL unless scaled
 * @out: output
 * @workspace: as many bytes as the plan wants that it is executed with
 * @error: return location
 *
 * The memory of executions: device pointers, aligned to 16, which are borrowed.
 * A convolution may have several packs.
 *
 * Returns: (nullable): NULL with DEVICE
 */
NucsegCudnnPack *nucseg_cudnn_pack_new (NucsegCudnnConv *conv, gpointer in,
    gpointer weight, gpointer bias, gpointer scale, gpointer out,
    gpointer workspace, GError **error);
/* NULL is allowed. */
void nucseg_cudnn_pack_free (NucsegCudnnPack *pack);

/* Queues it in @stream; may be captured. What was captured needs the plan for
 * as long as it is launched, but neither lock nor pack. */
gboolean nucseg_cudnn_conv_execute (NucsegCudnnConv *conv,
    NucsegCudnnPack *pack, cudaStream_t stream, GError **error);

G_END_DECLS

#endif /* NUCSEG_CUDA_CUDNN_CONV_H */
