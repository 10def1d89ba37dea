/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucseg.h: the one public header of libnucseg.
 *
 * Load a model, open a session, run frames, read labels and objects:
 *
 *   NucsegModel *model = nucseg_model_load ("nuclei-live", &error);
 *   NucsegSession *session = nucseg_session_new (model, NULL, &error);
 *   NucsegParams params = NUCSEG_PARAMS_INIT;
 *   NucsegFrame frame = { NUCSEG_FORMAT_GRAY8, NUCSEG_MEMORY_SYSTEM,
 *     512, 512, { pixels }, { 512 }, 8, FALSE };
 *   guint16 *labels = g_new (guint16, 512 * 512);
 *   NucsegResult result;
 *   nucseg_session_run (session, &frame, &params, labels, 512 * 2, NULL,
 *       &result, &error);
 *
 * Threads: models are immutable and may be used by any number of threads at
 * once. A session serves one thread at a time, any thread; several sessions
 * may run at the same time and share one model. Everything else here may be
 * called from any thread at any time, but that the first session or probe sets
 * OMP_WAIT_POLICY and GOMP_SPINCOUNT, unless they are set: no other thread may
 * read the environment meanwhile. In a child that was forked by a thread that
 * has run frames with several threads, frames need threads=1.
 *
 * Errors: functions that can fail at run time return FALSE or NULL and set a
 * GError of NUCSEG_ERROR, whose message names the file, the value and what was
 * expected. Misuse of the API (NULL where it is not allowed, say) is a
 * g_return_val_if_fail.
 */
#ifndef NUCSEG_H
#define NUCSEG_H

#include <glib.h>

G_BEGIN_DECLS

#define NUCSEG_API __attribute__ ((visibility ("default")))

/**
 * NUCSEG_ERROR:
 *
 * The error domain of the library; codes are #NucsegError.
 */
#define NUCSEG_ERROR (nucseg_error_quark ())
NUCSEG_API GQuark nucseg_error_quark (void);

/**
 * NucsegError:
 * @NUCSEG_ERROR_MODEL: the file is not a model, or the model is damaged
 * @NUCSEG_ERROR_SHAPE: a size that can't be had (frame, scale, stride)
 * @NUCSEG_ERROR_UNSUPPORTED: valid, but not what this build or back end does
 * @NUCSEG_ERROR_NO_DEVICE: the back end or its device is not there
 * @NUCSEG_ERROR_DEVICE: the device or its library failed
 * @NUCSEG_ERROR_MEMORY: not enough memory
 * @NUCSEG_ERROR_IO: a file exists but can't be read
 * @NUCSEG_ERROR_NOT_FOUND: no such file or model name
 */
typedef enum {
  NUCSEG_ERROR_MODEL,
  NUCSEG_ERROR_SHAPE,
  NUCSEG_ERROR_UNSUPPORTED,
  NUCSEG_ERROR_NO_DEVICE,
  NUCSEG_ERROR_DEVICE,
  NUCSEG_ERROR_MEMORY,
  NUCSEG_ERROR_IO,
  NUCSEG_ERROR_NOT_FOUND
} NucsegError;

/**
 * NucsegFormat:
 *
 * Pixel formats, with the memory layout of GStreamer's video formats of the
 * same name (P010 is its P010_10LE). GRAY16 samples have @significant_bits of
 * #NucsegFrame; those of P010 have ten, at the high end of the word.
 */
typedef enum {
  NUCSEG_FORMAT_GRAY8,
  NUCSEG_FORMAT_GRAY16_LE,
  NUCSEG_FORMAT_GRAY16_BE,
  NUCSEG_FORMAT_RGB,
  NUCSEG_FORMAT_BGR,
  NUCSEG_FORMAT_RGBX,
  NUCSEG_FORMAT_BGRX,
  NUCSEG_FORMAT_XRGB,
  NUCSEG_FORMAT_XBGR,
  NUCSEG_FORMAT_RGBA,
  NUCSEG_FORMAT_BGRA,
  NUCSEG_FORMAT_NV12,
  NUCSEG_FORMAT_I420,
  NUCSEG_FORMAT_P010,
  NUCSEG_FORMAT_LAST
} NucsegFormat;

