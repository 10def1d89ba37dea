/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegmeta-write.c: the writing side of the two metas: their fields and how
 * they follow a buffer that is copied or scaled.
 */
#include <math.h>

#include <gst/video/video.h>

#include "nucsegmeta-write.h"

/* Names of the fields, as quarks: a frame writes two dozen of them. */
typedef enum {
  F_WIDTH,
  F_HEIGHT,
  F_LABELS,
  F_N_OBJECTS,
  F_OBJECTS,
  F_TRACKS,
  F_PIXEL_SIZE,
  F_MODEL,
  F_MODEL_SHA256,
  F_BACKEND,
  F_PRECISION,
  F_INFERRED,
  F_AGE,
  F_AGE_FRAMES,
  F_TIME_PREPARE,
  F_TIME_NETWORK,
  F_TIME_DECODE,
  F_TIME_OVERLAY,
  F_TIME_TOTAL,
  F_SCALE,
  F_LOW,
  F_HIGH,
  F_INVERTED,
  F_DROPPED,
  F_LAST
} Field;

static const gchar *const field_names[F_LAST] = { "width", "height", "labels",
  "n-objects", "objects", "tracks", "pixel-size", "model", "model-sha256",
  "backend", "precision", "inferred", "age", "age-frames", "time-prepare",
  "time-network", "time-decode", "time-overlay", "time-total", "scale", "low",
  "high", "inverted", "dropped" };

static GQuark fields[F_LAST];

static void
set_string (GstStructure *structure, Field field, const gchar *interned)
{
  GValue value = G_VALUE_INIT;

  if (!interned)
    return;
  g_value_init (&value, G_TYPE_STRING);
  g_value_set_interned_string (&value, interned);
  gst_structure_id_take_value (structure, fields[field], &value);
}

static void
set_buffer (GstStructure *structure, Field field, GstBuffer *buffer)
{
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_BUFFER);
  gst_value_set_buffer (&value, buffer);
  gst_structure_id_take_value (structure, fields[field], &value);
}

static void
drop_meta (GstBuffer *buffer, const gchar *meta_name)
{
  GstCustomMeta *meta;

  while ((meta = gst_buffer_get_custom_meta (buffer, meta_name))) {
    if (!gst_buffer_remove_meta (buffer, &meta->meta))
      break;
  }
}

void
nucseg_meta_attach (
    GstBuffer *buffer, const gchar *meta_name, const NucsegMetaFacts *facts)
{
  GstCustomMeta *meta;
  GstStructure *s;

  g_return_if_fail (gst_buffer_is_writable (buffer));
  g_return_if_fail (GST_IS_BUFFER (facts->labels));
  g_return_if_fail ((facts->n_objects > 0) == (facts->objects != NULL));

  drop_meta (buffer, meta_name);
  meta = gst_buffer_add_custom_meta (buffer, meta_name);
  s = gst_custom_meta_get_structure (meta);
  gst_structure_id_set (s, fields[F_WIDTH], G_TYPE_INT, facts->width,
      fields[F_HEIGHT], G_TYPE_INT, facts->height, fields[F_N_OBJECTS],
      G_TYPE_UINT, facts->n_objects, fields[F_PIXEL_SIZE], G_TYPE_DOUBLE,
      facts->pixel_size, NULL);
  set_buffer (s, F_LABELS, facts->labels);
  if (facts->objects)
    set_buffer (s, F_OBJECTS, facts->objects);
  if (facts->tracks)
    set_buffer (s, F_TRACKS, facts->tracks);
  if (!facts->model)
    return;

  set_string (s, F_MODEL, facts->model);
  set_string (s, F_MODEL_SHA256, facts->model_sha256);
  set_string (s, F_BACKEND, facts->backend);
  set_string (s, F_PRECISION, facts->precision);
  gst_structure_id_set (s, fields[F_INFERRED], G_TYPE_BOOLEAN, facts->inferred,
      fields[F_AGE], G_TYPE_UINT64, facts->age, fields[F_AGE_FRAMES],
      G_TYPE_UINT, facts->age_frames, fields[F_SCALE], G_TYPE_DOUBLE,
      facts->scale, fields[F_LOW], G_TYPE_UINT, facts->low, fields[F_HIGH],
      G_TYPE_UINT, facts->high, fields[F_INVERTED], G_TYPE_BOOLEAN,
      facts->inverted, fields[F_DROPPED], G_TYPE_UINT, facts->dropped, NULL);
  for (guint i = 0; i < NUCSEG_STAGE_LAST; i++)
    gst_structure_id_set (
        s, fields[F_TIME_PREPARE + i], G_TYPE_UINT64, facts->stage_ns[i], NULL);
}

