/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-sim.c: the population behind nuctestsrc.
 *
 * Each nucleus is an ellipse with a few harmonics on its outline. It wanders
 * (a damped random walk), is pushed away by nuclei that it would overlap, is
 * held by those that it sticks to, grows, condenses, forms a plate and parts
 * into two. For each one too many an old one shrinks and fades.
 */
#include "nuctestsrc-sim.h"

#include "nuctestsrc-random.h"

#define PUSH 0.35 /* part of an overlap that one iteration removes */
#define PULL 0.06 /* part of a gap that one iteration closes */
#define PULL_RANGE 0.35 /* largest gap that is closed, in mean diameters */
#define SETTLE_STEPS 120 /* iterations before frame 0 */
#define FRAME_ITERATIONS 2

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

static void
keep_inside (const NucSim *sim, NucNucleus *n)
{
  gdouble right = sim->config.width - 1, bottom = sim->config.height - 1;

  if ((n->x < 0 && n->vx < 0) || (n->x > right && n->vx > 0))
    n->vx = -n->vx;
  if ((n->y < 0 && n->vy < 0) || (n->y > bottom && n->vy > 0))
    n->vy = -n->vy;
  n->x = CLAMP (n->x, 0, right);
  n->y = CLAMP (n->y, 0, bottom);
}

static void
interact (const NucSim *sim, const NucNucleus *p, const NucNucleus *q,
    gdouble *shift_p, gdouble *shift_q)
{
  gdouble dx = q->x - p->x, dy = q->y - p->y;
  gdouble far = 1.3 * (p->a + q->a) + PULL_RANGE * sim->diameter;
  gdouble square = dx * dx + dy * dy, distance, gap, move;

  if (square > far * far)
    return;
  distance = sqrt (square);
  if (distance < 1e-6) {
    /* no direction to part in: any will do, but always the same */
    dx = p->ux;
    dy = p->uy;
  } else {
    dx /= distance;
    dy /= distance;
  }
  gap = distance - nuc_nucleus_get_reach (p, dx, dy)
      - nuc_nucleus_get_reach (q, -dx, -dy);
  if (gap < 0)
    move = gap * PUSH;
  else if (p->sticky && q->sticky && gap < PULL_RANGE * sim->diameter
      && p->sister != q->id)
    move = gap * PULL;
  else
    return;
  shift_p[0] += dx * move;
  shift_p[1] += dy * move;
  shift_q[0] -= dx * move;
  shift_q[1] -= dy * move;
}

/* One iteration of pushing and pulling, with the help of a grid whose cells
 * are as large as two nuclei can act over. */
static void
relax (NucSim *sim)
{
  NucNucleus *nuclei = (NucNucleus *) (gpointer) sim->nuclei->data;
  guint n = sim->nuclei->len, n_cells;
  gint columns, rows;
  gdouble largest = 1.0, cell;
  guint *start, *order;
  gdouble *shift;

  if (n < 2)
    return;
  for (guint i = 0; i < n; i++)
    largest = MAX (largest, nuclei[i].a);
  cell = 2.6 * largest + PULL_RANGE * sim->diameter;
  columns = (gint) (sim->config.width / cell) + 1;
  rows = (gint) (sim->config.height / cell) + 1;
  n_cells = (guint) (columns * rows);

  g_array_set_size (sim->shift, 2 * n);
  g_array_set_size (sim->cell_start, n_cells + 2);
  g_array_set_size (sim->cell_nuclei, n);
  shift = (gdouble *) (gpointer) sim->shift->data;
  start = (guint *) (gpointer) sim->cell_start->data;
  order = (guint *) (gpointer) sim->cell_nuclei->data;
  for (guint i = 0; i < 2 * n; i++)
    shift[i] = 0;
  for (guint i = 0; i < n_cells + 2; i++)
    start[i] = 0;

#define CELL(nucleus)                                                          \
  ((gint) ((nucleus)->y / cell) * columns + (gint) ((nucleus)->x / cell))
  /* counting sort; start[] runs two ahead, then one, then stands right */
  for (guint i = 0; i < n; i++)
    start[CELL (&nuclei[i]) + 2]++;
  for (guint i = 2; i < n_cells + 2; i++)
    start[i] += start[i - 1];
  for (guint i = 0; i < n; i++)
    order[start[CELL (&nuclei[i]) + 1]++] = i;
#undef CELL

  for (guint i = 0; i < n; i++) {
    gint column = (gint) (nuclei[i].x / cell),
         row = (gint) (nuclei[i].y / cell);

    for (gint y = MAX (row - 1, 0); y <= MIN (row + 1, rows - 1); y++) {
      guint first = start[y * columns + MAX (column - 1, 0)];
      guint last = start[y * columns + MIN (column + 1, columns - 1) + 1];

      for (guint k = first; k < last; k++) {
        guint j = order[k];

        if (j > i)
          interact (sim, &nuclei[i], &nuclei[j], shift + 2 * i, shift + 2 * j);
      }
    }
  }
  for (guint i = 0; i < n; i++) {
    nuclei[i].x += shift[2 * i];
    nuclei[i].y += shift[2 * i + 1];
    keep_inside (sim, &nuclei[i]);
  }
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
    relax (sim);
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
  keep_inside (sim, &one);
  keep_inside (sim, &two);
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

static void
move (NucSim *sim, NucNucleus *n)
{
  gdouble speed = sim->config.speed, spin = n->spin, ux, uy, length;

  /* keeps the variance at speed^2: 0.96^2 + 0.28^2 = 1 */
  n->vx = 0.96 * n->vx + 0.28 * speed * nuc_random_normal (&sim->random);
  n->vy = 0.96 * n->vy + 0.28 * speed * nuc_random_normal (&sim->random);
  if (n->phase == NUC_PHASE_INTERPHASE) {
    n->x += n->vx;
    n->y += n->vy;
  } else {
    /* a rounded cell hardly walks */
    n->x += 0.2 * n->vx;
    n->y += 0.2 * n->vy;
    spin *= 0.2;
  }
  if (n->phase == NUC_PHASE_SEPARATING && 2 * n->age < n->duration) {
    /* fast at first, as anaphase is */
    gdouble t = (gdouble) n->age / n->duration;
    gdouble way = 1.6 * n->radius / n->duration * 2.0 * (1.0 - 2.0 * t);

    n->x += n->ax * way;
    n->y += n->ay * way;
  }
  ux = n->ux - spin * n->uy;
  uy = n->uy + spin * n->ux;
  length = sqrt (ux * ux + uy * uy);
  n->ux = ux / length;
  n->uy = uy / length;
  keep_inside (sim, n);
}

void
nuc_sim_step (NucSim *sim)
{
  guint n = sim->nuclei->len, kept = 0;

  sim->frame++;
  for (guint i = 0; i < n; i++) {
    NucNucleus *nucleus = &g_array_index (sim->nuclei, NucNucleus, i);

    move (sim, nucleus);
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
    relax (sim);
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
