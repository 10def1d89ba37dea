/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * roimeta.c: the regions of interest that elements which know nothing of this
 * project can read.
 */
#include "roimeta.h"

#include <gst/video/video.h>

static GQuark roi_type;
static GQuark param_name;
static GQuark q_label, q_area, q_centroid_x, q_centroid_y, q_mean;
static GQuark q_integrated, q_perimeter, q_circularity;
static GQuark q_area_um2, q_perimeter_um;

static void
init_quarks (void)
{
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    roi_type = g_quark_from_static_string (NUCSEG_ROI_TYPE);
    param_name = g_quark_from_static_string (NUCSEG_ROI_PARAM);
    q_label = g_quark_from_static_string ("label");
    q_area = g_quark_from_static_string ("area");
    q_centroid_x = g_quark_from_static_string ("centroid-x");
    q_centroid_y = g_quark_from_static_string ("centroid-y");
    q_mean = g_quark_from_static_string ("mean");
    q_integrated = g_quark_from_static_string ("integrated");
    q_perimeter = g_quark_from_static_string ("perimeter");
    q_circularity = g_quark_from_static_string ("circularity");
    q_area_um2 = g_quark_from_static_string ("area-um2");
    q_perimeter_um = g_quark_from_static_string ("perimeter-um");
    g_once_init_leave (&once, 1);
  }
}

static gboolean
clear_one (GstBuffer *buffer, GstMeta **meta, gpointer user_data)
{
  if ((*meta)->info->api == GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE) {
    /* Of a converted frame the regions have lost their parameter. */
    if (((GstVideoRegionOfInterestMeta *) *meta)->roi_type == roi_type)
      *meta = NULL;
  }
  return TRUE;
}

void
nucseg_roi_clear (GstBuffer *buffer)
{
  init_quarks ();
  gst_buffer_foreach_meta (buffer, clear_one, NULL);
}

void
nucseg_roi_attach (GstBuffer *buffer, const NucsegObject *objects,
    guint n_objects, gdouble pixel_size)
{
  init_quarks ();
  for (guint i = 0; i < n_objects; i++) {
    const NucsegObject *o = &objects[i];
    GstVideoRegionOfInterestMeta *roi =
        gst_buffer_add_video_region_of_interest_meta_id (
            buffer, roi_type, o->x, o->y, o->width, o->height);
    GstStructure *s = gst_structure_new_id (param_name, q_label, G_TYPE_UINT,
        o->label, q_area, G_TYPE_UINT, o->area, q_centroid_x, G_TYPE_DOUBLE,
        o->centroid_x, q_centroid_y, G_TYPE_DOUBLE, o->centroid_y, q_mean,
        G_TYPE_DOUBLE, o->mean, q_integrated, G_TYPE_DOUBLE, o->integrated,
        q_perimeter, G_TYPE_DOUBLE, o->perimeter, q_circularity, G_TYPE_DOUBLE,
        o->circularity, NULL);

    if (pixel_size > 0)
      gst_structure_id_set (s, q_area_um2, G_TYPE_DOUBLE,
          o->area * pixel_size * pixel_size, q_perimeter_um, G_TYPE_DOUBLE,
          o->perimeter * pixel_size, NULL);
    roi->id = (gint) o->label;
    gst_video_region_of_interest_meta_add_param (roi, s);
  }
}
