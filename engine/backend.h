/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend.h: the table that every back end fills. Internal to the project (it
 * is not installed); modules are built with the engine and carry its ABI
 * number.
 *
 * A plan is one (model, geometry, precision, threads) made ready on a device.
 * A frame goes through its verbs in order: prepare (raw frame -> network
 * input), network (input -> maps), decode (maps -> labels, objects), overlay
 * (frame + labels -> picture). Verbs of one plan are called from one thread at
 * a time; different plans may run at once. After the first frame verbs
 * allocate nothing. With a batch above 1, run() of several plans may wait for
 * each other, up to the deadline.
 */
#ifndef NUCSEG_BACKEND_H
#define NUCSEG_BACKEND_H

#include "model.h"

G_BEGIN_DECLS

#define NUCSEG_BACKEND_ABI 6

/**
 * NucsegGeometry:
 * @frame_width: of the raw frame
 * @frame_height: of the raw frame
 * @scale: network pixels per frame pixel
 * @net_width: max (1, round (frame_width * scale))
 * @net_height: likewise
 * @pad_width: @net_width rounded up to the graph's multiple: the network's
 *   input; columns from @net_width on repeat by reflection
 * @pad_height: likewise
 */
typedef struct {
  gint frame_width, frame_height;
  gdouble scale;
  gint net_width, net_height;
  gint pad_width, pad_height;
} NucsegGeometry;

/* Objects in a buffer that grows and is kept: owned by the session. */
typedef struct {
  NucsegObject *items;
  guint n, allocated;
} NucsegObjectList;

/* Grows @list to hold @n items; sets list->n = n. FALSE with MEMORY. */
NUCSEG_API gboolean nucseg_object_list_set_size (
    NucsegObjectList *list, guint n, GError **error);

typedef struct {
  NucsegModel *model; /* borrowed: outlives the plan */
  NucsegGeometry geometry;
  NucsegPrecision precision; /* never AUTO */
  guint threads; /* >= 1 */
  guint batch; /* frames of several plans that a device may run at once, >= 1 */
  guint64 batch_deadline_us; /* that a frame waits for others */
} NucsegPlanOptions;

typedef struct _NucsegPlan NucsegPlan; /* each back end defines its own */

/* Page-locked memory, as nucseg.h has it. */
struct _NucsegPinned {
  gpointer data;
  gsize size;
  const struct _NucsegBackend *backend;
  gpointer owner; /* the back end's, for pinned_free */
};

/**
 * NucsegBackend:
 * @abi: %NUCSEG_BACKEND_ABI
 * @name: as users ask for it
 * @describe: (transfer full): libraries and versions in one line
 * @probe: whether it can start here; NO_DEVICE or DEVICE says why not
 * @best_precision: what AUTO means for @model here
 * @supports: whether this model runs at this precision here; UNSUPPORTED
 * @plan_new: builds a plan: all memory, all primitives
 * @plan_free: NULL is allowed
 * @prepare: fills result->low, high, inverted
 * @network: from the plan's input to its maps
 * @decode: writes @labels (frame size) and @objects; fills result->dropped
 * @overlay: draws @frame and labels into @shown (may be the same planes)
 * @run: (nullable): all four verbs in one launch, for devices; @shown may be
 *   NULL
 * @ready: there where @run is: makes what a @run of such pictures would still
 *   have to make, none of whose planes are there yet; after a @run of their
 *   formats in system memory
 * @write_input: (for tests and warm-up) sets the network input: f32, layout
 *   pad_height x pad_width
 * @read_input: reads it back
 * @write_maps: sets the network's output: f32, layout pad_height x pad_width x
 *   n_maps (NHWC)
 * @read_maps: reads it back
 * @pinned_alloc: (nullable): page-locked memory that the device reads and
 *   writes where it lies, of no plan: sets data (zeroed) and owner for
 *   pinned->size bytes; FALSE with NO_DEVICE, DEVICE or MEMORY. Any thread
 * @pinned_free: there where @pinned_alloc is: gives it back, after all plans
 *   are gone too. Any thread
 * @keeps_f32: tensors take four bytes an element at every precision
 *
 * A static const table.
 */
