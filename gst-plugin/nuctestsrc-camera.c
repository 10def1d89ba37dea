/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-camera.c: optics and sensor of nuctestsrc.
 *
 * Row by row: Gaussian point spread (separable; the rows that the vertical
 * filter needs wait in a ring), haze and background from a grid of one cell in
 * 8 x 8 pixels, uneven light, noise from a table, quantisation. All loops over
 * pixels are straight, for compilers to vectorise.
 */
#include "nuctestsrc-camera.h"

#include <string.h>

#include "nuctestsrc-random.h"

#define NUCLEUS_LEVEL 0.42f /* of full scale, for light 1 at exposure 1 */
#define ELECTRONS 1500.0f /* at full scale */
#define READ_NOISE 6.0f /* electrons */
#define HAZE 0.09f /* light from out of focus, part of the local mean */
#define CELL 8 /* pixels */
#define MAX_RADIUS 15 /* three deviations of the largest blur */
#define N_RING (2 * MAX_RADIUS + 1)
#define N_NOISE 65536u

struct _NucCamera {
  gint width, height;
  guint64 seed;

  /* uneven light: 1 - illumination * (fall_x[x] + fall_y[y]) */
  gfloat *fall_x, *fall_y;

  gint grid_width, grid_height, haze_radius;
  gfloat *grid, *grid_scratch;
  gfloat *patches; /* uneven background, deviation 1 */
  gfloat *grid_row; /* one row between grid rows */

  gfloat *ring; /* N_RING rows, filtered horizontally */
  gfloat *row, *smooth; /* one row each */
  gfloat *noise; /* N_NOISE normal numbers, the first of them once more */

  gdouble kernel_blur;
  gint radius;
  gfloat kernel[MAX_RADIUS + 1];
};

/* e^-x for 0 <= x <= 8, without libm: (1 - x / 2^20)^(2^20). */
static gdouble
exp_minus (gdouble x)
{
  gdouble value = 1.0 - x / 1048576.0;

  for (guint i = 0; i < 20; i++)
    value *= value;
  return value;
}

/* Box filter along rows with repeated edges, then transposed. */
static void
box_transpose (
    const gfloat *from, gfloat *to, gint width, gint height, gint radius)
{
  gfloat scale = 1.0f / (gfloat) (2 * radius + 1);

  for (gint y = 0; y < height; y++) {
    const gfloat *row = from + (gsize) y * width;
    gdouble sum = 0;

    for (gint k = -radius; k <= radius; k++)
      sum += row[CLAMP (k, 0, width - 1)];
    for (gint x = 0; x < width; x++) {
      to[(gsize) x * height + y] = (gfloat) sum * scale;
      sum += row[MIN (x + radius + 1, width - 1)];
      sum -= row[MAX (x - radius, 0)];
    }
  }
}

static void
smooth_grid (NucCamera *c, gfloat *grid, gint radius, guint passes)
{
  for (guint i = 0; i < passes; i++) {
    box_transpose (
        grid, c->grid_scratch, c->grid_width, c->grid_height, radius);
    box_transpose (
        c->grid_scratch, grid, c->grid_height, c->grid_width, radius);
  }
}

/* Quadratic fall-off from a centre that is not quite the frame's, and a tilt,
 * scaled so that the worst corner has 1 and the best pixel 0. */
static void
make_fall_off (gfloat *fall, gint length, gdouble centre, gdouble tilt)
{
  gdouble low = G_MAXDOUBLE, high = -G_MAXDOUBLE;

  for (gint pass = 0; pass < 2; pass++) {
    for (gint i = 0; i < length; i++) {
      gdouble t = (i + 0.5) / length - centre;
      gdouble value = t * t + tilt * t;

      if (pass == 0) {
        low = MIN (low, value);
        high = MAX (high, value);
      } else {
        /* each axis has its half */
        fall[i] = (gfloat) (0.5 * (value - low) / (high - low));
      }
    }
  }
}

