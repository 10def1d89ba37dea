/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verbs.c: the steps of a frame, and the table's verbs made of them, each with
 * a wait of its own. Live frames go through frame.c, which waits once.
 */
#include "cuda/plan.h"

#include <string.h>

NucsegFrameKey
nucseg_frame_key (const NucsegFrame *frame, const NucsegFrame *shown)
{
  NucsegFrameKey key;

  /* Compared byte by byte: no gaps of chance. */
  memset (&key, 0, sizeof key);
  key.picture.format = frame->format;
  key.picture.width = frame->width;
  key.picture.height = frame->height;
  key.picture.depth = nucseg_frame_get_depth (frame);
  key.picture.msb_aligned = nucseg_frame_is_msb_aligned (frame);
  key.frame_memory = frame->memory;
  if (shown) {
    key.has_shown = TRUE;
    key.shown_memory = shown->memory;
    key.shown_format = shown->format;
  }
  return key;
}

/* The GPU's own copy of the frame is drawn on, for a picture of its format. */
static gboolean
draws_in_place (const NucsegFrameKey *key)
{
  return key->has_shown && key->frame_memory == NUCSEG_MEMORY_SYSTEM
      && key->shown_memory == NUCSEG_MEMORY_SYSTEM
      && key->shown_format == key->picture.format;
}