/**
 * NucsegMemory:
 * @NUCSEG_MEMORY_SYSTEM: ordinary memory
 * @NUCSEG_MEMORY_CUDA: device memory of the CUDA context that was current when
 *   the session's first frame came, which must outlive the session
 */
typedef enum { NUCSEG_MEMORY_SYSTEM, NUCSEG_MEMORY_CUDA } NucsegMemory;

/**
 * NucsegYuv:
 *
 * How colours become Y, U and V: matrix of ITU-R BT.601 (and so on), range.
 */
typedef enum {
  NUCSEG_YUV_BT601,
  NUCSEG_YUV_BT601_FULL,
  NUCSEG_YUV_BT709,
  NUCSEG_YUV_BT709_FULL,
  NUCSEG_YUV_BT2020,
  NUCSEG_YUV_BT2020_FULL,
  NUCSEG_YUV_LAST
} NucsegYuv;

#define NUCSEG_MIN_SIZE 16 /* pixels: smallest width and height of a frame */
#define NUCSEG_MAX_SIZE 8192 /* pixels: largest width and height of a frame */
#define NUCSEG_MIN_SCALE 0.05 /* network pixels per frame pixel: smallest */
#define NUCSEG_MAX_SCALE 8.0 /* and largest */
#define NUCSEG_MAX_LABEL 65535 /* most objects of one frame */

/**
 * NucsegFrame:
 * @format: pixel format
 * @memory: where the planes are
 * @width: pixels, 16..8192
 * @height: pixels, 16..8192
 * @data: planes: [0] grey, packed colour or Y; [1] UV (NV12, P010) or U;
 *   [2] V
 * @stride: bytes from one row to the next, for each plane; at least a row's
 * @significant_bits: GRAY16 formats: bits that carry the value, 8..16
 *   (0 means 16); others: ignored
 * @msb_aligned: GRAY16 formats: the bits stand at the high end of the word
 * @yuv: NV12, I420, P010: how what is drawn becomes Y, U and V; others: ignored
 *
 * A picture in memory that somebody else owns: it is borrowed for a call.
 * In a 16-bit frame aligned at the low end, values above
 * 2^significant_bits - 1 count as that maximum.
 */
typedef struct {
  NucsegFormat format;
  NucsegMemory memory;
  gint width;
  gint height;
  guint8 *data[3];
  gint stride[3];
  guint significant_bits;
  gboolean msb_aligned;
  NucsegYuv yuv;
} NucsegFrame;

/**
 * NucsegPrecision:
 *
 * Arithmetic of the network. AUTO: the fastest here without a measurable loss.
 */
typedef enum {
  NUCSEG_PRECISION_AUTO,
  NUCSEG_PRECISION_F32,
  NUCSEG_PRECISION_BF16,
  NUCSEG_PRECISION_INT8,
  NUCSEG_PRECISION_F16
} NucsegPrecision;

/**
 * NucsegPolarity:
 * @NUCSEG_POLARITY_AUTO: told from each frame (docs/model-format.md)
 * @NUCSEG_POLARITY_BRIGHT: nuclei are brighter than what is around them
 * @NUCSEG_POLARITY_DARK: nuclei are darker (stained tissue, brightfield)
 */
typedef enum {
  NUCSEG_POLARITY_AUTO,
  NUCSEG_POLARITY_BRIGHT,
  NUCSEG_POLARITY_DARK
} NucsegPolarity;

/**
 * NucsegNormalization:
 * @NUCSEG_NORMALIZATION_MODEL: limits found in each frame as the model asks
 * @NUCSEG_NORMALIZATION_FIXED: black_level and white_level of #NucsegParams
 */
typedef enum {
  NUCSEG_NORMALIZATION_MODEL,
  NUCSEG_NORMALIZATION_FIXED
} NucsegNormalization;

/**
 * NucsegOverlay:
 *
 * What is drawn over the picture.
 */
