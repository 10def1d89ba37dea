/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * placement.c: places buffers in one block, the largest first, each at the
 * lowest address where no buffer placed before lives at the same time.
 */
#include "placement.h"

typedef struct {
  gsize size, offset;
  guint first, last; /* first > last: not used */
} Buffer;

struct _NucsegPlacement {
  GArray *items; /* Buffer */
  gsize alignment;
};

NucsegPlacement *
nucseg_placement_new (gsize alignment)
{
  NucsegPlacement *placement = g_new0 (NucsegPlacement, 1);

  placement->items = g_array_new (FALSE, FALSE, sizeof (Buffer));
  placement->alignment = alignment;
  return placement;
}

void
nucseg_placement_free (NucsegPlacement *placement)
{
  if (!placement)
    return;
  g_array_unref (placement->items);
  g_free (placement);
}

static Buffer *
get (const NucsegPlacement *placement, guint buffer)
{
  return &g_array_index (placement->items, Buffer, buffer);
}

guint
nucseg_placement_add (NucsegPlacement *placement, gsize size)
{
  Buffer buffer = { (size + placement->alignment - 1) / placement->alignment
        * placement->alignment,
    0, G_MAXUINT, 0 };

  g_array_append_val (placement->items, buffer);
  return placement->items->len - 1;
}

void
nucseg_placement_use (NucsegPlacement *placement, guint buffer, guint step)
{
  Buffer *b = get (placement, buffer);

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

gsize
nucseg_placement_place (NucsegPlacement *placement)
{
  GPtrArray *order = g_ptr_array_new (), *placed = g_ptr_array_new ();
  gsize size = placement->alignment;

  for (guint i = 0; i < placement->items->len; i++) {
    if (get (placement, i)->first <= get (placement, i)->last)
      g_ptr_array_add (order, get (placement, i));
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
  return size;
}

gsize
nucseg_placement_get_offset (const NucsegPlacement *placement, guint buffer)
{
  return get (placement, buffer)->offset;
}

gsize
nucseg_placement_get_unshared (const NucsegPlacement *placement)
{
  gsize sum = 0;

  for (guint i = 0; i < placement->items->len; i++)
    sum += get (placement, i)->size;
  return sum;
}
