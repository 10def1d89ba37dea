/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * info.c: `nucseg info`: versions, back ends and models.
 */
#include "command.h"

#include <string.h>

#include <nucseg.h>

static void
print_versions (void)
{
  guint major, minor, micro, nano;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElementFactory) factory = NULL;
  g_autoptr (GstPlugin) plugin = NULL;

  g_print ("Versions\n");
  g_print ("  nucseg     %s\n", VERSION);
  g_print ("  libnucseg  %s\n", nucseg_version ());
  if (!tool_start_gstreamer (&error)) {
    g_print ("  GStreamer  can't start: %s\n", error->message);
    return;
  }
  gst_version (&major, &minor, &micro, &nano);
  g_print ("  GStreamer  %u.%u.%u\n", major, minor, micro);
  factory = gst_element_factory_find ("nucsegfilter");
  plugin = factory
      ? gst_plugin_feature_get_plugin (GST_PLUGIN_FEATURE (factory))
      : NULL;
  if (plugin)
    g_print ("  elements   %s (%s)\n", gst_plugin_get_version (plugin),
        gst_plugin_get_filename (plugin));
  else
    g_print ("  elements   not found; set GST_PLUGIN_PATH to the folder of "
             "libgstnucseg.so\n");
}

static void
print_backends (void)
{
  g_auto (GStrv) names = nucseg_backend_list ();

  g_print ("Back ends, best first\n");
  for (guint i = 0; names[i]; i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *libraries = nucseg_backend_describe (names[i]);

    if (nucseg_backend_probe (names[i], &error))
      g_print ("  %-10s can start", names[i]);
    else
      g_print ("  %-10s can't start: %s", names[i],
          error ? error->message : "no reason given");
    g_print (libraries ? " (%s)\n" : "\n", libraries);
  }
}

/* Under the first one, as far to the right as @indent. */
static gchar *
indent_lines (const gchar *text, const gchar *indent)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree gchar *between = g_strconcat ("\n", indent, NULL);

  return g_strjoinv (between, lines);
}

static gboolean
print_model (const gchar *path_or_name, gboolean is_name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model = nucseg_model_load (path_or_name, &error);

  if (!model) {
    tool_message ("%s: %s", path_or_name, error->message);
    return FALSE;
  }
  const gchar *description = nucseg_model_get_description (model);
  const gchar *license = nucseg_model_get_license (model);
  gdouble pixel_size = nucseg_model_get_pixel_size (model);
  guint64 n_weights = nucseg_model_get_n_weights (model);

  /* What --model takes comes first: a copy keeps its name inside. */
  g_print ("  %s", is_name ? path_or_name : nucseg_model_get_name (model));
  if (is_name && !g_str_equal (path_or_name, nucseg_model_get_name (model)))
    g_print (" (calls itself %s)", nucseg_model_get_name (model));
  g_print ("\n");
  if (description) {
    g_autofree gchar *lines = indent_lines (description, "    ");

    g_print ("    %s\n", lines);
  }
  g_print ("    file        %s\n", nucseg_model_get_origin (model));
  g_print ("    sha256      %.16s\n", nucseg_model_get_sha256 (model));
  g_print ("    weights     %" G_GUINT64_FORMAT "\n", n_weights);
  g_print ("    work        %.2f GFLOP at 512x512\n",
      nucseg_model_get_flop (model, 512, 512) / 1e9);
  if (pixel_size > 0)
    g_print ("    pixel size  %g um\n", pixel_size);
  else
    g_print ("    pixel size  unknown\n");
  g_autofree gchar *licence =
      indent_lines (license ? license : "not stated", "                ");
  g_print ("    licence     %s\n", licence);
  return TRUE;
}

static gboolean
print_models (void)
{
  g_auto (GStrv) names = nucseg_model_list_names ();
  gboolean ok = TRUE;

  g_print ("Models\n");
  if (!names[0])
    g_print ("  none found; set NUCSEG_MODEL_PATH to the folder of one\n");
  for (guint i = 0; names[i]; i++)
    ok = print_model (names[i], TRUE) && ok;
  return ok;
}

int
tool_info (int argc, char **argv)
{
  g_autofree gchar *model = NULL;
  g_auto (GStrv) rest = NULL;
  gboolean ok;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &model,
        "Describe this model, a name or the path of a file, not all", "MODEL" },
    { NULL },
  };

  if (!tool_parse (argc, argv, "",
          "Prints versions, back ends and whether they can start here, and the "
          "models found.",
          entries, NULL, &rest))
    return TOOL_EXIT_USAGE;
  if (rest) {
    tool_message ("'%s' was not expected", rest[0]);
    return TOOL_EXIT_USAGE;
  }
  print_versions ();
  print_backends ();
  if (model) {
    g_print ("Model\n");
    ok = print_model (model, FALSE);
  } else {
    ok = print_models ();
  }
  return ok ? TOOL_EXIT_OK : TOOL_EXIT_FAILED;
}
