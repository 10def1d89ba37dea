/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pinnedallocator.c: see pinnedallocator.h. */
#include "pinnedallocator.h"

#include "nucseg.h"

#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (nucseg_filter_debug);
#define GST_CAT_DEFAULT nucseg_filter_debug

typedef struct {
  GstMemory parent;
  NucsegPinned *pinned; /* NULL: a part of another memory */
  guint8 *data;
} PinnedMemory;

typedef struct {
  GstAllocator parent;
  gchar *backend;
} NucsegPinnedAllocator;

typedef struct {
  GstAllocatorClass parent;
} NucsegPinnedAllocatorClass;

static GType nucseg_pinned_allocator_get_type (void);
G_DEFINE_TYPE (
    NucsegPinnedAllocator, nucseg_pinned_allocator, GST_TYPE_ALLOCATOR)

static GstMemory *
pinned_alloc (GstAllocator *allocator, gsize size, GstAllocationParams *params)
{
  NucsegPinnedAllocator *self = (NucsegPinnedAllocator *) allocator;
  const gsize align = params->align | gst_memory_alignment;
  const gsize maxsize = size + params->prefix + params->padding;
  g_autoptr (GError) error = NULL;
  PinnedMemory *memory;
  NucsegPinned *pinned;
  gsize misplaced;

  pinned = nucseg_pinned_new (self->backend, MAX (maxsize, 1) + align, &error);
  if (!pinned) {
    GST_WARNING_OBJECT (self, "ordinary memory instead: %s", error->message);
    return gst_allocator_alloc (NULL, size, params);
  }
  memory = g_new0 (PinnedMemory, 1);
  memory->pinned = pinned;
  memory->data = nucseg_pinned_get_data (pinned);
  misplaced = GPOINTER_TO_SIZE (memory->data) & align;
  if (misplaced)
    memory->data += align + 1 - misplaced;
  /* it is zeroed, as the flags for prefix and padding may ask */
  gst_memory_init (GST_MEMORY_CAST (memory), params->flags, allocator, NULL,
      maxsize, align, params->prefix, size);
  return GST_MEMORY_CAST (memory);
}

static void
pinned_free (GstAllocator *allocator, GstMemory *memory)
{
  PinnedMemory *self = (PinnedMemory *) memory;

  nucseg_pinned_free (self->pinned);
  g_free (self);
}

static gpointer
map (GstMemory *memory, gsize maxsize, GstMapFlags flags)
{
  return ((PinnedMemory *) memory)->data;
}

static void
unmap (GstMemory *memory)
{
}

static GstMemory *
share (GstMemory *memory, gssize offset, gssize size)
{
  GstMemory *parent = memory->parent ? memory->parent : memory;
  PinnedMemory *part = g_new0 (PinnedMemory, 1);

  part->data = ((PinnedMemory *) memory)->data;
  if (size == -1)
    size = (gssize) memory->size - offset;
  gst_memory_init (GST_MEMORY_CAST (part),
      GST_MINI_OBJECT_FLAGS (parent) | GST_MINI_OBJECT_FLAG_LOCK_READONLY,
      memory->allocator, parent, memory->maxsize, memory->align,
      (gsize) ((gssize) memory->offset + offset), (gsize) size);
  return GST_MEMORY_CAST (part);
}

/* Into ordinary memory: page-locking takes longer than the copy. */
static GstMemory *
copy (GstMemory *memory, gssize offset, gssize size)
{
  const guint8 *data =
      ((PinnedMemory *) memory)->data + (gssize) memory->offset + offset;
  const gsize n =
      size == -1 ? (gsize) ((gssize) memory->size - offset) : (gsize) size;
  GstMemory *made = gst_allocator_alloc (NULL, n, NULL);
  GstMapInfo info;

  if (!gst_memory_map (made, &info, GST_MAP_WRITE)) {
    gst_memory_unref (made);
    return NULL;
  }
  memcpy (info.data, data, n);
  gst_memory_unmap (made, &info);
  return made;
}

static gboolean
is_span (GstMemory *a, GstMemory *b, gsize *offset)
{
  if (offset)
    *offset = a->offset - a->parent->offset;
  return ((PinnedMemory *) a)->data + a->offset + a->size
      == ((PinnedMemory *) b)->data + b->offset;
}

static void
finalize (GObject *object)
{
  g_free (((NucsegPinnedAllocator *) object)->backend);
  G_OBJECT_CLASS (nucseg_pinned_allocator_parent_class)->finalize (object);
}

static void
nucseg_pinned_allocator_class_init (NucsegPinnedAllocatorClass *klass)
{
  GstAllocatorClass *allocator_class = GST_ALLOCATOR_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = finalize;
  allocator_class->alloc = pinned_alloc;
  allocator_class->free = pinned_free;
}

static void
nucseg_pinned_allocator_init (NucsegPinnedAllocator *self)
{
  GstAllocator *allocator = GST_ALLOCATOR_CAST (self);

  allocator->mem_type = NUCSEG_PINNED_MEMORY_TYPE;
  allocator->mem_map = map;
  allocator->mem_unmap = unmap;
  allocator->mem_copy = copy;
  allocator->mem_share = share;
  allocator->mem_is_span = is_span;
}

GstAllocator *
nucseg_pinned_allocator_new (const gchar *backend)
{
  NucsegPinnedAllocator *self;

  if (!nucseg_pinned_is_supported (backend))
    return NULL;
  self = g_object_new (nucseg_pinned_allocator_get_type (), NULL);
  self->backend = g_strdup (backend);
  gst_object_ref_sink (self);
  return GST_ALLOCATOR_CAST (self);
}

gboolean
nucseg_pinned_allocator_is_of (GstAllocator *allocator, const gchar *backend)
{
  return g_str_equal (((NucsegPinnedAllocator *) allocator)->backend, backend);
}
