/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-errors.c: what nucsegfilter can't do: models that are none, back ends
 * that are not there, sizes that can't be had, buffers that are not what they
 * say. One clear error each, and the element is of use afterwards.
 */
#include "support.h"

/* --- Settings ------------------------------------------------------------ */

/* Asserts one error on the way to PAUSED; @expected is in its text. */
static void
assert_no_start (
    GstElement *filter, GQuark domain, gint code, const gchar *expected)
{
  GstBus *bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;

  gst_object_ref_sink (filter);
  gst_element_set_bus (filter, bus);
  g_assert_cmpint (gst_element_set_state (filter, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_FAILURE);
  error = nst_wait_error (filter, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (g_strstr_len (error->message, -1, expected));
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
  gst_element_set_state (filter, GST_STATE_NULL);

  /* the same element runs once it has what it needs */
  gst_util_set_object_arg (G_OBJECT (filter), "backend", "reference");
  gst_util_set_object_arg (G_OBJECT (filter), "precision", "auto");
  g_object_set (filter, "model", "affine", NULL);
  g_assert_cmpint (gst_element_set_state (filter, GST_STATE_PAUSED), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (filter, GST_STATE_NULL);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_object_unref (filter);
}

static void
test_bad_models (void)
{
  g_autofree gchar *junk =
      g_build_filename (nst_folder (), "junk.safetensors", NULL);
  g_autofree gchar *cut =
      g_build_filename (nst_folder (), "cut.safetensors", NULL);
  g_autofree gchar *whole =
      g_build_filename (nst_folder (), "affine.safetensors", NULL);
  g_autofree gchar *folder = g_strconcat (nst_folder (), "/", NULL);
  g_autofree gchar *data = NULL;
  gsize size;

  assert_no_start (nst_filter_new ("model", "no-such-model", NULL),
      GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "no-such-model");
  assert_no_start (nst_filter_new ("model", "./no-such.safetensors", NULL),
      GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "no-such.safetensors");
  assert_no_start (nst_filter_new ("model", folder, NULL), GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_READ, nst_folder ());
  g_assert_true (g_file_set_contents (
      junk, "this is not a model, whatever its name says", -1, NULL));
  assert_no_start (nst_filter_new ("model", junk, NULL), GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "junk.safetensors");
  g_assert_true (g_file_get_contents (whole, &data, &size, NULL));
  g_assert_true (g_file_set_contents (cut, data, size - 1, NULL));
  assert_no_start (nst_filter_new ("model", cut, NULL), GST_STREAM_ERROR,
      GST_STREAM_ERROR_WRONG_TYPE, "cut.safetensors");
}

static void
test_bad_backends (void)
{
  g_auto (GStrv) built = nucseg_backend_list ();
  GstElement *filter;

  /* int8 is in no model of format 1 */
  filter = nst_filter_new (NULL, NULL);
  gst_util_set_object_arg (G_OBJECT (filter), "precision", "int8");
  assert_no_start (
      filter, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "int8");
  if (g_strv_contains ((const gchar *const *) built, "cuda")) {
    g_test_skip ("the CUDA back end is built");
    return;
  }
  filter = nst_filter_new (NULL, NULL);
  gst_util_set_object_arg (G_OBJECT (filter), "backend", "cuda");
  assert_no_start (filter, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT, "cuda");
}

/* A scale that makes too large a network input: when the size is known. */
static void
test_bad_scale (void)
{
  GstElement *filter = nst_filter_new ("scale", 8.0, NULL);
  GstHarness *h = nst_harness_new (filter, NULL);
  GstBus *bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 2000, 16);

  gst_element_set_bus (filter, bus);
  gst_harness_set_src_caps_str (h, caps);
  gst_harness_push (h, gst_buffer_new_allocate (NULL, 2000 * 16, NULL));
  error = nst_wait_error (filter, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

/* --- Buffers -------------------------------------------------------------- */

static void
assert_refused (GstBuffer *buffer, const gchar *expected)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstElement *filter = nst_filter_new (NULL, NULL);
  GstHarness *h = nst_harness_new (filter, caps);
  GstBus *bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;

  gst_element_set_bus (filter, bus);
  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_ERROR);
  error = nst_wait_error (filter, NULL);
  g_assert_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  g_test_message ("%s", error->message);
  g_assert_nonnull (g_strstr_len (error->message, -1, expected));
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_bad_buffers (void)
{
  static const gint strides[] = { 64, 4096, -64 };
  GstBuffer *buffer;

  assert_refused (gst_buffer_new_allocate (NULL, 64 * 48 - 1, NULL), "3071");
  assert_refused (gst_buffer_new (), "too short");
  /* another size or format than the caps */
  buffer = gst_buffer_new_allocate (NULL, 64 * 48, NULL);
  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_GRAY8, 32, 48);
  assert_refused (buffer, "32x48");
  buffer = gst_buffer_new_allocate (NULL, 64 * 48 * 3, NULL);
  gst_buffer_add_video_meta (
      buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 64, 48);
  assert_refused (buffer, "RGB");
  /* rows beyond the end */
  for (guint i = 0; i < 3; i++) {
    gsize offset[GST_VIDEO_MAX_PLANES] = { i == 0 ? 100 : 0 };
    gint stride[GST_VIDEO_MAX_PLANES] = { strides[i] };

    buffer = gst_buffer_new_allocate (NULL, 64 * 48, NULL);
    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_FORMAT_GRAY8, 64, 48, 1, offset, stride);
    assert_refused (buffer, "3072");
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/errors/bad-scale", test_bad_scale);
  g_test_add_func ("/filter/errors/bad-backends", test_bad_backends);
  g_test_add_func ("/filter/errors/bad-models", test_bad_models);
  g_test_add_func ("/filter/errors/bad-buffers", test_bad_buffers);
  return nst_run ();
}
