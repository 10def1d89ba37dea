/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-depth.c: nucsegfilter with several frames in work at once: the same
 * frames as with one at a time, to the bit; what it reports and asks for.
 */
#include "support.h"

#define N_FRAMES 24
#define WIDTH 96
#define HEIGHT 64
#define DEPTH 3
#define FOREIGN "NstForeignMeta"

/* --- The same frames ------------------------------------------------------ */

/* Squares that come, go and move from frame to frame. */
static GstBuffer *
frame_new (guint n)
{
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  GstBuffer *buffer = nst_empty_frame_new (&info, n);
  GstCustomMeta *meta;
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (guint i = 0; i < n % 6; i++) {
    const guint left = (i * 16 + n) % (WIDTH - 8), top = i * 10 + n % 3;

    for (guint y = top; y < top + 5 + i; y++)
      memset (map.data + y * WIDTH + left, (int) (140 + i * 20), 5 + n % 4);
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_DTS (buffer) = n * 40 * GST_MSECOND - (n > 0);
  GST_BUFFER_OFFSET (buffer) = 1000 + n;
  GST_BUFFER_OFFSET_END (buffer) = 1001 + n;
  if (n % 7 == 0)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (n % 5 == 0)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_MARKER);
  meta = gst_buffer_add_custom_meta (buffer, FOREIGN);
  gst_structure_set (
      gst_custom_meta_get_structure (meta), "n", G_TYPE_INT, (gint) n, NULL);
  return buffer;
}

typedef struct {
  const gchar *backend;
  guint overlay;
  const gchar *downstream;
  gboolean held; /* somebody else holds the frames: none is drawn on in place */
  gboolean changing; /* properties do, interval too */
} Case;

/* A mask that is reused is drawn with the levels of the frame it is of. */
static void
change (GstElement *filter, guint n)
{
  gst_util_set_object_arg (G_OBJECT (filter), "normalization", "fixed");
  g_object_set (filter, "interval", n / 4 % 2 ? 3 : 1, "overlay", n / 3 % 4,
      "draw-count", n & 1, "roi-meta", n % 3 > 0, "white-level", 180 + 3 * n,
      NULL);
}

static GPtrArray *
run (const Case *c, guint depth)
{
  GPtrArray *out =
      g_ptr_array_new_with_free_func ((GDestroyNotify) gst_buffer_unref);
  GstElement *filter =
      nst_filter_new ("pipeline-depth", depth, "overlay", c->overlay, NULL);
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  GstBuffer *held[N_FRAMES] = { NULL }, *buffer;
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "backend", c->backend);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_sink_caps_str (h, c->downstream);
  gst_harness_set_src_caps_str (h, caps);
  for (guint i = 0; i < N_FRAMES; i++) {
    GstBuffer *in = frame_new (i);

    if (c->held)
      held[i] = gst_buffer_ref (in);
    if (c->changing)
      change (filter, i);
    g_assert_cmpint (gst_harness_push (h, in), ==, GST_FLOW_OK);
    while ((buffer = gst_harness_try_pull (h)))
      g_ptr_array_add (out, buffer);
    if (!c->changing)
      g_assert_cmpuint (out->len, ==, i + 1 < depth ? 0 : i + 2 - depth);
  }
  g_assert_true (gst_harness_push_event (h, gst_event_new_eos ()));
  while ((buffer = gst_harness_try_pull (h)))
    g_ptr_array_add (out, buffer);
  for (guint i = 0; i < N_FRAMES; i++)
    gst_clear_buffer (&held[i]);
  gst_harness_teardown (h);
  return out;
}

static gboolean
is_same_value (GQuark field, const GValue *value, gpointer other)
{
  const gchar *name = g_quark_to_string (field);

  /* buffers are compared apart */
  if (!g_str_has_prefix (name, "time-")
      && !G_VALUE_HOLDS (value, GST_TYPE_BUFFER))
    g_assert_cmpint (
        gst_value_compare (value, gst_structure_get_value (other, name)), ==,
        GST_VALUE_EQUAL);
  return TRUE;
}

static void
assert_same_masks (GstBuffer *a, GstBuffer *b)
{
  NucsegMasks one, two;

  g_assert_true (nucseg_masks_map (a, NUCSEG_META_NAME, &one));
  g_assert_true (nucseg_masks_map (b, NUCSEG_META_NAME, &two));
  g_assert_cmpint (gst_structure_n_fields (one.structure), ==,
      gst_structure_n_fields (two.structure));
  gst_structure_foreach (
      one.structure, is_same_value, (gpointer) two.structure);
  g_assert_cmpmem (
      one.labels, WIDTH * HEIGHT * 2, two.labels, WIDTH * HEIGHT * 2);
  g_assert_cmpmem (one.objects, one.n_objects * sizeof (NucsegObject),
      two.objects, two.n_objects * sizeof (NucsegObject));
  nucseg_masks_unmap (&two);
  nucseg_masks_unmap (&one);
}