static NucsegCudaStage *
get_shown_stage (NucsegPlan *plan, const NucsegFrameKey *key)
{
  return draws_in_place (key) ? &plan->frame_stage : &plan->shown_stage;
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
accept_picture (NucsegPlan *plan, const NucsegFrame *frame, GError **error)
{
  if (frame->memory != NUCSEG_MEMORY_CUDA)
    return TRUE;
  if (!nucseg_cuda_device_is_current (plan->device)) {
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
nucseg_frame_accept (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
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
  return accept_picture (plan, frame, error)
      && (!shown || accept_picture (plan, shown, error));
}

/* --- Memory ----------------------------------------------------------------
 */

static gboolean
grow (NucsegPlan *plan, NucsegCudaStage *stage, gsize size, gboolean on_host,
    gboolean *moved, GError **error)
{
  if (stage->size >= size && (stage->host || !on_host))
    return TRUE;
  size = MAX (size, stage->size);
  *moved = TRUE;
  nucseg_cuda_free (plan->device, stage->device);
  nucseg_cuda_free_host (plan->device, stage->host);
  memset (stage, 0, sizeof *stage);
  stage->device = nucseg_cuda_alloc (plan->device, size, "a frame", error);
  if (!stage->device)
    return FALSE;
  /* page-locked frames do without */
  if (on_host
      && !(stage->host = nucseg_cuda_alloc_host (
               plan->device, size, "a frame", NULL, error)))
    return FALSE;
  stage->size = size;
  return TRUE;
}

gboolean
nucseg_frame_make_room (NucsegPlan *plan, const NucsegFrameKey *key,
    gboolean *moved, GError **error)
{
  *moved = FALSE;
  if (key->frame_memory == NUCSEG_MEMORY_SYSTEM
      && !grow (plan, &plan->frame_stage, frame_layout (key).size,
          !key->frame_mapped, moved, error))
    return FALSE;
  return !key->has_shown || key->shown_memory != NUCSEG_MEMORY_SYSTEM
      || grow (plan, get_shown_stage (plan, key), shown_layout (key).size,
          !key->shown_mapped, moved, error);
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
nucseg_frame_fill_request (NucsegPlan *plan, const NucsegFrameKey *key,
    const NucsegFrame *frame, const NucsegFrame *shown,
    const NucsegParams *params)
{
  NucsegCudaRequest *request = plan->host_request;
  const NucsegCudaLayout layout = frame_layout (key);

  nucseg_cuda_request_init (request, params,
      nucseg_model_get_output (plan->model), plan->geometry.scale);
  request->labels = plan->labels;
  request->labels_stride =
      (gsize) plan->geometry.frame_width * sizeof (guint16);
  request->objects = plan->objects;
  if (key->frame_memory == NUCSEG_MEMORY_SYSTEM) {
    if (key->frame_mapped)
      request->mapped_frame = plan->mapped_frame;
    else
      nucseg_cuda_layout_pack (&layout, frame, plan->frame_stage.host);
    request->frame =
        nucseg_cuda_layout_planes (&layout, plan->frame_stage.device);
  } else {
    request->frame = planes_of (frame);
  }
  if (!key->has_shown)
    return;
  if (key->shown_memory == NUCSEG_MEMORY_SYSTEM) {
    const NucsegCudaLayout drawn = shown_layout (key);

    if (key->shown_mapped)
      request->mapped_shown = plan->mapped_shown;
    request->shown =
        nucseg_cuda_layout_planes (&drawn, get_shown_stage (plan, key)->device);
  } else {
    request->shown = planes_of (shown);
  }
}

/* --- Steps -----------------------------------------------------------------
 */

gboolean
nucseg_frame_upload (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaLayout layout = frame_layout (key);

  if (!nucseg_cuda_upload (plan->device, plan->request, plan->host_request,
          sizeof *plan->request, error))
    return FALSE;
  if (key->frame_memory != NUCSEG_MEMORY_SYSTEM)
    return TRUE;
  return key->frame_mapped
      ? nucseg_frame_fetch (plan, &layout, error)
      : nucseg_cuda_upload (plan->device, plan->frame_stage.device,
          plan->frame_stage.host, layout.size, error);
}

static NucsegCudaPrepare
prepare_for (NucsegPlan *plan, const NucsegFrameKey *key)
{
  NucsegCudaPrepare prepare = plan->prepare;

  prepare.picture = key->picture;
  return prepare;
}

gboolean
nucseg_frame_limits (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaPrepare prepare = prepare_for (plan, key);

  return nucseg_cuda_check (nucseg_cuda_limits (&prepare,
                                nucseg_cuda_device_get_stream (plan->device)),
      "finding the limits", error);
}

gboolean
nucseg_frame_fill (NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaPrepare prepare = prepare_for (plan, key);

  return nucseg_cuda_check (
      nucseg_cuda_fill (&prepare, nucseg_cuda_device_get_stream (plan->device)),
      "preparing the input", error);
}

gboolean
nucseg_frame_decode (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaObjects objects = { key->picture, plan->objects_workspace,
    plan->request, plan->reply };
  cudaStream_t stream = nucseg_cuda_device_get_stream (plan->device);

  return nucseg_cuda_check (
             nucseg_cuda_decode (&plan->decode, stream), "decoding", error)
      && nucseg_cuda_check (
          nucseg_cuda_objects (&objects, stream), "measuring objects", error);
}

gboolean
nucseg_frame_overlay (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  return nucseg_cuda_check (
      nucseg_cuda_overlay (&key->picture, key->shown_format, plan->request,
          plan->reply, nucseg_cuda_device_get_stream (plan->device)),
      "drawing", error);
}

gboolean
nucseg_frame_download_reply (NucsegPlan *plan, GError **error)
{
  return nucseg_cuda_download (
      plan->device, plan->host_reply, plan->reply, sizeof *plan->reply, error);
}

static gsize
labels_size (const NucsegPlan *plan)
{
  return (gsize) plan->geometry.frame_width * plan->geometry.frame_height
      * sizeof (guint16);
}

gboolean
nucseg_frame_download_labels (NucsegPlan *plan, GError **error)
{
  return nucseg_cuda_download (
      plan->device, plan->host_labels, plan->labels, labels_size (plan), error);
}

gboolean
nucseg_frame_download_shown (
    NucsegPlan *plan, const NucsegFrameKey *key, GError **error)
{
  const NucsegCudaStage *stage = get_shown_stage (plan, key);
  const NucsegCudaLayout layout = shown_layout (key);

  if (!key->has_shown || key->shown_memory != NUCSEG_MEMORY_SYSTEM)
    return TRUE;
  return key->shown_mapped ? nucseg_frame_deliver (plan, &layout, error)
                           : nucseg_cuda_download (plan->device, stage->host,
                               stage->device, layout.size, error);
}

/* --- Results ---------------------------------------------------------------
 */

void
nucseg_frame_take_limits (NucsegPlan *plan, NucsegResult *result)
{
  result->low = plan->host_reply->low_level;
  result->high = plan->host_reply->high_level;
  result->inverted = plan->host_reply->inverted != 0;
  plan->has_limits = TRUE;
}

gboolean
nucseg_frame_take_labels (NucsegPlan *plan, guint16 *labels,
    gsize labels_stride, NucsegObjectList *objects, NucsegResult *result,
    GError **error)
{
  const gsize row = (gsize) plan->geometry.frame_width * sizeof (guint16);
  const guint n = plan->host_reply->n_objects;

  if (n > NUCSEG_MAX_LABEL) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "the GPU counts %u objects, expected %d at most", n, NUCSEG_MAX_LABEL);
    return FALSE;
  }
  if (!nucseg_object_list_set_size (objects, n, error))
    return FALSE;
  if (n > 0)
    memcpy (objects->items, plan->host_objects, n * sizeof (NucsegObject));
  for (gint y = 0; y < plan->geometry.frame_height; y++)
    memcpy ((guint8 *) labels + (gsize) y * labels_stride,
        (guint8 *) plan->host_labels + (gsize) y * row, row);
  result->dropped = plan->host_reply->dropped;
  return TRUE;
}

void
nucseg_frame_take_shown (
    NucsegPlan *plan, const NucsegFrameKey *key, const NucsegFrame *shown)
{
  const NucsegCudaLayout layout = shown_layout (key);

  if (key->has_shown && key->shown_memory == NUCSEG_MEMORY_SYSTEM
      && !key->shown_mapped)
    nucseg_cuda_layout_unpack (
        &layout, get_shown_stage (plan, key)->host, shown);
}

/* --- Verbs -----------------------------------------------------------------
 */

/* Enters the context; the request is filled and on its way. */
static gboolean
begin (NucsegPlan *plan, NucsegFrameKey *key, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
  gboolean moved;

  if (!nucseg_frame_accept (plan, frame, shown, params, error)
      || !nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  nucseg_frame_find_mapped (plan, key, frame, shown);
  if (nucseg_frame_make_room (plan, key, &moved, error)) {
    if (moved)
      nucseg_cuda_forget_graphs (plan);
    nucseg_frame_fill_request (plan, key, frame, shown, params);
    if (nucseg_frame_upload (plan, key, error))
      return TRUE;
  }
  nucseg_cuda_device_leave (plan->device);
  return FALSE;
}

gboolean
nucseg_cuda_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error)
{
  NucsegFrameKey key = nucseg_frame_key (frame, NULL);
  gboolean ok;

  if (!begin (plan, &key, frame, NULL, params, error))
    return FALSE;
  ok = nucseg_frame_limits (plan, &key, error)
      && nucseg_frame_fill (plan, &key, error)
      && nucseg_frame_download_reply (plan, error)
      && nucseg_cuda_wait (plan->device, error);
  if (ok)
    nucseg_frame_take_limits (plan, result);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

gboolean
nucseg_cuda_network (NucsegPlan *plan, GError **error)
{
  gboolean ok;

  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = nucseg_network_run (plan->network, error)
      && nucseg_cuda_wait (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

gboolean
nucseg_cuda_labels (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  NucsegFrameKey key = nucseg_frame_key (frame, NULL);
  gboolean ok;

  if (!begin (plan, &key, frame, NULL, params, error))
    return FALSE;
  ok = nucseg_frame_decode (plan, &key, error)
      && nucseg_frame_download_reply (plan, error)
      && nucseg_frame_download_labels (plan, error)
      && nucseg_cuda_wait (plan->device, error)
      && nucseg_frame_take_labels (
          plan, labels, labels_stride, objects, result, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

/* Labels of an earlier frame, and their number. */
static gboolean
upload_labels (NucsegPlan *plan, const guint16 *labels, gsize labels_stride,
    guint n_objects, GError **error)
{
  const gsize row = (gsize) plan->geometry.frame_width * sizeof (guint16);

  for (gint y = 0; y < plan->geometry.frame_height; y++)
    memcpy ((guint8 *) plan->host_labels + (gsize) y * row,
        (const guint8 *) labels + (gsize) y * labels_stride, row);
  plan->host_reply->n_objects = n_objects;
  return nucseg_cuda_upload (plan->device, plan->labels, plan->host_labels,
             labels_size (plan), error)
      && nucseg_cuda_upload (plan->device, &plan->reply->n_objects,
          &plan->host_reply->n_objects, sizeof (guint32), error);
}

gboolean
nucseg_cuda_draw (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error)
{
  NucsegFrameKey key = nucseg_frame_key (frame, shown);
  gboolean ok;

  if (!begin (plan, &key, frame, shown, params, error))
    return FALSE;
  ok = upload_labels (plan, labels, labels_stride, n_objects, error)
      && (plan->has_limits || nucseg_frame_limits (plan, &key, error))
      && nucseg_frame_overlay (plan, &key, error)
      && nucseg_frame_download_shown (plan, &key, error)
      && nucseg_cuda_wait (plan->device, error);
  if (ok) {
    nucseg_frame_take_shown (plan, &key, shown);
    plan->has_limits = TRUE;
  }
  nucseg_cuda_device_leave (plan->device);
  return ok;
}
