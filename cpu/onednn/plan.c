/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c: the table of the onednn back end, a module. Most convolutions run in
 * oneDNN, all else in the vectorised kernels of cpu/.
 */
#include "cpu/decode.h"
#include "cpu/kernels/kernels.h"
#include "cpu/kernels/matrix-conv.h"
#include "cpu/onednn/dnnl.h"
#include "cpu/onednn/network.h"
#include "cpu/onednn/plan.h"
#include "cpu/overlay.h"
#include "cpu/parallel.h"
#include "cpu/prepare.h"

#include <string.h>

#ifdef _OPENMP
#include <unistd.h>
#endif

struct _NucsegPlan {
  NucsegModel *model; /* borrowed */
  NucsegGeometry geometry;
  guint threads;
  NucsegPrepare *prepare;
  NucsegNetwork *network;
  NucsegDecode *decode;
  NucsegDraw *draw;
};

/* A thread that has worked with others, and is the copy of one in a forked
 * process, would wait for threads that aren't there, for ever. */
static gboolean
check_fork (guint threads, GError **error)
{
#ifdef _OPENMP
  static _Thread_local pid_t worked_in;
  const pid_t now = getpid ();

  if (threads > 1 && worked_in != 0 && worked_in != now) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "this process was forked from one that had run frames with several "
        "threads, which it lacks: ask for 1 thread, or fork before the first "
        "frame");
    return FALSE;
  }
  if (threads > 1)
    worked_in = now;
#endif
  return TRUE;
}

/* oneDNN asks OpenMP how many threads there are, so the calling thread's own
 * setting is changed for the time of a call and put back. */
static gint
enter_threads (guint threads)
{
  const gint before = (gint) nucseg_parallel_threads ();

#ifdef _OPENMP
  omp_set_num_threads ((gint) threads);
#endif
  return before;
}

static void
leave_threads (gint before)
{
#ifdef _OPENMP
  omp_set_num_threads (before);
#endif
}

static gchar *
onednn_describe (void)
{
  gchar *library = nucseg_dnnl_describe ();
  gchar *text = g_strdup_printf ("%s, kernels %s, %s and %s", library,
      nucseg_kernels_get (NUCSEG_ELEMENT_F32, 0)->name,
      nucseg_kernels_get (NUCSEG_ELEMENT_BF16, 0)->name,
      nucseg_kernels_get (NUCSEG_ELEMENT_U8, 0)->name);

  g_free (library);
  return text;
}

static gboolean
onednn_probe (GError **error)
{
  NucsegDnnl *dnnl = nucseg_dnnl_new (error);

  nucseg_dnnl_free (dnnl);
  return dnnl != NULL;
}

/* oneDNN's convolutions of steps are exact with VNNI, ours with AVX2. */
static gboolean
has_int8 (void)
{
  return nucseg_dnnl_has_int8 () || nucseg_matrix_conv_has_int8 ();
}

static NucsegPrecision
onednn_best_precision (const NucsegModel *model)
{
  if (nucseg_model_get_graph (model)->quantised && has_int8 ())
    return NUCSEG_PRECISION_INT8;
  return nucseg_dnnl_has_bf16 () ? NUCSEG_PRECISION_BF16 : NUCSEG_PRECISION_F32;
}

static gboolean
onednn_supports (
    const NucsegModel *model, NucsegPrecision precision, GError **error)
{
  if (precision == NUCSEG_PRECISION_F32)
    return TRUE;
  if (precision == NUCSEG_PRECISION_BF16) {
    if (nucseg_dnnl_has_bf16 ())
      return TRUE;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "back end 'onednn' has no precision 'bf16' on this CPU, which lacks "
        "AVX512_BF16 (or ONEDNN_MAX_CPU_ISA forbids it): ask for f32 or auto");
    return FALSE;
  }
  if (precision == NUCSEG_PRECISION_F16) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "back end 'onednn' has no precision 'f16', which 'cuda' and "
        "'reference' have: it has f32, bf16 and int8");
    return FALSE;
  }
  if (!nucseg_model_get_graph (model)->quantised) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the model \"%s\" has no scales, without which there is no precision "
        "'int8': ask for f32, bf16 or auto",
        nucseg_model_get_name (model));
    return FALSE;
  }
  if (has_int8 ())
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "back end 'onednn' has no precision 'int8' on this CPU, which lacks "
      "VNNI and AVX2 (or ONEDNN_MAX_CPU_ISA and NUCSEG_CPU_KERNELS forbid "
      "them): ask for f32, bf16 or auto");
  return FALSE;
}

static void
onednn_plan_free (NucsegPlan *plan)
{
  if (!plan)
    return;
  nucseg_prepare_free (plan->prepare);
  nucseg_network_free (plan->network);
  nucseg_decode_free (plan->decode);
  nucseg_draw_free (plan->draw);
  g_free (plan);
}

