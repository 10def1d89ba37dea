/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-masks.c: label maps in page-locked memory: how many there are, over
 * states and changes of caps, and where there are none. No GPU here: see
 * meson.build.
 */
#include "cuda-support.h"

static const EmulatedLog *device;

/* Frames go on as they are: page-locked are the label maps alone. */
static GstHarness *
start (gboolean live)
{
  GstElement *filter = nst_cuda_filter_new ("auto");
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "overlay", "none");
  h = nst_harness_new (filter, NULL);
  gst_harness_set_live (h, live);
  return h;
}

static void
set_size (GstHarness *h, gint width, gint fps)
{
  g_autofree gchar *caps = g_strdup_printf (
      "video/x-raw, format=GRAY8, width=%d, height=%d, framerate=%d/1", width,
      NST_CUDA_HEIGHT, fps);

  gst_harness_set_caps_str (h, caps, caps);
}

/* Frame @n through the filter. */
static GstBuffer *
push_size (GstHarness *h, gint width, guint n)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_GRAY8, width, NST_CUDA_HEIGHT);

  return nst_push_and_pull (h, nst_frame_new (&info, n, NULL));
}

/* READY and back, and more frames in work. */
static void
test_states (void)
{
  for (guint depth = 1; depth <= 2; depth++) {
    GstHarness *h = start (TRUE);

    gst_element_set_state (h->element, GST_STATE_NULL);
    g_object_set (h->element, "pipeline-depth", depth, NULL);
    for (guint i = 0; i < 3; i++) {
      gst_element_set_state (h->element, GST_STATE_PLAYING);
      gst_harness_push_event (h, gst_event_new_stream_start ("masks"));
      set_size (h, NST_CUDA_WIDTH, 25);
      nst_assert_count (device->n_pinned, ==, 2 + depth);
      gst_element_set_state (
          h->element, i == 0 ? GST_STATE_READY : GST_STATE_NULL);
      nst_assert_count (device->n_pinned, ==, 0);
    }
    gst_harness_teardown (h);
    nst_assert_count (device->n_pinned, ==, 0);
  }
}

/* Maps that are held downstream: three are there, others are ordinary. */
static void
test_held (void)
{
  GstHarness *h = start (TRUE);
  GstBuffer *held[6];
  gint n_pinned = 0;

  set_size (h, NST_CUDA_WIDTH, 25);
  nst_assert_count (device->n_pinned, ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    held[i] = push_size (h, NST_CUDA_WIDTH, i);
    n_pinned += nst_has_pinned_labels (held[i]);
    nst_assert_scene (held[i], NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
  }
  g_assert_cmpint (n_pinned, ==, 3);
  nst_assert_count (device->n_pinned, ==, 3);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    gst_buffer_unref (held[i]);
  held[0] = push_size (h, NST_CUDA_WIDTH, 0);
  g_assert_true (nst_has_pinned_labels (held[0]));
  gst_harness_teardown (h);
  gst_buffer_unref (held[0]);
  nst_assert_count (device->n_pinned, ==, 0);
}

/* What a change of caps makes anew: nothing at the same size; and of images of
 * many sizes nothing at all. */
static void
test_caps (void)
{
  for (guint live = 0; live < 2; live++) {
    GstHarness *h = start (live);
    guint ever;

    set_size (h, NST_CUDA_WIDTH, 25);
    gst_buffer_unref (push_size (h, NST_CUDA_WIDTH, 0));
    ever = device->n_pinned_ever;
    if (live)
      set_size (h, NST_CUDA_WIDTH, 30);
    gst_buffer_unref (push_size (h, NST_CUDA_WIDTH, 1));
    nst_assert_count (device->n_pinned_ever, ==, ever);
    for (gint width = 64; width < 128; width += 16) {
      GstBuffer *out;

      set_size (h, width, 30);
      out = push_size (h, width, 0);
      g_assert_cmpint (nst_has_pinned_labels (out), ==, live);
      gst_buffer_unref (out);
      if (live)
        ever += 3;
      nst_assert_count (device->n_pinned_ever, ==, ever);
      nst_assert_count (device->n_pinned, ==, live ? 3 : 0);
    }
    gst_harness_teardown (h);
    nst_assert_count (device->n_pinned, ==, 0);
  }
}

/* Frames in CUDA memory of a neighbour's context: no label map may bring the
 * primary one to life. */
static void
test_cuda (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *caps = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_RGBA);

  g_autofree gchar *system = nst_cuda_caps (FALSE, GST_VIDEO_FORMAT_RGBA);

  for (guint i = 0; i < 4; i++) {
    const gboolean own = i & 1, mixed = i & 2;
    GstHarness *h = start (TRUE);
    GstCudaContext *context = nst_cuda_context_new ();
    GstBuffer *out;

    if (!own)
      nst_give_context (h->element, context);
    gst_harness_set_caps_str (h, mixed ? system : caps, caps);
    if (!own) {
      out = nst_push_and_pull (h,
          mixed ? nst_frame_new (&info, 0, NULL)
                : nst_cuda_frame_new (context, &info, 0));
      g_assert_false (nst_has_pinned_labels (out));
      gst_buffer_unref (out);
    }
    nst_assert_count (device->n_pinned, ==, own ? 3 : 0);
    gst_harness_teardown (h);
    gst_object_unref (context);
    nst_assert_count (device->n_pinned, ==, 0);
  }
  nst_assert_driver_clean ();
}

int
main (int argc, char **argv)
{
  device = nst_cuda_init (&argc, &argv);
  g_test_add_func ("/cuda/masks/states", test_states);
  g_test_add_func ("/cuda/masks/held", test_held);
  g_test_add_func ("/cuda/masks/caps", test_caps);
  g_test_add_func ("/cuda/masks/cuda", test_cuda);
  return nst_run ();
}
