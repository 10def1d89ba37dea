/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * random.c: seeded random numbers.
 */
#include "random.h"

guint64
nucseg_random_next (NucsegRandom *random)
{
  guint64 z = random->state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

guint
nucseg_random_below (NucsegRandom *random, guint n)
{
  return (guint) (((nucseg_random_next (random) >> 32) * n) >> 32);
}

gfloat
nucseg_random_float (NucsegRandom *random)
{
  gint32 value = (gint32) (nucseg_random_next (random) >> 40); /* 24 bits */

  return (gfloat) (value - 0x800000) / (gfloat) 0x800000;
}
