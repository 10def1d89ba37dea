/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegmask.c: the element nucsegmask: the label map of a frame's meta ->
 * video.
 */
/**
 * SECTION:element-nucsegmask
 * @title: nucsegmask
 * @short_description: turns masks of nuclei into video
 *
 * Reads the label map that #element-nucsegfilter or #element-nuctestsrc
 * attached to each frame, and pushes it instead of the picture, in the format
 * that is asked for downstream:
 *
 * - GRAY16_LE: the labels, 0 background, 1..n;
 * - GRAY8: 0 background, 255 nucleus;
 * - RGB: one colour per label, as the overlay has them, on black;
 * - RGBA: the same, with a background that is transparent.
 *
 * Time stamps, flags and metas stay. A frame without such a meta becomes all
 * background, with one warning; with `required` it is an error.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 nuctestsrc ! nucsegmask meta-name=NucsegTruthMeta ! \
 *     video/x-raw,format=RGB ! videoconvert ! autovideosink
 * ]|
 *
 * Since: 0.1
 */
#include "nucsegmask.h"

#include <string.h>

#include "nucsegmeta-write.h"
#include "palette.h"

GST_DEBUG_CATEGORY_STATIC (nucseg_mask_debug);
#define GST_CAT_DEFAULT nucseg_mask_debug

#define DEFAULT_META_NAME NUCSEG_META_NAME
#define DEFAULT_REQUIRED FALSE

enum { PROP_0, PROP_META_NAME, PROP_REQUIRED };

struct _NucsegMask {
  GstVideoFilter parent;

  /* properties, under the object lock; an interned string */
  const gchar *meta_name;
  gboolean required;

  gboolean warned;
};

/* A format that cannot be preferred stands last: who asks for nothing gets
 * the labels themselves. */
#define OUT_FORMATS "{ GRAY16_LE, GRAY8, RGB, RGBA }"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (GST_VIDEO_FORMATS_ALL)));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
        GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE (OUT_FORMATS)));

G_DEFINE_TYPE (NucsegMask, nucseg_mask, GST_TYPE_VIDEO_FILTER)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE (
    nucsegmask, "nucsegmask", GST_RANK_NONE, NUCSEG_TYPE_MASK,
    GST_DEBUG_CATEGORY_INIT (
        nucseg_mask_debug, "nucsegmask", 0, "masks of nuclei as video");
    nucseg_meta_register ())

