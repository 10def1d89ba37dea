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
#define MAX_CHUNK 96
#define MIN_CHUNK 24

/* Beyond this a sum of four times the products may not fit 32 bits:
 * 4 * 255 * 127 * 9 * channels < 2^31. */
#define WINOGRAD_MAX_CHANNELS 1024

gboolean
nucseg_matrix_conv_has (NucsegElement in, NucsegElement out)
{
#ifdef NUCSEG_HAVE_AVX2
  return nucseg_isa_get () >= NUCSEG_ISA_AVX2
      && in != NUCSEG_ELEMENT_BF16 && out != NUCSEG_ELEMENT_BF16;
#else
  return FALSE;
#endif
}

/* Tiles along @size outputs, on every @dilation-th of them. */
static gint
count_tiles (gint size, gint dilation)
{
  const gint span = dilation * NUCSEG_WINOGRAD_TILE;

  return (size + span - 1) / span;
}

/* Taps along one axis that meet @size inputs, summed over @size outputs: what
 * is beside the frame isn't multiplied. */
static gint64
count_taps (const NucsegConv *conv, gint size)
{
  return size + 2 * MAX (0, (gint64) size - conv->dilation);
}

/* Whether tiles need less than the products of all taps. A tile's are worked
 * on before and after, which is worth a quarter of them; and where a dilated
 * convolution is done on few pixels each, tiles reach beside the frame. What
 * becomes steps of f32 is summed plainly, so that as few as possible round to
 * others than elsewhere. */
static gboolean
suits_winograd (
    const NucsegConv *conv, const NucsegTensor *in, const NucsegTensor *out)
{
  const gint64 tiles = (gint64) conv->dilation * conv->dilation
      * count_tiles (out->height, conv->dilation)
      * count_tiles (out->width, conv->dilation);

  return !(in->type == NUCSEG_ELEMENT_F32 && out->type == NUCSEG_ELEMENT_U8)
      && conv->kernel_h == 3 && conv->kernel_w == 3
      && conv->stride == 1
      && conv->in_channels / conv->groups <= WINOGRAD_MAX_CHANNELS
      && tiles * NUCSEG_WINOGRAD_PRODUCTS * 5 / 4
      <= count_taps (conv, out->height) * count_taps (conv, out->width);
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

/* Twice G g G', so four times the transformed weights of section 4.1: whole
 * numbers for whole @g. */
static void
transform (const gdouble g[9], gdouble u[NUCSEG_WINOGRAD_PRODUCTS])
{
  static const gdouble twice_g[4][3] = { { 2, 0, 0 }, { 1, 1, 1 },
    { 1, -1, 1 }, { 0, 0, 2 } };

  for (gint i = 0; i < 4; i++) {
    for (gint j = 0; j < 4; j++) {
      gdouble sum = 0;

      for (gint k = 0; k < 9; k++)
        sum += twice_g[i][k / 3] * g[k] * twice_g[j][k % 3];
      u[4 * i + j] = sum;
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
  gdouble *w = self->winograd ? taps_of_3x3 : to;

  for (gint tap = 0; tap < taps; tap++)
    w[tap] = integers ? (gdouble) integers[from + tap]
                      : (gdouble) conv->weight[from + tap];
  if (!self->winograd)
    return;
  transform (w, to);
  for (gint f = 0; !integers && f < NUCSEG_WINOGRAD_PRODUCTS; f++)
    to[f] /= 4;
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
            u + nucseg_matrix_block_size (self, first) + o % NUCSEG_MATRIX_BLOCK);
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

NucsegMatrixConv *
nucseg_matrix_conv_new (const NucsegConv *conv, const NucsegTensor *in,
    const NucsegTensor *out, GError **error)
{
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  NucsegMatrixConv *self = g_new0 (NucsegMatrixConv, 1);
  NucsegQuantised quantised = { 0 };
  gsize n_words, n_outputs;

  self->conv = *conv;
  self->conv.weight = self->conv.bias = NULL;
#ifdef NUCSEG_HAVE_AVX2
  self->run = steps ? nucseg_matrix_run_steps_avx2 : nucseg_matrix_run_f32_avx2;
#endif
  self->winograd = suits_winograd (conv, in, out);
  self->tiles_h = count_tiles (out->height, conv->dilation);
  self->tiles_w = count_tiles (out->width, conv->dilation);
  self->in_channels = conv->in_channels / conv->groups;
  self->out_channels = conv->out_channels / conv->groups;
  self->padded = (self->out_channels + NUCSEG_MATRIX_LANES - 1)
      / NUCSEG_MATRIX_LANES * NUCSEG_MATRIX_LANES;
  self->n_products = self->winograd ? NUCSEG_WINOGRAD_PRODUCTS : 1;
  self->tap_columns =
      !self->winograd && joins_columns (conv, in) ? conv->kernel_w : 1;
  self->tap_channels = self->tap_columns * self->in_channels;
  self->n_taps = self->winograd
      ? 1
      : conv->kernel_h * conv->kernel_w / self->tap_columns;
  self->n_words = steps ? (self->tap_channels + 1) / 2 : self->tap_channels;
  self->n_panels =
      (self->n_words + NUCSEG_MATRIX_LANES - 1) / NUCSEG_MATRIX_LANES;
  self->chunk = (gint) (CHUNK_BYTES / sizeof (guint32)
      / nucseg_matrix_piece_size (self));
  self->chunk = CLAMP (self->chunk, MIN_CHUNK, MAX_CHUNK);
  self->chunk -= self->chunk % NUCSEG_MATRIX_PIECES;

  n_words =
      (gsize) conv->groups * nucseg_matrix_block_size (self, self->padded);
  n_outputs = (gsize) conv->groups * self->padded;
  self->weight = g_try_new0 (guint32, n_words);
  self->bias = g_new0 (guint32, n_outputs);
  self->factor = g_new0 (gfloat, n_outputs);
  if (!self->weight
      || (steps
          && !nucseg_quantised_init (&quantised, conv, in->scale,
              out->type == NUCSEG_ELEMENT_U8 ? out->scale : 0))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a convolution's weights");
    nucseg_matrix_conv_free (self);
    return NULL;
  }
  pack (self, conv, &quantised,
      out->type == NUCSEG_ELEMENT_U8 ? 1 / out->scale : 0);
  nucseg_quantised_clear (&quantised);
  return self;
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
nucseg_matrix_conv_count (
    const NucsegMatrixConv *self, const NucsegTensor *out)
{
  if (!self->winograd)
    return out->height * out->width;
  return self->conv.dilation * self->tiles_h * self->conv.dilation
      * self->tiles_w;
}

const gchar *
nucseg_matrix_conv_get_name (const NucsegMatrixConv *self)
{
  return self->winograd ? "winograd avx2" : "matrix avx2";
}

void
nucseg_matrix_conv_run (const NucsegMatrixConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gpointer scratch, gint first, gint end)
{
  self->run (self, in, out, scratch, first, end);
}
