/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-truth.h: the table of objects that belongs to a true label map
 * and the picture it was drawn into. GLib only.
 */
#ifndef NUCTESTSRC_TRUTH_H
#define NUCTESTSRC_TRUTH_H

#include "nucseg.h"

G_BEGIN_DECLS

/**
 * nuc_truth_measure:
 * @labels: width x height labels without gaps, 0..n_objects, each of
 *   1..n_objects at least once
 * @width: pixels
 * @height: pixels
 * @pixels: the picture: bytes, or with @wide little-endian words
 * @stride: bytes from one row of @pixels to the next
 * @wide: whether the samples are words
 * @n_objects: number of labels
 * @objects: (out caller-allocates): @n_objects records, as nucseg.h describes
 *   them
 */
void nuc_truth_measure (const guint16 *labels, gint width, gint height,
    const guint8 *pixels, gsize stride, gboolean wide, guint n_objects,
    NucsegObject *objects);

G_END_DECLS

#endif /* NUCTESTSRC_TRUTH_H */
