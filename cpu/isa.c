/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* isa.c: asks the CPU, once. */
#include "cpu/isa.h"

/* Whether the user keeps kernels to @isa. */
static gboolean
is_most (const gchar *isa)
{
  return g_strcmp0 (g_getenv ("NUCSEG_CPU_KERNELS"), isa) == 0;
}

/* A typing error would measure something else. */
static void
check_most (void)
{
  static const gchar *const known[] = { "portable", "avx2", "avx512", NULL };
  const gchar *asked = g_getenv ("NUCSEG_CPU_KERNELS");

  if (asked && asked[0] && !g_strv_contains (known, asked))
    g_warning ("NUCSEG_CPU_KERNELS=%s: portable, avx2 or avx512 expected; it "
               "is ignored",
        asked);
}

static NucsegIsa
find_isa (void)
{
  NucsegIsa isa = NUCSEG_ISA_PORTABLE;

  check_most ();

  if (is_most ("portable"))
    return isa;
#ifdef NUCSEG_HAVE_AVX2
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    isa = NUCSEG_ISA_AVX2;
#endif
  if (is_most ("avx2"))
    return isa;
#ifdef NUCSEG_HAVE_AVX512
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512dq"))
    isa = NUCSEG_ISA_AVX512;
  if (isa == NUCSEG_ISA_AVX512 && !is_most ("avx512")
      && __builtin_cpu_supports ("avx512bf16"))
    isa = NUCSEG_ISA_AVX512_BF16;
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
  return nucseg_isa_get () >= NUCSEG_ISA_AVX512 && !is_most ("avx512")
      && __builtin_cpu_supports ("avx512vnni");
#else
  return FALSE;
#endif
}
