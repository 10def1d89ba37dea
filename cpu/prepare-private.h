/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prepare-private.h: what the files of the preparation share. limits.c is the
 * first pass over the frame (grey and histogram), fill.c the second (map,
 * scale, smooth and pad); prepare.c has the memory of both.
 */
#ifndef NUCSEG_CPU_PREPARE_PRIVATE_H
#define NUCSEG_CPU_PREPARE_PRIVATE_H

#include "cpu/kernels/kernels.h"
#include "cpu/prepare.h"
#include "filter.h"

G_BEGIN_DECLS

#define NUCSEG_PREPARE_LEVELS 65536

/* One thread's own memory. */
typedef struct {
  guint32 *histogram; /* NUCSEG_PREPARE_LEVELS, as limits.c counts */
  guint16 *grey; /* one row, 8 or 16 bits */
  gfloat *cache; /* mapped rows: n_cached of them */
  gint *cached; /* which source row stands in each, or -1 */
  gfloat *line; /* one row, filtered downwards */
  gfloat *result; /* one row, filtered across */
} NucsegPreparePart;

struct _NucsegPrepare {
  NucsegGeometry geometry;
  const NucsegInput *input;
  guint threads;
  NucsegFilter *across, *down;
  gboolean identity;
  gboolean uniform; /* all outputs across have the same taps */
  gint n_cached;
  NucsegPreparePart *parts; /* one for each thread */
  gfloat *table; /* NUCSEG_PREPARE_LEVELS network values */
  guint16 table_bf16[256];
  NucsegLimits limits;
  gboolean has_limits;
};

/* What the threads of one call share. */
typedef struct {
  NucsegPrepare *self;
  const NucsegFrame *frame;
  NucsegElement type;
  const NucsegKernels *kernels;
  guint8 *out;
} NucsegPrepareWork;

G_END_DECLS

#endif /* NUCSEG_CPU_PREPARE_PRIVATE_H */