NucCamera *
nuc_camera_new (gint width, gint height, gdouble diameter, guint64 seed)
{
  NucCamera *c = g_new0 (NucCamera, 1);
  gsize stride = (gsize) width + 2 * NUC_SCENE_MARGIN;
  guint64 random = nuc_random_hash (seed, 0x63616d657261, 0);
  gdouble centre_x = nuc_random_range (&random, 0.4, 0.6);
  gdouble centre_y = nuc_random_range (&random, 0.4, 0.6);
  gdouble tilt_x = nuc_random_range (&random, -0.15, 0.15);
  gdouble tilt_y = nuc_random_range (&random, -0.15, 0.15);
  gsize cells;
  gdouble squares = 0, sum = 0;

  c->width = width;
  c->height = height;
  c->seed = seed;
  c->fall_x = g_new (gfloat, width);
  c->fall_y = g_new (gfloat, height);
  make_fall_off (c->fall_x, width, centre_x, tilt_x);
  make_fall_off (c->fall_y, height, centre_y, tilt_y);

  c->grid_width = (width + 2 * NUC_SCENE_MARGIN + CELL - 1) / CELL;
  c->grid_height = (height + 2 * NUC_SCENE_MARGIN + CELL - 1) / CELL;
  c->haze_radius = CLAMP ((gint) (diameter * 0.5 / CELL + 0.5), 1, 16);
  cells = (gsize) c->grid_width * c->grid_height;
  c->grid = g_new (gfloat, cells);
  c->grid_scratch = g_new (gfloat, cells);
  c->grid_row = g_new (gfloat, c->grid_width + 1);
  c->patches = g_new (gfloat, cells);
  for (gsize i = 0; i < cells; i++)
    c->patches[i] = (gfloat) nuc_random_normal (&random);
  smooth_grid (c, c->patches, 4, 2);
  for (gsize i = 0; i < cells; i++) {
    sum += c->patches[i];
    squares += (gdouble) c->patches[i] * c->patches[i];
  }
  sum /= cells;
  squares = squares / cells - sum * sum;
  squares = squares > 1e-9 ? 1.0 / sqrt (squares) : 0.0;
  for (gsize i = 0; i < cells; i++)
    c->patches[i] = (gfloat) ((c->patches[i] - sum) * squares);

  c->ring = g_new (gfloat, stride * N_RING);
  c->row = g_new (gfloat, stride + CELL);
  c->smooth = g_new (gfloat, stride + 2 * CELL);
  c->noise = g_new (gfloat, N_NOISE + width);
  for (guint i = 0; i < N_NOISE; i++)
    c->noise[i] =
        (gfloat) ((nuc_random_normal (&random) + nuc_random_normal (&random)
                      + nuc_random_normal (&random))
            * 0.57735026918962576);
  for (gint i = 0; i < width; i++)
    c->noise[N_NOISE + i] = c->noise[i];
  c->kernel_blur = -1;
  return c;
}

void
nuc_camera_free (NucCamera *c)
{
  if (c == NULL)
    return;
  g_free (c->fall_x);
  g_free (c->fall_y);
  g_free (c->grid);
  g_free (c->grid_scratch);
  g_free (c->grid_row);
  g_free (c->patches);
  g_free (c->ring);
  g_free (c->row);
  g_free (c->smooth);
  g_free (c->noise);
  g_free (c);
}

static void
set_kernel (NucCamera *c, gdouble blur)
{
  gdouble sum = 0;

  if (c->kernel_blur == blur)
    return;
  c->kernel_blur = blur;
  blur = CLAMP (blur, 0, NUC_CAMERA_MAX_BLUR);
  /* under a fifth of a pixel the neighbours get less than 1 in 100,000 */
  c->radius = blur < 0.2 ? 0 : (gint) (3 * blur + 0.999);
  c->radius = MIN (c->radius, MAX_RADIUS);
  for (gint k = 0; k <= c->radius; k++) {
    gdouble weight = k == 0 ? 1.0 : exp_minus (k * k / (2 * blur * blur));

    c->kernel[k] = (gfloat) weight;
    sum += k == 0 ? weight : 2 * weight;
  }
  for (gint k = 0; k <= c->radius; k++)
    c->kernel[k] = (gfloat) (c->kernel[k] / sum);
}

/* Means of 8 x 8 pixels of the scene, spread: light from other planes; plus
 * the background. */
static void
make_haze (NucCamera *c, const NucScene *scene, gfloat gain, gfloat level)
{
  gint columns = (gint) scene->stride;
  gint rows = scene->height + 2 * NUC_SCENE_MARGIN;
  gsize cells = (gsize) c->grid_width * c->grid_height;

  memset (c->grid, 0, cells * sizeof (gfloat));
  for (gint y = 0; y < rows; y++) {
    const gfloat *light = scene->light + (gsize) y * scene->stride;
    gfloat *out = c->grid + (gsize) (y / CELL) * c->grid_width;
    gint whole = columns / CELL;

    for (gint i = 0; i < whole; i++, light += CELL)
      out[i] += ((light[0] + light[1]) + (light[2] + light[3]))
          + ((light[4] + light[5]) + (light[6] + light[7]));
    for (gint x = whole * CELL; x < columns; x++, light++)
      out[whole] += light[0];
  }
  smooth_grid (c, c->grid, c->haze_radius, 2);
  gain *= HAZE / (CELL * CELL);
  for (gsize i = 0; i < cells; i++)
    c->grid[i] = c->grid[i] * gain + level * (1.0f + 0.12f * c->patches[i]);
}

