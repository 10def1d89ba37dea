/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model.c: from a file to a checked, immutable model.
 */
#include "graph-private.h"
#include "model-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* The second knows scales. */
#define FORMATS "nucseg-model/1", "nucseg-model/2"

struct _NucsegModel {
  gatomicrefcount refs;
  NucsegSafetensors *file; /* weights are read from it */
  gchar *sha256;
  gint format; /* 0: nucseg-model/1, 1: nucseg-model/2 */
  const gchar *name, *description, *license; /* in the file's JSON tree */
  NucsegGraph *graph;
  NucsegInput input;
  NucsegOutput output;
};

static void
model_free (NucsegModel *model)
{
  nucseg_graph_free (model->graph);
  nucseg_safetensors_free (model->file);
  g_free (model->sha256);
  g_free (model);
}

static gboolean
check_name (const NucsegJson *metadata, const gchar *name, GError **error)
{
  gboolean ok = g_ascii_islower (name[0]) || g_ascii_isdigit (name[0]);

  for (const gchar *p = name; *p; p++)
    ok = ok
        && (g_ascii_islower (*p) || g_ascii_isdigit (*p)
            || strchr ("._-", *p) != NULL);
  if (!ok || strlen (name) > 128)
    return nucseg_json_error (metadata, "name", error,
        "found \"%.64s\", expected [a-z0-9][a-z0-9._-]*, at most 128 bytes",
        name);
  return TRUE;
}

/* One of the metadata's strings that hold JSON themselves. @root keeps what
 * @json points into. */
static gboolean
parse_nested (const NucsegJson *metadata, const gchar *key, JsonNode **root,
    NucsegJson *json, GError **error)
{
  const gchar *text;

  if (!nucseg_json_get_text (metadata, key, TRUE, &text, error))
    return FALSE;
  json->origin = metadata->origin;
  json->path = g_strdup_printf ("%s.%s", metadata->path, key);
  *root = nucseg_json_parse (
      metadata->origin, json->path, text, strlen (text), error);
  if (!*root)
    return FALSE;
  json->object = json_node_get_object (*root);
  return TRUE;
}

static gboolean
read_texts (NucsegModel *model, GError **error)
{
  static const gchar *const keys[] = { "format", "name", "description",
    "license", "source", "graph", "input", "output", NULL };
  static const gchar *const formats[] = { FORMATS, NULL };
  const NucsegJson *metadata = &model->file->metadata;
  const gchar *source;

  /* the format first: a newer one has other keys, and says so */
  return nucseg_json_get_choice (
             metadata, "format", TRUE, formats, &model->format, error)
      && nucseg_json_check_keys (metadata, keys, error)
      && nucseg_json_get_string (metadata, "name", TRUE, &model->name, error)
      && check_name (metadata, model->name, error)
      && nucseg_json_get_lines (
          metadata, "description", FALSE, &model->description, error)
      && nucseg_json_get_lines (
          metadata, "license", FALSE, &model->license, error)
      && nucseg_json_get_lines (metadata, "source", FALSE, &source, error);
}

static gboolean
read_objects (NucsegModel *model, GError **error)
{
  const NucsegJson *metadata = &model->file->metadata;
  g_autoptr (JsonNode) graph_root = NULL;
  g_autoptr (JsonNode) input_root = NULL;
  g_autoptr (JsonNode) output_root = NULL;
  g_auto (NucsegJson) graph = { NULL };
  g_auto (NucsegJson) input = { NULL };
  g_auto (NucsegJson) output = { NULL };

  if (!parse_nested (metadata, "graph", &graph_root, &graph, error)
      || !parse_nested (metadata, "input", &input_root, &input, error)
      || !parse_nested (metadata, "output", &output_root, &output, error)
      || !nucseg_input_read (&input, &model->input, error)
      || !nucseg_output_read (&output, &model->output, error))
    return FALSE;
  model->graph =
      nucseg_graph_new (&graph, model->format > 0, model->file, error);
  if (!model->graph)
    return FALSE;
  const NucsegNode *out = &model->graph->nodes[model->graph->output];
  if (out->channels != model->output.n_maps)
    return nucseg_json_error (&graph, "output", error,
        "\"%.64s\" has %d channels, expected %d, one for each of output.maps",
        out->name, out->channels, model->output.n_maps);
  return TRUE;
}