static void
assert_same_regions (GstBuffer *a, GstBuffer *b)
{
  gpointer state_a = NULL, state_b = NULL;
  GstVideoRegionOfInterestMeta *one, *two;

  do {
    one = (GstVideoRegionOfInterestMeta *) gst_buffer_iterate_meta_filtered (
        a, &state_a, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
    two = (GstVideoRegionOfInterestMeta *) gst_buffer_iterate_meta_filtered (
        b, &state_b, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
    g_assert_cmpint (!one, ==, !two);
    if (one) {
      g_assert_cmpuint (one->x, ==, two->x);
      g_assert_cmpuint (one->y, ==, two->y);
      g_assert_cmpuint (one->w, ==, two->w);
      g_assert_cmpuint (one->h, ==, two->h);
    }
  } while (one);
}

static void
assert_same (GstBuffer *a, GstBuffer *b, guint n)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (b, FOREIGN);
  gint number = -1;

  g_assert_cmpuint (GST_BUFFER_PTS (b), ==, n * 40 * GST_MSECOND);
  g_assert_cmpuint (GST_BUFFER_DURATION (b), ==, 40 * GST_MSECOND);
  g_assert_cmpuint (GST_BUFFER_DTS (a), ==, GST_BUFFER_DTS (b));
  g_assert_cmpuint (GST_BUFFER_OFFSET (b), ==, 1000 + n);
  g_assert_cmpuint (GST_BUFFER_OFFSET_END (b), ==, 1001 + n);
  g_assert_cmphex (GST_BUFFER_FLAGS (a) & ~GST_BUFFER_FLAG_TAG_MEMORY, ==,
      GST_BUFFER_FLAGS (b) & ~GST_BUFFER_FLAG_TAG_MEMORY);
  g_assert_nonnull (meta);
  gst_structure_get_int (gst_custom_meta_get_structure (meta), "n", &number);
  g_assert_cmpint (number, ==, n);
  nst_assert_same_bytes (a, b);
  assert_same_masks (a, b);
  assert_same_regions (a, b);
}

static void
test_same (void)
{
  static const Case cases[] = {
    { "reference", 0, "video/x-raw,format=GRAY8", FALSE, FALSE },
    { "reference", 0, "video/x-raw,format=GRAY8", TRUE, FALSE },
    { "reference", 2, "video/x-raw,format=GRAY8", FALSE, FALSE },
    { "reference", 3, "video/x-raw,format=GRAY8", TRUE, FALSE },
    { "reference", 3, "video/x-raw,format=RGB", FALSE, FALSE },
    { "reference", 3, "video/x-raw,format=RGB", TRUE, TRUE },
    { "onednn", 3, "video/x-raw,format=RGB", FALSE, FALSE },
    { "onednn", 3, "video/x-raw,format=GRAY8", FALSE, TRUE },
  };
  static const gchar *tags[] = { NULL };

  gst_meta_register_custom (FOREIGN, tags, NULL, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GPtrArray *one, *several;

    if (!nucseg_backend_probe (cases[i].backend, NULL))
      continue;
    one = run (&cases[i], 1);
    g_assert_cmpuint (one->len, ==, N_FRAMES);
    for (guint depth = 2; depth <= 4; depth++) {
      several = run (&cases[i], depth);
      g_assert_cmpuint (several->len, ==, N_FRAMES);
      for (guint n = 0; n < N_FRAMES; n++)
        assert_same (
            g_ptr_array_index (one, n), g_ptr_array_index (several, n), n);
      g_ptr_array_unref (several);
    }
    g_ptr_array_unref (one);
  }
}

/* --- What is reported ----------------------------------------------------- */

static guint
count_latency_messages (GstBus *bus)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_LATENCY))) {
    gst_message_unref (message);
    n++;
  }
  return n;
}

#define ROOM (100 * GST_MSECOND) /* that the source has for frames */

static GstPadProbeReturn
answer_latency (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);

  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return GST_PAD_PROBE_OK;
  gst_query_set_latency (query, TRUE, 30 * GST_MSECOND, ROOM);
  return GST_PAD_PROBE_HANDLED;
}

/* How long frames may be kept, the source's room included. */
static GstClockTime
query_most (GstElement *filter)
{
  g_autoptr (GstPad) sink = gst_element_get_static_pad (filter, "sink");
  g_autoptr (GstPad) src = gst_element_get_static_pad (filter, "src");
  GstQuery *query = gst_query_new_latency ();
  const gulong id = gst_pad_add_probe (sink,
      GST_PAD_PROBE_TYPE_QUERY_UPSTREAM | GST_PAD_PROBE_TYPE_PUSH,
      answer_latency, NULL, NULL);
  GstClockTime most;

  g_assert_true (gst_pad_query (src, query));
  gst_query_parse_latency (query, NULL, NULL, &most);
  gst_query_unref (query);
  gst_pad_remove_probe (sink, id);
  return most;
}

