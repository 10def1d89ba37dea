/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.c: names of outputs, each used once. How many pages a TIFF has is known
 * only when it is opened, so pages take their names later than files.
 */
#include "plan.h"

#include <string.h>

#include <nucseg.h>

#include "output.h"

struct _ToolPlan {
  gchar *dir;
  const gchar *const *inputs;
  gboolean overlay;
  GHashTable *owners; /* path of an output -> number of the input + 1 */
};

static gchar *
stem_of (const gchar *path)
{
  gchar *stem = g_path_get_basename (path);
  gchar *dot = strrchr (stem, '.');

  if (dot && dot != stem)
    *dot = '\0';
  return stem;
}

static void
fill_names (
    ToolPlan *self, guint input, guint page, guint n_pages, ToolNames *names)
{
  const gchar *path = self->inputs[input];
  g_autofree gchar *base = g_path_get_basename (path);
  g_autofree gchar *stem = stem_of (path);
  g_autofree gchar *full = n_pages > 1
      ? g_strdup_printf ("%s-%04u", stem, page + 1)
      : g_strdup (stem);
  g_autofree gchar *labels = g_strconcat (full, ".png", NULL);
  g_autofree gchar *overlay = g_strconcat (full, "-overlay.png", NULL);

  names->image =
      n_pages > 1 ? g_strdup_printf ("%s#%u", base, page + 1) : g_strdup (base);
  names->labels = g_build_filename (self->dir, labels, NULL);
  names->overlay =
      self->overlay ? g_build_filename (self->dir, overlay, NULL) : NULL;
}

void
tool_names_clear (ToolNames *names)
{
  g_clear_pointer (&names->image, g_free);
  g_clear_pointer (&names->labels, g_free);
  g_clear_pointer (&names->overlay, g_free);
}

/* The input that has @path already, or -1 after @path was given to @input. */
static gint
claim (ToolPlan *self, const gchar *path, guint input)
{
  guint owner = GPOINTER_TO_UINT (g_hash_table_lookup (self->owners, path));

  if (owner > 0 && owner != input + 1)
    return (gint) owner - 1;
  g_hash_table_insert (
      self->owners, g_strdup (path), GUINT_TO_POINTER (input + 1));
  return -1;
}

static gboolean
claim_names (ToolPlan *self, guint input, const ToolNames *names, GQuark domain,
    gint code, GError **error)
{
  const gchar *paths[] = { names->labels, names->overlay };

  for (guint i = 0; i < G_N_ELEMENTS (paths) && paths[i]; i++) {
    gint owner = claim (self, paths[i], input);

    if (owner >= 0) {
      g_set_error (error, domain, code,
          "'%s' and '%s' would both be written to '%s'; give them different "
          "names, or segment them one after the other into different folders",
          self->inputs[owner], self->inputs[input], paths[i]);
      return FALSE;
    }
  }
  return TRUE;
}

/* An output that is there and is one of the inputs, by whatever path. */
static gboolean
check_inputs_are_safe (ToolPlan *self, GError **error)
{
  g_autoptr (GHashTable) files =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer path;

  for (guint i = 0; self->inputs[i]; i++) {
    gchar *id = tool_file_identity (self->inputs[i]);

    if (id)
      g_hash_table_insert (files, id, (gpointer) self->inputs[i]);
  }
  g_hash_table_iter_init (&iter, self->owners);
  while (g_hash_table_iter_next (&iter, &path, NULL)) {
    g_autofree gchar *id = tool_file_identity (path);
    const gchar *input = id ? g_hash_table_lookup (files, id) : NULL;

    if (input) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
          "the result '%s' would replace the input '%s'; give --out another "
          "folder",
          (gchar *) path, input);
      return FALSE;
    }
  }
  return TRUE;
}

ToolPlan *
tool_plan_new (const gchar *dir, const gchar *const *inputs, gboolean overlay,
    GError **error)
{
  g_autoptr (ToolPlan) self = g_new0 (ToolPlan, 1);

  self->dir = g_strdup (dir);
  self->inputs = inputs;
  self->overlay = overlay;
  self->owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; inputs[i]; i++) {
    ToolNames names;
    gboolean ok;

    fill_names (self, i, 0, 1, &names);
    ok = claim_names (
        self, i, &names, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, error);
    tool_names_clear (&names);
    if (!ok)
      return NULL;
  }
  return check_inputs_are_safe (self, error) ? g_steal_pointer (&self) : NULL;
}

void
tool_plan_free (ToolPlan *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->owners);
  g_free (self->dir);
  g_free (self);
}

/* A page's name is checked against the inputs too. */
static gboolean
page_is_safe (ToolPlan *self, const ToolNames *names, GError **error)
{
  const gchar *paths[] = { names->labels, names->overlay };

  for (guint i = 0; i < G_N_ELEMENTS (paths) && paths[i]; i++) {
    g_autofree gchar *id = tool_file_identity (paths[i]);

    for (guint k = 0; id && self->inputs[k]; k++) {
      g_autofree gchar *other = tool_file_identity (self->inputs[k]);

      if (!g_strcmp0 (id, other)) {
        g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
            "the result '%s' would replace the input '%s'", paths[i],
            self->inputs[k]);
        return FALSE;
      }
    }
  }
  return TRUE;
}

gboolean
tool_plan_names (ToolPlan *self, guint input, guint page, guint n_pages,
    ToolNames *names, GError **error)
{
  fill_names (self, input, page, n_pages, names);
  if (n_pages <= 1)
    return TRUE;
  if (claim_names (
          self, input, names, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED, error)
      && page_is_safe (self, names, error))
    return TRUE;
  tool_names_clear (names);
  return FALSE;
}