static NucsegPlan *
onednn_plan_new (const NucsegPlanOptions *options, GError **error)
{
  const NucsegGeometry *geometry = &options->geometry;
  const NucsegInput *input = nucseg_model_get_input (options->model);
  const NucsegOutput *output = nucseg_model_get_output (options->model);
  NucsegPlan *plan;
  gint before;

  if (!onednn_supports (options->model, options->precision, error)
      || !check_fork (options->threads, error))
    return NULL;

  plan = g_new0 (NucsegPlan, 1);
  plan->model = options->model;
  plan->geometry = *geometry;
  plan->threads = options->threads;
  before = enter_threads (options->threads);
  plan->prepare = nucseg_prepare_new (geometry, input, options->threads, error);
  if (plan->prepare)
    plan->decode =
        nucseg_decode_new (geometry, output, options->threads, error);
  if (plan->decode)
    plan->draw = nucseg_draw_new (geometry, options->threads, error);
  if (plan->draw)
    plan->network = nucseg_network_new (nucseg_model_get_graph (plan->model),
        geometry->pad_height, geometry->pad_width, options->precision,
        options->threads, output->n_maps, error);
  leave_threads (before);
  if (!plan->network) {
    onednn_plan_free (plan);
    return NULL;
  }
  return plan;
}

static gboolean
onednn_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error)
{
  const NucsegLimits *limits;
  NucsegElement type;
  gpointer input = nucseg_network_get_input (plan->network, &type);

  if (!check_fork (plan->threads, error)
      || !nucseg_prepare_limits (plan->prepare, frame, params, error))
    return FALSE;
  nucseg_prepare_fill (plan->prepare, frame, input, type);
  limits = nucseg_prepare_get_limits (plan->prepare);
  result->low = limits->low_level;
  result->high = limits->high_level;
  result->inverted = limits->inverted;
  return TRUE;
}

static gboolean
onednn_network (NucsegPlan *plan, GError **error)
{
  const gint before = enter_threads (plan->threads);
  const gboolean ok = nucseg_network_run (plan->network, error);

  leave_threads (before);
  return ok;
}

static gboolean
onednn_decode (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  return nucseg_decode_run (plan->decode,
      nucseg_network_get_maps (plan->network), frame, params, labels,
      labels_stride, objects, &result->dropped, error);
}

static gboolean
onednn_overlay (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error)
{
  const NucsegLimits *limits = nucseg_prepare_get_limits (plan->prepare);

  if (!check_fork (plan->threads, error))
    return FALSE;
  if (!limits) {
    if (!nucseg_prepare_limits (plan->prepare, frame, params, error))
      return FALSE;
    limits = nucseg_prepare_get_limits (plan->prepare);
  }
  return nucseg_draw_run (plan->draw, frame, params, limits->low_level,
      limits->high_level, labels, labels_stride, n_objects, shown, error);
}

/* --- The network's input and output, for tests -------------------------- */

static gsize
n_pixels (const NucsegPlan *plan)
{
  return (gsize) plan->geometry.pad_width * plan->geometry.pad_height;
}

static gboolean
onednn_write_input (NucsegPlan *plan, const gfloat *input, GError **error)
{
  NucsegElement type;
  gpointer to = nucseg_network_get_input (plan->network, &type);

  nucseg_kernels_get (type, 0)->from_f32 (input, 1, to, n_pixels (plan));
  return TRUE;
}

static gboolean
onednn_read_input (NucsegPlan *plan, gfloat *input, GError **error)
{
  NucsegElement type;
  gpointer from = nucseg_network_get_input (plan->network, &type);

  nucseg_kernels_get (type, 0)->to_f32 (from, 1, input, n_pixels (plan));
  return TRUE;
}

/* Ours are planes, the table's are NHWC. */
static gboolean
onednn_write_maps (NucsegPlan *plan, const gfloat *maps, GError **error)
{
  const gsize n = n_pixels (plan);
  const gint n_maps = nucseg_model_get_output (plan->model)->n_maps;
  gfloat *planes = nucseg_network_get_maps (plan->network);

  for (gint m = 0; m < n_maps; m++) {
    for (gsize i = 0; i < n; i++)
      planes[m * n + i] = maps[i * n_maps + m];
  }
  return TRUE;
}

static gboolean
onednn_read_maps (NucsegPlan *plan, gfloat *maps, GError **error)
{
  const gsize n = n_pixels (plan);
  const gint n_maps = nucseg_model_get_output (plan->model)->n_maps;
  const gfloat *planes = nucseg_network_get_maps (plan->network);

  for (gint m = 0; m < n_maps; m++) {
    for (gsize i = 0; i < n; i++)
      maps[i * n_maps + m] = planes[m * n + i];
  }
  return TRUE;
}

/* --- Profile ------------------------------------------------------------ */

void
nucseg_onednn_set_profile (NucsegPlan *plan, gboolean profile)
{
  nucseg_network_set_profile (plan->network, profile);
}

gchar *
nucseg_onednn_get_profile (NucsegPlan *plan)
{
  return nucseg_network_get_profile (plan->network);
}

static const NucsegBackend backend = {
  .abi = NUCSEG_BACKEND_ABI,
  .name = "onednn",
  .describe = onednn_describe,
  .probe = onednn_probe,
  .best_precision = onednn_best_precision,
  .supports = onednn_supports,
  .plan_new = onednn_plan_new,
  .plan_free = onednn_plan_free,
  .prepare = onednn_prepare,
  .network = onednn_network,
  .decode = onednn_decode,
  .overlay = onednn_overlay,
  .write_input = onednn_write_input,
  .read_input = onednn_read_input,
  .write_maps = onednn_write_maps,
  .read_maps = onednn_read_maps,
};

const NucsegBackend *
nucseg_backend_get (void)
{
  return &backend;
}
