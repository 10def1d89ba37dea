/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegmeta.h: reads the metadata that nucsegfilter attaches to each frame
 * (docs/metadata.md). Nothing to link but GStreamer:
 *
 *   NucsegMasks masks;
 *   if (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks)) {
 *     for (guint i = 0; i < masks.n_objects; i++)
 *       use (masks.objects[i].centroid_x, masks.objects[i].area);
 *     guint16 label = masks.labels[y * masks.width + x];
 *     nucseg_masks_unmap (&masks);
 *   }
 *
 * All functions may be called from any thread; one NucsegMasks belongs to one
 * thread at a time.
 */
#ifndef NUCSEG_META_H
#define NUCSEG_META_H

#include <string.h>

#include <gst/gst.h>

#include "nucseg.h"

G_BEGIN_DECLS

/* What a nucsegfilter found. */
#define NUCSEG_META_NAME "NucsegMeta"
/* What a nuctestsrc drew: the same fields as far as they make sense. */
#define NUCSEG_TRUTH_META_NAME "NucsegTruthMeta"
/* Type of the GstVideoRegionOfInterestMeta of each nucleus. */
#define NUCSEG_ROI_TYPE "nucleus"
/* Name of the one param structure of that meta. */
#define NUCSEG_ROI_PARAM "nucseg"

/**
 * NucsegTrack:
 * @id: of a nucleus, from 1, the same in all frames of a stream, never used
 *   again
 * @mother: id of the nucleus whose division it came of, 0: of none
 *
 * Which nucleus of a stream a label is.
 */
typedef struct {
  guint32 id;
  guint32 mother;
} NucsegTrack;

/**
 * NucsegMasks:
 * @width: pixels a row of @labels: the frame's width
 * @height: rows of @labels
 * @labels: @width x @height labels in host byte order without gaps; 0 is
 *   background, @objects[i].label of an object's pixels
 * @n_objects: number of nuclei
 * @objects: @n_objects records, NULL where there are none
 * @tracks: that of @objects[i] is @tracks[i]; NULL where the meta has none (a
 *   %NUCSEG_TRUTH_META_NAME has them) or where there are no nuclei
 * @structure: all other fields, belongs to the meta: see docs/metadata.md
 *
 * The meta of one buffer, mapped for reading. The last two members are private.
 */
typedef struct {
  gint width;
  gint height;
  const guint16 *labels;
  guint n_objects;
  const NucsegObject *objects;
  const NucsegTrack *tracks;
  const GstStructure *structure;
  /*< private >*/
  GstBuffer *buffers[3];
  GstMapInfo maps[3];
} NucsegMasks;

/**
 * nucseg_masks_unmap:
 * @masks: what nucseg_masks_map() filled
 *
 * Ends the reading; the pointers in @masks are no longer valid. Calling it
 * twice, or after a map that failed, does no harm.
 */
static inline void
nucseg_masks_unmap (NucsegMasks *masks)
{
  for (guint i = 0; i < G_N_ELEMENTS (masks->buffers); i++) {
    if (masks->buffers[i]) {
      gst_buffer_unmap (masks->buffers[i], &masks->maps[i]);
      gst_buffer_unref (masks->buffers[i]);
    }
  }
  memset (masks, 0, sizeof (*masks));
}

static inline gboolean
nucseg_masks_map_field_ (
    NucsegMasks *masks, const gchar *field, guint slot, gsize expected)
{
  const GValue *value = gst_structure_get_value (masks->structure, field);
  GstBuffer *held;

  if (!value || !G_VALUE_HOLDS (value, GST_TYPE_BUFFER))
    return FALSE;
  held = gst_value_get_buffer (value);
  if (!held || !gst_buffer_map (held, &masks->maps[slot], GST_MAP_READ))
    return FALSE;
  masks->buffers[slot] = gst_buffer_ref (held);
  return masks->maps[slot].size >= expected;
}

/**
 * nucseg_masks_map:
 * @buffer: a buffer
 * @meta_name: %NUCSEG_META_NAME or %NUCSEG_TRUTH_META_NAME
 * @masks: (out): the fields; all zero on failure
 *
 * Maps the labels and objects of @buffer, without a copy. The memory stays
 * until nucseg_masks_unmap(), but @masks->structure only as long as @buffer.
 *
 * Returns: FALSE if there is no such meta, or if its buffers are smaller than
 *   its sizes say
 */
static inline gboolean
nucseg_masks_map (GstBuffer *buffer, const gchar *meta_name, NucsegMasks *masks)
{
  GstCustomMeta *meta = NULL;

  memset (masks, 0, sizeof (*masks));
  /* a name that nobody registered has no meta, and must not be asked for */
  if (gst_meta_get_info (meta_name))
    meta = gst_buffer_get_custom_meta (buffer, meta_name);
  if (!meta)
    return FALSE;
  masks->structure = gst_custom_meta_get_structure (meta);
  if (!gst_structure_get_int (masks->structure, "width", &masks->width)
      || !gst_structure_get_int (masks->structure, "height", &masks->height)
      || !gst_structure_get_uint (
          masks->structure, "n-objects", &masks->n_objects)
      || masks->width < 1 || masks->height < 1 || masks->width > NUCSEG_MAX_SIZE
      || masks->height > NUCSEG_MAX_SIZE || masks->n_objects > NUCSEG_MAX_LABEL
      || !nucseg_masks_map_field_ (masks, "labels", 0,
          (gsize) masks->width * (gsize) masks->height * sizeof (guint16))
      || (masks->n_objects > 0
          && !nucseg_masks_map_field_ (masks, "objects", 1,
              (gsize) masks->n_objects * sizeof (NucsegObject)))
      || (masks->n_objects > 0
          && gst_structure_has_field (masks->structure, "tracks")
          && !nucseg_masks_map_field_ (masks, "tracks", 2,
              (gsize) masks->n_objects * sizeof (NucsegTrack)))) {
    nucseg_masks_unmap (masks);
    return FALSE;
  }
  masks->labels = (const guint16 *) (const void *) masks->maps[0].data;
  if (masks->n_objects > 0)
    masks->objects = (const NucsegObject *) (const void *) masks->maps[1].data;
  if (masks->buffers[2])
    masks->tracks = (const NucsegTrack *) (const void *) masks->maps[2].data;
  return TRUE;
}

G_END_DECLS

#endif /* NUCSEG_META_H */
