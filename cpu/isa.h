/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * isa.h: which instruction sets our own kernels may use. The environment
 * variable NUCSEG_CPU_KERNELS=portable keeps them to what every CPU has, =avx2
 * to AVX2, =avx512 to AVX-512 without VNNI and BF16 (tests run all ways);
 * oneDNN has ONEDNN_MAX_CPU_ISA for the same.
 */
#ifndef NUCSEG_CPU_ISA_H
#define NUCSEG_CPU_ISA_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  NUCSEG_ISA_PORTABLE,
  NUCSEG_ISA_AVX2, /* and FMA */
  NUCSEG_ISA_AVX512, /* F, BW, VL, DQ */
  NUCSEG_ISA_AVX512_BF16 /* those and BF16 */
} NucsegIsa;

/* The best that CPU, compiler and user allow; found out once. */
NucsegIsa nucseg_isa_get (void);

/* Whether AVX-512 has VNNI beside what is said above: a question of its own, as
 * there are CPUs with either, and BF16 is not asked for here. */
gboolean nucseg_isa_has_vnni (void);

G_END_DECLS

#endif /* NUCSEG_CPU_ISA_H */