/* The latency of DEPTH frames in work, and of the one that an interval allows;
 * what a frame takes is looked at every 50 frames, and so is the same in both.
 */
static void
get_latencies (const gchar *rate, GstClockTime *several, GstClockTime *one)
{
  /* what takes less than a millisecond isn't reported */
  const GstVideoInfo info = nst_info (GST_VIDEO_FORMAT_GRAY8, 800, 600);
  g_autofree gchar *caps = g_strdup_printf (
      "video/x-raw,format=GRAY8,width=%d,height=%d,framerate=%s",
      GST_VIDEO_INFO_WIDTH (&info), GST_VIDEO_INFO_HEIGHT (&info), rate);
  GstElement *filter = nst_filter_new ("pipeline-depth", DEPTH, NULL);
  GstHarness *h = nst_harness_new (filter, NULL);
  GstBus *bus = gst_bus_new ();
  GstStructure *stats;
  guint64 told = 0, frames = 0;

  gst_element_set_bus (filter, bus);
  gst_harness_set_upstream_latency (h, 30 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (h), ==, 30 * GST_MSECOND);
  gst_harness_set_src_caps_str (h, caps);
  g_assert_cmpuint (count_latency_messages (bus), >, 0);
  *several = gst_harness_query_latency (h) - 30 * GST_MSECOND;
  /* the frame that is worked on makes no room for another meanwhile */
  g_assert_cmpuint (query_most (filter), >, ROOM);
  g_assert_cmpuint (query_most (filter), <, ROOM + *several);
  g_object_get (filter, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "latency", &told));
  g_assert_cmpuint (told, ==, *several);
  gst_structure_free (stats);

  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (
        gst_harness_push (h, nst_frame_new (&info, i, NULL)), ==, GST_FLOW_OK);
  g_assert_cmpuint (count_latency_messages (bus), ==, 0);
  g_object_set (filter, "interval", 2, NULL);
  for (guint i = 4; i < 8; i++)
    g_assert_cmpint (
        gst_harness_push (h, nst_frame_new (&info, i, NULL)), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_in_queue (h), ==, 8);
  g_assert_cmpuint (count_latency_messages (bus), ==, 1);
  *one = gst_harness_query_latency (h) - 30 * GST_MSECOND;
  g_assert_cmpuint (query_most (filter), ==, ROOM);
  g_object_get (filter, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_uint64 (stats, "frames", &frames));
  g_assert_cmpuint (frames, ==, 8);
  gst_structure_free (stats);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
test_latency (void)
{
  GstClockTime several, one;

  get_latencies ("25/1", &several, &one);
  g_assert_cmpuint (one, >, 0);
  g_assert_cmpuint (several - one, ==, (DEPTH - 1) * 40 * GST_MSECOND);
  /* no rate: as fast as frames are done */
  get_latencies ("0/1", &several, &one);
  g_assert_cmpuint (one, >, 0);
  g_assert_cmpuint (several, ==, DEPTH * one);
}

/* --- Buffers -------------------------------------------------------------- */

/* A pool whose buffers are all in work would be waited for without end. */
static GstPadProbeReturn
offer_small_pool (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  GstBufferPool *pool;

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  pool = gst_video_buffer_pool_new ();
  gst_query_add_allocation_pool (query, pool, WIDTH * HEIGHT * 3, 0, DEPTH - 1);
  gst_object_unref (pool);
  return GST_PAD_PROBE_HANDLED;
}

static void
test_pools (void)
{
  g_autofree gchar *in = nst_caps (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  g_autofree gchar *out = nst_caps (GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
  GstHarness *h =
      nst_harness_new (nst_filter_new ("pipeline-depth", DEPTH, NULL), NULL);
  GstCaps *caps = gst_caps_from_string (in);
  GstQuery *query = gst_query_new_allocation (caps, TRUE);
  guint min = 0;

  gst_pad_add_probe (h->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM,
      offer_small_pool, NULL, NULL);
  gst_harness_set_caps_str (h, in, out);
  g_assert_true (gst_pad_peer_query (h->srcpad, query));
  g_assert_cmpuint (gst_query_get_n_allocation_pools (query), ==, 1);
  gst_query_parse_nth_allocation_pool (query, 0, NULL, NULL, &min, NULL);
  g_assert_cmpuint (min, ==, DEPTH);
  for (guint i = 0; i < 2 * DEPTH; i++) {
    g_assert_cmpint (gst_harness_push (h, frame_new (i)), ==, GST_FLOW_OK);
    if (i >= DEPTH - 1)
      gst_buffer_unref (gst_harness_pull (h));
  }
  gst_query_unref (query);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/depth/same", test_same);
  g_test_add_func ("/filter/depth/latency", test_latency);
  g_test_add_func ("/filter/depth/pools", test_pools);
  return nst_run ();
}
