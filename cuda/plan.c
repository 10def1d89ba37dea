/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c: the table of the cuda back end, a module; its plans and all of their
 * memory. Convolutions run in cuDNN, all else in the kernels of
 * cuda/kernels.h.
 */
#include "cuda/plan.h"

#include <string.h>

/* --- Whether it can start --------------------------------------------------
 */

static gchar *
cuda_describe (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *cudnn = nucseg_cudnn_describe (NULL);
  g_autofree gchar *version = nucseg_cuda_runtime_version ();
  NucsegCudaDevice *device = nucseg_cuda_device_new (&error);
  gchar *text =
      g_strdup_printf ("CUDA %s, %s, %s", version, cudnn ? cudnn : "no cuDNN",
          device ? nucseg_cuda_device_get_name (device) : error->message);

  nucseg_cuda_device_free (device);
  return text;
}

/* Starts all that a plan needs: a library that loads may still fail at that. */
static gboolean
try_start (GError **error)
{
  g_autofree gchar *text = NULL;
  NucsegCudaDevice *device = NULL;
  NucsegCudnn *cudnn = NULL;

  if (nucseg_cuda_device_check (error))
    text = nucseg_cudnn_describe (error);
  if (text)
    device = nucseg_cuda_device_new (error);
  if (device && nucseg_cuda_device_enter (device, error)) {
    cudnn =
        nucseg_cudnn_new (NULL, nucseg_cuda_device_get_stream (device), error);
    nucseg_cudnn_free (cudnn);
    nucseg_cuda_device_leave (device);
  }
  nucseg_cuda_device_free (device);
  return cudnn != NULL;
}

static gboolean
cuda_probe (GError **error)
{
  static GMutex lock;
  static gboolean started; /* it takes half a second: once is enough */
  gboolean ok;

  g_mutex_lock (&lock);
  ok = started = started || try_start (error);
  g_mutex_unlock (&lock);
  return ok;
}

static NucsegPrecision
cuda_best_precision (const NucsegModel *model)
{
  return NUCSEG_PRECISION_BF16;
}

static gboolean
cuda_supports (
    const NucsegModel *model, NucsegPrecision precision, GError **error)
{
  if (precision == NUCSEG_PRECISION_F32 || precision == NUCSEG_PRECISION_BF16)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "back end 'cuda' has no precision '%s': it has f32 and bf16",
      nucseg_precision_name (precision));
  return FALSE;
}

/* --- Plans -----------------------------------------------------------------
 */

static gpointer
take (NucsegPlan *plan, gsize size, const gchar *what, GError **error)
{
  gpointer memory = nucseg_cuda_alloc (plan->device, size, what, error);

  if (memory)
    g_ptr_array_add (plan->memory, memory);
  return memory;
}

static gpointer
take_host (NucsegPlan *plan, gsize size, const gchar *what, gpointer *mapped,
    GError **error)
{
  gpointer memory =
      nucseg_cuda_alloc_host (plan->device, size, what, mapped, error);

  if (memory)
    g_ptr_array_add (plan->host_memory, memory);
  return memory;
}

/* @size bytes of the host on the device; returns when they are there. */
static gpointer
take_copy (NucsegPlan *plan, gconstpointer bytes, gsize size, const gchar *what,
    GError **error)
{
  gpointer memory = take (plan, size, what, error);

  if (!memory || !nucseg_cuda_upload (plan->device, memory, bytes, size, error)
      || !nucseg_cuda_wait (plan->device, error))
    return NULL;
  return memory;
}

static gboolean
make_filter (NucsegPlan *plan, NucsegCudaFilter *to, gint n_in, gint n_out,
    gint n_padded, GError **error)
{
  const NucsegInput *input = nucseg_model_get_input (plan->model);
  NucsegFilter *filter = nucseg_filter_new (
      n_in, n_out, n_padded, plan->geometry.scale, input->smoothing, error);
  gpointer device = NULL, bytes;
  gsize size;

  if (!filter)
    return FALSE;
  size = nucseg_cuda_filter_size (filter);
  bytes = g_malloc (size);
  device = take (plan, size, "a table of taps", error);
  if (device) {
    *to = nucseg_cuda_filter_pack (filter, bytes, device);
    if (!nucseg_cuda_upload (plan->device, device, bytes, size, error)
        || !nucseg_cuda_wait (plan->device, error))
      device = NULL;
  }
  g_free (bytes);
  nucseg_filter_free (filter);
  return device != NULL;
}

