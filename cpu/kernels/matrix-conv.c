/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* matrix-conv.c: which convolutions are done by matrix-conv.h, and how. */
#include "cpu/kernels/matrix-conv-private.h"

#include "cpu/isa.h"

/* What a chunk's gathered words should not exceed, so that they stay in the
 * second-level cache beside the weights that pass through it. */
#define CHUNK_BYTES (128 * 1024)
#define MAX_CHUNK 48

/* Products that one thread should have at least to do. */
#define GRAIN (256 * 1024)

/* Of a group: with fewer, most lanes would be idle. */
#define MIN_CHANNELS_F32 4

/* Of AVX-512 oneDNN makes full use; it is slower where tiles of 4x4 save
 * products, and there are more of these than of words to move around. */
#define MIN_CHANNELS_AVX512 8

/* With VNNI oneDNN multiplies twice as many steps at once as 16-bit integers
 * can be. Only from so many inputs times outputs on do tiles of 4x4 save more
 * than it costs to move words around, and from so many tiles on more than to
 * read weights that are eight times as large. Measured on two virtual cores of
 * a Cascade Lake: docs/performance.md. */
#define MIN_PAIRS (48 * 48)
#define MIN_TILES 64

/* Sums of steps by tiles of 2x2 and 4x4 are known by 30 and 26 bits
 * (winograd-template.h): with the largest steps, 255, an output's weights of
 * one sign must not add up to more. */
#define MAX_SUM_2 ((1 << 29) / 255)
#define MAX_SUM_4 ((1 << 25) / 255)

/* What one instruction set has to offer. */
typedef struct {
  NucsegMatrixRun run;
  gint lanes;
  const gchar *isa;
} MatrixKernel;

static gint
round_up (gint n, gint multiple)
{
  return (n + multiple - 1) / multiple * multiple;
}

