/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-session.c: from the settings to a model on a back end, and what
 * the bus hears of it.
 */
#include <glib/gstdio.h>

#include "errors.h"
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"

#define SLOW_WARM_UP (500 * 1000) /* microseconds */

/* The first @n; a model has what they share. */
static void
keep_sessions (GstNucsegFilter *self, guint n)
{
  while (self->n_sessions > n)
    g_clear_pointer (&self->sessions[--self->n_sessions], nucseg_session_free);
}

void
nucseg_filter_end_session (GstNucsegFilter *self)
{
  keep_sessions (self, 0);
  g_clear_pointer (&self->session_key, g_free);
  g_clear_pointer (&self->session_file, g_free);
  gst_clear_object (&self->session_cuda);
  self->session_failed = FALSE;
}

/* Tells a file from another that took its name later; NULL where there is
 * none. */
static gchar *
describe_file (const gchar *path)
{
  GStatBuf file;

  if (g_stat (path, &file) != 0)
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT
                          " %" G_GINT64_FORMAT ".%09ld",
      (guint64) file.st_ino, (gint64) file.st_size,
      (gint64) file.st_mtim.tv_sec, (long) file.st_mtim.tv_nsec);
}

/* Whether the model's file is the one that was read: who trains a model in
 * turns writes it anew under the same name. One that is gone is none to read.
 */
static gboolean
is_file_the_same (GstNucsegFilter *self)
{
  NucsegModel *model = nucseg_session_get_model (self->sessions[0]);
  g_autofree gchar *now = describe_file (nucseg_model_get_origin (model));

  return !now || g_strcmp0 (now, self->session_file) == 0;
}

static gboolean
make_session (GstNucsegFilter *self, GError **error)
{
  NucsegSessionOptions options = { 0 };
  g_autofree gchar *name = NULL;
  g_autofree gchar *key = NULL;
  g_autoptr (NucsegModel) model = NULL;

  GST_OBJECT_LOCK (self);
  name = g_strdup (self->session_settings.model);
  options.backend = nucseg_filter_backend_nick (self->session_settings.backend);
  options.precision = self->session_settings.precision;
  options.threads = self->session_settings.threads;
  options.batch = self->session_settings.batch;
  options.batch_deadline_us = self->session_settings.batch_deadline;
  GST_OBJECT_UNLOCK (self);

  key = g_strdup_printf ("%s %s %u %u %u %" G_GUINT64_FORMAT " %s",
      options.backend, nucseg_precision_name (options.precision),
      options.threads, self->depth, options.batch, options.batch_deadline_us,
      name);
  if (self->n_sessions > 0 && !self->session_failed
      && g_strcmp0 (key, self->session_key) == 0 && is_file_the_same (self)) {
    GST_DEBUG_OBJECT (self, "keeping the session");
    return TRUE;
  }
  nucseg_filter_end_session (self);
  model = nucseg_model_load (name, error);
  if (!model)
    return FALSE;
  /* at once: making sessions takes a while, in which it may be written anew */
  self->session_file = describe_file (nucseg_model_get_origin (model));
  while (self->n_sessions < self->depth) {
    self->sessions[self->n_sessions] =
        nucseg_session_new (model, &options, error);
    if (!self->sessions[self->n_sessions]) {
      nucseg_filter_end_session (self);
      return FALSE;
    }
    self->n_sessions++;
  }
  self->session_key = g_steal_pointer (&key);
  self->batch_wait = options.batch > 1 ? options.batch_deadline_us : 0;
  return TRUE;
}

/* Into the statistics. */
static void
note_session (GstNucsegFilter *self)
{
  NucsegModel *model = nucseg_session_get_model (self->sessions[0]);

  GST_OBJECT_LOCK (self);
  /* interned: metas on buffers far away carry them for as long as they like */
  self->stats.model = g_intern_string (nucseg_model_get_name (model));
  self->stats.sha256 = g_intern_string (nucseg_model_get_sha256 (model));
  self->stats.backend =
      g_intern_string (nucseg_session_get_backend (self->sessions[0]));
  self->stats.precision =
      nucseg_precision_name (nucseg_session_get_precision (self->sessions[0]));
  GST_OBJECT_UNLOCK (self);
  GST_INFO_OBJECT (self, "model %s (%s), back end %s, precision %s",
      self->stats.model, self->stats.sha256, self->stats.backend,
      self->stats.precision);
}