static gboolean
make_prepare (NucsegPlan *plan, GError **error)
{
  const NucsegGeometry *g = &plan->geometry;
  NucsegCudaPrepare *prepare = &plan->prepare;

  prepare->input = *nucseg_model_get_input (plan->model);
  prepare->out = nucseg_network_get_input (plan->network, 0, &prepare->block);
  prepare->request = plan->request;
  prepare->reply = plan->reply;
  prepare->workspace = take (
      plan, nucseg_cuda_prepare_workspace (16), "finding the limits", error);
  return prepare->workspace
      && make_filter (plan, &prepare->across, g->frame_width, g->net_width,
          g->pad_width, error)
      && make_filter (plan, &prepare->down, g->frame_height, g->net_height,
          g->pad_height, error);
}

static gboolean
make_decode (NucsegPlan *plan, GError **error)
{
  const NucsegGeometry *g = &plan->geometry;
  const guint n = (guint) (g->frame_width + g->frame_height);
  g_autofree gint *positions = g_new (gint, n);
  NucsegCudaDecode *decode = &plan->decode;

  nucseg_cuda_label_positions (g, positions);
  decode->geometry = *g;
  decode->output = *nucseg_model_get_output (plan->model);
  decode->maps = nucseg_network_get_maps (plan->network, 0);
  decode->request = plan->request;
  decode->reply = plan->reply;
  decode->positions =
      take_copy (plan, positions, n * sizeof (gint), "positions", error);
  if (!decode->positions)
    return FALSE;
  decode->workspace =
      take (plan, nucseg_cuda_decode_workspace (g), "decoding", error);
  plan->objects_workspace = decode->workspace
      ? take (plan, nucseg_cuda_objects_workspace (), "objects", error)
      : NULL;
  return plan->objects_workspace != NULL;
}

static gboolean
make_memory (NucsegPlan *plan, GError **error)
{
  const gsize labels = (gsize) plan->geometry.frame_width
      * plan->geometry.frame_height * sizeof (guint16);
  gpointer mapped = NULL;

  return (plan->request =
                 take (plan, sizeof *plan->request, "the request", error))
      && (plan->host_request = take_host (
              plan, sizeof *plan->request, "the request", NULL, error))
      && (plan->reply = take (plan, sizeof *plan->reply, "the reply", error))
      && (plan->host_reply =
              take_host (plan, sizeof *plan->reply, "the reply", NULL, error))
      && (plan->labels = take (plan, labels, "labels", error))
      && (plan->host_labels = take_host (plan, labels, "labels", NULL, error))
      && (plan->host_objects =
              take_host (plan, NUCSEG_MAX_LABEL * sizeof (NucsegObject),
                  "objects", &mapped, error))
      && (plan->objects = mapped);
}

static void
free_stage (NucsegPlan *plan, NucsegCudaStage *stage)
{
  nucseg_cuda_free (plan->device, stage->device);
  nucseg_cuda_free_host (plan->device, stage->host);
}

static void
cuda_plan_free (NucsegPlan *plan)
{
  if (!plan)
    return;
  if (plan->device && nucseg_cuda_device_enter (plan->device, NULL)) {
    if (plan->graphs) {
      nucseg_cuda_forget_graphs (plan);
      g_ptr_array_unref (plan->graphs);
    }
    nucseg_network_free (plan->network);
    nucseg_cudnn_free (plan->cudnn);
    free_stage (plan, &plan->frame_stage);
    free_stage (plan, &plan->shown_stage);
    for (guint i = 0; i < plan->memory->len; i++)
      nucseg_cuda_free (plan->device, g_ptr_array_index (plan->memory, i));
    for (guint i = 0; i < plan->host_memory->len; i++)
      nucseg_cuda_free_host (
          plan->device, g_ptr_array_index (plan->host_memory, i));
    nucseg_cuda_device_leave (plan->device);
  } else {
    nucseg_network_abandon (plan->network);
  }
  nucseg_cuda_device_free (plan->device);
  g_ptr_array_unref (plan->memory);
  g_ptr_array_unref (plan->host_memory);
  g_free (plan);
}

static gboolean
fill_plan (NucsegPlan *plan, const NucsegPlanOptions *options, GError **error)
{
  plan->cudnn = nucseg_cudnn_new (
      NULL, nucseg_cuda_device_get_stream (plan->device), error);
  if (!plan->cudnn)
    return FALSE;
  plan->network = nucseg_network_new (plan->device, plan->cudnn, plan->model, 1,
      plan->geometry.pad_height, plan->geometry.pad_width, options->precision,
      error);
  return plan->network && make_memory (plan, error)
      && make_prepare (plan, error) && make_decode (plan, error);
}

