/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch-files.c: the files that `nucseg watch` writes. What has their names
 * is replaced when the first frame is there, not before: a run that never gets
 * so far leaves an earlier recording alone.
 */
#include "watch.h"

#include <string.h>

#include <nucseg.h>

static gboolean
is_stdout (const gchar *path)
{
  return strcmp (path, "-") == 0;
}

/* The path of what is read, (transfer full), or NULL if it is no file. */
static gchar *
source_path (const ToolWatchOptions *o, ToolSourceKind kind)
{
  if (kind == TOOL_SOURCE_FILE || kind == TOOL_SOURCE_IMAGE)
    return g_strdup (o->source);
  return kind == TOOL_SOURCE_URI ? g_filename_from_uri (o->source, NULL, NULL)
                                 : NULL;
}

/* What is written must be neither what is read nor written twice. */
static gboolean
check_names (const ToolWatchOptions *o, ToolSourceKind kind, GError **error)
{
  g_autofree gchar *source = source_path (o, kind);
  const struct {
    const gchar *what, *path;
    gboolean is_read;
  } files[] = {
    { "the source", source, TRUE },
    { "the model", o->model.model, TRUE },
    { "--record", o->record, FALSE },
    { "--jsonl", o->jsonl, FALSE },
    { "--snapshot", o->snapshot, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree gchar *id =
        files[i].path && !files[i].is_read && !is_stdout (files[i].path)
        ? tool_output_identity (files[i].path)
        : NULL;

    for (guint k = 0; id && k < i; k++) {
      g_autofree gchar *other = !files[k].path ? NULL
          : files[k].is_read ? tool_file_identity (files[k].path)
                             : tool_output_identity (files[k].path);

      if (g_strcmp0 (id, other) != 0)
        continue;
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
          files[k].is_read ? "%s %s would replace %s; give it another name"
                           : "%s %s would be the file of %s too; give it "
                             "another name",
          files[i].what, files[i].path, files[k].what);
      return FALSE;
    }
  }
  return TRUE;
}

/* The picture is written at the end; that it can't be is said now. */
static gboolean
check_snapshot (const gchar *path, GError **error)
{
  ToolOutput *trial = path ? tool_output_open (path, error) : NULL;

  tool_output_abandon (trial);
  return trial || !path;
}

gboolean
tool_files_open (ToolWatchFiles *self, const ToolWatchOptions *o,
    ToolSourceKind kind, GError **error)
{
  if (!check_names (o, kind, error) || !check_snapshot (o->snapshot, error))
    return FALSE;
  if (o->record && !(self->record = tool_output_open (o->record, error)))
    return FALSE;
  return !o->jsonl || is_stdout (o->jsonl)
      || (self->jsonl = tool_output_open (o->jsonl, error));
}

gboolean
tool_files_commit (ToolWatchFiles *self, GError **error)
{
  ToolOutput **files[] = { &self->record, &self->jsonl };
  gboolean ok = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (*files[i])
      ok = tool_output_commit (g_steal_pointer (files[i]), ok ? error : NULL)
          && ok;
  return ok;
}

void
tool_files_abandon (ToolWatchFiles *self)
{
  g_clear_pointer (&self->record, tool_output_abandon);
  g_clear_pointer (&self->jsonl, tool_output_abandon);
}
