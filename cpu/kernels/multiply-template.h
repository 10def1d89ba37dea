/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * multiply-template.h: a part of matrix-conv-template.h: products of V and the
 * weights, which are all the multiplying there is.
 */

/* Sums that registers hold beside what is multiplied: of 16 or of 32. */
#define MAX_SUMS (LANES == 16 ? 24 : 12)

/* Words of weights by which reading them is begun before they are needed: they
 * pass through the caches once for each chunk. */
#define AHEAD 512

static inline Sums
multiply_add (Sums sum, Sums words, Sums weights)
{
#if !KERNEL_STEPS
  return words * weights + sum;
#elif defined(__AVX512VNNI__)
  return (Sums) _mm512_dpwssd_epi32 (
      (__m512i) sum, (__m512i) words, (__m512i) weights);
#elif LANES == 16
  return sum + (Sums) _mm512_madd_epi16 ((__m512i) words, (__m512i) weights);
#else
  return sum + (Sums) _mm256_madd_epi16 ((__m256i) words, (__m256i) weights);
#endif
}

/* The word at @p in every lane. */
static inline Sums
sums_of (const guint32 *p)
{
#if LANES == 16
  return (Sums) _mm512_set1_epi32 ((gint) *p);
#else
  return (Sums) _mm256_set1_epi32 ((gint) *p);
#endif
}

/* @pieces times @vectors sums of one product, kept in registers. @u: its
 * weights, tap 0 first. */
static inline __attribute__ ((always_inline)) void
multiply_some (const Chunk *chunk, const guint32 *v, const guint32 *u,
    guint32 *m, const gint pieces, const gint vectors)
{
  const gsize panel = (gsize) chunk->self->chunk * LANES;
  const gint n_words = chunk->self->n_words;
  const gint width = vectors * LANES;
  Sums sums[MAX_SUMS];

#pragma GCC unroll 24
  for (gint i = 0; i < MAX_SUMS; i++)
    sums[i] = (Sums){ 0 };
  for (gint t = 0; t < chunk->n_taps; t++) {
    const guint32 *w = u + (gsize) chunk->taps[t] * n_words * width;

    for (gint left = n_words; left > 0; left -= LANES, v += panel) {
      const gint n = MIN (left, LANES);

      for (gint k = 0; k < n; k++, w += width) {
        Sums weights[2];

#pragma GCC unroll 2
        for (gint j = 0; j < vectors; j++) {
          weights[j] = sums_at (w + j * LANES);
          __builtin_prefetch (w + j * LANES + AHEAD);
        }
#pragma GCC unroll 12
        for (gint p = 0; p < pieces; p++) {
#pragma GCC unroll 2
          for (gint j = 0; j < vectors; j++)
            sums[p * vectors + j] = multiply_add (
                sums[p * vectors + j], sums_of (v + p * LANES + k), weights[j]);
        }
      }
    }
  }
#pragma GCC unroll 12
  for (gint p = 0; p < pieces; p++) {
#pragma GCC unroll 2
    for (gint j = 0; j < vectors; j++)
      memcpy (m + p * BLOCK + j * LANES, &sums[p * vectors + j], sizeof *sums);
  }
}

/* All pieces, so many at once; the last ones in a third or two of that, if they
 * are that few. */
static inline __attribute__ ((always_inline)) void
multiply_pieces (const Chunk *chunk, const guint32 *v, const guint32 *u,
    guint32 *m, const gint pieces, const gint vectors)
{
  for (gint left = chunk->n; left > 0; left -= pieces) {
    if (left > pieces / 3 * 2)
      multiply_some (chunk, v, u, m, pieces, vectors);
    else if (left > pieces / 3)
      multiply_some (chunk, v, u, m, pieces / 3 * 2, vectors);
    else
      multiply_some (chunk, v, u, m, pieces / 3, vectors);
    v += pieces * LANES;
    m += pieces * BLOCK;
  }
}

/* All of the chunk's products with one block of outputs. What stands in V
 * behind the last piece is multiplied too, and not looked at. */
static __attribute__ ((noinline)) void
multiply (const Chunk *chunk, const guint32 *u, gint width)
{
  const NucsegMatrixConv *self = chunk->self;
  const gsize size = (gsize) self->n_taps * self->n_words * width;

  for (gint f = 0; f < self->n_products; f++, u += size) {
    const guint32 *v = chunk->v + (gsize) f * self->v_step;
    guint32 *m = chunk->m + (gsize) f * self->m_step;

    if (width == BLOCK)
      multiply_pieces (chunk, v, u, m, MAX_SUMS / 2, 2);
    else
      multiply_pieces (chunk, v, u, m, 12, 1);
  }
}
