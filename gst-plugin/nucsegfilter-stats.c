/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-stats.c: times and counts of nucsegfilter: the property
 * `stats`, and the latency that the element reports, which comes from them.
 */
#include "nucsegfilter-private.h"

/* Inferred frames between two looks at the latency: sorting is not for each. */
#define LATENCY_EVERY 50

static int
compare_us (gconstpointer a, gconstpointer b)
{
  const guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

/* Nearest rank, of sorted values. */
static guint32
percentile (const guint32 *sorted, guint n, guint percent)
{
  return n ? sorted[(n * percent + 99) / 100 - 1] : 0;
}

void
nucseg_filter_stats_reset (GstNucsegFilter *self)
{
  GST_OBJECT_LOCK (self);
  memset (&self->stats, 0, sizeof (self->stats));
  GST_OBJECT_UNLOCK (self);
}

/* Under the object lock, as what follows. How long frames are kept beside the
 * one that is worked on; a stream without a rate is taken to bring them as fast
 * as they are done. */
static GstClockTime
get_kept (const NucsegStats *stats)
{
  return stats->held
      * (stats->frame_duration ? stats->frame_duration : stats->latency);
}

static GstClockTime
get_latency (const NucsegStats *stats)
{
  return stats->latency + get_kept (stats);
}

static void
post_latency (GstNucsegFilter *self)
{
  gst_element_post_message (
      GST_ELEMENT (self), gst_message_new_latency (GST_OBJECT (self)));
}

void
nucseg_filter_set_latency (GstNucsegFilter *self, GstClockTime latency)
{
  GstClockTime old;
  gboolean changed;

  GST_OBJECT_LOCK (self);
  old = self->stats.latency;
  /* A message makes the whole pipeline agree on latencies anew: not for
   * noise. Too little hurts (late frames) sooner than too much. */
  changed =
      latency > old + old / 4 + GST_MSECOND || latency + GST_MSECOND < old / 2;
  if (changed)
    self->stats.latency = latency;
  GST_OBJECT_UNLOCK (self);

  if (changed) {
    GST_INFO_OBJECT (self,
        "latency %" GST_TIME_FORMAT ", was %" GST_TIME_FORMAT,
        GST_TIME_ARGS (latency), GST_TIME_ARGS (old));
    post_latency (self);
  }
}

void
nucseg_filter_set_held (
    GstNucsegFilter *self, guint held, GstClockTime frame_duration)
{
  GstClockTime old;
  gboolean changed;

  GST_OBJECT_LOCK (self);
  old = get_latency (&self->stats);
  self->stats.held = held;
  self->stats.frame_duration = frame_duration;
  changed = get_latency (&self->stats) != old;
  GST_OBJECT_UNLOCK (self);

  if (changed) {
    GST_INFO_OBJECT (self, "latency of %u more frames", held);
    post_latency (self);
  }
}

GstClockTime
nucseg_filter_get_latency (GstNucsegFilter *self, GstClockTime *kept)
{
  GstClockTime latency;

  GST_OBJECT_LOCK (self);
  *kept = get_kept (&self->stats);
  latency = get_latency (&self->stats);
  GST_OBJECT_UNLOCK (self);
  return latency;
}

static guint32
to_us (guint64 ns)
{
  return (guint32) MIN (ns / 1000, G_MAXUINT32);
}

void
nucseg_filter_stats_add (GstNucsegFilter *self, const NucsegMetaFacts *facts,
    guint batch, guint64 element_ns)
{
  NucsegStats *stats = &self->stats;
  guint32 sorted[NUCSEG_STATS_WINDOW];
  guint n = 0;

  GST_OBJECT_LOCK (self);
  stats->us[NUCSEG_STATS_ELEMENT][stats->frames % NUCSEG_STATS_WINDOW] =
      to_us (element_ns);
  stats->frames++;
  stats->nuclei = facts->n_objects;
  if (facts->inferred) {
    for (guint i = 0; i < NUCSEG_STAGE_LAST; i++)
      stats->us[i][stats->inferred % NUCSEG_STATS_WINDOW] =
          to_us (facts->stage_ns[i]);
    stats->us[NUCSEG_STATS_INFERRED][stats->inferred % NUCSEG_STATS_WINDOW] =
        to_us (element_ns);
    stats->inferred++;
    stats->batched += batch;
    if (stats->inferred % LATENCY_EVERY == 0) {
      n = MIN (stats->inferred, NUCSEG_STATS_WINDOW);
      memcpy (sorted, stats->us[NUCSEG_STATS_INFERRED], n * sizeof (guint32));
    }
  }
  GST_OBJECT_UNLOCK (self);

  if (n > 0) {
    qsort (sorted, n, sizeof (guint32), compare_us);
    /* Of few frames the 99th percentile is the slowest, which tells more of the
     * machine than of us. */
    nucseg_filter_set_latency (
        self, percentile (sorted, n, n < 200 ? 95 : 99) * GST_USECOND);
  }
}

GstStructure *
nucseg_filter_stats_get (GstNucsegFilter *self)
{
  NucsegStats *stats = g_new (NucsegStats, 1);
  GstStructure *s;

  GST_OBJECT_LOCK (self);
  *stats = self->stats;
  GST_OBJECT_UNLOCK (self);

  s = gst_structure_new ("nucseg-stats", "frames", G_TYPE_UINT64, stats->frames,
      "inferred", G_TYPE_UINT64, stats->inferred, "nuclei", G_TYPE_UINT,
      stats->nuclei, "latency", G_TYPE_UINT64, get_latency (stats), NULL);
  for (guint i = 0; i <= NUCSEG_STATS_ELEMENT; i++) {
    const gboolean element = i == NUCSEG_STATS_ELEMENT;
    const gchar *name = element ? "element" : nucseg_stage_name (i);
    const guint n =
        MIN (element ? stats->frames : stats->inferred, NUCSEG_STATS_WINDOW);
    g_autofree gchar *p50 = g_strdup_printf ("%s-p50", name);
    g_autofree gchar *p99 = g_strdup_printf ("%s-p99", name);

    qsort (stats->us[i], n, sizeof (guint32), compare_us);
    gst_structure_set (s, p50, G_TYPE_UINT, percentile (stats->us[i], n, 50),
        p99, G_TYPE_UINT, percentile (stats->us[i], n, 99), NULL);
  }
  if (stats->inferred > 0)
    gst_structure_set (s, "batch", G_TYPE_DOUBLE,
        (gdouble) stats->batched / (gdouble) stats->inferred, NULL);
  if (stats->model)
    gst_structure_set (s, "model", G_TYPE_STRING, stats->model, "model-sha256",
        G_TYPE_STRING, stats->sha256, "backend", G_TYPE_STRING, stats->backend,
        "precision", G_TYPE_STRING, stats->precision, NULL);
  g_free (stats);
  return s;
}