typedef struct _NucsegBackend {
  guint abi;
  const gchar *name;
  gchar *(*describe) (void);
  gboolean (*probe) (GError **error);
  NucsegPrecision (*best_precision) (const NucsegModel *model);
  gboolean (*supports) (
      const NucsegModel *model, NucsegPrecision precision, GError **error);
  NucsegPlan *(*plan_new) (const NucsegPlanOptions *options, GError **error);
  void (*plan_free) (NucsegPlan *plan);

  gboolean (*prepare) (NucsegPlan *plan, const NucsegFrame *frame,
      const NucsegParams *params, NucsegResult *result, GError **error);
  gboolean (*network) (NucsegPlan *plan, GError **error);
  gboolean (*decode) (NucsegPlan *plan, const NucsegFrame *frame,
      const NucsegParams *params, guint16 *labels, gsize labels_stride,
      NucsegObjectList *objects, NucsegResult *result, GError **error);
  gboolean (*overlay) (NucsegPlan *plan, const NucsegFrame *frame,
      const NucsegParams *params, const guint16 *labels, gsize labels_stride,
      guint n_objects, NucsegFrame *shown, GError **error);
  gboolean (*run) (NucsegPlan *plan, const NucsegFrame *frame,
      const NucsegParams *params, guint16 *labels, gsize labels_stride,
      NucsegObjectList *objects, NucsegFrame *shown, NucsegResult *result,
      GError **error);
  gboolean (*ready) (NucsegPlan *plan, const NucsegFrame *frame,
      const NucsegFrame *shown, const NucsegParams *params, GError **error);

  gboolean (*write_input) (
      NucsegPlan *plan, const gfloat *input, GError **error);
  gboolean (*read_input) (NucsegPlan *plan, gfloat *input, GError **error);
  gboolean (*write_maps) (NucsegPlan *plan, const gfloat *maps, GError **error);
  gboolean (*read_maps) (NucsegPlan *plan, gfloat *maps, GError **error);

  gboolean (*pinned_alloc) (NucsegPinned *pinned, GError **error);
  void (*pinned_free) (NucsegPinned *pinned);
  gboolean keeps_f32;
} NucsegBackend;

/* Whether it has a device of its own: frames may lie in the device's memory,
 * its own memory is the device's, and it can fail where a CPU would not. */
static inline gboolean
nucseg_backend_has_device (const NucsegBackend *backend)
{
  return backend->run != NULL;
}

/* Modules export this function under the name "nucseg_backend_get". */
typedef const NucsegBackend *(*NucsegBackendGet) (void);
#define NUCSEG_BACKEND_SYMBOL "nucseg_backend_get"

/* The plain-C back end, always there (cpu/reference/plan.c). */
extern const NucsegBackend nucseg_backend_reference;

/**
 * nucseg_backend_find:
 * @name: a name, or NULL / "auto"
 * @error: return location
 *
 * Opens the module if need be and probes it. "auto" takes the first that can
 * start of cuda, onednn, reference.
 *
 * Returns: (nullable): the table; NO_DEVICE where the back end isn't built,
 *   isn't installed or can't start here, with the list of those that are
 */
NUCSEG_API const NucsegBackend *
nucseg_backend_find (const gchar *name, GError **error);

/**
 * nucseg_geometry_init:
 * @geometry: (out): filled
 * @model: the model
 * @width: of the frame
 * @height: of the frame
 * @params: scale and pixel size
 * @error: return location
 *
 * Returns: FALSE with SHAPE for frames outside 16..8192, scales outside
 *   0.05..8 and network inputs above 8192 a side, naming the value
 */
NUCSEG_API gboolean nucseg_geometry_init (NucsegGeometry *geometry,
    const NucsegModel *model, gint width, gint height,
    const NucsegParams *params, GError **error);

/**
 * nucseg_frame_check:
 *
 * Returns: FALSE with SHAPE or UNSUPPORTED for a format that isn't known, a
 *   size outside 16..8192, planes that are NULL (unless @planes is FALSE),
 *   strides too small, significant bits outside 8..16
 */
NUCSEG_API gboolean nucseg_frame_check (
    const NucsegFrame *frame, gboolean planes, GError **error);

/* Number of bits of the grey value of @frame: 8, its significant bits, or the
 * 10 of P010. */
NUCSEG_API guint nucseg_frame_get_depth (const NucsegFrame *frame);
/* Whether those bits stand at the high end of a 16-bit word. */
NUCSEG_API gboolean nucseg_frame_is_msb_aligned (const NucsegFrame *frame);
/* Bytes of a sample: 2 for GRAY16 and P010, else 1. */
NUCSEG_API guint nucseg_format_get_sample_bytes (NucsegFormat format);
/* Planes of a picture, 1 to 3. */
guint nucseg_format_get_n_planes (NucsegFormat format);
/* "GRAY8", "GRAY16_LE", ... */
NUCSEG_API const gchar *nucseg_format_name (NucsegFormat format);
/* Whether it is GRAY8 or GRAY16. */
NUCSEG_API gboolean nucseg_format_is_grey (NucsegFormat format);
/* Whether it is NV12, I420 or P010: chroma for each 2x2 pixels. */
NUCSEG_API gboolean nucseg_format_is_yuv (NucsegFormat format);

G_END_DECLS

#endif /* NUCSEG_BACKEND_H */
