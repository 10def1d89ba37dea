/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * maps.c: see maps.h.
 */
#include "tests/parity/maps.h"

#include "tests/parity/parity.h"

#include <math.h>

typedef struct {
  gint height, width, stride, n; /* stride in pixels */
  gfloat scale;
  gfloat *maps;
  NucsegRandom random;
} Canvas;

const gchar *
parity_maps_name (ParityMaps kind)
{
  static const gchar *const names[PARITY_MAPS_LAST] = { "discs", "crowd",
    "rings", "border", "noise", "ties", "dots", "snake", "none", "full",
    "wild" };

  return names[kind];
}

static void
put (Canvas *c, gint y, gint x, gfloat logit, gfloat dy, gfloat dx)
{
  gfloat *pixel;

  if (y < 0 || y >= c->height || x < 0 || x >= c->width)
    return;
  pixel = c->maps + ((gsize) y * c->stride + x) * c->n;
  pixel[0] = logit;
  if (c->n == 3) {
    pixel[1] = dy / c->scale;
    pixel[2] = dx / c->scale;
  }
}

/* A nucleus whose pixels point at its centre, within @noise pixels. */
static void
disc (Canvas *c, gfloat cy, gfloat cx, gfloat inner, gfloat outer, gfloat noise)
{
  for (gint y = (gint) (cy - outer); y <= (gint) (cy + outer) + 1; y++)
    for (gint x = (gint) (cx - outer); x <= (gint) (cx + outer) + 1; x++) {
      gfloat r = hypotf (y - cy, x - cx);

      if (r <= outer && r >= inner)
        put (c, y, x, parity_uniform (&c->random, 1, 4),
            cy - y + noise * parity_normal (&c->random),
            cx - x + noise * parity_normal (&c->random));
    }
}

static void
discs (Canvas *c)
{
  gint n = 2 + c->height * c->width / 600;

  for (gint i = 0; i < n; i++)
    disc (c, parity_uniform (&c->random, 0, c->height),
        parity_uniform (&c->random, 0, c->width), 0,
        parity_uniform (&c->random, 2, 11), 0.8f);
}

static void
crowd (Canvas *c)
{
  for (gint y = 4; y < c->height; y += 9)
    for (gint x = 4; x < c->width; x += 9)
      disc (c, y, x, 0, 5, 0.4f);
}

static void
rings (Canvas *c)
{
  for (gint y = 10; y < c->height + 10; y += 22)
    for (gint x = 10; x < c->width + 10; x += 22) {
      disc (c, y, x, 5, 10, 0.3f);
      if ((x + y) % 3 == 0)
        disc (c, y, x, 0, 2, 0.3f);
    }
}

static void
border (Canvas *c)
{
  for (gint y = 0; y < c->height + 14; y += 14)
    disc (c, MIN (y, c->height - 1), y / 14 % 2 ? 0 : c->width - 1, 0, 6, 0.5f);
  for (gint x = 0; x < c->width + 14; x += 14)
    disc (c, x / 14 % 2 ? 0 : c->height - 1, MIN (x, c->width - 1), 0, 6, 0.5f);
  disc (c, c->height / 2, c->width / 2, 0, 6, 0.5f);
}

static void
noise (Canvas *c)
{
  for (gint y = 0; y < c->height; y++)
    for (gint x = 0; x < c->width; x++)
      put (c, y, x, parity_normal (&c->random) + 0.3f,
          5 * parity_normal (&c->random), 5 * parity_normal (&c->random));
}

static void
ties (Canvas *c)
{
  for (gint y = 0; y < c->height; y++)
    for (gint x = 0; x < c->width; x++)
      put (c, y, x, nucseg_random_below (&c->random, 3) ? 2 : -2,
          (gint) nucseg_random_below (&c->random, 13) * 0.5f - 3,
          (gint) nucseg_random_below (&c->random, 13) * 0.5f - 3);
}

static void
dots (Canvas *c)
{
  for (gint y = 0; y < c->height; y += 2)
    for (gint x = 0; x < c->width; x += 2)
      put (c, y, x, 2, 0, 0);
}

static void
snake (Canvas *c)
{
  for (gint y = 0; y < c->height; y++)
    for (gint x = 0; x < c->width; x++)
      if (y % 2 == 0 || x == (y % 4 == 1 ? c->width - 1 : 0))
        put (c, y, x, 2, c->height / 2 - y, c->width / 2 - x);
}

static void
full (Canvas *c)
{
  for (gint y = 0; y < c->height; y++)
    for (gint x = 0; x < c->width; x++)
      put (c, y, x, 3, (y / 8 * 8 + 4) - y, (x / 8 * 8 + 4) - x);
}

static void
wild (Canvas *c)
{
  static const gfloat odd[] = { NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 1e9f,
    -0.0f, 3e-41f };

  discs (c);
  for (gint i = 0; i < c->height * c->width / 10; i++)
    put (c, nucseg_random_below (&c->random, c->height),
        nucseg_random_below (&c->random, c->width),
        nucseg_random_below (&c->random, 2)
            ? odd[nucseg_random_below (&c->random, G_N_ELEMENTS (odd))]
            : 2,
        odd[nucseg_random_below (&c->random, G_N_ELEMENTS (odd))],
        odd[nucseg_random_below (&c->random, G_N_ELEMENTS (odd))]);
}

void
parity_maps_fill (ParityMaps kind, guint64 seed, const NucsegGeometry *geometry,
    gint n_maps, gfloat offset_scale, gfloat *maps)
{
  Canvas c = { geometry->net_height, geometry->net_width, geometry->pad_width,
    n_maps, offset_scale, maps, { seed } };

  for (gint y = 0; y < geometry->pad_height; y++)
    for (gint x = 0; x < geometry->pad_width; x++) {
      gfloat *pixel = maps + ((gsize) y * geometry->pad_width + x) * n_maps;

      pixel[0] = y < c.height && x < c.width ? -3 : 5;
      if (n_maps == 3)
        pixel[1] = pixel[2] = 0;
    }

  switch (kind) {
  case PARITY_MAPS_DISCS:
    discs (&c);
    break;
  case PARITY_MAPS_CROWD:
    crowd (&c);
    break;
  case PARITY_MAPS_RINGS:
    rings (&c);
    break;
  case PARITY_MAPS_BORDER:
    border (&c);
    break;
  case PARITY_MAPS_NOISE:
    noise (&c);
    break;
  case PARITY_MAPS_TIES:
    ties (&c);
    break;
  case PARITY_MAPS_DOTS:
    dots (&c);
    break;
  case PARITY_MAPS_SNAKE:
    snake (&c);
    break;
  case PARITY_MAPS_FULL:
    full (&c);
    break;
  case PARITY_MAPS_WILD:
    wild (&c);
    break;
  default:
    break;
  }
}
