/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-memory.c: the memory of the emulated device, which may run out.
 */
#include "emulated-device.h"

#include "cuda/device.h"

#define ALIGNMENT 256

/* Of a block, in front of what the back end gets. */
typedef struct {
  gsize size;
  gboolean is_weights;
} Header;

static GMutex lock; /* sessions of several threads */
static GMutex pinned_lock;
static GHashTable *pinned_blocks; /* address -> size */

/* Whether there is memory; says why not as CUDA's calls do. */
static gboolean
allocate (gsize size, const gchar *what, GError **error)
{
  EmulatedLog *log = emulated_get_log ();
  gboolean fails;

  g_mutex_lock (&lock);
  log->n_allocs++;
  fails = log->failing_alloc > 0 && --log->failing_alloc == 0;
  if (fails)
    log->failed = g_intern_string (what);
  g_mutex_unlock (&lock);
  return emulated_call (what, error)
      && nucseg_cuda_check_memory (
          fails ? cudaErrorMemoryAllocation : cudaSuccess, size, what, error);
}

/* --- Page-locked memory ----------------------------------------------------
 */

gboolean
nucseg_cuda_pinned_alloc (NucsegPinned *pinned, GError **error)
{
  const gsize padded = (pinned->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

  if (!allocate (pinned->size, "page-locked memory", error))
    return FALSE;
  pinned->data = g_aligned_alloc0 (1, padded, ALIGNMENT);
  g_mutex_lock (&pinned_lock);
  if (!pinned_blocks)
    pinned_blocks = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (
      pinned_blocks, pinned->data, GSIZE_TO_POINTER (pinned->size));
  emulated_get_log ()->n_pinned++;
  emulated_get_log ()->n_pinned_ever++;
  g_mutex_unlock (&pinned_lock);
  return TRUE;
}

void
nucseg_cuda_pinned_free (NucsegPinned *pinned)
{
  g_mutex_lock (&pinned_lock);
  g_assert_true (g_hash_table_remove (pinned_blocks, pinned->data));
  if (g_hash_table_size (pinned_blocks) == 0)
    g_clear_pointer (&pinned_blocks, g_hash_table_unref);
  emulated_get_log ()->n_pinned--;
  g_mutex_unlock (&pinned_lock);
  g_aligned_free (pinned->data);
}

gpointer
nucseg_cuda_find_mapped (
    NucsegCudaDevice *device, gconstpointer memory, gsize size)
{
  const guint8 *first = memory;
  gboolean found = FALSE;
  GHashTableIter iter;
  gpointer block, length;

  emulated_check_entered (device);
  g_mutex_lock (&pinned_lock);
  if (pinned_blocks)
    g_hash_table_iter_init (&iter, pinned_blocks);
  while (pinned_blocks && !found
      && g_hash_table_iter_next (&iter, &block, &length))
    found = first >= (guint8 *) block
        && first + size <= (guint8 *) block + GPOINTER_TO_SIZE (length);
  emulated_get_log ()->n_mapped += found ? 1 : 0;
  g_mutex_unlock (&pinned_lock);
  return found ? (gpointer) memory : NULL;
}

/* --- The device's --- */

gpointer
nucseg_cuda_alloc (
    NucsegCudaDevice *device, gsize size, const gchar *what, GError **error)
{
  gsize padded = (MAX (size, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  guint8 *block;
  Header *header;

  emulated_check_entered (device);
  if (!allocate (size, what, error))
    return NULL;
  block = g_aligned_alloc0 (1, ALIGNMENT + padded, ALIGNMENT);
  header = (Header *) block;
  *header = (Header){ padded, g_str_equal (what, "the network's weights") };
  g_mutex_lock (&lock);
  emulated_get_log ()->live += padded;
  if (header->is_weights) {
    emulated_get_log ()->live_weights += padded;
    emulated_get_log ()->n_weights++;
  }
  g_mutex_unlock (&lock);
  return block + ALIGNMENT;
}

void
nucseg_cuda_free (NucsegCudaDevice *device, gpointer memory)
{
  guint8 *block = memory;
  const Header *header;

  emulated_check_entered (device);
  if (!memory)
    return;
  block -= ALIGNMENT;
  header = (const Header *) block;
  g_mutex_lock (&lock);
  emulated_get_log ()->live -= header->size;
  if (header->is_weights)
    emulated_get_log ()->live_weights -= header->size;
  g_mutex_unlock (&lock);
  g_aligned_free (block);
}

gpointer
nucseg_cuda_alloc_host (NucsegCudaDevice *device, gsize size, const gchar *what,
    gpointer *mapped, GError **error)
{
  gpointer memory = nucseg_cuda_alloc (device, size, what, error);

  if (mapped)
    *mapped = memory;
  return memory;
}

void
nucseg_cuda_free_host (NucsegCudaDevice *device, gpointer memory)
{
  nucseg_cuda_free (device, memory);
}
