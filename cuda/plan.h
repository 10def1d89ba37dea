/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: what plan.c (the table of the cuda back end), frame.c (a frame in one
 * launch) and verbs.c (one step at a time) share.
 */
#ifndef NUCSEG_CUDA_PLAN_H
#define NUCSEG_CUDA_PLAN_H

#include "backend.h"
#include "cuda/device.h"
#include "cuda/network.h"
#include "cuda/picture.h"

G_BEGIN_DECLS

/* A picture's way between host and GPU. */
typedef struct {
  gpointer device, host; /* NULL until a format needs it */
  gsize size;
} NucsegCudaStage;

struct _NucsegPlan {
  NucsegCudaDevice *device;
  NucsegCudnn *cudnn;
  NucsegModel *model; /* borrowed */
  NucsegGeometry geometry;
  NucsegNetwork *network;
  GPtrArray *memory; /* on the device, to be freed */
  GPtrArray *host_memory;

  NucsegCudaPrepare prepare; /* but for the picture */
  NucsegCudaDecode decode;
  gpointer objects_workspace;
  gfloat *values; /* of the network's input, for tests; NULL until asked for */

  NucsegCudaRequest *request, *host_request;
  NucsegCudaReply *reply, *host_reply;
  guint16 *labels, *host_labels; /* rows without gaps */
  NucsegObject *objects, *host_objects; /* the same memory */

  NucsegCudaStage frame_stage, shown_stage;
  NucsegCudaPlanes mapped_frame, mapped_shown; /* of the frame at hand */
  GPtrArray *graphs; /* of frame.c */
  gboolean has_limits;
};

/* --- Steps of a frame (verbs.c); all queue work and wait for nothing ------ */

/* What a graph is captured for, and where pictures go. */
typedef struct {
  NucsegCudaPicture picture;
  NucsegMemory frame_memory;
  gboolean has_shown;
  NucsegMemory shown_memory;
  NucsegFormat shown_format;
  /* page-locked system memory: see nucseg_frame_find_mapped() */
  gboolean frame_mapped, shown_mapped;
} NucsegFrameKey;

NucsegFrameKey
nucseg_frame_key (const NucsegFrame *frame, const NucsegFrame *shown);

/* Whether the user's frame and picture can be worked on: memory of another
 * context, odd addresses of 16-bit planes, levels the wrong way round; FALSE
 * with DEVICE, SHAPE or UNSUPPORTED. Before the context is entered. */
gboolean nucseg_frame_accept (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error);

/* Which of both the GPU reaches where they lie, into @key and @plan; after
 * accept, inside the context (mapped.c). */
void nucseg_frame_find_mapped (NucsegPlan *plan, NucsegFrameKey *key,
    const NucsegFrame *frame, const NucsegFrame *shown);
/* Between there and the GPU's own memory. */
gboolean nucseg_frame_fetch (
    NucsegPlan *plan, const NucsegCudaLayout *layout, GError **error);
gboolean nucseg_frame_deliver (
    NucsegPlan *plan, const NucsegCudaLayout *layout, GError **error);

/* Staging memory for @key; *@moved: (out): addresses changed. */
gboolean nucseg_frame_make_room (NucsegPlan *plan, const NucsegFrameKey *key,
    gboolean *moved, GError **error);

/* On the host: the request, and the frame into its staging memory. */
void nucseg_frame_fill_request (NucsegPlan *plan, const NucsegFrameKey *key,
    const NucsegFrame *frame, const NucsegFrame *shown,
    const NucsegParams *params);

gboolean nucseg_frame_upload (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_limits (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error);
gboolean
nucseg_frame_fill (NucsegPlan *plan, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_decode (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_overlay (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_download_reply (NucsegPlan *plan, GError **error);
gboolean nucseg_frame_download_labels (NucsegPlan *plan, GError **error);
gboolean nucseg_frame_download_shown (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error);

/* After the wait: from staging memory to the user's. */
void nucseg_frame_take_limits (NucsegPlan *plan, NucsegResult *result);
gboolean nucseg_frame_take_labels (NucsegPlan *plan, guint16 *labels,
    gsize labels_stride, NucsegObjectList *objects, NucsegResult *result,
    GError **error);
void nucseg_frame_take_shown (
    NucsegPlan *plan, const NucsegFrameKey *key, const NucsegFrame *shown);

/* --- The table's functions ------------------------------------------------ */

gboolean nucseg_cuda_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error);
gboolean nucseg_cuda_network (NucsegPlan *plan, GError **error);
gboolean nucseg_cuda_labels (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error);
gboolean nucseg_cuda_draw (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error);
gboolean nucseg_cuda_run (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegFrame *shown, NucsegResult *result,
    GError **error);
/* Drops the graphs; inside the device's context. */
void nucseg_cuda_forget_graphs (NucsegPlan *plan);

NUCSEG_API const NucsegBackend *nucseg_backend_get (void);

G_END_DECLS

#endif /* NUCSEG_CUDA_PLAN_H */
