/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-random.c: a stream in which anything may happen at any time, chosen by
 * a seed: sizes and formats, rows with gaps, frames that others hold or that
 * lie in several memories, flushes, ends, restarts, queries, and properties
 * that change. Each frame comes out once, in order, with the masks of what is
 * on it.
 *
 * --seeds=FROM:TO runs others than those that run by themselves, --steps=N more
 * or fewer steps of each, --backend=NAME another back end than the reference.
 */
#include <stdio.h>

#include "support.h"

#define MOST_WAITING 8

/* A frame that went in. */
typedef struct {
  GstVideoInfo info;
  gboolean empty;
  gboolean plain; /* nothing is drawn on it */
  GstBuffer *before; /* a copy of what it was */
  GstBuffer *held; /* itself, where others hold it */
} Sent;

typedef struct {
  GRand *rand;
  GstElement *filter;
  GstHarness *h;
  GstVideoInfo info;
  GPtrArray *sent; /* all of them, by their number */
  guint next; /* the number of the frame that comes out next */
  guint fresh; /* the first since masks were last forgotten */
  GQueue formats; /* of frames that came out and weren't looked at yet */
  gboolean may_draw; /* another thread changes what is drawn */
} World;

static void
sent_free (gpointer data)
{
  Sent *sent = data;

  gst_clear_buffer (&sent->before);
  gst_clear_buffer (&sent->held);
  g_free (sent);
}

static guint
choose (World *w, guint n)
{
  return (guint) g_rand_int_range (w->rand, 0, (gint) n);
}

/* --- What comes out ------------------------------------------------------ */

static GstPadProbeReturn
note_format (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  World *w = data;

  g_queue_push_tail (&w->formats, GINT_TO_POINTER (nst_out_format (w->h)));
  return GST_PAD_PROBE_OK;
}

static void
check_frame (World *w, GstBuffer *out)
{
  const GstVideoFormat format =
      (GstVideoFormat) GPOINTER_TO_INT (g_queue_pop_head (&w->formats));
  const Sent *sent, *inferred;
  guint age;

  g_assert_cmpuint (w->next, <, w->sent->len);
  sent = g_ptr_array_index (w->sent, w->next);
  g_assert_cmpuint (GST_BUFFER_OFFSET (out), ==, w->next);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, GST_BUFFER_PTS (sent->before));
  nst_age (out, &age);
  g_assert_cmpuint (age, <=, w->next - w->fresh);
  inferred = g_ptr_array_index (w->sent, w->next - age);
  if (inferred->empty)
    nst_assert_empty (out, GST_VIDEO_INFO_WIDTH (&sent->info),
        GST_VIDEO_INFO_HEIGHT (&sent->info));
  else
    nst_assert_scene (out, GST_VIDEO_INFO_WIDTH (&sent->info),
        GST_VIDEO_INFO_HEIGHT (&sent->info),
        nst_max (GST_VIDEO_INFO_FORMAT (&sent->info)));
  /* a grey frame may have become a coloured one, to be drawn upon */
  if (sent->plain && format == GST_VIDEO_INFO_FORMAT (&sent->info))
    nst_assert_same_bytes (out, sent->before);
  if (sent->held)
    nst_assert_same_bytes (sent->held, sent->before);
  w->next++;
}

static void
take (World *w)
{
  GstBuffer *out;

  while ((out = gst_harness_try_pull (w->h))) {
    check_frame (w, out);
    gst_buffer_unref (out);
  }
  g_assert_cmpuint (w->sent->len - w->next, <, MOST_WAITING);
}

/* Nothing is left in work. */
static void
take_all (World *w)
{
  take (w);
  g_assert_cmpuint (w->next, ==, w->sent->len);
}

/* What was in work is thrown away, and no mask is reused. */
static void
forget (World *w)
{
  take (w);
  w->next = w->fresh = w->sent->len;
}

/* --- What goes in -------------------------------------------------------- */

/* The same bytes in two memories, where nothing says where planes begin. */
static GstBuffer *
split (World *w, GstBuffer *buffer)
{
  const gsize size = gst_buffer_get_size (buffer);
  const gsize at = 1 + choose (w, (guint) size - 1);
  GstBuffer *two = gst_buffer_copy_region (buffer,
      GST_BUFFER_COPY_METADATA | GST_BUFFER_COPY_MEMORY | GST_BUFFER_COPY_DEEP,
      0, at);

  gst_buffer_copy_into (two, buffer,
      GST_BUFFER_COPY_MEMORY | GST_BUFFER_COPY_DEEP, at, size - at);
  gst_buffer_unref (buffer);
  return two;
}

