/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * matrix-conv-template.h: the kernels of matrix-conv.h. A file that includes it
 * defines
 *
 *   LANES          8: for AVX2 with FMA, 16: for AVX-512
 *   KERNEL_STEPS   1: inputs are steps (guint8), multiplied as 16-bit integers,
 *                  0: f32
 *   KERNEL_RUN     name of the function that it makes
 *
 * depthwise-template.h does without the matrices. For the rest: three stages,
 * for one chunk of pieces after the other: gather() makes V
 * (gather-template.h), multiply() makes M of V and the weights
 * (multiply-template.h), finish_pixels() makes outputs of M.
 * winograd-template.h has the first and the last for tiles.
 */
#include "cpu/kernels/activate.h"
#include "cpu/kernels/lanes.h"
#include "cpu/kernels/matrix-conv-private.h"

#if KERNEL_STEPS
typedef guint8 Element;
typedef Signed Sums;
/* The channels of a vector of words. */
typedef gint16 Channels __attribute__ ((vector_size (LANES * 4)));
#define N_CHANNELS (2 * LANES)
#else
typedef gfloat Element;
typedef Vector Sums;
typedef Vector Channels;
#define N_CHANNELS LANES
#endif

#define BLOCK (2 * LANES)

/* Where the pieces of a chunk begin, and what the chunk's taps are. */
typedef struct {
  const NucsegMatrixConv *self;
  const NucsegTensor *in, *out;
  gint group;
  gint split; /* which part of the outputs */
  gint64 first;
  gint n; /* pieces from the first on */
  gint per_row; /* pieces of a row */
  guint32 *v, *m;
  gint n_taps; /* that meet the frame */
  gint taps[NUCSEG_MATRIX_MAX_TAPS];
} Chunk;

/* --- Loading channels --------------------------------------------------- */

static inline Channels
load_all (const Element *p)
{
#if !KERNEL_STEPS
  return load_f32 (p);
#elif LANES == 16
  return (Channels) _mm512_cvtepu8_epi16 (
      _mm256_loadu_si256 ((const __m256i *) p));
#else
  return (Channels) _mm256_cvtepu8_epi16 (
      _mm_loadu_si128 ((const __m128i *) p));
#endif
}

/* @n channels, the others 0; never reads beyond them. */
static inline Channels
load_channels (const Element *p, gint n)
{
#if LANES == 16
  const guint32 first = n >= N_CHANNELS ? 0xffffffffu : (1u << n) - 1;

#if KERNEL_STEPS
  return (Channels) _mm512_cvtepu8_epi16 (_mm256_maskz_loadu_epi8 (first, p));
#else
  return (Channels) _mm512_maskz_loadu_ps ((__mmask16) first, p);
#endif
#else
  Element some[N_CHANNELS] = { 0 };

  if (n >= N_CHANNELS)
    return load_all (p);
  if (n == N_CHANNELS / 2) {
#if KERNEL_STEPS
    return (Channels) _mm256_cvtepu8_epi16 (
        _mm_loadl_epi64 ((const __m128i *) p));
#else
    return (Channels) _mm256_zextps128_ps256 (_mm_loadu_ps (p));
#endif
  }
  memcpy (some, p, (gsize) n * sizeof *p);
  return load_all (some);
#endif
}

static inline void
store_words (guint32 *p, Channels v)
{
  memcpy (p, &v, sizeof v);
}

static inline Sums
sums_at (const guint32 *p)
{
  Sums sums;

  memcpy (&sums, p, sizeof sums);
  return sums;
}

/* The first of the group's channels at row @y, column 0. */
static inline const Element *
row_of (const Chunk *chunk, gint y)
{
  const NucsegTensor *in = chunk->in;

  return (const Element *) in->data + (gsize) y * in->width * in->pitch
      + (gsize) chunk->group * chunk->self->in_channels;
}

#include "cpu/kernels/gather-template.h"
#include "cpu/kernels/multiply-template.h"

/* --- Outputs ------------------------------------------------------------ */

/* Of the first @n lanes. */
static inline Vector
activate (NucsegActivation activation, Vector v, gint n)
{
  gfloat some[LANES];

  if (activation == NUCSEG_ACTIVATION_RELU)
    return maximum_f32 ((Vector){ 0 }, v); /* a NaN stays one */
  if (activation == NUCSEG_ACTIVATION_NONE)
    return v;
  store_f32 (some, v);
  nucseg_activate (activation, some, n);
  return load_f32 (some);
}

/* The first of @v's lanes. */
static inline void
store_few_f32 (gfloat *to, Vector v, gint n)
{
#if LANES == 16
  _mm512_mask_storeu_ps (to, (__mmask16) ((1u << n) - 1), (__m512) v);
#else
  __m128 some = _mm256_castps256_ps128 ((__m256) v);

  if (n & 4) {
    _mm_storeu_ps (to, some);
    some = _mm256_extractf128_ps ((__m256) v, 1);
    to += 4;
  }
  if (n & 2) {
    _mm_storel_pi ((__m64 *) to, some);
    some = _mm_movehl_ps (some, some);
    to += 2;
  }
  if (n & 1)
    _mm_store_ss (to, some);
#endif
}

