/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tensor.h: a view of one tensor of the network, as the CPU kernels take it:
 * NHWC with N = 1. A pixel's channels are contiguous; pixels stand `pitch`
 * elements apart, so a tensor may be a slice of a wider one (a part of a
 * concatenation). Rows follow without gaps: width * pitch elements each.
 */
#ifndef NUCSEG_CPU_TENSOR_H
#define NUCSEG_CPU_TENSOR_H

#include "graph.h"

G_BEGIN_DECLS

typedef enum {
  NUCSEG_ELEMENT_F32,
  NUCSEG_ELEMENT_BF16,
  NUCSEG_ELEMENT_U8, /* steps of the tensor's scale */
  NUCSEG_N_ELEMENTS
} NucsegElement;

/* Bytes of one element. */
static inline gsize
nucseg_element_size (NucsegElement element)
{
  static const gsize sizes[NUCSEG_N_ELEMENTS] = { 4, 2, 1 };

  return sizes[element];
}

typedef struct {
  gint height, width, channels;
  gint pitch; /* elements from one pixel to the next, >= channels */
  NucsegElement type;
  gpointer data; /* borrowed */
  gfloat scale; /* what a step is worth, for U8 */
} NucsegTensor;

/* bf16 is the upper half of an f32; rounding to nearest even. */
static inline gfloat
nucseg_f32_from_bf16 (guint16 value)
{
  union {
    guint32 bits;
    gfloat value;
  } u = { (guint32) value << 16 };

  return u.value;
}

static inline guint16
nucseg_bf16_from_f32 (gfloat value)
{
  union {
    gfloat value;
    guint32 bits;
  } u = { value };

  if ((u.bits & 0x7fffffffu) > 0x7f800000u)
    return (guint16) (u.bits >> 16) | 0x40; /* NaN stays NaN */
  return (guint16) ((u.bits + 0x7fffu + ((u.bits >> 16) & 1u)) >> 16);
}

G_END_DECLS

#endif /* NUCSEG_CPU_TENSOR_H */
