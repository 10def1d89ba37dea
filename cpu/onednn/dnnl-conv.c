/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnnl-conv.c: one convolution as a primitive of oneDNN, with its weights in
 * the layout that oneDNN likes best.
 */
#include "cpu/kernels/activate.h"
#include "cpu/onednn/dnnl-private.h"
#include "cpu/parallel.h"

#define N_ARGS 6

struct _NucsegDnnlConv {
  NucsegDnnl *dnnl;
  dnnl_primitive_t primitive;
  gchar *implementation;
  gsize scratchpad_size;
  /* Memory objects stand in args; the weights' and the bias' are ours. */
  dnnl_exec_arg_t args[N_ARGS];
  gint n_args;
  NucsegQuantised quantised; /* of convolutions of steps; else all NULL */
  /* Where oneDNN can't do it: of the values that it leaves in the output. */
  NucsegActivation activation;
  gfloat *out;
  gint rows, row_values;
};

static dnnl_data_type_t
data_type (NucsegElement element)
{
  static const dnnl_data_type_t types[NUCSEG_N_ELEMENTS] = { dnnl_f32,
    dnnl_bf16, dnnl_u8 };

  return types[element];
}

/* Adds a memory object to the arguments. */
static gboolean
add_arg (
    NucsegDnnlConv *self, gint arg, DescRef desc, void *handle, GError **error)
{
  dnnl_memory_t memory = NULL;

  if (!nucseg_dnnl_check (
          dnnl_memory_create (&memory, desc, self->dnnl->engine, handle),
          "making a memory object", error))
    return FALSE;
  self->args[self->n_args].arg = arg;
  self->args[self->n_args].memory = memory;
  self->n_args++;
  return TRUE;
}

static dnnl_memory_t
find_arg (NucsegDnnlConv *self, gint arg)
{
  for (gint i = 0; i < self->n_args; i++) {
    if (self->args[i].arg == arg)
      return self->args[i].memory;
  }
  return NULL;
}

/* Copies @data, described by @from, into the argument's own layout. */
static gboolean
reorder_into (
    NucsegDnnlConv *self, gint arg, DescRef from, gpointer data, GError **error)
{
  dnnl_engine_t engine = self->dnnl->engine;
  dnnl_memory_t target = find_arg (self, arg), source = NULL;
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_t reorder = NULL;
  gboolean ok = FALSE;
  DescRef to;

#if DNNL_VERSION_MAJOR >= 3
  to = NULL;
#endif
  if (!nucseg_dnnl_check (dnnl_memory_get_memory_desc (target, &to),
          "asking for a layout", error)
      || !nucseg_dnnl_check (dnnl_memory_create (&source, from, engine, data),
          "making a memory object", error))
    goto out;
  if (!nucseg_dnnl_check (dnnl_reorder_primitive_desc_create (
                              &pd, from, engine, to, engine, NULL),
          "choosing a reorder", error)
      || !nucseg_dnnl_check (
          dnnl_primitive_create (&reorder, pd), "making a reorder", error))
    goto out;
  dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, source },
    { DNNL_ARG_TO, target } };
  ok = nucseg_dnnl_check (
           dnnl_primitive_execute (reorder, self->dnnl->stream, 2, args),
           "a reorder", error)
      && nucseg_dnnl_check (
          dnnl_stream_wait (self->dnnl->stream), "a reorder", error);
out:
  if (reorder)
    dnnl_primitive_destroy (reorder);
  if (pd)
    dnnl_primitive_desc_destroy (pd);
  if (source)
    dnnl_memory_destroy (source);
  return ok;
}

/* Activation and factors in the attributes; the scratchpad is the caller's.
 * @quantised: its factors, or NULL. */
static dnnl_primitive_attr_t
attr_new (const NucsegConv *conv, NucsegActivation activation,
    NucsegQuantised *quantised, GError **error)
{
  dnnl_primitive_attr_t attr = NULL;
  dnnl_post_ops_t post_ops = NULL;
  gboolean ok = nucseg_dnnl_check (
      dnnl_primitive_attr_create (&attr), "making attributes", error);

  ok = ok
      && nucseg_dnnl_check (dnnl_primitive_attr_set_scratchpad_mode (
                                attr, dnnl_scratchpad_mode_user),
          "setting the scratchpad mode", error);
  ok = ok
      && (!quantised
          || nucseg_dnnl_check (
              set_factors (attr, conv, quantised), "setting scales", error));
  if (ok && activation != NUCSEG_ACTIVATION_NONE) {
    ok = nucseg_dnnl_check (
             dnnl_post_ops_create (&post_ops), "making post-ops", error)
        && nucseg_dnnl_check (
            append_activation (post_ops,
                activation == NUCSEG_ACTIVATION_RELU ? dnnl_eltwise_relu
                                                     : dnnl_eltwise_logistic),
            "appending an activation", error)
        && nucseg_dnnl_check (dnnl_primitive_attr_set_post_ops (attr, post_ops),
            "setting post-ops", error);
  }
  if (post_ops)
    dnnl_post_ops_destroy (post_ops);
  if (!ok && attr) {
    dnnl_primitive_attr_destroy (attr);
    attr = NULL;
  }
  return attr;
}

