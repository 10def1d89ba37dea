/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-life.c: the population behind nuctestsrc: nuclei divide, touch and
 * hardly overlap, move as fast as asked, die where they are too many, and a
 * population of 5,000 fits its grid.
 */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "nuctestsrc-render.h"
#include "nuctestsrc-sim.h"

static const NucSimConfig usual = { .width = 300,
  .height = 280,
  .seed = 11,
  .count = 60,
  .diameter = 22,
  .speed = 0.3,
  .division_period = 200,
  .clustering = 0.5 };

static const NucNucleus *
find (const NucSim *sim, guint id)
{
  guint n;
  const NucNucleus *nuclei = nuc_sim_get_nuclei (sim, &n);

  for (guint i = 0; i < n; i++) {
    if (nuclei[i].id == id)
      return &nuclei[i];
  }
  return NULL;
}

/* Follows divisions: a mother becomes two daughters that begin where it was,
 * part, and end as nuclei in interphase of half the area of a grown one. */
static void
test_division (void)
{
  g_autoptr (NucSim) sim = nuc_sim_new (&usual);
  GHashTable *mothers = g_hash_table_new (NULL, NULL);
  guint followed = 0, parted = 0, born = 0, before, most = 0;

  before = nuc_sim_get_n_divisions (sim);
  for (guint step = 0; step < 600; step++) {
    guint n;
    const NucNucleus *nuclei;

    nuc_sim_step (sim);
    nuclei = nuc_sim_get_nuclei (sim, &n);
    most = MAX (most, n);
    for (guint i = 0; i < n; i++) {
      const NucNucleus *a = &nuclei[i], *b;
      gdouble distance;

      if (a->phase != NUC_PHASE_SEPARATING || a->id > a->sister)
        continue;
      b = find (sim, a->sister);
      if (b == NULL)
        continue;
      distance = hypot (a->x - b->x, a->y - b->y);
      if (a->age == 0) {
        g_assert_cmpfloat (distance, <, 1.5 * (a->b + b->b));
        g_hash_table_insert (
            mothers, GUINT_TO_POINTER (a->id), GUINT_TO_POINTER (1));
        born++;
      } else if (a->age == a->duration - 1
          && g_hash_table_contains (mothers, GUINT_TO_POINTER (a->id))) {
        g_assert_cmpfloat (distance, >, 0.4 * usual.diameter);
        /* in a crowd and at the edge there is less room to part */
        followed++;
        parted += distance > 0.65 * usual.diameter;
        g_assert_cmpfloat (a->a * a->b, <, 0.8 * a->radius * a->radius);
      }
    }
  }
  /* 60 nuclei, 200 frames, 600 frames: 180 if none died before it divides, 90
   * if each division took one of the grown ones */
  g_assert_cmpuint (nuc_sim_get_n_divisions (sim) - before, >, 80);
  g_assert_cmpuint (nuc_sim_get_n_divisions (sim) - before, <, 200);
  g_assert_cmpuint (born, ==, nuc_sim_get_n_divisions (sim) - before);
  g_assert_cmpuint (followed, >, 60);
  g_assert_cmpuint (parted * 10, >, followed * 7);
  /* deaths keep up with births */
  g_assert_cmpuint (most, >, usual.count);
  g_assert_cmpuint (most, <, usual.count * 3 / 2);
  g_hash_table_unref (mothers);
}

/* A nucleus brightens and shrinks before it divides, and its labels split: the
 * pixels of the one in the last frame belong to two in the next. */
static void
test_division_in_pixels (void)
{
  g_autoptr (NucSim) sim = nuc_sim_new (&usual);
  g_autoptr (NucScene) scene =
      nuc_scene_new (usual.width, usual.height, usual.seed);
  gsize size = (gsize) usual.width * usual.height;
  g_autofree guint16 *labels = g_new (guint16, size);
  guint seen = 0;

  for (guint step = 0; step < 300 && seen < 10; step++) {
    const NucNucleus *nuclei;
    guint n, divisions = nuc_sim_get_n_divisions (sim);

    nuc_sim_step (sim);
    if (nuc_sim_get_n_divisions (sim) == divisions)
      continue;
    nuclei = nuc_sim_get_nuclei (sim, &n);
    nuc_scene_draw (scene, nuclei, n, labels);
    for (guint i = 0; i < n; i++) {
      const NucNucleus *a = &nuclei[i], *b = find (sim, a->sister);
      gint ax = (gint) (a->x + 0.5), ay = (gint) (a->y + 0.5), bx, by;

      if (a->phase != NUC_PHASE_SEPARATING || a->age != 0 || b == NULL)
        continue;
      bx = (gint) (b->x + 0.5);
      by = (gint) (b->y + 0.5);
      if (ax < 0 || ay < 0 || bx < 0 || by < 0 || ax >= usual.width
          || bx >= usual.width || ay >= usual.height || by >= usual.height)
        continue;
      g_assert_cmpuint (labels[ay * usual.width + ax], !=, 0);
      g_assert_cmpuint (labels[by * usual.width + bx], !=, 0);
      g_assert_cmpuint (
          labels[ay * usual.width + ax], !=, labels[by * usual.width + bx]);
      g_assert_cmpfloat (a->light, >, 1.5 * a->stain);
      seen++;
    }
  }
  g_assert_cmpuint (seen, >=, 10);
}

