/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-camera.h: the light of a scene -> what a camera behind a
 * microscope records. GLib only.
 */
#ifndef NUCTESTSRC_CAMERA_H
#define NUCTESTSRC_CAMERA_H

#include "nuctestsrc-render.h"

G_BEGIN_DECLS

/* Pixels: the margin of the scene must hold three deviations. */
#define NUC_CAMERA_MAX_BLUR 5.0

/**
 * NucExposure:
 * @blur: deviation of the Gaussian point spread in pixels, 0..5
 * @exposure: factor on the nuclei's light; at 1 a usual nucleus has 0.42 of
 *   full scale, and one in mitosis hardly saturates
 * @background: level of the background, 0..1 of full scale
 * @illumination: part of the light that is lost at the worst lit corner, 0..1
 * @noise: factor on the deviation of shot and read noise; at 1 full scale
 *   stands for 1,500 photo-electrons, and the read noise is 6
 */
typedef struct {
  gdouble blur;
  gdouble exposure;
  gdouble background;
  gdouble illumination;
  gdouble noise;
} NucExposure;

typedef struct _NucCamera NucCamera;

/**
 * nuc_camera_new:
 * @width: pixels of the frame
 * @height: pixels of the frame
 * @diameter: mean diameter of the nuclei, for how far haze reaches
 * @seed: of the noise and of the illumination
 *
 * Returns: (transfer full): a camera; use from one thread at a time
 */
NucCamera *
nuc_camera_new (gint width, gint height, gdouble diameter, guint64 seed);
void nuc_camera_free (NucCamera *camera);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucCamera, nuc_camera_free)

/**
 * nuc_camera_expose:
 * @camera: a camera
 * @scene: a drawn scene of the camera's size
 * @exposure: how
 * @frame: number of the frame: each has noise of its own
 * @bits: 8: bytes; 9..16 or, with @wide, 8 too: little-endian words
 * @wide: whether the samples are words
 * @pixels: (out caller-allocates): the picture
 * @stride: bytes from one row of @pixels to the next
 */
void nuc_camera_expose (NucCamera *camera, const NucScene *scene,
    const NucExposure *exposure, guint64 frame, guint bits, gboolean wide,
    guint8 *pixels, gsize stride);

G_END_DECLS

#endif /* NUCTESTSRC_CAMERA_H */
