/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* isa.c: asks the CPU, once. */
#include "cpu/isa.h"

static NucsegIsa
find_isa (void)
{
  const gchar *most = g_getenv ("NUCSEG_CPU_KERNELS");
  NucsegIsa isa = NUCSEG_ISA_PORTABLE;

  if (g_strcmp0 (most, "portable") == 0)
    return isa;
#ifdef NUCSEG_HAVE_AVX2
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    isa = NUCSEG_ISA_AVX2;
#endif
  if (g_strcmp0 (most, "avx2") == 0)
    return isa;
#ifdef NUCSEG_HAVE_AVX512
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512dq"))
    return __builtin_cpu_supports ("avx512bf16") ? NUCSEG_ISA_AVX512_BF16
                                                 : NUCSEG_ISA_AVX512;
#endif
  return isa;
}

NucsegIsa
nucseg_isa_get (void)
{
  static gsize found; /* the value plus 1 */

  if (g_once_init_enter (&found))
    g_once_init_leave (&found, (gsize) find_isa () + 1);
  return (NucsegIsa) (found - 1);
}

gboolean
nucseg_isa_has_vnni (void)
{
#ifdef NUCSEG_HAVE_VNNI
  return nucseg_isa_get () >= NUCSEG_ISA_AVX512
      && __builtin_cpu_supports ("avx512vnni");
#else
  return FALSE;
#endif
}