typedef enum {
  NUCSEG_OVERLAY_NONE,
  NUCSEG_OVERLAY_FILL,
  NUCSEG_OVERLAY_CONTOUR,
  NUCSEG_OVERLAY_BOTH
} NucsegOverlay;

/**
 * NucsegParams:
 * @scale: network pixels per frame pixel, 0.05..8; 0: from @pixel_size_um and
 *   the model's pixel size where both are known, else 1
 * @pixel_size_um: micrometres per frame pixel, at most 1000; 0 if unknown
 * @threshold: foreground probability above which a pixel is nucleus, inside
 *   (0, 1); 0: the model's
 * @min_area: smallest object in frame pixels; -1: the model's
 * @max_area: largest object in frame pixels; 0: no limit
 * @exclude_border: drop objects that touch the frame's border
 * @polarity: what the frame shows
 * @normalization: whose limits
 * @black_level: raw value that becomes 0 (FIXED)
 * @white_level: raw value that becomes 1 (FIXED), above @black_level
 * @overlay: what is drawn
 * @overlay_alpha: opacity of the fill, 0..1
 * @contour_color: 0xRRGGBB, or %NUCSEG_COLOR_LABEL for one colour per label
 * @fill_color: 0xRRGGBB, or %NUCSEG_COLOR_LABEL
 * @draw_count: write the number of nuclei into the top left corner
 *
 * May change from frame to frame. Start from %NUCSEG_PARAMS_INIT.
 */
typedef struct {
  gdouble scale;
  gdouble pixel_size_um;
  gdouble threshold;
  gint min_area;
  gint max_area;
  gboolean exclude_border;
  NucsegPolarity polarity;
  NucsegNormalization normalization;
  guint black_level;
  guint white_level;
  NucsegOverlay overlay;
  gdouble overlay_alpha;
  guint32 contour_color;
  guint32 fill_color;
  gboolean draw_count;
} NucsegParams;

/* A colour of its own for each label. */
#define NUCSEG_COLOR_LABEL 0xff000000u

/* In the order of members: C++ has no names here before C++20. */
#define NUCSEG_PARAMS_INIT                                                     \
  {                                                                            \
    0, 0, 0, -1, 0, FALSE, NUCSEG_POLARITY_AUTO, NUCSEG_NORMALIZATION_MODEL,   \
        0, 65535, NUCSEG_OVERLAY_CONTOUR, 0.35, NUCSEG_COLOR_LABEL,            \
        NUCSEG_COLOR_LABEL, FALSE                                              \
  }

/**
 * NucsegObject:
 * @label: value of its pixels in the label map, 1..n in raster order
 * @x: left edge of the bounding box, frame pixels
 * @y: top edge
 * @width: of the box
 * @height: of the box
 * @area: number of pixels
 * @centroid_x: mean x of its pixels (pixel centres at integers)
 * @centroid_y: mean y
 * @mean: mean raw grey value (integer grey of docs/model-format.md, step 1)
 * @integrated: sum of the raw grey values
 * @perimeter: Crofton perimeter in four directions, pixels:
 *   pi/8 (h + v + (d1 + d2) / sqrt(2)), with the transitions into and out of
 *   the object along rows, columns and both diagonals, outside counting as
 *   background
 * @circularity: min (1, 4 pi area / perimeter^2)
 *
 * One nucleus. 72 bytes, no padding inside: bindings may map an array of it.
 */
typedef struct {
  guint32 label;
  gint32 x, y, width, height;
  guint32 area;
  gdouble centroid_x, centroid_y;
  gdouble mean, integrated;
  gdouble perimeter, circularity;
} NucsegObject;

/**
 * NucsegStage:
 *
 * The four steps of a frame, in order, and the whole.
 */
typedef enum {
  NUCSEG_STAGE_PREPARE,
  NUCSEG_STAGE_NETWORK,
  NUCSEG_STAGE_DECODE,
  NUCSEG_STAGE_OVERLAY,
  NUCSEG_STAGE_TOTAL,
  NUCSEG_STAGE_LAST
} NucsegStage;