static void
push_frame (World *w)
{
  const guint n = w->sent->len;
  Sent *sent = g_new0 (Sent, 1);
  NstLayout layout = { .padding = choose (w, 3) == 0 ? 2 * choose (w, 20) : 0 };
  GstBuffer *buffer;
  guint overlay;
  gboolean count;

  sent->info = w->info;
  sent->empty = choose (w, 6) == 0;
  buffer = sent->empty ? nst_empty_frame_new (&w->info, n)
                       : nst_frame_new (&w->info, n, &layout);
  GST_BUFFER_OFFSET (buffer) = n;
  if (choose (w, 8) == 0)
    GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
  if (choose (w, 9) == 0)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (!gst_buffer_get_video_meta (buffer) && choose (w, 5) == 0)
    buffer = split (w, buffer);
  g_object_get (w->filter, "overlay", &overlay, "draw-count", &count, NULL);
  sent->plain = !w->may_draw && overlay == 0 && !count;
  sent->before = gst_buffer_copy_deep (buffer);
  if (choose (w, 3) == 0)
    sent->held = gst_buffer_ref (buffer);
  else if (choose (w, 6) == 0)
    GST_MINI_OBJECT_FLAG_SET (
        gst_buffer_peek_memory (buffer, 0), GST_MEMORY_FLAG_READONLY);
  g_ptr_array_add (w->sent, sent);
  g_assert_cmpint (gst_harness_push (w->h, buffer), ==, GST_FLOW_OK);
  take (w);
}

static void
new_caps (World *w)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_GRAY8,
    GST_VIDEO_FORMAT_GRAY16_LE, GST_VIDEO_FORMAT_GRAY16_BE,
    GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_BGRx, GST_VIDEO_FORMAT_I420,
    GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_P010_10LE };
  static const gint sizes[][2] = { { 64, 48 }, { 33, 31 }, { 40, 24 },
    { 18, 17 }, { 96, 64 } };
  const gint *size = sizes[choose (w, G_N_ELEMENTS (sizes))];
  const GstVideoFormat format = formats[choose (w, G_N_ELEMENTS (formats))];
  g_autofree gchar *caps = nst_caps (format, size[0], size[1]);
  GstVideoInfo info = nst_info (format, size[0], size[1]);
  const gboolean same = gst_video_info_is_equal (&info, &w->info);

  w->info = info;
  gst_harness_set_src_caps_str (w->h, caps);
  take (w);
  if (!same) {
    take_all (w);
    w->fresh = w->sent->len;
  }
}

static void
change_properties (GstElement *filter, GRand *rand)
{
  gint r[8];

  for (guint i = 0; i < G_N_ELEMENTS (r); i++)
    r[i] = g_rand_int_range (rand, 0, 12);
  g_object_set (filter, "overlay", r[0] % 4, "overlay-alpha", r[1] / 11.0,
      "contour-color", r[2] > 6 ? 0xff000000u : 0xffff00u, "draw-count",
      r[3] == 0, "interval", r[4] < 8 ? 1 : r[4] - 6, "roi-meta", r[5] > 2,
      "qos", r[6] > 5, "exclude-border", FALSE, NULL);
}

static void
begin (World *w)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  g_assert_true (
      gst_harness_push_event (w->h, gst_event_new_segment (&segment)));
}

static void
flush (World *w)
{
  g_assert_true (gst_harness_push_event (w->h, gst_event_new_flush_start ()));
  g_assert_true (
      gst_harness_push_event (w->h, gst_event_new_flush_stop (TRUE)));
  forget (w);
  begin (w);
}

static void
end_and_go_on (World *w)
{
  g_assert_true (gst_harness_push_event (w->h, gst_event_new_eos ()));
  take_all (w);
  flush (w);
}

static void
restart (World *w)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_INFO_FORMAT (&w->info),
      GST_VIDEO_INFO_WIDTH (&w->info), GST_VIDEO_INFO_HEIGHT (&w->info));

  take (w);
  g_assert_cmpint (gst_element_set_state (w->filter, GST_STATE_READY), ==,
      GST_STATE_CHANGE_SUCCESS);
  forget (w);
  g_object_set (w->filter, "pipeline-depth", 1 + choose (w, 4), NULL);
  g_assert_cmpint (gst_element_set_state (w->filter, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_SUCCESS);
  g_assert_true (gst_harness_push_event (
      w->h, gst_event_new_stream_start ("nucseg-random")));
  gst_harness_set_src_caps_str (w->h, caps);
}