static void
nucseg_mask_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  NucsegMask *self = NUCSEG_MASK (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_META_NAME: {
    const gchar *name = g_value_get_string (value);

    self->meta_name = g_intern_string (name != NULL ? name : DEFAULT_META_NAME);
    break;
  }
  case PROP_REQUIRED:
    self->required = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
nucseg_mask_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  NucsegMask *self = NUCSEG_MASK (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_META_NAME:
    g_value_set_string (value, self->meta_name);
    break;
  case PROP_REQUIRED:
    g_value_set_boolean (value, self->required);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* Size, rate and aspect stay; the format of one side says nothing about the
 * other's. */
static GstCaps *
nucseg_mask_transform_caps (GstBaseTransform *trans, GstPadDirection direction,
    GstCaps *caps, GstCaps *filter)
{
  GstStaticPadTemplate *other =
      direction == GST_PAD_SINK ? &src_template : &sink_template;
  GstCaps *formats = gst_static_pad_template_get_caps (other);
  GstCaps *shapes = gst_caps_new_empty (), *result;

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    GstStructure *s = gst_structure_copy (gst_caps_get_structure (caps, i));

    gst_structure_remove_fields (
        s, "format", "colorimetry", "chroma-site", NULL);
    shapes = gst_caps_merge_structure (shapes, s);
  }
  result = gst_caps_intersect_full (shapes, formats, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (shapes);
  gst_caps_unref (formats);
  if (filter != NULL) {
    GstCaps *narrow =
        gst_caps_intersect_full (filter, result, GST_CAPS_INTERSECT_FIRST);

    gst_caps_unref (result);
    result = narrow;
  }
  return result;
}

static gboolean
nucseg_mask_start (GstBaseTransform *trans)
{
  NUCSEG_MASK (trans)->warned = FALSE;
  return TRUE;
}

/* The frame has the same size and time: whatever describes neither the memory
 * nor the colours that were replaced still holds. */
static gboolean
nucseg_mask_transform_meta (
    GstBaseTransform *trans, GstBuffer *out, GstMeta *meta, GstBuffer *in)
{
  return !gst_meta_api_type_has_tag (meta->info->api,
             g_quark_from_static_string (GST_META_TAG_MEMORY_STR))
      && !gst_meta_api_type_has_tag (meta->info->api,
          g_quark_from_static_string (GST_META_TAG_VIDEO_COLORSPACE_STR));
}

/* --- Rows --------------------------------------------------------------- */

static void
write_labels (const guint16 *labels, gint width, guint8 *out)
{
  for (gint x = 0; x < width; x++)
    GST_WRITE_UINT16_LE (out + 2 * x, labels[x]);
}

static void
write_mask (const guint16 *labels, gint width, guint8 *out)
{
  for (gint x = 0; x < width; x++)
    out[x] = labels[x] > 0 ? 255 : 0;
}

static void
write_colors (const guint16 *labels, gint width, guint8 *out, gint bytes)
{
  guint last = 0;
  guint32 color = 0;

  for (gint x = 0; x < width; x++, out += bytes) {
    if (labels[x] != last) {
      last = labels[x];
      color = last > 0 ? nucseg_palette_color (last) : 0;
    }
    out[0] = (guint8) (color >> 16);
    out[1] = (guint8) (color >> 8);
    out[2] = (guint8) color;
    if (bytes == 4)
      out[3] = last > 0 ? 255 : 0;
  }
}

static void
write_row (
    GstVideoFormat format, const guint16 *labels, gint width, guint8 *out)
{
  switch (format) {
  case GST_VIDEO_FORMAT_GRAY16_LE:
    write_labels (labels, width, out);
    break;
  case GST_VIDEO_FORMAT_GRAY8:
    write_mask (labels, width, out);
    break;
  case GST_VIDEO_FORMAT_RGB:
    write_colors (labels, width, out, 3);
    break;
  case GST_VIDEO_FORMAT_RGBA:
    write_colors (labels, width, out, 4);
    break;
  default:
    g_assert_not_reached ();
  }
}

/* --- Frames ------------------------------------------------------------- */

/* There is no mask for this frame; @why says so. */
static GstFlowReturn
without_mask (
    NucsegMask *self, gboolean required, GstVideoFrame *out, const gchar *why)
{
  const gint height = GST_VIDEO_FRAME_HEIGHT (out);
  const gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (out, 0);
  const gsize row = (gsize) GST_VIDEO_FRAME_WIDTH (out)
      * GST_VIDEO_FRAME_COMP_PSTRIDE (out, 0);
  guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (out, 0);

  if (required) {
    GST_ELEMENT_ERROR (self, STREAM, FAILED, ("%s", why),
        ("is there a nucsegfilter, or for NucsegTruthMeta a nuctestsrc, "
         "upstream, and no element that drops metas after it?"));
    return GST_FLOW_ERROR;
  }
  if (!self->warned) {
    self->warned = TRUE;
    GST_ELEMENT_WARNING (self, STREAM, FAILED, ("%s", why),
        ("such frames become all background; said once"));
  }
  for (gint y = 0; y < height; y++)
    memset (data + (gsize) y * stride, 0, row);
  return GST_FLOW_OK;
}

static GstFlowReturn
write_frame (NucsegMask *self, GstBuffer *in, GstVideoFrame *out)
{
  const gint width = GST_VIDEO_FRAME_WIDTH (out);
  const gint height = GST_VIDEO_FRAME_HEIGHT (out);
  const gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (out, 0);
  guint8 *data = GST_VIDEO_FRAME_PLANE_DATA (out, 0);
  g_autofree gchar *why = NULL;
  const gchar *meta_name;
  gboolean required;
  NucsegMasks masks;

  GST_OBJECT_LOCK (self);
  meta_name = self->meta_name;
  required = self->required;
  GST_OBJECT_UNLOCK (self);

  if (!nucseg_masks_map (in, meta_name, &masks)) {
    why = g_strdup_printf ("a frame has no meta \"%s\"", meta_name);
    return without_mask (self, required, out, why);
  }
  if (masks.width != width || masks.height != height) {
    why = g_strdup_printf (
        "the label map of meta \"%s\" is %d x %d, its frame %d x %d", meta_name,
        masks.width, masks.height, width, height);
    nucseg_masks_unmap (&masks);
    return without_mask (self, required, out, why);
  }
  for (gint y = 0; y < height; y++)
    write_row (GST_VIDEO_FRAME_FORMAT (out), masks.labels + (gsize) y * width,
        width, data + (gsize) y * stride);
  nucseg_masks_unmap (&masks);
  return GST_FLOW_OK;
}

/* Never called: that it is there says that frames aren't changed in place. */
static GstFlowReturn
nucseg_mask_transform_frame (
    GstVideoFilter *filter, GstVideoFrame *in, GstVideoFrame *out)
{
  return write_frame (NUCSEG_MASK (filter), in->buffer, out);
}

/* GstVideoFilter maps the picture that comes in, which nobody looks at, and
 * lets a frame whose picture can't be mapped go out with what was in the
 * buffer before. */
static GstFlowReturn
nucseg_mask_transform (GstBaseTransform *trans, GstBuffer *in, GstBuffer *out)
{
  GstVideoFilter *filter = GST_VIDEO_FILTER (trans);
  GstVideoFrame frame;
  GstFlowReturn ret;

  if (!filter->negotiated)
    return GST_FLOW_NOT_NEGOTIATED;
  if (!gst_video_frame_map (&frame, &filter->out_info, out,
          GST_MAP_WRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    GST_ELEMENT_ERROR (filter, RESOURCE, WRITE,
        ("A buffer for a label map of %dx%d can't be written.",
            GST_VIDEO_INFO_WIDTH (&filter->out_info),
            GST_VIDEO_INFO_HEIGHT (&filter->out_info)),
        (NULL));
    return GST_FLOW_ERROR;
  }
  ret = write_frame (NUCSEG_MASK (filter), in, &frame);
  gst_video_frame_unmap (&frame);
  return ret;
}

static void
nucseg_mask_class_init (NucsegMaskClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstElementClass *element = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *trans = GST_BASE_TRANSFORM_CLASS (klass);

  object->set_property = nucseg_mask_set_property;
  object->get_property = nucseg_mask_get_property;

  /**
   * nucsegmask:meta-name:
   *
   * Which meta is shown: `NucsegMeta`, what a nucsegfilter found, or
   * `NucsegTruthMeta`, what a nuctestsrc drew.
   */
  g_object_class_install_property (object, PROP_META_NAME,
      g_param_spec_string ("meta-name", "Meta name",
          "Name of the meta that is shown: NucsegMeta or NucsegTruthMeta",
          DEFAULT_META_NAME,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_PLAYING));
  /**
   * nucsegmask:required:
   *
   * Whether a frame without the meta is an error.
   */
  g_object_class_install_property (object, PROP_REQUIRED,
      g_param_spec_boolean ("required", "Required",
          "Whether a frame without the meta is an error, not all background",
          DEFAULT_REQUIRED,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
              | GST_PARAM_MUTABLE_PLAYING));

  gst_element_class_set_static_metadata (element, "Masks of nuclei as video",
      "Filter/Video", "Turns the label maps of metas into video",
      "The nucsegfilter developers");
  gst_element_class_add_static_pad_template (element, &sink_template);
  gst_element_class_add_static_pad_template (element, &src_template);

  trans->transform_caps = nucseg_mask_transform_caps;
  trans->transform_meta = nucseg_mask_transform_meta;
  trans->start = nucseg_mask_start;
  trans->passthrough_on_same_caps = FALSE;
  trans->transform = nucseg_mask_transform;
  GST_VIDEO_FILTER_CLASS (klass)->transform_frame = nucseg_mask_transform_frame;
}

static void
nucseg_mask_init (NucsegMask *self)
{
  self->meta_name = g_intern_string (DEFAULT_META_NAME);
  self->required = DEFAULT_REQUIRED;
  /* As in nucsegfilter: a late label map is still wanted, and one that stands
   * for a gap keeps its flag. */
  gst_base_transform_set_qos_enabled (GST_BASE_TRANSFORM (self), FALSE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
