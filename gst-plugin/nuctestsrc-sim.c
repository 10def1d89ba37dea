/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-sim.c: the population behind nuctestsrc.
 *
 * Each nucleus is an ellipse with a few harmonics on its outline. It wanders
 * (a damped random walk), is pushed away by nuclei that it would overlap, is
 * held by those that it sticks to, grows, condenses, forms a plate and parts
 * into two. For each one too many an old one shrinks and fades.
 */
#include "nuctestsrc-sim-private.h"

#include "nuctestsrc-random.h"

#define SETTLE_STEPS 120 /* iterations before frame 0 */
#define FRAME_ITERATIONS 2

static gdouble
mix (gdouble from, gdouble to, gdouble k)
{
  return from + (to - from) * k;
}

/* Frames of each half of mitosis, and of dying. */
static guint
short_phase (const NucSim *sim)
{
  guint period = MAX (sim->config.division_period, 16);

  return CLAMP (period / 24, MIN (16, period / 4), 90);
}

static guint
draw_interphase (NucSim *sim)
{
  gdouble period = MAX (sim->config.division_period, 16);
  gdouble length = period * nuc_random_range (&sim->random, 0.75, 1.25)
      - 2.0 * short_phase (sim);

  return (guint) MAX (length, 4.0);
}

static gdouble
draw_radius (NucSim *sim)
{
  return sim->diameter / 2 * nuc_random_range (&sim->random, 0.82, 1.2);
}

/* Draws what makes a nucleus that nucleus. */
static void
draw_character (NucSim *sim, NucNucleus *n)
{
  static const gdouble amplitude[NUC_N_HARMONICS] = { 0.05, 0.045, 0.03, 0.02 };
  guint64 *random = &sim->random;
  gdouble odd = nuc_random_range (random, 0, 1);

  n->aspect = nuc_random_range (random, 1.05, 1.75);
  /* some are lobed, as in every culture */
  n->roughness = odd < 0.12 ? 2.6 : 1.0;
  for (guint k = 0; k < NUC_N_HARMONICS; k++) {
    gdouble size = amplitude[k] * nuc_random_range (random, 0.3, 1.0);

    nuc_random_direction (random, &n->shape[k][0], &n->shape[k][1]);
    n->shape[k][0] *= size;
    n->shape[k][1] *= size;
  }
  for (guint k = 0; k < NUC_N_NUCLEOLI; k++) {
    gdouble distance = nuc_random_range (random, 0.1, 0.6);

    nuc_random_direction (random, &n->nucleolus[k][0], &n->nucleolus[k][1]);
    n->nucleolus[k][0] *= distance;
    n->nucleolus[k][1] *= distance;
    n->nucleolus[k][2] = nuc_random_range (random, 0.12, 0.28);
  }
  n->texture_x = (guint) (nuc_random_next (random) & 0xffff);
  n->texture_y = (guint) (nuc_random_next (random) & 0xffff);
  n->spin =
      nuc_random_normal (random) * 0.3 * sim->config.speed / sim->diameter;
}

static void
add_first (NucSim *sim)
{
  guint64 *random = &sim->random;
  NucNucleus n = { 0 };
  gdouble t;

  n.id = sim->next_id++;
  n.x = nuc_random_range (random, 0, sim->config.width - 1);
  n.y = nuc_random_range (random, 0, sim->config.height - 1);
  nuc_random_direction (random, &n.ux, &n.uy);
  n.vx = nuc_random_normal (random) * sim->config.speed;
  n.vy = nuc_random_normal (random) * sim->config.speed;
  n.radius = draw_radius (sim);
  n.stain = nuc_random_range (random, 0.7, 1.2);
  n.sticky = nuc_random_range (random, 0, 1) < sim->config.clustering;
  draw_character (sim, &n);
  nuc_nucleus_set_phase (&n, NUC_PHASE_INTERPHASE, draw_interphase (sim));
  t = nuc_random_range (random, 0, 1);
  if (sim->config.division_period > 0
      && t * sim->config.division_period < short_phase (sim))
    nuc_nucleus_set_phase (&n, NUC_PHASE_CONDENSING, short_phase (sim));
  n.age = (guint) (nuc_random_range (random, 0, 1) * n.duration);
  nuc_nucleus_update (&n);
  g_array_append_val (sim->nuclei, n);
}

NucSim *
nuc_sim_new (const NucSimConfig *config)
{
  NucSim *sim = g_new0 (NucSim, 1);
  gdouble room = NUC_SIM_MAX_COVER * config->width * config->height
      / (G_PI / 4); /* squared diameters */
  gdouble largest = 0.9 * MIN (config->width, config->height);

  sim->config = *config;
  sim->target = MIN (config->count, NUC_SIM_MAX_COUNT);
  sim->diameter = MIN (config->diameter, largest);
  if (sim->target * sim->diameter * sim->diameter > room) {
    sim->diameter = MAX (sqrt (room / sim->target), NUC_SIM_MIN_DIAMETER);
    sim->target = (guint) MIN (
        (gdouble) sim->target, room / (sim->diameter * sim->diameter) + 1e-6);
  }
  sim->random = nuc_random_hash (config->seed, 0x6e75636c65690a, 0);
  sim->next_id = 1;
  sim->nuclei = g_array_sized_new (
      FALSE, FALSE, sizeof (NucNucleus), 2 * sim->target + 1);
  sim->shift = g_array_new (FALSE, FALSE, sizeof (gdouble));
  sim->cell_start = g_array_new (FALSE, FALSE, sizeof (guint));
  sim->cell_nuclei = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < sim->target; i++)
    add_first (sim);
  for (guint i = 0; i < SETTLE_STEPS; i++)
    nuc_sim_relax (sim);
  return sim;
}

