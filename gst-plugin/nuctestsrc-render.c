/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-render.c: draws nuclei into a scene: light and labels.
 *
 * Each nucleus touches only its bounding box. A row is first computed in
 * straight loops over arrays (coordinates, distance to the outline, shade),
 * which compilers vectorise, then written pixel by pixel.
 */
#include "nuctestsrc-render.h"

#include <string.h>

#include "nuctestsrc-random.h"

/* The chromatin tile: periodic, a nucleus spans about 80 of its texels. */
#define TILE 128
#define TILE_MASK (TILE - 1)
#define TEXELS_PER_RADIUS 40.0f

#define GRAIN 0.15f /* deviation of the light that chromatin makes */
#define HOLLOW 0.55f /* light that the middle of a nucleolus lacks */

/* Rows of scratch: each as long as a row of the scene. */
enum { ROW_U, ROW_V, ROW_INSIDE, ROW_SHADE, N_ROWS };

/* A nucleus in floats, with what all its pixels share. */
typedef struct {
  gfloat x, y, ux_a, uy_a, ux_b, uy_b;
  gfloat harmonic[NUC_N_HARMONICS][2];
  gfloat size;
} Outline;

/* Box filter of a periodic tile along rows, then transposed: two calls filter
 * in both directions. */
static void
box_transpose (const gfloat *from, gfloat *to, gint radius)
{
  for (gint y = 0; y < TILE; y++) {
    for (gint x = 0; x < TILE; x++) {
      gfloat sum = 0;

      for (gint k = -radius; k <= radius; k++)
        sum += from[y * TILE + ((x + k) & TILE_MASK)];
      to[x * TILE + y] = sum / (gfloat) (2 * radius + 1);
    }
  }
}

/* Smooth periodic noise of mean 0 and deviation 1, added with a weight. */
static void
add_noise (gfloat *tile, guint64 *random, gint radius, gfloat weight)
{
  g_autofree gfloat *a = g_new (gfloat, TILE * TILE);
  g_autofree gfloat *b = g_new (gfloat, TILE * TILE);
  gdouble sum = 0, squares = 0;
  gfloat mean, scale;

  for (guint i = 0; i < TILE * TILE; i++)
    a[i] = (gfloat) nuc_random_normal (random);
  for (guint pass = 0; pass < 3; pass++) {
    box_transpose (a, b, radius);
    box_transpose (b, a, radius);
  }
  for (guint i = 0; i < TILE * TILE; i++) {
    sum += a[i];
    squares += (gdouble) a[i] * a[i];
  }
  sum /= TILE * TILE;
  mean = (gfloat) sum;
  scale = (gfloat) (1.0 / sqrt (squares / (TILE * TILE) - sum * sum));
  for (guint i = 0; i < TILE * TILE; i++)
    tile[i] += weight * CLAMP ((a[i] - mean) * scale, -2.5f, 2.5f);
}

NucScene *
nuc_scene_new (gint width, gint height, guint64 seed)
{
  NucScene *scene = g_new0 (NucScene, 1);
  gsize rows = (gsize) height + 2 * NUC_SCENE_MARGIN;
  guint64 random = nuc_random_hash (seed, 0x74657874757265, 0);

  scene->width = width;
  scene->height = height;
  scene->stride = (gsize) width + 2 * NUC_SCENE_MARGIN;
  scene->light = g_new (gfloat, scene->stride * rows);
  scene->scratch = g_new (gfloat, scene->stride * N_ROWS);
  scene->texture = g_new0 (gfloat, TILE * TILE);
  add_noise (scene->texture, &random, 1, 0.55f);
  add_noise (scene->texture, &random, 2, 0.65f);
  add_noise (scene->texture, &random, 5, 0.55f);
  return scene;
}

void
nuc_scene_free (NucScene *scene)
{
  if (scene == NULL)
    return;
  g_free (scene->light);
  g_free (scene->scratch);
  g_free (scene->texture);
  g_free (scene->order);
  g_free (scene);
}

static void
outline_init (Outline *o, const NucNucleus *n)
{
  o->x = (gfloat) n->x;
  o->y = (gfloat) n->y;
  o->ux_a = (gfloat) (n->ux / n->a);
  o->uy_a = (gfloat) (n->uy / n->a);
  o->ux_b = (gfloat) (n->ux / n->b);
  o->uy_b = (gfloat) (n->uy / n->b);
  for (guint k = 0; k < NUC_N_HARMONICS; k++) {
    o->harmonic[k][0] = (gfloat) n->harmonic[k][0];
    o->harmonic[k][1] = (gfloat) n->harmonic[k][1];
  }
  o->size = (gfloat) sqrt (n->a * n->b);
}

