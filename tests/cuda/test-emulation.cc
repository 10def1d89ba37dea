/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-emulation.cc: the emulation finds what it says it finds: kernels with
 * planted mistakes must show, right ones must not.
 */
#include "common.h"

#include "cuda/kernels/block.cuh"
#include "cuda/kernels/element.cuh"

#include <cmath>

#include <set>
#include <vector>

/* --- Right kernels -------------------------------------------------------- */

template <int N>
static __global__ void
reverse (int *values)
{
  NUCSEG_SHARED (int, line, N);

  line[threadIdx.x] = values[blockIdx.x * N + threadIdx.x];
  __syncthreads ();
  values[blockIdx.x * N + threadIdx.x] = line[N - 1 - threadIdx.x];
}

static void
test_shared (void)
{
  for (unsigned seed = 0; seed < 20; seed++) {
    Memory<int> values (96 * 5);

    emulation::set_seed (seed);
    for (int i = 0; i < 96 * 5; i++)
      values[i] = i;
    check_cuda (launch (reverse<96>, 5, 96, 0, nullptr, values.get ()),
        "reverse", seed);
    for (int i = 0; i < 96 * 5; i++)
      g_assert_cmpint (values[i], ==, i / 96 * 96 + 95 - i % 96);
  }
}

static __global__ void
number (dim3 size, int *values)
{
  unsigned x = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned y = blockIdx.y * blockDim.y + threadIdx.y;
  unsigned z = blockIdx.z * blockDim.z + threadIdx.z;

  values[(z * size.y + y) * size.x + x] += (int) (x + 100 * y + 10000 * z);
}

static void
test_indices (void)
{
  dim3 size (12, 6, 4);
  Memory<int> values (12 * 6 * 4);

  for (unsigned seed = 0; seed < 10; seed++) {
    emulation::set_seed (seed);
    memset (values, 0, 12 * 6 * 4 * sizeof (int));
    check_cuda (launch (number, dim3 (3, 2, 2), dim3 (4, 3, 2), 0, nullptr,
                    size, values.get ()),
        "number", seed);
    for (int i = 0; i < 12 * 6 * 4; i++)
      g_assert_cmpint (
          values[i], ==, i % 12 + 100 * (i / 12 % 6) + 10000 * (i / 72));
  }
}

static __global__ void
sums (const int *in, int *scans, int *totals)
{
  NUCSEG_SHARED (int, scratch, 33);
  NUCSEG_SHARED (int, other, 32);
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  int total;

  scans[i] = block_scan (in[i], scratch, &total);
  if (block_sum (in[i], other) != total)
    total = -1;
  if (threadIdx.x == 5)
    totals[blockIdx.x] = total;
}

static void
test_block (void)
{
  for (unsigned seed = 0; seed < 10; seed++) {
    Memory<int> in (3 * 320), scans (3 * 320), totals (3);

    emulation::set_seed (seed);
    for (int i = 0; i < 3 * 320; i++)
      in[i] = (i * 37 + (int) seed) % 11;
    check_cuda (launch (sums, 3, 320, 0, nullptr, in.get (), scans.get (),
                    totals.get ()),
        "sums", seed);
    for (int b = 0, i = 0; b < 3; b++) {
      int sum = 0;

      for (int k = 0; k < 320; k++, i++) {
        g_assert_cmpint (scans[i], ==, sum);
        sum += in[i];
      }
      g_assert_cmpint (totals[b], ==, sum);
    }
  }
}

static __global__ void
groups (const int *keys, unsigned *out)
{
  unsigned group = __match_any_sync (FULL_MASK, keys[threadIdx.x]);
  unsigned sum = __reduce_add_sync (group, threadIdx.x);
  unsigned most = __reduce_max_sync (group, threadIdx.x);
  unsigned odd = __ballot_sync (FULL_MASK, keys[threadIdx.x] & 1);

  out[threadIdx.x] = sum + 1000 * most + (odd >> threadIdx.x % 32 & 1) * 100000;
}

