/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-lost.c: nucsegfilter on a GPU that is lost in mid-stream: an error on
 * the bus that says so, frames that came out before are whole, nothing hangs,
 * and the element can be stopped and, once there is a GPU again, started. No
 * GPU here: see meson.build.
 */
#include "cuda-support.h"

#define N_BEFORE 5 /* frames that are pushed before */

static EmulatedLog *device;

typedef struct {
  gboolean cuda; /* memory of the frames */
  guint depth;
  guint call; /* that fails, 1: a launch, 2: a wait */
} Case;

static GstHarness *
start (const Case *c, GstCudaContext *context, GstBus *bus)
{
  GstElement *filter = nst_cuda_filter_new ("auto");
  g_autofree gchar *caps = nst_cuda_caps (c->cuda, GST_VIDEO_FORMAT_RGBA);
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "overlay", "contour");
  g_object_set (filter, "pipeline-depth", c->depth, NULL);
  nst_give_context (filter, context);
  gst_element_set_bus (filter, bus);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, caps, caps);
  return h;
}

static GstFlowReturn
push (GstHarness *h, const Case *c, GstCudaContext *context, guint n)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);

  return gst_harness_push (h,
      c->cuda ? nst_cuda_frame_new (context, &info, n)
              : nst_frame_new (&info, n, NULL));
}

/* All that came out; how many. */
static guint
check_frames (GstHarness *h)
{
  GstBuffer *buffer;
  guint n = 0;

  while ((buffer = gst_harness_try_pull (h))) {
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, n * 40 * GST_MSECOND);
    nst_assert_scene (buffer, NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    gst_buffer_unref (buffer);
    n++;
  }
  return n;
}

/* The one error that was posted. */
static void
assert_error (GstHarness *h, GstBus *bus, gint code, const gchar *pattern)
{
  g_autoptr (GError) error = nst_wait_error (h->element, NULL);

  g_test_message ("%s", error->message);
  g_assert_cmpint (error->code, ==, code);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("found \"%s\", expected \"%s\"", error->message, pattern);
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
}

static void
stop (GstHarness *h, GstBus *bus)
{
  g_assert_cmpint (gst_element_set_state (h->element, GST_STATE_NULL), ==,
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_bus (h->element, NULL);
  gst_bus_set_flushing (bus, TRUE);
  gst_bus_set_flushing (bus, FALSE);
  gst_harness_teardown (h);
}

static void
test_lost (gconstpointer data)
{
  const Case *c = data;
  GstCudaContext *context;
  GstBus *bus;
  GstHarness *h;
  guint n_out = 0, n = N_BEFORE;

  if (nst_needs_emulation ("no GPU is lost on demand"))
    return;
  context = nst_cuda_context_new ();
  bus = gst_bus_new ();
  h = start (c, context, bus);
  for (guint i = 0; i < N_BEFORE; i++)
    g_assert_cmpint (push (h, c, context, i), ==, GST_FLOW_OK);
  n_out = gst_harness_buffers_received (h);
  g_assert_cmpuint (n_out, ==, N_BEFORE - c->depth + 1);
  device->lost_in = c->call;
  /* who doesn't stop pushing gets the same again */
  for (guint turn = 0; turn < 2; turn++) {
    for (guint i = 0; push (h, c, context, n++) == GST_FLOW_OK; i++)
      g_assert_cmpuint (i, <, c->depth);
    assert_error (h, bus, GST_LIBRARY_ERROR_FAILED,
        "*: the GPU was lost while it was at work: an illegal memory access "
        "was encountered (cudaErrorIllegalAddress); this program can't use it "
        "any more and has to be started again*");
  }
  g_assert_cmpuint (check_frames (h), >=, n_out);
  stop (h, bus);

  /* as in a program that is started again */
  device->lost = 0;
  h = start (c, context, bus);
  for (guint i = 0; i < N_BEFORE; i++)
    g_assert_cmpint (push (h, c, context, i), ==, GST_FLOW_OK);
  g_assert_true (gst_harness_push_event (h, gst_event_new_eos ()));
  g_assert_cmpuint (check_frames (h), ==, N_BEFORE);
  stop (h, bus);
  gst_object_unref (bus);
  gst_object_unref (context);
  nst_assert_count (device->live, ==, 0);
  nst_assert_count (device->n_pinned, ==, 0);
  nst_assert_driver_clean ();
}

int
main (int argc, char **argv)
{
  static const Case cases[] = { { FALSE, 1, 1 }, { FALSE, 1, 2 },
    { TRUE, 1, 2 }, { FALSE, 2, 1 }, { FALSE, 2, 2 }, { TRUE, 3, 2 } };

  device = nst_cuda_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *name = g_strdup_printf ("/cuda/lost/%s-depth-%u-%s",
        cases[i].cuda ? "cuda" : "system", cases[i].depth,
        cases[i].call == 1 ? "launch" : "wait");

    g_test_add_data_func (name, &cases[i], test_lost);
  }
  return nst_run ();
}
