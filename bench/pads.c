/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pads.c: see pads.h.
 */
#include "bench/pads.h"

#include <stdlib.h>

#define N_INSIDE 16 /* frames inside the element at once, at most */

typedef struct {
  GstClockTime pts;
  gint64 at; /* monotonic microseconds */
} Entry;

struct _BenchPads {
  GMutex lock; /* frames come out in another thread where several are inside */
  Entry entries[N_INSIDE];
  guint n_entered;
  gint n, most;
  gint64 first, last; /* when frames came out */
  guint32 *us; /* of each */
};

static GstPadProbeReturn
on_in (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  BenchPads *self = data;
  Entry entry = { GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)), 0 };

  g_mutex_lock (&self->lock);
  entry.at = g_get_monotonic_time ();
  self->entries[self->n_entered++ % N_INSIDE] = entry;
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

/* When the frame of that time stamp went in; the latest one where an element
 * gives its own. */
static gint64
find_entry (const BenchPads *self, GstClockTime pts)
{
  const guint n = MIN (self->n_entered, N_INSIDE);

  for (guint i = 1; i <= n; i++) {
    const Entry *entry = &self->entries[(self->n_entered - i) % N_INSIDE];

    if (entry->pts == pts)
      return entry->at;
  }
  return self->entries[(self->n_entered - 1) % N_INSIDE].at;
}

static GstPadProbeReturn
on_out (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  const gint64 now = g_get_monotonic_time ();
  BenchPads *self = data;

  g_mutex_lock (&self->lock);
  if (self->n_entered > 0 && self->n < self->most) {
    const GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

    self->us[self->n++] =
        (guint32) (now - find_entry (self, GST_BUFFER_PTS (buffer)));
    self->last = now;
    if (self->n == 1)
      self->first = now;
  }
  g_mutex_unlock (&self->lock);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *pipeline, const gchar *element, const gchar *name,
    GstPadProbeCallback probe, BenchPads *self)
{
  g_autoptr (GstElement) found =
      gst_bin_get_by_name (GST_BIN (pipeline), element);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (found, name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, self, NULL);
}

BenchPads *
bench_pads_new (GstElement *pipeline, gint most)
{
  BenchPads *self = g_new0 (BenchPads, 1);

  g_mutex_init (&self->lock);
  self->most = most;
  self->us = g_new0 (guint32, most);
  add_probe (pipeline, "before", "src", on_in, self);
  add_probe (pipeline, "after", "sink", on_out, self);
  return self;
}

void
bench_pads_free (BenchPads *self)
{
  if (!self)
    return;
  g_mutex_clear (&self->lock);
  g_free (self->us);
  g_free (self);
}

static int
compare (const void *a, const void *b)
{
  const guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return x < y ? -1 : x > y;
}

BenchTimes
bench_pads_read (BenchPads *self)
{
  g_autofree guint32 *us = NULL;
  BenchTimes times = { 0 };
  gint64 duration;

  g_mutex_lock (&self->lock);
  times.n = self->n;
  us = g_memdup2 (self->us, sizeof *us * (gsize) times.n);
  duration = self->last - self->first;
  g_mutex_unlock (&self->lock);
  if (times.n == 0)
    return times;
  qsort (us, (gsize) times.n, sizeof *us, compare);
  times.p50_ms = us[times.n / 2] / 1e3;
  times.p99_ms = us[MIN (times.n - 1, (gint) (0.99 * times.n))] / 1e3;
  if (duration > 0)
    times.frames_per_s = (times.n - 1) * 1e6 / (gdouble) duration;
  return times;
}
