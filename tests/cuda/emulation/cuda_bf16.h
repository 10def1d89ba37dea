/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda_bf16.h: stands in for CUDA's header of this name when kernels are
 * compiled for the host: the type and its conversions (to nearest, ties to
 * even).
 */
#ifndef NUCSEG_EMULATION_BF16_H
#define NUCSEG_EMULATION_BF16_H

#include <stdint.h>
#include <string.h>

struct __nv_bfloat16 {
  uint16_t bits;
};

static inline float
__bfloat162float (__nv_bfloat16 value)
{
  uint32_t bits = (uint32_t) value.bits << 16;
  float result;

  memcpy (&result, &bits, sizeof (result));
  return result;
}

static inline __nv_bfloat16
__float2bfloat16 (float value)
{
  uint32_t bits;

  memcpy (&bits, &value, sizeof (bits));
  if ((bits & 0x7fffffff) > 0x7f800000)
    return { 0x7fff };
  return { (uint16_t) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) };
}

#endif /* NUCSEG_EMULATION_BF16_H */
