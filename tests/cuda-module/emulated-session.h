/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-session.h: sessions of a small network on the emulated GPU.
 */
#ifndef NUCSEG_TESTS_EMULATED_SESSION_H
#define NUCSEG_TESTS_EMULATED_SESSION_H

#include "modelbuilder.h"
#include "nucseg.h"

/* Of all sessions of a test; gpu-or-emulated.h may choose another. */
static const gchar *emulated_backend = "cuda_emulated";

/* Each with a model of its own from the same bytes, as elements have. */
static inline NucsegSession *
emulated_session_new (guint batch, guint64 batch_deadline_us)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (1, 8);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "test", &error);
  const NucsegSessionOptions options = { .backend = emulated_backend,
    .batch = batch,
    .batch_deadline_us = batch_deadline_us };
  NucsegSession *session;

  g_assert_no_error (error);
  session = nucseg_session_new (model, &options, &error);
  g_assert_no_error (error);
  return session;
}

/* Parameters with which random weights find something and it is drawn. */
static inline NucsegParams
emulated_params (void)
{
  NucsegParams params = NUCSEG_PARAMS_INIT;

  /* random weights are sure of nothing: anything will do for a nucleus */
  params.threshold = 0.01;
  params.min_area = 0;
  params.overlay = NUCSEG_OVERLAY_BOTH;
  return params;
}

#endif /* NUCSEG_TESTS_EMULATED_SESSION_H */
