/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-render.h: nuclei -> their light, before any optics, and the true
 * label map. GLib only.
 */
#ifndef NUCTESTSRC_RENDER_H
#define NUCTESTSRC_RENDER_H

#include "nuctestsrc-nucleus.h"

G_BEGIN_DECLS

/* Pixels of scene around the frame, whose light the optics spread into it. */
#define NUC_SCENE_MARGIN 16

/**
 * NucScene:
 * @width: pixels of the frame
 * @height: pixels of the frame
 * @light: (height + 2 margins) rows of @stride floats; the frame's first pixel
 *   is at row and column %NUC_SCENE_MARGIN; 1 is a usual nucleus
 * @stride: floats from one row to the next
 *
 * A frame in the making. Use from one thread at a time.
 */
typedef struct {
  gint width;
  gint height;
  gfloat *light;
  gsize stride;

  /*< private >*/
  gfloat *texture;
  gfloat *scratch;
  guint16 *order;
  guint n_order;
} NucScene;

/**
 * nuc_scene_new:
 * @width: pixels, 16..8192
 * @height: pixels, 16..8192
 * @seed: of the texture
 *
 * Returns: (transfer full): an empty scene
 */
NucScene *nuc_scene_new (gint width, gint height, guint64 seed);
void nuc_scene_free (NucScene *scene);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucScene, nuc_scene_free)

/**
 * nuc_scene_draw:
 * @scene: a scene
 * @nuclei: what to draw
 * @n_nuclei: how many, at most 65535
 * @labels: (out caller-allocates): width x height labels without gaps, 0
 *   background, 1..n in raster order of each nucleus' first pixel
 *
 * Clears the scene and draws. Where outlines overlap, the light adds up, and
 * the pixel belongs to the nucleus whose centre is nearer, measured in its
 * radius.
 *
 * Returns: the number of labels: nuclei with at least one pixel in the frame
 */
guint nuc_scene_draw (
    NucScene *scene, const NucNucleus *nuclei, guint n_nuclei, guint16 *labels);

/**
 * nuc_scene_get_label:
 * @scene: a scene that was drawn
 * @index: below the last nuc_scene_draw()'s n_nuclei
 *
 * Returns: the label that it gave nuclei[@index]; 0: none of its pixels is seen
 */
guint nuc_scene_get_label (const NucScene *scene, guint index);

G_END_DECLS

#endif /* NUCTESTSRC_RENDER_H */
