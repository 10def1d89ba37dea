/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow-conv.c: which convolutions of eight outputs are ours, and their
 * weights. */
#include "cpu/kernels/narrow-conv-private.h"

#include "cpu/isa.h"
#include "quantise.h"

#include <string.h>

/* Inputs of a word. */
static gint
count_inputs (NucsegElement type)
{
  return NUCSEG_NARROW_WORD / (gint) nucseg_element_size (type);
}

static NucsegNarrowRun
find_kernel (NucsegElement type)
{
#ifdef NUCSEG_HAVE_AVX512
  if (type == NUCSEG_ELEMENT_F32 && nucseg_isa_get () >= NUCSEG_ISA_AVX512)
    return nucseg_narrow_conv_run_f32;
#endif
#ifdef NUCSEG_HAVE_VNNI
  if (type == NUCSEG_ELEMENT_U8 && nucseg_isa_has_vnni ())
    return nucseg_narrow_conv_run_vnni;
#endif
  return NULL;
}

gboolean
nucseg_narrow_conv_wants (
    const NucsegConv *conv, NucsegElement in, NucsegElement out)
{
  return find_kernel (in) && out == in && conv->groups == 1 && conv->stride == 1
      && conv->dilation == 1 && conv->kernel_h == NUCSEG_NARROW_SIDE
      && conv->kernel_w == NUCSEG_NARROW_SIDE
      && conv->out_channels == NUCSEG_NARROW_OUTPUTS
      && conv->in_channels % count_inputs (in) == 0
      && conv->activation != NUCSEG_ACTIVATION_SIGMOID;
}

/* Of output @o, input @i: one of (output, input, tap). */
static void
put_weights (NucsegNarrowConv *self, const NucsegConv *conv, gint o, gint i,
    const guint8 *from, gsize size)
{
  const gint taps = NUCSEG_NARROW_SIDE * NUCSEG_NARROW_SIDE;
  const gint per_word = NUCSEG_NARROW_WORD / (gint) size;

  from += ((gsize) o * conv->in_channels + i) * taps * size;
  for (gint tap = 0; tap < taps; tap++) {
    const gsize vector = (gsize) tap * self->n_words + i / per_word;
    const gsize at = (gsize) o * per_word + i % per_word;

    memcpy (self->weight + vector * NUCSEG_NARROW_VECTOR + at * size,
        from + tap * size, size);
  }
}

NucsegNarrowConv *
nucseg_narrow_conv_new (const NucsegConv *conv, const NucsegTensor *in,
    const NucsegTensor *out, GError **error)
{
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  const gsize size = nucseg_element_size (in->type);
  NucsegNarrowConv *self = g_new0 (NucsegNarrowConv, 1);
  NucsegQuantised quantised = { 0 };

  self->run = find_kernel (in->type);
  self->padding = conv->padding;
  self->relu = conv->activation == NUCSEG_ACTIVATION_RELU;
  self->n_words = conv->in_channels / count_inputs (in->type);
  self->weight = g_try_malloc ((gsize) NUCSEG_NARROW_SIDE * NUCSEG_NARROW_SIDE
      * self->n_words * NUCSEG_NARROW_VECTOR);
  if (!self->weight
      || (steps
          && !nucseg_quantised_init (
              &quantised, conv, in->scale, out->scale))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a convolution's weights");
    nucseg_narrow_conv_free (self);
    return NULL;
  }
  for (gint o = 0; o < NUCSEG_NARROW_OUTPUTS; o++) {
    for (gint i = 0; i < conv->in_channels; i++)
      put_weights (self, conv, o, i,
          steps ? (const guint8 *) quantised.weight
                : (const guint8 *) conv->weight,
          size);
    if (steps) {
      self->bias[2 * o] = (guint32) quantised.bias[o];
      self->factor[o] = self->factor[NUCSEG_NARROW_OUTPUTS + o] =
          quantised.factor[o];
    } else if (conv->bias) {
      memcpy (self->bias + 2 * o, conv->bias + o, sizeof *self->bias);
    }
  }
  nucseg_quantised_clear (&quantised);
  return self;
}

void
nucseg_narrow_conv_free (NucsegNarrowConv *self)
{
  if (!self)
    return;
  g_free (self->weight);
  g_free (self);
}

void
nucseg_narrow_conv_run (const NucsegNarrowConv *self, const NucsegTensor *in,
    const NucsegTensor *out, gint first, gint end)
{
  self->run (self, in, out, first, end);
}