void
nuc_sim_free (NucSim *sim)
{
  if (sim == NULL)
    return;
  g_array_unref (sim->nuclei);
  g_array_unref (sim->shift);
  g_array_unref (sim->cell_start);
  g_array_unref (sim->cell_nuclei);
  g_free (sim);
}

/* Turns nucleus @index into two; the second is appended. */
static void
divide (NucSim *sim, guint index)
{
  NucNucleus *mother = &g_array_index (sim->nuclei, NucNucleus, index);
  NucNucleus one = *mother, two;
  gdouble part;

  one.ax = -mother->uy;
  one.ay = mother->ux;
  one.mother = mother->id;
  one.id = sim->next_id++;
  one.radius = mix (mother->radius, draw_radius (sim), 0.3);
  nuc_nucleus_set_phase (&one, NUC_PHASE_SEPARATING, short_phase (sim));
  two = one;
  draw_character (sim, &one);
  draw_character (sim, &two);
  two.id = sim->next_id++;
  two.ax = -one.ax;
  two.ay = -one.ay;
  one.sister = two.id;
  two.sister = one.id;
  nuc_nucleus_update (&one);
  nuc_nucleus_update (&two);
  part = (one.b + two.b) / 2;
  one.x += one.ax * part;
  one.y += one.ay * part;
  two.x += two.ax * part;
  two.y += two.ay * part;
  nuc_sim_keep_inside (sim, &one);
  nuc_sim_keep_inside (sim, &two);
  *mother = one;
  g_array_append_val (sim->nuclei, two);
  sim->n_divisions++;
}

/* For each one too many an old one dies. */
static void
cull (NucSim *sim)
{
  NucNucleus *nuclei = (NucNucleus *) (gpointer) sim->nuclei->data;
  guint n = sim->nuclei->len, living = 0, start;

  for (guint i = 0; i < n; i++)
    living += nuclei[i].phase != NUC_PHASE_DYING;
  if (living <= sim->target)
    return;
  start = (guint) (nuc_random_next (&sim->random) % n);
  for (guint i = 0; i < n && living > sim->target; i++) {
    NucNucleus *old = &nuclei[(start + i) % n];
    gdouble t = (gdouble) old->age / old->duration;

    if (old->phase != NUC_PHASE_INTERPHASE || t < 0.5)
      continue;
    /* what dies shrinks from a grown nucleus' size: no jump to there */
    old->radius *=
        sqrt (mix (NUC_BORN_AREA, NUC_GROWN_AREA, t) / NUC_GROWN_AREA);
    nuc_nucleus_set_phase (old, NUC_PHASE_DYING, short_phase (sim) * 2);
    nuc_nucleus_update (old);
    living--;
  }
}

void
nuc_sim_step (NucSim *sim)
{
  guint n = sim->nuclei->len, kept = 0;

  sim->frame++;
  for (guint i = 0; i < n; i++) {
    NucNucleus *nucleus = &g_array_index (sim->nuclei, NucNucleus, i);

    nuc_sim_move (sim, nucleus);
    if (sim->config.division_period == 0)
      continue;
    if (++nucleus->age >= nucleus->duration) {
      if (nucleus->phase == NUC_PHASE_INTERPHASE) {
        nuc_nucleus_set_phase (
            nucleus, NUC_PHASE_CONDENSING, short_phase (sim));
      } else if (nucleus->phase == NUC_PHASE_SEPARATING) {
        nuc_nucleus_set_phase (
            nucleus, NUC_PHASE_INTERPHASE, draw_interphase (sim));
        nucleus->sister = 0;
      } else if (nucleus->phase == NUC_PHASE_CONDENSING) {
        divide (sim, i);
        continue;
      }
    }
    nuc_nucleus_update (nucleus);
  }
  for (guint i = 0; i < sim->nuclei->len; i++) {
    NucNucleus *nucleus = &g_array_index (sim->nuclei, NucNucleus, i);

    if (nucleus->phase == NUC_PHASE_DYING && nucleus->age >= nucleus->duration)
      continue;
    if (kept != i)
      g_array_index (sim->nuclei, NucNucleus, kept) = *nucleus;
    kept++;
  }
  g_array_set_size (sim->nuclei, kept);
  cull (sim);
  for (guint i = 0; i < FRAME_ITERATIONS; i++)
    nuc_sim_relax (sim);
}

guint64
nuc_sim_get_frame (const NucSim *sim)
{
  return sim->frame;
}

guint
nuc_sim_get_n_divisions (const NucSim *sim)
{
  return sim->n_divisions;
}

const NucSimConfig *
nuc_sim_get_config (const NucSim *sim)
{
  return &sim->config;
}

gdouble
nuc_sim_get_diameter (const NucSim *sim)
{
  return sim->diameter;
}

const NucNucleus *
nuc_sim_get_nuclei (const NucSim *sim, guint *n_nuclei)
{
  *n_nuclei = sim->nuclei->len;
  return (const NucNucleus *) (gconstpointer) sim->nuclei->data;
}
