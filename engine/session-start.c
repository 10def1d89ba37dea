/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session-start.c: a session's start: what was asked for, the back end that
 * answers it, and the next one of "auto"'s order where a device fails before
 * it has done anything.
 */
#include "backend-private.h"
#include "session-private.h"

#define DEFAULT_MAX_PLANS 4
#define MAX_PLANS 64
#define MAX_THREADS 256

static gboolean
check_options (const NucsegSessionOptions *options, GError **error)
{
  if (options->threads > MAX_THREADS) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "%u threads, expected 1 to %d, or 0 for all", options->threads,
        MAX_THREADS);
    return FALSE;
  }
  if (options->max_plans > MAX_PLANS) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "%u plans, expected 1 to %d, or 0 for %d", options->max_plans,
        MAX_PLANS, DEFAULT_MAX_PLANS);
    return FALSE;
  }
  if (options->batch > NUCSEG_MAX_BATCH) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "a batch of %u frames, expected 1 to %d, or 0 for 1", options->batch,
        NUCSEG_MAX_BATCH);
    return FALSE;
  }
  if (options->batch_deadline_us > NUCSEG_MAX_BATCH_DEADLINE) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "a deadline of %" G_GUINT64_FORMAT " us for batches, expected %d at "
        "most",
        options->batch_deadline_us, NUCSEG_MAX_BATCH_DEADLINE);
    return FALSE;
  }
  if ((guint) options->precision > NUCSEG_PRECISION_F16) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "precision %d, expected 0 (auto) to %d (f16)",
        (gint) options->precision, NUCSEG_PRECISION_F16);
    return FALSE;
  }
  return TRUE;
}

/* What @asked means there; FALSE with UNSUPPORTED where it can't be had. */
static gboolean
find_precision (const NucsegBackend *backend, const NucsegModel *model,
    NucsegPrecision asked, NucsegPrecision *precision, GError **error)
{
  *precision =
      asked == NUCSEG_PRECISION_AUTO ? backend->best_precision (model) : asked;
  return backend->supports (model, *precision, error);
}

NucsegSession *
nucseg_session_new (
    NucsegModel *model, const NucsegSessionOptions *options, GError **error)
{
  static const NucsegSessionOptions defaults = { NULL };
  const NucsegBackend *backend;
  NucsegPrecision precision;
  g_autoptr (GError) fallback = NULL;

  g_return_val_if_fail (model != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!options)
    options = &defaults;
  if (!check_options (options, error))
    return NULL;
  const gboolean is_auto = nucseg_backend_name_is_auto (options->backend);
  backend = is_auto ? nucseg_backend_choose (NULL, &fallback, error)
                    : nucseg_backend_find (options->backend, error);
  if (!backend
      || !find_precision (
          backend, model, options->precision, &precision, error))
    return NULL;

  NucsegSession *session = g_new0 (NucsegSession, 1);
  session->model = nucseg_model_ref (model);
  session->backend = backend;
  session->precision = precision;
  session->asked = options->precision;
  session->is_auto = is_auto;
  session->fallback = g_steal_pointer (&fallback);
  session->threads = options->threads
      ? options->threads
      : MIN (g_get_num_processors (), MAX_THREADS);
  session->batch = MAX (options->batch, 1);
  session->batch_deadline_us = options->batch_deadline_us;
  session->max_plans =
      options->max_plans ? options->max_plans : DEFAULT_MAX_PLANS;
  session->slots = g_new0 (NucsegSessionSlot, session->max_plans);
  return session;
}

gboolean
nucseg_session_fall_back (NucsegSession *session, GError *failed)
{
  const NucsegBackend *next;
  NucsegPrecision precision;

  if (!session->is_auto || session->has_run
      || !nucseg_backend_has_device (session->backend)
      || !(g_error_matches (failed, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE)
          || g_error_matches (failed, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE)
          || g_error_matches (failed, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY)))
    return FALSE;
  next = nucseg_backend_choose (session->backend, NULL, NULL);
  if (!next
      || !find_precision (
          next, session->model, session->asked, &precision, NULL))
    return FALSE;
  g_debug ("auto: %s: %s", session->backend->name, failed->message);
  for (guint i = 0; i < session->max_plans; i++)
    nucseg_session_clear_slot (session, &session->slots[i]);
  nucseg_backend_prefix_error (session->backend->name, &failed);
  if (session->fallback)
    g_error_free (failed);
  else
    session->fallback = failed;
  session->backend = next;
  session->precision = precision;
  return TRUE;
}

const GError *
nucseg_session_get_fallback (NucsegSession *session)
{
  g_return_val_if_fail (session != NULL, NULL);
  return session->fallback;
}
