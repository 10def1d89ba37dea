/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan-avx512.c: scan.h with AVX-512 (F, BW, VL, DQ). */
#include "cpu/scan.h"

#include <immintrin.h>
#include <math.h>

/* Sixteen pixels' places on one axis: position + rint (clipped offset). */
static inline __m512i
point (__m512i position, gint size, const gfloat *offset, __mmask16 valid,
    gfloat scale, gfloat far)
{
  const __m512 step = _mm512_mul_ps (
      _mm512_maskz_loadu_ps (valid, offset), _mm512_set1_ps (scale));
  const __mmask16 number = _mm512_cmp_ps_mask (step, step, _CMP_ORD_Q);
  const __m512 clipped = _mm512_min_ps (
      _mm512_max_ps (step, _mm512_set1_ps (-far)), _mm512_set1_ps (far));
  /* Explicitly to nearest even, whatever the thread's rounding mode is. */
  const __m512i whole = _mm512_maskz_cvt_roundps_epi32 (
      number, clipped, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);

  return _mm512_min_epi32 (_mm512_max_epi32 (_mm512_add_epi32 (position, whole),
                               _mm512_setzero_si512 ()),
      _mm512_set1_epi32 (size - 1));
}

static gint
foreground (const NucsegScanRow *row, guint16 *columns, gint32 *targets)
{
  const __m512 limit = _mm512_set1_ps (row->limit);
  const __m512i lanes =
      _mm512_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const gfloat far = rintf (4 * row->scale);
  gint n = 0;

  for (gint x = 0; x < row->width; x += 16) {
    const gint left = row->width - x;
    const __mmask16 valid = left < 16 ? (__mmask16) ((1u << left) - 1) : 0xffff;
    const __mmask16 mask = _mm512_mask_cmp_ps_mask (valid,
        _mm512_maskz_loadu_ps (valid, row->foreground + x), limit, _CMP_GT_OQ);
    __m512i columns_here;

    if (!mask)
      continue;
    columns_here = _mm512_add_epi32 (lanes, _mm512_set1_epi32 (x));
    /* Compressing into a register and storing all of it is many times faster
     * than a compressing store. */
    _mm256_storeu_si256 ((__m256i *) (columns + n),
        _mm512_cvtepi32_epi16 (
            _mm512_maskz_compress_epi32 (mask, columns_here)));
    if (row->offset_y) {
      const __m512i ty = point (_mm512_set1_epi32 (row->y), row->height,
          row->offset_y + x, valid, row->scale, far);
      const __m512i tx = point (
          columns_here, row->width, row->offset_x + x, valid, row->scale, far);
      const __m512i cell = _mm512_add_epi32 (
          _mm512_mullo_epi32 (ty, _mm512_set1_epi32 (row->width)), tx);

      _mm512_storeu_si512 (
          targets + n, _mm512_maskz_compress_epi32 (mask, cell));
    }
    n += __builtin_popcount (mask);
  }
  return n;
}

static void
dense (const guint16 *sums, gint width, guint least, guint64 *bits)
{
  const __m512i limit = _mm512_set1_epi16 ((gshort) least);

  for (gint x = 0; x < width; x += 64) {
    guint64 word = 0;

    for (gint half = 0; half < 2 && x + 32 * half < width; half++) {
      const guint16 *p = sums + x + 32 * half;
      const gint left = width - x - 32 * half;
      const __mmask32 valid = left < 32 ? (1u << left) - 1 : 0xffffffffu;
      const __m512i sum = _mm512_adds_epu16 (
          _mm512_adds_epu16 (_mm512_maskz_loadu_epi16 (valid, p),
              _mm512_maskz_loadu_epi16 (valid, p + 1)),
          _mm512_maskz_loadu_epi16 (valid, p + 2));

      word |= (guint64) _mm512_mask_cmpge_epu16_mask (valid, sum, limit)
          << (32 * half);
    }
    bits[x / 64] = word;
  }
}

const NucsegScan nucseg_scan_avx512 = {
  .name = "avx512", .foreground = foreground, .dense = dense
};
