/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * expect.h: a model that must be refused, with one clear error.
 */
#ifndef NUCSEG_TESTS_EXPECT_H
#define NUCSEG_TESTS_EXPECT_H

#include "nucseg.h"

#include <string.h>

/* One line that names the file and says @part. */
static inline void
expect_message (const GError *error, const gchar *file, const gchar *part)
{
  g_assert_nonnull (error);
  if (!strstr (error->message, file) || !strstr (error->message, part)
      || strchr (error->message, '\n') || strlen (error->message) > 600)
    g_error ("found the message \"%s\", expected one line with \"%s\" and "
             "\"%s\"",
        error->message, file, part);
}

/* @bytes: (transfer full) */
static inline void
expect_refused (GBytes *bytes, const gchar *part)
{
  g_autoptr (GBytes) owned = bytes;
  g_autoptr (GError) error = NULL;
  NucsegModel *model =
      nucseg_model_new_from_bytes (owned, "bad.safetensors", &error);

  if (model)
    g_error ("the model loads, expected an error with \"%s\"", part);
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL);
  expect_message (error, "bad.safetensors", part);
}

#endif /* NUCSEG_TESTS_EXPECT_H */
