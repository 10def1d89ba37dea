/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * maps.h: network outputs made by hand, for decoders; the benchmark reuses
 * them.
 */
#ifndef NUCSEG_TESTS_PARITY_MAPS_H
#define NUCSEG_TESTS_PARITY_MAPS_H

#include "backend.h"
#include "modelbuilder.h"

typedef enum {
  PARITY_MAPS_DISCS, /* nuclei, some touching, noisy offsets to centres */
  PARITY_MAPS_CROWD, /* a grid of touching nuclei, 9 pixels across */
  PARITY_MAPS_RINGS, /* nuclei with holes; some holes hold another nucleus */
  PARITY_MAPS_BORDER, /* nuclei over every edge and corner */
  PARITY_MAPS_NOISE, /* each pixel by itself; offsets everywhere */
  PARITY_MAPS_TIES, /* offsets on halves, votes and distances that tie */
  PARITY_MAPS_DOTS, /* single pixels in every other row and column */
  PARITY_MAPS_SNAKE, /* one winding region */
  PARITY_MAPS_NONE, /* nothing */
  PARITY_MAPS_FULL, /* all foreground */
  PARITY_MAPS_WILD, /* NaN, infinities and huge values */
  PARITY_MAPS_LAST
} ParityMaps;

const gchar *parity_maps_name (ParityMaps kind);

/* Fills net_height x net_width pixels of @maps (pad_height x pad_width x
 * @n_maps, 1 or 3: foreground, offset_y, offset_x); what is padding is all
 * foreground, which must never show. @offset_scale: pixels per unit. */
void
parity_maps_fill (ParityMaps kind, guint64 seed, const NucsegGeometry *geometry,
    gint n_maps, gfloat offset_scale, gfloat *maps);

#endif /* NUCSEG_TESTS_PARITY_MAPS_H */
