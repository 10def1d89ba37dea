/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reference.h: the plain-C back end: the twin of every fast path. One thread,
 * no intrinsics, loops as docs/model-format.md says them. Tensors are f32 in
 * NHWC with N = 1: element (y, x, c) stands at (y * width + x) * channels + c.
 */
#ifndef NUCSEG_CPU_REFERENCE_H
#define NUCSEG_CPU_REFERENCE_H

#include "backend.h"
#include "filter.h"
#include "levels.h"
#include "measure.h"
#include "quantise.h"

G_BEGIN_DECLS

/* --- grey.c: raw frame -> integer grey ---------------------------------- */

/* Where red, green, blue and the fourth byte stand in a packed pixel of @size
 * bytes; pixels of 3 bytes have no fourth. */
typedef struct {
  guint8 red, green, blue, fourth, size;
} NucsegRefPacking;

/* FALSE for formats that are not packed colour. */
gboolean
nucseg_ref_get_packing (NucsegFormat format, NucsegRefPacking *packing);
/* Grey values of row @y of @frame: frame->width integers. */
void nucseg_ref_grey_row (const NucsegFrame *frame, gint y, guint16 *grey);
/* Counts of all grey values of @frame: 1 << depth of them. */
void nucseg_ref_histogram (
    const NucsegFrame *frame, guint16 *row, guint32 *histogram);

/* --- prepare.c ---------------------------------------------------------- */

/**
 * NucsegRefPrepare:
 * @histogram: 65536 counts
 * @table: 65536 network values, by grey value
 * @row: grey values of one row of the frame
 * @line: one line of the frame, filtered downwards
 * @limits: of the last frame
 * @has_limits: whether there was one
 */
typedef struct {
  NucsegGeometry geometry;
  NucsegFilter *across, *down;
  guint32 *histogram;
  gfloat *table;
  guint16 *row;
  gdouble *line;
  NucsegLimits limits;
  gboolean has_limits;
} NucsegRefPrepare;

gboolean nucseg_ref_prepare_init (NucsegRefPrepare *prepare,
    const NucsegGeometry *geometry, const NucsegInput *input, GError **error);
void nucseg_ref_prepare_clear (NucsegRefPrepare *prepare);
/* Finds limits and table of @frame. */
gboolean
nucseg_ref_prepare_limits (NucsegRefPrepare *prepare, const NucsegFrame *frame,
    const NucsegInput *input, const NucsegParams *params, GError **error);
/* Fills the network's input: pad_height x pad_width values. */
void nucseg_ref_prepare_fill (
    NucsegRefPrepare *prepare, const NucsegFrame *frame, gfloat *out);

/* --- conv.c, ops.c: one operation each ---------------------------------- */

/* (O, I / groups, KH, KW) -> [group][ky][kx][input][output], each through
 * nucseg_ref_round(). */
void nucseg_ref_conv_pack (
    const NucsegConv *conv, NucsegPrecision round, gfloat *packed);
/* @sums holds as many doubles as a group has outputs. */
void
nucseg_ref_conv (const NucsegConv *conv, const gfloat *packed, gdouble *sums,
    const gfloat *in, NucsegShape in_shape, gfloat *out, NucsegShape out_shape);
void nucseg_ref_max_pool (gint kernel, gint stride, const gfloat *in,
    NucsegShape in_shape, gfloat *out, NucsegShape out_shape);
void nucseg_ref_avg_pool (
    const gfloat *in, NucsegShape in_shape, gfloat *out, NucsegShape out_shape);
void nucseg_ref_upsample (NucsegUpsample mode, const gfloat *in,
    NucsegShape in_shape, gfloat *out, NucsegShape out_shape);
/* Writes @in to channels from @first_channel on. */
void nucseg_ref_concat (const gfloat *in, NucsegShape in_shape,
    gint first_channel, gfloat *out, NucsegShape out_shape);
void nucseg_ref_add (const gfloat *in, gfloat *out, NucsegShape shape);
void nucseg_ref_mul (
    const gfloat *in, const gfloat *factors, gfloat *out, NucsegShape shape);
void nucseg_ref_space_to_depth (gint block, const gfloat *in,
    NucsegShape in_shape, gfloat *out, NucsegShape out_shape);
void nucseg_ref_depth_to_space (gint block, const gfloat *in,
    NucsegShape in_shape, gfloat *out, NucsegShape out_shape);

gfloat nucseg_ref_activate (NucsegActivation activation, gdouble x);
/* @value rounded to the nearest bf16, ties to even; NaN stays NaN. */
gfloat nucseg_ref_round_bf16 (gfloat value);
/* The largest value of f16. */
#define NUCSEG_F16_MAX 65504.0f
/* @value rounded to the nearest f16, ties to even; what is beyond
 * %NUCSEG_F16_MAX becomes that, infinity too. NaN stays NaN. */
gfloat nucseg_ref_round_f16 (gfloat value);
/* @value as it is held in a precision: BF16 and F16 round, others don't. */
gfloat nucseg_ref_round (NucsegPrecision precision, gfloat value);

/* --- quantised.c: int8; steps are integers from 0 to 255 ----------------- */

/* rint, half to even, from 0 to 255; NaN is 0 */
gfloat nucseg_ref_step (gfloat x);
/* Values into steps, in place. */
void nucseg_ref_quantise (gfloat scale, gfloat *values, NucsegShape shape);
void nucseg_ref_dequantise (
    gfloat scale, const gfloat *steps, gfloat *values, NucsegShape shape);
