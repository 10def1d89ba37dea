/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * roimeta.h: one GstVideoRegionOfInterestMeta for each nucleus.
 */
#ifndef NUCSEG_ROI_META_H
#define NUCSEG_ROI_META_H

#include "nucsegmeta.h"

G_BEGIN_DECLS

/**
 * nucseg_roi_clear:
 * @buffer: a writable buffer
 *
 * Takes off the nuclei that an earlier nucsegfilter left; other regions stay.
 */
void nucseg_roi_clear (GstBuffer *buffer);

/**
 * nucseg_roi_attach:
 * @buffer: a writable buffer
 * @objects: the nuclei
 * @n_objects: their number
 * @pixel_size: micrometres per pixel, 0 if unknown
 *
 * Attaches one region per nucleus (docs/metadata.md).
 */
void nucseg_roi_attach (GstBuffer *buffer, const NucsegObject *objects,
    guint n_objects, gdouble pixel_size);

G_END_DECLS

#endif /* NUCSEG_ROI_META_H */
