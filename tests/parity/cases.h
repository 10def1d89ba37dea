/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cases.h: the networks that parity tests run; the benchmark reuses them.
 */
#ifndef NUCSEG_TESTS_PARITY_CASES_H
#define NUCSEG_TESTS_PARITY_CASES_H

#include "modelbuilder.h"
#include "nucseg.h"

/* How the operation's output comes back to the size of the input: it has it;
 * it is half of it (nearest up-sampling follows); or any: its averages weigh
 * the channels of the operation's input. */
typedef enum {
  PARITY_TAIL_SAME,
  PARITY_TAIL_HALF,
  PARITY_TAIL_WEIGH
} ParityTail;

/**
 * ParityCase:
 * @name: of the test
 * @op: operation under test, as in the file
 * @height: rows that the operation sees
 * @width: columns
 * @block: the input is brought down by space-to-depth of this block first (1:
 *   it isn't), and back up behind
 * @channels: that the operation sees
 * @out: channels that a convolution gives
 * @conv: of a convolution
 * @argument: of other operations: kernel, rows, block; or "mode" as
 *   @mode
 * @second: stride, columns
 * @mode: of upsample
 * @tail: see there
 * @multiple: of height and width, such that one multiple is enough for the
 *   operation; 0: 1
 *
 * The seed of weights and input is a hash of the name.
 */
typedef struct {
  const gchar *name, *op;
  gint height, width, block, channels;
  gint out;
  NucsegBuilderConv conv;
  gint argument, second;
  const gchar *mode;
  ParityTail tail;
  gint multiple;
} ParityCase;

extern const ParityCase parity_cases[];
extern const guint parity_n_cases;

guint64 parity_case_seed (const ParityCase *c);

/* The network's input has height x block rows and width x block columns.
 * @absolute: with the absolute values of all weights and biases: such a
 * network, fed absolute values, tells how large the sums of absolute products
 * are. */
NucsegModel *parity_case_build (const ParityCase *c, gboolean absolute);

/* The same network for int8: what comes into the operation is in steps, and so
 * is what comes out of it where the operation can have a scale. */
NucsegModel *parity_case_build_int8 (const ParityCase *c);

/* A whole attention U-Net: stem by space-to-depth 2, four stages of the given
 * widths with SAP and CE, the deepest dilated, ASPP, skips, three maps. Its
 * multiple is 16. */
NucsegModel *parity_unet_build (guint64 seed, const gint widths[4]);
/* With scales. */
NucsegModel *parity_unet_build_int8 (guint64 seed, const gint widths[4]);

/* A graph that @seed draws, with three maps, for an input of height x width,
 * which are multiples of @multiple. @int8: some nodes have scales, in most
 * graphs. */
NucsegModel *parity_random_build (
    guint64 seed, gint multiple, gint height, gint width, gboolean int8);

#endif /* NUCSEG_TESTS_PARITY_CASES_H */
