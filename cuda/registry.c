/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry.c: see registry.h.
 */
#include "cuda/registry.h"

gpointer
nucseg_registry_take (NucsegRegistry *registry, const gchar *key,
    NucsegRegistryMake make, gconstpointer data, GError **error)
{
  NucsegEntry *entry = NULL;

  g_mutex_lock (&registry->lock);
  if (registry->entries)
    entry = g_hash_table_lookup (registry->entries, key);
  if (!entry && (entry = make (data, error))) {
    entry->key = g_strdup (key);
    entry->refs = 0;
    if (!registry->entries)
      registry->entries = g_hash_table_new (g_str_hash, g_str_equal);
    g_hash_table_insert (registry->entries, entry->key, entry);
  }
  if (entry)
    entry->refs++;
  g_mutex_unlock (&registry->lock);
  return entry;
}

/* Under the lock: nobody finds it any more. */
static void
forget_entry (NucsegRegistry *registry, NucsegEntry *entry)
{
  if (!registry->entries
      || g_hash_table_lookup (registry->entries, entry->key) != entry)
    return;
  g_hash_table_remove (registry->entries, entry->key);
  if (g_hash_table_size (registry->entries) == 0)
    g_clear_pointer (&registry->entries, g_hash_table_unref);
}

void
nucseg_registry_give_back (NucsegRegistry *registry, gpointer thing,
    gboolean forget, NucsegRegistryFree release, gpointer data)
{
  NucsegEntry *entry = thing;

  g_mutex_lock (&registry->lock);
  entry->refs--;
  if (entry->refs == 0 || forget)
    forget_entry (registry, entry);
  if (entry->refs == 0) {
    g_free (entry->key);
    release (thing, data);
  }
  g_mutex_unlock (&registry->lock);
}
