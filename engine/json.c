/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.c: typed members of JSON objects, with ranges and with errors that name
 * the file, the path, what was found and what was expected.
 */
#include "json.h"

#include "json-check.h"

#include <math.h>

void
nucseg_json_clear (NucsegJson *json)
{
  g_clear_pointer (&json->path, g_free);
  json->object = NULL;
}

JsonNode *
nucseg_json_parse (const gchar *origin, const gchar *path, const gchar *text,
    gsize length, GError **error)
{
  g_autofree gchar *problem = NULL;
  g_autoptr (GError) local = NULL;
  g_autoptr (JsonNode) root = NULL;

  if (!nucseg_json_check (text, length, &problem)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL,
        "%s: %s: not valid JSON: %s", origin, path, problem);
    return NULL;
  }
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, text, (gssize) length, &local)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL,
        "%s: %s: not valid JSON: %s", origin, path, local->message);
    return NULL;
  }
  root = json_parser_steal_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL,
        "%s: %s: expected a JSON object", origin, path);
    return NULL;
  }
  return g_steal_pointer (&root);
}

gboolean
nucseg_json_error (const NucsegJson *json, const gchar *key, GError **error,
    const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree gchar *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL, "%s: %s%s%.64s: %s",
      json->origin, json->path, key ? "." : "", key ? key : "", what);
  return FALSE;
}

/* 8.0 is no integer where one is expected: it isn't shown as one. */
static gchar *
describe_double (gdouble value)
{
  g_autofree gchar *text = g_strdup_printf ("%g", value);

  return g_strconcat (text, strpbrk (text, ".en") ? "" : ".0", NULL);
}

/* What a message says was found. */
static gchar *
describe (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return g_strdup ("an object");
  if (JSON_NODE_HOLDS_ARRAY (node))
    return g_strdup_printf (
        "an array of %u", json_array_get_length (json_node_get_array (node)));
  if (JSON_NODE_HOLDS_NULL (node))
    return g_strdup ("null");
  switch (json_node_get_value_type (node)) {
  case G_TYPE_BOOLEAN:
    return g_strdup (json_node_get_boolean (node) ? "true" : "false");
  case G_TYPE_INT64:
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  case G_TYPE_DOUBLE:
    return describe_double (json_node_get_double (node));
  case G_TYPE_STRING: {
    g_autofree gchar *start =
        g_utf8_make_valid (json_node_get_string (node), -1);
    glong length = g_utf8_strlen (start, -1);
    /* those of a terminal that are one byte */
    for (gchar *p = start; *p; p++)
      if (g_ascii_iscntrl (*p))
        *p = '?';
    if (length > 40) {
      *g_utf8_offset_to_pointer (start, 40) = '\0';
      return g_strdup_printf ("\"%s...\"", start);
    }
    return g_strdup_printf ("\"%s\"", start);
  }
  default:
    return g_strdup ("a value");
  }
}

static gboolean
unexpected (const NucsegJson *json, const gchar *key, JsonNode *node,
    GError **error, const gchar *expected)
{
  g_autofree gchar *found = describe (node);

  return nucseg_json_error (
      json, key, error, "found %s, expected %s", found, expected);
}

/* Sets *node to NULL where the key is missing and need not be there. */
static gboolean
get_member (const NucsegJson *json, const gchar *key, gboolean required,
    const gchar *expected, JsonNode **node, GError **error)
{
  *node = json_object_get_member (json->object, key);
  if (!*node && required)
    return nucseg_json_error (
        json, key, error, "missing, expected %s", expected);
  return TRUE;
}

gboolean
nucseg_json_check_keys (
    const NucsegJson *json, const gchar *const *keys, GError **error)
{
  JsonObjectIter iter;
  const gchar *key;

  json_object_iter_init_ordered (&iter, json->object);
  while (json_object_iter_next_ordered (&iter, &key, NULL)) {
    if (!g_strv_contains (keys, key)) {
      g_autofree gchar *known = g_strjoinv (", ", (gchar **) keys);
      return nucseg_json_error (
          json, key, error, "unknown key, expected one of %s", known);
    }
  }
  return TRUE;
}

static gboolean
is_type (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node)
      && json_node_get_value_type (node) == type;
}

static gboolean
read_string (const NucsegJson *json, const gchar *key, JsonNode *node,
    const gchar **value, GError **error)
{
  if (!is_type (node, G_TYPE_STRING))
    return unexpected (json, key, node, error, "a string");
  *value = json_node_get_string (node);
  return TRUE;
}

