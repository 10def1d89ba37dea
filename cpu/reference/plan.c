/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c: the table of the reference back end.
 */
#include "cpu/reference/reference.h"

#include <string.h>

struct _NucsegPlan {
  NucsegModel *model; /* borrowed */
  NucsegGeometry geometry;
  NucsegRefPrepare prepare;
  NucsegRefNetwork *network;
  NucsegRefDecode decode;
};

static gchar *
reference_describe (void)
{
  return g_strdup ("plain C, one thread");
}

static gboolean
reference_probe (GError **error)
{
  return TRUE;
}

static NucsegPrecision
reference_best_precision (const NucsegModel *model)
{
  return NUCSEG_PRECISION_F32;
}

static gboolean
reference_supports (
    const NucsegModel *model, NucsegPrecision precision, GError **error)
{
  if (precision != NUCSEG_PRECISION_INT8
      || nucseg_model_get_graph (model)->quantised)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "the model \"%s\" has no scales, without which there is no precision "
      "'int8': ask for f32, bf16, f16 or auto",
      nucseg_model_get_name (model));
  return FALSE;
}

static void
reference_plan_free (NucsegPlan *plan)
{
  if (plan == NULL)
    return;
  nucseg_ref_prepare_clear (&plan->prepare);
  nucseg_ref_network_free (plan->network);
  nucseg_ref_decode_clear (&plan->decode);
  g_free (plan);
}

static NucsegPlan *
reference_plan_new (const NucsegPlanOptions *options, GError **error)
{
  const NucsegGeometry *geometry = &options->geometry;
  NucsegPlan *plan;

  if (!reference_supports (options->model, options->precision, error))
    return NULL;

  plan = g_new0 (NucsegPlan, 1);
  plan->model = options->model;
  plan->geometry = *geometry;
  if (nucseg_ref_prepare_init (
          &plan->prepare, geometry, nucseg_model_get_input (plan->model), error)
      && nucseg_ref_decode_init (&plan->decode, geometry, error))
    plan->network = nucseg_ref_network_new (
        nucseg_model_get_graph (plan->model), geometry->pad_height,
        geometry->pad_width, options->precision, error);
  if (plan->network == NULL) {
    reference_plan_free (plan);
    return NULL;
  }
  return plan;
}

static gboolean
reference_prepare (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, NucsegResult *result, GError **error)
{
  NucsegRefPrepare *prepare = &plan->prepare;

  if (!nucseg_ref_prepare_limits (
          prepare, frame, nucseg_model_get_input (plan->model), params, error))
    return FALSE;
  nucseg_ref_prepare_fill (
      prepare, frame, nucseg_ref_network_get_input (plan->network));
  result->low = prepare->limits.low_level;
  result->high = prepare->limits.high_level;
  result->inverted = prepare->limits.inverted;
  return TRUE;
}

static gboolean
reference_network (NucsegPlan *plan, GError **error)
{
  nucseg_ref_network_run (plan->network);
  return TRUE;
}

static gboolean
reference_decode (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error)
{
  return nucseg_ref_decode_run (&plan->decode,
      nucseg_ref_network_get_maps (plan->network),
      nucseg_model_get_output (plan->model), frame, params, labels,
      labels_stride, objects, result, error);
}

static gboolean
reference_overlay (NucsegPlan *plan, const NucsegFrame *frame,
    const NucsegParams *params, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error)
{
  NucsegRefPrepare *prepare = &plan->prepare;

  if (!prepare->has_limits
      && !nucseg_ref_prepare_limits (
          prepare, frame, nucseg_model_get_input (plan->model), params, error))
    return FALSE;
  return nucseg_ref_overlay (frame, params, prepare->limits.low_level,
      prepare->limits.high_level, labels, labels_stride, n_objects, shown,
      error);
}

static gsize
n_pixels (const NucsegPlan *plan)
{
  return (gsize) plan->geometry.pad_width * plan->geometry.pad_height;
}

static gsize
n_values (const NucsegPlan *plan)
{
  return n_pixels (plan) * nucseg_model_get_output (plan->model)->n_maps;
}

static gboolean
reference_write_input (NucsegPlan *plan, const gfloat *input, GError **error)
{
  memcpy (nucseg_ref_network_get_input (plan->network), input,
      n_pixels (plan) * sizeof (gfloat));
  return TRUE;
}

static gboolean
reference_read_input (NucsegPlan *plan, gfloat *input, GError **error)
{
  memcpy (input, nucseg_ref_network_get_input (plan->network),
      n_pixels (plan) * sizeof (gfloat));
  return TRUE;
}

static gboolean
reference_write_maps (NucsegPlan *plan, const gfloat *maps, GError **error)
{
  memcpy (nucseg_ref_network_get_maps (plan->network), maps,
      n_values (plan) * sizeof (gfloat));
  return TRUE;
}

static gboolean
reference_read_maps (NucsegPlan *plan, gfloat *maps, GError **error)
{
  memcpy (maps, nucseg_ref_network_get_maps (plan->network),
      n_values (plan) * sizeof (gfloat));
  return TRUE;
}

const NucsegBackend nucseg_backend_reference = {
  .abi = NUCSEG_BACKEND_ABI,
  .name = "reference",
  .describe = reference_describe,
  .probe = reference_probe,
  .best_precision = reference_best_precision,
  .supports = reference_supports,
  .plan_new = reference_plan_new,
  .plan_free = reference_plan_free,
  .prepare = reference_prepare,
  .network = reference_network,
  .decode = reference_decode,
  .overlay = reference_overlay,
  .write_input = reference_write_input,
  .read_input = reference_read_input,
  .write_maps = reference_write_maps,
  .read_maps = reference_read_maps,
  .keeps_f32 = TRUE,
};