/**
 * NucsegResult:
 * @n_objects: number of objects
 * @objects: the objects, in the order of their labels; owned by the session,
 *   valid until its next run or its end
 * @dropped: objects beyond %NUCSEG_MAX_LABEL that had to be left out
 * @scale: network pixels per frame pixel that was used
 * @low: grey value that became 0
 * @high: grey value that became 1
 * @inverted: the polarity was turned over
 * @batch: frames that were run in one batch with it, itself counted
 * @stage_ns: wall time of each stage in nanoseconds; a back end that does all
 *   in one launch fills only the total
 */
typedef struct {
  guint n_objects;
  const NucsegObject *objects;
  guint dropped;
  gdouble scale;
  guint low, high;
  gboolean inverted;
  guint batch;
  guint64 stage_ns[NUCSEG_STAGE_LAST];
} NucsegResult;

typedef struct _NucsegModel NucsegModel;
typedef struct _NucsegSession NucsegSession;

/* --- Models ------------------------------------------------------------- */

/**
 * nucseg_model_load:
 * @path_or_name: a path (it has a '/' or ends in ".safetensors"), or a name:
 *   "nuclei-live" is looked up as nuclei-live.safetensors in the folders of
 *   the environment variable NUCSEG_MODEL_PATH (separated by ':'), then where
 *   the package installs models
 * @error: return location
 *
 * Reads the file, which may change afterwards, and checks all of it.
 *
 * Returns: (transfer full) (nullable): the model; errors NOT_FOUND, IO, MODEL
 */
NUCSEG_API NucsegModel *
nucseg_model_load (const gchar *path_or_name, GError **error);

/**
 * nucseg_model_new_from_bytes:
 * @bytes: a whole model file; referenced, not copied
 * @origin: how messages call it
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the model; error MODEL
 */
NUCSEG_API NucsegModel *nucseg_model_new_from_bytes (
    GBytes *bytes, const gchar *origin, GError **error);

NUCSEG_API NucsegModel *nucseg_model_ref (NucsegModel *model);
NUCSEG_API void nucseg_model_unref (NucsegModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucsegModel, nucseg_model_unref)

/**
 * nucseg_model_list_names:
 *
 * Returns: (transfer full): the names that nucseg_model_load() would find,
 *   sorted, each once; free with g_strfreev(). The files are not opened.
 */
NUCSEG_API gchar **nucseg_model_list_names (void);

/* Strings belong to the model; description and license may be NULL. */
NUCSEG_API const gchar *nucseg_model_get_name (const NucsegModel *model);
NUCSEG_API const gchar *nucseg_model_get_origin (const NucsegModel *model);
NUCSEG_API const gchar *nucseg_model_get_sha256 (const NucsegModel *model);
NUCSEG_API const gchar *nucseg_model_get_description (const NucsegModel *model);
NUCSEG_API const gchar *nucseg_model_get_license (const NucsegModel *model);
/* Micrometres per pixel it was trained at; 0 if unknown. */
NUCSEG_API gdouble nucseg_model_get_pixel_size (const NucsegModel *model);
/* Number of weights and biases. */
NUCSEG_API guint64 nucseg_model_get_n_weights (const NucsegModel *model);
/* Floating-point operations (2 per multiply-add) of the convolutions for a
 * frame of width x height at scale 1. */
NUCSEG_API guint64 nucseg_model_get_flop (
    const NucsegModel *model, gint width, gint height);

/* --- Back ends ---------------------------------------------------------- */

/**
 * nucseg_backend_list:
 *
 * Returns: (transfer full): names of the back ends that this build or its
 *   modules have, best first, whether they can start here or not; g_strfreev()
 */
NUCSEG_API gchar **nucseg_backend_list (void);

/**
 * nucseg_backend_probe:
 * @name: a name of nucseg_backend_list()
 * @error: why it can't start here
 *
 * Returns: whether the back end can start on this machine
 */
NUCSEG_API gboolean nucseg_backend_probe (const gchar *name, GError **error);

/**
 * nucseg_backend_describe:
 * @name: a name of nucseg_backend_list()
 *
 * Returns: (transfer full): its libraries and versions in one line, or NULL
 */
NUCSEG_API gchar *nucseg_backend_describe (const gchar *name);

