/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-cudnn.c: cuda/cudnn-conv.h by plain loops, for the emulation: the
 * same operation graph (channel weights, convolution, bias, activation) for
 * each image of a batch, the same layouts, f32 sums. Two engines, so that there
 * is something to choose from, and one of the fallback. Two threads at once
 * abort the test.
 */
#include "cuda/cudnn-conv.h"
#include "cuda/half.h"
#include "emulated-device.h"

#include <math.h>
#include <string.h>

struct _NucsegCudnn {
  gint in_use;
};

struct _NucsegCudnnConv {
  NucsegCudnn *cudnn;
  NucsegCudnnSpec spec;
  guint built;
  gboolean loaded; /* what is built was read */
  gboolean was_ahead;
  gboolean asked_more;
};

struct _NucsegCudnnPack {
  gpointer in, weight, bias, scale, out, workspace;
};

static void
begin (NucsegCudnn *cudnn)
{
  g_assert (g_atomic_int_compare_and_exchange (&cudnn->in_use, 0, 1));
  if (emulated_get_log ()->cudnn_us > 0)
    g_usleep (emulated_get_log ()->cudnn_us);
}

static void
end (NucsegCudnn *cudnn)
{
  g_atomic_int_set (&cudnn->in_use, 0);
}

gchar *
nucseg_cudnn_describe (GError **error)
{
  return g_strdup ("plain loops for cuDNN");
}

NucsegCudnn *
nucseg_cudnn_new (const gchar *description, GError **error)
{
  g_atomic_int_inc (&emulated_get_log ()->live_cudnn);
  return g_new0 (NucsegCudnn, 1);
}

void
nucseg_cudnn_free (NucsegCudnn *cudnn)
{
  if (cudnn)
    g_atomic_int_add (&emulated_get_log ()->live_cudnn, -1);
  g_free (cudnn);
}

void
nucseg_cudnn_forget_stream (NucsegCudnn *cudnn)
{
  begin (cudnn);
  end (cudnn);
}

guint
nucseg_cudnn_get_version (const NucsegCudnn *cudnn)
{
  /* another where texts are others: caches of older builds lie about */
  return 2;
}

NucsegCudnnConv *
nucseg_cudnn_conv_new (
    NucsegCudnn *cudnn, const NucsegCudnnSpec *spec, GError **error)
{
  NucsegCudnnConv *conv = g_new0 (NucsegCudnnConv, 1);

  g_assert (spec->in_channels % 8 == 0 && spec->out_channels % 8 == 0);
  g_assert (spec->batch >= 1);
  g_assert (spec->out_pitch >= spec->out_channels && spec->out_pitch % 8 == 0);
  conv->cudnn = cudnn;
  conv->spec = *spec;
  conv->built = G_MAXUINT;
  return conv;
}

void
nucseg_cudnn_conv_free (NucsegCudnnConv *conv)
{
  g_free (conv);
}

guint
nucseg_cudnn_conv_count (const NucsegCudnnConv *conv)
{
  return conv->asked_more ? 3 : 2;
}

gboolean
nucseg_cudnn_conv_ask_more (NucsegCudnnConv *conv)
{
  const gboolean more = !conv->asked_more;

  conv->asked_more = TRUE;
  return more;
}

const gchar *
nucseg_cudnn_conv_get_name (const NucsegCudnnConv *conv, guint candidate)
{
  static const gchar *const names[] = { "1:2=3", "4:5=6,7=-8", "9" };

  g_assert (candidate < G_N_ELEMENTS (names));
  return names[candidate];
}

static gboolean
is_usable (const NucsegCudnnConv *conv, guint candidate, GError **error)
{
  const EmulatedLog *log = emulated_get_log ();

  if (candidate >= log->unbuildable
      && !(conv->spec.scaled && log->unbuildable_scaled)
      && !(nucseg_cudnn_spec_is_slice (&conv->spec) && log->unbuildable_sliced))
    return TRUE;
  g_set_error (
      error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE, "the engine can't be built");
  return FALSE;
}

gboolean
nucseg_cudnn_conv_build (NucsegCudnnConv *conv, guint candidate, GError **error)
{
  /* As cuDNN 9.19, which offers engines for it all the same. */
  if (conv->spec.scaled && conv->spec.batch > 1) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "no engine for channel weights of several images compiles");
    return FALSE;
  }
  if (!is_usable (conv, candidate, error))
    return FALSE;
  begin (conv->cudnn);
  conv->built = candidate;
  conv->loaded = FALSE;
  g_atomic_int_inc (&emulated_get_log ()->n_plans);
  end (conv->cudnn);
  return TRUE;
}

