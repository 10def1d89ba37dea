/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * half.h: f16 on the host: 1 bit of sign, 5 of exponent, 10 of mantissa.
 */
#ifndef NUCSEG_CUDA_HALF_H
#define NUCSEG_CUDA_HALF_H

#include <glib.h>
#include <math.h>
#include <string.h>

G_BEGIN_DECLS

#define NUCSEG_HALF_MAX 65504.0 /* the largest number */

/* The value of these bits. */
static inline gfloat
nucseg_f32_from_half (guint16 half)
{
  const guint32 magnitude = half & 0x7fffu;
  guint32 bits;
  gfloat value;

  if (magnitude < 0x400)
    value = (gfloat) magnitude * 0x1p-24f; /* exponents end here */
  else {
    bits = (magnitude << 13) + (magnitude < 0x7c00 ? 0x38000000u : 0x70000000u);
    memcpy (&value, &bits, sizeof value);
  }
  return half & 0x8000u ? -value : value;
}

/* To the nearest, ties to even; what is beyond 65504 becomes that, infinity
 * too. NaN stays NaN. */
static inline guint16
nucseg_half_from_f32 (gfloat value)
{
  guint32 bits, magnitude, sign;

  memcpy (&bits, &value, sizeof bits);
  sign = bits >> 16 & 0x8000u;
  magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return (guint16) (sign | 0x7e00u);
  if (magnitude >= 0x477fe000u) /* NUCSEG_HALF_MAX */
    return (guint16) (sign | 0x7bffu);
  if (magnitude < 0x38800000u) /* 2^-14 */
    return (guint16) (sign | (guint32) rintf (fabsf (value) * 0x1p24f));
  magnitude += 0xfffu + (magnitude >> 13 & 1u);
  return (guint16) (sign | (magnitude - 0x38000000u) >> 13);
}

G_END_DECLS

#endif /* NUCSEG_CUDA_HALF_H */
