/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conv.h: convolutions, heads and attention chains for nucseg_cuda_conv(),
 * nucseg_cuda_head() and nucseg_cuda_attention().
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_CONV_H
#define NUCSEG_TESTS_CUDA_CASES_CONV_H

#include "cuda/kernels-network.h"
#include "tests/cuda/cases/layout.h"

/* What results may differ by, besides a unit in the last place: some hundred
 * products of values within 2 in f32, and fewer. */
#define CONV_ABSOLUTE 2e-5
#define HEAD_ABSOLUTE 1e-5
#define ATTENTION_OWN 2e-6
#define ATTENTION_WEIGHTS 4e-6

/* One unit in the last place of a type, for values that may round to the
 * neighbour because a sum was rounded otherwise. */
static inline double
conv_unit (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? 0x1p-22
      : type == NUCSEG_CUDA_F16  ? 0x1p-10
                                 : 0x1p-7;
}

typedef struct {
  const char *name;
  NucsegShape in;
  gint out, kernel_h, kernel_w, groups, stride, dilation, padding;
  NucsegActivation activation;
  gboolean bias;
  Layout in_layout, out_layout;
} ConvCase;

static const ConvCase conv_cases[] = {
  { "stem", { 13, 21, 1 }, 16, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU, TRUE,
      DENSE, DENSE },
  { "stem-of-4", { 32, 32, 4 }, 16, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      TRUE, { 4, 0 }, DENSE },
  { "wide", { 6, 7, 32 }, 40, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU, TRUE,
      DENSE, SLICE },
  { "1x1", { 9, 15, 24 }, 12, 1, 1, 1, 1, 1, 0, NUCSEG_ACTIVATION_NONE, TRUE,
      SLICE, DENSE },
  { "1x1-of-1-pixel", { 1, 1, 128 }, 64, 1, 1, 1, 1, 1, 0,
      NUCSEG_ACTIVATION_SIGMOID, TRUE, DENSE, DENSE },
  { "few-outputs", { 10, 9, 1 }, 8, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      TRUE, DENSE, SLICE },
  { "grouped-packed", { 6, 5, 8 }, 48, 3, 3, 2, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      TRUE, DENSE, DENSE },
  { "grouped-unpacked", { 6, 5, 8 }, 24, 3, 3, 4, 1, 1, 1,
      NUCSEG_ACTIVATION_NONE, TRUE, DENSE, DENSE },
  { "dilated", { 11, 10, 8 }, 8, 3, 3, 1, 1, 6, 6, NUCSEG_ACTIVATION_RELU, TRUE,
      DENSE, DENSE },
  { "strided", { 14, 15, 5 }, 7, 3, 3, 1, 2, 1, 1, NUCSEG_ACTIVATION_NONE,
      FALSE, ODD, ODD },
  { "5x3-far-out", { 5, 6, 3 }, 4, 5, 3, 1, 1, 1, 4, NUCSEG_ACTIVATION_NONE,
      TRUE, DENSE, DENSE },
  { "31x31", { 8, 8, 2 }, 3, 31, 31, 1, 1, 1, 15, NUCSEG_ACTIVATION_NONE, TRUE,
      DENSE, DENSE },
  { "grouped", { 9, 8, 12 }, 18, 3, 3, 3, 1, 1, 1, NUCSEG_ACTIVATION_RELU, TRUE,
      DENSE, ODD },
  { "grouped-many-outputs", { 4, 8, 4 }, 80, 3, 3, 2, 1, 1, 1,
      NUCSEG_ACTIVATION_RELU, FALSE, DENSE, DENSE },
  { "depthwise", { 12, 11, 16 }, 16, 3, 3, 16, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      TRUE, SLICE, SLICE },
  { "depthwise-strided", { 12, 11, 7 }, 7, 5, 3, 7, 2, 2, 3,
      NUCSEG_ACTIVATION_NONE, FALSE, ODD, ODD },
  { "depthwise-all", { 4, 4, 32 }, 32, 4, 4, 32, 1, 1, 0,
      NUCSEG_ACTIVATION_RELU, TRUE, DENSE, DENSE },
};

/* Tensors as in nuclei-live in a frame of CASE_SIDE; so are heads and attention
 * chains that are timed. */
static const ConvCase conv_timed[] = {
  { "stem", { 256, 256, 4 }, 16, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU, TRUE,
      { 4, 0 }, DENSE },
  { "level0", { 256, 256, 16 }, 16, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      TRUE, DENSE, DENSE },
  { "1x1", { 64, 64, 96 }, 48, 1, 1, 1, 1, 1, 0, NUCSEG_ACTIVATION_RELU, TRUE,
      DENSE, DENSE },
  { "depthwise", { 128, 128, 48 }, 48, 3, 3, 48, 1, 1, 1,
      NUCSEG_ACTIVATION_RELU, TRUE, DENSE, DENSE },
};

typedef struct {
  gint height, width, channels, block, maps;
  Layout layout;
} HeadCase;

static const HeadCase head_cases[] = {
  { 10, 16, 16, 2, 3, DENSE },
  { 3, 130, 16, 2, 3, SLICE },
  { 5, 7, 5, 1, 3, ODD },
  { 4, 4, 72, 4, 2, DENSE },
  { 6, 6, 8, 3, 1, DENSE },
};

static const HeadCase head_timed[] = {
  { 256, 256, 16, 2, 3, DENSE },
};

typedef struct {
  NucsegShape x;
  Layout layout;
  gint rows, columns, lower; /* lower 0: none */
} AttentionCase;

static const AttentionCase attention_cases[] = {
  { { 64, 64, 16 }, DENSE, 4, 4, 0 },
  { { 48, 80, 32 }, SLICE, 4, 4, 16 },
  { { 10, 6, 64 }, DENSE, 4, 4, 32 },
  { { 9, 7, 5 }, ODD, 3, 2, 7 },
  { { 3, 2, 300 }, DENSE, 4, 4, 300 },
  { { 33, 5, 128 }, DENSE, 1, 1, 0 },
};

static const AttentionCase attention_timed[] = {
  { { 256, 256, 16 }, DENSE, 4, 4, 0 },
  { { 128, 128, 48 }, DENSE, 4, 4, 16 },
  { { 64, 64, 96 }, DENSE, 4, 4, 48 },
  { { 32, 32, 192 }, DENSE, 4, 4, 96 },
};

#endif /* NUCSEG_TESTS_CUDA_CASES_CONV_H */
