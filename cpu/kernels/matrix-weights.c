/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* matrix-weights.c: weights in the order in which the kernels of matrix-conv.h
 * read them. */
#include "cpu/kernels/matrix-conv-private.h"

#include <string.h>

/* Twice G of section 4.1 and, for tiles of 4x4, 24 times G of section 4.3,
 * whose last row is 12 times as large for its weights to fit 16 bits: whole
 * numbers, and the factors by which they are too large. */
static const gint g2[4][3] = { { 2, 0, 0 }, { 1, 1, 1 }, { 1, -1, 1 },
  { 0, 0, 2 } };
static const gint g4[6][3] = { { 6, 0, 0 }, { -4, -4, -4 }, { -4, 4, -4 },
  { 1, 2, 4 }, { 1, -2, 4 }, { 0, 0, 12 } };
static const gint times2[4] = { 2, 2, 2, 2 },
                  times4[6] = { 24, 24, 24, 24, 24, 12 };

/* G w G', with whole numbers for G where @exact; a weight each for the products
 * of a tile. */
static void
transform (gint tile, const gdouble w[9], gboolean exact, gdouble *to)
{
  const gint side = tile + 2;
  const gint (*g)[3] = tile == 2 ? g2 : g4;
  const gint *times = tile == 2 ? times2 : times4;

  for (gint i = 0; i < side; i++) {
    gdouble row[3];

    for (gint k = 0; k < 3; k++)
      row[k] = g[i][0] * w[k] + g[i][1] * w[3 + k] + g[i][2] * w[6 + k];
    for (gint j = 0; j < side; j++) {
      const gdouble sum =
          row[0] * g[j][0] + row[1] * g[j][1] + row[2] * g[j][2];

      to[side * i + j] = exact ? sum : sum / (times[i] * times[j]);
    }
  }
}

/* The weights of output @o and input @i of group @group, one for each product
 * or tap. @integers: NULL for f32. */
static void
get_weights (const NucsegMatrixConv *self, const NucsegConv *conv,
    const gint8 *integers, gint group, gint o, gint i, gdouble *to)
{
  const gint taps = conv->kernel_h * conv->kernel_w;
  const gsize from =
      (((gsize) group * self->out_channels + o) * self->in_channels + i) * taps;
  gdouble taps_of_3x3[9];
  gdouble *w = self->tile > 1 ? taps_of_3x3 : to;

  for (gint tap = 0; tap < taps; tap++)
    w[tap] = integers ? (gdouble) integers[from + tap]
                      : (gdouble) conv->weight[from + tap];
  if (self->tile > 1)
    transform (self->tile, w, integers != NULL, to);
}

/* Writes the weights of one input and output into U, whose words of this
 * output begin at @to, @width words apart. */
static void
put_weights (const NucsegMatrixConv *self, const gdouble *w, gboolean steps,
    gint i, gint width, guint32 *to)
{
  const gint n = self->n_products * self->n_taps * self->tap_columns;

  for (gint k = 0; k < n; k++) {
    const gint tap = k / self->tap_columns;
    const gint at = k % self->tap_columns * self->in_channels + i;
    guint32 *word =
        to + ((gsize) tap * self->n_words + (steps ? at / 2 : at)) * width;

    if (steps) {
      const gint16 value = (gint16) w[k];

      memcpy ((gint16 *) word + at % 2, &value, sizeof value);
    } else {
      const gfloat value = (gfloat) w[k];

      memcpy (word, &value, sizeof value);
    }
  }
}

static void
pack (NucsegMatrixConv *self, const NucsegConv *conv, const gint8 *integers)
{
  const gboolean steps = integers != NULL;
  gdouble w[NUCSEG_MATRIX_MAX_TAPS];

  for (gint group = 0; group < self->groups; group++) {
    guint32 *u = self->weight
        + (gsize) group * nucseg_matrix_block_size (self, self->padded);

    for (gint o = 0; o < self->out_channels; o++) {
      const gint first = o - o % (2 * self->lanes);
      const gint width = nucseg_matrix_block_width (self, first);

      for (gint i = 0; i < self->in_channels; i++) {
        get_weights (self, conv, integers, group, o, i, w);
        put_weights (self, w, steps, i, width,
            u + nucseg_matrix_block_size (self, first) + o - first);
      }
    }
  }
}

/* Where there is one input to each output: by taps, a word for each channel. */
static void
pack_depthwise (
    NucsegMatrixConv *self, const NucsegConv *conv, const gint8 *integers)
{
  for (gint c = 0; c < self->out_channels; c++) {
    for (gint tap = 0; tap < self->n_taps; tap++) {
      const gsize from = (gsize) c * self->n_taps + tap;
      guint32 *word = self->weight + (gsize) tap * self->padded + c;

      if (integers) {
        const gint16 value = integers[from];

        memcpy (word, &value, sizeof value);
      } else {
        memcpy (word, conv->weight + from, sizeof *word);
      }
    }
  }
}

/* @inverse: of the scale of steps that are made of f32. */
static void
pack_outputs (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegQuantised *quantised, gfloat inverse)
{
  for (gint channel = 0; channel < conv->out_channels; channel++) {
    const gsize at = (gsize) (channel / self->out_channels) * self->padded
        + channel % self->out_channels;

    if (quantised->weight) {
      const gint32 bias = (gint32) quantised->bias[channel];

      memcpy (self->bias + at, &bias, sizeof bias);
      self->factor[at] = quantised->factor[channel];
    } else {
      self->factor[at] = inverse;
      if (conv->bias)
        memcpy (self->bias + at, conv->bias + channel, sizeof *self->bias);
    }
  }
}

void
nucseg_matrix_pack (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegQuantised *quantised, gfloat inverse)
{
  if (self->depthwise)
    pack_depthwise (self, conv, quantised->weight);
  else
    pack (self, conv, quantised->weight);
  pack_outputs (self, conv, quantised, inverse);
}
