/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow-conv.c: which convolutions of eight outputs are ours, and their
 * weights. */
#include "cpu/kernels/narrow-conv-private.h"

#include "cpu/isa.h"
#include "quantise.h"

#include <string.h>

gboolean
nucseg_narrow_conv_wants (
    const NucsegConv *conv, NucsegElement in, NucsegElement out)
{
#ifdef NUCSEG_HAVE_VNNI
  return nucseg_isa_has_vnni () && in == NUCSEG_ELEMENT_U8
      && out == NUCSEG_ELEMENT_U8 && conv->groups == 1 && conv->stride == 1
      && conv->dilation == 1 && conv->kernel_h == NUCSEG_NARROW_SIDE
      && conv->kernel_w == NUCSEG_NARROW_SIDE
      && conv->out_channels == NUCSEG_NARROW_OUTPUTS
      && conv->in_channels % NUCSEG_NARROW_INPUTS == 0;
#else
  return FALSE;
#endif
}

NucsegNarrowConv *
nucseg_narrow_conv_new (const NucsegConv *conv, const NucsegTensor *in,
    const NucsegTensor *out, GError **error)
{
  const gint taps = NUCSEG_NARROW_SIDE * NUCSEG_NARROW_SIDE;
  NucsegNarrowConv *self = g_new0 (NucsegNarrowConv, 1);
  NucsegQuantised quantised = { 0 };

  self->padding = conv->padding;
  self->n_words = conv->in_channels / NUCSEG_NARROW_INPUTS;
  self->weight =
      g_try_malloc ((gsize) taps * self->n_words * NUCSEG_NARROW_VECTOR);
  if (!self->weight
      || !nucseg_quantised_init (&quantised, conv, in->scale, out->scale)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a convolution's weights");
    nucseg_narrow_conv_free (self);
    return NULL;
  }
  for (gint o = 0; o < NUCSEG_NARROW_OUTPUTS; o++) {
    for (gint i = 0; i < conv->in_channels; i++) {
      for (gint tap = 0; tap < taps; tap++) {
        const gint vector = tap * self->n_words + i / NUCSEG_NARROW_INPUTS;
        const gint at = o * NUCSEG_NARROW_INPUTS + i % NUCSEG_NARROW_INPUTS;

        self->weight[(gsize) vector * NUCSEG_NARROW_VECTOR + at] =
            quantised.weight[((gsize) o * conv->in_channels + i) * taps + tap];
      }
    }
    self->bias[2 * o] = (gint32) quantised.bias[o];
    self->factor[o] = self->factor[NUCSEG_NARROW_OUTPUTS + o] =
        quantised.factor[o];
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
#ifdef NUCSEG_HAVE_VNNI
  nucseg_narrow_conv_run_vnni (self, in, out, first, end);
#else
  g_assert_not_reached ();
#endif
}