/* --- Following a buffer ------------------------------------------------- */

static gboolean
copy_field (GQuark field, const GValue *value, gpointer user_data)
{
  gst_structure_id_set_value (user_data, field, value);
  return TRUE;
}

/* A fresh meta of the same name on @transbuf with all fields of @meta; label
 * maps are shared, not copied. */
static GstStructure *
copy_meta (GstBuffer *transbuf, GstCustomMeta *meta, const gchar *meta_name)
{
  GstCustomMeta *copy = gst_buffer_add_custom_meta (transbuf, meta_name);
  GstStructure *s = gst_custom_meta_get_structure (copy);

  gst_structure_foreach (gst_custom_meta_get_structure (meta), copy_field, s);
  return s;
}

/* What the pixels of one label add up to in the resampled map. */
typedef struct {
  gint x0, y0, x1, y1;
  guint32 area;
  gdouble sum_x, sum_y;
} Extent;

static void
resample_labels (const NucsegMasks *from, guint16 *labels, gint width,
    gint height, Extent *extents)
{
  g_autofree gint *columns = g_new (gint, width);

  for (gint x = 0; x < width; x++)
    columns[x] = (gint) (((gint64) 2 * x + 1) * from->width / (2 * width));
  for (gint y = 0; y < height; y++) {
    gint sy = (gint) (((gint64) 2 * y + 1) * from->height / (2 * height));
    const guint16 *source = from->labels + (gsize) sy * from->width;
    guint16 *row = labels + (gsize) y * width;

    for (gint x = 0; x < width; x++) {
      guint label = source[columns[x]];
      Extent *e;

      row[x] = label;
      if (label == 0 || label > from->n_objects)
        continue;
      e = &extents[label - 1];
      if (e->area++ == 0) {
        e->x0 = e->x1 = x;
        e->y0 = y;
      }
      e->x0 = MIN (e->x0, x);
      e->x1 = MAX (e->x1, x);
      e->y1 = y;
      e->sum_x += x;
      e->sum_y += y;
    }
  }
}

/* Counts anew what the map can tell and scales what it can't. A nucleus that
 * keeps no pixel stays in the table, with area 0: labels keep their numbers. */
static void
rescale_object (NucsegObject *o, const Extent *e, gdouble sx, gdouble sy,
    gint width, gint height)
{
  gdouble stretch = sqrt ((sx * sx + sy * sy) / 2);

  if (e->area > 0) {
    o->x = e->x0;
    o->y = e->y0;
    o->width = e->x1 - e->x0 + 1;
    o->height = e->y1 - e->y0 + 1;
    o->centroid_x = e->sum_x / e->area;
    o->centroid_y = e->sum_y / e->area;
  } else {
    o->x = CLAMP ((gint) (o->x * sx), 0, width - 1);
    o->y = CLAMP ((gint) (o->y * sy), 0, height - 1);
    o->width = o->height = 1;
    o->centroid_x = (o->centroid_x + 0.5) * sx - 0.5;
    o->centroid_y = (o->centroid_y + 0.5) * sy - 0.5;
  }
  o->area = e->area;
  o->integrated = o->mean * o->area;
  o->perimeter *= stretch;
  o->circularity = o->perimeter > 0
      ? MIN (1.0, 4 * G_PI * o->area / (o->perimeter * o->perimeter))
      : 0.0;
}

static gboolean
scale_meta (GstBuffer *transbuf, GstCustomMeta *meta, const gchar *meta_name,
    const NucsegMasks *from, gint width, gint height)
{
  const gsize size = (gsize) width * height * sizeof (guint16);
  const gdouble sx = (gdouble) width / from->width;
  const gdouble sy = (gdouble) height / from->height;
  g_autofree Extent *extents = g_new0 (Extent, from->n_objects + 1);
  guint16 *labels = g_try_malloc (size);
  GstBuffer *buffer;
  GstStructure *s;
  gdouble number;

  if (!labels)
    return FALSE;
  resample_labels (from, labels, width, height, extents);

  s = copy_meta (transbuf, meta, meta_name);
  gst_structure_id_set (s, fields[F_WIDTH], G_TYPE_INT, width, fields[F_HEIGHT],
      G_TYPE_INT, height, NULL);
  buffer = gst_buffer_new_wrapped (labels, size);
  set_buffer (s, F_LABELS, buffer);
  gst_buffer_unref (buffer);

  if (from->n_objects > 0) {
    const gsize bytes = from->n_objects * sizeof (NucsegObject);
    NucsegObject *objects = g_memdup2 (from->objects, bytes);

    for (guint i = 0; i < from->n_objects; i++)
      rescale_object (&objects[i], &extents[i], sx, sy, width, height);
    buffer = gst_buffer_new_wrapped (objects, bytes);
    set_buffer (s, F_OBJECTS, buffer);
    gst_buffer_unref (buffer);
  }

  if (gst_structure_get_double (s, field_names[F_PIXEL_SIZE], &number)) {
    /* a pixel that is no longer square has no one size */
    number = fabs (sx / sy - 1) < 0.01 ? number / sqrt (sx * sy) : 0.0;
    gst_structure_id_set (s, fields[F_PIXEL_SIZE], G_TYPE_DOUBLE, number, NULL);
  }
  if (gst_structure_get_double (s, field_names[F_SCALE], &number))
    gst_structure_id_set (
        s, fields[F_SCALE], G_TYPE_DOUBLE, number / sqrt (sx * sy), NULL);
  return TRUE;
}

