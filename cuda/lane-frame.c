/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lane-frame.c: the steps of a frame on its lane.
 */
#include "cuda/lane.h"

#include <string.h>

void
nucseg_frame_job_init (NucsegFrameJob *job, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params)
{
  NucsegFrameKey *key = &job->key;

  memset (job, 0, sizeof *job);
  job->frame = frame;
  job->shown = shown;
  job->params = params;
  key->picture.format = frame->format;
  key->picture.width = frame->width;
  key->picture.height = frame->height;
  key->picture.depth = nucseg_frame_get_depth (frame);
  key->picture.msb_aligned = nucseg_frame_is_msb_aligned (frame);
  key->frame_memory = frame->memory;
  if (shown) {
    key->has_shown = TRUE;
    key->shown_memory = shown->memory;
    key->shown_format = shown->format;
  }
}

gboolean
nucseg_frame_draws_elsewhere (const NucsegFrameKey *key)
{
  return key->has_shown
      && (key->frame_memory != key->shown_memory
          || key->shown_format != key->picture.format);
}

/* The GPU's own copy of the frame is drawn on, for a picture of its format. */
static gboolean
draws_in_place (const NucsegFrameKey *key)
{
  return key->has_shown && !nucseg_frame_draws_elsewhere (key)
      && key->frame_memory == NUCSEG_MEMORY_SYSTEM;
}

static NucsegCudaStage *
get_shown_stage (NucsegLane *lane, const NucsegFrameKey *key)
{
  return draws_in_place (key) ? &lane->frame_stage : &lane->shown_stage;
}

static NucsegCudaLayout
frame_layout (const NucsegFrameKey *key)
{
  return nucseg_cuda_layout (
      key->picture.format, key->picture.width, key->picture.height);
}

static NucsegCudaLayout
shown_layout (const NucsegFrameKey *key)
{
  return nucseg_cuda_layout (
      key->shown_format, key->picture.width, key->picture.height);
}

/* --- Checks ----------------------------------------------------------------
 */

static guint
frame_planes (NucsegFormat format)
{
  return nucseg_cuda_layout (format, 1, 1).n_planes;
}

static gboolean
accept_picture (
    NucsegCudaDevice *device, const NucsegFrame *frame, GError **error)
{
  if (frame->memory != NUCSEG_MEMORY_CUDA)
    return TRUE;
  if (!nucseg_cuda_device_is_current (device)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "a frame of another CUDA context than the one this session began in");
    return FALSE;
  }
  if (nucseg_format_get_sample_bytes (frame->format) == 1)
    return TRUE;
  for (guint i = 0; i < frame_planes (frame->format); i++) {
    if (!((GPOINTER_TO_SIZE (frame->data[i]) | (gsize) frame->stride[i]) & 1))
      continue;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a %s frame at %p with a stride of %d, expected both to be even",
        nucseg_format_name (frame->format), (gpointer) frame->data[i],
        frame->stride[i]);
    return FALSE;
  }
  return TRUE;
}

gboolean
nucseg_frame_accept (
    NucsegCudaDevice *device, const NucsegFrameJob *job, GError **error)
{
  const NucsegFrame *frame = job->frame, *shown = job->shown;
  const NucsegParams *params = job->params;

  if (params->normalization == NUCSEG_NORMALIZATION_FIXED
      && params->white_level <= params->black_level) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a white level of %u, expected more than the black level of %u",
        params->white_level, params->black_level);
    return FALSE;
  }
  if (shown && shown->format != frame->format
      && (!nucseg_format_is_grey (frame->format)
          || nucseg_format_is_grey (shown->format))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "drawing a %s frame as %s, expected the same format or, from grey, a "
        "colour format",
        nucseg_format_name (frame->format), nucseg_format_name (shown->format));
    return FALSE;
  }
  return accept_picture (device, frame, error)
      && (!shown || accept_picture (device, shown, error));
}

/* --- Memory ----------------------------------------------------------------
 */

static gboolean
grow (NucsegLane *lane, NucsegCudaStage *stage, gsize size, gboolean on_host,
    gboolean *moved, GError **error)
{
  if (stage->size >= size && (stage->host || !on_host))
    return TRUE;
  size = MAX (size, stage->size);
  *moved = TRUE;
  nucseg_cuda_free (lane->device, stage->device);
  nucseg_cuda_free_host (lane->device, stage->host);
  memset (stage, 0, sizeof *stage);
  stage->device = nucseg_cuda_alloc (lane->device, size, "a frame", error);
  if (!stage->device)
    return FALSE;
  /* page-locked frames do without */
  if (on_host
      && !(stage->host = nucseg_cuda_alloc_host (
               lane->device, size, "a frame", NULL, error)))
    return FALSE;
  stage->size = size;
  return TRUE;
}

