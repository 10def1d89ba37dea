/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cudnn-engines.c: the engines that can do a convolution.
 */
#include "cuda/cudnn-private.h"

#include <string.h>

#define MAX_CONFIGS 64 /* of one heuristic mode */
#define MAX_KNOBS 64
#define MAX_NOTES 16

static void
clear_candidate (gpointer data)
{
  NucsegCudnnCandidate *candidate = data;

  nucseg_cudnn_plan_free (candidate->plan);
  g_free (candidate->name);
}

/* Whether sums are f32 in a fixed order, of inputs as they are. */
static gboolean
is_exact (const NucsegCudnnConv *conv, cudnnBackendDescriptor_t engine)
{
  const NucsegCudnnLibrary *library = conv->cudnn->library;
  cudnnBackendNumericalNote_t notes[MAX_NOTES];
  gint64 n = 0;

  if (library->cudnnBackendGetAttribute (engine,
          CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
          MAX_NOTES, &n, notes)
      != CUDNN_STATUS_SUCCESS)
    return FALSE;
  for (gint64 i = 0; i < MIN (n, MAX_NOTES); i++) {
    switch (notes[i]) {
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
      if (conv->spec.type == NUCSEG_CUDA_F32)
        return FALSE;
      break;
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
      return FALSE;
    default:
      break;
    }
  }
  return TRUE;
}

