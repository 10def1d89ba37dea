/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-steady.c: what a live frame costs once the caps are there: one launch,
 * one wait, no memory of the GPU's, page-locked or not, and no graph, whatever
 * is drawn, wherever the frame lies and how many are in work. No GPU here: see
 * meson.build.
 */
#include "cuda-support.h"

#define N_FRAMES 8

static const EmulatedLog *device;

typedef enum { PLAIN, PINNED, CUDA } Memory;

typedef struct {
  Memory memory;
  GstVideoFormat from, to;
  const gchar *overlay; /* "switch": on and off from frame to frame */
  guint depth;
} Case;

typedef struct {
  gint launches, waits, graphs;
  guint blocks, pinned; /* of plans; of buffers */
} Counts;

static Counts
count (void)
{
  return (Counts){ g_atomic_int_get (&device->n_launches),
    g_atomic_int_get (&device->n_waits), g_atomic_int_get (&device->n_graphs),
    device->n_allocs - device->n_pinned_ever, device->n_pinned_ever };
}

static GstHarness *
start (const Case *c, GstCudaContext *context)
{
  const gboolean switched = g_str_equal (c->overlay, "switch");
  GstElement *filter = nst_cuda_filter_new ("auto");
  g_autofree gchar *sink = nst_cuda_caps (c->memory == CUDA, c->from);
  g_autofree gchar *src = nst_cuda_caps (c->memory == CUDA, c->to);
  GstHarness *h;

  gst_util_set_object_arg (
      G_OBJECT (filter), "overlay", switched ? "none" : c->overlay);
  g_object_set (filter, "pipeline-depth", c->depth, NULL);
  nst_give_context (filter, context);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, sink, src);
  return h;
}

/* The pool that the filter offers, for who pushes page-locked frames. */
static GstBufferPool *
ask_for_pool (GstHarness *h)
{
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBufferPool *pool;

  g_assert_true (gst_pad_peer_query (h->srcpad, query));
  g_assert_cmpuint (gst_query_get_n_allocation_pools (query), >, 0);
  gst_query_parse_nth_allocation_pool (query, 0, &pool, NULL, NULL, NULL);
  g_assert_true (gst_buffer_pool_set_active (pool, TRUE));
  gst_query_unref (query);
  gst_caps_unref (caps);
  return pool;
}

static GstBuffer *
frame_new (const Case *c, GstCudaContext *context, GstBufferPool *pool, guint n)
{
  const GstVideoInfo info = nst_info (c->from, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GstBuffer *plain, *buffer = NULL;
  GstMapInfo map;

  if (c->memory == CUDA)
    return nst_cuda_frame_new (context, &info, n);
  plain = nst_frame_new (&info, n, NULL);
  if (c->memory == PLAIN)
    return plain;
  g_assert_cmpint (
      gst_buffer_pool_acquire_buffer (pool, &buffer, NULL), ==, GST_FLOW_OK);
  g_assert_true (gst_buffer_map (plain, &map, GST_MAP_READ));
  gst_buffer_fill (buffer, 0, map.data, map.size);
  gst_buffer_unmap (plain, &map);
  gst_buffer_copy_into (
      buffer, plain, GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_FLAGS, 0, -1);
  gst_buffer_unref (plain);
  return buffer;
}

/* What came out goes back to its pool at once. */
static guint
drop_output (GstHarness *h)
{
  GstBuffer *buffer;
  guint n = 0;

  while ((buffer = gst_harness_try_pull (h))) {
    nst_assert_scene (buffer, NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    gst_buffer_unref (buffer);
    n++;
  }
  return n;
}

static void
test_steady (gconstpointer data)
{
  const Case *c = data;
  GstCudaContext *context = nst_cuda_context_new ();
  GstHarness *h = start (c, context);
  GstBufferPool *pool = c->memory == PINNED ? ask_for_pool (h) : NULL;
  const Counts before = count ();
  guint n_out = 0, n_in = 0, n_begun = 0;
  Counts now;

  for (guint i = 0; i < N_FRAMES; i++) {
    GstBuffer *frame;

    if (g_str_equal (c->overlay, "switch"))
      gst_util_set_object_arg (
          G_OBJECT (h->element), "overlay", i % 2 ? "both" : "none");
    /* those of who pushes are its own affair */
    n_in -= device->n_pinned_ever;
    frame = frame_new (c, context, pool, i);
    n_in += device->n_pinned_ever;
    g_assert_cmpint (gst_harness_push (h, frame), ==, GST_FLOW_OK);
    n_out += drop_output (h);
    now = count ();
    /* the pool of pictures beside the frames grows with the first ones, as many
     * as are in work */
    if (i < c->depth)
      n_begun = now.pinned - before.pinned - n_in;
    if (c->depth == 1) {
      nst_assert_count (now.launches - before.launches, ==, (gint) i + 1);
      nst_assert_count (now.waits - before.waits, ==, (gint) i + 1);
    }
  }
  g_assert_true (gst_harness_push_event (h, gst_event_new_eos ()));
  n_out += drop_output (h);
  g_assert_cmpuint (n_out, ==, N_FRAMES);
  now = count ();
  nst_assert_count (now.launches - before.launches, ==, N_FRAMES);
  nst_assert_count (now.waits - before.waits, ==, N_FRAMES);
  nst_assert_count (now.graphs, ==, before.graphs);
  nst_assert_count (now.blocks, ==, before.blocks);
  nst_assert_count (now.pinned - before.pinned - n_in, ==, n_begun);
  g_assert_cmpuint (n_begun, <=, c->from == c->to ? 0 : c->depth);
  if (pool) {
    gst_buffer_pool_set_active (pool, FALSE);
    gst_object_unref (pool);
  }
  gst_harness_teardown (h);
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

int
main (int argc, char **argv)
{
  static const struct {
    GstVideoFormat from, to;
    const gchar *overlay;
  } drawings[] = {
    { GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_RGBA, "none" },
    { GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_RGBA, "contour" },
    { GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_NV12, "switch" },
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGBA, "both" },
  };
  static const gchar *const memories[] = { "plain", "pinned", "cuda" };
  static Case cases[G_N_ELEMENTS (drawings) * 6];
  guint n = 0;

  device = nst_cuda_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const guint k = i / 6;
    g_autofree gchar *name = NULL;

    cases[n] = (Case){ i % 3, drawings[k].from, drawings[k].to,
      drawings[k].overlay, 1 + i / 3 % 2 };
    /* there is no grey in CUDA memory */
    if (cases[n].memory == CUDA && cases[n].from == GST_VIDEO_FORMAT_GRAY8)
      continue;
    name = g_strdup_printf ("/cuda/steady/%s-%s-%s-depth-%u",
        memories[cases[n].memory], gst_video_format_to_string (cases[n].from),
        cases[n].overlay, cases[n].depth);
    g_test_add_data_func (name, &cases[n], test_steady);
    n++;
  }
  return nst_run ();
}