gboolean
nucseg_frame_make_room (NucsegLane *lane, const NucsegFrameKey *key,
    gboolean *moved, GError **error)
{
  *moved = FALSE;
  if (key->frame_memory == NUCSEG_MEMORY_SYSTEM
      && !grow (lane, &lane->frame_stage, frame_layout (key).size,
          !key->frame_mapped, moved, error))
    return FALSE;
  return !key->has_shown || key->shown_memory != NUCSEG_MEMORY_SYSTEM
      || grow (lane, get_shown_stage (lane, key), shown_layout (key).size,
          !key->shown_mapped, moved, error);
}

/* Bytes, of the lane's own labels. */
static gsize
labels_row (const NucsegLane *lane)
{
  return (gsize) lane->geometry.frame_width * sizeof (guint16);
}

static NucsegCudaPlanes
planes_of (const NucsegFrame *frame)
{
  NucsegCudaPlanes planes = { { NULL } };

  for (guint i = 0; i < G_N_ELEMENTS (planes.data); i++) {
    planes.data[i] = frame->data[i];
    planes.stride[i] = frame->stride[i];
  }
  return planes;
}

void
nucseg_frame_fill_request (NucsegLane *lane, const NucsegFrameJob *job)
{
  const NucsegFrameKey *key = &job->key;
  NucsegCudaRequest *request = lane->host_request;
  const NucsegCudaLayout layout = frame_layout (key);

  nucseg_cuda_request_init (request, job->params,
      nucseg_model_get_output (lane->model), lane->geometry.scale);
  request->labels = lane->labels;
  request->labels_stride = labels_row (lane);
  request->mapped_labels =
      job->mapped_labels ? job->mapped_labels : lane->mapped_labels;
  request->mapped_labels_stride =
      job->mapped_labels ? job->labels_stride : labels_row (lane);
  request->mapped_reply = lane->mapped_reply;
  request->objects = lane->objects;
  if (key->frame_memory == NUCSEG_MEMORY_SYSTEM) {
    if (key->frame_mapped)
      request->mapped_frame = job->mapped_frame;
    else
      nucseg_cuda_layout_pack (&layout, job->frame, lane->frame_stage.host);
    request->frame =
        nucseg_cuda_layout_planes (&layout, lane->frame_stage.device);
  } else {
    request->frame = planes_of (job->frame);
  }
  if (!key->has_shown)
    return;
  request->yuv = job->shown->yuv;
  if (key->shown_memory == NUCSEG_MEMORY_SYSTEM) {
    const NucsegCudaLayout drawn = shown_layout (key);

    if (key->shown_mapped)
      request->mapped_shown = job->mapped_shown;
    request->shown =
        nucseg_cuda_layout_planes (&drawn, get_shown_stage (lane, key)->device);
  } else {
    request->shown = planes_of (job->shown);
  }
}

/* --- Steps -----------------------------------------------------------------
 */

gboolean
nucseg_frame_upload (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaLayout layout = frame_layout (key);

  if (!nucseg_cuda_upload (lane->device, lane->request, lane->host_request,
          sizeof *lane->request, error))
    return FALSE;
  if (key->frame_memory != NUCSEG_MEMORY_SYSTEM)
    return TRUE;
  return key->frame_mapped
      ? nucseg_frame_fetch (lane, &layout, error)
      : nucseg_cuda_upload (lane->device, lane->frame_stage.device,
          lane->frame_stage.host, layout.size, error);
}

static NucsegCudaPrepare
prepare_for (NucsegLane *lane, const NucsegFrameKey *key)
{
  NucsegCudaPrepare prepare = lane->prepare;

  prepare.picture = key->picture;
  return prepare;
}

gboolean
nucseg_frame_limits (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaPrepare prepare = prepare_for (lane, key);

  return nucseg_cuda_check (nucseg_cuda_limits (&prepare,
                                nucseg_cuda_device_get_stream (lane->device)),
      "finding the limits", error);
}

gboolean
nucseg_frame_fill (NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaPrepare prepare = prepare_for (lane, key);

  return nucseg_cuda_check (
      nucseg_cuda_fill (&prepare, nucseg_cuda_device_get_stream (lane->device)),
      "preparing the input", error);
}