typedef struct {
  NucsegCudnnEnter enter;
  gpointer data;
} Ahead;

static gpointer
build_ahead (gpointer data)
{
  const Ahead *ahead = data;

  /* cuDNN would load what it compiles elsewhere, without a word. */
  g_assert (!emulated_is_entered_here ());
  g_assert (ahead->enter (ahead->data, TRUE));
  g_assert (emulated_is_entered_here ());
  ahead->enter (ahead->data, FALSE);
  g_assert (!emulated_is_entered_here ());
  return NULL;
}

void
nucseg_cudnn_build_ahead (NucsegCudnnConv *const *convs, guint n_convs, guint n,
    NucsegCudnnEnter enter, gpointer data)
{
  Ahead ahead = { enter, data };
  GThread *threads[2];

  g_assert (n > 0);
  for (guint i = 0; i < n_convs; i++) {
    g_assert (convs[i]->built == G_MAXUINT);
    if (convs[i]->was_ahead)
      continue;
    convs[i]->was_ahead = TRUE;
    g_atomic_int_inc (&emulated_get_log ()->n_ahead);
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("cudnn", build_ahead, &ahead);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

void
nucseg_cudnn_conv_keep_built (NucsegCudnnConv *conv)
{
}

/* Says whose plan it is, so that another's would be noticed. */
gchar *
nucseg_cudnn_conv_get_text (const NucsegCudnnConv *conv)
{
  const NucsegCudnnSpec *s = &conv->spec;

  g_assert (conv->built != G_MAXUINT);
  return g_strdup_printf ("{%u %d %d %d %d %d %d %d %d %d %d}", conv->built,
      s->type, s->batch, s->height, s->width, s->in_channels, s->out_channels,
      s->out_pitch, s->kernel_h, s->dilation, s->scaled);
}

gboolean
nucseg_cudnn_conv_load (
    NucsegCudnnConv *conv, guint candidate, const gchar *text, GError **error)
{
  g_autofree gchar *own = NULL;

  if (!is_usable (conv, candidate, error))
    return FALSE;
  conv->built = candidate;
  conv->loaded = TRUE;
  own = nucseg_cudnn_conv_get_text (conv);
  g_assert_cmpstr (text, ==, own);
  g_atomic_int_inc (&emulated_get_log ()->n_loaded);
  return TRUE;
}

void
nucseg_cudnn_conv_drop_built (NucsegCudnnConv *conv)
{
  g_assert (conv->built != G_MAXUINT);
  conv->built = G_MAXUINT;
}

guint
nucseg_cudnn_conv_get_built (const NucsegCudnnConv *conv)
{
  return conv->built;
}

const NucsegCudnnSpec *
nucseg_cudnn_conv_get_spec (const NucsegCudnnConv *conv)
{
  return &conv->spec;
}

gsize
nucseg_cudnn_conv_get_workspace (const NucsegCudnnConv *conv)
{
  return conv->built == 0 ? 64 : 0;
}

NucsegCudnnPack *
nucseg_cudnn_pack_new (NucsegCudnnConv *conv, gpointer in, gpointer weight,
    gpointer bias, gpointer scale, gpointer out, gpointer workspace,
    GError **error)
{
  NucsegCudnnPack *pack = g_new (NucsegCudnnPack, 1);

  g_assert (in && weight && bias && out);
  g_assert (!conv->spec.scaled == !scale);
  g_assert (GPOINTER_TO_SIZE (in) % 16 == 0 && GPOINTER_TO_SIZE (out) % 16 == 0
      && GPOINTER_TO_SIZE (weight) % 16 == 0);
  *pack = (NucsegCudnnPack){ in, weight, bias, scale, out, workspace };
  return pack;
}

void
nucseg_cudnn_pack_free (NucsegCudnnPack *pack)
{
  g_free (pack);
}

/* Bits of 16 as an element of the type, which isn't f32, and back. */
static guint16
to_bits (NucsegCudaType type, gfloat value)
{
  guint32 bits;

  if (type == NUCSEG_CUDA_F16)
    return nucseg_half_from_f32 (value);
  memcpy (&bits, &value, sizeof bits);
  return (guint16) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static gfloat
from_bits (NucsegCudaType type, guint16 half)
{
  const guint32 bits = (guint32) half << 16;
  gfloat value;

  if (type == NUCSEG_CUDA_F16)
    return nucseg_f32_from_half (half);
  memcpy (&value, &bits, sizeof value);
  return value;
}

static gfloat
load (const NucsegCudnnSpec *spec, gconstpointer data, gsize at)
{
  return spec->type == NUCSEG_CUDA_F32
      ? ((const gfloat *) data)[at]
      : from_bits (spec->type, ((const guint16 *) data)[at]);
}

static void
store (const NucsegCudnnSpec *spec, gpointer data, gsize at, gfloat value)
{
  if (spec->type == NUCSEG_CUDA_F32)
    ((gfloat *) data)[at] = value;
  else
    ((guint16 *) data)[at] = to_bits (spec->type, value);
}

static gfloat
load_input (const NucsegCudnnConv *conv, const NucsegCudnnPack *pack, gint n,
    gsize pixel, gint channel)
{
  const NucsegCudnnSpec *spec = &conv->spec;
  const gsize first = (gsize) n * spec->height * spec->width;
  gfloat value = load (
      spec, pack->in, (first + pixel) * (gsize) spec->in_channels + channel);

  if (!spec->scaled)
    return value;
  value *= ((const gfloat *) pack->scale)[channel]; /* of the one image */
  return spec->type == NUCSEG_CUDA_F32
      ? value
      : from_bits (spec->type, to_bits (spec->type, value));
}

static gfloat
sum_at (const NucsegCudnnConv *conv, const NucsegCudnnPack *pack, gint n,
    gint y, gint x, gint o)
{
  const NucsegCudnnSpec *spec = &conv->spec;
  gfloat sum = 0;

  for (gint ky = 0; ky < spec->kernel_h; ky++) {
    const gint iy = y * spec->stride + ky * spec->dilation - spec->padding;

    for (gint kx = 0; kx < spec->kernel_w; kx++) {
      const gint ix = x * spec->stride + kx * spec->dilation - spec->padding;
      const gsize at = (((gsize) o * spec->kernel_h + ky) * spec->kernel_w + kx)
          * spec->in_channels;

      if (iy < 0 || iy >= spec->height || ix < 0 || ix >= spec->width)
        continue;
      for (gint i = 0; i < spec->in_channels; i++)
        sum += load_input (conv, pack, n, (gsize) iy * spec->width + ix, i)
            * load (spec, pack->weight, at + i);
    }
  }
  return sum + ((const gfloat *) pack->bias)[o];
}

static gfloat
activate (NucsegActivation activation, gfloat value)
{
  switch (activation) {
  case NUCSEG_ACTIVATION_RELU:
    return MAX (value, 0);
  case NUCSEG_ACTIVATION_SIGMOID:
    return 1 / (1 + expf (-value));
  default:
    return value;
  }
}

static gint
out_size (const NucsegCudnnSpec *spec, gint size, gint kernel)
{
  return (size + 2 * spec->padding - spec->dilation * (kernel - 1) - 1)
      / spec->stride
      + 1;
}

gboolean
nucseg_cudnn_conv_execute (NucsegCudnnConv *conv, NucsegCudnnPack *pack,
    cudaStream_t stream, GError **error)
{
  const NucsegCudnnSpec *spec = &conv->spec;
  const gint height = out_size (spec, spec->height, spec->kernel_h);
  const gint width = out_size (spec, spec->width, spec->kernel_w);
  const gsize pitch = conv->built < emulated_get_log ()->deaf
      ? (gsize) spec->out_channels
      : (gsize) spec->out_pitch;

  if (conv->loaded && emulated_get_log ()->unrunnable > 0) {
    emulated_get_log ()->unrunnable--;
    g_set_error (
        error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE, "the plan can't be run");
    return FALSE;
  }
  g_assert (stream == emulation_get_stream ());
  begin (conv->cudnn);
  g_atomic_int_inc (&emulated_get_log ()->n_executed);
  g_assert (conv->built != G_MAXUINT);
  g_assert (pack->workspace || nucseg_cudnn_conv_get_workspace (conv) == 0);
  if (nucseg_cudnn_conv_get_workspace (conv) > 0)
    emulated_use_workspace (pack->workspace);
  for (gint n = 0; n < spec->batch; n++) {
    for (gint y = 0; y < height; y++) {
      for (gint x = 0; x < width; x++) {
        const gsize pixel = ((gsize) n * height + y) * width + x;

        for (gint o = 0; o < spec->out_channels; o++)
          store (spec, pack->out, pixel * pitch + o,
              activate (spec->activation, sum_at (conv, pack, n, y, x, o)));
      }
    }
  }
  end (conv->cudnn);
  return TRUE;
}
