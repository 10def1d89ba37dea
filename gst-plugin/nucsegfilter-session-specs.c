/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-session-specs.c: the part of the page of nucsegfilter that is
 * about its session: model, back end, and how many frames go together. They
 * may change until the element is PAUSED.
 */
#include "nucsegfilter-props.h"

#define READY                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)

static const GEnumValue backends[] = {
  { 0, "The best that can start here: cuda, onednn, reference", "auto" },
  { 1, "oneDNN, on CPUs", "onednn" },
  { 2, "Plain C, to compare with", "reference" },
  { 3, "CUDA, on NVIDIA devices", "cuda" },
  { 0, NULL, NULL },
};

static const GEnumValue precisions[] = {
  { NUCSEG_PRECISION_AUTO, "The fastest without a loss to be seen", "auto" },
  { NUCSEG_PRECISION_F32, "32-bit floating point", "f32" },
  { NUCSEG_PRECISION_BF16, "bfloat16, where the processor has it", "bf16" },
  { NUCSEG_PRECISION_INT8, "8-bit integers", "int8" },
  { NUCSEG_PRECISION_F16, "IEEE half; by cuda and reference alone", "f16" },
  { 0, NULL, NULL },
};

const gchar *
nucseg_filter_backend_nick (gint backend)
{
  for (const GEnumValue *v = backends; v->value_nick; v++) {
    if (v->value == backend)
      return v->value_nick;
  }
  return "auto";
}

void
nucseg_filter_install_session_specs (GObjectClass *klass)
{
  /**
   * GstNucsegFilter:model:
   *
   * The model: a path (it has a '/' or ends in ".safetensors") or a name,
   * which is looked up in the folders of NUCSEG_MODEL_PATH and then where the
   * package installs models. A changed file is read again when the
   * element starts.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Name or path of the model: the weights and what they need",
          DEFAULT_MODEL, READY));
  /**
   * GstNucsegFilter:backend:
   *
   * What computes. One that is asked for by name and can't start is an error,
   * never a silent change to another; the property stats says what runs.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_BACKEND,
      g_param_spec_enum ("backend", "Back end", "What computes the network",
          nucseg_filter_enum_type ("GstNucsegBackend", backends), 0, READY));
  /**
   * GstNucsegFilter:precision:
   *
   * Arithmetic of the network. One that the back end lacks is an error.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision", "Arithmetic of the network",
          nucseg_filter_enum_type ("GstNucsegPrecision", precisions),
          NUCSEG_PRECISION_AUTO, READY));
  /**
   * GstNucsegFilter:threads:
   *
   * CPU threads of the network; 0: all that the process may use.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_THREADS,
      g_param_spec_uint ("threads", "Threads",
          "CPU threads (0 = all that the process may use)", 0, 256, 0, READY));
  /**
   * GstNucsegFilter:pipeline-depth:
   *
   * Frames that are in work at once. On a GPU upload, network and download of
   * neighbouring frames can overlap then, for more throughput. Each frame
   * beyond the first adds the duration of one frame of latency, and memory: a
   * plan and two buffers. On a CPU one frame takes all threads as it is. With
   * an #GstNucsegFilter:interval above 1 one frame at a time is in work: masks
   * that are reused depend on the frame before.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PIPELINE_DEPTH,
      g_param_spec_uint ("pipeline-depth", "Pipeline depth",
          "Frames in work at once: more throughput on a GPU, each beyond the "
          "first adds the duration of one frame of latency (with interval "
          "above 1, one is in work)",
          1, NUCSEG_MAX_DEPTH, DEFAULT_PIPELINE_DEPTH, READY));
  /**
   * GstNucsegFilter:batch-streams:
   *
   * Frames of several nucsegfilter elements of one process that a GPU runs in
   * one batch, for more streams on one GPU: elements with the same model,
   * precision, size of frames and values of these two properties share one
   * network. 1: each element runs its frames by itself. A network of a batch
   * takes the same time however many of its places are taken. CPUs gain
   * nothing by it: there it changes nothing.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_BATCH_STREAMS,
      g_param_spec_uint ("batch-streams", "Batch streams",
          "Most frames of several elements that a GPU runs in one batch (1 = "
          "each by itself; CPUs always do)",
          1, NUCSEG_MAX_BATCH, DEFAULT_BATCH_STREAMS, READY));
  /**
   * GstNucsegFilter:batch-deadline:
   *
   * Microseconds that a frame waits at most for those of other elements, with
   * #GstNucsegFilter:batch-streams above 1. It waits no longer than until the
   * batch is full or each element has a frame there; elements that had none
   * in the last eight batches aren't waited for.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_BATCH_DEADLINE,
      g_param_spec_uint ("batch-deadline", "Batch deadline",
          "Microseconds that a frame waits at most for those of other elements",
          0, NUCSEG_MAX_BATCH_DEADLINE, DEFAULT_BATCH_DEADLINE, READY));
}
