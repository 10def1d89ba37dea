/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transfer.h: frames and labels for nucseg_cuda_fetch(), nucseg_cuda_deliver()
 * and nucseg_cuda_deliver_labels().
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_TRANSFER_H
#define NUCSEG_TESTS_CUDA_CASES_TRANSFER_H

#include "tests/cuda/cases/layout.h"

typedef struct {
  gint width, height;
} TransferSize;

/* Rows of whole units and not, and of more than one block. */
static const TransferSize transfer_sizes[] = { { 64, 18 }, { 67, 17 },
  { 16, 16 }, { 701, 17 }, { 2059, 16 } };
/* In front of a plane, and behind each row. */
static const gint transfer_shifts[] = { 0, 1, 2, 4, 8, 12 };
static const gint transfer_paddings[] = { 0, 1, 4, 16, 37 };

/* Of labels. */
static const TransferSize transfer_labels[] = { { CASE_SIDE, CASE_SIDE },
  { 64, 18 }, { 67, 17 }, { 1, 5 }, { 1388, 9 }, { 2059, 3 } };

/* Frames of any side that are timed, without gaps. */
static const NucsegFormat transfer_timed[] = { NUCSEG_FORMAT_GRAY8,
  NUCSEG_FORMAT_NV12, NUCSEG_FORMAT_RGBA };

#endif /* NUCSEG_TESTS_CUDA_CASES_TRANSFER_H */
