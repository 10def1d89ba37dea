/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c: the table of the cuda back end, a module; its plans. Convolutions run
 * in cuDNN, all else in the kernels of cuda/kernels.h and kernels-network.h.
 */
#include "cuda/plan.h"

#include "cuda/cudnn-conv.h"

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
    nucseg_cuda_capture_lock ();
    cudnn = nucseg_cudnn_new (NULL, error);
    nucseg_cudnn_free (cudnn);
    nucseg_cuda_capture_unlock ();
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
  if (precision == NUCSEG_PRECISION_F32 || precision == NUCSEG_PRECISION_BF16
      || precision == NUCSEG_PRECISION_F16)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "back end 'cuda' has no precision '%s': it has f32, bf16 and f16",
      nucseg_precision_name (precision));
  return FALSE;
}

/* --- Plans -----------------------------------------------------------------
 */

static gpointer
take (NucsegPlan *plan, gsize size, const gchar *what, gpointer *to,
    GError **error)
{
  *to = nucseg_cuda_alloc (plan->device, size, what, error);
  return *to;
}

static gboolean
make_network (
    NucsegPlan *plan, const NucsegPlanOptions *options, GError **error)
{
  const NucsegGeometry *g = &plan->geometry;

  plan->network =
      nucseg_network_new (plan->device, plan->model, (gint) plan->n_lanes,
          g->pad_height, g->pad_width, options->precision, error);
  return plan->network
      && take (plan, nucseg_cuda_decode_workspace (g), "decoding",
          &plan->scratch.decode, error)
      && take (plan, nucseg_cuda_objects_workspace (), "objects",
          &plan->scratch.objects, error);
}

static gboolean
fill_plan (NucsegPlan *plan, const NucsegPlanOptions *options, gboolean draws,
    GError **error)
{
  if (!draws && !make_network (plan, options, error))
    return FALSE;
  for (guint i = 0; i < plan->n_lanes; i++) {
    plan->lanes[i] = nucseg_lane_new (plan->device, plan->model,
        &plan->geometry, plan->network, i, &plan->scratch, error);
    if (!plan->lanes[i])
      return FALSE;
  }
  return TRUE;
}

NucsegPlan *
nucseg_plan_build (
    const NucsegPlanOptions *options, guint n_lanes, GError **error)
{
  NucsegPlan *plan = g_new0 (NucsegPlan, 1);
  gboolean ok = FALSE;

  plan->model = options->model;
  plan->geometry = options->geometry;
  plan->n_lanes = MAX (n_lanes, 1);
  plan->lanes = g_new0 (NucsegLane *, plan->n_lanes);
  plan->device = nucseg_cuda_device_new (error);
  if (plan->device && nucseg_cuda_device_enter (plan->device, error)) {
    ok = fill_plan (plan, options, n_lanes == 0, error);
    nucseg_cuda_device_leave (plan->device);
  }
  if (!ok) {
    nucseg_plan_free (plan);
    return NULL;
  }
  return plan;
}

void
nucseg_plan_free (NucsegPlan *plan)
{
  gboolean entered;

  if (!plan)
    return;
  nucseg_gather_leave (plan->member);
  entered = plan->device && nucseg_cuda_device_enter (plan->device, NULL);
  /* what a frame that failed may have left must not find its memory gone */
  if (entered)
    nucseg_cuda_wait (plan->device, NULL);
  if (entered && plan->graphs) {
    nucseg_plan_forget_graphs (plan);
    g_ptr_array_unref (plan->graphs);
  }
  for (guint i = 0; i < plan->n_lanes; i++)
    nucseg_lane_free (plan->lanes[i], entered);
  if (entered) {
    nucseg_cuda_timer_free (plan->timer);
    nucseg_cuda_graph_free (plan->network_graph);
    nucseg_network_free (plan->network);
    nucseg_cuda_free (plan->device, plan->scratch.decode);
    nucseg_cuda_free (plan->device, plan->scratch.objects);
    nucseg_cuda_free (plan->device, plan->values);
    nucseg_cuda_device_leave (plan->device);
  } else {
    nucseg_network_abandon (plan->network);
  }
  nucseg_cuda_device_free (plan->device);
  g_free (plan->lanes);
  g_free (plan);
}

static NucsegPlan *
cuda_plan_new (const NucsegPlanOptions *options, GError **error)
{
  NucsegPlan *plan;

  if (!cuda_supports (options->model, options->precision, error))
    return NULL;
  plan = nucseg_plan_build (options, options->batch > 1 ? 0 : 1, error);
  if (!plan || options->batch <= 1)
    return plan;
  plan->member = nucseg_gather_join (
      nucseg_cuda_device_get_context (plan->device), options, error);
  if (!plan->member) {
    nucseg_plan_free (plan);
    return NULL;
  }
  return plan;
}

/* --- The network's input and output, for tests -----------------------------
 */

gboolean
nucseg_plan_check_network (const NucsegPlan *plan, GError **error)
{
  if (plan->network)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "one step of a frame that is run in a batch: whole frames are expected");
  return FALSE;
}

static gsize
n_pixels (const NucsegPlan *plan)
{
  return (gsize) plan->geometry.pad_width * plan->geometry.pad_height;
}

/* The input as one f32 channel, on the device. */
static gboolean
get_values (NucsegPlan *plan, NucsegCudaTensor *values, GError **error)
{
  gpointer memory;

  if (!plan->values
      && take (
          plan, n_pixels (plan) * sizeof (gfloat), "the input", &memory, error))
    plan->values = memory;
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
  const NucsegCudaPrepare *prepare = &plan->lanes[0]->prepare;
  const gsize size = n_pixels (plan) * sizeof (gfloat);
  NucsegCudaTensor values;
  gboolean ok;

  if (!nucseg_plan_check_network (plan, error)
      || !nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = get_values (plan, &values, error)
      && nucseg_cuda_upload (plan->device, values.data, input, size, error)
      && nucseg_cuda_check (
          nucseg_cuda_space_to_depth (prepare->block, &values, &prepare->out,
              nucseg_cuda_device_get_stream (plan->device)),
          "writing the input", error)
      && nucseg_cuda_wait (plan->device, error);
  nucseg_cuda_device_leave (plan->device);
  return ok;
}

static gboolean
cuda_read_input (NucsegPlan *plan, gfloat *input, GError **error)
{
  const NucsegCudaPrepare *prepare = &plan->lanes[0]->prepare;
  const gsize size = n_pixels (plan) * sizeof (gfloat);
  NucsegCudaTensor values;
  gboolean ok;

  if (!nucseg_plan_check_network (plan, error)
      || !nucseg_cuda_device_enter (plan->device, error))
    return FALSE;
  ok = get_values (plan, &values, error)
      && nucseg_cuda_check (
          nucseg_cuda_depth_to_space (prepare->block, &prepare->out, &values,
              nucseg_cuda_device_get_stream (plan->device)),
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

  if (!nucseg_plan_check_network (plan, error)
      || !nucseg_cuda_device_enter (plan->device, error))
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

  if (!nucseg_plan_check_network (plan, error)
      || !nucseg_cuda_device_enter (plan->device, error))
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
  .plan_free = nucseg_plan_free,
  .prepare = nucseg_cuda_prepare,
  .network = nucseg_cuda_network,
  .decode = nucseg_cuda_labels,
  .overlay = nucseg_cuda_draw,
  .run = nucseg_cuda_run,
  .ready = nucseg_cuda_ready,
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
