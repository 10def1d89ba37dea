/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnnl-private.h: what dnnl.c and dnnl-conv.c share: oneDNN's header, and its C
 * API of 2.6 to 3.x as one. Release 3 made memory descriptors opaque and did
 * away with operation descriptors; the functions below hide that.
 */
#ifndef NUCSEG_CPU_ONEDNN_DNNL_PRIVATE_H
#define NUCSEG_CPU_ONEDNN_DNNL_PRIVATE_H

#include "cpu/onednn/dnnl.h"

#include "quantise.h"

#include <oneapi/dnnl/dnnl.h>

struct _NucsegDnnl {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
};

/* FALSE and an error that says @what failed, unless @status is a success. */
gboolean
nucseg_dnnl_check (dnnl_status_t status, const gchar *what, GError **error);

#if DNNL_VERSION_MAJOR >= 3

typedef dnnl_memory_desc_t Desc;
typedef const_dnnl_memory_desc_t DescRef;
#define DESC_REF(desc) (desc)

static inline dnnl_status_t
desc_init (Desc *desc, gint n_dims, const dnnl_dim_t *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
  return dnnl_memory_desc_create_with_tag (desc, n_dims, dims, type, tag);
}

static inline void
desc_clear (Desc *desc)
{
  if (*desc)
    dnnl_memory_desc_destroy (*desc);
}

static inline dnnl_status_t
append_activation (dnnl_post_ops_t post_ops, dnnl_alg_kind_t kind)
{
  return dnnl_post_ops_append_eltwise (post_ops, kind, 0, 0);
}

static inline dnnl_status_t
conv_desc_new (dnnl_primitive_desc_t *pd, dnnl_engine_t engine, DescRef in,
    DescRef weights, DescRef bias, DescRef out, const dnnl_dim_t *strides,
    const dnnl_dim_t *dilates, const dnnl_dim_t *padding,
    const_dnnl_primitive_attr_t attr)
{
  return dnnl_convolution_forward_primitive_desc_create (pd, engine,
      dnnl_forward_inference, dnnl_convolution_direct, in, weights, bias, out,
      strides, dilates, padding, padding, attr);
}

/* Release 3 scales the sums of products, then adds the bias. */
static inline dnnl_status_t
set_factors (dnnl_primitive_attr_t attr, const NucsegConv *conv,
    NucsegQuantised *quantised)
{
  for (gint o = 0; o < conv->out_channels; o++)
    quantised->bias[o] *= quantised->factor[o];
  return dnnl_primitive_attr_set_scales_mask (
      attr, DNNL_ARG_WEIGHTS, conv->groups > 1 ? 3 : 1);
}

#else

typedef dnnl_memory_desc_t Desc;
typedef const dnnl_memory_desc_t *DescRef;
#define DESC_REF(desc) (&(desc))

static inline dnnl_status_t
desc_init (Desc *desc, gint n_dims, const dnnl_dim_t *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag)
{
  return dnnl_memory_desc_init_by_tag (desc, n_dims, dims, type, tag);
}

static inline void
desc_clear (Desc *desc)
{
}

static inline dnnl_status_t
append_activation (dnnl_post_ops_t post_ops, dnnl_alg_kind_t kind)
{
  return dnnl_post_ops_append_eltwise (post_ops, 1, kind, 0, 0);
}

static inline dnnl_status_t
conv_desc_new (dnnl_primitive_desc_t *pd, dnnl_engine_t engine, DescRef in,
    DescRef weights, DescRef bias, DescRef out, const dnnl_dim_t *strides,
    const dnnl_dim_t *dilates, const dnnl_dim_t *padding,
    const_dnnl_primitive_attr_t attr)
{
  dnnl_convolution_desc_t desc;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init (&desc,
      dnnl_forward_inference, dnnl_convolution_direct, in, weights, bias, out,
      strides, dilates, padding, padding);

  if (status != dnnl_success)
    return status;
  return dnnl_primitive_desc_create (pd, &desc, attr, engine, NULL);
}

/* Release 2 adds the bias to the sums of products, then scales. */
static inline dnnl_status_t
set_factors (dnnl_primitive_attr_t attr, const NucsegConv *conv,
    NucsegQuantised *quantised)
{
  return dnnl_primitive_attr_set_output_scales (
      attr, conv->out_channels, 1 << 1, quantised->factor);
}

#endif

#endif /* NUCSEG_CPU_ONEDNN_DNNL_PRIVATE_H */