static gboolean
read_int (const NucsegJson *json, const gchar *key, JsonNode *node, gint64 min,
    gint64 max, gint64 *value, GError **error)
{
  if (!is_type (node, G_TYPE_INT64) || json_node_get_int (node) < min
      || json_node_get_int (node) > max) {
    g_autofree gchar *expected = g_strdup_printf (
        "an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return unexpected (json, key, node, error, expected);
  }
  *value = json_node_get_int (node);
  return TRUE;
}

static gboolean
read_double (const NucsegJson *json, const gchar *key, JsonNode *node,
    gdouble min, gdouble max, gdouble *value, GError **error)
{
  gdouble number = NAN;

  if (is_type (node, G_TYPE_INT64))
    number = (gdouble) json_node_get_int (node);
  else if (is_type (node, G_TYPE_DOUBLE))
    number = json_node_get_double (node);
  /* NaN fails both comparisons */
  if (!(number >= min && number <= max)) {
    g_autofree gchar *expected =
        g_strdup_printf ("a number from %g to %g", min, max);
    return unexpected (json, key, node, error, expected);
  }
  *value = number;
  return TRUE;
}

gboolean
nucseg_json_get_text (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar **value, GError **error)
{
  JsonNode *node;

  if (!get_member (json, key, required, "a string", &node, error))
    return FALSE;
  return !node || read_string (json, key, node, value, error);
}

/* As nucseg_json_get_text(), but for characters that a terminal would obey. */
static gboolean
get_plain (const NucsegJson *json, const gchar *key, gboolean required,
    gboolean lines, const gchar **value, GError **error)
{
  const gchar *text = NULL;

  if (!nucseg_json_get_text (json, key, required, &text, error))
    return FALSE;
  for (const gchar *p = text; p && *p; p = g_utf8_next_char (p)) {
    const gunichar c = g_utf8_get_char (p);

    if (g_unichar_iscntrl (c) && !(lines && c == '\n'))
      return nucseg_json_error (
          json, key, error, "found the control character U+%04X in it", c);
  }
  if (text)
    *value = text;
  return TRUE;
}

gboolean
nucseg_json_get_string (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar **value, GError **error)
{
  return get_plain (json, key, required, FALSE, value, error);
}

gboolean
nucseg_json_get_lines (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar **value, GError **error)
{
  return get_plain (json, key, required, TRUE, value, error);
}

gboolean
nucseg_json_get_int (const NucsegJson *json, const gchar *key,
    gboolean required, gint64 min, gint64 max, gint *value, GError **error)
{
  JsonNode *node;
  gint64 number = 0;

  if (!get_member (json, key, required, "an integer", &node, error))
    return FALSE;
  if (!node)
    return TRUE;
  if (!read_int (json, key, node, MAX (min, G_MININT), MIN (max, G_MAXINT),
          &number, error))
    return FALSE;
  *value = (gint) number;
  return TRUE;
}

gboolean
nucseg_json_get_double (const NucsegJson *json, const gchar *key,
    gboolean required, gdouble min, gdouble max, gdouble *value, GError **error)
{
  JsonNode *node;

  if (!get_member (json, key, required, "a number", &node, error))
    return FALSE;
  return !node || read_double (json, key, node, min, max, value, error);
}

gboolean
nucseg_json_get_choice (const NucsegJson *json, const gchar *key,
    gboolean required, const gchar *const *names, gint *value, GError **error)
{
  g_autofree gchar *expected = NULL;
  JsonNode *node;

  if (!get_member (json, key, required, "a string", &node, error))
    return FALSE;
  if (!node)
    return TRUE;
  if (is_type (node, G_TYPE_STRING)) {
    for (gint i = 0; names[i]; i++) {
      if (g_str_equal (names[i], json_node_get_string (node))) {
        *value = i;
        return TRUE;
      }
    }
  }
  g_autofree gchar *known = g_strjoinv (", ", (gchar **) names);
  expected = g_strconcat ("one of ", known, NULL);
  return unexpected (json, key, node, error, expected);
}

gboolean
nucseg_json_get_object (
    const NucsegJson *json, const gchar *key, NucsegJson *child, GError **error)
{
  JsonNode *node;

  if (!get_member (json, key, TRUE, "an object", &node, error))
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return unexpected (json, key, node, error, "an object");
  child->origin = json->origin;
  child->path = g_strdup_printf ("%s.%s", json->path, key);
  child->object = json_node_get_object (node);
  return TRUE;
}

gboolean
nucseg_json_get_array (const NucsegJson *json, const gchar *key,
    gboolean required, guint min, guint max, JsonArray **value, GError **error)
{
  g_autofree gchar *expected = NULL;
  JsonNode *node;

  expected = min == max ? g_strdup_printf ("an array of %u", min)
                        : g_strdup_printf ("an array of %u to %u", min, max);
  *value = NULL;
  if (!get_member (json, key, required, expected, &node, error))
    return FALSE;
  if (!node)
    return TRUE;
  if (!JSON_NODE_HOLDS_ARRAY (node)
      || json_array_get_length (json_node_get_array (node)) < min
      || json_array_get_length (json_node_get_array (node)) > max)
    return unexpected (json, key, node, error, expected);
  *value = json_node_get_array (node);
  return TRUE;
}

gboolean
nucseg_json_element_object (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, NucsegJson *child, GError **error)
{
  JsonNode *node = json_array_get_element (array, index);
  g_autofree gchar *where = g_strdup_printf ("%s[%u]", key, index);

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return unexpected (json, where, node, error, "an object");
  child->origin = json->origin;
  child->path = g_strdup_printf ("%s.%s", json->path, where);
  child->object = json_node_get_object (node);
  return TRUE;
}

gboolean
nucseg_json_element_string (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, const gchar **value, GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s[%u]", key, index);

  return read_string (
      json, where, json_array_get_element (array, index), value, error);
}

gboolean
nucseg_json_element_int (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, gint64 min, gint64 max, gint64 *value,
    GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s[%u]", key, index);

  return read_int (json, where, json_array_get_element (array, index), min, max,
      value, error);
}

gboolean
nucseg_json_element_double (const NucsegJson *json, const gchar *key,
    JsonArray *array, guint index, gdouble min, gdouble max, gdouble *value,
    GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s[%u]", key, index);

  return read_double (json, where, json_array_get_element (array, index), min,
      max, value, error);
}
