/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json-check.c: strict check of JSON text.
 *
 * json-glib recurses without a limit, merges keys that appear twice and takes
 * more than JSON (comments, assignments). A model file is not trusted, so the
 * text is read here first: a recursive descent of bounded depth that keeps
 * nothing but the keys of the objects that are open.
 */
#include "json-check.h"

#include <string.h>

typedef struct {
  const gchar *start, *p, *end;
  guint n_values;
  GString *key; /* the string read last, unescaped */
  gchar *problem;
} Scan;

static gboolean scan_value (Scan *scan, guint depth);

G_GNUC_PRINTF (2, 3)
static gboolean
fail (Scan *scan, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree gchar *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_free (scan->problem);
  scan->problem = g_strdup_printf (
      "byte %" G_GSIZE_FORMAT ": %s", (gsize) (scan->p - scan->start), what);
  return FALSE;
}

static void
skip_space (Scan *scan)
{
  while (scan->p < scan->end && memchr (" \t\r\n", *scan->p, 4))
    scan->p++;
}

/* The next character that is not space, or '\0' at the end. */
static gchar
peek (Scan *scan)
{
  skip_space (scan);
  return scan->p < scan->end ? *scan->p : '\0';
}

static gboolean
scan_hex4 (Scan *scan, gunichar *code)
{
  if (scan->end - scan->p < 4)
    return fail (scan, "expected four hexadecimal digits");
  *code = 0;
  for (guint i = 0; i < 4; i++) {
    gint digit = g_ascii_xdigit_value (*scan->p);
    if (digit < 0)
      return fail (scan, "expected four hexadecimal digits");
    *code = *code * 16 + (gunichar) digit;
    scan->p++;
  }
  return TRUE;
}

/* Behind "\u": one code point, of which a surrogate pair takes two. */
static gboolean
scan_unicode (Scan *scan)
{
  gunichar high = 0, low = 0;

  if (!scan_hex4 (scan, &high))
    return FALSE;
  if (high == 0)
    return fail (scan, "a string holds the character U+0000");
  if (high >= 0xd800 && high <= 0xdfff) {
    if (high >= 0xdc00 || scan->end - scan->p < 2 || scan->p[0] != '\\'
        || scan->p[1] != 'u')
      return fail (scan, "half of a surrogate pair");
    scan->p += 2;
    if (!scan_hex4 (scan, &low))
      return FALSE;
    if (low < 0xdc00 || low > 0xdfff)
      return fail (scan, "half of a surrogate pair");
    high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }
  g_string_append_unichar (scan->key, high);
  return TRUE;
}

static gboolean
scan_escape (Scan *scan)
{
  static const gchar escapes[] = "\"\\/bfnrt";
  static const gchar meanings[] = "\"\\/\b\f\n\r\t";

  if (scan->p == scan->end)
    return fail (scan, "a string has no end");
  gchar c = *scan->p;
  if (c == 'u') {
    scan->p++;
    return scan_unicode (scan);
  }
  const gchar *at = c == '\0' ? NULL : strchr (escapes, c);
  if (!at)
    return fail (scan, "unknown escape in a string");
  g_string_append_c (scan->key, meanings[at - escapes]);
  scan->p++;
  return TRUE;
}

static gboolean
scan_string (Scan *scan)
{
  scan->p++;
  g_string_truncate (scan->key, 0);
  while (scan->p < scan->end) {
    guchar c = (guchar) *scan->p;
    if (c == '"') {
      scan->p++;
      return TRUE;
    }
    if (c < 0x20)
      return fail (scan, "control character in a string");
    scan->p++;
    if (c != '\\')
      g_string_append_c (scan->key, (gchar) c);
    else if (!scan_escape (scan))
      return FALSE;
  }
  return fail (scan, "a string has no end");
}

static guint
skip_digits (Scan *scan)
{
  guint n = 0;

  for (; scan->p < scan->end && g_ascii_isdigit (*scan->p); n++)
    scan->p++;
  return n;
}

