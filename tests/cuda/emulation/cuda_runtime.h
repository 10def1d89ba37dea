/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda_runtime.h: stands in for CUDA's header of this name when kernels are
 * compiled for the host: qualifiers, built-in variables, barriers, warp
 * functions, atomics. emulation.h says how they are carried out.
 */
#ifndef NUCSEG_EMULATION_RUNTIME_H
#define NUCSEG_EMULATION_RUNTIME_H

#include "cuda_runtime_api.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) __attribute__ ((aligned (n)))
/* __shared__ has no stand-in: kernels say NUCSEG_SHARED (launch.cuh). */

struct uint3 {
  unsigned x, y, z;
};
struct uint2 {
  unsigned x, y;
};
struct __align__ (16) uint4
{
  unsigned x, y, z, w;
};
struct dim3 {
  unsigned x, y, z;
  dim3 (unsigned x = 1, unsigned y = 1, unsigned z = 1) : x (x), y (y), z (z)
  {
  }
};

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace emulation {
struct Site {
  const char *file;
  int line;
};

/* Waits for all threads of the block; the sum of their @value. */
int barrier (Site site, int value);
/* Waits for all lanes of @mask; @values becomes theirs, by lane. */
void warp (Site site, unsigned mask, uint64_t value, uint64_t values[32]);
/* A place where another thread may come in between. */
void pause ();
/* The running block's memory of @bytes for the variable that @tag stands for.
 */
void *shared (const void *tag, size_t bytes);
void *dynamic_shared ();

static inline unsigned
lane ()
{
  return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z))
      % 32;
}

template <typename T>
uint64_t
to_bits (T value)
{
  static_assert (sizeof (T) <= sizeof (uint64_t), "shuffles move 8 bytes");
  uint64_t bits = 0;

  memcpy (&bits, &value, sizeof (T));
  return bits;
}

template <typename T>
T
from_bits (uint64_t bits)
{
  T value;

  memcpy (&value, &bits, sizeof (T));
  return value;
}

template <typename T>
T
shuffle (Site site, unsigned mask, T value, int source)
{
  uint64_t values[32];

  warp (site, mask, to_bits (value), values);
  return from_bits<T> (values[source & 31]);
}

template <typename T>
T
shuffle_down (Site site, unsigned mask, T value, unsigned delta)
{
  unsigned source = lane () + delta;

  return shuffle (site, mask, value, (int) (source < 32 ? source : lane ()));
}

template <typename T>
T
shuffle_up (Site site, unsigned mask, T value, unsigned delta)
{
  unsigned source = lane () >= delta ? lane () - delta : lane ();

  return shuffle (site, mask, value, (int) source);
}

template <typename T>
T
shuffle_xor (Site site, unsigned mask, T value, int bits)
{
  return shuffle (site, mask, value, (int) lane () ^ bits);
}

static inline unsigned
ballot (Site site, unsigned mask, int predicate)
{
  uint64_t values[32];
  unsigned result = 0;

  warp (site, mask, predicate != 0, values);
  for (unsigned i = 0; i < 32; i++)
    if (mask >> i & 1 && values[i])
      result |= 1u << i;
  return result;
}

template <typename T>
unsigned
match_any (Site site, unsigned mask, T value)
{
  uint64_t values[32];
  unsigned result = 0;

  warp (site, mask, to_bits (value), values);
  for (unsigned i = 0; i < 32; i++)
    if (mask >> i & 1 && values[i] == to_bits (value))
      result |= 1u << i;
  return result;
}

template <typename T, typename F>
T
reduce (Site site, unsigned mask, T value, F join)
{
  uint64_t values[32];
  bool first = true;
  T result = value;

  warp (site, mask, to_bits (value), values);
  for (unsigned i = 0; i < 32; i++) {
    if (!(mask >> i & 1))
      continue;
    result = first ? from_bits<T> (values[i])
                   : join (result, from_bits<T> (values[i]));
    first = false;
  }
  return result;
}

/* Only one thread runs at a time: an atomic is an ordinary access between two
 * places where others may come in. */
template <typename T, typename F>
T
atomic (T *address, F change)
{
  T old;

  pause ();
  old = *address;
  *address = change (old);
  pause ();
  return old;
}
} // namespace emulation

