/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options.c: command lines, and the options that all commands share which run
 * a model.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tool_model_options_clear (ToolModelOptions *o)
{
  gchar *texts[] = { o->model, o->backend, o->precision, o->threads, o->scale,
    o->pixel_size, o->polarity, o->threshold, o->min_area, o->max_area,
    o->significant_bits };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  memset (o, 0, sizeof *o);
}

static void
add_model_options (GOptionContext *context, ToolModelOptions *o)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &o->model,
        "Name of a model or path of its file", "MODEL" },
    { "backend", 'b', 0, G_OPTION_ARG_STRING, &o->backend,
        "auto, onednn or reference (nucseg info lists them)", "NAME" },
    { "precision", 0, 0, G_OPTION_ARG_STRING, &o->precision,
        "auto, f32, bf16, f16 or int8", "NAME" },
    { "threads", 0, 0, G_OPTION_ARG_STRING, &o->threads,
        "CPU threads, 0 for all", "N" },
    { "scale", 0, 0, G_OPTION_ARG_STRING, &o->scale,
        "Network pixels per picture pixel, 0.05 to 8; 0 for what follows from "
        "the pixel size",
        "S" },
    { "pixel-size", 0, 0, G_OPTION_ARG_STRING, &o->pixel_size,
        "Micrometres per picture pixel", "UM" },
    { "polarity", 0, 0, G_OPTION_ARG_STRING, &o->polarity,
        "auto, bright or dark: how nuclei look against what is around them",
        "NAME" },
    { "significant-bits", 0, 0, G_OPTION_ARG_STRING, &o->significant_bits,
        "Bits that carry the value in 16-bit pictures, 8 to 16", "N" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &o->threshold,
        "Probability above which a pixel is nucleus", "T" },
    { "min-area", 0, 0, G_OPTION_ARG_STRING, &o->min_area,
        "Smallest nucleus in picture pixels", "N" },
    { "max-area", 0, 0, G_OPTION_ARG_STRING, &o->max_area,
        "Largest nucleus in picture pixels, 0 for no limit", "N" },
    { "exclude-border", 0, 0, G_OPTION_ARG_NONE, &o->exclude_border,
        "Leave out nuclei that touch the picture's border", NULL },
    { NULL },
  };
  GOptionGroup *group = g_option_group_new (
      "model", "Model options:", "Show the options of the model", NULL, NULL);

  g_option_group_add_entries (group, entries);
  g_option_context_add_group (context, group);
}

gboolean
tool_parse (int argc, char **argv, const gchar *usage, const gchar *summary,
    const GOptionEntry *entries, ToolModelOptions *model, gchar ***rest)
{
  gboolean help = FALSE;
  const GOptionEntry common[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, rest, NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *prgname = g_strconcat ("nucseg ", argv[0], NULL);

  g_set_prgname (prgname);
  /* GLib's own --help would show the model options only with --help-all. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, "See nucseg(1) for more.\n");
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);
  if (model)
    add_model_options (context, model);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    tool_message ("%s", error->message);
    fprintf (stderr, "Try '%s --help'.\n", prgname);
    return FALSE;
  }
  if (help) {
    gchar *text = g_option_context_get_help (context, FALSE, NULL);

    fputs (text, stdout);
    /* nothing is freed on the way out */
    g_free (text);
    exit (tool_end_output (TOOL_EXIT_OK));
  }
  return TRUE;
}

gboolean
tool_error_is_usage (const GError *error)
{
  return error && error->domain == G_OPTION_ERROR;
}
