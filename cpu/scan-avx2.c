/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan-avx2.c: scan.h with AVX2. */
#include "cpu/scan.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define LANES 8

static inline __m256i
lane_numbers (void)
{
  return _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7);
}

/* Eight pixels' places on one axis: position + rint (clipped offset). */
static inline __m256i
point (__m256i position, gint size, __m256 offset, gfloat scale, gfloat far)
{
  const __m256 step = _mm256_mul_ps (offset, _mm256_set1_ps (scale));
  const __m256 number = _mm256_cmp_ps (step, step, _CMP_ORD_Q);
  const __m256 clipped = _mm256_min_ps (
      _mm256_max_ps (step, _mm256_set1_ps (-far)), _mm256_set1_ps (far));
  /* Explicitly to nearest even, whatever the thread's rounding mode is. */
  const __m256 whole = _mm256_and_ps (number,
      _mm256_round_ps (clipped, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));

  return _mm256_min_epi32 (
      _mm256_max_epi32 (_mm256_add_epi32 (position, _mm256_cvtps_epi32 (whole)),
          _mm256_setzero_si256 ()),
      _mm256_set1_epi32 (size - 1));
}

/* The cells that pixels @x to @x + 8 point to; of those that @valid leaves out,
 * any. */
static inline __m256i
cells (const NucsegScanRow *row, gint x, __m256i valid, gfloat far)
{
  const __m256i ty = point (_mm256_set1_epi32 (row->y), row->height,
      _mm256_maskload_ps (row->offset_y + x, valid), row->scale, far);
  const __m256i tx = point (
      _mm256_add_epi32 (lane_numbers (), _mm256_set1_epi32 (x)), row->width,
      _mm256_maskload_ps (row->offset_x + x, valid), row->scale, far);

  return _mm256_add_epi32 (
      _mm256_mullo_epi32 (ty, _mm256_set1_epi32 (row->width)), tx);
}

static gint
foreground (const NucsegScanRow *row, guint16 *columns, gint32 *targets)
{
  const __m256 limit = _mm256_set1_ps (row->limit);
  const gfloat far = rintf (4 * row->scale);
  gint n = 0;

  for (gint x = 0; x < row->width; x += LANES) {
    const __m256i valid = _mm256_cmpgt_epi32 (
        _mm256_set1_epi32 (row->width - x), lane_numbers ());
    const __m256 above = _mm256_and_ps (_mm256_castsi256_ps (valid),
        _mm256_cmp_ps (_mm256_maskload_ps (row->foreground + x, valid), limit,
            _CMP_GT_OQ));
    guint mask = (guint) _mm256_movemask_ps (above);
    gint32 here[LANES];

    if (mask == 0)
      continue;
    if (row->offset_y)
      _mm256_storeu_si256 ((__m256i *) here, cells (row, x, valid, far));
    /* Most groups lie in a nucleus or beside it as a whole. */
    if (mask == 0xff) {
      for (gint i = 0; i < LANES; i++)
        columns[n + i] = (guint16) (x + i);
      if (row->offset_y)
        memcpy (targets + n, here, sizeof here);
      n += LANES;
      continue;
    }
    for (; mask != 0; mask &= mask - 1, n++) {
      const gint i = __builtin_ctz (mask);

      columns[n] = (guint16) (x + i);
      if (row->offset_y)
        targets[n] = here[i];
    }
  }
  return n;
}

/* Bits of 32 columns: sums of three that are not below @limit. */
static inline guint32
dense_bits (const guint16 *sums, __m256i limit)
{
  __m256i reached[2];

  for (gint half = 0; half < 2; half++) {
    const __m256i *p = (const __m256i *) (sums + 16 * half);
    const __m256i *second = (const __m256i *) (sums + 16 * half + 1);
    const __m256i *third = (const __m256i *) (sums + 16 * half + 2);
    const __m256i sum = _mm256_adds_epu16 (
        _mm256_adds_epu16 (_mm256_loadu_si256 (p), _mm256_loadu_si256 (second)),
        _mm256_loadu_si256 (third));

    reached[half] = _mm256_cmpeq_epi16 (_mm256_max_epu16 (sum, limit), sum);
  }
  /* Packing takes halves of each in turn. */
  return (guint32) _mm256_movemask_epi8 (_mm256_permute4x64_epi64 (
      _mm256_packs_epi16 (reached[0], reached[1]), 0xd8));
}

static void
dense (const guint16 *sums, gint width, guint least, guint64 *bits)
{
  const __m256i limit = _mm256_set1_epi16 ((gshort) least);
  gint x = 0;

  memset (bits, 0, (gsize) (width + 63) / 64 * sizeof (guint64));
  for (; x + 32 <= width; x += 32)
    bits[x / 64] |= (guint64) dense_bits (sums + x, limit) << (x % 64);
  for (; x < width; x++) {
    const guint sum = (guint) sums[x] + sums[x + 1] + sums[x + 2];

    bits[x / 64] |= (guint64) (sum >= least) << (x % 64);
  }
}

const NucsegScan nucseg_scan_avx2 = {
  .name = "avx2", .foreground = foreground, .dense = dense
};
