/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * analyticsmeta.c: the nuclei as GStreamer's own analytics metadata.
 * https://gstreamer.freedesktop.org/documentation/analytics/
 */
#include "analyticsmeta.h"

#define GST_USE_UNSTABLE_API
#include <gst/analytics/analytics.h>
#include <gst/video/video.h>

/* The element decides yes or no and has no finer measure of a nucleus. */
#define CONFIDENCE 1.0f
/* Bytes of an mtd of the library's, about: one that needs more grows. */
#define MTD_BYTES 64

/* --- Those of an earlier filter ------------------------------------------ */

/* Maps are marked: nothing else tells whose a segmentation is. */
static GQuark
mark (void)
{
  return g_quark_from_static_string ("nucseg-analytics-map");
}

static gboolean
is_ours (GstAnalyticsRelationMeta *meta)
{
  GstAnalyticsMtd mtd;
  gpointer state = NULL;
  gboolean ours = FALSE;

  while (!ours
      && gst_analytics_relation_meta_iterate (
          meta, &state, gst_analytics_segmentation_mtd_get_mtd_type (), &mtd)) {
    GstBuffer *mask =
        gst_analytics_segmentation_mtd_get_mask (&mtd, NULL, NULL, NULL, NULL);

    ours = gst_mini_object_get_qdata (GST_MINI_OBJECT (mask), mark ()) != NULL;
    gst_buffer_unref (mask);
  }
  return ours;
}

static gboolean
clear_one (GstBuffer *buffer, GstMeta **meta, gpointer user_data)
{
  if ((*meta)->info->api == GST_ANALYTICS_RELATION_META_API_TYPE
      && is_ours ((GstAnalyticsRelationMeta *) *meta))
    *meta = NULL;
  return TRUE;
}

void
nucseg_analytics_clear (GstBuffer *buffer)
{
  gst_buffer_foreach_meta (buffer, clear_one, NULL);
}

/* --- The map -------------------------------------------------------------- */

static GstBuffer *
share_labels (const NucsegMetaFacts *facts)
{
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { facts->width * 2 };
  GstBuffer *mask = gst_buffer_copy_region (
      facts->labels, GST_BUFFER_COPY_MEMORY, 0, (gsize) -1);

  gst_buffer_add_video_meta_full (mask, GST_VIDEO_FRAME_FLAG_NONE,
      G_BYTE_ORDER == G_LITTLE_ENDIAN ? GST_VIDEO_FORMAT_GRAY16_LE
                                      : GST_VIDEO_FORMAT_GRAY16_BE,
      facts->width, facts->height, 1, offset, stride);
  return mask;
}

/* NULL where the labels can't be mapped. */
static GstBuffer *
copy_labels (const NucsegMetaFacts *facts)
{
  const gsize n = (gsize) facts->width * facts->height;
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 };
  gint stride[GST_VIDEO_MAX_PLANES] = { facts->width };
  guint8 *bytes;
  GstBuffer *mask;
  GstMapInfo map;

  if (!gst_buffer_map (facts->labels, &map, GST_MAP_READ))
    return NULL;
  bytes = g_malloc (n);
  for (gsize i = 0; i < n; i++)
    bytes[i] = (guint8) ((const guint16 *) (gconstpointer) map.data)[i];
  gst_buffer_unmap (facts->labels, &map);
  mask = gst_buffer_new_wrapped (bytes, n);
  gst_buffer_add_video_meta_full (mask, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_FORMAT_GRAY8, facts->width, facts->height, 1, offset, stride);
  return mask;
}

/* Region i is label i, 0 the background. */
static gboolean
add_map (GstAnalyticsRelationMeta *meta, const NucsegMetaFacts *facts,
    GstBuffer *mask, GstAnalyticsMtd *segmentation)
{
  g_autofree guint *ids = g_new (guint, facts->n_objects + 1);

  gst_mini_object_set_qdata (
      GST_MINI_OBJECT (mask), mark (), GINT_TO_POINTER (TRUE), NULL);
  for (guint i = 0; i <= facts->n_objects; i++)
    ids[i] = i;
  return gst_analytics_relation_meta_add_segmentation_mtd (meta, mask,
      GST_SEGMENTATION_TYPE_INSTANCE, facts->n_objects + 1, ids, 0, 0,
      (guint) facts->width, (guint) facts->height, segmentation);
}

/* --- Nuclei --------------------------------------------------------------- */

static void
add_nuclei (GstAnalyticsRelationMeta *meta, const NucsegObject *objects,
    guint n, guint map_id)
{
  const GQuark type = g_quark_from_static_string (NUCSEG_ROI_TYPE);

  for (guint i = 0; i < n; i++) {
    const NucsegObject *o = &objects[i];
    GstAnalyticsMtd nucleus;

    if (!gst_analytics_relation_meta_add_od_mtd (
            meta, type, o->x, o->y, o->width, o->height, CONFIDENCE, &nucleus))
      continue;
    gst_analytics_relation_meta_set_relation (
        meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, nucleus.id, map_id);
    gst_analytics_relation_meta_set_relation (
        meta, GST_ANALYTICS_REL_TYPE_RELATE_TO, map_id, nucleus.id);
  }
}

guint
nucseg_analytics_attach (GstBuffer *buffer, const NucsegMetaFacts *facts)
{
  const guint n = MIN (facts->n_objects, NUCSEG_ANALYTICS_MOST);
  /* For all at once: it grows by a few mtds at a time, copying all relations.
   */
  GstAnalyticsRelationMetaInitParams params = {
    .initial_relation_order = n + 1,
    .initial_buf_size =
        (gsize) (n + 2) * MTD_BYTES + (facts->n_objects + 1) * sizeof (guint),
  };
  GstBuffer *mask = facts->n_objects > G_MAXUINT8 ? share_labels (facts)
                                                  : copy_labels (facts);
  GstAnalyticsRelationMeta *meta;
  GstAnalyticsMtd segmentation;
  GstMapInfo map;

  if (!mask)
    return facts->n_objects;
  /* The one that is there, if an element before this one left one. */
  meta = gst_buffer_add_analytics_relation_meta_full (buffer, &params);
  if (!add_map (meta, facts, mask, &segmentation))
    return facts->n_objects;
  if (n > 0 && gst_buffer_map (facts->objects, &map, GST_MAP_READ)) {
    add_nuclei (meta, (const NucsegObject *) (gconstpointer) map.data, n,
        segmentation.id);
    gst_buffer_unmap (facts->objects, &map);
  }
  return facts->n_objects - n;
}
