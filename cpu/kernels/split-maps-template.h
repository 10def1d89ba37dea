/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * split-maps-template.h: from pixels of maps to a plane for each map, a part of
 * template.h for f32. With the number of maps known, the compiler
 * takes lines apart in registers.
 */

/* Every @step-th element from @from on. */
static inline __attribute__ ((always_inline)) void
take (const gfloat *from, gint step, gint n, gfloat *restrict to)
{
  for (gint x = 0; x < n; x++)
    to[x] = from[(gsize) x * step];
}

static inline __attribute__ ((always_inline)) void
take_sum (const gfloat *from, gint step, gint n, gfloat *restrict to)
{
  for (gint x = 0; x < n; x++)
    to[x] += from[(gsize) x * step];
}

/* A line of a map from pixels of 2x2, whose two columns are @n_maps apart. */
static inline __attribute__ ((always_inline)) void
take_pairs (
    const gfloat *from, gint step, gint n_maps, gint n, gfloat *restrict to)
{
  for (gint x = 0; x < n; x++) {
    to[2 * x] = from[(gsize) x * step];
    to[2 * x + 1] = from[(gsize) x * step + n_maps];
  }
}

/* Channel (dy block + dx) n_maps + m of pixel x becomes element block x + dx
 * of line dy in plane m. */
static void
split_maps (const NucsegTensor *in, const NucsegTensor *added, gint block,
    gint n_maps, gfloat *maps, gint first, gint end)
{
  const gsize line = (gsize) in->width * block;
  const gsize plane = line * in->height * block;

  for (gint y = first; y < end; y++) {
    for (gint row = 0; row < block * n_maps; row++) {
      const gint dy = row / n_maps, m = row % n_maps;
      const gint at = y * block + dy;
      const gfloat *from = pixel (in, y, 0) + dy * block * n_maps + m;
      gfloat *to = maps + m * plane + at * line;

      if (block == 1 && in->pitch == 3)
        take (from, 3, in->width, to);
      else if (block == 2 && n_maps == 3 && in->pitch == 12)
        take_pairs (from, 12, 3, in->width, to);
      else
        for (gint dx = 0; dx < block; dx++) {
          for (gint x = 0; x < in->width; x++)
            to[block * x + dx] = from[(gsize) x * in->pitch + dx * n_maps];
        }
      if (added && added->pitch == 3)
        take_sum (pixel (added, at, 0) + m, 3, added->width, to);
      else if (added)
        take_sum (pixel (added, at, 0) + m, added->pitch, added->width, to);
    }
  }
}
