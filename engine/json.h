/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h: reads typed members of JSON objects; every error names the file,
 * the path to the key, what was found and what was expected. All errors are
 * of code MODEL.
 */
#ifndef NUCSEG_JSON_H
#define NUCSEG_JSON_H

#include <json-glib/json-glib.h>

#include "nucseg.h"

G_BEGIN_DECLS

/* An object of a file. @origin and @object are borrowed, @path is owned. */
typedef struct {
  const gchar *origin; /* the file, as messages call it */
  gchar *path; /* "__metadata__.graph.nodes[3]" */
  JsonObject *object;
} NucsegJson;

void nucseg_json_clear (NucsegJson *json);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NucsegJson, nucseg_json_clear)

/* Checks (json-check.h) and parses @text, which has to be an object. @path
 * says where in the file it stands. */
JsonNode *nucseg_json_parse (const gchar *origin, const gchar *path,
    const gchar *text, gsize length, GError **error);

/* "ORIGIN: PATH.KEY: message"; @key may be NULL. Returns FALSE. */
gboolean nucseg_json_error (const NucsegJson *json, const gchar *key,
    GError **error, const gchar *format, ...) G_GNUC_PRINTF (4, 5);

/* Refuses keys that are not in the NULL-terminated @keys. */
gboolean nucseg_json_check_keys (
    const NucsegJson *json, const gchar *const *keys, GError **error);

/*
 * Members. Where @required is FALSE a missing key leaves *value as it was:
 * the caller sets the default first. Strings belong to the JSON tree.
 */
/* Any text. */
gboolean nucseg_json_get_text (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar **value, GError **error);
/* Without control characters: users may be shown it as it is. */
gboolean nucseg_json_get_string (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar **value, GError **error);
/* The same, in one line or several. */
gboolean nucseg_json_get_lines (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar **value, GError **error);
gboolean nucseg_json_get_int (const NucsegJson *json, const gchar *key,
    gboolean required, gint64 min, gint64 max, gint *value, GError **error);
gboolean nucseg_json_get_double (const NucsegJson *json, const gchar *key,
    gboolean required, gdouble min, gdouble max, gdouble *value,
    GError **error);
/* *value becomes the index of the string in the NULL-terminated @names */
gboolean nucseg_json_get_choice (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar *const *names, gint *value, GError **error);
/* *child is to be cleared; required */
gboolean nucseg_json_get_object (const NucsegJson *json, const gchar *key,
    NucsegJson *child, GError **error);
/* An array of min..max elements; NULL where there is none and it is not
 * required. */
gboolean nucseg_json_get_array (const NucsegJson *json, const gchar *key,
    gboolean required, guint min, guint max, JsonArray **value, GError **error);
/* Element @index of the array @key, which has to be of the type. */
gboolean nucseg_json_element_object (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, NucsegJson *child, GError **error);
gboolean nucseg_json_element_string (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, const gchar **value, GError **error);
gboolean nucseg_json_element_int (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, gint64 min, gint64 max, gint64 *value,
    GError **error);
gboolean nucseg_json_element_double (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, gdouble min, gdouble max, gdouble *value,
    GError **error);

G_END_DECLS

#endif /* NUCSEG_JSON_H */
