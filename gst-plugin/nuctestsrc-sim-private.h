/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-sim-private.h: what nuctestsrc-sim.c and nuctestsrc-motion.c
 * share.
 */
#ifndef NUCTESTSRC_SIM_PRIVATE_H
#define NUCTESTSRC_SIM_PRIVATE_H

#include "nuctestsrc-sim.h"

G_BEGIN_DECLS

struct _NucSim {
  NucSimConfig config;
  gdouble diameter;
  guint target;
  guint64 frame;
  guint64 random;
  guint next_id;
  guint n_divisions;
  GArray *nuclei; /* of NucNucleus */

  /* scratch of the neighbour search */
  GArray *shift; /* gdouble x, y for each nucleus */
  GArray *cell_start; /* guint: first entry of each cell */
  GArray *cell_nuclei; /* guint: nuclei in the order of their cells */
};

/* Back into the frame, and from its border if it goes that way. */
void nuc_sim_keep_inside (const NucSim *sim, NucNucleus *n);

/* One iteration of pushing and pulling between all nuclei. */
void nuc_sim_relax (NucSim *sim);

/* One frame of the walk and the turn of @n. */
void nuc_sim_move (NucSim *sim, NucNucleus *n);

G_END_DECLS

#endif /* NUCTESTSRC_SIM_PRIVATE_H */