/* Appends ",type=value" for each setting of the engine. */
static void
append_knobs (
    NucsegCudnnConv *conv, cudnnBackendDescriptor_t config, GString *name)
{
  const NucsegCudnnLibrary *library = conv->cudnn->library;
  cudnnBackendDescriptor_t knobs[MAX_KNOBS];
  NucsegCudnnMaker maker;
  gint64 n = 0;

  nucseg_cudnn_maker_init (&maker, library);
  for (guint i = 0; i < MAX_KNOBS; i++)
    knobs[i] = nucseg_cudnn_make (&maker, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
  if (maker.status == CUDNN_STATUS_SUCCESS
      && library->cudnnBackendGetAttribute (config,
             CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
             MAX_KNOBS, &n, knobs)
          == CUDNN_STATUS_SUCCESS) {
    for (gint64 i = 0; i < MIN (n, MAX_KNOBS); i++) {
      cudnnBackendKnobType_t type = 0;
      gint64 value = 0, count;

      library->cudnnBackendGetAttribute (knobs[i],
          CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &count,
          &type);
      library->cudnnBackendGetAttribute (knobs[i],
          CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, &count,
          &value);
      g_string_append_printf (name, "%c%d=%" G_GINT64_FORMAT,
          i == 0 ? ':' : ',', (gint) type, value);
    }
  }
  nucseg_cudnn_maker_clear (&maker);
}

/* Whether a candidate of this name is there. The fallback names engines without
 * settings (@is_fallback): one that the heuristics have named with settings
 * chooses those itself, and takes seconds to compile once more. */
static gboolean
is_known (const NucsegCudnnConv *conv, const gchar *name, gboolean is_fallback)
{
  g_autofree gchar *with_settings =
      is_fallback && !strchr (name, ':') ? g_strconcat (name, ":", NULL) : NULL;

  for (guint i = 0; i < conv->candidates->len; i++) {
    const gchar *known = nucseg_cudnn_conv_get_name (conv, i);

    if (g_str_equal (known, name)
        || (with_settings && g_str_has_prefix (known, with_settings)))
      return TRUE;
  }
  return FALSE;
}

/* Adds @config unless its engine isn't exact or it is there already. */
static void
add_candidate (NucsegCudnnConv *conv, cudnnBackendDescriptor_t config,
    gboolean is_fallback)
{
  const NucsegCudnnLibrary *library = conv->cudnn->library;
  cudnnBackendDescriptor_t engine;
  NucsegCudnnMaker maker;
  NucsegCudnnCandidate candidate = { config, NULL, NULL, FALSE };
  gint64 index = -1, n = 0;
  gboolean ok;

  nucseg_cudnn_maker_init (&maker, library);
  engine = nucseg_cudnn_make (&maker, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  ok = engine
      && library->cudnnBackendGetAttribute (config, CUDNN_ATTR_ENGINECFG_ENGINE,
             CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &n, &engine)
          == CUDNN_STATUS_SUCCESS
      && library->cudnnBackendGetAttribute (engine,
             CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &n, &index)
          == CUDNN_STATUS_SUCCESS
      && is_exact (conv, engine);
  nucseg_cudnn_maker_clear (&maker);
  if (!ok)
    return;

  GString *name = g_string_new (NULL);
  g_string_printf (name, "%" G_GINT64_FORMAT, index);
  append_knobs (conv, config, name);
  candidate.name = g_string_free (name, FALSE);
  if (is_known (conv, candidate.name, is_fallback))
    g_free (candidate.name);
  else
    g_array_append_val (conv->candidates, candidate);
}

/* A mode that knows nothing of this graph is no error. */
static void
ask (NucsegCudnnConv *conv, cudnnBackendHeurMode_t mode)
{
  const NucsegCudnnLibrary *library = conv->cudnn->library;
  NucsegCudnnMaker *maker = &conv->maker;
  cudnnBackendDescriptor_t configs[MAX_CONFIGS];
  cudnnBackendDescriptor_t heuristic =
      nucseg_cudnn_make (maker, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  gint64 n = 0, got = 0;

  nucseg_cudnn_set_descriptor (
      maker, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, conv->graph);
  nucseg_cudnn_set_descriptor (
      maker, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, conv->cudnn->device);
  nucseg_cudnn_set (maker, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE,
      CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (maker->status != CUDNN_STATUS_SUCCESS
      || library->cudnnBackendFinalize (heuristic) != CUDNN_STATUS_SUCCESS
      || library->cudnnBackendGetAttribute (heuristic,
             CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0,
             &n, NULL)
          != CUDNN_STATUS_SUCCESS)
    return;
  n = MIN (n, MAX_CONFIGS);
  for (gint64 i = 0; i < n; i++)
    configs[i] = nucseg_cudnn_make (maker, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  if (n == 0 || maker->status != CUDNN_STATUS_SUCCESS
      || library->cudnnBackendGetAttribute (heuristic,
             CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, n,
             &got, configs)
          != CUDNN_STATUS_SUCCESS)
    return;
  /* @got may be how many there are, not how many were asked for. */
  for (gint64 i = 0; i < MIN (got, n); i++)
    add_candidate (conv, configs[i], mode == CUDNN_HEUR_MODE_FALLBACK);
}

NucsegCudnnConv *
nucseg_cudnn_conv_new (
    NucsegCudnn *cudnn, const NucsegCudnnSpec *spec, GError **error)
{
  NucsegCudnnConv *conv = g_new0 (NucsegCudnnConv, 1);

  conv->cudnn = cudnn;
  conv->spec = *spec;
  conv->built = G_MAXUINT;
  conv->candidates = g_array_new (FALSE, FALSE, sizeof (NucsegCudnnCandidate));
  g_array_set_clear_func (conv->candidates, clear_candidate);
  nucseg_cudnn_maker_init (&conv->maker, cudnn->library);
  conv->graph = nucseg_cudnn_make_graph (&conv->maker, spec);
  if (nucseg_cudnn_maker_check (
          &conv->maker, NUCSEG_ERROR_UNSUPPORTED, error)) {
    ask (conv, CUDNN_HEUR_MODE_A);
    ask (conv, CUDNN_HEUR_MODE_B);
    if (conv->candidates->len > 0 || nucseg_cudnn_conv_ask_more (conv))
      return conv;
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "cuDNN has no engine for a convolution %dx%d of %d to %d channels at "
        "%d x %dx%d",
        spec->kernel_w, spec->kernel_h, spec->in_channels, spec->out_channels,
        spec->batch, spec->width, spec->height);
  }
  nucseg_cudnn_conv_free (conv);
  return NULL;
}

gboolean
nucseg_cudnn_conv_ask_more (NucsegCudnnConv *conv)
{
  const guint before = conv->candidates->len;

  if (!conv->asked_all)
    ask (conv, CUDNN_HEUR_MODE_FALLBACK);
  conv->asked_all = TRUE;
  return conv->candidates->len > before;
}

void
nucseg_cudnn_conv_free (NucsegCudnnConv *conv)
{
  if (!conv)
    return;
  g_array_unref (conv->candidates);
  nucseg_cudnn_maker_clear (&conv->maker);
  g_free (conv);
}

guint
nucseg_cudnn_conv_count (const NucsegCudnnConv *conv)
{
  return conv->candidates->len;
}

const gchar *
nucseg_cudnn_conv_get_name (const NucsegCudnnConv *conv, guint candidate)
{
  return g_array_index (conv->candidates, NucsegCudnnCandidate, candidate).name;
}
