/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-random.h: the generator behind nuctestsrc.
 *
 * Same seed, same bits on every machine: integers (SplitMix64) and the five
 * operations that IEEE 754 rounds correctly (+ - * / sqrt), no function of
 * libm. The code must be compiled without contraction to fused multiply-add
 * and without excess precision.
 */
#ifndef NUCTESTSRC_RANDOM_H
#define NUCTESTSRC_RANDOM_H

#include <float.h>
#include <glib.h>
#include <math.h>

G_BEGIN_DECLS

#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "nuctestsrc needs arithmetic without excess precision (-mfpmath=sse)"
#endif

/* One step of SplitMix64 (Steele, Lea, Flood 2014): 64 random bits. */
static inline guint64
nuc_random_next (guint64 *state)
{
  guint64 z = (*state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* 64 bits that depend on three numbers and on nothing else. */
static inline guint64
nuc_random_hash (guint64 a, guint64 b, guint64 c)
{
  guint64 state = a;

  state = nuc_random_next (&state) ^ b;
  state = nuc_random_next (&state) ^ c;
  return nuc_random_next (&state);
}

/* Uniform in [low, high): 53 bits, so that the conversion is exact. */
static inline gdouble
nuc_random_range (guint64 *state, gdouble low, gdouble high)
{
  gdouble unit =
      (gdouble) (nuc_random_next (state) >> 11) * (1.0 / 9007199254740992.0);

  return low + (high - low) * unit;
}

/* Mean 0, variance 1, within +-3.46: the sum of four uniform 16-bit numbers. */
static inline gdouble
nuc_random_normal (guint64 *state)
{
  guint64 bits = nuc_random_next (state);
  gdouble sum = (gdouble) ((bits & 0xffff) + ((bits >> 16) & 0xffff)
      + ((bits >> 32) & 0xffff) + (bits >> 48));

  /* a sum of four has the mean 131070 and the deviation 37837.2 */
  return (sum - 131070.0) / 37837.2;
}

/* A unit vector in any direction. */
static inline void
nuc_random_direction (guint64 *state, gdouble *x, gdouble *y)
{
  gdouble square;

  do {
    *x = nuc_random_range (state, -1, 1);
    *y = nuc_random_range (state, -1, 1);
    square = *x * *x + *y * *y;
  } while (square > 1.0 || square < 0.01);
  *x /= sqrt (square);
  *y /= sqrt (square);
}

G_END_DECLS

#endif /* NUCTESTSRC_RANDOM_H */
