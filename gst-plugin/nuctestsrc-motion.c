/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-motion.c: how the nuclei of a population walk, push each other
 * away and stick together.
 */
#include "nuctestsrc-sim-private.h"

#include "nuctestsrc-random.h"

#define PUSH 0.35 /* part of an overlap that one iteration removes */
#define PULL 0.06 /* part of a gap that one iteration closes */
#define PULL_RANGE 0.35 /* largest gap that is closed, in mean diameters */

void
nuc_sim_keep_inside (const NucSim *sim, NucNucleus *n)
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

/* With the help of a grid whose cells are as large as two nuclei can act
 * over. */
void
nuc_sim_relax (NucSim *sim)
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
    nuc_sim_keep_inside (sim, &nuclei[i]);
  }
}

void
nuc_sim_move (NucSim *sim, NucNucleus *n)
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
  nuc_sim_keep_inside (sim, n);
}