/* Where a better back end is installed than the one that runs: a person reads
 * the warning, a program the message. Nothing otherwise. */
static void
tell_fallback (GstNucsegFilter *self)
{
  const GError *why = nucseg_session_get_fallback (self->sessions[0]);
  g_autofree gchar *instead = NULL;

  if (!why)
    return;
  instead = g_strdup_printf ("%s takes over", self->stats.backend);
  nucseg_element_warning (
      GST_ELEMENT (self), why, "choosing a back end", instead);
  gst_element_post_message (GST_ELEMENT (self),
      gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("nucseg-backend", "backend", G_TYPE_STRING,
              self->stats.backend, "precision", G_TYPE_STRING,
              self->stats.precision, "reason", G_TYPE_STRING, why->message,
              NULL)));
}

gboolean
nucseg_filter_begin_session (GstNucsegFilter *self, GError **error)
{
  if (!make_session (self, error))
    return FALSE;
  note_session (self);
  tell_fallback (self);
  return TRUE;
}

static gboolean
run_empty (GstNucsegFilter *self, NucsegSession *session,
    const NucsegFrame *frame, const NucsegFrame *shown,
    const NucsegParams *params, GError **error)
{
  gboolean ok;

  if (!nucseg_filter_cuda_enter (self, error))
    return FALSE;
  ok = nucseg_session_warm_up (session, frame, shown, params, error);
  nucseg_filter_cuda_leave (self);
  return ok;
}

/* Frames must not differ with the session that they meet: one that another
 * back end took over (a GPU's memory was enough for those before it, say) isn't
 * used, nor those after it. */
static gboolean
warm_up_others (GstNucsegFilter *self, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, GError **error)
{
  NucsegSession *first = self->sessions[0];

  for (guint i = 1; i < self->n_sessions; i++) {
    NucsegSession *session = self->sessions[i];
    const GError *why;

    if (!run_empty (self, session, frame, shown, params, error))
      return FALSE;
    if (g_str_equal (nucseg_session_get_backend (session),
            nucseg_session_get_backend (first)))
      continue;
    why = nucseg_session_get_fallback (session);
    if (why) {
      g_autofree gchar *instead =
          g_strdup_printf ("%u of %u frames %s in work at once", i,
              self->n_sessions, i == 1 ? "is" : "are");

      nucseg_element_warning (
          GST_ELEMENT (self), why, "making ready for more frames", instead);
    }
    keep_sessions (self, i);
  }
  return TRUE;
}

gboolean
nucseg_filter_warm_up (GstNucsegFilter *self, const NucsegFrame *frame,
    const NucsegFrame *shown, const NucsegParams *params, gint64 *took,
    GError **error)
{
  const gchar *backend = nucseg_session_get_backend (self->sessions[0]);

  /* The first run builds the plan; the second shows what a frame takes, unless
   * the first was so long that the building no longer counts. */
  *took = 0;
  for (guint run = 0; run < 2 && *took < SLOW_WARM_UP; run++) {
    const gint64 started = g_get_monotonic_time ();

    if (!run_empty (self, self->sessions[0], frame, shown, params, error))
      return FALSE;
    *took = g_get_monotonic_time () - started;
    GST_DEBUG_OBJECT (self, "warm-up %u of %dx%d took %" G_GINT64_FORMAT " us",
        run, frame->width, frame->height, *took);
  }
  /* now it was alone */
  if (nucseg_session_takes_memory (self->sessions[0], NUCSEG_MEMORY_CUDA))
    *took += (gint64) self->batch_wait;
  if (!g_str_equal (backend, nucseg_session_get_backend (self->sessions[0]))) {
    note_session (self);
    tell_fallback (self);
  }
  return warm_up_others (self, frame, shown, params, error);
}