/* Release 3 is given the factors at run time. */
static gboolean
add_factors (NucsegDnnlConv *self, const NucsegConv *conv, GError **error)
{
#if DNNL_VERSION_MAJOR >= 3
  const dnnl_dims_t dims = { conv->out_channels };
  Desc desc = { 0 };
  gboolean ok = nucseg_dnnl_check (desc_init (&desc, 1, dims, dnnl_f32, dnnl_a),
                    "describing scales", error)
      && add_arg (self, DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS,
          DESC_REF (desc), self->quantised.factor, error);

  desc_clear (&desc);
  return ok;
#else
  return TRUE;
#endif
}

/* Makes the primitive from its descriptor, with all of its memory objects. */
static gboolean
finish (NucsegDnnlConv *self, dnnl_primitive_desc_t pd, const NucsegConv *conv,
    DescRef file_weights, GError **error)
{
  const NucsegQuantised *integers = &self->quantised;
  const char *name = NULL;
  const gfloat *bias;
  DescRef desc;

  if (!nucseg_dnnl_check (dnnl_primitive_create (&self->primitive, pd),
          "making a convolution", error))
    return FALSE;
  dnnl_primitive_desc_query (pd, dnnl_query_impl_info_str, 0, (void *) &name);
  self->implementation = g_strdup (name ? name : "unknown");

  desc = dnnl_primitive_desc_query_md (pd, dnnl_query_src_md, 0);
  if (!add_arg (self, DNNL_ARG_SRC, desc, DNNL_MEMORY_NONE, error))
    return FALSE;
  desc = dnnl_primitive_desc_query_md (pd, dnnl_query_dst_md, 0);
  if (!add_arg (self, DNNL_ARG_DST, desc, DNNL_MEMORY_NONE, error))
    return FALSE;
  desc = dnnl_primitive_desc_query_md (pd, dnnl_query_scratchpad_md, 0);
  self->scratchpad_size = dnnl_memory_desc_get_size (desc);
  if (self->scratchpad_size > 0
      && !add_arg (self, DNNL_ARG_SCRATCHPAD, desc, DNNL_MEMORY_NONE, error))
    return FALSE;
  desc = dnnl_primitive_desc_query_md (pd, dnnl_query_weights_md, 0);
  if (!add_arg (self, DNNL_ARG_WEIGHTS, desc, DNNL_MEMORY_ALLOCATE, error)
      || !reorder_into (self, DNNL_ARG_WEIGHTS, file_weights,
          integers->weight ? (gpointer) integers->weight
                           : (gpointer) conv->weight,
          error))
    return FALSE;
  /* The model outlives its plans: its bias is used where it lies. */
  bias = integers->weight ? integers->bias : conv->bias;
  if (bias) {
    desc = dnnl_primitive_desc_query_md (pd, dnnl_query_weights_md, 1);
    if (!add_arg (self, DNNL_ARG_BIAS, desc, (gpointer) bias, error))
      return FALSE;
  }
  return !integers->weight || add_factors (self, conv, error);
}

