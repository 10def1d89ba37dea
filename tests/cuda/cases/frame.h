/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame.h: what the kernels are told of a frame, as the session and the back
 * end tell it.
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_FRAME_H
#define NUCSEG_TESTS_CUDA_CASES_FRAME_H

#include "backend.h"
#include "cuda/kernels.h"

#include <math.h>

/* As nucseg_geometry_init() makes it. */
static inline NucsegGeometry
case_geometry (gint width, gint height, gdouble scale, gint multiple)
{
  NucsegGeometry g;

  g.frame_width = width;
  g.frame_height = height;
  g.scale = scale;
  g.net_width = MAX (1, (gint) floor (width * scale + 0.5));
  g.net_height = MAX (1, (gint) floor (height * scale + 0.5));
  g.pad_width = (g.net_width + multiple - 1) / multiple * multiple;
  g.pad_height = (g.net_height + multiple - 1) / multiple * multiple;
  return g;
}

static inline NucsegCudaPicture
case_picture (const NucsegFrame *frame)
{
  NucsegCudaPicture picture = { frame->format, frame->width, frame->height,
    nucseg_frame_get_depth (frame), nucseg_frame_is_msb_aligned (frame) };

  return picture;
}

#endif /* NUCSEG_TESTS_CUDA_CASES_FRAME_H */