/* Pairs of labels with pixels side by side. */
static guint
count_contacts (const guint16 *labels, gint width, gint height)
{
  GHashTable *pairs = g_hash_table_new (NULL, NULL);
  guint n;

  for (gint y = 0; y < height - 1; y++) {
    for (gint x = 0; x < width - 1; x++) {
      guint here = labels[y * width + x];
      const guint there[2] = { labels[y * width + x + 1],
        labels[(y + 1) * width + x] };

      for (guint k = 0; k < 2; k++) {
        if (here > 0 && there[k] > 0 && here != there[k])
          g_hash_table_add (pairs,
              GUINT_TO_POINTER (
                  MIN (here, there[k]) * 65536u + MAX (here, there[k])));
      }
    }
  }
  n = g_hash_table_size (pairs);
  g_hash_table_unref (pairs);
  return n;
}

static guint
contacts (gdouble clustering)
{
  NucSimConfig config = usual;
  g_autoptr (NucScene) scene =
      nuc_scene_new (config.width, config.height, config.seed);
  g_autofree guint16 *labels =
      g_new (guint16, (gsize) config.width * config.height);
  guint sum = 0;

  config.clustering = clustering;
  config.division_period = 0;
  for (guint seed = 0; seed < 5; seed++) {
    g_autoptr (NucSim) sim = NULL;
    const NucNucleus *nuclei;
    guint n;

    config.seed = seed;
    sim = nuc_sim_new (&config);
    for (guint i = 0; i < 20; i++)
      nuc_sim_step (sim);
    nuclei = nuc_sim_get_nuclei (sim, &n);
    nuc_scene_draw (scene, nuclei, n, labels);
    sum += count_contacts (labels, config.width, config.height);
  }
  return sum / 5;
}

static void
test_touching (void)
{
  guint none = contacts (0), half = contacts (0.5), all = contacts (1);

  g_test_message ("contacts of 60 nuclei: %u, %u, %u", none, half, all);
  g_assert_cmpuint (half, >, 8);
  g_assert_cmpuint (all, >, half);
  g_assert_cmpuint (half, >, none);
}

/* Area of all nuclei drawn alone, against that of all drawn together. */
static gdouble
overlap (const NucSimConfig *config, guint steps)
{
  g_autoptr (NucSim) sim = nuc_sim_new (config);
  g_autoptr (NucScene) scene =
      nuc_scene_new (config->width, config->height, config->seed);
  gsize size = (gsize) config->width * config->height;
  g_autofree guint16 *labels = g_new (guint16, size);
  const NucNucleus *nuclei;
  guint64 together = 0, alone = 0;
  guint n;

  for (guint i = 0; i < steps; i++)
    nuc_sim_step (sim);
  nuclei = nuc_sim_get_nuclei (sim, &n);
  nuc_scene_draw (scene, nuclei, n, labels);
  for (gsize i = 0; i < size; i++)
    together += labels[i] > 0;
  for (guint k = 0; k < n; k++) {
    nuc_scene_draw (scene, &nuclei[k], 1, labels);
    for (gsize i = 0; i < size; i++)
      alone += labels[i] > 0;
  }
  g_assert_cmpuint (together, >, 0);
  return (gdouble) (alone - together) / (gdouble) alone;
}

static void
test_hardly_overlap (void)
{
  NucSimConfig config = usual;
  gdouble part = overlap (&config, 250);

  g_test_message ("overlap %.4f of the area", part);
  g_assert_cmpfloat (part, <, 0.02);
  /* as many as fit */
  config.count = 1000;
  part = overlap (&config, 30);
  g_test_message ("overlap %.4f of the area in a full frame", part);
  g_assert_cmpfloat (part, <, 0.06);
}

