/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seeds.c: writes the files that fuzzing of the loader starts from: a network
 * with every operation, and one convolution.
 */
#include "modelbuilder.h"

#include <glib/gstdio.h>

static gboolean
write_seed (const gchar *dir, const gchar *name, GBytes *bytes)
{
  g_autoptr (GBytes) owned = bytes;
  g_autofree gchar *path = g_build_filename (dir, name, NULL);

  return g_file_set_contents (path, g_bytes_get_data (owned, NULL),
      (gssize) g_bytes_get_size (owned), NULL);
}

int
main (int argc, char **argv)
{
  if (argc != 2) {
    g_printerr ("usage: seeds FOLDER\n");
    return 2;
  }
  if (g_mkdir_with_parents (argv[1], 0755) != 0
      || !write_seed (argv[1], "unet", nucseg_builder_attention_unet (1, 4))
      || !write_seed (argv[1], "one", nucseg_builder_identity (8, -4))) {
    g_printerr ("seeds: %s can't be written\n", argv[1]);
    return 1;
  }
  return 0;
}
