/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-element.cc: elements of 16 bits: what the kernels' stores, the host's
 * half.h and the weights that the host packs make of an f32 is what the
 * reference rounds it to, for numbers of every kind.
 */
#include "common.h"

#include "cuda/half.h"

#include <cuda_fp16.h>

#include <cmath>

#define N 65536 /* all there are of 16 bits */

static bool
same (float a, float b)
{
  return std::isnan (a) ? std::isnan (b) : memcmp (&a, &b, sizeof a) == 0;
}

/* Bits of an f16 there and back; NaN are as good as each other. */
static void
test_half (void)
{
  for (unsigned bits = 0; bits < N; bits++) {
    const gfloat value = nucseg_f32_from_half ((guint16) bits);
    const unsigned magnitude = bits & 0x7fff;

    if (magnitude > 0x7c00) {
      g_assert_true (std::isnan (value));
      g_assert_cmpuint (nucseg_half_from_f32 (value) & 0x7fff, >, 0x7c00);
      continue;
    }
    g_assert_true (same (value, __half2float (__half{ (uint16_t) bits })));
    /* infinity becomes the largest number */
    g_assert_cmpuint (nucseg_half_from_f32 (value), ==,
        magnitude == 0x7c00 ? bits - 1 : bits);
    g_assert_true (same (nucseg_ref_round_f16 (value),
        magnitude == 0x7c00 ? copysignf (NUCSEG_F16_MAX, value) : value));
  }
}

/* f32 of all exponents and signs; most of those that f16 has, and of these many
 * near the middle between two. */
static std::vector<gfloat>
numbers (unsigned seed)
{
  NucsegRandom random = { seed };
  std::vector<gfloat> all (N);

  for (unsigned i = 0; i < N; i++) {
    guint32 bits = (guint32) nucseg_random_next (&random);

    if (i % 8 != 0) { /* from 2^-27 to 2^17 */
      bits &= 0x807fffff;
      bits |= (100 + nucseg_random_below (&random, 45)) << 23;
    }
    if (i % 2 == 0)
      bits = (bits & 0xffffe000) + 0x0fff + nucseg_random_below (&random, 3);
    memcpy (&all[i], &bits, sizeof bits);
  }
  all[1] = INFINITY;
  all[2] = -INFINITY;
  all[3] = NAN;
  all[4] = 65504;
  all[5] = 65520;
  all[6] = -65536;
  return all;
}

/* Through a kernel and out again. */
static void
test_stores (void)
{
  for (unsigned seed = 0; seed < test_seeds (2); seed++) {
    const std::vector<gfloat> values = numbers (seed);
    unsigned n_most = 0, n_below = 0;

    for (NucsegCudaType type : all_types) {
      Tensor in (NUCSEG_CUDA_F32, 64, 64, 16), out (type, 64, 64, 16);

      memcpy (in.t.data, values.data (), N * sizeof (gfloat));
      emulation::set_seed (seed);
      check_cuda (nucseg_cuda_copy (&in.t, &out.t, nullptr), "copy", seed);
      const gfloat *dense = out.dense ();
      for (int i = 0; i < N; i++) {
        const float found = dense[i];
        const float expected = round_to (type, values[i]);

        if (!same (found, expected))
          g_error ("%s, seed %u: %.9g became %.9g, expected %.9g",
              type_name (type), seed, values[i], found, expected);
        if (type == NUCSEG_CUDA_F16) {
          n_most += fabsf (found) == NUCSEG_F16_MAX;
          n_below += found != 0 && fabsf (found) < 0x1p-14f;
        }
      }
    }
    g_assert_cmpuint (n_most, >, 1000);
    g_assert_cmpuint (n_below, >, 1000);
  }
}

/* The reference's own rounding, and weights. */
static void
test_host (void)
{
  std::vector<gfloat> values = numbers (7), packed (N);
  const NucsegConv conv = { values.data (), NULL, 1, N, 1, 1, 1, 1, 0, 1,
    NUCSEG_ACTIVATION_NONE };

  nucseg_cuda_conv_pack (&conv, NUCSEG_CUDA_F16, packed.data ());
  for (int i = 0; i < N; i++) {
    const float expected = nucseg_ref_round_f16 (values[i]);

    g_assert_true (same (packed[i], expected));
    g_assert_true (same (
        nucseg_f32_from_half (nucseg_half_from_f32 (values[i])), expected));
    g_assert_true (
        same (nucseg_ref_round (NUCSEG_PRECISION_F16, values[i]), expected));
    g_assert_true (
        same (nucseg_ref_round (NUCSEG_PRECISION_F32, values[i]), values[i]));
    if (!std::isnan (values[i]) && fabsf (values[i]) < 65504)
      g_assert_true (same (expected, __half2float (__float2half (values[i]))));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/element/half", test_half);
  g_test_add_func ("/cuda/element/stores", test_stores);
  g_test_add_func ("/cuda/element/host", test_host);
  return g_test_run ();
}