#define NUCSEG_SITE                                                            \
  emulation::Site                                                              \
  {                                                                            \
    __FILE__, __LINE__                                                         \
  }
#define __syncthreads() ((void) emulation::barrier (NUCSEG_SITE, 0))
#define __syncthreads_count(p) emulation::barrier (NUCSEG_SITE, (p) ? 1 : 0)
#define __syncthreads_or(p) (emulation::barrier (NUCSEG_SITE, (p) ? 1 : 0) != 0)
#define __shfl_sync(...) emulation::shuffle (NUCSEG_SITE, __VA_ARGS__)
#define __shfl_down_sync(...) emulation::shuffle_down (NUCSEG_SITE, __VA_ARGS__)
#define __shfl_up_sync(...) emulation::shuffle_up (NUCSEG_SITE, __VA_ARGS__)
#define __shfl_xor_sync(...) emulation::shuffle_xor (NUCSEG_SITE, __VA_ARGS__)
#define __ballot_sync(...) emulation::ballot (NUCSEG_SITE, __VA_ARGS__)
#define __any_sync(...) (emulation::ballot (NUCSEG_SITE, __VA_ARGS__) != 0)
#define __syncwarp(mask) ((void) emulation::ballot (NUCSEG_SITE, mask, 0))
#define __match_any_sync(...) emulation::match_any (NUCSEG_SITE, __VA_ARGS__)
#define __reduce_add_sync(mask, value)                                         \
  emulation::reduce (                                                          \
      NUCSEG_SITE, mask, value, [] (auto a, auto b) { return a + b; })
#define __reduce_min_sync(mask, value)                                         \
  emulation::reduce (                                                          \
      NUCSEG_SITE, mask, value, [] (auto a, auto b) { return a < b ? a : b; })
#define __reduce_max_sync(mask, value)                                         \
  emulation::reduce (                                                          \
      NUCSEG_SITE, mask, value, [] (auto a, auto b) { return a < b ? b : a; })

#define __threadfence() emulation::pause ()
#define __threadfence_block() emulation::pause ()

/* The second argument converts as it does for CUDA's overloads. */
template <typename T> struct Same {
  typedef T Type;
};

template <typename T>
T
atomicAdd (T *address, typename Same<T>::Type value)
{
  return emulation::atomic (address, [=] (T old) { return (T) (old + value); });
}

template <typename T>
T
atomicMin (T *address, typename Same<T>::Type value)
{
  return emulation::atomic (
      address, [=] (T old) { return value < old ? value : old; });
}

template <typename T>
T
atomicMax (T *address, typename Same<T>::Type value)
{
  return emulation::atomic (
      address, [=] (T old) { return old < value ? value : old; });
}

template <typename T>
T
atomicOr (T *address, typename Same<T>::Type value)
{
  return emulation::atomic (address, [=] (T old) { return (T) (old | value); });
}

template <typename T>
T
atomicExch (T *address, typename Same<T>::Type value)
{
  return emulation::atomic (address, [=] (T) { return value; });
}

template <typename T>
static inline T
__ldg (const T *address)
{
  return *address;
}

static inline int
__popc (unsigned x)
{
  return __builtin_popcount (x);
}

static inline int
__clz (unsigned x)
{
  return x ? __builtin_clz (x) : 32;
}

static inline int
__ffs (unsigned x)
{
  return __builtin_ffs ((int) x);
}

#define NUCSEG_MIN_MAX(T)                                                      \
  static inline T min (T a, T b)                                               \
  {                                                                            \
    return b < a ? b : a;                                                      \
  }                                                                            \
  static inline T max (T a, T b)                                               \
  {                                                                            \
    return a < b ? b : a;                                                      \
  }
NUCSEG_MIN_MAX (int)
NUCSEG_MIN_MAX (unsigned)
NUCSEG_MIN_MAX (long long)
NUCSEG_MIN_MAX (unsigned long long)
NUCSEG_MIN_MAX (long)
NUCSEG_MIN_MAX (unsigned long)
NUCSEG_MIN_MAX (float)
NUCSEG_MIN_MAX (double)
#undef NUCSEG_MIN_MAX

#endif /* NUCSEG_EMULATION_RUNTIME_H */
