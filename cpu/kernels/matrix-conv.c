/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* matrix-conv.c: weights in the order in which the kernels of matrix-conv.h
 * read them. */
#include "cpu/kernels/matrix-conv-private.h"

#include "cpu/isa.h"
#include "quantise.h"

#include <string.h>

/* What a chunk's gathered words should not exceed, so that they stay in the
 * second-level cache beside the weights that pass through it. */
#define CHUNK_BYTES (128 * 1024)
#define MAX_CHUNK 48

/* Sums of steps by tiles of 2x2 and 4x4 are known by 30 and 26 bits
 * (winograd-template.h): with the largest steps, 255, an output's weights of
 * one sign must not add up to more. */
#define MAX_SUM_2 ((1 << 29) / 255)
#define MAX_SUM_4 ((1 << 25) / 255)

/* Twice G of section 4.1 and, for tiles of 4x4, 4, 6, 6, 24, 24 and 1 times the
 * rows of G of section 4.3: whole numbers, and the factors by which they are
 * too large. */
static const gint g2[4][3] = { { 2, 0, 0 }, { 1, 1, 1 }, { 1, -1, 1 },
  { 0, 0, 2 } };
static const gint g4[6][3] = { { 1, 0, 0 }, { -1, -1, -1 }, { -1, 1, -1 },
  { 1, 2, 4 }, { 1, -2, 4 }, { 0, 0, 1 } };
static const gint times2[4] = { 2, 2, 2, 2 },
                  times4[6] = { 4, 6, 6, 24, 24, 1 };