gboolean
nucseg_matrix_conv_has_int8 (void)
{
#ifdef NUCSEG_HAVE_AVX2
  return nucseg_isa_get () >= NUCSEG_ISA_AVX2;
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
choose_tile (const NucsegConv *conv, const gint8 *weight, NucsegElement in,
    const NucsegTensor *out)
{
  const gint64 plain =
      count_taps (conv, out->height) * count_taps (conv, out->width);
  const gint64 by_2 = count_products (conv, out, 2) * 5 / 4;
  const gint64 by_4 = count_products (conv, out, 4) * 5 / 4;
  gint64 sum;

  if (conv->kernel_h != 3 || conv->kernel_w != 3 || conv->stride != 1
      || (conv->groups > 1 && conv->in_channels == conv->groups)
      || (in == NUCSEG_ELEMENT_F32 && out->type == NUCSEG_ELEMENT_U8))
    return 1;
  sum = weight ? largest_sum (conv, weight) : 0;
  if (by_4 < MIN (by_2, plain) && sum < MAX_SUM_4)
    return 4;
  return by_2 < plain && sum < MAX_SUM_2 ? 2 : 1;
}

gboolean
nucseg_matrix_conv_wants (
    const NucsegConv *conv, NucsegElement in, const NucsegTensor *out)
{
  const gint per_group = conv->in_channels / conv->groups;

  if (out->type == NUCSEG_ELEMENT_BF16 || !nucseg_matrix_conv_has_int8 ())
    return FALSE;
  if (in == NUCSEG_ELEMENT_U8)
    return TRUE;
  if (in != NUCSEG_ELEMENT_F32 || conv->kernel_h != 3 || conv->kernel_w != 3
      || conv->stride != 1
      || (conv->groups > 1 && per_group < MIN_CHANNELS_F32))
    return FALSE;
  return nucseg_isa_get () == NUCSEG_ISA_AVX2
      || (per_group >= MIN_CHANNELS_AVX512
          && choose_tile (conv, NULL, in, out) == 4);
}

gboolean
nucseg_matrix_conv_saves (const NucsegConv *conv, const NucsegTensor *out)
{
  return nucseg_isa_has_vnni () && conv->groups == 1
      && (gint64) conv->in_channels * conv->out_channels >= MIN_PAIRS
      && count_products (conv, out, 4) >= 36 * MIN_TILES
      && choose_tile (conv, NULL, NUCSEG_ELEMENT_U8, out) == 4;
}

/* Whether a row of the kernel can be one tap. More channels fill a vector by
 * themselves. */
static gboolean
joins_columns (const NucsegConv *conv, const NucsegTensor *in, gint lanes)
{
  return conv->groups == 1 && conv->dilation == 1
      && in->pitch == conv->in_channels && conv->in_channels < lanes;
}

/* How the work is divided. */
static void
set_shape (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegTensor *in, const NucsegTensor *out)
{
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  const gboolean tiled = self->tile > 1;
  gint piece; /* words of V */

  self->tiles_h = count_tiles (out->height, conv->dilation, self->tile);
  self->tiles_w = count_tiles (out->width, conv->dilation, self->tile);
  self->depthwise = conv->groups > 1 && conv->in_channels == conv->groups
      && conv->out_channels == conv->groups;
  self->groups = self->depthwise ? 1 : conv->groups;
  self->in_channels = conv->in_channels / self->groups;
  self->out_channels = conv->out_channels / self->groups;
  self->padded = round_up (self->out_channels, self->lanes);
  self->tap_columns =
      !tiled && joins_columns (conv, in, self->lanes) ? conv->kernel_w : 1;
  self->tap_channels = self->tap_columns * self->in_channels;
  self->n_products = tiled ? (self->tile + 2) * (self->tile + 2) : 1;
  self->n_taps =
      tiled ? 1 : conv->kernel_h * conv->kernel_w / self->tap_columns;
  self->n_words = self->depthwise ? 1
      : steps                     ? (self->tap_channels + 1) / 2
                                  : self->tap_channels;
  self->n_panels = round_up (self->n_words, self->lanes) / self->lanes;
  piece = self->n_products * self->n_taps * self->n_panels * self->lanes;
  self->chunk = MIN (MAX_CHUNK, CHUNK_BYTES / (gint) sizeof (guint32) / piece);
  self->chunk = MAX (
      self->chunk - self->chunk % NUCSEG_MATRIX_PIECES, NUCSEG_MATRIX_PIECES);
  self->v_step = (gsize) self->n_panels * self->chunk * self->lanes;
  self->m_step = (gsize) self->chunk * 2 * self->lanes;
  if (tiled) {
    self->v_step += self->lanes;
    self->m_step += self->lanes;
  }
}

/* What each of @threads takes at once: little enough that a slower one leaves
 * some to the others, unless there is little. Where there are fewer pieces than
 * are multiplied at once for each, threads share the outputs, too. */
static void
set_blocks (NucsegMatrixConv *self, const NucsegConv *conv,
    const NucsegTensor *out, guint threads)
{
  const gint64 n_outputs = (gint64) out->height * out->width * out->channels;
  const gint64 work = n_outputs * (conv->in_channels / conv->groups)
      * conv->kernel_h * conv->kernel_w;
  const gint64 n_threads = MIN ((gint64) threads, 1 + work / GRAIN);
  gint64 share;

  if (self->tile == 1)
    self->n_pieces = (gint64) out->height * out->width;
  else
    self->n_pieces = (gint64) conv->dilation * self->tiles_h * conv->dilation
        * self->tiles_w;
  share = (self->n_pieces + n_threads - 1) / n_threads;
  self->block = share < 4 * self->chunk ? share : self->chunk;
  self->n_splits = 1;
  if (n_threads == 1) {
    self->block = self->n_pieces;
  } else if (share < NUCSEG_MATRIX_PIECES && !self->depthwise) {
    const gint64 n_blocks =
        (self->n_pieces + NUCSEG_MATRIX_PIECES - 1) / NUCSEG_MATRIX_PIECES;

    self->block = NUCSEG_MATRIX_PIECES;
    self->n_splits = (gint) MIN ((n_threads + n_blocks - 1) / n_blocks,
        round_up (self->padded, 2 * self->lanes) / (2 * self->lanes));
  }
}

/* Wider vectors would be half empty with few outputs. */
static MatrixKernel
choose_kernel (const NucsegConv *conv, gboolean steps)
{
  MatrixKernel kernel = { NULL, 8, "avx2" };

#ifdef NUCSEG_HAVE_AVX2
  kernel.run =
      steps ? nucseg_matrix_run_steps_avx2 : nucseg_matrix_run_f32_avx2;
#endif
#ifdef NUCSEG_HAVE_AVX512
  if (nucseg_isa_get () >= NUCSEG_ISA_AVX512
      && conv->out_channels / conv->groups > kernel.lanes) {
    kernel = (MatrixKernel){ steps ? nucseg_matrix_run_steps_avx512
                                   : nucseg_matrix_run_f32_avx512,
      16, "avx512" };
#ifdef NUCSEG_HAVE_VNNI
    if (steps && nucseg_isa_has_vnni ()) {
      kernel.run = nucseg_matrix_run_steps_vnni;
      kernel.isa = "avx512_vnni";
    }
#endif
  }
#endif
  return kernel;
}

NucsegMatrixConv *
nucseg_matrix_conv_new (const NucsegConv *conv, const NucsegTensor *in,
    const NucsegTensor *out, guint threads, GError **error)
{
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  const MatrixKernel kernel = choose_kernel (conv, steps);
  NucsegMatrixConv *self = g_new0 (NucsegMatrixConv, 1);
  NucsegQuantised quantised = { 0 };
  gsize n_outputs;

  self->conv = *conv;
  self->conv.weight = self->conv.bias = NULL;
  self->run = kernel.run;
  self->lanes = kernel.lanes;
  if (steps
      && !nucseg_quantised_init (&quantised, conv, in->scale,
          out->type == NUCSEG_ELEMENT_U8 ? out->scale : 0))
    goto no_memory;
  self->tile = choose_tile (conv, quantised.weight, in->type, out);
  set_shape (self, conv, in, out);
  set_blocks (self, conv, out, threads);

  self->name = g_strdup_printf ("%s %s",
      self->depthwise       ? "depthwise"
          : self->tile == 1 ? "matrix"
          : self->tile == 2 ? "winograd 2x2"
                            : "winograd 4x4",
      kernel.isa);

  n_outputs = (gsize) self->groups * self->padded;
  self->weight = g_try_new0 (guint32,
      (gsize) self->groups * nucseg_matrix_block_size (self, self->padded));
  self->bias = g_new0 (guint32, n_outputs);
  self->factor = g_new0 (gfloat, n_outputs);
  if (!self->weight)
    goto no_memory;
  nucseg_matrix_pack (self, conv, &quantised,
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
  g_free (self->name);
  g_free (self->weight);
  g_free (self->bias);
  g_free (self->factor);
  g_free (self);
}

gsize
nucseg_matrix_conv_get_scratch_size (const NucsegMatrixConv *self)
{
  const gsize words =
      nucseg_matrix_v_size (self) + self->n_products * self->m_step;

  return (words * sizeof (guint32) + 63) / 64 * 64;
}

gint
nucseg_matrix_conv_count_blocks (const NucsegMatrixConv *self)
{
  return (gint) ((self->n_pieces + self->block - 1) / self->block)
      * self->n_splits;
}

const gchar *
nucseg_matrix_conv_get_name (const NucsegMatrixConv *self)
{
  return self->name;
}

void
nucseg_matrix_conv_run (const NucsegMatrixConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gpointer scratch, gint first, gint end)
{
  for (gint i = first; i < end; i++) {
    const gint64 at = i / self->n_splits * self->block;

    self->run (self, in, out, scratch, at,
        MIN (self->n_pieces, at + self->block), i % self->n_splits);
  }
}
