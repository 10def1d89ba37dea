/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernels.c: which of the kernels' tables runs on this CPU. */
#include "cpu/kernels.h"

#include "cpu/isa.h"

const NucsegKernels *
nucseg_kernels_get (NucsegElement type)
{
  static const NucsegKernels *const portable[NUCSEG_N_ELEMENTS] = {
    &nucseg_kernels_f32,
    &nucseg_kernels_bf16,
    &nucseg_kernels_u8,
  };

#ifdef NUCSEG_HAVE_AVX512
  if (type == NUCSEG_ELEMENT_F32 && nucseg_isa_get () >= NUCSEG_ISA_AVX512)
    return &nucseg_kernels_f32_avx512;
  if (type == NUCSEG_ELEMENT_U8 && nucseg_isa_get () >= NUCSEG_ISA_AVX512)
    return &nucseg_kernels_u8_avx512;
  if (type == NUCSEG_ELEMENT_BF16
      && nucseg_isa_get () >= NUCSEG_ISA_AVX512_BF16)
    return &nucseg_kernels_bf16_avx512;
#endif
  return portable[type];
}
