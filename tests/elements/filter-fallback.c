/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-fallback.c: backend=auto where the module cuda is installed and its
 * device can't be used: the CPU does the work, and the bus says so. Also how
 * many frames that device has in work. Fakes of tests/engine stand for the
 * module.
 */
#include "support.h"

#include <glib/gstdio.h>
#include <unistd.h>

static gchar *module_path; /* of the others */
static gchar *module_dir, *module_link; /* of the fake */

static void
remove_fake (void)
{
  if (!module_dir)
    return;
  g_unlink (module_link);
  g_rmdir (module_dir);
  g_clear_pointer (&module_link, g_free);
  g_clear_pointer (&module_dir, g_free);
}

/* In a folder of its own: the engine knows modules by their paths. NULL: none
 * is installed. */
static void
install_fake (const gchar *fake)
{
  g_autofree gchar *path = NULL;

  remove_fake ();
  module_dir = g_dir_make_tmp ("nucseg-modules-XXXXXX", NULL);
  module_link = g_build_filename (module_dir, "libnucseg-cuda.so", NULL);
  if (fake) {
    g_autofree gchar *module = g_strdup_printf (
        "%s/fake-%s.so", g_getenv ("NUCSEG_TEST_MODULES"), fake);

    g_assert_cmpint (symlink (module, module_link), ==, 0);
  }
  path = g_strdup_printf ("%s:%s", module_dir, module_path);
  g_setenv ("NUCSEG_MODULE_PATH", path, TRUE);
}

static const gchar *
cpu (void)
{
  return nucseg_backend_probe ("onednn", NULL) ? "onednn" : "reference";
}

static GstElement *
new_filter (const gchar *backend, GstBus *bus)
{
  GstElement *filter = nst_filter_new (NULL, NULL);

  gst_util_set_object_arg (G_OBJECT (filter), "backend", backend);
  gst_element_set_bus (filter, bus);
  return filter;
}

/* Asserts one warning and one element message on @bus, which agree, and takes
 * both. */
static void
assert_told (GstBus *bus, GQuark domain, gint code, const gchar *reason)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  g_autoptr (GError) error = NULL;
  const GstStructure *s;
  g_autofree gchar *instead = g_strconcat (cpu (), " takes over", NULL);

  g_assert_nonnull (message);
  gst_message_parse_warning (message, &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, reason));
  g_assert_true (g_str_has_prefix (error->message, "back end \"cuda\": "));
  g_assert_true (g_str_has_suffix (error->message, instead));
  gst_message_unref (message);

  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ELEMENT);
  g_assert_nonnull (message);
  s = gst_message_get_structure (message);
  g_assert_true (gst_structure_has_name (s, "nucseg-backend"));
  g_assert_cmpstr (gst_structure_get_string (s, "backend"), ==, cpu ());
  g_assert_nonnull (gst_structure_get_string (s, "precision"));
  g_assert_nonnull (strstr (gst_structure_get_string (s, "reason"), reason));
  gst_message_unref (message);
}

static void
assert_silent (GstBus *bus)
{
  g_assert_null (gst_bus_pop_filtered (
      bus, GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR));
}

/* One frame through @h is what the CPU makes of it, and says so. */
static void
assert_works (GstHarness *h, GstElement *filter)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstBuffer *buffer = nst_push_and_pull (h, nst_frame_new (&info, 0, NULL));
  GstStructure *stats;
  NucsegMasks masks;

  nst_assert_scene (buffer, 64, 48, 255);
  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_cmpstr (
      gst_structure_get_string (masks.structure, "backend"), ==, cpu ());
  nucseg_masks_unmap (&masks);
  g_object_get (filter, "stats", &stats, NULL);
  g_assert_cmpstr (gst_structure_get_string (stats, "backend"), ==, cpu ());
  gst_structure_free (stats);
  gst_buffer_unref (buffer);
}

static void
finish (GstHarness *h, GstElement *filter, GstBus *bus)
{
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_no_device (void)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstBus *bus = gst_bus_new ();
  GstElement *filter = new_filter ("auto", bus);
  GstHarness *h;

  install_fake ("cuda-noprobe");
  h = nst_harness_new (filter, NULL);
  assert_told (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT,
      "the fake device is not there");
  gst_harness_set_src_caps_str (h, caps);
  assert_works (h, filter);
  assert_silent (bus);

  /* each start says it once, also with the session of the last one */
  gst_element_set_state (filter, GST_STATE_READY);
  gst_element_set_state (filter, GST_STATE_PLAYING);
  assert_told (bus, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT,
      "the fake device is not there");
  assert_silent (bus);
  finish (h, filter, bus);
}

