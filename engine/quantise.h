/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * quantise.h: weights and biases of a convolution in int8, for all back ends
 * alike. Internal to the project.
 */
#ifndef NUCSEG_QUANTISE_H
#define NUCSEG_QUANTISE_H

#include "graph.h"

G_BEGIN_DECLS

/**
 * NucsegQuantised:
 * @weight: in the order of the file's, -127..127
 * @bias: of each output channel, integers of at most 2^23 in absolute value:
 *   to be added to the sum of products
 * @factor: of each output channel, > 0: what a step of that sum is worth, in
 *   steps of the output or, where the output has none, in its own unit
 */
typedef struct {
  gint8 *weight;
  gfloat *bias;
  gfloat *factor;
} NucsegQuantised;

/**
 * nucseg_quantised_init:
 * @quantised: (out): to be cleared
 * @conv: the convolution
 * @in_scale: of its input, > 0
 * @out_scale: of its output; 0: that is f32
 *
 * Returns: FALSE where there is no memory; nothing is to be cleared then
 */
NUCSEG_API gboolean nucseg_quantised_init (NucsegQuantised *quantised,
    const NucsegConv *conv, gfloat in_scale, gfloat out_scale);
NUCSEG_API void nucseg_quantised_clear (NucsegQuantised *quantised);

G_END_DECLS

#endif /* NUCSEG_QUANTISE_H */
