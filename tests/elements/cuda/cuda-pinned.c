/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-pinned.c: page-locked buffers in system memory: who is offered them, the
 * same pictures and labels as from ordinary memory without the copies, and
 * buffers that outlive the element. No GPU here: see meson.build.
 */
#include "cuda-support.h"
#include "pinnedallocator.h"

#define SIZE(info) GST_VIDEO_INFO_SIZE (info)

static const EmulatedLog *device;

/* The pool that the filter offers; NULL: none. */
static GstBufferPool *
ask_for_pool (GstHarness *h, const GstVideoInfo *info)
{
  GstCaps *caps = gst_pad_get_current_caps (h->srcpad);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  GstBufferPool *pool = NULL;
  guint size;

  g_assert_true (gst_pad_peer_query (h->srcpad, query));
  if (gst_query_get_n_allocation_pools (query) > 0) {
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, NULL, NULL);
    g_assert_cmpuint (size, ==, SIZE (info));
  }
  /* who allocates each buffer by itself is offered nothing */
  g_assert_cmpuint (gst_query_get_n_allocation_params (query), ==, 0);
  gst_query_unref (query);
  gst_caps_unref (caps);
  return pool;
}

static GstHarness *
start (const gchar *backend, const gchar *overlay, GstVideoFormat from,
    GstVideoFormat to)
{
  GstElement *filter = nst_cuda_filter_new (backend);
  g_autofree gchar *sink = nst_cuda_caps (FALSE, from);
  g_autofree gchar *src = nst_cuda_caps (FALSE, to);
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "overlay", overlay);
  g_object_set (filter, "interval", 2, NULL);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, sink, src);
  return h;
}

/* Frame @n of the scene in a buffer of @pool. */
static GstBuffer *
pooled_frame_new (GstBufferPool *pool, const GstVideoInfo *info, guint n)
{
  GstBuffer *plain = nst_frame_new (info, n, NULL), *buffer = NULL;
  GstMapInfo map;

  g_assert_cmpint (
      gst_buffer_pool_acquire_buffer (pool, &buffer, NULL), ==, GST_FLOW_OK);
  g_assert_true (gst_buffer_map (plain, &map, GST_MAP_READ));
  g_assert_cmpuint (
      gst_buffer_fill (buffer, 0, map.data, map.size), ==, SIZE (info));
  gst_buffer_unmap (plain, &map);
  gst_buffer_copy_into (
      buffer, plain, GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_FLAGS, 0, -1);
  gst_buffer_unref (plain);
  return buffer;
}

static void
test_proposal (void)
{
  static const struct {
    const gchar *backend;
    gboolean offered;
  } cases[] = { { "auto", TRUE }, { "cuda", TRUE }, { "reference", FALSE } };
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_GRAY8, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = start (cases[i].backend, "contour", GST_VIDEO_FORMAT_GRAY8,
        GST_VIDEO_FORMAT_RGBA);
    GstBufferPool *pool = ask_for_pool (h, &info);
    GstBuffer *buffer = nst_push_and_pull (h, nst_frame_new (&info, 0, NULL));

    g_assert_cmpint (pool != NULL, ==, cases[i].offered);
    /* nobody after it offers anything: the filter allocates */
    g_assert_cmpint (nst_is_pinned (buffer), ==, cases[i].offered);
    gst_buffer_unref (buffer);
    gst_clear_object (&pool);
    gst_harness_teardown (h);
  }
  nst_assert_count (device->n_pinned, ==, 0);
}

typedef struct {
  GstVideoFormat from, to;
  const gchar *overlay;
} Case;