static inline void
store_few_steps (guint8 *to, Steps v, gint n)
{
  if (n == LANES)
    store_steps (to, v);
  else
#if LANES == 16
    _mm_mask_storeu_epi8 (to, (__mmask16) ((1u << n) - 1), (__m128i) v);
#else
    memcpy (to, &v, (gsize) n);
#endif
}

/* Up to LANES outputs of each pixel. */
typedef struct {
  gpointer data; /* the first of them, of pixel 0 */
  gint pitch, n;
  NucsegElement type;
  NucsegActivation activation;
  Sums bias;
  Vector factor;
} Outputs;

/* Those of the chunk's group from channel @c on. */
static inline Outputs
outputs_from (const Chunk *chunk, gint c)
{
  const NucsegMatrixConv *self = chunk->self;
  const NucsegTensor *out = chunk->out;
  const gsize at = (gsize) chunk->group * self->padded + c;
  const gsize channel = (gsize) chunk->group * self->out_channels + c;
  Outputs to = { (guint8 *) out->data
        + channel * nucseg_element_size (out->type),
    out->pitch, MIN (LANES, self->out_channels - c), out->type,
    self->conv.activation, sums_at (self->bias + at),
    load_f32 (self->factor + at) };

  return to;
}

static inline __attribute__ ((always_inline)) void
finish (const Outputs *to, gsize pixel, Sums sum)
{
#if KERNEL_STEPS
  Vector v = __builtin_convertvector(sum + to->bias, Vector) * to->factor;
#else
  Vector v = activate (to->activation, sum + to->bias, to->n);
#endif

  if (to->type == NUCSEG_ELEMENT_U8) {
    /* What is kept within 0..255 needs no rectifier. */
    store_few_steps ((guint8 *) to->data + pixel * to->pitch,
        steps_from_f32 (KERNEL_STEPS ? v : v * to->factor), to->n);
    return;
  }
#if KERNEL_STEPS
  v = activate (to->activation, v, to->n);
#endif
  if (to->n == LANES)
    store_f32 ((gfloat *) to->data + pixel * to->pitch, v);
  else
    store_few_f32 ((gfloat *) to->data + pixel * to->pitch, v, to->n);
}

static __attribute__ ((noinline)) void
finish_pixels (const Chunk *chunk, gint c, const guint32 *m)
{
  const Outputs to = outputs_from (chunk, c);
  const gint n = chunk->n;

  for (gint p = 0; p < n; p++, m += BLOCK)
    finish (&to, (gsize) chunk->first + p, sums_at (m));
}

#include "cpu/kernels/depthwise-template.h"
#include "cpu/kernels/winograd-template.h"

/* --- All of it ---------------------------------------------------------- */

static void
run_chunk (Chunk *chunk)
{
  const NucsegMatrixConv *self = chunk->self;
  const guint32 *u = self->weight
      + (gsize) chunk->group * nucseg_matrix_block_size (self, self->padded);
  const gint n_blocks = (self->padded + BLOCK - 1) / BLOCK;
  const gint start = n_blocks * chunk->split / self->n_splits * BLOCK;
  const gint end = n_blocks * (chunk->split + 1) / self->n_splits * BLOCK;

  if (self->depthwise) {
    depthwise (chunk);
    return;
  }
  if (self->tile > 1)
    winograd_gather (chunk);
  else
    gather (chunk);
  for (gint first = start; first < MIN (end, self->padded); first += BLOCK) {
    const gint width = nucseg_matrix_block_width (self, first);

    multiply (chunk, u + nucseg_matrix_block_size (self, first), width);
    for (gint j = 0; j < width; j += LANES) {
      if (self->tile > 1)
        winograd_finish (chunk, first + j, chunk->m + j);
      else
        finish_pixels (chunk, first + j, chunk->m + j);
    }
  }
}

void
KERNEL_RUN (const NucsegMatrixConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gpointer scratch, gint64 first, gint64 end,
    gint split)
{
  Chunk chunk = { self, in, out, 0, split, 0, 0, 0, scratch,
    (guint32 *) scratch + nucseg_matrix_v_size (self), 1, { 0 } };

  chunk.per_row =
      self->tile > 1 ? self->conv.dilation * self->tiles_w : out->width;
  for (gint64 at = first; at < end; at += self->chunk) {
    chunk.first = at;
    chunk.n = (gint) MIN (self->chunk, end - at);
    for (chunk.group = 0; chunk.group < self->groups; chunk.group++)
      run_chunk (&chunk);
  }
}
