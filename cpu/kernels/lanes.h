/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lanes.h: vectors of LANES elements, in GCC's vector types, and what becomes
 * of one element type in another. A file that includes it defines LANES: 4,
 * which any target has, with AVX2 8, or with AVX-512 8 or 16, and is compiled
 * for its instruction set.
 */
#ifndef NUCSEG_CPU_LANES_H
#define NUCSEG_CPU_LANES_H

#include "cpu/tensor.h"

#include <string.h>

#if LANES > 4
#include <immintrin.h>
#endif

typedef gfloat Vector __attribute__ ((vector_size (LANES * 4)));
typedef guint32 Bits __attribute__ ((vector_size (LANES * 4)));
typedef gint32 Signed __attribute__ ((vector_size (LANES * 4)));
typedef guint16 Halves __attribute__ ((vector_size (LANES * 2)));
typedef guint8 Steps __attribute__ ((vector_size (LANES)));

/* Added to a number from 0 to 2^22 it leaves that number, rounded to nearest
 * even, in the low bits. */
#define ROUND 0x1.8p23f

/* Has the compiler take @pointer for a new one, so that it neither keeps what
 * was read there nor works out beforehand where all that follows is: for loops
 * that registers are not enough for. */
#define FORGET(pointer) __asm__("" : "+r"(pointer))

static inline Vector
load_f32 (const gfloat *p)
{
  Vector v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
store_f32 (gfloat *p, Vector v)
{
  memcpy (p, &v, sizeof v);
}

static inline Vector
load_bf16 (const guint16 *p)
{
  Halves halves;

  memcpy (&halves, p, sizeof halves);
  return (Vector) (__builtin_convertvector(halves, Bits) << 16);
}

/* Rounds to nearest even; NaN stays NaN. */
static inline void
store_bf16 (guint16 *p, Vector v)
{
#if defined(__AVX512BF16__) && LANES == 16
  __m256bh halves = _mm512_cvtneps_pbh ((__m512) v);
#elif defined(__AVX512BF16__) && LANES == 8
  __m128bh halves = _mm256_cvtneps_pbh ((__m256) v);
#else
  Bits bits = (Bits) v;
  Bits rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  /* A comparison's lanes are all ones or zeros. */
  Bits nan = (Bits) ((bits & 0x7fffffffu) > 0x7f800000u);
  Halves halves = __builtin_convertvector(
      (rounded & ~nan) | (((bits >> 16) | 0x40u) & nan), Halves);
#endif

  memcpy (p, &halves, sizeof halves);
}

static inline Steps
load_steps (const guint8 *p)
{
  Steps v;

  memcpy (&v, p, sizeof v);
  return v;
}

static inline void
store_steps (guint8 *p, Steps v)
{
  memcpy (p, &v, sizeof v);
}

/* Of a NaN in @a and @b it takes @b. */
static inline Vector
maximum_f32 (Vector a, Vector b)
{
#if LANES == 16
  return (Vector) _mm512_max_ps ((__m512) a, (__m512) b);
#elif LANES == 8
  return (Vector) _mm256_max_ps ((__m256) a, (__m256) b);
#else
  const Bits larger = (Bits) (a > b); /* all ones or zeros */

  return (Vector) (((Bits) a & larger) | ((Bits) b & ~larger));
#endif
}

static inline Vector
f32_from_steps (Steps v)
{
#if LANES == 16
  return (Vector) _mm512_cvtepi32_ps (_mm512_cvtepu8_epi32 ((__m128i) v));
#elif LANES == 8
  return (Vector) _mm256_cvtepi32_ps (
      _mm256_cvtepu8_epi32 (_mm_loadl_epi64 ((const __m128i *) &v)));
#else
  return __builtin_convertvector(__builtin_convertvector(v, Signed), Vector);
#endif
}

/* Rounded and kept within 0..255; NaN becomes 0. */
static inline Steps
steps_from_f32 (Vector v)
{
#if LANES == 16
  /* Of a NaN and 0 this takes the second, 0. */
  const __m512 clipped = _mm512_max_ps ((__m512) v, _mm512_setzero_ps ());

  return (Steps) _mm512_cvtusepi32_epi8 (
      _mm512_cvtps_epi32 (_mm512_min_ps (clipped, _mm512_set1_ps (255.0f))));
#elif LANES == 8
#ifdef __AVX512VL__
  const __m256 clipped = _mm256_max_ps ((__m256) v, _mm256_setzero_ps ());
  const __m128i steps = _mm256_cvtusepi32_epi8 (
      _mm256_cvtps_epi32 (_mm256_min_ps (clipped, _mm256_set1_ps (255.0f))));
#else
  /* A NaN is the second here, stays one, and as what isn't a number becomes the
   * least integer; packing makes 0 of all below it. */
  const __m256i whole =
      _mm256_cvtps_epi32 (_mm256_min_ps (_mm256_set1_ps (255.0f), (__m256) v));
  const __m128i halves = _mm_packus_epi32 (
      _mm256_castsi256_si128 (whole), _mm256_extracti128_si256 (whole, 1));
  const __m128i steps = _mm_packus_epi16 (halves, halves);
#endif
  Steps low;

  memcpy (&low, &steps, sizeof low);
  return low;
#else
  const Bits above = (Bits) (v > 0.0f);
  const Bits below = (Bits) (v < 255.0f);
  const Vector most = (Vector){ 0 } + 255.0f;
  Vector clipped = (Vector) (((Bits) v & below) | ((Bits) most & ~below));

  clipped = (Vector) ((Bits) clipped & above);
  clipped += ROUND;
  return __builtin_convertvector((Bits) clipped & 255u, Steps);
#endif
}

/* The same of one element. */
static inline guint8
step_from_f32 (gfloat value)
{
  union {
    gfloat value;
    guint32 bits;
  } u = { !(value > 0.0f) ? 0.0f : value < 255.0f ? value : 255.0f };

  u.value += ROUND;
  return (guint8) (u.bits & 255u);
}

#endif /* NUCSEG_CPU_LANES_H */
