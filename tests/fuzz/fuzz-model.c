/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-model.c: libFuzzer's entry to the model loader. Whatever the bytes are,
 * they are a model whose shapes can be inferred, or one error of code MODEL.
 *
 *   CC=clang meson setup build-fuzz -Dfuzz=true -Dgstreamer=disabled \
 *     -Db_sanitize=address,undefined -Db_lundef=false
 *   ninja -C build-fuzz tests/fuzz/fuzz-model tests/fuzz/seeds
 *   build-fuzz/tests/fuzz/seeds SEEDS
 *   build-fuzz/tests/fuzz/fuzz-model -max_total_time=60 SEEDS
 */
#include "model.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "fuzz", &error);

  if (!model) {
    if (!g_error_matches (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL))
      abort ();
    return 0;
  }
  const NucsegGraph *graph = nucseg_model_get_graph (model);
  g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);
  if (!nucseg_graph_infer (
          graph, 3 * graph->multiple, 2 * graph->multiple, shapes, NULL))
    abort ();
  return 0;
}
