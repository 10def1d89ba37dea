/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-contexts.c: whose CUDA context nucsegfilter works in, which pools it
 * offers and takes, and that it all goes back. No GPU here: see meson.build.
 */
#include "cuda-support.h"

#include <gst/cuda/gstcudabufferpool.h>

/* --- Contexts ------------------------------------------------------------- */

static GstCudaContext *
ask_for_context (GstHarness *h)
{
  GstQuery *query = gst_query_new_context (GST_CUDA_CONTEXT_TYPE);
  GstCudaContext *found = NULL;
  GstContext *context;

  if (gst_pad_peer_query (h->srcpad, query)) {
    gst_query_parse_context (query, &context);
    gst_structure_get (gst_context_get_structure (context),
        GST_CUDA_CONTEXT_TYPE, GST_TYPE_CUDA_CONTEXT, &found, NULL);
  }
  gst_query_unref (query);
  return found;
}

/* Nobody has a context: the primary one is taken when CUDA memory is, and told
 * to others; then frames of another come, and it is adopted. */
static void
test_contexts (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_RGBA);
  g_autofree gchar *system = nst_cuda_caps (FALSE, GST_VIDEO_FORMAT_RGBA);
  GstElement *filter = nst_cuda_filter_new ("auto");
  GstHarness *h = nst_harness_new (filter, NULL);
  GstCudaContext *own, *foreign, *now;
  GstBuffer *buffer;

  gst_harness_set_caps_str (h, system, system);
  gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, 0, NULL)));
  g_assert_null (ask_for_context (h));
  nst_assert_count (nst_driver_log ()->n_contexts, ==, 0);

  gst_harness_set_caps_str (h, system, cuda);
  buffer = nst_push_and_pull (h, nst_frame_new (&info, 1, NULL));
  own = ask_for_context (h);
  g_assert_true (nst_cuda_context_of (buffer) == own);
  nst_assert_count (nst_driver_log ()->n_primary, ==, 1);
  nst_assert_count (nst_driver_log ()->n_contexts, ==, 1);
  gst_buffer_unref (buffer);

  gst_harness_set_caps_str (h, cuda, cuda);
  foreign = nst_cuda_context_new ();
  for (guint i = 2; i < 5; i++) {
    /* one that others hold can't be drawn on: a buffer of the pool goes out */
    GstBuffer *in = nst_cuda_frame_new (foreign, &info, i);

    buffer = nst_push_and_pull (h, gst_buffer_ref (in));
    nst_assert_scene (buffer, NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    /* the pool follows one frame later */
    g_assert_true (nst_cuda_context_of (buffer) == (i == 2 ? own : foreign));
    gst_buffer_unref (buffer);
    gst_buffer_unref (in);
  }
  now = ask_for_context (h);
  g_assert_true (now == foreign);
  gst_object_unref (now);
  gst_object_unref (foreign);
  /* adopted and let go of; the last holder of ours gives the primary back */
  nst_assert_count (nst_driver_log ()->n_primary, ==, 1);
  gst_object_unref (own);
  gst_harness_teardown (h);
  nst_assert_count (nst_driver_log ()->n_primary, ==, 0);
  nst_assert_driver_clean ();
}

/* A second filter finds the first one's; a buffer that outlives both keeps the
 * primary context. */
static void
test_primary (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_RGBA);
  g_autofree gchar *system = nst_cuda_caps (FALSE, GST_VIDEO_FORMAT_RGBA);
  GstElement *bin = gst_bin_new (NULL);
  GstElement *first = nst_cuda_filter_new ("auto"),
             *second = nst_cuda_filter_new ("auto");
  GstPad *sink, *src;
  GstBus *bus = gst_bus_new ();
  GstMessage *message;
  GstBuffer *buffer;
  GstHarness *h;
  guint told = 0;

  gst_bin_add_many (GST_BIN (bin), first, second, NULL);
  g_assert_true (gst_element_link (first, second));
  sink = gst_element_get_static_pad (first, "sink");
  src = gst_element_get_static_pad (second, "src");
  gst_element_add_pad (bin, gst_ghost_pad_new ("sink", sink));
  gst_element_add_pad (bin, gst_ghost_pad_new ("src", src));
  gst_object_unref (sink);
  gst_object_unref (src);
  gst_element_set_bus (bin, bus);
  h = gst_harness_new_with_element (bin, "sink", "src");
  gst_harness_set_caps_str (h, system, cuda);
  buffer = nst_push_and_pull (h, nst_frame_new (&info, 1, NULL));
  g_assert_true (nst_is_cuda (buffer));
  nst_assert_count (nst_driver_log ()->n_primary, ==, 1);
  nst_assert_count (nst_driver_log ()->n_contexts, ==, 1);
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_HAVE_CONTEXT))) {
    told++;
    gst_message_unref (message);
  }
  g_assert_cmpuint (told, ==, 1);
  gst_element_set_bus (bin, NULL);
  gst_object_unref (bus);
  gst_element_set_state (bin, GST_STATE_NULL);
  gst_harness_teardown (h);
  gst_object_unref (bin);
  nst_assert_count (nst_driver_log ()->n_primary, ==, 1);
  gst_buffer_unref (buffer);
  nst_assert_driver_clean ();
}

