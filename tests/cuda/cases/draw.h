/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * draw.h: frames, labels and styles for nucseg_cuda_objects() and
 * nucseg_cuda_overlay().
 */
#ifndef NUCSEG_TESTS_CUDA_CASES_DRAW_H
#define NUCSEG_TESTS_CUDA_CASES_DRAW_H

#include "tests/cuda/cases/layout.h"

typedef struct {
  gint width, height, padding;
} DrawSize;

static const DrawSize draw_sizes[] = { { 64, 32, 0 }, { 67, 41, 6 },
  { 16, 17, 2 } };

typedef struct {
  NucsegOverlay overlay;
  gdouble alpha;
  guint32 contour, fill;
  gboolean count;
  guint n;
} DrawStyle;

static const DrawStyle draw_styles[] = {
  { NUCSEG_OVERLAY_BOTH, 0.35, NUCSEG_COLOR_LABEL, NUCSEG_COLOR_LABEL, TRUE,
      42 },
  { NUCSEG_OVERLAY_CONTOUR, 0.35, 0x00ff80, NUCSEG_COLOR_LABEL, FALSE, 7 },
  { NUCSEG_OVERLAY_FILL, 1, NUCSEG_COLOR_LABEL, 0xff2010, TRUE, 1 },
  { NUCSEG_OVERLAY_NONE, 0.5, NUCSEG_COLOR_LABEL, NUCSEG_COLOR_LABEL, TRUE, 0 },
  { NUCSEG_OVERLAY_NONE, 0.5, 0, 0, FALSE, 65535 },
  { NUCSEG_OVERLAY_BOTH, 0, 0x123456, 0x654321, TRUE, 65535 },
};

/* Drawn by draw_styles[0], as by default, over frames of any side. */
typedef struct {
  const char *name;
  NucsegFormat format, shown;
  guint bits; /* of 16-bit formats */
} DrawTimed;

static const DrawTimed draw_timed[] = {
  { "gray8", NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8, 0 },
  { "gray8-rgb", NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_RGB, 0 },
  { "gray16le-rgba", NUCSEG_FORMAT_GRAY16_LE, NUCSEG_FORMAT_RGBA, 16 },
  { "nv12", NUCSEG_FORMAT_NV12, NUCSEG_FORMAT_NV12, 0 },
};

/* Discs of 21 pixels, one in each cell of 48 x 48: of 512 x 512 pixels 100, as
 * in frames for benchmarks (bench/frames.h). Labels of @side x @side pixels
 * without gaps; returns their number. */
static inline guint
draw_timed_fill (guint16 *labels, gint side)
{
  const gint n = side / 48;

  for (gint y = 0; y < side; y++)
    for (gint x = 0; x < side; x++) {
      const gint dy = y % 48 - 24, dx = x % 48 - 24;
      const gboolean inside =
          y / 48 < n && x / 48 < n && dy * dy + dx * dx <= 110;

      labels[y * side + x] = (guint16) (inside ? y / 48 * n + x / 48 + 1 : 0);
    }
  return (guint) (n * n);
}

/* Labels 1..n without gaps, as the decoder numbers them. */
static inline guint
draw_renumber (guint16 *labels, gint stride, gint width, gint height)
{
  guint *number = g_new0 (guint, 65536);
  guint n = 0;

  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++) {
      guint16 *label = &labels[y * stride + x];

      if (*label != 0 && number[*label] == 0)
        number[*label] = ++n;
      *label = (guint16) (*label != 0 ? number[*label] : 0);
    }
  g_free (number);
  return n;
}

#endif /* NUCSEG_TESTS_CUDA_CASES_DRAW_H */