static gboolean
check_tensors (NucsegModel *model, GError **error)
{
  for (guint i = 0; i < model->file->n_tensors; i++) {
    const NucsegTensor *tensor = &model->file->tensors[i];
    if (!tensor->used) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL,
          "%s: nothing in the graph uses the tensor \"%.64s\"",
          model->file->origin, tensor->name);
      return FALSE;
    }
  }
  return nucseg_safetensors_check_finite (model->file, error);
}

NucsegModel *
nucseg_model_new_from_bytes (GBytes *bytes, const gchar *origin, GError **error)
{
  NucsegModel *model;

  g_return_val_if_fail (bytes != NULL && origin != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  model = g_new0 (NucsegModel, 1);
  g_atomic_ref_count_init (&model->refs);
  model->file = nucseg_safetensors_new (bytes, origin, error);
  if (!model->file || !read_texts (model, error) || !read_objects (model, error)
      || !check_tensors (model, error)) {
    model_free (model);
    return NULL;
  }
  model->sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  return model;
}

/* Reads only regular files: a FIFO would block, a device has no size. They
 * aren't mapped: whoever writes to a mapped file changes weights that were
 * checked, and a process that reads what was cut off dies. */
static GBytes *
read_file (const gchar *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  GStatBuf status;
  gchar *contents;
  gsize size;

  if (g_stat (path, &status) != 0) {
    gint code = errno;
    gboolean missing = code == ENOENT || code == ENOTDIR;
    g_set_error (error, NUCSEG_ERROR,
        missing ? NUCSEG_ERROR_NOT_FOUND : NUCSEG_ERROR_IO,
        "%s: %s, expected a model file (NAME" NUCSEG_MODEL_SUFFIX ")", path,
        g_strerror (code));
    return NULL;
  }
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
        "%s: %s, expected a model file (NAME" NUCSEG_MODEL_SUFFIX ")", path,
        S_ISDIR (status.st_mode) ? "a folder" : "not a regular file");
    return NULL;
  }
  if (!g_file_get_contents (path, &contents, &size, &local)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
        "%s: the model can't be read: %s", path, local->message);
    return NULL;
  }
  return g_bytes_new_take (contents, size);
}

NucsegModel *
nucseg_model_load (const gchar *path_or_name, GError **error)
{
  g_autofree gchar *path = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (path_or_name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  path = nucseg_model_find (path_or_name, error);
  if (!path)
    return NULL;
  bytes = read_file (path, error);
  return bytes ? nucseg_model_new_from_bytes (bytes, path, error) : NULL;
}

NucsegModel *
nucseg_model_ref (NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  g_atomic_ref_count_inc (&model->refs);
  return model;
}

void
nucseg_model_unref (NucsegModel *model)
{
  if (model && g_atomic_ref_count_dec (&model->refs))
    model_free (model);
}

const gchar *
nucseg_model_get_name (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  return model->name;
}

const gchar *
nucseg_model_get_origin (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  return model->file->origin;
}

const gchar *
nucseg_model_get_sha256 (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  return model->sha256;
}

const gchar *
nucseg_model_get_description (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  return model->description;
}

const gchar *
nucseg_model_get_license (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  return model->license;
}

gdouble
nucseg_model_get_pixel_size (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, 0);
  return model->input.pixel_size_um;
}

guint64
nucseg_model_get_n_weights (const NucsegModel *model)
{
  g_return_val_if_fail (model != NULL, 0);
  return model->file->n_elements;
}

guint64
nucseg_model_get_flop (const NucsegModel *model, gint width, gint height)
{
  g_autofree NucsegShape *shapes = NULL;

  g_return_val_if_fail (model != NULL, 0);
  g_return_val_if_fail (width > 0 && width <= NUCSEG_MAX_SIZE, 0);
  g_return_val_if_fail (height > 0 && height <= NUCSEG_MAX_SIZE, 0);

  gint multiple = model->graph->multiple;
  shapes = g_new (NucsegShape, model->graph->n_nodes);
  if (!nucseg_graph_infer (model->graph,
          (height + multiple - 1) / multiple * multiple,
          (width + multiple - 1) / multiple * multiple, shapes, NULL))
    return 0;
  return nucseg_graph_get_flop (model->graph, shapes);
}

const NucsegGraph *
nucseg_model_get_graph (const NucsegModel *model)
{
  return model->graph;
}

const NucsegInput *
nucseg_model_get_input (const NucsegModel *model)
{
  return &model->input;
}

const NucsegOutput *
nucseg_model_get_output (const NucsegModel *model)
{
  return &model->output;
}