/* Whether the scaled picture may have black borders, of which the meta's
 * transform says nothing: scalers add them, by default, where the aspect ratio
 * of what is shown would change. As GstVideoConvertScale reckons them; one
 * pixel comes of rounding. */
static gboolean
may_have_borders (const GstVideoInfo *in, const GstVideoInfo *out)
{
  const gint width = GST_VIDEO_INFO_WIDTH (out);
  const gint height = GST_VIDEO_INFO_HEIGHT (out);
  gint n, d;

  if (!gst_util_fraction_multiply (GST_VIDEO_INFO_WIDTH (in),
          GST_VIDEO_INFO_HEIGHT (in), GST_VIDEO_INFO_PAR_N (in),
          GST_VIDEO_INFO_PAR_D (in), &n, &d)
      || !gst_util_fraction_multiply (
          n, d, GST_VIDEO_INFO_PAR_D (out), GST_VIDEO_INFO_PAR_N (out), &n, &d))
    return TRUE;
  return height - (gint64) gst_util_uint64_scale_int (width, d, n) > 1
      || width - (gint64) gst_util_uint64_scale_int (height, n, d) > 1;
}

static gboolean
transform_meta (GstBuffer *transbuf, GstCustomMeta *meta, GstBuffer *buffer,
    GQuark type, gpointer data, gpointer user_data)
{
  const gchar *meta_name = user_data;

  if (GST_META_TRANSFORM_IS_COPY (type)) {
    const GstMetaTransformCopy *copy = data;

    /* half a picture has no labels */
    if (copy->region)
      return FALSE;
    copy_meta (transbuf, meta, meta_name);
    return TRUE;
  }

  if (GST_VIDEO_META_TRANSFORM_IS_SCALE (type)) {
    const GstVideoMetaTransform *scale = data;
    const gint width = GST_VIDEO_INFO_WIDTH (scale->out_info);
    const gint height = GST_VIDEO_INFO_HEIGHT (scale->out_info);
    NucsegMasks from;
    gboolean done;

    if (width < 1 || height < 1 || width > NUCSEG_MAX_SIZE
        || height > NUCSEG_MAX_SIZE
        || !nucseg_masks_map (buffer, meta_name, &from))
      return FALSE;
    /* a map of another size than the picture is not this picture's */
    if (from.width != GST_VIDEO_INFO_WIDTH (scale->in_info)
        || from.height != GST_VIDEO_INFO_HEIGHT (scale->in_info)
        || may_have_borders (scale->in_info, scale->out_info)) {
      done = FALSE;
    } else if (from.width == width && from.height == height) {
      copy_meta (transbuf, meta, meta_name);
      done = TRUE;
    } else {
      done = scale_meta (transbuf, meta, meta_name, &from, width, height);
    }
    nucseg_masks_unmap (&from);
    return done;
  }
  return FALSE;
}

static void
register_one (const gchar *name)
{
  /* Of a video frame, in its size and orientation: elements that change one
   * of these without knowing how to tell us leave the meta behind. */
  static const gchar *tags[] = { GST_META_TAG_VIDEO_STR,
    GST_META_TAG_VIDEO_SIZE_STR, GST_META_TAG_VIDEO_ORIENTATION_STR, NULL };

  gst_meta_register_custom (name, tags, transform_meta, (gpointer) name, NULL);
}

void
nucseg_meta_register (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    for (guint i = 0; i < F_LAST; i++)
      fields[i] = g_quark_from_static_string (field_names[i]);
    register_one (NUCSEG_META_NAME);
    register_one (NUCSEG_TRUTH_META_NAME);
    g_once_init_leave (&once, 1);
  }
}
