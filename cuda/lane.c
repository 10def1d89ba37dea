/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lane.c: the memory of a lane.
 */
#include "cuda/lane.h"

static gpointer
take (NucsegLane *lane, gsize size, const gchar *what, GError **error)
{
  gpointer memory = nucseg_cuda_alloc (lane->device, size, what, error);

  if (memory)
    g_ptr_array_add (lane->memory, memory);
  return memory;
}

static gpointer
take_host (NucsegLane *lane, gsize size, const gchar *what, gpointer *mapped,
    GError **error)
{
  gpointer memory =
      nucseg_cuda_alloc_host (lane->device, size, what, mapped, error);

  if (memory)
    g_ptr_array_add (lane->host_memory, memory);
  return memory;
}

/* @size bytes of the host on the device; returns when they are there. */
static gpointer
take_copy (NucsegLane *lane, gconstpointer bytes, gsize size, const gchar *what,
    GError **error)
{
  gpointer memory = take (lane, size, what, error);

  if (!memory || !nucseg_cuda_upload (lane->device, memory, bytes, size, error)
      || !nucseg_cuda_wait (lane->device, error))
    return NULL;
  return memory;
}

static gboolean
make_filter (NucsegLane *lane, NucsegCudaFilter *to, gint n_in, gint n_out,
    gint n_padded, GError **error)
{
  const NucsegInput *input = nucseg_model_get_input (lane->model);
  NucsegFilter *filter = nucseg_filter_new (
      n_in, n_out, n_padded, lane->geometry.scale, input->smoothing, error);
  gpointer device = NULL, bytes;
  gsize size;

  if (!filter)
    return FALSE;
  size = nucseg_cuda_filter_size (filter);
  bytes = g_malloc (size);
  device = take (lane, size, "a table of taps", error);
  if (device) {
    *to = nucseg_cuda_filter_pack (filter, bytes, device);
    if (!nucseg_cuda_upload (lane->device, device, bytes, size, error)
        || !nucseg_cuda_wait (lane->device, error))
      device = NULL;
  }
  g_free (bytes);
  nucseg_filter_free (filter);
  return device != NULL;
}

/* Finding the limits: what drawing needs of prepare. */
static gboolean
make_limits (NucsegLane *lane, GError **error)
{
  NucsegCudaPrepare *prepare = &lane->prepare;

  prepare->input = *nucseg_model_get_input (lane->model);
  prepare->request = lane->request;
  prepare->reply = lane->reply;
  prepare->workspace = take (
      lane, nucseg_cuda_prepare_workspace (16), "finding the limits", error);
  return prepare->workspace != NULL;
}

static gboolean
make_prepare (
    NucsegLane *lane, const NucsegNetwork *network, guint image, GError **error)
{
  const NucsegGeometry *g = &lane->geometry;
  NucsegCudaPrepare *prepare = &lane->prepare;

  prepare->out =
      nucseg_network_get_input (network, (gint) image, &prepare->block);
  return make_filter (lane, &prepare->across, g->frame_width, g->net_width,
             g->pad_width, error)
      && make_filter (lane, &prepare->down, g->frame_height, g->net_height,
          g->pad_height, error);
}

static gboolean
make_decode (NucsegLane *lane, const NucsegNetwork *network, guint image,
    const NucsegLaneScratch *scratch, GError **error)
{
  const NucsegGeometry *g = &lane->geometry;
  const guint n = (guint) (g->frame_width + g->frame_height);
  g_autofree gint *positions = g_new (gint, n);
  NucsegCudaDecode *decode = &lane->decode;
  gpointer mapped = NULL;

  lane->host_objects = take_host (lane,
      NUCSEG_MAX_LABEL * sizeof (NucsegObject), "objects", &mapped, error);
  if (!lane->host_objects)
    return FALSE;
  lane->objects = mapped;
  nucseg_cuda_label_positions (g, positions);
  decode->geometry = *g;
  decode->output = *nucseg_model_get_output (lane->model);
  decode->maps = nucseg_network_get_maps (network, (gint) image);
  decode->request = lane->request;
  decode->reply = lane->reply;
  decode->workspace = scratch->decode;
  lane->objects_workspace = scratch->objects;
  decode->positions =
      take_copy (lane, positions, n * sizeof (gint), "positions", error);
  return decode->positions != NULL;
}

static gboolean
make_memory (NucsegLane *lane, GError **error)
{
  const gsize labels = (gsize) lane->geometry.frame_width
      * lane->geometry.frame_height * sizeof (guint16);
  gpointer mapped_reply, mapped_labels;

  return (lane->request =
                 take (lane, sizeof *lane->request, "the request", error))
      && (lane->host_request = take_host (
              lane, sizeof *lane->request, "the request", NULL, error))
      && (lane->reply = take (lane, sizeof *lane->reply, "the reply", error))
      && (lane->host_reply = take_host (
              lane, sizeof *lane->reply, "the reply", &mapped_reply, error))
      && (lane->mapped_reply = mapped_reply)
      && (lane->labels = take (lane, labels, "labels", error))
      && (lane->host_labels =
              take_host (lane, labels, "labels", &mapped_labels, error))
      && (lane->mapped_labels = mapped_labels);
}

NucsegLane *
nucseg_lane_new (NucsegCudaDevice *device, NucsegModel *model,
    const NucsegGeometry *geometry, const NucsegNetwork *network, guint image,
    const NucsegLaneScratch *scratch, GError **error)
{
  NucsegLane *lane = g_new0 (NucsegLane, 1);

  lane->device = device;
  lane->model = model;
  lane->geometry = *geometry;
  lane->memory = g_ptr_array_new ();
  lane->host_memory = g_ptr_array_new ();
  if (make_memory (lane, error) && make_limits (lane, error)
      && (!network
          || (make_prepare (lane, network, image, error)
              && make_decode (lane, network, image, scratch, error))))
    return lane;
  nucseg_lane_free (lane, TRUE);
  return NULL;
}

static void
free_stage (NucsegLane *lane, NucsegCudaStage *stage)
{
  nucseg_cuda_free (lane->device, stage->device);
  nucseg_cuda_free_host (lane->device, stage->host);
}

void
nucseg_lane_free (NucsegLane *lane, gboolean entered)
{
  if (!lane)
    return;
  if (entered) {
    free_stage (lane, &lane->frame_stage);
    free_stage (lane, &lane->shown_stage);
    for (guint i = 0; i < lane->memory->len; i++)
      nucseg_cuda_free (lane->device, g_ptr_array_index (lane->memory, i));
    for (guint i = 0; i < lane->host_memory->len; i++)
      nucseg_cuda_free_host (
          lane->device, g_ptr_array_index (lane->host_memory, i));
  }
  g_ptr_array_unref (lane->memory);
  g_ptr_array_unref (lane->host_memory);
  g_free (lane);
}
