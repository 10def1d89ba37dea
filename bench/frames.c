/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frames.c: synthetic frames of nuclei; see frames.h. */
#include "bench/frames.h"

#include <math.h>

#define PIXELS_PER_NUCLEUS 2600

static guint32
next_random (guint32 *state)
{
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

/* Uniform in 0 .. 1. */
static gdouble
next_unit (guint32 *state)
{
  return next_random (state) / 4294967296.0;
}

typedef struct {
  gdouble cy, cx, a, b, angle, light;
} Nucleus;

static void
draw_nucleus (guint8 *pixels, gint size, const Nucleus *n)
{
  const gdouble c = cos (n->angle), s = sin (n->angle);
  const gint reach = (gint) ceil (MAX (n->a, n->b)) + 2;
  const gint y0 = MAX ((gint) n->cy - reach, 0);
  const gint x0 = MAX ((gint) n->cx - reach, 0);

  for (gint y = y0; y < MIN (n->cy + reach, size); y++) {
    for (gint x = x0; x < MIN (n->cx + reach, size); x++) {
      const gdouble u = ((x - n->cx) * c + (y - n->cy) * s) / n->a;
      const gdouble v = ((y - n->cy) * c - (x - n->cx) * s) / n->b;
      const gdouble r = sqrt (u * u + v * v);
      const gdouble value = n->light / (1 + exp ((r - 1) * 8));
      guint8 *pixel = &pixels[(gsize) y * size + x];

      *pixel = (guint8) MAX (*pixel, value);
    }
  }
}

void
bench_frame_fill (guint8 *pixels, gint size, guint phase)
{
  const gint n = size * size / PIXELS_PER_NUCLEUS;
  guint32 state = 20180215, noise = 77 + phase;

  for (gint y = 0; y < size; y++) {
    for (gint x = 0; x < size; x++)
      pixels[(gsize) y * size + x] =
          (guint8) (14 + 10.0 * x / size + 6.0 * y / size);
  }
  for (gint i = 0; i < n; i++) {
    const gdouble drift = phase * (next_unit (&state) - 0.5) * 2;
    Nucleus nucleus;

    nucleus.cy = fmod (next_unit (&state) * size + drift + size, size);
    nucleus.cx = fmod (next_unit (&state) * size - drift + size, size);
    nucleus.a = 9 + 5 * next_unit (&state);
    nucleus.b = 8 + 4 * next_unit (&state);
    nucleus.angle = G_PI * next_unit (&state);
    nucleus.light = 90 + 130 * next_unit (&state);
    draw_nucleus (pixels, size, &nucleus);
  }
  for (gsize i = 0; i < (gsize) size * size; i++) {
    const gint value = pixels[i] + (gint) (next_random (&noise) % 13) - 6;

    pixels[i] = (guint8) CLAMP (value, 0, 255);
  }
}

NucsegFrame
bench_frame_grey (gpointer pixels, gint size)
{
  return (NucsegFrame){ NUCSEG_FORMAT_GRAY8, NUCSEG_MEMORY_SYSTEM, size, size,
    { pixels }, { size }, 8, FALSE };
}

BenchMemory
bench_memory_new (const gchar *backend, gsize size)
{
  BenchMemory memory = { NULL, NULL };

  if (nucseg_pinned_is_supported (backend))
    memory.pinned = nucseg_pinned_new (backend, size, NULL);
  memory.data =
      memory.pinned ? nucseg_pinned_get_data (memory.pinned) : g_malloc (size);
  return memory;
}

void
bench_memory_clear (BenchMemory *memory)
{
  if (!memory->pinned)
    g_free (memory->data);
  nucseg_pinned_free (memory->pinned);
}
