/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-nucleus.h: one synthetic cell nucleus: its outline, its light and
 * how both change through its life. GLib only.
 */
#ifndef NUCTESTSRC_NUCLEUS_H
#define NUCTESTSRC_NUCLEUS_H

#include <glib.h>

G_BEGIN_DECLS

/* Areas relative to the mean nucleus. */
#define NUC_GROWN_AREA 1.24 /* before division */
#define NUC_BORN_AREA (NUC_GROWN_AREA / 2)

typedef enum {
  NUC_PHASE_INTERPHASE,
  NUC_PHASE_CONDENSING, /* prophase to metaphase: one nucleus */
  NUC_PHASE_SEPARATING, /* anaphase to telophase: one of two daughters */
  NUC_PHASE_DYING
} NucPhase;

#define NUC_N_NUCLEOLI 3
/* Harmonics of the outline: 2 to 5. */
#define NUC_N_HARMONICS 4

/**
 * NucNucleus:
 *
 * One nucleus. The first block is what a renderer needs, lengths in pixels.
 */
typedef struct {
  gdouble x, y; /* centre; pixel centres are at integers */
  gdouble ux, uy; /* unit vector of the long axis */
  gdouble a, b; /* half axes */
  gdouble harmonic[NUC_N_HARMONICS][2]; /* cosine, sine, of the radius */
  gdouble light; /* 1 is a usual nucleus */
  gdouble grain; /* contrast of the chromatin, 1 is usual */
  gdouble nucleoli; /* how dark they are, 0..1 */
  gdouble nucleolus[NUC_N_NUCLEOLI][3]; /* x, y, radius in half axes */
  guint texture_x, texture_y; /* where its texture starts */
  gboolean visible; /* FALSE: remains without a label */

  NucPhase phase;
  guint age; /* frames in this phase */
  guint duration; /* frames that this phase lasts */
  guint id; /* never used again */
  guint mother; /* id of the one it was born of, 0: none */
  guint sister; /* id of the other daughter, 0: none */
  gboolean sticky;
  gdouble vx, vy; /* own motion, pixels per frame */
  gdouble ax, ay; /* direction in which daughters part */
  gdouble spin; /* radians per frame */
  gdouble radius; /* of a grown nucleus */
  gdouble aspect; /* in interphase */
  gdouble stain; /* light in interphase */
  gdouble roughness; /* factor on the harmonics in interphase */
  gdouble shape[NUC_N_HARMONICS][2]; /* harmonics in interphase */
} NucNucleus;

/* Starts a phase that lasts @duration frames, at least 1. */
void
nuc_nucleus_set_phase (NucNucleus *nucleus, NucPhase phase, guint duration);

/* Sets the first block of the structure from the rest of it; not the centre
 * and the direction, which are the simulation's. */
void nuc_nucleus_update (NucNucleus *nucleus);

/**
 * nuc_nucleus_get_reach:
 * @nucleus: a nucleus
 * @dx: x of a unit vector
 * @dy: y of it
 *
 * Returns: pixels from the centre to the outline in that direction
 */
gdouble
nuc_nucleus_get_reach (const NucNucleus *nucleus, gdouble dx, gdouble dy);

G_END_DECLS

#endif /* NUCTESTSRC_NUCLEUS_H */