static void
test_speed (void)
{
  static const gdouble speeds[] = { 0, 0.5, 2 };

  for (guint i = 0; i < G_N_ELEMENTS (speeds); i++) {
    NucSimConfig config = usual;
    g_autoptr (NucSim) sim = NULL;
    gdouble squares = 0, count = 0;

    config.speed = speeds[i];
    config.count = 15; /* room to move in */
    config.clustering = 0;
    config.division_period = 0;
    sim = nuc_sim_new (&config);
    for (guint step = 0; step < 200; step++) {
      guint n;
      const NucNucleus *nuclei = nuc_sim_get_nuclei (sim, &n);
      gdouble x[15], y[15];

      g_assert_cmpuint (n, ==, 15);
      for (guint k = 0; k < n; k++) {
        x[k] = nuclei[k].x;
        y[k] = nuclei[k].y;
      }
      nuc_sim_step (sim);
      nuclei = nuc_sim_get_nuclei (sim, &n);
      for (guint k = 0; k < n; k++) {
        squares += (nuclei[k].x - x[k]) * (nuclei[k].x - x[k])
            + (nuclei[k].y - y[k]) * (nuclei[k].y - y[k]);
        count += 2;
      }
    }
    /* collisions and the border change it by some */
    g_assert_cmpfloat_with_epsilon (
        sqrt (squares / count), speeds[i], 0.25 * speeds[i] + 0.02);
  }
}

/* Any number of steps at once is the same as the steps one by one. */
static void
test_same_state (void)
{
  g_autoptr (NucSim) a = nuc_sim_new (&usual), b = nuc_sim_new (&usual);
  const NucNucleus *p, *q;
  guint n, m;

  for (guint i = 0; i < 100; i++) {
    nuc_sim_step (a);
    nuc_sim_step (b);
    nuc_sim_get_nuclei (b, &m);
  }
  g_assert_cmpuint (nuc_sim_get_frame (a), ==, 100);
  p = nuc_sim_get_nuclei (a, &n);
  q = nuc_sim_get_nuclei (b, &m);
  g_assert_cmpuint (n, ==, m);
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint (p[i].id, ==, q[i].id);
    g_assert_cmpfloat (p[i].x, ==, q[i].x);
    g_assert_cmpfloat (p[i].y, ==, q[i].y);
    g_assert_cmpfloat (p[i].a, ==, q[i].a);
  }
}

/* Odd configurations run for a while with every number finite and every centre
 * in the frame. */
static void
test_extremes (void)
{
  static const NucSimConfig odd[] = {
    { 16, 16, 0, 5000, 512, 50, 1, 1 },
    { 8192, 16, G_MAXUINT64, 5000, 8, 0, 16, 0 },
    { 16, 8192, 1, 300, 22, 50, 16, 1 },
    { 512, 512, 2, 5000, 22, 50, 17, 1 },
    { 512, 512, 3, 0, 22, 1, 100, 1 },
    { 300, 300, 4, 1, 200, 1, 20, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autoptr (NucSim) sim = nuc_sim_new (&odd[i]);

    for (guint step = 0; step < 100; step++) {
      guint n;
      const NucNucleus *nuclei;

      nuc_sim_step (sim);
      nuclei = nuc_sim_get_nuclei (sim, &n);
      g_assert_cmpuint (n, <=, NUC_SIM_MAX_COUNT * 2);
      g_assert_true (odd[i].count > 0 ? n > 0 : n == 0);
      for (guint k = 0; k < n; k++) {
        g_assert_true (nuclei[k].x >= 0 && nuclei[k].x <= odd[i].width - 1);
        g_assert_true (nuclei[k].y >= 0 && nuclei[k].y <= odd[i].height - 1);
        g_assert_true (isfinite (nuclei[k].a) && nuclei[k].a > 0);
        g_assert_true (isfinite (nuclei[k].b) && nuclei[k].b > 0);
        g_assert_true (nuclei[k].light >= 0 && nuclei[k].light < 5);
      }
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/testsrc-life/division", test_division);
  g_test_add_func ("/testsrc-life/division-in-pixels", test_division_in_pixels);
  g_test_add_func ("/testsrc-life/touching", test_touching);
  g_test_add_func ("/testsrc-life/hardly-overlap", test_hardly_overlap);
  g_test_add_func ("/testsrc-life/speed", test_speed);
  g_test_add_func ("/testsrc-life/same-state", test_same_state);
  g_test_add_func ("/testsrc-life/extremes", test_extremes);
  return g_test_run ();
}
