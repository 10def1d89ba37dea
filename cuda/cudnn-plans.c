/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cudnn-plans.c: plans of a convolution's engines, and their executions.
 */
#include "cuda/cudnn-private.h"

#include <string.h>

struct _NucsegCudnnPack {
  NucsegCudnnMaker maker;
  cudnnBackendDescriptor_t descriptor;
};

/* --- Plans ---------------------------------------------------------------- */

void
nucseg_cudnn_plan_free (NucsegCudnnPlan *plan)
{
  if (!plan)
    return;
  nucseg_cudnn_maker_clear (&plan->maker);
  g_free (plan);
}

/* Of @text where that isn't NULL, else compiled. Any thread. */
static NucsegCudnnPlan *
plan_new (const NucsegCudnn *cudnn, cudnnBackendDescriptor_t config,
    const gchar *text, GError **error)
{
  NucsegCudnnPlan *plan = g_new0 (NucsegCudnnPlan, 1);
  NucsegCudnnMaker *maker = &plan->maker;
  gint64 n = 0, size = 0;

  nucseg_cudnn_maker_init (maker, cudnn->library);
  plan->plan =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  nucseg_cudnn_set_descriptor (
      maker, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, cudnn->device);
  if (text)
    nucseg_cudnn_set (maker, plan->plan,
        CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
        (gint64) strlen (text), text);
  else
    nucseg_cudnn_set_descriptor (
        maker, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  nucseg_cudnn_finalize (maker, plan->plan, "building a plan");
  if (maker->status == CUDNN_STATUS_SUCCESS) {
    maker->status = cudnn->library->cudnnBackendGetAttribute (plan->plan,
        CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &n,
        &size);
    maker->what = "the size of a workspace";
  }
  if (!nucseg_cudnn_maker_check (maker, NUCSEG_ERROR_DEVICE, error)) {
    nucseg_cudnn_plan_free (plan);
    return NULL;
  }
  plan->workspace = (gsize) size;
  return plan;
}

static NucsegCudnnCandidate *
get (const NucsegCudnnConv *conv, guint candidate)
{
  return &g_array_index (conv->candidates, NucsegCudnnCandidate, candidate);
}

static const NucsegCudnnPlan *
built (const NucsegCudnnConv *conv)
{
  return get (conv, conv->built)->plan;
}

static gboolean
use (NucsegCudnnConv *conv, guint candidate, const gchar *text, GError **error)
{
  NucsegCudnnCandidate *c = get (conv, candidate);

  if (!c->plan)
    c->plan = plan_new (conv->cudnn, c->config, text, error);
  conv->built = c->plan ? candidate : G_MAXUINT;
  return c->plan != NULL;
}

gboolean
nucseg_cudnn_conv_build (NucsegCudnnConv *conv, guint candidate, GError **error)
{
  return use (conv, candidate, NULL, error);
}

gboolean
nucseg_cudnn_conv_load (
    NucsegCudnnConv *conv, guint candidate, const gchar *text, GError **error)
{
  return use (conv, candidate, text, error);
}

void
nucseg_cudnn_conv_drop_built (NucsegCudnnConv *conv)
{
  g_clear_pointer (&get (conv, conv->built)->plan, nucseg_cudnn_plan_free);
  conv->built = G_MAXUINT;
}

gchar *
nucseg_cudnn_conv_get_text (const NucsegCudnnConv *conv)
{
  const NucsegCudnnLibrary *library = conv->cudnn->library;
  g_autofree gchar *text = NULL;
  gint64 n = 0, got = 0;

  if (library->cudnnBackendGetAttribute (built (conv)->plan,
          CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, 0, &n,
          NULL)
          != CUDNN_STATUS_SUCCESS
      || n < 1)
    return NULL;
  text = g_malloc0 ((gsize) n + 1);
  if (library->cudnnBackendGetAttribute (built (conv)->plan,
          CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, n,
          &got, text)
      != CUDNN_STATUS_SUCCESS)
    return NULL;
  return g_steal_pointer (&text);
}

void
nucseg_cudnn_conv_keep_built (NucsegCudnnConv *conv)
{
  for (guint i = 0; i < conv->candidates->len; i++) {
    if (i != conv->built)
      g_clear_pointer (&get (conv, i)->plan, nucseg_cudnn_plan_free);
  }
}

/* --- Several at once ------------------------------------------------------ */

typedef struct {
  NucsegCudnnEnter enter;
  gpointer data;
} Ahead;

typedef struct {
  const NucsegCudnn *cudnn;
  NucsegCudnnCandidate *candidate;
} Task;

static void
build_ahead (gpointer data, gpointer user_data)
{
  g_autofree Task *task = data;
  const Ahead *ahead = user_data;

  if (ahead->enter && !ahead->enter (ahead->data, TRUE))
    return;
  /* Who asks for one that failed tries again, and is told why. */
  task->candidate->plan =
      plan_new (task->cudnn, task->candidate->config, NULL, NULL);
  if (ahead->enter)
    ahead->enter (ahead->data, FALSE);
}

void
nucseg_cudnn_build_ahead (NucsegCudnnConv *const *convs, guint n_convs, guint n,
    NucsegCudnnEnter enter, gpointer data)
{
  Ahead ahead = { enter, data };
  GThreadPool *pool = g_thread_pool_new (
      build_ahead, &ahead, (gint) g_get_num_processors (), FALSE, NULL);

  for (guint c = 0; c < n_convs; c++) {
    for (guint i = 0; i < MIN (n, convs[c]->candidates->len); i++) {
      NucsegCudnnCandidate *candidate = get (convs[c], i);
      Task *task;

      if (candidate->plan || candidate->was_ahead)
        continue;
      candidate->was_ahead = TRUE;
      task = g_new (Task, 1);
      *task = (Task){ convs[c]->cudnn, candidate };
      /* without a thread of its own it waits for one that there is */
      g_thread_pool_push (pool, task, NULL);
    }
  }
  g_thread_pool_free (pool, FALSE, TRUE);
}

guint
nucseg_cudnn_conv_get_built (const NucsegCudnnConv *conv)
{
  return conv->built;
}

const NucsegCudnnSpec *
nucseg_cudnn_conv_get_spec (const NucsegCudnnConv *conv)
{
  return &conv->spec;
}

gsize
nucseg_cudnn_conv_get_workspace (const NucsegCudnnConv *conv)
{
  return built (conv)->workspace;
}

/* --- Executions ----------------------------------------------------------- */

NucsegCudnnPack *
nucseg_cudnn_pack_new (NucsegCudnnConv *conv, gpointer in, gpointer weight,
    gpointer bias, gpointer scale, gpointer out, gpointer workspace,
    GError **error)
{
  const gint64 ids[] = { NUCSEG_CUDNN_X, NUCSEG_CUDNN_W, NUCSEG_CUDNN_B,
    NUCSEG_CUDNN_Y, NUCSEG_CUDNN_S };
  gpointer pointers[] = { in, weight, bias, out, scale };
  const gint64 n = conv->spec.scaled ? 5 : 4;
  NucsegCudnnPack *pack = g_new0 (NucsegCudnnPack, 1);
  NucsegCudnnMaker *maker = &pack->maker;

  nucseg_cudnn_maker_init (maker, conv->cudnn->library);
  pack->descriptor =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  nucseg_cudnn_set (maker, pack->descriptor, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS,
      CUDNN_TYPE_INT64, n, ids);
  nucseg_cudnn_set (maker, pack->descriptor,
      CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, n, pointers);
  nucseg_cudnn_set (maker, pack->descriptor, CUDNN_ATTR_VARIANT_PACK_WORKSPACE,
      CUDNN_TYPE_VOID_PTR, 1, &workspace);
  nucseg_cudnn_finalize (maker, pack->descriptor, "setting memory");
  if (nucseg_cudnn_maker_check (maker, NUCSEG_ERROR_DEVICE, error))
    return pack;
  nucseg_cudnn_pack_free (pack);
  return NULL;
}

void
nucseg_cudnn_pack_free (NucsegCudnnPack *pack)
{
  if (!pack)
    return;
  nucseg_cudnn_maker_clear (&pack->maker);
  g_free (pack);
}

gboolean
nucseg_cudnn_conv_execute (NucsegCudnnConv *conv, NucsegCudnnPack *pack,
    cudaStream_t stream, GError **error)
{
  const NucsegCudnnLibrary *library = conv->cudnn->library;
  const cudnnHandle_t handle = conv->cudnn->handle;
  /* each time: whoever executed last may have had another one */
  cudnnStatus_t status = library->cudnnSetStream (handle, stream);

  if (status == CUDNN_STATUS_SUCCESS)
    status = library->cudnnBackendExecute (
        handle, built (conv)->plan, pack->descriptor);
  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
      "cuDNN failed at a convolution: %s",
      library->cudnnGetErrorString (status));
  return FALSE;
}