static gboolean
scan_number (Scan *scan)
{
  gboolean integer = TRUE;

  if (*scan->p == '-')
    scan->p++;
  gboolean zero = scan->p < scan->end && *scan->p == '0';
  guint digits = skip_digits (scan);
  if (digits == 0)
    return fail (scan, "expected a digit");
  if (zero && digits > 1)
    return fail (scan, "a number starts with 0");
  if (scan->p < scan->end && *scan->p == '.') {
    integer = FALSE;
    scan->p++;
    if (skip_digits (scan) == 0)
      return fail (scan, "expected a digit");
  }
  if (scan->p < scan->end && (*scan->p == 'e' || *scan->p == 'E')) {
    integer = FALSE;
    scan->p++;
    if (scan->p < scan->end && (*scan->p == '+' || *scan->p == '-'))
      scan->p++;
    if (skip_digits (scan) == 0)
      return fail (scan, "expected a digit");
  }
  if (integer && digits > 18)
    return fail (scan, "an integer of %u digits, at most 18 are read", digits);
  return TRUE;
}

static gboolean
scan_word (Scan *scan, const gchar *word)
{
  gsize length = strlen (word);

  if ((gsize) (scan->end - scan->p) < length
      || memcmp (scan->p, word, length) != 0)
    return fail (scan, "expected a value");
  scan->p += length;
  return TRUE;
}

static gboolean
scan_array (Scan *scan, guint depth)
{
  scan->p++;
  if (peek (scan) == ']') {
    scan->p++;
    return TRUE;
  }
  for (;;) {
    if (!scan_value (scan, depth))
      return FALSE;
    gchar c = peek (scan);
    if (c != ',' && c != ']')
      return fail (scan, "expected ',' or ']'");
    scan->p++;
    if (c == ']')
      return TRUE;
  }
}

static gboolean
scan_object (Scan *scan, guint depth)
{
  scan->p++;
  if (peek (scan) == '}') {
    scan->p++;
    return TRUE;
  }
  g_autoptr (GHashTable) keys =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (;;) {
    if (peek (scan) != '"')
      return fail (scan, "expected a key in quotes");
    if (!scan_string (scan))
      return FALSE;
    for (const gchar *p = scan->key->str; *p; p++) {
      if (g_ascii_iscntrl (*p))
        return fail (scan, "control character in a key");
    }
    if (!g_hash_table_add (keys, g_strdup (scan->key->str)))
      return fail (scan, "the key \"%.64s\" appears twice in one object",
          scan->key->str);
    if (peek (scan) != ':')
      return fail (scan, "expected ':'");
    scan->p++;
    if (!scan_value (scan, depth))
      return FALSE;
    gchar c = peek (scan);
    if (c != ',' && c != '}')
      return fail (scan, "expected ',' or '}'");
    scan->p++;
    if (c == '}')
      return TRUE;
  }
}

static gboolean
scan_value (Scan *scan, guint depth)
{
  gchar c = peek (scan);

  if (++scan->n_values > NUCSEG_JSON_MAX_VALUES)
    return fail (scan, "more than %d values", NUCSEG_JSON_MAX_VALUES);
  if ((c == '{' || c == '[') && depth == NUCSEG_JSON_MAX_DEPTH)
    return fail (scan, "nested deeper than %d levels", NUCSEG_JSON_MAX_DEPTH);
  switch (c) {
  case '{':
    return scan_object (scan, depth + 1);
  case '[':
    return scan_array (scan, depth + 1);
  case '"':
    return scan_string (scan);
  case 't':
    return scan_word (scan, "true");
  case 'f':
    return scan_word (scan, "false");
  case 'n':
    return scan_word (scan, "null");
  default:
    if (c == '-' || g_ascii_isdigit (c))
      return scan_number (scan);
    return fail (scan, "expected a value");
  }
}

gboolean
nucseg_json_check (const gchar *text, gsize length, gchar **problem)
{
  Scan scan = { text, text, text + length, 0, NULL, NULL };
  const gchar *bad;
  gboolean ok;

  scan.key = g_string_new (NULL);
  if (!g_utf8_validate_len (text, length, &bad)) {
    scan.p = bad;
    ok = fail (&scan, "not UTF-8 text");
  } else {
    ok = scan_value (&scan, 0);
    if (ok) {
      skip_space (&scan);
      ok = scan.p == scan.end || fail (&scan, "text behind the end");
    }
  }
  g_string_free (scan.key, TRUE);
  if (problem)
    *problem = scan.problem;
  else
    g_free (scan.problem);
  return ok;
}