NucsegDnnlConv *
nucseg_dnnl_conv_new (NucsegDnnl *dnnl, const NucsegConv *conv,
    const NucsegTensor *in, const NucsegTensor *out, GError **error)
{
  const dnnl_dim_t groups = conv->groups;
  const gboolean steps = in->type == NUCSEG_ELEMENT_U8;
  /* oneDNN 2.6 offers a kernel for it and then can't make it. */
  const gboolean apart = steps && groups > 1
      && conv->activation == NUCSEG_ACTIVATION_SIGMOID
      && out->type == NUCSEG_ELEMENT_F32;
  /* What is kept within 0..255 needs no rectifier. */
  const NucsegActivation activation = out->type == NUCSEG_ELEMENT_U8 || apart
      ? NUCSEG_ACTIVATION_NONE
      : conv->activation;
  const dnnl_data_type_t weight_type = steps ? dnnl_s8 : data_type (in->type);
  const dnnl_dims_t in_dims = { 1, in->channels, in->height, in->width };
  const dnnl_dims_t out_dims = { 1, out->channels, out->height, out->width };
  const dnnl_dims_t bias_dims = { out->channels };
  const dnnl_dims_t grouped = { groups, out->channels / groups,
    in->channels / groups, conv->kernel_h, conv->kernel_w };
  const dnnl_dims_t plain = { out->channels, in->channels, conv->kernel_h,
    conv->kernel_w };
  const gint n_weight_dims = groups > 1 ? 5 : 4;
  const dnnl_dim_t *weight_dims = groups > 1 ? grouped : plain;
  const dnnl_format_tag_t file_tag = groups > 1 ? dnnl_goihw : dnnl_oihw;
  const dnnl_dims_t strides = { conv->stride, conv->stride };
  const dnnl_dims_t dilates = { conv->dilation - 1, conv->dilation - 1 };
  const dnnl_dims_t padding = { conv->padding, conv->padding };
  Desc in_desc = { 0 }, out_desc = { 0 }, weights = { 0 }, bias = { 0 };
  Desc file_weights = { 0 };
  dnnl_primitive_attr_t attr = NULL;
  dnnl_primitive_desc_t pd = NULL;
  NucsegDnnlConv *self = g_new0 (NucsegDnnlConv, 1);
  gboolean ok;

  self->dnnl = dnnl;
  self->activation = apart ? conv->activation : NUCSEG_ACTIVATION_NONE;
  self->rows = out->height;
  self->row_values = out->width * out->channels;
  ok = nucseg_dnnl_check (
           desc_init (&in_desc, 4, in_dims, data_type (in->type), dnnl_nhwc),
           "describing an input", error)
      && nucseg_dnnl_check (
          desc_init (&out_desc, 4, out_dims, data_type (out->type), dnnl_nhwc),
          "describing an output", error)
      && nucseg_dnnl_check (desc_init (&weights, n_weight_dims, weight_dims,
                                weight_type, dnnl_format_tag_any),
          "describing weights", error)
      && nucseg_dnnl_check (
          desc_init (&file_weights, n_weight_dims, weight_dims,
              steps ? dnnl_s8 : dnnl_f32, file_tag),
          "describing weights", error)
      && nucseg_dnnl_check (desc_init (&bias, 1, bias_dims, dnnl_f32, dnnl_a),
          "describing a bias", error);
  if (ok && steps
      && !nucseg_quantised_init (&self->quantised, conv, in->scale,
          out->type == NUCSEG_ELEMENT_U8 ? out->scale : 0)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for a convolution's weights");
    ok = FALSE;
  }
  if (ok)
    attr = attr_new (conv, activation, steps ? &self->quantised : NULL, error);
  ok = attr
      && nucseg_dnnl_check (
          conv_desc_new (&pd, dnnl->engine, DESC_REF (in_desc),
              DESC_REF (weights), conv->bias || steps ? DESC_REF (bias) : NULL,
              DESC_REF (out_desc), strides, dilates, padding, attr),
          "choosing a convolution", error)
      && finish (self, pd, conv, DESC_REF (file_weights), error);

  if (pd)
    dnnl_primitive_desc_destroy (pd);
  if (attr)
    dnnl_primitive_attr_destroy (attr);
  desc_clear (&in_desc);
  desc_clear (&out_desc);
  desc_clear (&weights);
  desc_clear (&file_weights);
  desc_clear (&bias);
  if (!ok) {
    nucseg_dnnl_conv_free (self);
    return NULL;
  }
  return self;
}

void
nucseg_dnnl_conv_free (NucsegDnnlConv *conv)
{
  if (!conv)
    return;
  for (gint i = 0; i < conv->n_args; i++)
    dnnl_memory_destroy (conv->args[i].memory);
  if (conv->primitive)
    dnnl_primitive_destroy (conv->primitive);
  nucseg_quantised_clear (&conv->quantised);
  g_free (conv->implementation);
  g_free (conv);
}

gsize
nucseg_dnnl_conv_get_scratchpad_size (const NucsegDnnlConv *conv)
{
  return conv->scratchpad_size;
}

const gchar *
nucseg_dnnl_conv_get_implementation (const NucsegDnnlConv *conv)
{
  return conv->implementation;
}

gboolean
nucseg_dnnl_conv_bind (NucsegDnnlConv *conv, gpointer in, gpointer out,
    gpointer scratchpad, GError **error)
{
  conv->out = out;
  return nucseg_dnnl_check (
             dnnl_memory_set_data_handle (find_arg (conv, DNNL_ARG_SRC), in),
             "setting an input", error)
      && nucseg_dnnl_check (
          dnnl_memory_set_data_handle (find_arg (conv, DNNL_ARG_DST), out),
          "setting an output", error)
      && (conv->scratchpad_size == 0
          || nucseg_dnnl_check (
              dnnl_memory_set_data_handle (
                  find_arg (conv, DNNL_ARG_SCRATCHPAD), scratchpad),
              "setting the scratchpad", error));
}

static void
activate_rows (gpointer data, gint part, gint first, gint end)
{
  const NucsegDnnlConv *conv = data;

  for (gint y = first; y < end; y++)
    nucseg_activate (conv->activation, conv->out + (gsize) y * conv->row_values,
        conv->row_values);
}

gboolean
nucseg_dnnl_conv_execute (NucsegDnnlConv *conv, GError **error)
{
  if (!nucseg_dnnl_check (dnnl_primitive_execute (conv->primitive,
                              conv->dnnl->stream, conv->n_args, conv->args),
          "a convolution", error)
      || !nucseg_dnnl_check (
          dnnl_stream_wait (conv->dnnl->stream), "a convolution", error))
    return FALSE;
  if (conv->activation != NUCSEG_ACTIVATION_NONE)
    nucseg_parallel_rows (
        activate_rows, conv, conv->rows, nucseg_parallel_threads ());
  return TRUE;
}
