/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * analyticsmeta.h: the nuclei as GStreamer's own analytics metadata (1.26), for
 * its trackers and overlays. Only where the plug-in is built with it
 * (HAVE_ANALYTICS).
 */
#ifndef NUCSEG_ANALYTICS_META_H
#define NUCSEG_ANALYTICS_META_H

#include "nucsegmeta-write.h"

G_BEGIN_DECLS

/* Nuclei that get a detection each: relations are a matrix of a byte for each
 * pair, so this is 16 MiB a frame. */
#define NUCSEG_ANALYTICS_MOST 4095

/**
 * nucseg_analytics_clear:
 * @buffer: a writable buffer
 *
 * Takes off the meta that an earlier nucsegfilter wrote to, with all that is in
 * it: mtds can't be taken out one by one. A meta of others alone stays.
 */
void nucseg_analytics_clear (GstBuffer *buffer);

/**
 * nucseg_analytics_attach:
 * @buffer: a writable buffer, of one thread
 * @facts: labels and objects
 *
 * Adds to the buffer's one GstAnalyticsRelationMeta, which is made if it isn't
 * there, with no nuclei too: the label map as a GstAnalyticsSegmentationMtd and
 * each nucleus, in the order of labels, as a GstAnalyticsODMtd that is related
 * to it (docs/metadata.md). The map is GRAY8 up to 255 nuclei, a copy; above,
 * GRAY16 in host byte order, the same memory as the NucsegMeta's.
 *
 * Returns: nuclei beyond %NUCSEG_ANALYTICS_MOST, which are in the map alone
 */
guint nucseg_analytics_attach (GstBuffer *buffer, const NucsegMetaFacts *facts);

G_END_DECLS

#endif /* NUCSEG_ANALYTICS_META_H */