/* The outline's radius at (u, v), in half axes, and the distance of (u, v)
 * from the centre. */
static inline gfloat
outline_at (const Outline *o, gfloat u, gfloat v, gfloat *distance)
{
  gfloat r = sqrtf (u * u + v * v + 1e-12f);
  gfloat c1 = u / r, s1 = v / r;
  gfloat c2 = c1 * c1 - s1 * s1, s2 = 2 * c1 * s1;
  gfloat c3 = c2 * c1 - s2 * s1, s3 = s2 * c1 + c2 * s1;
  gfloat c4 = c2 * c2 - s2 * s2, s4 = 2 * c2 * s2;
  gfloat c5 = c4 * c1 - s4 * s1, s5 = s4 * c1 + c4 * s1;

  *distance = r;
  return 1.0f + o->harmonic[0][0] * c2 + o->harmonic[0][1] * s2
      + o->harmonic[1][0] * c3 + o->harmonic[1][1] * s3 + o->harmonic[2][0] * c4
      + o->harmonic[2][1] * s4 + o->harmonic[3][0] * c5
      + o->harmonic[3][1] * s5;
}

/* 0 in the centre, 1 on the outline. */
static gfloat
depth_at (const NucNucleus *n, gint x, gint y)
{
  Outline o;
  gfloat r, radius, dx, dy;

  outline_init (&o, n);
  dx = (gfloat) x - o.x;
  dy = (gfloat) y - o.y;
  radius =
      outline_at (&o, dx * o.ux_a + dy * o.uy_a, dy * o.ux_b - dx * o.uy_b, &r);
  return r / radius;
}

/* Coordinates and distance to the outline of pixels x0..x0 + n - 1 of row y. */
static void
measure_row (const Outline *o, gint x0, gint y, gint n, gfloat *restrict us,
    gfloat *restrict vs, gfloat *restrict inside)
{
  gfloat dy = (gfloat) y - o->y;
  gfloat u0 = dy * o->uy_a, v0 = dy * o->ux_b;

  for (gint i = 0; i < n; i++) {
    gfloat dx = (gfloat) (x0 + i) - o->x, r, radius;

    us[i] = u0 + dx * o->ux_a;
    vs[i] = v0 - dx * o->uy_b;
    radius = outline_at (o, us[i], vs[i], &r);
    inside[i] = (radius - r) * o->size; /* about pixels */
  }
}

/* Light of each pixel before texture: coverage, thickness, nucleoli. */
static void
shade_row (const NucNucleus *nucleus, gint n, const gfloat *restrict us,
    const gfloat *restrict vs, const gfloat *restrict inside,
    gfloat *restrict shade)
{
  gfloat light = (gfloat) nucleus->light;

  for (gint i = 0; i < n; i++) {
    gfloat cover = inside[i] + 0.5f;
    gfloat square = us[i] * us[i] + vs[i] * vs[i];

    cover = cover > 0.0f ? cover : 0.0f;
    cover = cover < 1.0f ? cover : 1.0f;
    square = square < 1.5f ? square : 1.5f;
    shade[i] = light * cover * (1.08f - 0.3f * square);
  }
  if (nucleus->nucleoli <= 0)
    return;
  for (guint k = 0; k < NUC_N_NUCLEOLI; k++) {
    gfloat x = (gfloat) nucleus->nucleolus[k][0];
    gfloat y = (gfloat) nucleus->nucleolus[k][1];
    gfloat radius = (gfloat) nucleus->nucleolus[k][2];
    gfloat inverse = 1.0f / (radius * radius);
    gfloat hollow = HOLLOW * (gfloat) nucleus->nucleoli;

    for (gint i = 0; i < n; i++) {
      gfloat du = us[i] - x, dv = vs[i] - y;
      gfloat hole = 1.0f - (du * du + dv * dv) * inverse;

      hole = hole > 0.0f ? hole : 0.0f;
      shade[i] *= 1.0f - hollow * hole;
    }
  }
}

