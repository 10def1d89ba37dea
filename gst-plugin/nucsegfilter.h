/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter.h: the type of the element nucsegfilter.
 */
#ifndef NUCSEG_FILTER_H
#define NUCSEG_FILTER_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_NUCSEG_FILTER (gst_nucseg_filter_get_type ())
G_DECLARE_FINAL_TYPE (
    GstNucsegFilter, gst_nucseg_filter, GST, NUCSEG_FILTER, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (nucsegfilter);

G_END_DECLS

#endif /* NUCSEG_FILTER_H */
