/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda_fp16.h: stands in for CUDA's header of this name when kernels are
 * compiled for the host: the type and its conversions (to nearest, ties to
 * even).
 */
#ifndef NUCSEG_EMULATION_FP16_H
#define NUCSEG_EMULATION_FP16_H

#include <math.h>
#include <stdint.h>

struct __half {
  uint16_t bits;
};

static inline float
__half2float (__half value)
{
  int exponent = value.bits >> 10 & 31, fraction = value.bits & 1023;
  float magnitude;

  if (exponent == 31)
    magnitude = fraction ? NAN : INFINITY;
  else if (exponent == 0)
    magnitude = ldexpf ((float) fraction, -24);
  else
    magnitude = ldexpf ((float) (fraction + 1024), exponent - 25);
  return value.bits & 0x8000 ? -magnitude : magnitude;
}

static inline __half
__float2half (float value)
{
  uint16_t sign = signbit (value) ? 0x8000 : 0;
  float magnitude = fabsf (value);
  int exponent;

  if (isnan (value))
    return { 0x7fff };
  /* Halfway from the largest number to the next power of two rounds up. */
  if (magnitude >= 65520)
    return { (uint16_t) (sign | 0x7c00) };
  if (magnitude < 0x1p-14f)
    return { (uint16_t) (sign | (uint16_t) rintf (magnitude * 0x1p24f)) };
  exponent = ilogbf (magnitude);
  /* A fraction that rounds up to 2048 carries into the exponent. */
  return { (uint16_t) (sign + ((exponent + 14) << 10)
      + (int) rintf (ldexpf (magnitude, 10 - exponent))) };
}

#endif /* NUCSEG_EMULATION_FP16_H */
