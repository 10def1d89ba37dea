/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-nucleus.c: what a nucleus looks like at each age: it grows to
 * twice its area, condenses, forms a plate, is one of two halves that part and
 * round off, or shrinks and fades.
 */
#include "nuctestsrc-nucleus.h"

#include "nuctestsrc-random.h"

/* Light, size and elongation of the stages of mitosis, relative to the nucleus
 * in interphase, as time lapses of H2B-labelled cells show them. */
static const struct {
  gdouble light, radius, aspect;
} prophase = { 1.8, 0.78, 1.15 }, metaphase = { 2.1, 0.70, 2.3 },
  anaphase_start = { 2.1, 0.47, 4.0 }, anaphase_end = { 1.9, 0.50, 2.6 };

static gdouble
mix (gdouble from, gdouble to, gdouble k)
{
  return from + (to - from) * k;
}

/* 0..1 with a soft start and end */
static gdouble
smooth (gdouble t)
{
  t = CLAMP (t, 0.0, 1.0);
  return t * t * (3.0 - 2.0 * t);
}

gdouble
nuc_nucleus_get_reach (const NucNucleus *n, gdouble dx, gdouble dy)
{
  gdouble u = (dx * n->ux + dy * n->uy) / n->a;
  gdouble v = (dy * n->ux - dx * n->uy) / n->b;
  gdouble r = sqrt (u * u + v * v);
  gdouble c1 = u / r, s1 = v / r, c = c1, s = s1, outline = 1.0;

  for (guint k = 0; k < NUC_N_HARMONICS; k++) {
    gdouble next = c * c1 - s * s1;

    s = s * c1 + c * s1;
    c = next;
    outline += n->harmonic[k][0] * c + n->harmonic[k][1] * s;
  }
  return outline / r;
}

void
nuc_nucleus_update (NucNucleus *n)
{
  gdouble t = (gdouble) n->age / (gdouble) n->duration;
  gdouble grown = n->radius * sqrt (NUC_GROWN_AREA);
  gdouble radius, aspect = n->aspect, light = 1.0, rough = 1.0, k;

  n->grain = 1.0;
  n->nucleoli = 1.0;
  n->visible = TRUE;
  switch (n->phase) {
  case NUC_PHASE_CONDENSING:
    if (t < 0.5) {
      k = smooth (2 * t);
      radius = grown * mix (1.0, prophase.radius, k);
      aspect = mix (n->aspect, prophase.aspect, k);
      light = mix (1.0, prophase.light, k);
      n->nucleoli = 1.0 - k;
    } else {
      k = smooth (2 * t - 1);
      radius = grown * mix (prophase.radius, metaphase.radius, k);
      aspect = mix (prophase.aspect, metaphase.aspect, k);
      light = mix (prophase.light, metaphase.light, k);
      n->nucleoli = 0.0;
    }
    n->grain = mix (1.0, 1.6, smooth (2 * t));
    /* a lobed nucleus must not come apart while it contracts */
    rough = mix (1.0, 1.0 / n->roughness, smooth (2 * t));
    break;
  case NUC_PHASE_SEPARATING:
    if (t < 0.5) {
      k = smooth (2 * t);
      radius = grown * mix (anaphase_start.radius, anaphase_end.radius, k);
      aspect = mix (anaphase_start.aspect, anaphase_end.aspect, k);
      light = mix (anaphase_start.light, anaphase_end.light, k);
      n->nucleoli = 0.0;
    } else {
      k = smooth (2 * t - 1);
      radius = mix (
          grown * anaphase_end.radius, n->radius * sqrt (NUC_BORN_AREA), k);
      aspect = mix (anaphase_end.aspect, n->aspect, k);
      light = mix (anaphase_end.light, 1.0, k);
      n->nucleoli = k;
    }
    n->grain = mix (1.6, 1.0, smooth (t));
    rough = mix (0.4, 1.0, smooth (2 * t - 1));
    break;
  case NUC_PHASE_DYING:
    radius = grown * mix (1.0, 0.5, smooth (t / 0.7));
    aspect = mix (n->aspect, 1.2, smooth (t));
    light = t < 0.6 ? mix (1.0, 1.7, smooth (t / 0.6))
                    : 1.7 * (1.0 - (t - 0.6) / 0.4);
    n->nucleoli = 1.0 - smooth (t);
    /* below the light of a usual nucleus it counts as debris */
    n->visible = t < 0.76;
    break;
  case NUC_PHASE_INTERPHASE:
  default:
    radius = n->radius * sqrt (mix (NUC_BORN_AREA, NUC_GROWN_AREA, t));
    break;
  }
  rough *= n->roughness;
  for (guint i = 0; i < NUC_N_HARMONICS; i++) {
    n->harmonic[i][0] = n->shape[i][0] * rough;
    n->harmonic[i][1] = n->shape[i][1] * rough;
  }
  n->light = light * n->stain;
  n->a = radius * sqrt (aspect);
  n->b = radius / sqrt (aspect);
}

void
nuc_nucleus_set_phase (NucNucleus *n, NucPhase phase, guint duration)
{
  n->phase = phase;
  n->age = 0;
  n->duration = duration;
}
