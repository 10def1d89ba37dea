/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json-check.h: strict check of JSON text before a parser sees it.
 */
#ifndef NUCSEG_JSON_CHECK_H
#define NUCSEG_JSON_CHECK_H

#include <glib.h>

G_BEGIN_DECLS

#define NUCSEG_JSON_MAX_DEPTH 16 /* objects and arrays inside one another */
#define NUCSEG_JSON_MAX_VALUES 200000 /* of one text */

/**
 * nucseg_json_check:
 * @text: the text, not terminated
 * @length: bytes
 * @problem: (out) (optional): on failure, what is wrong and at which byte
 *
 * RFC 8259 to the letter, and beyond it: UTF-8, no key twice in an object, no
 * character U+0000, integers of at most 18 digits, bounded depth and number
 * of values.
 *
 * Returns: whether json-glib may be given the text
 */
gboolean nucseg_json_check (const gchar *text, gsize length, gchar **problem);

G_END_DECLS

#endif /* NUCSEG_JSON_CHECK_H */