/* "f32", "bf16", "int8", "f16", "auto" */
NUCSEG_API const gchar *nucseg_precision_name (NucsegPrecision precision);
NUCSEG_API const gchar *nucseg_stage_name (NucsegStage stage);
NUCSEG_API const gchar *nucseg_version (void);

/* --- Page-locked memory ------------------------------------------------- */

/**
 * NucsegPinned:
 *
 * Memory of the host that a back end's device reads and writes where it lies:
 * planes of a #NucsegFrame in it (memory NUCSEG_MEMORY_SYSTEM, any strides)
 * need no copy by the CPU on their way. Everything else about such a frame is
 * as with ordinary memory. It belongs to no session: it may be used with any,
 * and outlive all of them.
 */
typedef struct _NucsegPinned NucsegPinned;

/**
 * nucseg_pinned_is_supported:
 * @backend: a name of nucseg_backend_list(), or nucseg_session_get_backend()'s
 *
 * Any thread.
 *
 * Returns: whether the back end has such memory and can start here; FALSE for
 *   those that work on a CPU
 */
NUCSEG_API gboolean nucseg_pinned_is_supported (const gchar *backend);

/**
 * nucseg_pinned_new:
 * @backend: as nucseg_pinned_is_supported()
 * @size: bytes, more than 0
 * @error: return location
 *
 * Slow, as page-locked memory is: to be kept and used again. Any thread.
 *
 * Returns: (transfer full) (nullable): the memory; errors NO_DEVICE,
 *   UNSUPPORTED (the back end has none), DEVICE, MEMORY
 */
NUCSEG_API NucsegPinned *
nucseg_pinned_new (const gchar *backend, gsize size, GError **error);

/* Its first byte, aligned to 256 at least; zeroed at first. Belongs to @pinned,
 * which is not NULL. */
NUCSEG_API gpointer nucseg_pinned_get_data (const NucsegPinned *pinned);

/**
 * nucseg_pinned_free:
 * @pinned: (nullable) (transfer full): the memory
 *
 * Any thread, also when every session has ended; no session may be using it.
 */
NUCSEG_API void nucseg_pinned_free (NucsegPinned *pinned);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucsegPinned, nucseg_pinned_free)

/* --- Sessions ----------------------------------------------------------- */

#define NUCSEG_MAX_BATCH 16
#define NUCSEG_MAX_BATCH_DEADLINE 1000000 /* microseconds */

/**
 * NucsegSessionOptions:
 * @backend: "auto" or NULL (cuda, then onednn, then reference), or a name; a
 *   name that can't start is an error, never a silent fall-back
 * @precision: arithmetic; one that the back end lacks is an error
 * @threads: CPU threads, 1..256; 0: all that the process may use
 * @max_plans: plans kept for sizes that come back, 1..64; 0: 4
 * @batch: frames of several sessions that a GPU runs in one batch, up to
 *   %NUCSEG_MAX_BATCH; 0 or 1: each by itself. Sessions of the same model,
 *   precision and batch meet; those whose back end is a CPU's run frames by
 *   themselves
 * @batch_deadline_us: microseconds that nucseg_session_run() waits for other
 *   sessions' frames at most, up to %NUCSEG_MAX_BATCH_DEADLINE; it waits no
 *   longer than until as many are there as there are sessions
 */
typedef struct {
  const gchar *backend;
  NucsegPrecision precision;
  guint threads;
  guint max_plans;
  guint batch;
  guint64 batch_deadline_us;
} NucsegSessionOptions;

/**
 * nucseg_session_new:
 * @model: the model; referenced
 * @options: (nullable): NULL for all defaults
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a session; errors NO_DEVICE,
 *   UNSUPPORTED, DEVICE, MEMORY
 */
NUCSEG_API NucsegSession *nucseg_session_new (
    NucsegModel *model, const NucsegSessionOptions *options, GError **error);
