/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucseg.c: the command nucseg: picks the command, prints help and version.
 */
#include "command.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <nucseg.h>

static const struct {
  const gchar *name;
  int (*run) (int argc, char **argv);
  const gchar *summary;
} commands[] = {
  { "segment", tool_segment, "find nuclei in image files" },
  { "watch", tool_watch, "find nuclei in a stream, on the screen or recorded" },
  { "info", tool_info, "print versions, back ends and models" },
};

static void
print_help (FILE *file)
{
  fputs ("Usage: nucseg COMMAND [OPTION...] ...\n\n"
         "Finds cell nuclei in microscope images and live streams.\n\n"
         "Commands:\n",
      file);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (file, "  %-9s %s\n", commands[i].name, commands[i].summary);
  fputs ("\nOptions:\n"
         "  -h, --help     show this help; after a command, that command's\n"
         "  -V, --version  show the version\n\n"
         "Exit codes: 0 all went well, 1 something failed, 2 the command line "
         "is wrong,\n130 or 143 a signal ended it.\n\n"
         "Examples:\n"
         "  nucseg segment --out labels cells/*.tif\n"
         "  nucseg watch /dev/video0\n"
         "  nucseg watch test --frames 250 --record nuclei.mkv --jsonl "
         "nuclei.jsonl\n\n"
         "See nucseg(1) for more.\n",
      file);
}

static int
wrong (const gchar *format, const gchar *text)
{
  g_autofree gchar *message = g_strdup_printf (format, text);

  tool_message ("%s", message);
  fputs ("Try 'nucseg --help'.\n", stderr);
  return TOOL_EXIT_USAGE;
}

static int
dispatch (int argc, char **argv)
{
  const gchar *name = argc > 1 ? argv[1] : NULL;

  if (!name)
    return wrong ("%s", "no command given: segment, watch or info expected");
  if (!strcmp (name, "--version") || !strcmp (name, "-V")) {
    printf ("nucseg %s (libnucseg %s)\n", VERSION, nucseg_version ());
    return TOOL_EXIT_OK;
  }
  if (!strcmp (name, "--help") || !strcmp (name, "-h")
      || (!strcmp (name, "help") && argc == 2)) {
    print_help (stdout);
    return TOOL_EXIT_OK;
  }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (!strcmp (name, "help") && !strcmp (argv[2], commands[i].name)) {
      char *help[] = { argv[2], (char *) "--help", NULL };

      tool_set_command (commands[i].name);
      return commands[i].run (2, help);
    }
    if (!strcmp (name, commands[i].name)) {
      tool_set_command (commands[i].name);
      return commands[i].run (argc - 1, argv + 1);
    }
  }
  return wrong ("there is no command '%s': segment, watch or info expected",
      !strcmp (name, "help") ? argv[2] : name);
}

int
main (int argc, char **argv)
{
  /* Not LC_NUMERIC: numbers that programs read have points. */
  setlocale (LC_CTYPE, "");
  return tool_end_output (dispatch (argc, argv));
}
