/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * random.h: splitmix64: the same numbers for a seed on every machine.
 */
#ifndef NUCSEG_TESTS_RANDOM_H
#define NUCSEG_TESTS_RANDOM_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint64 state; /* start with the seed */
} NucsegRandom;

guint64 nucseg_random_next (NucsegRandom *random);
/* 0..n - 1 */
guint nucseg_random_below (NucsegRandom *random, guint n);
/* [-1, 1), multiples of 2^-23 */
gfloat nucseg_random_float (NucsegRandom *random);

G_END_DECLS

#endif /* NUCSEG_TESTS_RANDOM_H */
