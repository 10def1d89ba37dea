/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * support.c: start and end of support.h, models, elements and harnesses.
 * support-scene.c has the frames.
 */
/* for the leaks tracer */
#define GST_USE_UNSTABLE_API

#include "support.h"

#include <glib/gstdio.h>
#include <string.h>

#define MODEL "affine"

static gchar *folder;
static GObject *leaks_tracer;

/* --- A model in 300 bytes ----------------------------------------------- */

static void
write_model (const gchar *name, const gchar *polarity)
{
  const gfloat tensors[2] = { 10, -5 }; /* weight, bias */
  g_autofree gchar *path = g_strdup_printf ("%s/%s.safetensors", folder, name);
  g_autofree gchar *header = g_strdup_printf (
      "{\"__metadata__\":{\"format\":\"nucseg-model/1\",\"name\":\"%s\","
      "\"graph\":\"{\\\"multiple\\\":1,\\\"nodes\\\":[{\\\"name\\\":"
      "\\\"maps\\\""
      ",\\\"op\\\":\\\"conv\\\",\\\"inputs\\\":[\\\"input\\\"],"
      "\\\"weight\\\":\\\"w\\\",\\\"bias\\\":\\\"b\\\"}],"
      "\\\"output\\\":\\\"maps\\\"}\","
      "\"input\":\"{\\\"color\\\":\\\"grey\\\",\\\"normalization\\\":"
      "{\\\"method\\\":\\\"none\\\",\\\"clip\\\":[0,1]},"
      "\\\"smoothing\\\":0.0,\\\"polarity\\\":\\\"%s\\\","
      "\\\"pixel_size_um\\\":0.5}\","
      "\"output\":\"{\\\"maps\\\":[\\\"foreground\\\"],\\\"decoder\\\":"
      "{\\\"method\\\":\\\"components\\\",\\\"threshold\\\":0.5,"
      "\\\"min_area\\\":1}}\"},"
      "\"w\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1],\"data_offsets\":[0,4]},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
      name, polarity);
  g_autoptr (GString) file = g_string_new (NULL);
  guint64 length;

  while (strlen (header) % 8 != 0) {
    gchar *longer = g_strconcat (header, " ", NULL);

    g_free (header);
    header = longer;
  }
  length = GUINT64_TO_LE (strlen (header));
  g_string_append_len (file, (const gchar *) &length, 8);
  g_string_append (file, header);
  for (guint i = 0; i < 2; i++) {
    guint32 bits;

    memcpy (&bits, &tensors[i], 4);
    bits = GUINT32_TO_LE (bits);
    g_string_append_len (file, (const gchar *) &bits, 4);
  }
  g_assert_true (g_file_set_contents (path, file->str, file->len, NULL));
}

/* --- Start and end ------------------------------------------------------ */

/* Only what tests use: a registry of all that is installed would be slow, and
 * would bring others' leaks under a sanitizer. */
static void
load_plugins (void)
{
  static const gchar *const names[] = { "coreelements", "app", "videotestsrc",
    "videoconvertscale", "videocrop", "videobox", "videofilter", "coretracers",
    NULL };
  const gchar *plugin = g_getenv ("NUCSEG_TEST_PLUGIN");
  const gchar *dir = g_getenv ("NUCSEG_TEST_GST_PLUGINS");
  g_autoptr (GError) error = NULL;
  GstPlugin *loaded;

  g_assert_nonnull (plugin);
  loaded = gst_plugin_load_file (plugin, &error);
  g_assert_no_error (error);
  gst_object_unref (loaded);
  for (guint i = 0; dir && names[i]; i++) {
    g_autofree gchar *file = g_strdup_printf ("%s/libgst%s.so", dir, names[i]);

    loaded = gst_plugin_load_file (file, NULL);
    if (loaded)
      gst_object_unref (loaded);
  }
}

/* Keeps an eye on all that is made from now on. */
static void
start_leaks_tracer (void)
{
  GstPluginFeature *feature = gst_registry_find_feature (
      gst_registry_get (), "leaks", GST_TYPE_TRACER_FACTORY);

  if (!feature)
    return;
  leaks_tracer = g_object_new (
      gst_tracer_factory_get_tracer_type (GST_TRACER_FACTORY (feature)),
      "params", "filters=(string)\"GstBuffer,GstMemory,GstObject\"", NULL);
  gst_object_unref (feature);
}