static NucsegPlan *
cuda_plan_new (const NucsegPlanOptions *options, GError **error)
{
  NucsegPlan *plan;
  gboolean ok = FALSE;

  if (!cuda_supports (options->model, options->precision, error))
    return NULL;
  plan = g_new0 (NucsegPlan, 1);
  plan->model = options->model;
  plan->geometry = options->geometry;
  plan->memory = g_ptr_array_new ();
  plan->host_memory = g_ptr_array_new ();
  plan->device = nucseg_cuda_device_new (error);
  if (plan->device && nucseg_cuda_device_enter (plan->device, error)) {
    ok = fill_plan (plan, options, error);
    nucseg_cuda_device_leave (plan->device);
  }
  if (!ok) {
    cuda_plan_free (plan);
    return NULL;
  }
  return plan;
}

/* --- The network's input and output, for tests -----------------------------
 */

static gsize
n_pixels (const NucsegPlan *plan)
{
  return (gsize) plan->geometry.pad_width * plan->geometry.pad_height;
}

/* The input as one f32 channel, on the device. */
static gboolean
get_values (NucsegPlan *plan, NucsegCudaTensor *values, GError **error)
{
  if (!plan->values)
    plan->values =
        take (plan, n_pixels (plan) * sizeof (gfloat), "the input", error);
  *values = (NucsegCudaTensor){ .data = plan->values,
    .type = NUCSEG_CUDA_F32,
    .batch = 1,
    .height = plan->geometry.pad_height,
    .width = plan->geometry.pad_width,
    .channels = 1,
    .pitch = 1 };
  return plan->values != NULL;
}

static gboolean
cuda_write_input (NucsegPlan *plan, const gfloat *input, GError **error)
{
  const gsize size = n_pixels (plan) * sizeof (gfloat);
  NucsegCudaTensor values;
  gboolean ok;

  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = get_values (plan, &values, error)
      && nucseg_cuda_upload (plan->device, values.data, input, size, error)
      && nucseg_cuda_check (
          nucseg_cuda_space_to_depth (plan->prepare.block, &values,
              &plan->prepare.out, nucseg_cuda_device_get_stream (plan->device)),
          "writing the input", error)
      && nucseg_cuda_wait (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

static gboolean
cuda_read_input (NucsegPlan *plan, gfloat *input, GError **error)
{
  const gsize size = n_pixels (plan) * sizeof (gfloat);
  NucsegCudaTensor values;
  gboolean ok;

  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = get_values (plan, &values, error)
      && nucseg_cuda_check (
          nucseg_cuda_depth_to_space (plan->prepare.block, &plan->prepare.out,
              &values, nucseg_cuda_device_get_stream (plan->device)),
          "reading the input", error)
      && nucseg_cuda_download (plan->device, input, values.data, size, error)
      && nucseg_cuda_wait (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

static gsize
maps_size (const NucsegPlan *plan)
{
  return n_pixels (plan) * nucseg_model_get_output (plan->model)->n_maps
      * sizeof (gfloat);
}

static gboolean
cuda_write_maps (NucsegPlan *plan, const gfloat *maps, GError **error)
{
  gboolean ok;

  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = nucseg_cuda_upload (plan->device,
           nucseg_network_get_maps (plan->network, 0), maps, maps_size (plan),
           error)
      && nucseg_cuda_wait (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

static gboolean
cuda_read_maps (NucsegPlan *plan, gfloat *maps, GError **error)
{
  gboolean ok;

  if (!nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = nucseg_cuda_download (plan->device, maps,
           nucseg_network_get_maps (plan->network, 0), maps_size (plan), error)
      && nucseg_cuda_wait (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

static const NucsegBackend backend = {
  .abi = NUCSEG_BACKEND_ABI,
#ifdef NUCSEG_CUDA_NAME
  .name = NUCSEG_CUDA_NAME, /* of the tests' emulation */
#else
  .name = "cuda",
#endif
  .describe = cuda_describe,
  .probe = cuda_probe,
  .best_precision = cuda_best_precision,
  .supports = cuda_supports,
  .plan_new = cuda_plan_new,
  .plan_free = cuda_plan_free,
  .prepare = nucseg_cuda_prepare,
  .network = nucseg_cuda_network,
  .decode = nucseg_cuda_labels,
  .overlay = nucseg_cuda_draw,
  .run = nucseg_cuda_run,
  .pinned_alloc = nucseg_cuda_pinned_alloc,
  .pinned_free = nucseg_cuda_pinned_free,
  .write_input = cuda_write_input,
  .read_input = cuda_read_input,
  .write_maps = cuda_write_maps,
  .read_maps = cuda_read_maps,
};

const NucsegBackend *
nucseg_backend_get (void)
{
  return &backend;
}