/* Sums of products times the channels' factors, in place: into steps, or
 * through the activation. */
void nucseg_ref_scale_sums (const gfloat *factors, gboolean steps,
    NucsegActivation activation, gfloat *values, NucsegShape shape);
void nucseg_ref_mul_steps (const gfloat *in, gfloat in_scale,
    const gfloat *factors, gfloat *out, gfloat out_scale, NucsegShape shape);
void nucseg_ref_bilinear_steps (
    const gfloat *in, NucsegShape in_shape, gfloat *out, NucsegShape out_shape);
/* nucseg_ref_conv_pack() of the quantised weights; *bias and *factors are the
 * caller's then. FALSE: no memory. */
gboolean nucseg_ref_conv_pack_steps (const NucsegConv *conv, gfloat in_scale,
    gfloat out_scale, gfloat *packed, gfloat **bias, gfloat **factors);

/* --- network.c ---------------------------------------------------------- */

typedef struct _NucsegRefNetwork NucsegRefNetwork;

NucsegRefNetwork *nucseg_ref_network_new (const NucsegGraph *graph, gint height,
    gint width, NucsegPrecision precision, GError **error);
void nucseg_ref_network_free (NucsegRefNetwork *network);
/* height x width f32 values, to be filled before each run */
gfloat *nucseg_ref_network_get_input (NucsegRefNetwork *network);
/* height x width x n_maps f32 values */
gfloat *nucseg_ref_network_get_maps (NucsegRefNetwork *network);
void nucseg_ref_network_run (NucsegRefNetwork *network);

/* --- components.c: connected regions ------------------------------------ */

/**
 * nucseg_ref_components:
 * @values: width x height values
 * @width: of the map
 * @height: of the map
 * @eight: 8-connected; FALSE: 4-connected
 * @background: pixels of this value belong to no region (they get 0)
 * @stack: width x height integers to work with
 * @regions: (out caller-allocates): 1.. in raster order of each region's
 *   first pixel
 *
 * A region is a maximal connected set of pixels of one value.
 *
 * Returns: number of regions
 */
gint nucseg_ref_components (const gint32 *values, gint width, gint height,
    gboolean eight, gint32 background, gint32 *stack, gint32 *regions);

/* --- decode.c, votes.c, objects.c --------------------------------------- */

/**
 * NucsegRefDecode:
 * @labels: net_width x net_height: the label map so far
 * @target: the same size: where each foreground pixel points, or -1
 * @votes: the same size: votes, then which of their sums are dense
 * @regions: the same size: connected regions of another map
 * @stack: the same size: for nucseg_ref_components()
 * @nearest: the same size: the centre nearest to each cell, -1 before it is
 *   known
 * @frame_labels: frame_width x frame_height
 * @table_a: as many as the larger of both sizes, plus 1: by label or region
 * @table_b: the same
 * @row: grey values of one row of the frame
 * @sums: %NUCSEG_MAX_LABEL records of objects.c
 */
typedef struct {
  NucsegGeometry geometry;
  gint32 *labels, *target, *votes, *regions, *stack, *nearest;
  gint32 *frame_labels;
  gint32 *table_a, *table_b;
  guint16 *row;
  NucsegSums *sums;
} NucsegRefDecode;

gboolean nucseg_ref_decode_init (
    NucsegRefDecode *decode, const NucsegGeometry *geometry, GError **error);
void nucseg_ref_decode_clear (NucsegRefDecode *decode);
gboolean nucseg_ref_decode_run (NucsegRefDecode *decode, const gfloat *maps,
    const NucsegOutput *output, const NucsegFrame *frame,
    const NucsegParams *params, guint16 *labels, gsize labels_stride,
    NucsegObjectList *objects, NucsegResult *result, GError **error);

/* The value of map @channel at (@y, @x) of the network's output. */
static inline gfloat
nucseg_ref_map_at (const NucsegRefDecode *d, const gfloat *maps,
    const NucsegOutput *output, gint channel, gint y, gint x)
{
  return maps[((gsize) y * d->geometry.pad_width + x) * output->n_maps
      + channel];
}

/* Steps 2 to 4 where pixels vote: into decode->labels. @limit: of the
 * foreground, step 1. */
void nucseg_ref_decode_votes (NucsegRefDecode *decode, const gfloat *maps,
    const NucsegOutput *output, gfloat limit);

/**
 * nucseg_ref_objects:
 * @frame: the raw frame
 * @labels: 0..n of the frame's size; each of 1..n is there
 * @labels_stride: bytes a row
 * @n: number of labels, at most %NUCSEG_MAX_LABEL
 * @row: frame->width integers to work with
 * @sums: @n records to work with
 * @objects: (out caller-allocates): @n records
 */
void nucseg_ref_objects (const NucsegFrame *frame, const guint16 *labels,
    gsize labels_stride, guint n, guint16 *row, NucsegSums *sums,
    NucsegObject *objects);

/* --- overlay.c ---------------------------------------------------------- */

/* Draws into @shown. @low and @high: see nucseg_stretch(). */
gboolean nucseg_ref_overlay (const NucsegFrame *frame,
    const NucsegParams *params, guint low, guint high, const guint16 *labels,
    gsize labels_stride, guint n_objects, NucsegFrame *shown, GError **error);

G_END_DECLS

#endif /* NUCSEG_CPU_REFERENCE_H */
