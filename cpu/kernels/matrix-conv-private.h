/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * matrix-conv-private.h: what matrix-conv.c prepares for its kernels.
 *
 * All that is multiplied stands in words of 32 bits: one f32, or two channels
 * of steps as 16-bit integers. A vector has 8 of them (AVX2) or 16 (AVX-512):
 * its lanes. A piece of work is a pixel or a tile. The words of a chunk of
 * pieces are gathered as V (product, tap, panel, piece, lane), a panel being a
 * vector of words of each piece, so that those of pieces side by side are a
 * fixed distance apart. The weights U lie as (group, block, product, tap, word,
 * output), a block being two vectors of outputs or, as the last, one; and their
 * products M as (product, piece, output) for one block of outputs at a time.
 */
#ifndef NUCSEG_CPU_MATRIX_CONV_PRIVATE_H
#define NUCSEG_CPU_MATRIX_CONV_PRIVATE_H

#include "cpu/kernels/matrix-conv.h"
#include "quantise.h"

G_BEGIN_DECLS

#define NUCSEG_MATRIX_MAX_LANES 16 /* words of a vector */
#define NUCSEG_MATRIX_PIECES 12 /* a chunk is a multiple of this */
#define NUCSEG_MATRIX_MAX_SIDE 31 /* of a kernel: docs/model-format.md */
#define NUCSEG_MATRIX_MAX_TAPS (31 * 31)
#define NUCSEG_WINOGRAD_MAX_TILE 4

typedef void (*NucsegMatrixRun) (const NucsegMatrixConv *self,
    const NucsegTensor *in, const NucsegTensor *out, gpointer scratch,
    gint64 first, gint64 end, gint split);

struct _NucsegMatrixConv {
  NucsegConv conv; /* its weight and bias are not to be used */
  NucsegMatrixRun run;
  gint lanes;
  gchar *name;
  gint tile; /* outputs of a piece both ways, by Winograd; 1: without */
  gint tiles_h, tiles_w; /* of every dilation-th pixel both ways */
  gboolean depthwise; /* one channel a group: taken for one group */
  gint groups;
  gint in_channels, out_channels; /* of one group */
  gint padded; /* out_channels up to a multiple of the lanes */
  gint n_products, n_taps; /* one of them is 1 */
  /* Columns of the kernel that are one tap: all, where the channels of pixels
   * side by side lie so too and are few. */
  gint tap_columns;
  gint tap_channels; /* of all its columns */
  gint n_words; /* of a tap: tap_channels in words */
  gint n_panels; /* of a tap */
  gint chunk; /* pieces that are gathered at once */
  /* Words of V of one product or tap, and of M of one product. A tile's
   * products would else be a multiple of 4096 bytes apart here and there,
   * and push each other out of the first-level cache. */
  gsize v_step, m_step;
  gint64 n_pieces; /* of the output */
  gint64 block; /* pieces that one thread does before it takes others */
  gint n_splits; /* parts of the outputs, which are done apart */
  guint32 *weight; /* U */
  guint32 *bias; /* (group, padded): gint32 with steps, else gfloat */
  gfloat *factor; /* (group, padded): to steps of the output */
};

/* Words of U of one block of @width outputs. */
static inline gsize
nucseg_matrix_block_size (const NucsegMatrixConv *self, gint width)
{
  return (gsize) self->n_products * self->n_taps * self->n_words * width;
}

/* Words of V. */
static inline gsize
nucseg_matrix_v_size (const NucsegMatrixConv *self)
{
  return self->n_products * self->n_taps * self->v_step;
}

static inline gint
nucseg_matrix_block_width (const NucsegMatrixConv *self, gint first)
{
  return MIN (2 * self->lanes, self->padded - first);
}

/* Fills weight, bias and factor, which are zeros. @quantised: of steps, or all
 * NULL; @inverse: of the scale of steps that are made of f32. */
void nucseg_matrix_pack (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegQuantised *quantised, gfloat inverse);

#define NUCSEG_MATRIX_DECLARE(name)                                            \
  void name (const NucsegMatrixConv *self, const NucsegTensor *in,             \
      const NucsegTensor *out, gpointer scratch, gint64 first, gint64 end,     \
      gint split)

#ifdef NUCSEG_HAVE_AVX2
NUCSEG_MATRIX_DECLARE (nucseg_matrix_run_steps_avx2);
NUCSEG_MATRIX_DECLARE (nucseg_matrix_run_f32_avx2);
#endif
#ifdef NUCSEG_HAVE_AVX512
NUCSEG_MATRIX_DECLARE (nucseg_matrix_run_steps_avx512);
NUCSEG_MATRIX_DECLARE (nucseg_matrix_run_f32_avx512);
#endif
#ifdef NUCSEG_HAVE_VNNI
NUCSEG_MATRIX_DECLARE (nucseg_matrix_run_steps_vnni);
#endif

G_END_DECLS

#endif /* NUCSEG_CPU_MATRIX_CONV_PRIVATE_H */
