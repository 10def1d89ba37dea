/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan.h: the two loops of the decoder that see every pixel, for the
 * instruction set at hand. All give the same integers.
 */
#ifndef NUCSEG_CPU_SCAN_H
#define NUCSEG_CPU_SCAN_H

#include <glib.h>

G_BEGIN_DECLS

#define NUCSEG_SCAN_SLACK 32 /* elements that may be written behind an end */

/**
 * NucsegScanRow:
 * @foreground: one row of logits
 * @offset_y: one row of offsets, or NULL: no targets are wanted
 * @offset_x: the same
 * @width: of the row and of the map
 * @height: of the map
 * @y: the row's number
 * @limit: pixels above it are foreground
 * @scale: pixels per unit of offset
 */
typedef struct {
  const gfloat *foreground, *offset_y, *offset_x;
  gint width, height, y;
  gfloat limit, scale;
} NucsegScanRow;

typedef struct {
  const gchar *name;
  /* Columns of the foreground's pixels, and the cell (ty * width + tx) that
   * each points to: docs/model-format.md, output, steps 1 and 2. Returns how
   * many; writes up to NUCSEG_SCAN_SLACK elements more. */
  gint (*foreground) (
      const NucsegScanRow *row, guint16 *columns, gint32 *targets);
  /* Bit x says whether sums[x] + sums[x + 1] + sums[x + 2] >= least (below
   * 65536; @sums has width + 2 elements and slack): step 3. */
  void (*dense) (const guint16 *sums, gint width, guint least, guint64 *bits);
} NucsegScan;

const NucsegScan *nucseg_scan_get (void);

extern const NucsegScan nucseg_scan_any;
#ifdef NUCSEG_HAVE_AVX2
extern const NucsegScan nucseg_scan_avx2;
#endif
#ifdef NUCSEG_HAVE_AVX512
extern const NucsegScan nucseg_scan_avx512;
#endif

G_END_DECLS

#endif /* NUCSEG_CPU_SCAN_H */
