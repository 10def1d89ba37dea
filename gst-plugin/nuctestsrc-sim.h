/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-sim.h: a population of cell nuclei that move, grow, divide, touch
 * and die: what nuctestsrc draws. GLib only.
 *
 * The state after n steps depends on the configuration and on n alone, to the
 * last bit, on every machine.
 */
#ifndef NUCTESTSRC_SIM_H
#define NUCTESTSRC_SIM_H

#include "nuctestsrc-nucleus.h"

G_BEGIN_DECLS

#define NUC_SIM_MAX_COUNT 5000
/* Pixels: below this a nucleus could not be told from noise. */
#define NUC_SIM_MIN_DIAMETER 8.0
/* Largest part of the frame that nuclei may cover. */
#define NUC_SIM_MAX_COVER 0.55

/**
 * NucSimConfig:
 * @width: pixels, 16..8192
 * @height: pixels, 16..8192
 * @seed: any number
 * @count: nuclei, 0..5000; where so many do not fit, they become smaller, and
 *   below %NUC_SIM_MIN_DIAMETER fewer
 * @diameter: mean diameter in pixels, 8..512
 * @speed: root mean square of the motion on each axis, pixels per frame, >= 0
 * @division_period: mean frames from a nucleus' birth to its division, if it
 *   lives that long; 0: none grows, divides or dies
 * @clustering: part of the nuclei that stick to each other, 0..1
 */
typedef struct {
  gint width;
  gint height;
  guint64 seed;
  guint count;
  gdouble diameter;
  gdouble speed;
  guint division_period;
  gdouble clustering;
} NucSimConfig;

typedef struct _NucSim NucSim;

/**
 * nuc_sim_new:
 * @config: what to simulate; copied
 *
 * Returns: (transfer full): the population of frame 0
 */
NucSim *nuc_sim_new (const NucSimConfig *config);
void nuc_sim_free (NucSim *sim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucSim, nuc_sim_free)

/* One frame on. */
void nuc_sim_step (NucSim *sim);
/* Number of steps since nuc_sim_new(). */
guint64 nuc_sim_get_frame (const NucSim *sim);
/* Divisions since nuc_sim_new(). */
guint nuc_sim_get_n_divisions (const NucSim *sim);
const NucSimConfig *nuc_sim_get_config (const NucSim *sim);
/* Mean diameter after it was fitted to the frame, pixels. */
gdouble nuc_sim_get_diameter (const NucSim *sim);

/**
 * nuc_sim_get_nuclei:
 * @sim: a simulation
 * @n_nuclei: (out): how many
 *
 * Returns: (transfer none): the nuclei, valid until the next step
 */
const NucNucleus *nuc_sim_get_nuclei (const NucSim *sim, guint *n_nuclei);

G_END_DECLS

#endif /* NUCTESTSRC_SIM_H */