static void
draw_nucleus (
    NucScene *scene, const NucNucleus *nuclei, guint index, guint16 *map)
{
  const NucNucleus *n = &nuclei[index];
  const gint margin = NUC_SCENE_MARGIN;
  gdouble stretch = 1.0, half_x, half_y;
  gfloat grain = GRAIN * (gfloat) n->grain;
  /* grains stay round where the nucleus is long */
  gfloat texels_u = TEXELS_PER_RADIUS * (gfloat) sqrt (n->a / n->b);
  gfloat texels_v = TEXELS_PER_RADIUS * (gfloat) sqrt (n->b / n->a);
  gint left, right, top, bottom;
  gfloat *us = scene->scratch + ROW_U * scene->stride;
  gfloat *vs = scene->scratch + ROW_V * scene->stride;
  gfloat *inside = scene->scratch + ROW_INSIDE * scene->stride;
  gfloat *shade = scene->scratch + ROW_SHADE * scene->stride;
  Outline o;

  for (guint k = 0; k < NUC_N_HARMONICS; k++)
    stretch += sqrt (n->harmonic[k][0] * n->harmonic[k][0]
        + n->harmonic[k][1] * n->harmonic[k][1]);
  half_x =
      stretch * sqrt (n->a * n->a * n->ux * n->ux + n->b * n->b * n->uy * n->uy)
      + 2;
  half_y =
      stretch * sqrt (n->a * n->a * n->uy * n->uy + n->b * n->b * n->ux * n->ux)
      + 2;
  left = (gint) CLAMP (n->x - half_x, -margin, scene->width + margin - 1);
  right = (gint) CLAMP (n->x + half_x, -margin, scene->width + margin - 1);
  top = (gint) CLAMP (n->y - half_y, -margin, scene->height + margin - 1);
  bottom = (gint) CLAMP (n->y + half_y, -margin, scene->height + margin - 1);
  outline_init (&o, n);

  for (gint y = top; y <= bottom; y++) {
    gint length = right - left + 1;
    gfloat *light =
        scene->light + (gsize) (y + margin) * scene->stride + left + margin;
    guint16 *labels = NULL;

    measure_row (&o, left, y, length, us, vs, inside);
    shade_row (n, length, us, vs, inside, shade);
    if (n->visible && y >= 0 && y < scene->height)
      labels = map + (gsize) y * scene->width;
    for (gint i = 0; i < length; i++) {
      gint tx, ty;

      if (shade[i] <= 0)
        continue;
      /* + 2 TILE: the conversion must not meet a negative number */
      tx = (gint) (us[i] * texels_u + 2 * TILE);
      ty = (gint) (vs[i] * texels_v + 2 * TILE);
      tx = (tx + (gint) n->texture_x) & TILE_MASK;
      ty = (ty + (gint) n->texture_y) & TILE_MASK;
      light[i] += shade[i] * (1.0f + grain * scene->texture[ty * TILE + tx]);
      if (labels != NULL && inside[i] > 0) {
        gint x = left + i;

        if (x < 0 || x >= scene->width)
          continue;
        if (labels[x] == 0
            || depth_at (n, x, y) < depth_at (&nuclei[labels[x] - 1], x, y))
          labels[x] = (guint16) (index + 1);
      }
    }
  }
}

/* Numbers the labels in raster order of each one's first pixel. */
static guint
renumber (NucScene *scene, guint n_nuclei, guint16 *map)
{
  gsize n_pixels = (gsize) scene->width * scene->height;
  guint n_labels = 0;

  if (scene->n_order < n_nuclei + 1) {
    scene->n_order = n_nuclei + 1;
    scene->order = g_renew (guint16, scene->order, scene->n_order);
  }
  memset (scene->order, 0, (n_nuclei + 1) * sizeof (guint16));
  for (gsize i = 0; i < n_pixels; i++) {
    guint16 index = map[i];

    if (index == 0)
      continue;
    if (scene->order[index] == 0)
      scene->order[index] = (guint16) ++n_labels;
    map[i] = scene->order[index];
  }
  return n_labels;
}

guint
nuc_scene_draw (
    NucScene *scene, const NucNucleus *nuclei, guint n_nuclei, guint16 *labels)
{
  gsize rows = (gsize) scene->height + 2 * NUC_SCENE_MARGIN;

  memset (scene->light, 0, rows * scene->stride * sizeof (gfloat));
  memset (labels, 0, (gsize) scene->width * scene->height * sizeof (guint16));
  for (guint i = 0; i < n_nuclei; i++)
    draw_nucleus (scene, nuclei, i, labels);
  return renumber (scene, n_nuclei, labels);
}

guint
nuc_scene_get_label (const NucScene *scene, guint index)
{
  return scene->order[index + 1];
}
