/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * grey-conv.h: convolutions of the frame's grey, as networks begin with, in
 * f32: of one channel, or of the four that blocks of 2x2 pixels become. A
 * library's output is dense and f32 as well; this one is written where it is
 * read, in the type in which it is read.
 */
#ifndef NUCSEG_CPU_GREY_CONV_H
#define NUCSEG_CPU_GREY_CONV_H

#include "cpu/tensor.h"

G_BEGIN_DECLS

/* Weights in the order in which the kernels read them. */
typedef struct {
  NucsegConv conv;
  gfloat *weight; /* (KH, KW, I, O) */
  gfloat *bias; /* (O) */
} NucsegGreyConv;

/* Whether it is one that the kernels for inputs of type @in do on this CPU. */
gboolean nucseg_grey_conv_wants (const NucsegConv *conv, NucsegElement in);

/* Copies the weights. */
NucsegGreyConv *nucseg_grey_conv_new (const NucsegConv *conv);
void nucseg_grey_conv_free (NucsegGreyConv *self);

G_END_DECLS

#endif /* NUCSEG_CPU_GREY_CONV_H */