/* The number of objects that nobody freed, each named. */
static guint
count_leaks (void)
{
  GstStructure *live = NULL;
  const GValue *list;
  guint n = 0;

  if (!leaks_tracer)
    return 0;
  g_signal_emit_by_name (leaks_tracer, "get-live-objects", &live);
  list = gst_structure_get_value (live, "live-objects-list");
  for (guint i = 0; list && i < gst_value_list_get_size (list); i++, n++) {
    g_autofree gchar *text =
        g_strdup_value_contents (gst_value_list_get_value (list, i));

    g_printerr ("leaked: %s\n", text);
  }
  gst_structure_free (live);
  return n;
}

void
nst_init (int *argc, char ***argv)
{
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv ("GST_PLUGIN_PATH_1_0", "", TRUE);
  g_setenv ("GST_REGISTRY_DISABLE", "yes", TRUE);
  g_setenv ("GST_REGISTRY_FORK", "no", TRUE);
  g_test_init (argc, argv, NULL);
  folder = g_dir_make_tmp ("nucseg-elements-XXXXXX", NULL);
  g_assert_nonnull (folder);
  write_model (MODEL, "both");
  write_model ("affine-bright", "bright");
  g_setenv ("NUCSEG_MODEL_PATH", folder, TRUE);
  gst_init (argc, argv);
  load_plugins ();
  start_leaks_tracer ();
}

int
nst_run (void)
{
  int result = g_test_run ();
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_remove (path);
  }
  g_dir_close (dir);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
  /* A stopped task's thread lets go of the task a moment later: counting then
   * would find it, and fail now and then. This waits for those threads. */
  gst_task_cleanup_all ();
  if (count_leaks () > 0)
    result = 1;
  gst_deinit ();
  return result;
}

const gchar *
nst_folder (void)
{
  return folder;
}

/* --- Elements and what comes out of them --------------------------------- */

GstElement *
nst_filter_new (const gchar *first_property, ...)
{
  GstElement *filter = gst_element_factory_make ("nucsegfilter", NULL);
  va_list args;

  g_assert_nonnull (filter);
  gst_util_set_object_arg (G_OBJECT (filter), "backend", "reference");
  g_object_set (filter, "model", MODEL, NULL);
  va_start (args, first_property);
  g_object_set_valist (G_OBJECT (filter), first_property, args);
  va_end (args);
  return filter;
}

GstHarness *
nst_harness_new (GstElement *filter, const gchar *sink_caps)
{
  GstHarness *h;

  /* the harness takes a reference of its own */
  gst_object_ref_sink (filter);
  h = gst_harness_new_with_element (filter, "sink", "src");
  gst_object_unref (filter);
  if (sink_caps)
    gst_harness_set_src_caps_str (h, sink_caps);
  return h;
}

GstVideoInfo
nst_info (GstVideoFormat format, gint width, gint height)
{
  GstVideoInfo info;

  g_assert_true (gst_video_info_set_format (&info, format, width, height));
  info.fps_n = 25;
  info.fps_d = 1;
  return info;
}

GstVideoFormat
nst_out_format (GstHarness *h)
{
  GstCaps *caps = gst_pad_get_current_caps (h->sinkpad);
  GstVideoInfo info;

  g_assert_true (gst_video_info_from_caps (&info, caps));
  gst_caps_unref (caps);
  return GST_VIDEO_INFO_FORMAT (&info);
}

gchar *
nst_caps (GstVideoFormat format, gint width, gint height)
{
  return g_strdup_printf ("video/x-raw,format=%s,width=%d,height=%d,"
                          "framerate=25/1",
      gst_video_format_to_string (format), width, height);
}

GstBuffer *
nst_push_and_pull (GstHarness *h, GstBuffer *buffer)
{
  GstBuffer *out;

  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  out = gst_harness_pull (h);
  g_assert_nonnull (out);
  return out;
}

GError *
nst_wait_error (GstElement *pipeline, gchar **element)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message =
      gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, GST_MESSAGE_ERROR);
  GError *error = NULL;

  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  if (element)
    *element = gst_object_get_name (GST_MESSAGE_SRC (message));
  gst_message_unref (message);
  gst_object_unref (bus);
  return error;
}

gboolean
nst_lacks (const gchar *element)
{
  GstElementFactory *factory = gst_element_factory_find (element);
  g_autofree gchar *text = NULL;

  if (factory) {
    gst_object_unref (factory);
    return FALSE;
  }
  text = g_strdup_printf ("there is no %s here", element);
  g_test_skip (text);
  return TRUE;
}
