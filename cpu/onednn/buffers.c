/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * buffers.c: places buffers in one block, the largest first, each at the lowest
 * address where no buffer placed before lives at the same time.
 */
#include "cpu/onednn/buffers.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

typedef struct {
  gsize size, offset;
  guint first, last; /* first > last: not used */
} Buffer;

struct _NucsegBuffers {
  GArray *items; /* Buffer */
  guint8 *block;
  gsize size;
};

NucsegBuffers *
nucseg_buffers_new (void)
{
  NucsegBuffers *buffers = g_new0 (NucsegBuffers, 1);

  buffers->items = g_array_new (FALSE, FALSE, sizeof (Buffer));
  return buffers;
}

void
nucseg_buffers_free (NucsegBuffers *buffers)
{
  if (!buffers)
    return;
  g_array_unref (buffers->items);
  free (buffers->block);
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
  void *block = NULL;

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

  if (posix_memalign (&block, ALIGNMENT, size) != 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory for the network's tensors: %" G_GSIZE_FORMAT " bytes", size);
    return FALSE;
  }
  memset (block, 0, size);
  buffers->block = block;
  buffers->size = size;
  return TRUE;
}

gpointer
nucseg_buffers_get (NucsegBuffers *buffers, guint buffer)
{
  return buffers->block + get (buffers, buffer)->offset;
}

gsize
nucseg_buffers_get_size (const NucsegBuffers *buffers, gsize *unshared)
{
  gsize sum = 0;

  for (guint i = 0; i < buffers->items->len; i++)
    sum += get (buffers, i)->size;
  if (unshared)
    *unshared = sum;
  return buffers->size;
}