static void
test_warp (void)
{
  for (unsigned seed = 0; seed < 10; seed++) {
    Memory<int> keys (64);
    Memory<unsigned> out (64);

    emulation::set_seed (seed);
    for (int i = 0; i < 64; i++)
      keys[i] = i * i % 7;
    check_cuda (launch (groups, 1, 64, 0, nullptr, keys.get (), out.get ()),
        "groups", seed);
    for (int i = 0; i < 64; i++) {
      unsigned sum = 0, most = 0;

      for (int k = i / 32 * 32; k < i / 32 * 32 + 32; k++)
        if (keys[k] == keys[i]) {
          sum += (unsigned) k;
          most = (unsigned) k;
        }
      g_assert_cmpuint (
          out[i], ==, sum + 1000 * most + (keys[i] & 1) * 100000u);
    }
  }
}

static __global__ void
last_block (int *values, unsigned *counter, int *sum)
{
  NUCSEG_SHARED (int, flag, 1);

  if (threadIdx.x == 0)
    values[blockIdx.x] = (int) blockIdx.x + 1;
  if (is_last_block (counter, gridDim.x, flag) && threadIdx.x == 0)
    for (unsigned i = 0; i < gridDim.x; i++)
      *sum += load_fresh (&values[i]);
}

static void
test_last_block (void)
{
  for (unsigned seed = 0; seed < 30; seed++) {
    Memory<int> values (17), sum (1);
    Memory<unsigned> counter (1);

    emulation::set_seed (seed);
    *counter.get () = 0;
    *sum.get () = 0;
    check_cuda (launch (last_block, 17, 64, 0, nullptr, values.get (),
                    counter.get (), sum.get ()),
        "last block", seed);
    g_assert_cmpint (*sum, ==, 17 * 18 / 2);
    g_assert_cmpuint (*counter, ==, 0);
  }
}

/* All values of f16 there and back, and bf16 against the reference. */
static void
test_rounding (void)
{
  NucsegRandom random = { 1 };

  for (unsigned bits = 0; bits < 0x7c00; bits++) {
    float value = __half2float (__half{ (uint16_t) bits });
    float next = __half2float (__half{ (uint16_t) (bits + 1) });
    unsigned even = bits & 1 ? bits + 1 : bits;

    g_assert_cmpuint (__float2half (value).bits, ==, bits);
    g_assert_cmpuint (__float2half (-value).bits, ==, bits | 0x8000);
    if (bits == 0x7bff)
      continue;
    float middle = value / 2 + next / 2;
    g_assert_cmpuint (__float2half (middle).bits, ==, even);
    g_assert_cmpuint (
        __float2half (std::nextafter (middle, 0.f)).bits, ==, bits);
    g_assert_cmpuint (
        __float2half (std::nextafter (middle, 1e9f)).bits, ==, bits + 1);
  }
  g_assert_cmpuint (__float2half (65519.9f).bits, ==, 0x7bff);
  g_assert_cmpuint (__float2half (65520).bits, ==, 0x7c00);
  for (int i = 0; i < 100000; i++) {
    guint32 bits = (guint32) nucseg_random_next (&random);
    float value, found, expected;

    memcpy (&value, &bits, sizeof (value));
    if (std::isnan (value))
      continue;
    found = __bfloat162float (__float2bfloat16 (value));
    expected = nucseg_ref_round_bf16 (value);
    g_assert_true (memcmp (&found, &expected, sizeof (found)) == 0);
  }
}

/* --- Wrong kernels -------------------------------------------------------- */

/* reverse() without its barrier. */
static __global__ void
missing_barrier (int *values)
{
  NUCSEG_SHARED (int, line, 64);

  line[threadIdx.x] = values[threadIdx.x];
  values[threadIdx.x] = line[63 - threadIdx.x];
}

static __global__ void
lost_update (int *sum)
{
  int old = load_fresh (sum);

  *sum = old + (int) threadIdx.x;
}

static __global__ void
depends_on_order (int *last)
{
  if (threadIdx.x == 0)
    *last = (int) blockIdx.x;
}

/* Number of different outcomes over 20 seeds. */
template <typename F>
static size_t
outcomes (F run)
{
  std::set<std::vector<int> > all;

  for (unsigned seed = 0; seed < 20; seed++) {
    std::vector<int> values (64);

    for (int i = 0; i < 64; i++)
      values[i] = i;
    emulation::set_seed (seed);
    run (values.data ());
    all.insert (values);
  }
  return all.size ();
}

