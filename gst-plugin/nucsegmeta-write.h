/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegmeta-write.h: registers the two metas of docs/metadata.md, writes
 * them, and keeps pools of the buffers that they carry. Inside the plug-in
 * only; nucsegmeta.h reads.
 */
#ifndef NUCSEG_META_WRITE_H
#define NUCSEG_META_WRITE_H

#include "nucsegmeta.h"

G_BEGIN_DECLS

/**
 * nucseg_meta_register:
 *
 * Registers NucsegMeta and NucsegTruthMeta with their transforms. Any thread,
 * any number of times; the plug-in does it when it is loaded.
 */
void nucseg_meta_register (void);

/**
 * NucsegMetaFacts:
 * @width: of the label map
 * @height: of the label map
 * @labels: buffer of width x height labels; referenced, not to be written again
 * @n_objects: number of nuclei
 * @objects: (nullable): buffer of @n_objects NucsegObject; referenced; NULL
 *   exactly where @n_objects is 0
 * @tracks: (nullable): buffer of @n_objects NucsegTrack; referenced
 * @pixel_size: micrometres per frame pixel, 0 if unknown
 * @model: (nullable): NULL leaves out this and all fields below, as in a
 *   truth meta, which no model made. Interned (g_intern_string), as the three
 *   strings below: they outlive the session
 * @model_sha256: identity of the weights
 * @backend: what ran
 * @precision: its arithmetic
 * @inferred: from this very frame
 * @age: nanoseconds since the frame that the mask was inferred from
 * @age_frames: the same in frames
 * @stage_ns: nanoseconds of each stage on this frame
 * @scale: network pixels per frame pixel
 * @low: grey value that became 0
 * @high: grey value that became 1
 * @inverted: the polarity was turned over
 * @dropped: nuclei beyond 65535
 *
 * The fields of docs/metadata.md.
 */
typedef struct {
  gint width, height;
  GstBuffer *labels;
  guint n_objects;
  GstBuffer *objects;
  GstBuffer *tracks;
  gdouble pixel_size;
  const gchar *model, *model_sha256, *backend, *precision;
  gboolean inferred;
  guint64 age;
  guint age_frames;
  guint64 stage_ns[NUCSEG_STAGE_LAST];
  gdouble scale;
  guint low, high;
  gboolean inverted;
  guint dropped;
} NucsegMetaFacts;

/**
 * nucseg_meta_attach:
 * @buffer: a writable buffer
 * @meta_name: %NUCSEG_META_NAME or %NUCSEG_TRUTH_META_NAME
 * @facts: what to write
 *
 * Writes the meta; one of the same name that was there goes.
 */
void nucseg_meta_attach (
    GstBuffer *buffer, const gchar *meta_name, const NucsegMetaFacts *facts);

/**
 * NucsegMaskPool:
 *
 * Buffers for label maps and object tables that come back when the last meta
 * that holds them is gone. One thread at a time; buffers that are still out
 * may outlive the pool.
 */
typedef struct _NucsegMaskPool NucsegMaskPool;

NucsegMaskPool *nucseg_mask_pool_new (void);
/* NULL is allowed. */
void nucseg_mask_pool_free (NucsegMaskPool *pool);

/**
 * nucseg_mask_pool_prepare:
 * @pool: a pool
 * @width: pixels of the label maps that will be asked for
 * @height: pixels
 * @allocator: (nullable): that they come from from now on; NULL: the usual one
 * @n_labels: with @allocator: so many are made at once; those beyond come from
 *   the usual one
 */
void nucseg_mask_pool_prepare (NucsegMaskPool *pool, gint width, gint height,
    GstAllocator *allocator, guint n_labels);

/**
 * nucseg_mask_pool_labels:
 * @pool: a pool
 * @width: pixels
 * @height: pixels
 *
 * Returns: (transfer full) (nullable): a writable buffer of exactly width x
 *   height x 2 bytes of unknown content; NULL if out of memory
 */
GstBuffer *
nucseg_mask_pool_labels (NucsegMaskPool *pool, gint width, gint height);

/**
 * nucseg_mask_pool_objects:
 * @pool: a pool
 * @objects: records
 * @n_objects: their number
 *
 * Returns: (transfer full) (nullable): a buffer that holds a copy of @objects;
 *   NULL if there are none, or if out of memory
 */
GstBuffer *nucseg_mask_pool_objects (
    NucsegMaskPool *pool, const NucsegObject *objects, guint n_objects);

G_END_DECLS

#endif /* NUCSEG_META_WRITE_H */