NUCSEG_API void nucseg_session_free (NucsegSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (NucsegSession, nucseg_session_free)

NUCSEG_API NucsegModel *nucseg_session_get_model (NucsegSession *session);
NUCSEG_API const gchar *nucseg_session_get_backend (NucsegSession *session);
NUCSEG_API NucsegPrecision nucseg_session_get_precision (
    NucsegSession *session);

/* Whether frames may lie in @memory; another back end that takes over may say
 * otherwise. */
NUCSEG_API gboolean nucseg_session_takes_memory (
    NucsegSession *session, NucsegMemory memory);

/**
 * nucseg_session_get_fallback:
 * @session: a session
 *
 * Why "auto" took another back end than the best that is installed: no driver,
 * no GPU, out of memory and so on. The reference is never the best: without the
 * back end of the CPU, that it is missing is the reason.
 *
 * Returns: (transfer none) (nullable): the error, whose message begins with the
 *   name of the back end that can't start; NULL where nothing better is
 *   installed, or where a back end was asked for by name. Belongs to the
 *   session and stays until its end; nucseg_session_warm_up() may set it.
 */
NUCSEG_API const GError *nucseg_session_get_fallback (NucsegSession *session);

/**
 * nucseg_session_warm_up:
 * @session: a session
 * @frame: format, size and memory of the frames to come; the planes may be NULL
 * @shown: (nullable): likewise of the pictures that are drawn into; NULL:
 *   nothing is drawn
 * @params: the parameters to come
 * @error: return location
 *
 * Builds the plan of this size and runs it once on an empty frame, so that the
 * first frame is as fast as the others. CUDA memory stands for system memory
 * where the back end has no GPU. Where the back end is the engine's
 * choice and its device fails before the first frame (another program has taken
 * all of a GPU's memory, say), the next back end takes over: see
 * nucseg_session_get_backend() and nucseg_session_get_fallback().
 */
NUCSEG_API gboolean nucseg_session_warm_up (NucsegSession *session,
    const NucsegFrame *frame, const NucsegFrame *shown,
    const NucsegParams *params, GError **error);

/**
 * nucseg_session_run:
 * @session: a session
 * @frame: the raw frame; only read, unless @shown has the same planes
 * @params: parameters
 * @labels: (out caller-allocates): width x height labels in host byte order,
 *   0 background, 1..n in raster order of each object's first pixel
 * @labels_stride: bytes from one row of @labels to the next, even, at least
 *   2 x width
 * @shown: (nullable): where to draw the frame with its overlay: same size;
 *   either the frame's format (in place too: the same planes), or, from a grey
 *   frame, any colour format, with the picture stretched between the limits
 *   that were found in it; NULL: nothing is drawn
 * @result: (out): numbers and objects
 * @error: return location
 *
 * Allocates nothing of its own from the second frame of a size on (more objects
 * than ever before aside; libraries may: oneDNN does, and gives it back). On
 * failure @labels and @shown hold nothing of use.
 *
 * Returns: TRUE on success; errors SHAPE, UNSUPPORTED, DEVICE, MEMORY
 */
NUCSEG_API gboolean nucseg_session_run (NucsegSession *session,
    const NucsegFrame *frame, const NucsegParams *params, guint16 *labels,
    gsize labels_stride, NucsegFrame *shown, NucsegResult *result,
    GError **error);

/**
 * nucseg_session_draw:
 * @session: a session
 * @frame: a frame of the size of @labels
 * @params: parameters
 * @labels: labels of an earlier frame
 * @labels_stride: bytes a row
 * @n_objects: number of objects, for the count
 * @shown: as in nucseg_session_run(), not NULL
 * @elapsed_ns: (out) (optional): wall time
 * @error: return location
 *
 * Draws labels that are reused, stretched from grey to colour by the limits of
 * the last run of this size and scale; if there was none since a warm-up, or
 * other sizes used up the plans, by those of the first frame that is drawn.
 *
 * Returns: FALSE with SHAPE, UNSUPPORTED, DEVICE or MEMORY
 */
NUCSEG_API gboolean nucseg_session_draw (NucsegSession *session,
    const NucsegFrame *frame, const NucsegParams *params, const guint16 *labels,
    gsize labels_stride, guint n_objects, NucsegFrame *shown,
    guint64 *elapsed_ns, GError **error);

G_END_DECLS

#endif /* NUCSEG_H */
