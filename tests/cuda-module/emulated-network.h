/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-network.h: one network over the emulation, step by step the back
 * end's own, beside the reference.
 */
#ifndef NUCSEG_TESTS_EMULATED_NETWORK_H
#define NUCSEG_TESTS_EMULATED_NETWORK_H

#include "cuda/network.h"
#include "emulated-device.h"

#include "tests/parity/parity.h"

#include <math.h>
#include <string.h>

static inline gsize
emulated_network_values (NucsegModel *model, gint height, gint width)
{
  return (gsize) height * width * nucseg_model_get_output (model)->n_maps;
}

/* The maps of @input in f32, to be freed; *@n_cudnn, *@n_steps: (out): of the
 * network. Twice: nothing of the first run may show in the second. */
static inline gfloat *
emulated_network_run (NucsegModel *model, gint height, gint width,
    const gfloat *input, guint *n_cudnn, guint *n_steps)
{
  const gsize n = emulated_network_values (model, height, width);
  g_autoptr (GError) error = NULL;
  NucsegCudaDevice *device = nucseg_cuda_device_new (&error);
  NucsegNetwork *network;
  NucsegCudaTensor to;
  gfloat *maps;
  gint block;

  g_assert_true (nucseg_cuda_device_enter (device, &error));
  network = nucseg_network_new (
      device, model, 1, height, width, NUCSEG_PRECISION_F32, &error);
  g_assert_no_error (error);
  to = nucseg_network_get_input (network, 0, &block);
  g_assert_cmpint (block, ==, 1);
  memcpy (to.data, input, (gsize) height * width * sizeof (gfloat));
  for (guint i = 0; i < 2; i++) {
    nucseg_network_run (network, &error);
    g_assert_no_error (error);
  }
  maps = g_memdup2 (nucseg_network_get_maps (network, 0), n * sizeof (gfloat));
  *n_cudnn = nucseg_network_count (network, n_steps);
  nucseg_network_free (network);
  nucseg_cuda_device_leave (device);
  nucseg_cuda_device_free (device);
  return maps;
}

static inline gfloat *
emulated_network_reference (
    NucsegModel *model, gint height, gint width, const gfloat *input)
{
  const NucsegBackend *backend = nucseg_backend_find ("reference", NULL);
  g_autoptr (GError) error = NULL;
  gfloat *maps = g_new (gfloat, emulated_network_values (model, height, width));
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      backend, model, width, height, 1, NUCSEG_PRECISION_F32, &geometry);

  g_assert_true (backend->write_input (plan, input, &error)
      && backend->network (plan, &error)
      && backend->read_maps (plan, maps, &error));
  backend->plan_free (plan);
  return maps;
}

static inline void
emulated_network_compare (
    const gchar *what, const gfloat *expected, const gfloat *found, gsize n)
{
  for (gsize i = 0; i < n; i++)
    /* some hundred products of values about 1, in f32 */
    if (!(fabsf (expected[i] - found[i]) <= 1e-5f * (1 + fabsf (expected[i]))))
      g_error ("%s: value %" G_GSIZE_FORMAT " is %.9g, expected %.9g", what, i,
          found[i], expected[i]);
}

#endif /* NUCSEG_TESTS_EMULATED_NETWORK_H */