static gint
round_up (gint n, gint multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

gboolean
nucseg_matrix_conv_has (NucsegElement in, NucsegElement out)
{
#ifdef NUCSEG_HAVE_AVX2
  return nucseg_isa_get () >= NUCSEG_ISA_AVX2 && in != NUCSEG_ELEMENT_BF16
      && out != NUCSEG_ELEMENT_BF16;
#else
  return FALSE;
#endif
}

/* Tiles along @size outputs, on every @dilation-th of them. */
static gint
count_tiles (gint size, gint dilation, gint tile)
{
  const gint span = dilation * tile;

  return (size + span - 1) / span;
}

static gint64
count_products (const NucsegConv *conv, const NucsegTensor *out, gint tile)
{
  const gint64 tiles = (gint64) count_tiles (out->height, conv->dilation, tile)
      * count_tiles (out->width, conv->dilation, tile);

  return tiles * conv->dilation * conv->dilation * (tile + 2) * (tile + 2);
}

/* Taps along one axis that meet @size inputs, summed over @size outputs: what
 * is beside the frame isn't multiplied. */
static gint64
count_taps (const NucsegConv *conv, gint size)
{
  return size + 2 * MAX (0, (gint64) size - conv->dilation);
}

/* The largest sum of one output's weights of one sign. */
static gint64
largest_sum (const NucsegConv *conv, const gint8 *weight)
{
  const gsize n = (gsize) (conv->in_channels / conv->groups) * conv->kernel_h
      * conv->kernel_w;
  gint64 largest = 0;

  for (gint o = 0; o < conv->out_channels; o++) {
    gint64 positive = 0, negative = 0;

    for (gsize i = 0; i < n; i++) {
      const gint w = weight[o * n + i];

      positive += MAX (w, 0);
      negative += MAX (-w, 0);
    }
    largest = MAX (largest, MAX (positive, negative));
  }
  return largest;
}

/* The tile that needs the fewest products. Its words are worked on before and
 * after, which is worth a quarter of them; and where a dilated convolution is
 * done on few pixels each, tiles reach beside the frame. What becomes steps of
 * f32 is summed plainly, so that as few as possible round to others than
 * elsewhere. @weight: of steps, or NULL. */
static gint
choose_tile (const NucsegConv *conv, const gint8 *weight,
    const NucsegTensor *in, const NucsegTensor *out)
{
  const gint64 plain =
      count_taps (conv, out->height) * count_taps (conv, out->width);
  const gint64 by_2 = count_products (conv, out, 2) * 5 / 4;
  const gint64 by_4 = count_products (conv, out, 4) * 5 / 4;
  const gint64 sum = weight ? largest_sum (conv, weight) : 0;

  if (conv->kernel_h != 3 || conv->kernel_w != 3 || conv->stride != 1
      || (in->type == NUCSEG_ELEMENT_F32 && out->type == NUCSEG_ELEMENT_U8))
    return 1;
  if (by_4 < MIN (by_2, plain) && sum < MAX_SUM_4)
    return 4;
  return by_2 < plain && sum < MAX_SUM_2 ? 2 : 1;
}

/* Whether a row of the kernel can be one tap. More channels fill a vector by
 * themselves. */
static gboolean
joins_columns (const NucsegConv *conv, const NucsegTensor *in)
{
  return conv->groups == 1 && conv->dilation == 1
      && in->pitch == conv->in_channels
      && conv->in_channels < NUCSEG_MATRIX_LANES;
}

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

/* @inverse: of the scale of steps that are made of f32. */
static void
pack (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegQuantised *quantised, gfloat inverse)
{
  const gboolean steps = quantised->weight != NULL;
  gdouble w[NUCSEG_MATRIX_MAX_TAPS];

  for (gint group = 0; group < conv->groups; group++) {
    guint32 *u = self->weight
        + (gsize) group * nucseg_matrix_block_size (self, self->padded);

    for (gint o = 0; o < self->out_channels; o++) {
      const gint first = o - o % NUCSEG_MATRIX_BLOCK;
      const gint width = nucseg_matrix_block_width (self, first);
      const gint channel = group * self->out_channels + o;
      const gsize at = (gsize) group * self->padded + o;

      for (gint i = 0; i < self->in_channels; i++) {
        get_weights (self, conv, quantised->weight, group, o, i, w);
        put_weights (self, w, steps, i, width,
            u + nucseg_matrix_block_size (self, first)
                + o % NUCSEG_MATRIX_BLOCK);
      }
      if (steps) {
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
}

/* How the work is divided. */
static void
set_shape (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegTensor *in, const NucsegTensor *out)
{
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  const gboolean tiled = self->tile > 1;

  self->tiles_h = count_tiles (out->height, conv->dilation, self->tile);
  self->tiles_w = count_tiles (out->width, conv->dilation, self->tile);
  self->in_channels = conv->in_channels / conv->groups;
  self->out_channels = conv->out_channels / conv->groups;
  self->padded = round_up (self->out_channels, NUCSEG_MATRIX_LANES);
  self->tap_columns = !tiled && joins_columns (conv, in) ? conv->kernel_w : 1;
  self->tap_channels = self->tap_columns * self->in_channels;
  self->n_products = tiled ? (self->tile + 2) * (self->tile + 2) : 1;
  self->n_taps =
      tiled ? 1 : conv->kernel_h * conv->kernel_w / self->tap_columns;
  self->n_words = steps ? (self->tap_channels + 1) / 2 : self->tap_channels;
  self->n_panels =
      round_up (self->n_words, NUCSEG_MATRIX_LANES) / NUCSEG_MATRIX_LANES;
  self->chunk = (gint) MIN (MAX_CHUNK,
      CHUNK_BYTES / sizeof (guint32) / nucseg_matrix_piece_size (self));
  self->chunk = MAX (
      self->chunk - self->chunk % NUCSEG_MATRIX_PIECES, NUCSEG_MATRIX_PIECES);
}

NucsegMatrixConv *
nucseg_matrix_conv_new (const NucsegConv *conv, const NucsegTensor *in,
    const NucsegTensor *out, GError **error)
{
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  NucsegMatrixConv *self = g_new0 (NucsegMatrixConv, 1);
  NucsegQuantised quantised = { 0 };
  gsize n_outputs;

  self->conv = *conv;
  self->conv.weight = self->conv.bias = NULL;
#ifdef NUCSEG_HAVE_AVX2
  self->run = steps ? nucseg_matrix_run_steps_avx2 : nucseg_matrix_run_f32_avx2;
#endif
  if (steps
      && !nucseg_quantised_init (&quantised, conv, in->scale,
          out->type == NUCSEG_ELEMENT_U8 ? out->scale : 0))
    goto no_memory;
  self->tile = choose_tile (conv, quantised.weight, in, out);
  set_shape (self, conv, in, out);

  n_outputs = (gsize) conv->groups * self->padded;
  self->weight = g_try_new0 (guint32,
      (gsize) conv->groups * nucseg_matrix_block_size (self, self->padded));
  self->bias = g_new0 (guint32, n_outputs);
  self->factor = g_new0 (gfloat, n_outputs);
  if (!self->weight)
    goto no_memory;
  pack (self, conv, &quantised,
      out->type == NUCSEG_ELEMENT_U8 ? 1 / out->scale : 0);
  nucseg_quantised_clear (&quantised);
  return self;

no_memory:
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
      "no memory for a convolution's weights");
  nucseg_quantised_clear (&quantised);
  nucseg_matrix_conv_free (self);
  return NULL;
}

void
nucseg_matrix_conv_free (NucsegMatrixConv *self)
{
  if (!self)
    return;
  g_free (self->weight);
  g_free (self->bias);
  g_free (self->factor);
  g_free (self);
}

gsize
nucseg_matrix_conv_get_scratch_size (const NucsegMatrixConv *self)
{
  const gsize words = self->chunk
      * (nucseg_matrix_piece_size (self)
          + (gsize) self->n_products * NUCSEG_MATRIX_BLOCK);

  return (words * sizeof (guint32) + 63) / 64 * 64;
}

gint
nucseg_matrix_conv_count (const NucsegMatrixConv *self, const NucsegTensor *out)
{
  if (self->tile == 1)
    return out->height * out->width;
  return self->conv.dilation * self->tiles_h * self->conv.dilation
      * self->tiles_w;
}

gint
nucseg_matrix_conv_get_block (
    const NucsegMatrixConv *self, gint count, guint threads)
{
  const gint share = (count + (gint) threads - 1) / (gint) threads;

  return share < 4 * self->chunk ? share : self->chunk;
}

const gchar *
nucseg_matrix_conv_get_name (const NucsegMatrixConv *self)
{
  return self->tile == 1 ? "matrix avx2"
      : self->tile == 2  ? "winograd 2x2 avx2"
                         : "winograd 4x4 avx2";
}

void
nucseg_matrix_conv_run (const NucsegMatrixConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gpointer scratch, gint first, gint end)
{
  self->run (self, in, out, scratch, first, end);
}
