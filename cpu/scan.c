/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan.c: scan.h for any CPU, and the choice. */
#include "cpu/scan.h"

#include "cpu/isa.h"

#include <math.h>
#include <string.h>

/* Where a pixel at @position of a line of @size points; NaN points nowhere. */
static inline gint
point (gint position, gint size, gfloat offset, gfloat scale, gfloat far)
{
  gfloat step = offset * scale;

  /* far is whole: clipping before rounding gives the same. */
  step = step > far ? far : step < -far ? -far : step;
  step = step == step ? rintf (step) : 0;
  return CLAMP (position + (gint) step, 0, size - 1);
}

static gint
foreground (const NucsegScanRow *row, guint16 *columns, gint32 *targets)
{
  const gfloat far = rintf (4 * row->scale);
  gint n = 0;

  for (gint x = 0; x < row->width; x++) {
    if (!(row->foreground[x] > row->limit))
      continue;
    columns[n] = (guint16) x;
    if (row->offset_y)
      targets[n] =
          point (row->y, row->height, row->offset_y[x], row->scale, far)
              * row->width
          + point (x, row->width, row->offset_x[x], row->scale, far);
    n++;
  }
  return n;
}

static void
dense (const guint16 *sums, gint width, guint least, guint64 *bits)
{
  memset (bits, 0, (width + 63) / 64 * sizeof (guint64));
  for (gint x = 0; x < width; x++) {
    const guint sum = (guint) sums[x] + sums[x + 1] + sums[x + 2];

    bits[x / 64] |= (guint64) (sum >= least) << (x % 64);
  }
}

const NucsegScan nucseg_scan_any = {
  .name = "any", .foreground = foreground, .dense = dense
};

const NucsegScan *
nucseg_scan_get (void)
{
#ifdef NUCSEG_HAVE_AVX512
  if (nucseg_isa_get () >= NUCSEG_ISA_AVX512)
    return &nucseg_scan_avx512;
#endif
#ifdef NUCSEG_HAVE_AVX2
  if (nucseg_isa_get () >= NUCSEG_ISA_AVX2)
    return &nucseg_scan_avx2;
#endif
  return &nucseg_scan_any;
}