gboolean
nucseg_frame_decode (NucsegLane *lane, GError **error)
{
  return nucseg_cuda_check (nucseg_cuda_decode (&lane->decode,
                                nucseg_cuda_device_get_stream (lane->device)),
      "decoding", error);
}

gboolean
nucseg_frame_measure (NucsegLane *lane, const NucsegFrameKey *key,
    cudaStream_t stream, GError **error)
{
  const NucsegCudaObjects objects = { key->picture, lane->objects_workspace,
    lane->request, lane->reply };

  return nucseg_cuda_check (
      nucseg_cuda_objects (&objects, stream), "measuring objects", error);
}

gboolean
nucseg_frame_overlay (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  return nucseg_cuda_check (
      nucseg_cuda_overlay (&key->picture, key->shown_format, lane->request,
          lane->reply, nucseg_cuda_device_get_stream (lane->device)),
      "drawing", error);
}

gboolean
nucseg_frame_download_reply (NucsegLane *lane, GError **error)
{
  return nucseg_cuda_download (
      lane->device, lane->host_reply, lane->reply, sizeof *lane->reply, error);
}

gboolean
nucseg_frame_download_shown (
    NucsegLane *lane, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaStage *stage = get_shown_stage (lane, key);
  const NucsegCudaLayout layout = shown_layout (key);

  if (!key->has_shown || key->shown_memory != NUCSEG_MEMORY_SYSTEM)
    return TRUE;
  return key->shown_mapped ? nucseg_frame_deliver (lane, &layout, error)
                           : nucseg_cuda_download (lane->device, stage->host,
                               stage->device, layout.size, error);
}

gboolean
nucseg_frame_upload_labels (NucsegLane *lane, const guint16 *labels,
    gsize labels_stride, guint n_objects, GError **error)
{
  const gsize row = labels_row (lane);

  for (gint y = 0; y < lane->geometry.frame_height; y++)
    memcpy ((guint8 *) lane->host_labels + (gsize) y * row,
        (const guint8 *) labels + (gsize) y * labels_stride, row);
  lane->host_reply->n_objects = n_objects;
  return nucseg_cuda_upload (lane->device, lane->labels, lane->host_labels,
             row * (gsize) lane->geometry.frame_height, error)
      && nucseg_cuda_upload (lane->device, lane->reply, lane->host_reply,
          sizeof *lane->reply, error);
}

/* --- Results ---------------------------------------------------------------
 */

void
nucseg_frame_take_limits (NucsegLane *lane, NucsegResult *result)
{
  result->low = lane->host_reply->low_level;
  result->high = lane->host_reply->high_level;
  result->inverted = lane->host_reply->inverted != 0;
  lane->has_limits = TRUE;
}

void
nucseg_frame_set_limits (NucsegLane *lane, const NucsegResult *result)
{
  lane->host_reply->low_level = result->low;
  lane->host_reply->high_level = result->high;
  lane->host_reply->inverted = result->inverted ? 1 : 0;
  lane->has_limits = TRUE;
}

gboolean
nucseg_frame_take_labels (NucsegLane *lane, const NucsegFrameJob *job,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  const gsize row = labels_row (lane);
  const guint n = lane->host_reply->n_objects;

  if (n > NUCSEG_MAX_LABEL) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "the GPU counts %u objects, expected %d at most", n, NUCSEG_MAX_LABEL);
    return FALSE;
  }
  if (!nucseg_object_list_set_size (objects, n, error))
    return FALSE;
  if (n > 0)
    memcpy (objects->items, lane->host_objects, n * sizeof (NucsegObject));
  for (gint y = 0; !job->mapped_labels && y < lane->geometry.frame_height; y++)
    memcpy ((guint8 *) job->labels + (gsize) y * job->labels_stride,
        (guint8 *) lane->host_labels + (gsize) y * row, row);
  result->dropped = lane->host_reply->dropped;
  return TRUE;
}

void
nucseg_frame_take_shown (NucsegLane *lane, const NucsegFrameJob *job)
{
  const NucsegFrameKey *key = &job->key;
  const NucsegCudaLayout layout = shown_layout (key);

  if (key->has_shown && key->shown_memory == NUCSEG_MEMORY_SYSTEM
      && !key->shown_mapped)
    nucseg_cuda_layout_unpack (
        &layout, get_shown_stage (lane, key)->host, job->shown);
}
