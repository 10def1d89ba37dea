/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegmask.h: the element nucsegmask, which turns masks into video.
 */
#ifndef NUCSEGMASK_H
#define NUCSEGMASK_H

#include <gst/video/gstvideofilter.h>

G_BEGIN_DECLS

#define NUCSEG_TYPE_MASK (nucseg_mask_get_type ())
G_DECLARE_FINAL_TYPE (NucsegMask, nucseg_mask, NUCSEG, MASK, GstVideoFilter)

GST_ELEMENT_REGISTER_DECLARE (nucsegmask)

G_END_DECLS

#endif /* NUCSEGMASK_H */
