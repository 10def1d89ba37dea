/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.c: reads the custom meta that nucsegfilter attaches to its buffers.
 */
#include "facts.h"

#include <gst/video/video.h>

#include "png-io.h"

static gboolean
read_numbers (ToolFacts *f, const GstStructure *s)
{
  for (guint i = 0; i < NUCSEG_STAGE_LAST; i++) {
    gchar field[32];

    g_snprintf (field, sizeof field, "time-%s", nucseg_stage_name (i));
    if (!gst_structure_get_uint64 (s, field, &f->stage_ns[i]))
      return FALSE;
  }
  f->backend = gst_structure_get_string (s, "backend");
  f->precision = gst_structure_get_string (s, "precision");
  return f->backend && f->precision
      && gst_structure_get_uint (s, "dropped", &f->dropped)
      && gst_structure_get_uint (s, "age-frames", &f->age_frames)
      && gst_structure_get_uint64 (s, "age", &f->age)
      && gst_structure_get_boolean (s, "inferred", &f->inferred)
      && gst_structure_get_double (s, "pixel-size", &f->pixel_size)
      && gst_structure_get_double (s, "scale", &f->scale);
}

gboolean
tool_facts_read (ToolFacts *facts, GstBuffer *buffer, GError **error)
{
  memset (facts, 0, sizeof *facts);
  if (nucseg_masks_map (buffer, NUCSEG_META_NAME, &facts->masks)
      && read_numbers (facts, facts->masks.structure))
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "the frame came back %s: is the element nucsegfilter of another version?",
      facts->masks.structure ? "with metadata that is not as documented"
                             : "without metadata");
  tool_facts_clear (facts);
  return FALSE;
}

void
tool_facts_clear (ToolFacts *facts)
{
  nucseg_masks_unmap (&facts->masks);
  memset (facts, 0, sizeof *facts);
}

gdouble
tool_facts_mean_area (const ToolFacts *facts)
{
  guint n = facts->masks.n_objects;
  gdouble sum = 0;

  for (guint i = 0; i < n; i++)
    sum += facts->masks.objects[i].area;
  return n ? sum / n : 0;
}

gboolean
tool_sample_save (GstSample *sample, const gchar *path, GError **error)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  gboolean ok;

  if (!gst_video_info_from_caps (&info, gst_sample_get_caps (sample))
      || GST_VIDEO_INFO_FORMAT (&info) != GST_VIDEO_FORMAT_RGB
      || !gst_video_frame_map (
          &frame, &info, gst_sample_get_buffer (sample), GST_MAP_READ)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "the picture for '%s' can't be read", path);
    return FALSE;
  }
  const ToolImage image = { NUCSEG_FORMAT_RGB, GST_VIDEO_FRAME_WIDTH (&frame),
    GST_VIDEO_FRAME_HEIGHT (&frame), GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0),
    GST_VIDEO_FRAME_PLANE_DATA (&frame, 0) };
  ok = tool_png_save (path, &image, error);
  gst_video_frame_unmap (&frame);
  return ok;
}
