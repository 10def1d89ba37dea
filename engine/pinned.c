/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pinned.c: page-locked memory of a back end, for frames. The back end's module
 * stays open for good, so that memory can be given back at any time.
 */
#include "backend.h"

gboolean
nucseg_pinned_is_supported (const gchar *backend)
{
  const NucsegBackend *found;

  g_return_val_if_fail (backend != NULL, FALSE);

  found = nucseg_backend_find (backend, NULL);
  return found && found->pinned_alloc;
}

NucsegPinned *
nucseg_pinned_new (const gchar *backend, gsize size, GError **error)
{
  const NucsegBackend *found;
  NucsegPinned *pinned;

  g_return_val_if_fail (backend != NULL && size > 0, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  found = nucseg_backend_find (backend, error);
  if (!found)
    return NULL;
  if (!found->pinned_alloc) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the back end \"%s\" has no page-locked memory", found->name);
    return NULL;
  }
  pinned = g_new0 (NucsegPinned, 1);
  pinned->size = size;
  pinned->backend = found;
  if (!found->pinned_alloc (pinned, error)) {
    g_free (pinned);
    return NULL;
  }
  return pinned;
}

gpointer
nucseg_pinned_get_data (const NucsegPinned *pinned)
{
  g_return_val_if_fail (pinned != NULL, NULL);
  return pinned->data;
}

void
nucseg_pinned_free (NucsegPinned *pinned)
{
  if (!pinned)
    return;
  pinned->backend->pinned_free (pinned);
  g_free (pinned);
}