/* What is only known when frames are: another program has the memory. */
static void
test_no_memory (void)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstBus *bus = gst_bus_new ();
  GstElement *filter = new_filter ("auto", bus);
  GstHarness *h;

  install_fake ("cuda-nomemory");
  h = nst_harness_new (filter, NULL);
  assert_silent (bus);
  gst_harness_set_src_caps_str (h, caps);
  assert_works (h, filter);
  assert_told (bus, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "was told to fail");
  assert_silent (bus);
  finish (h, filter, bus);
}

/* What the GPU has no memory for is a second frame in work: all are computed by
 * the one session that is there. */
static void
test_one_plan (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstBus *bus = gst_bus_new ();
  GstElement *filter = new_filter ("auto", bus);
  GstHarness *h;
  GstMessage *message;
  g_autoptr (GError) error = NULL;

  install_fake ("cuda-oneplan");
  g_object_set (filter, "pipeline-depth", 3, NULL);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_src_caps_str (h, caps);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  g_assert_nonnull (message);
  gst_message_parse_warning (message, &error, NULL);
  gst_message_unref (message);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT);
  g_assert_true (
      g_str_has_suffix (error->message, "1 of 3 frames is in work at once"));
  assert_silent (bus);
  for (guint i = 0; i < 4; i++) {
    GstBuffer *buffer = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));
    NucsegMasks masks;

    g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
    g_assert_cmpstr (
        gst_structure_get_string (masks.structure, "backend"), ==, "cuda");
    nucseg_masks_unmap (&masks);
    gst_buffer_unref (buffer);
  }
  finish (h, filter, bus);
}

/* Frames of which none is done before the third is there. */
static void
test_at_once (void)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstBus *bus = gst_bus_new ();
  GstElement *filter = new_filter ("cuda", bus);
  GstHarness *h;

  install_fake ("cuda-meet");
  g_object_set (filter, "pipeline-depth", 3, NULL);
  h = nst_harness_new (filter, caps);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (
        gst_harness_push (h, nst_frame_new (&info, i, NULL)), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_in_queue (h), ==, 4);
  assert_silent (bus);
  finish (h, filter, bus);
}

static void
test_not_installed (void)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  g_auto (GStrv) there = NULL;
  GstBus *bus;
  GstElement *filter;
  GstHarness *h;

  install_fake (NULL);
  there = nucseg_backend_list ();
  if (g_strv_contains ((const gchar *const *) there, "cuda")) {
    g_test_skip ("a CUDA back end is installed");
    return;
  }
  bus = gst_bus_new ();
  filter = new_filter ("auto", bus);
  h = nst_harness_new (filter, caps);
  assert_works (h, filter);
  /* a build without oneDNN says so */
  if (g_str_equal (cpu (), "onednn"))
    assert_silent (bus);
  finish (h, filter, bus);
}

/* Asked for by name: an error, and nothing in its place. */
static void
test_by_name (void)
{
  GstBus *bus = gst_bus_new ();
  GstElement *filter = new_filter ("cuda", bus);
  g_autoptr (GError) error = NULL;

  install_fake ("cuda-noprobe");
  gst_object_ref_sink (filter);
  g_assert_cmpint (gst_element_set_state (filter, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  error = nst_wait_error (filter, NULL);
  g_assert_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT);
  assert_silent (bus);
  gst_element_set_state (filter, GST_STATE_NULL);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_object_unref (filter);
}

int
main (int argc, char **argv)
{
  int result;

  nst_init (&argc, &argv);
  module_path = g_strdup (g_getenv ("NUCSEG_MODULE_PATH"));
  g_test_add_func ("/filter/fallback/no-device", test_no_device);
  g_test_add_func ("/filter/fallback/no-memory", test_no_memory);
  g_test_add_func ("/filter/fallback/one-plan", test_one_plan);
  g_test_add_func ("/filter/fallback/at-once", test_at_once);
  g_test_add_func ("/filter/fallback/not-installed", test_not_installed);
  g_test_add_func ("/filter/fallback/by-name", test_by_name);
  result = nst_run ();
  remove_fake ();
  g_free (module_path);
  return result;
}