static void
ask (World *w)
{
  GstQuery *latency = gst_query_new_latency ();
  GstQuery *drain = gst_query_new_drain ();
  GstStructure *stats;

  gst_pad_peer_query (w->h->sinkpad, latency);
  if (choose (w, 2) && gst_pad_peer_query (w->h->srcpad, drain))
    take (w);
  g_object_get (w->filter, "stats", &stats, NULL);
  gst_structure_free (stats);
  gst_query_unref (drain);
  gst_query_unref (latency);
}

static void
send_event (World *w)
{
  const GstClockTime at = w->sent->len * 40 * GST_MSECOND;

  switch (choose (w, 4)) {
  case 0:
    gst_harness_push_event (w->h, gst_event_new_gap (at, GST_MSECOND));
    break;
  case 1:
    gst_harness_push_event (w->h,
        gst_event_new_custom (
            GST_EVENT_CUSTOM_DOWNSTREAM, gst_structure_new_empty ("nst")));
    break;
  case 2:
    gst_harness_push_event (w->h,
        gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "nuclei", NULL)));
    break;
  default:
    gst_harness_push_upstream_event (w->h, gst_event_new_reconfigure ());
  }
  take (w);
}

static void
step (World *w)
{
  const guint what = choose (w, 100);

  if (what < 66)
    push_frame (w);
  else if (what < 76)
    change_properties (w->filter, w->rand);
  else if (what < 82)
    new_caps (w);
  else if (what < 88)
    send_event (w);
  else if (what < 94)
    ask (w);
  else if (what < 96)
    begin (w);
  else if (what < 98)
    flush (w);
  else if (what < 99)
    end_and_go_on (w);
  else
    restart (w);
}

/* --- The runs ------------------------------------------------------------ */

typedef struct {
  GstElement *filter;
  guint seed;
  gint stop;
} Meddler;

static gpointer
meddle (gpointer data)
{
  Meddler *m = data;
  GRand *rand = g_rand_new_with_seed (m->seed);

  while (!g_atomic_int_get (&m->stop)) {
    change_properties (m->filter, rand);
    g_usleep ((gulong) g_rand_int_range (rand, 0, 500));
  }
  g_rand_free (rand);
  return NULL;
}

static guint from = 1, to = 12, n_steps = 400;
static const gchar *backend = "reference";

static void
run (guint seed)
{
  World w = { .rand = g_rand_new_with_seed (seed) };
  Meddler meddler = { .seed = seed + 1 };
  GThread *thread = NULL;

  w.filter = nst_filter_new ("pipeline-depth", 1 + choose (&w, 4), NULL);
  gst_util_set_object_arg (G_OBJECT (w.filter), "backend", backend);
  gst_object_ref (w.filter);
  w.h = nst_harness_new (w.filter, NULL);
  gst_pad_add_probe (
      w.h->sinkpad, GST_PAD_PROBE_TYPE_BUFFER, note_format, &w, NULL);
  w.sent = g_ptr_array_new_with_free_func (sent_free);
  w.info = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  w.may_draw = seed % 3 == 0;
  new_caps (&w);
  if (w.may_draw) {
    meddler.filter = w.filter;
    thread = g_thread_new ("meddler", meddle, &meddler);
  }
  for (guint i = 0; i < n_steps; i++)
    step (&w);
  if (thread) {
    g_atomic_int_set (&meddler.stop, TRUE);
    g_thread_join (thread);
  }
  end_and_go_on (&w);
  gst_harness_teardown (w.h);
  gst_object_unref (w.filter);
  g_ptr_array_unref (w.sent);
  g_rand_free (w.rand);
}

static void
test_random (void)
{
  for (guint seed = from; seed <= to; seed++) {
    g_test_message ("seed %u", seed);
    run (seed);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  for (gint i = 1; i < argc; i++) {
    if (g_str_has_prefix (argv[i], "--backend="))
      backend = argv[i] + strlen ("--backend=");
    else if (sscanf (argv[i], "--steps=%u", &n_steps) != 1)
      g_assert_cmpint (sscanf (argv[i], "--seeds=%u:%u", &from, &to), ==, 2);
  }
  g_test_add_func ("/filter/random", test_random);
  return nst_run ();
}
