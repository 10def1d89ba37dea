/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-convs.c: chooses the convolutions that are cuDNN's: with the channel
 * weights in front where it has engines that multiply as they load, and in the
 * concatenation behind where it has engines that write there.
 */
#include "cuda/network-private.h"

#include "cuda/convs.h"

static NucsegCudnnConv *
get_conv (NucsegNetwork *self, guint i, const NucsegCudnnSpec *spec)
{
  g_autoptr (GError) error = NULL;
  NucsegCudnnConv *conv =
      nucseg_engines_get_conv (self->engines, i, spec, &error);

  if (!conv)
    g_debug ("node '%s'%s%s: %s", self->graph->nodes[i].name,
        spec->scaled ? " with channel weights" : "",
        nucseg_cudnn_spec_is_slice (spec) ? " in a concatenation" : "",
        error->message);
  return conv;
}

/* In the concatenation that it is for, if cuDNN has engines that write there;
 * else dense. */
static NucsegCudnnConv *
make_conv (
    NucsegNetwork *self, const NucsegShape *shapes, guint i, gboolean scaled)
{
  NucsegPlaced *node = &self->nodes[i];
  NucsegCudnnConv *conv;
  NucsegCudnnSpec spec;
  gint channel;
  guint host;

  node->host = NUCSEG_NONE;
  if (node->done
      || !nucseg_convs_spec (
          self->graph, shapes, self->batch, self->type, i, &spec))
    return NULL;
  spec.scaled = scaled;
  if (nucseg_convs_find_slice (self->graph, shapes, i, &host, &channel)) {
    spec.out_pitch = self->nodes[host].pitch;
    conv = get_conv (self, i, &spec);
    if (conv) {
      node->host = host;
      node->host_channel = channel;
      return conv;
    }
    spec.out_pitch = spec.out_channels;
  }
  return get_conv (self, i, &spec);
}

/* All convolutions behind a product, or none. */
static void
fuse_scale (NucsegNetwork *self, const NucsegShape *shapes, guint product)
{
  const NucsegGraph *graph = self->graph;
  gboolean ok = TRUE;

  for (guint i = product + 1; ok && i < graph->n_nodes; i++) {
    if (graph->nodes[i].op != NUCSEG_OP_CONV
        || graph->nodes[i].inputs[0] != product)
      continue;
    self->nodes[i].cudnn = make_conv (self, shapes, i, TRUE);
    ok = self->nodes[i].cudnn != NULL;
  }
  if (ok) {
    self->nodes[product].scale = self->nodes[product].done = TRUE;
    return;
  }
  for (guint i = product + 1; i < graph->n_nodes; i++) {
    if (graph->nodes[i].op == NUCSEG_OP_CONV
        && graph->nodes[i].inputs[0] == product) {
      self->nodes[i].cudnn = NULL;
      self->nodes[i].host = NUCSEG_NONE;
    }
  }
}

void
nucseg_network_choose_convs (NucsegNetwork *self, const NucsegShape *shapes)
{
  for (guint i = 0; i < self->graph->n_nodes; i++) {
    /* In f32 cuDNN has no engine that does both. */
    if (self->type != NUCSEG_CUDA_F32
        && nucseg_convs_is_scale (self->graph, shapes, self->batch, i))
      fuse_scale (self, shapes, i);
    if (!self->nodes[i].cudnn)
      self->nodes[i].cudnn = make_conv (self, shapes, i, FALSE);
  }
}