/* Inferred and reused frames, at several addresses. */
static void
test_frames (gconstpointer data)
{
  const Case *c = data;
  const GstVideoInfo info = nst_info (c->from, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GstHarness *plain = start ("auto", c->overlay, c->from, c->to);
  GstHarness *h = start ("auto", c->overlay, c->from, c->to);
  GstBufferPool *pool = ask_for_pool (h, &info);
  GstBuffer *held[6];

  g_assert_true (gst_buffer_pool_set_active (pool, TRUE));
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    GstBuffer *frame = nst_frame_new (&info, i, NULL), *expected;
    const gsize labels = NST_CUDA_WIDTH * NST_CUDA_HEIGHT * sizeof (guint16);
    gsize up, down;

    /* one that others hold can't be drawn on */
    gst_buffer_ref (frame);
    expected = nst_push_and_pull (plain, frame);
    gst_buffer_unref (frame);
    frame = pooled_frame_new (pool, &info, i);
    g_assert_true (nst_is_pinned (frame));
    if (i >= 4)
      gst_buffer_ref (frame);
    up = device->uploaded;
    down = device->downloaded;
    held[i] = nst_push_and_pull (h, frame);
    if (i >= 4)
      gst_buffer_unref (frame);
    g_assert_true (nst_is_pinned (held[i]));
    g_assert_cmpint (nst_inferred (held[i]), ==, i % 2 == 0);
    /* neither frame nor picture is copied, nor labels but to draw them again */
    nst_assert_count (device->uploaded - up, <, (i % 2 ? labels : 0) + 1024);
    nst_assert_count (device->downloaded - down, <, 1024);
    g_assert_true (nst_has_pinned_labels (held[i]));
    nst_assert_scene (held[i], NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    nst_assert_scene (expected, NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    nst_assert_same_bytes (held[i], expected);
    gst_buffer_unref (expected);
  }
  gst_harness_teardown (plain);
  gst_buffer_pool_set_active (pool, FALSE);
  gst_object_unref (pool);
  gst_harness_teardown (h);
  /* element, session and pool are gone; what went downstream is there */
  nst_assert_count (device->n_pinned, >=, G_N_ELEMENTS (held));
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    gst_buffer_memset (held[i], 0, 0, gst_buffer_get_size (held[i]));
    gst_buffer_unref (held[i]);
  }
  nst_assert_count (device->n_pinned, ==, 0);
  nst_assert_driver_clean ();
}

/* Memory as elements take it apart. */
static void
test_memory (void)
{
  GstAllocationParams params = { GST_MEMORY_FLAG_ZERO_PREFIXED, 4095, 7, 5,
    { NULL } };
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_GRAY8, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GstHarness *h =
      start ("auto", "contour", GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_GRAY8);
  GstBufferPool *pool = ask_for_pool (h, &info);
  GstAllocator *allocator = NULL;
  GstMemory *memory, *a, *b, *copy;
  GstStructure *config;
  GstMapInfo map;
  gsize offset, maxsize;

  config = gst_buffer_pool_get_config (pool);
  g_assert_true (
      gst_buffer_pool_config_get_allocator (config, &allocator, NULL));
  gst_object_ref (allocator);
  gst_structure_free (config);
  gst_object_unref (pool);
  gst_harness_teardown (h);
  memory = gst_allocator_alloc (allocator, 1000, &params);
  gst_object_unref (allocator);
  g_assert_true (gst_memory_is_type (memory, NUCSEG_PINNED_MEMORY_TYPE));
  g_assert_cmpuint (gst_memory_get_sizes (memory, &offset, &maxsize), ==, 1000);
  g_assert_cmpuint (offset, ==, 7);
  g_assert_cmpuint (maxsize, ==, 1012);
  g_assert_true (gst_memory_map (memory, &map, GST_MAP_WRITE));
  g_assert_cmpuint ((GPOINTER_TO_SIZE (map.data) - 7) % 4096, ==, 0);
  for (guint i = 0; i < 1000; i++)
    map.data[i] = (guint8) i;
  gst_memory_unmap (memory, &map);

  a = gst_memory_share (memory, 100, 200);
  b = gst_memory_share (memory, 300, -1);
  copy = gst_memory_copy (memory, 0, -1);
  gst_memory_unref (memory);
  g_assert_true (gst_memory_is_span (a, b, &offset));
  g_assert_cmpuint (offset, ==, 100);
  g_assert_false (gst_memory_is_span (b, a, NULL));
  g_assert_cmpuint (b->size, ==, 700);
  g_assert_true (gst_memory_map (b, &map, GST_MAP_READ));
  g_assert_cmpuint (map.data[5], ==, 305 - 256);
  gst_memory_unmap (b, &map);
  gst_memory_unref (a);
  nst_assert_count (device->n_pinned, ==, 1);
  gst_memory_unref (b);
  nst_assert_count (device->n_pinned, ==, 0);
  g_assert_true (gst_memory_map (copy, &map, GST_MAP_READ));
  g_assert_cmpuint (map.data[999], ==, 999 % 256);
  gst_memory_unmap (copy, &map);
  gst_memory_unref (copy);
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_GRAY8, "contour" },
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGBA, "both" },
    { GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_NV12, "fill" },
    { GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_I420, "none" },
  };

  device = nst_cuda_init (&argc, &argv);
  g_test_add_func ("/cuda/pinned/proposal", test_proposal);
  g_test_add_func ("/cuda/pinned/memory", test_memory);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *name = g_strdup_printf ("/cuda/pinned/frames/%s-%s-%s",
        gst_video_format_to_string (cases[i].from),
        gst_video_format_to_string (cases[i].to), cases[i].overlay);

    g_test_add_data_func (name, &cases[i], test_frames);
  }
  return nst_run ();
}
