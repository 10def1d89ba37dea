/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * micro-maps.h: maps small enough to be decoded by hand, and the labels that
 * must come of them. They are written as text, one character a pixel.
 */
#ifndef NUCSEG_TESTS_PARITY_MICRO_MAPS_H
#define NUCSEG_TESTS_PARITY_MICRO_MAPS_H

#include <glib.h>

/* Of 8 x 8 pixels. */
typedef struct {
  const gchar *foreground; /* '#' is */
  const gchar *offset_y, *offset_x; /* digits; 'a' is -1, 'b' -2, ... */
  const gchar *labels; /* '.' is 0 */
  const gchar *decoder; /* members behind "method" and "threshold" */
  gboolean exclude_border;
  gint min_area, max_area;
} ParityMicro;

extern const ParityMicro parity_micros[];
extern const guint parity_n_micros;

#endif /* NUCSEG_TESTS_PARITY_MICRO_MAPS_H */