/* One row of haze and background at full width, from row y of the scene. */
static void
spread_row (NucCamera *c, gint y, gfloat *restrict out)
{
  gfloat place = ((gfloat) y - 0.5f * (CELL - 1)) / CELL;
  gint upper = (gint) place, columns = c->grid_width;
  gfloat part;
  const gfloat *a, *b;
  gfloat *restrict line = c->grid_row;

  upper = CLAMP (upper, 0, c->grid_height - 1);
  part = CLAMP (place - (gfloat) upper, 0.0f, 1.0f);
  a = c->grid + (gsize) upper * columns;
  b = c->grid + (gsize) MIN (upper + 1, c->grid_height - 1) * columns;
  for (gint i = 0; i < columns; i++)
    line[i] = a[i] + (b[i] - a[i]) * part;
  line[columns] = line[columns - 1];
  /* out[x] belongs to column x + CELL / 2 of the scene: the first half cell
   * lies in the margin */
  for (gint i = 0; i < columns; i++) {
    gfloat step = (line[i + 1] - line[i]) * (1.0f / CELL);

    for (gint k = 0; k < CELL; k++)
      out[i * CELL + k] = line[i] + step * ((gfloat) k + 0.5f);
  }
}

/* Horizontal point spread of row y of the scene into its place in the ring. */
static void
filter_row (NucCamera *c, const NucScene *scene, gint y)
{
  const gfloat *restrict in =
      scene->light + (gsize) y * scene->stride + NUC_SCENE_MARGIN;
  gfloat *restrict out = c->ring + (gsize) (y % N_RING) * scene->stride;
  gint n = c->width;
  gfloat weight = c->kernel[0];

  for (gint x = 0; x < n; x++)
    out[x] = in[x] * weight;
  for (gint k = 1; k <= c->radius; k++) {
    weight = c->kernel[k];
    for (gint x = 0; x < n; x++)
      out[x] += (in[x - k] + in[x + k]) * weight;
  }
}

/* Vertical point spread: row y of the scene from the ring. */
static void
filter_column (NucCamera *c, gsize stride, gint y, gfloat *restrict out)
{
  const gfloat *restrict middle = c->ring + (gsize) (y % N_RING) * stride;
  gfloat weight = c->kernel[0];
  gint n = c->width;

  for (gint x = 0; x < n; x++)
    out[x] = middle[x] * weight;
  for (gint k = 1; k <= c->radius; k++) {
    const gfloat *restrict above =
        c->ring + (gsize) ((y - k) % N_RING) * stride;
    const gfloat *restrict below =
        c->ring + (gsize) ((y + k) % N_RING) * stride;

    weight = c->kernel[k];
    for (gint x = 0; x < n; x++)
      out[x] += (above[x] + below[x]) * weight;
  }
}

/* The sensor: uneven light, noise, full scale; values in 0..top as floats. */
static void
sense_row (gfloat *restrict row, const gfloat *restrict haze,
    const gfloat *restrict fall, const gfloat *restrict noise, gint n,
    gfloat level, gfloat best, gfloat illumination, gfloat amount, gfloat top)
{
  /* in electrons: deviation sqrt (mean + read^2); the term in z^2 gives the
   * skewness of Poisson's distribution */
  gfloat shot = amount * amount / ELECTRONS;
  gfloat read =
      (READ_NOISE / ELECTRONS) * (READ_NOISE / ELECTRONS) * amount * amount;
  gfloat skew = shot * (1.0f / 6.0f);

  for (gint x = 0; x < n; x++) {
    gfloat gain = best - illumination * fall[x];
    gfloat mean = (row[x] * level + haze[x]) * gain;
    gfloat z = noise[x];
    gfloat value =
        mean + sqrtf (mean * shot + read) * z + (z * z - 1.0f) * skew;

    value = value * top + 0.5f;
    value = value > 0.0f ? value : 0.0f;
    row[x] = value < top ? value : top;
  }
}

void
nuc_camera_expose (NucCamera *c, const NucScene *scene,
    const NucExposure *exposure, guint64 frame, guint bits, gboolean wide,
    guint8 *pixels, gsize stride)
{
  gfloat level = NUCLEUS_LEVEL * (gfloat) exposure->exposure;
  gfloat illumination = (gfloat) exposure->illumination;
  gfloat top = (gfloat) ((1u << bits) - 1);
  gint next;

  set_kernel (c, exposure->blur);
  make_haze (c, scene, level, (gfloat) exposure->background);
  next = NUC_SCENE_MARGIN - c->radius;
  for (gint y = 0; y < c->height; y++) {
    gint in_scene = y + NUC_SCENE_MARGIN;
    guint64 place = nuc_random_hash (c->seed, frame, (guint64) y);
    guint8 *out = pixels + (gsize) y * stride;
    gfloat *restrict row = c->row;

    while (next <= in_scene + c->radius)
      filter_row (c, scene, next++);
    filter_column (c, scene->stride, in_scene, row);
    spread_row (c, in_scene, c->smooth);
    sense_row (row, c->smooth + NUC_SCENE_MARGIN - CELL / 2, c->fall_x,
        c->noise + (place & (N_NOISE - 1)), c->width, level,
        1.0f - illumination * c->fall_y[y], illumination,
        (gfloat) exposure->noise, top);
    if (wide) {
      guint16 *restrict words = (guint16 *) (gpointer) out;

      for (gint x = 0; x < c->width; x++)
        words[x] = GUINT16_TO_LE ((guint16) (gint) row[x]);
    } else {
      for (gint x = 0; x < c->width; x++)
        out[x] = (guint8) (gint) row[x];
    }
  }
}
