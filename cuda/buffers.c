/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.c: places buffers in one block, the largest first, each at the lowest
 * address where no buffer placed before lives at the same time.
 */
#include "cuda/buffers.h"

#define ALIGNMENT 256

typedef struct {
  gsize size, offset;
  guint first, last; /* first > last: not used */
} Buffer;

struct _NucsegBuffers {
  NucsegCudaDevice *device;
  GArray *items; /* Buffer */
  guint8 *block; /* on the device */
};

NucsegBuffers *
nucseg_buffers_new (NucsegCudaDevice *device)
{
  NucsegBuffers *buffers = g_new0 (NucsegBuffers, 1);

  buffers->device = device;
  buffers->items = g_array_new (FALSE, FALSE, sizeof (Buffer));
  return buffers;
}

void
nucseg_buffers_free (NucsegBuffers *buffers)
{
  if (!buffers)
    return;
  g_array_unref (buffers->items);
  nucseg_cuda_free (buffers->device, buffers->block);
  g_free (buffers);
}

static Buffer *
get (const NucsegBuffers *buffers, guint buffer)
{
  return &g_array_index (buffers->items, Buffer, buffer);
}

guint
nucseg_buffers_add (NucsegBuffers *buffers, gsize size)
{
  Buffer buffer = { (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, 0,
    G_MAXUINT, 0 };

  g_array_append_val (buffers->items, buffer);
  return buffers->items->len - 1;
}

void
nucseg_buffers_use (NucsegBuffers *buffers, guint buffer, guint step)
{
  Buffer *b = get (buffers, buffer);

  b->first = MIN (b->first, step);
  b->last = MAX (b->last, step);
}

static gint
compare_offset (gconstpointer a, gconstpointer b)
{
  const Buffer *x = *(const Buffer *const *) a, *y = *(const Buffer *const *) b;

  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static gint
compare_size (gconstpointer a, gconstpointer b)
{
  const Buffer *x = *(const Buffer *const *) a, *y = *(const Buffer *const *) b;

  return x->size > y->size ? -1 : x->size < y->size;
}

/* Lowest offset for @buffer between those of @placed, sorted by offset. */
static gsize
find_offset (const GPtrArray *placed, const Buffer *buffer)
{
  gsize offset = 0;

  for (guint i = 0; i < placed->len; i++) {
    const Buffer *other = g_ptr_array_index (placed, i);

    if (other->last < buffer->first || other->first > buffer->last)
      continue;
    if (offset + buffer->size <= other->offset)
      break;
    offset = MAX (offset, other->offset + other->size);
  }
  return offset;
}

gboolean
nucseg_buffers_allocate (NucsegBuffers *buffers, GError **error)
{
  GPtrArray *order = g_ptr_array_new (), *placed = g_ptr_array_new ();
  gsize size = ALIGNMENT;

  for (guint i = 0; i < buffers->items->len; i++) {
    if (get (buffers, i)->first <= get (buffers, i)->last)
      g_ptr_array_add (order, get (buffers, i));
  }
  g_ptr_array_sort (order, compare_size);
  for (guint i = 0; i < order->len; i++) {
    Buffer *buffer = g_ptr_array_index (order, i);

    buffer->offset = find_offset (placed, buffer);
    size = MAX (size, buffer->offset + buffer->size);
    g_ptr_array_add (placed, buffer);
    g_ptr_array_sort (placed, compare_offset);
  }
  g_ptr_array_unref (order);
  g_ptr_array_unref (placed);

  buffers->block =
      nucseg_cuda_alloc (buffers->device, size, "the network's tensors", error);
  return buffers->block != NULL;
}

gpointer
nucseg_buffers_get (NucsegBuffers *buffers, guint buffer)
{
  return buffers->block + get (buffers, buffer)->offset;
}