static void
test_races (void)
{
  g_assert_cmpuint (outcomes ([] (int *values) {
    check_cuda (launch (missing_barrier, 1, 64, 0, nullptr, values),
        "missing barrier", 0);
  }),
      >, 1);
  g_assert_cmpuint (outcomes ([] (int *values) {
    check_cuda (launch (lost_update, 1, 64, 0, nullptr, values), "lost", 0);
  }),
      >, 1);
  g_assert_cmpuint (outcomes ([] (int *values) {
    check_cuda (
        launch (depends_on_order, 9, 32, 0, nullptr, values), "order", 0);
  }),
      >, 1);
}

static __global__ void
divergent (int limit)
{
  if ((int) threadIdx.x < limit)
    __syncthreads ();
}

static __global__ void
two_barriers ()
{
  if (threadIdx.x % 2)
    __syncthreads ();
  else
    __syncthreads ();
}

static __global__ void
unequal_masks (int *out)
{
  unsigned mask = threadIdx.x < 16 ? FULL_MASK : 0xffff0000u;

  out[threadIdx.x] = __shfl_sync (mask, (int) threadIdx.x, 0);
}

static __global__ void
lane_has_ended (int *out)
{
  if (threadIdx.x == 3)
    return;
  __syncwarp (0xfffffff7u);
  out[threadIdx.x] = __shfl_sync (FULL_MASK, (int) threadIdx.x, 0);
}

static __global__ void
lane_not_in_mask (int *out)
{
  out[threadIdx.x] = __shfl_sync (0xfffffffeu, (int) threadIdx.x, 1);
}

static void
expect_failure (cudaError_t error, const char *part)
{
  g_assert_cmpint (error, ==, cudaErrorLaunchFailure);
  if (strstr (emulation::last_error (), part) == nullptr)
    g_error (
        "found \"%s\", expected \"%s\" in it", emulation::last_error (), part);
}

static void
test_failures (void)
{
  Memory<int> out (64);

  for (unsigned seed = 0; seed < 20; seed++) {
    emulation::set_seed (seed);
    expect_failure (launch (divergent, 2, 64, 0, nullptr, 40),
        "24 of 64 threads have ended");
    expect_failure (launch (two_barriers, 1, 64, 0, nullptr), "waits at");
    expect_failure (
        launch (unequal_masks, 1, 32, 0, nullptr, out.get ()), "mask");
    expect_failure (
        launch (lane_has_ended, 1, 32, 0, nullptr, out.get ()), "has ended");
    expect_failure (
        launch (lane_not_in_mask, 1, 32, 0, nullptr, out.get ()), "lacks it");
    /* What failed leaves nothing behind. */
    check_cuda (launch (divergent, 2, 64, 0, nullptr, 64), "whole", seed);
  }
  g_assert_cmpint (launch (divergent, 1, 1025, 0, nullptr, 0), ==,
      cudaErrorInvalidConfiguration);
  g_assert_cmpint (launch (divergent, 0, 32, 0, nullptr, 0), ==,
      cudaErrorInvalidConfiguration);
  g_assert_cmpint (launch (divergent, dim3 (1, 65536), 32, 0, nullptr, 0), ==,
      cudaErrorInvalidConfiguration);
  g_assert_cmpint (launch (divergent, 1, 32, 48 * 1024 + 1, nullptr, 0), ==,
      cudaErrorInvalidConfiguration);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/emulation/shared", test_shared);
  g_test_add_func ("/cuda/emulation/indices", test_indices);
  g_test_add_func ("/cuda/emulation/block", test_block);
  g_test_add_func ("/cuda/emulation/warp", test_warp);
  g_test_add_func ("/cuda/emulation/last-block", test_last_block);
  g_test_add_func ("/cuda/emulation/rounding", test_rounding);
  g_test_add_func ("/cuda/emulation/races", test_races);
  g_test_add_func ("/cuda/emulation/failures", test_failures);
  return g_test_run ();
}
