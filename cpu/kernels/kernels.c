/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernels.c: which of the kernels' tables runs on this CPU. */
#include "cpu/kernels/kernels.h"

#include "cpu/isa.h"

#ifdef NUCSEG_HAVE_AVX2
/* bf16 is for CPUs that multiply it. */
static const NucsegKernels *const avx2[NUCSEG_N_ELEMENTS] = {
  [NUCSEG_ELEMENT_F32] = &nucseg_kernels_f32_avx2,
  [NUCSEG_ELEMENT_U8] = &nucseg_kernels_u8_avx2,
};
#endif

#ifdef NUCSEG_HAVE_AVX512
/* The isa that a type's tables need, and these: by 16 and by 8. */
static const struct {
  NucsegIsa isa;
  const NucsegKernels *wide, *narrow;
} avx512[NUCSEG_N_ELEMENTS] = {
  { NUCSEG_ISA_AVX512, &nucseg_kernels_f32_avx512,
      &nucseg_kernels_f32_avx512_narrow },
  { NUCSEG_ISA_AVX512_BF16, &nucseg_kernels_bf16_avx512,
      &nucseg_kernels_bf16_avx512_narrow },
  { NUCSEG_ISA_AVX512, &nucseg_kernels_u8_avx512,
      &nucseg_kernels_u8_avx512_narrow },
};
#endif

const NucsegKernels *
nucseg_kernels_get (NucsegElement type, gint channels)
{
  static const NucsegKernels *const portable[NUCSEG_N_ELEMENTS] = {
    &nucseg_kernels_f32,
    &nucseg_kernels_bf16,
    &nucseg_kernels_u8,
  };

#ifdef NUCSEG_HAVE_AVX512
  /* What sixteen lanes leave over goes channel by channel. */
  if (nucseg_isa_get () >= avx512[type].isa)
    return channels % 16 >= 8 ? avx512[type].narrow : avx512[type].wide;
#endif
#ifdef NUCSEG_HAVE_AVX2
  if (nucseg_isa_get () >= NUCSEG_ISA_AVX2 && avx2[type])
    return avx2[type];
#endif
  return portable[type];
}
