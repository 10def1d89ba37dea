/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernels.h: what the CUDA back end launches for a frame: one function for each
 * step. kernels-network.h has one for each operation of the network that is no
 * cuDNN convolution. Plain C; the kernels are in cuda/kernels/.
 * docs/model-format.md says what each step computes, cpu/reference/ holds the
 * plain-C twins.
 *
 * Rules for every function of both that takes a stream:
 * - It queues its work and returns. It allocates nothing, waits for nothing,
 *   and may be captured into a CUDA graph: every launch parameter follows from
 *   the arguments. What changes from frame to frame (addresses of planes, the
 *   user's parameters) is read on the device from a NucsegCudaRequest, which
 *   one copy node updates.
 * - Pointers in structs are device pointers of the current context unless a
 *   comment says otherwise. Structs themselves are read during the call only.
 * - It returns cudaSuccess, or cudaErrorInvalidValue for arguments that break
 *   a rule stated here, or what the launch returned. Errors of execution show
 *   at the next synchronisation, as always in CUDA.
 * - Any thread may call it; the current context must own stream and memory.
 * - The result is the same bits in every run: sums between blocks are integer,
 *   or added in an order that does not depend on which block comes first.
 *
 * A frame, with W x H pixels, w x h network pixels, in one stream:
 *
 *   copy NucsegCudaRequest to the device (and the frame, from system memory;
 *   nucseg_cuda_fetch does that where it is page-locked)
 *   nucseg_cuda_limits      frame -> limits, table of grey -> network value
 *   nucseg_cuda_fill        frame + table -> network input
 *   cuDNN, nucseg_cuda_attention, _scale_pool, _upsample, ... _head -> maps
 *   nucseg_cuda_decode      maps -> labels, number of objects
 *   nucseg_cuda_objects     frame + labels -> NucsegObject records
 *   nucseg_cuda_overlay     frame + labels -> picture
 *   nucseg_cuda_deliver_labels  labels, NucsegCudaReply -> host
 *   copy the picture to the host, or nucseg_cuda_deliver
 *
 * Labels may be delivered beside what is behind decoding, and objects measured
 * beside drawing that isn't done on the frame. Their records are in the host's
 * memory, where that is mapped.
 */
#ifndef NUCSEG_CUDA_KERNELS_H
#define NUCSEG_CUDA_KERNELS_H

#include "cuda/kernels-network.h"
#include "filter.h"

G_BEGIN_DECLS

/* --- What travels with each frame ---------------------------------------- */

/* Planes of a picture on the device; see NucsegFrame. */
typedef struct {
  guint8 *data[3];
  gint stride[3];
} NucsegCudaPlanes;

/**
 * NucsegCudaReply:
 * @low_level: as NucsegResult.low; written by nucseg_cuda_limits()
 * @high_level: as NucsegResult.high
 * @inverted: as NucsegResult.inverted
 * @n_objects: written by nucseg_cuda_decode(), at most %NUCSEG_MAX_LABEL
 * @dropped: as NucsegResult.dropped
 *
 * Small results of a frame, in device memory. nucseg_cuda_overlay() reads
 * levels and number from here: who draws labels of an earlier frame leaves or
 * copies the right numbers here.
 */
typedef struct {
  guint32 low_level, high_level, inverted;
  guint32 n_objects, dropped;
} NucsegCudaReply;

/**
 * NucsegCudaRequest:
 * @frame: planes of the raw frame
 * @shown: planes of the picture to draw into; may be those of @frame
 * @mapped_frame: planes that nucseg_cuda_fetch() copies into @frame: host
 *   memory in the device's address space; any alignment
 * @mapped_shown: planes that nucseg_cuda_deliver() copies @shown into, likewise
 * @labels: (out): labels of the frame, 0 and 1..n
 * @labels_stride: bytes a row, even, at least 2 x width
 * @mapped_labels: (out) (nullable): where nucseg_cuda_deliver_labels() copies
 *   them: host memory mapped into the device's address space, even
 * @mapped_labels_stride: bytes a row, even, at least 2 x width
 * @mapped_reply: (out) (nullable): where it copies the reply, likewise; aligned
 *   to 4
 * @objects: (out): room for %NUCSEG_MAX_LABEL records; device memory, or host
 *   memory mapped into the device's address space: only the n records of the
 *   frame are written, each value once
 * @polarity: NucsegPolarity
 * @normalization: NucsegNormalization
 * @black_level: see NucsegParams; below @white_level if @normalization is FIXED
 * @white_level: see NucsegParams
 * @exclude_border: see NucsegParams
 * @logit_limit: a pixel is foreground if its logit is above it
 * @least_area: smallest object, frame pixels
 * @most_area: largest object, frame pixels
 * @overlay: NucsegOverlay
 * @alpha: opacity of the fill, 0..256
 * @contour_color: see NucsegParams
 * @fill_color: see NucsegParams
 * @draw_count: see NucsegParams
 * @yuv: NucsegYuv of @shown, if that is YUV
 *
 * All that changes from frame to frame while a captured graph stays. The host
 * fills one (nucseg_cuda_request_init() and the pointers) and copies it to the
 * device in front of the frame's kernels.
 */
typedef struct {
  NucsegCudaPlanes frame, shown;
  NucsegCudaPlanes mapped_frame, mapped_shown;
  guint16 *labels, *mapped_labels;
  gsize labels_stride, mapped_labels_stride;
  NucsegCudaReply *mapped_reply;
  NucsegObject *objects;
  guint32 polarity, normalization;
  guint32 black_level, white_level;
  guint32 exclude_border;
  gfloat logit_limit;
  gdouble least_area, most_area;
  guint32 overlay, alpha;
  guint32 contour_color, fill_color;
  guint32 draw_count;
  guint32 yuv;
} NucsegCudaRequest;

/**
 * nucseg_cuda_request_init:
 * @request: (out): in host memory; planes, labels and objects become NULL
 * @params: the user's
 * @output: the model's
 * @scale: network pixels per frame pixel
 *
 * Runs on the host. Thresholds are computed as the reference computes them, so
 * that comparisons on the device go the same way.
 */
void nucseg_cuda_request_init (NucsegCudaRequest *request,
    const NucsegParams *params, const NucsegOutput *output, gdouble scale);

/* --- What a graph is captured for ---------------------------------------- */

/**
 * NucsegCudaPicture:
 * @format: of the raw frame
 * @width: pixels
 * @height: pixels
 * @depth: bits of the grey value: nucseg_frame_get_depth()
 * @msb_aligned: nucseg_frame_is_msb_aligned()
 *
 * What must stay the same from frame to frame. Strides and addresses may
 * change: they are in the request. 16-bit planes start at even addresses and
 * have even strides; other alignments are free (aligned ones are faster).
 */
typedef struct {
  NucsegFormat format;
  gint width, height;
  guint depth;
  gboolean msb_aligned;
} NucsegCudaPicture;

/* --- transfer ------------------------------------------------------------ */

/* What of a picture's planes is pixels: rows and bytes of each row. */
typedef struct {
  guint n_planes;
  gint row_bytes[3], rows[3];
} NucsegCudaExtent;

/**
 * nucseg_cuda_fetch:
 * @extent: of the frame
 * @request: on the device
 * @stream: where
 *
 * From request->mapped_frame into request->frame: what a copy node would do
 * whose addresses and strides change from frame to frame. Bytes behind a row's
 * end are neither read nor written.
 */
cudaError_t nucseg_cuda_fetch (const NucsegCudaExtent *extent,
    const NucsegCudaRequest *request, cudaStream_t stream);
/* From request->shown into request->mapped_shown. */
cudaError_t nucseg_cuda_deliver (const NucsegCudaExtent *extent,
    const NucsegCudaRequest *request, cudaStream_t stream);

/* From request->labels into request->mapped_labels, and all of @reply (on the
 * device) into request->mapped_reply; after nucseg_cuda_decode(). Bytes behind
 * a row's end are not written. */
cudaError_t nucseg_cuda_deliver_labels (gint width, gint height,
    const NucsegCudaRequest *request, const NucsegCudaReply *reply,
    cudaStream_t stream);

/* --- prepare ------------------------------------------------------------- */

/**
 * NucsegCudaFilter:
 * @n_in: see NucsegFilter, as those below
 * @n_out: samples before padding
 * @n_padded: samples with padding
 * @n_taps: taps of each output
 * @identity: output i is sample i
 * @span: most source samples that a tile of %NUCSEG_CUDA_FILTER_TILE outputs
 *   reads
 * @first: @n_padded positions of tap 0, before reflection
 * @base: the smallest of @first for each tile
 * @weight: @n_padded x @n_taps weights
 *
 * A NucsegFilter on the device.
 */
#define NUCSEG_CUDA_FILTER_TILE 32
typedef struct {
  gint n_in, n_out, n_padded, n_taps;
  gboolean identity;
  gint span;
  const gint *first, *base;
  const gfloat *weight;
} NucsegCudaFilter;

/* Bytes that @filter takes on the device, a multiple of 16. Host. */
gsize nucseg_cuda_filter_size (const NucsegFilter *filter);
/**
 * nucseg_cuda_filter_pack:
 * @filter: the table
 * @bytes: (out caller-allocates): host memory, nucseg_cuda_filter_size() bytes,
 *   to be copied to @device
 * @device: where they will be on the device, aligned to 16 bytes; only counted
 *   with here
 *
 * Runs on the host.
 *
 * Returns: the struct that kernels take
 */
NucsegCudaFilter nucseg_cuda_filter_pack (
    const NucsegFilter *filter, gpointer bytes, gconstpointer device);

/**
 * NucsegCudaPrepare:
 * @picture: the raw frame
 * @input: what the model asks for
 * @across: filter of rows: frame width -> padded network width
 * @down: filter of columns
 * @block: 1, or the block of the space_to_depth that the graph starts with
 * @out: the network's input, one image of it (batch 1): padded height / @block
 *   x padded width / @block pixels of at least @block x @block channels; pixel
 *   (y block + dy, x block + dx) goes to channel dy block + dx; channels from
 *   block^2 on become 0 (cuDNN wants multiples of 8)
 * @workspace: nucseg_cuda_prepare_workspace() bytes, aligned to 256; holds the
 *   limits and the table from nucseg_cuda_limits() to nucseg_cuda_fill()
 * @request: on the device
 * @reply: on the device
 */
typedef struct {
  NucsegCudaPicture picture;
  NucsegInput input;
  NucsegCudaFilter across, down;
  gint block;
  NucsegCudaTensor out;
  gpointer workspace;
  const NucsegCudaRequest *request;
  NucsegCudaReply *reply;
} NucsegCudaPrepare;

/* Bytes of workspace for frames of @depth bits. Host. */
gsize nucseg_cuda_prepare_workspace (guint depth);

/**
 * nucseg_cuda_limits:
 * @prepare: what to do
 * @stream: where
 *
 * First pass over the frame: grey values, their histogram, limits, polarity,
 * table of network values. Limits and levels are equal to those of
 * nucseg_limits_find(), the table to the bit. The mean that decides on the
 * polarity is summed in f64 in another order: it may decide otherwise where
 * the mean is within 1e-12 of 0.5 without being it.
 */
cudaError_t
nucseg_cuda_limits (const NucsegCudaPrepare *prepare, cudaStream_t stream);

/**
 * nucseg_cuda_fill:
 *
 * Second pass: map, smooth, scale, pad. Exact where both filters do nothing;
 * else sums are f32.
 */
cudaError_t
nucseg_cuda_fill (const NucsegCudaPrepare *prepare, cudaStream_t stream);

/* --- decode, objects ------------------------------------------------------ */

/**
 * NucsegCudaDecode:
 * @geometry: sizes and scale
 * @output: the model's decoder
 * @maps: pad_height x pad_width x n_maps, dense (pitch = n_maps), f32
 * @positions: (nullable): nucseg_cuda_label_positions() values on the device;
 *   may be NULL if geometry.scale is 1
 * @workspace: nucseg_cuda_decode_workspace() bytes, aligned to 256
 * @request: on the device: limits, and where labels go
 * @reply: on the device: n_objects, dropped
 */
typedef struct {
  NucsegGeometry geometry;
  NucsegOutput output;
  const gfloat *maps;
  const gint *positions;
  gpointer workspace;
  const NucsegCudaRequest *request;
  NucsegCudaReply *reply;
} NucsegCudaDecode;

/* Bytes of workspace. Host. */
gsize nucseg_cuda_decode_workspace (const NucsegGeometry *geometry);
/**
 * nucseg_cuda_label_positions:
 * @geometry: sizes and scale
 * @positions: (out caller-allocates): host memory, frame_width + frame_height
 *   values: where each column, then each row of the frame stands between
 *   network pixels, in 256ths (docs/model-format.md, output, step 7)
 *
 * Runs on the host.
 */
void
nucseg_cuda_label_positions (const NucsegGeometry *geometry, gint *positions);

/* Steps 1 to 8 of docs/model-format.md; labels equal to the reference's. */
cudaError_t
nucseg_cuda_decode (const NucsegCudaDecode *decode, cudaStream_t stream);

/**
 * NucsegCudaObjects:
 * @picture: the raw frame
 * @workspace: nucseg_cuda_objects_workspace() bytes, aligned to 256
 * @request: on the device: frame, labels, objects
 * @reply: on the device: n_objects
 */
typedef struct {
  NucsegCudaPicture picture;
  gpointer workspace;
  const NucsegCudaRequest *request;
  const NucsegCudaReply *reply;
} NucsegCudaObjects;

gsize nucseg_cuda_objects_workspace (void);
/* Records equal to the reference's to the bit. */
cudaError_t
nucseg_cuda_objects (const NucsegCudaObjects *objects, cudaStream_t stream);

/* --- overlay -------------------------------------------------------------- */

/**
 * nucseg_cuda_overlay:
 * @picture: the raw frame
 * @shown: format of the picture to draw: the frame's, or any colour format
 *   where the frame is grey
 * @request: on the device: planes, labels, what is drawn
 * @reply: on the device: levels, number of objects
 * @stream: where
 *
 * Every byte of the shown picture's pixels is written (in place: those that
 * are drawn on), equal to the reference's. Bytes between a row's end and its
 * stride are left alone.
 */
cudaError_t nucseg_cuda_overlay (const NucsegCudaPicture *picture,
    NucsegFormat shown, const NucsegCudaRequest *request,
    const NucsegCudaReply *reply, cudaStream_t stream);

G_END_DECLS

#endif /* NUCSEG_CUDA_KERNELS_H */