/* Frames of one context are in work when those of another come. */
static void
test_depth (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_RGBA);
  GstCudaContext *contexts[] = { nst_cuda_context_new (),
    nst_cuda_context_new () };
  GstElement *filter = nst_cuda_filter_new ("auto");
  GstBuffer *held[12];
  GstHarness *h;

  g_object_set (filter, "pipeline-depth", 3, NULL);
  nst_give_context (filter, contexts[0]);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, cuda, cuda);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    held[i] = nst_cuda_frame_new (contexts[i / 4 % 2], &info, i);
    g_assert_cmpint (
        gst_harness_push (h, gst_buffer_ref (held[i])), ==, GST_FLOW_OK);
  }
  g_assert_true (gst_harness_push_event (h, gst_event_new_eos ()));
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    GstBuffer *buffer = gst_harness_try_pull (h);

    g_assert_nonnull (buffer);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, i * 40 * GST_MSECOND);
    nst_assert_scene (buffer, NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    /* the pool follows one frame later */
    g_assert_true (nst_cuda_context_of (buffer)
        == contexts[(i % 4 ? i : MAX (i, 1) - 1) / 4 % 2]);
    gst_buffer_unref (buffer);
    gst_buffer_unref (held[i]);
  }
  gst_harness_teardown (h);
  gst_object_unref (contexts[0]);
  gst_object_unref (contexts[1]);
  nst_assert_driver_clean ();
}

/* Twice from READY to PAUSED and once to NULL, with one context. */
static void
test_restart (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_NV12, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_NV12);
  GstCudaContext *context = nst_cuda_context_new ();
  GstElement *filter = nst_cuda_filter_new ("auto");

  gst_object_ref_sink (filter);
  for (guint i = 0; i < 3; i++) {
    GstHarness *h;
    GstBuffer *buffer;

    nst_give_context (filter, context);
    h = gst_harness_new_with_element (filter, "sink", "src");
    gst_harness_set_caps_str (h, cuda, cuda);
    buffer = nst_push_and_pull (h, nst_cuda_frame_new (context, &info, i));
    nst_assert_scene (buffer, NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    g_assert_true (nst_cuda_context_of (buffer) == context);
    nst_assert_count (nst_driver_log ()->n_primary, ==, 0);
    gst_buffer_unref (buffer);
    gst_element_set_state (filter, i == 0 ? GST_STATE_READY : GST_STATE_NULL);
    gst_harness_teardown (h);
  }
  gst_object_unref (filter);
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

/* What a neighbour is offered to write into. */
static void
test_proposal (void)
{
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_I420);
  GstCudaContext *context = nst_cuda_context_new ();
  GstElement *filter = nst_cuda_filter_new ("auto");
  GstBufferPool *pool = NULL;
  GstHarness *h;
  GstQuery *query;
  GstCaps *caps;
  guint size = 0;

  nst_give_context (filter, context);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, cuda, cuda);
  caps = gst_caps_from_string (cuda);
  query = gst_query_new_allocation (caps, TRUE);
  g_assert_true (gst_pad_peer_query (h->srcpad, query));
  g_assert_true (
      gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL));
  gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, NULL, NULL);
  g_assert_true (GST_IS_CUDA_BUFFER_POOL (pool));
  g_assert_true (GST_CUDA_BUFFER_POOL (pool)->context == context);
  /* rows of 512 bytes: the driver's */
  g_assert_cmpuint (size, >=, 512 * NST_CUDA_HEIGHT);
  gst_object_unref (pool);
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

/* A pool of another context, or of system memory, that comes after offers. */
static GstPadProbeReturn
offer_pool (GstPad *pad, GstPadProbeInfo *info, gpointer foreign)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  GstBufferPool *pool;

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  pool = foreign ? gst_cuda_buffer_pool_new (foreign)
                 : gst_video_buffer_pool_new ();
  gst_query_add_allocation_pool (query, pool, 1, 0, 0);
  gst_object_unref (pool);
  return GST_PAD_PROBE_HANDLED;
}

static void
test_offer (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_RGBA);
  g_autofree gchar *system = nst_cuda_caps (FALSE, GST_VIDEO_FORMAT_RGBA);
  GstCudaContext *context = nst_cuda_context_new (),
                 *foreign = nst_cuda_context_new ();
  GstCudaContext *offers[] = { context, foreign, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (offers); i++) {
    GstElement *filter = nst_cuda_filter_new ("auto");
    GstHarness *h;
    GstBuffer *buffer;

    nst_give_context (filter, context);
    h = nst_harness_new (filter, NULL);
    gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
        offer_pool, offers[i], NULL);
    gst_harness_set_caps_str (h, system, cuda);
    buffer = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));
    g_assert_true (nst_cuda_context_of (buffer) == context);
    gst_buffer_unref (buffer);
    gst_harness_teardown (h);
  }
  gst_object_unref (foreign);
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

int
main (int argc, char **argv)
{
  nst_cuda_init (&argc, &argv);
  g_test_add_func ("/cuda/contexts", test_contexts);
  g_test_add_func ("/cuda/depth", test_depth);
  g_test_add_func ("/cuda/primary", test_primary);
  g_test_add_func ("/cuda/restart", test_restart);
  g_test_add_func ("/cuda/proposal", test_proposal);
  g_test_add_func ("/cuda/offer", test_offer);
  return nst_run ();
}
