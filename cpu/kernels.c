/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernels.c: which of the kernels' tables runs on this CPU. */
#include "cpu/kernels.h"

const NucsegKernels *
nucseg_kernels_get (NucsegElement type)
{
#ifdef NUCSEG_HAVE_AVX512
  const gboolean avx512 = __builtin_cpu_supports ("avx512f")
      && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512dq");

  if (type == NUCSEG_ELEMENT_F32 && avx512)
    return &nucseg_kernels_f32_avx512;
  if (type == NUCSEG_ELEMENT_BF16 && avx512
      && __builtin_cpu_supports ("avx512bf16"))
    return &nucseg_kernels_bf16_avx512;
#endif
  return type == NUCSEG_ELEMENT_F32 ? &nucseg_kernels_f32
                                    : &nucseg_kernels_bf16;
}
