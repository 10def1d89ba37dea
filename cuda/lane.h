/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lane.h: one frame at a time on its way through a GPU: its memory (lane.c),
 * what is asked of it (mapped.c, lane-frame.c) and the steps that it takes. A
 * plan has a lane for each image of its network's batch.
 *
 * A lane serves one thread at a time; steps queue work in the device's stream,
 * or in the one that they are given, inside its context, and wait for nothing.
 */
#ifndef NUCSEG_CUDA_LANE_H
#define NUCSEG_CUDA_LANE_H

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

/* What lanes of one plan, whose frames are decoded one after the other, have
 * together. */
typedef struct {
  gpointer decode, objects;
} NucsegLaneScratch;

typedef struct {
  NucsegCudaDevice *device; /* borrowed */
  NucsegModel *model; /* borrowed */
  NucsegGeometry geometry;
  GPtrArray *memory; /* on the device, to be freed */
  GPtrArray *host_memory;

  NucsegCudaPrepare prepare; /* but for the picture */
  NucsegCudaDecode decode;
  gpointer objects_workspace;

  NucsegCudaRequest *request, *host_request;
  /* on the device, on the host, and the latter as the GPU sees it */
  NucsegCudaReply *reply, *host_reply, *mapped_reply;
  guint16 *labels, *host_labels, *mapped_labels; /* rows without gaps */
  NucsegObject *objects, *host_objects; /* the same memory */

  NucsegCudaStage frame_stage, shown_stage;
  gboolean has_limits; /* of an earlier frame, in the reply */
} NucsegLane;

/**
 * nucseg_lane_new:
 * @device: entered; must outlive the lane
 * @model: must outlive the lane
 * @geometry: of its frames
 * @network: where prepare writes and decode reads; NULL: the lane only draws
 * @image: of the network's batch
 * @scratch: with @network: of the plan
 * @error: return location
 *
 * Returns: (nullable): NULL with MEMORY or DEVICE
 */
NucsegLane *nucseg_lane_new (NucsegCudaDevice *device, NucsegModel *model,
    const NucsegGeometry *geometry, const NucsegNetwork *network, guint image,
    const NucsegLaneScratch *scratch, GError **error);
/* NULL is allowed. @entered: whether the context could be entered; what is on
 * the device is lost with the context otherwise. */
void nucseg_lane_free (NucsegLane *lane, gboolean entered);

/* --- A frame ---------------------------------------------------------------
 */

/* What a graph is captured for, and where pictures go. Compared byte by byte:
 * nucseg_frame_job_init() leaves no gaps of chance. */
typedef struct {
  NucsegCudaPicture picture;
  NucsegMemory frame_memory;
  gboolean has_shown;
  NucsegMemory shown_memory;
  NucsegFormat shown_format;
  /* page-locked system memory: see nucseg_frame_find_mapped() */
  gboolean frame_mapped, shown_mapped;
} NucsegFrameKey;

/* The user's frame and what is wanted of it; borrowed for the call. */
typedef struct {
  const NucsegFrame *frame, *shown; /* shown: NULL, nothing is drawn */
  const NucsegParams *params;
  guint16 *labels; /* (out): NULL where nothing is decoded */
  gsize labels_stride;
  NucsegFrameKey key;
  NucsegCudaPlanes mapped_frame, mapped_shown;
  guint16 *mapped_labels; /* NULL: they have to be copied */
} NucsegFrameJob;

void nucseg_frame_job_init (NucsegFrameJob *job, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params);

/* Whether it can be worked on: memory of another context, odd addresses of
 * 16-bit planes, levels the wrong way round; FALSE with DEVICE, SHAPE or
 * UNSUPPORTED. Before the context is entered. */
gboolean nucseg_frame_accept (
    NucsegCudaDevice *device, const NucsegFrameJob *job, GError **error);

/* Which of frame, picture and labels the GPU reaches where they lie, into @job;
 * after accept, inside the context (mapped.c). */
void nucseg_frame_find_mapped (NucsegCudaDevice *device, NucsegFrameJob *job);
/* Between there and the GPU's own memory. */
gboolean nucseg_frame_fetch (
    NucsegLane *lane, const NucsegCudaLayout *layout, GError **error);
gboolean nucseg_frame_deliver (
    NucsegLane *lane, const NucsegCudaLayout *layout, GError **error);

/* Staging memory for @key; *@moved: (out): addresses changed. */
gboolean nucseg_frame_make_room (NucsegLane *lane, const NucsegFrameKey *key,
    gboolean *moved, GError **error);

/* On the host: the request, and the frame into its staging memory. */
void nucseg_frame_fill_request (NucsegLane *lane, const NucsegFrameJob *job);

gboolean nucseg_frame_upload (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_limits (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error);
gboolean
nucseg_frame_fill (NucsegLane *lane, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_decode (NucsegLane *lane, GError **error);
/* Objects, after decoding; reads the frame, which must not be drawn on yet. */
gboolean nucseg_frame_measure (NucsegLane *lane, const NucsegFrameKey *key,
    cudaStream_t stream, GError **error);
/* Whether the picture is sure to be drawn beside the frame, not on it. */
gboolean nucseg_frame_draws_elsewhere (const NucsegFrameKey *key);
gboolean nucseg_frame_overlay (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error);
gboolean nucseg_frame_download_reply (NucsegLane *lane, GError **error);
/* Labels, their number and the limits, after decoding. */
gboolean nucseg_frame_deliver_labels (
    NucsegLane *lane, cudaStream_t stream, GError **error);
gboolean nucseg_frame_download_shown (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error);
/* Labels of an earlier frame and their number, and its limits. */
gboolean nucseg_frame_upload_labels (NucsegLane *lane, const guint16 *labels,
    gsize labels_stride, guint n_objects, GError **error);

/* After the wait, in or out of the context: from staging memory to the
 * user's. */
void nucseg_frame_take_limits (NucsegLane *lane, NucsegResult *result);
/* Those of a frame that another lane had, to draw with. */
void nucseg_frame_set_limits (NucsegLane *lane, const NucsegResult *result);
gboolean nucseg_frame_take_labels (NucsegLane *lane, const NucsegFrameJob *job,
    NucsegObjectList *objects, NucsegResult *result, GError **error);
void nucseg_frame_take_shown (NucsegLane *lane, const NucsegFrameJob *job);

G_END_DECLS

#endif /* NUCSEG_CUDA_LANE_H */
