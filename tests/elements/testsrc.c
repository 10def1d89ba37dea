/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc.c: nuctestsrc as an element: same bits, seeks, restarts, sizes,
 * counts, properties. testsrc-time.c has time, testsrc-picture.c the picture.
 */
#include "testsrc-support.h"

#define CAPS8 "video/x-raw,format=GRAY8,width=512,height=512,framerate=25/1"
#define CAPS16 "video/x-raw,format=GRAY16_LE,width=97,height=61,framerate=25/1"

/* Of 50 frames each, as every machine must draw them. A change of what the
 * element draws is a change of these numbers, and worth a line in NEWS. */
#define HASH_CAPS8 G_GUINT64_CONSTANT (0xf17b9a42cb8029bc)
#define HASH_CAPS16 G_GUINT64_CONSTANT (0x2754b80366e73563)

/* Hash of the first @n frames. */
static guint64
hash_run (const gchar *caps, gint n, guint64 seed)
{
  GstVideoInfo info = info_of (caps);
  GstHarness *h = source_new (caps, n, "seed", seed, "division-period", 100,
      "significant-bits", 10, NULL);
  guint64 hash = HASH_START;

  gst_harness_play (h);
  for (gint i = 0; i < n; i++) {
    GstBuffer *buffer = gst_harness_pull (h);

    g_assert_nonnull (buffer);
    g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, i);
    hash = hash_frame (hash, &info, buffer);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (h);
  return hash;
}

static void
test_same_bits (void)
{
  guint64 first = hash_run (CAPS8, 50, 7);

  g_test_message ("CAPS8 0x%016" G_GINT64_MODIFIER "x", first);
  g_assert_cmphex (hash_run (CAPS8, 50, 7), ==, first);
  g_assert_cmphex (first, ==, HASH_CAPS8);
  g_assert_cmphex (hash_run (CAPS8, 2, 8), !=, hash_run (CAPS8, 2, 7));
}

static void
test_same_bits_16 (void)
{
  guint64 first = hash_run (CAPS16, 50, 7);

  g_test_message ("CAPS16 0x%016" G_GINT64_MODIFIER "x", first);
  g_assert_cmphex (hash_run (CAPS16, 50, 7), ==, first);
  g_assert_cmphex (first, ==, HASH_CAPS16);
}

/* --- Whole pipelines ---------------------------------------------------- */

typedef struct {
  GstElement *pipeline;
  GstElement *sink;
  GstVideoInfo info;
} Line;

static Line
line_new (void)
{
  Line line = { .info = info_of (CAPS16) };
  g_autoptr (GError) error = NULL;

  line.pipeline =
      gst_parse_launch ("nuctestsrc is-live=false seed=3 speed=2 ! " CAPS16
                        " ! appsink name=sink sync=false max-buffers=1",
          &error);
  g_assert_no_error (error);
  line.sink = gst_bin_get_by_name (GST_BIN (line.pipeline), "sink");
  return line;
}

static void
line_free (Line *line)
{
  gst_element_set_state (line->pipeline, GST_STATE_NULL);
  gst_object_unref (line->sink);
  gst_object_unref (line->pipeline);
}

/* Hash of the next frame; its number in @frame. */
static guint64
line_pull (Line *line, const gchar *signal, guint64 *frame)
{
  GstSample *sample = NULL;
  guint64 hash;

  g_signal_emit_by_name (line->sink, signal, &sample);
  g_assert_nonnull (sample);
  *frame = GST_BUFFER_OFFSET (gst_sample_get_buffer (sample));
  g_assert_cmpuint (GST_BUFFER_PTS (gst_sample_get_buffer (sample)), ==,
      *frame * 40 * GST_MSECOND);
  hash = hash_frame (HASH_START, &line->info, gst_sample_get_buffer (sample));
  gst_sample_unref (sample);
  return hash;
}

static void
line_pause (Line *line)
{
  gst_element_set_state (line->pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (
      gst_element_get_state (line->pipeline, NULL, NULL, 20 * GST_SECOND), ==,
      GST_STATE_CHANGE_SUCCESS);
}

static void
test_seek (void)
{
  const GstSeekFlags flags = GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE;
  static const guint64 targets[] = { 37, 5, 5, 0, 39 };
  guint64 hashes[40], frame;
  Line line = line_new ();

  gst_element_set_state (line.pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++) {
    hashes[i] = line_pull (&line, "pull-sample", &frame);
    g_assert_cmpuint (frame, ==, i);
  }
  line_pause (&line);
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++) {
    /* in the middle of the frame's time: the frame that shows is wanted */
    gint64 time = (gint64) targets[i] * 40 * GST_MSECOND + 20 * GST_MSECOND;

    g_assert_true (
        gst_element_seek_simple (line.pipeline, GST_FORMAT_TIME, flags, time));
    g_assert_cmphex (
        line_pull (&line, "pull-preroll", &frame), ==, hashes[targets[i]]);
    g_assert_cmpuint (frame, ==, targets[i]);
  }
  g_assert_false (gst_element_seek (line.pipeline, -1.0, GST_FORMAT_TIME, flags,
      GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_SET, GST_SECOND));
  /* refused, and the stream goes on */
  gst_element_set_state (line.pipeline, GST_STATE_PLAYING);
  line_pull (&line, "pull-sample", &frame);
  g_assert_cmpuint (line_pull (&line, "pull-sample", &frame), !=, 0);
  g_assert_cmpuint (frame, ==, 40);
  line_free (&line);
}

static void
test_restart (void)
{
  Line line = line_new ();
  guint64 first[3] = { 0 }, frame;

  for (guint cycle = 0; cycle < 3; cycle++) {
    gst_element_set_state (line.pipeline, GST_STATE_PLAYING);
    for (guint i = 0; i < 3; i++) {
      guint64 hash = line_pull (&line, "pull-sample", &frame);

      /* an appsink keeps what waits in it through READY: one or two frames */
      for (guint k = 0; cycle == 1 && i == 0 && frame > 0 && k < 2; k++)
        hash = line_pull (&line, "pull-sample", &frame);
      g_assert_cmpuint (frame, ==, i);
      if (cycle == 0)
        first[i] = hash;
      g_assert_cmphex (hash, ==, first[i]);
    }
    gst_element_set_state (
        line.pipeline, cycle == 0 ? GST_STATE_READY : GST_STATE_NULL);
  }
  line_free (&line);
}

/* A seek so far that the way there takes minutes must not hold up a stop. */
static void
test_far_seek_stops (void)
{
  Line line = line_new ();
  gint64 start;

  line_pause (&line);
  g_assert_true (gst_element_seek_simple (line.pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH, (gint64) 100 * 24 * 3600 * GST_SECOND));
  start = g_get_monotonic_time ();
  line_free (&line);
  /* far under what the way would take, far above a slow machine's stop */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
}

/* --- Sizes and counts --------------------------------------------------- */

/* One frame of @count nuclei; returns the number of true ones. */
static guint
draw_one (gint width, gint height, guint count, gdouble diameter)
{
  g_autofree gchar *caps = g_strdup_printf (
      "video/x-raw,format=GRAY8,width=%d,height=%d,framerate=30/1", width,
      height);
  GstHarness *h = source_new (caps, 1, "count", count, "diameter", diameter,
      "division-period", 0, NULL);
  GstBuffer *buffer;
  NucsegMasks masks;
  guint n;

  gst_harness_play (h);
  buffer = gst_harness_pull (h);
  g_assert_nonnull (buffer);
  g_assert_true (nucseg_masks_map (buffer, NUCSEG_TRUTH_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, width);
  g_assert_cmpint (masks.height, ==, height);
  n = masks.n_objects;
  g_assert_true ((n == 0) == (masks.objects == NULL));
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (buffer);
  gst_harness_teardown (h);
  return n;
}

static void
test_counts (void)
{
  g_assert_cmpuint (draw_one (512, 512, 0, 22), ==, 0);
  g_assert_cmpuint (draw_one (512, 512, 1, 22), ==, 1);
  g_assert_cmpuint (draw_one (512, 512, 80, 22), ==, 80);
  g_assert_cmpuint (draw_one (256, 256, 80, 500), ==, 80);
  g_assert_cmpuint (draw_one (512, 512, 2000, 22), ==, 2000);
  g_assert_cmpuint (draw_one (1024, 1024, 5000, 12), ==, 5000);
}

static void
test_sizes (void)
{
  static const struct {
    gint width, height;
    guint low, high; /* bounds of how many fit */
  } sizes[] = { { 16, 16, 1, 3 }, { 17, 23, 1, 5 }, { 8192, 16, 70, 80 },
    { 16, 8192, 70, 80 }, { 1023, 767, 80, 80 } };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint n = draw_one (sizes[i].width, sizes[i].height, 80, 22);

    g_assert_cmpuint (n, >=, sizes[i].low);
    g_assert_cmpuint (n, <=, sizes[i].high);
  }
}

static void
test_bad_caps (void)
{
  static const gchar *const bad[] = {
    "video/x-raw,format=GRAY8,width=15,height=512,framerate=30/1",
    "video/x-raw,format=GRAY8,width=512,height=8193,framerate=30/1",
    "video/x-raw,format=RGB,width=512,height=512,framerate=30/1",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree gchar *launch = g_strdup_printf (
        "nuctestsrc num-buffers=1 is-live=false ! %s ! fakesink", bad[i]);
    GstElement *pipeline = gst_parse_launch (launch, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_nonnull (pipeline);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    error = nst_wait_error (pipeline, NULL);
    g_assert_nonnull (error);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
}

static void
test_default_caps (void)
{
  GstHarness *h = source_new ("video/x-raw", 1, NULL);
  GstCaps *caps;
  GstVideoInfo info;

  gst_harness_play (h);
  gst_buffer_unref (gst_harness_pull (h));
  caps = gst_pad_get_current_caps (h->sinkpad);
  g_assert_true (gst_video_info_from_caps (&info, caps));
  g_assert_cmpint (GST_VIDEO_INFO_FORMAT (&info), ==, GST_VIDEO_FORMAT_GRAY8);
  g_assert_cmpint (info.width, ==, 512);
  g_assert_cmpint (info.height, ==, 512);
  g_assert_cmpint (info.fps_n, ==, 30);
  g_assert_cmpint (info.fps_d, ==, 1);
  gst_caps_unref (caps);
  gst_harness_teardown (h);
}

/* --- Properties --------------------------------------------------------- */

/* All that can be set is set to both ends of its range, read back, and drawn
 * with. */
static void
test_properties (void)
{
  static const gchar *const names[] = { "count", "diameter", "speed",
    "division-period", "clustering", "significant-bits", "blur", "exposure",
    "background", "illumination", "noise" };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (names); i++) {
    const gchar *name = names[i / 2];
    GstHarness *h = source_new (CAPS16, 3, NULL);
    GParamSpec *spec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (h->element), name);
    GValue value = G_VALUE_INIT, back = G_VALUE_INIT;
    GstBuffer *buffer;

    g_assert_nonnull (spec);
    g_value_init (&value, spec->value_type);
    g_value_init (&back, spec->value_type);
    if (spec->value_type == G_TYPE_UINT)
      g_value_set_uint (&value,
          i % 2 ? G_PARAM_SPEC_UINT (spec)->maximum
                : G_PARAM_SPEC_UINT (spec)->minimum);
    else
      g_value_set_double (&value,
          i % 2 ? G_PARAM_SPEC_DOUBLE (spec)->maximum
                : G_PARAM_SPEC_DOUBLE (spec)->minimum);
    g_object_get_property (G_OBJECT (h->element), name, &back);
    if (strcmp (name, "significant-bits") != 0)
      g_assert_true (g_param_value_defaults (spec, &back));
    g_object_set_property (G_OBJECT (h->element), name, &value);
    g_object_get_property (G_OBJECT (h->element), name, &back);
    g_assert_cmpint (g_param_values_cmp (spec, &value, &back), ==, 0);
    gst_harness_play (h);
    for (guint k = 0; k < 3; k++) {
      buffer = gst_harness_pull (h);
      g_assert_nonnull (buffer);
      gst_buffer_unref (buffer);
    }
    gst_harness_teardown (h);
    g_value_unset (&value);
    g_value_unset (&back);
  }
}

static void
test_significant_bits (void)
{
  for (guint bits = 8; bits <= 16; bits++) {
    GstHarness *h = source_new (
        CAPS16, 1, "significant-bits", bits, "exposure", 10.0, NULL);
    GstVideoInfo info = info_of (CAPS16);
    GstVideoFrame frame;
    GstBuffer *buffer;
    guint largest = 0;

    gst_harness_play (h);
    buffer = gst_harness_pull (h);
    g_assert_true (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
    for (gint y = 0; y < info.height; y++) {
      for (gint x = 0; x < info.width; x++)
        largest = MAX (largest, grey_at (&frame, x, y));
    }
    /* over-exposed: full scale is reached and not exceeded */
    g_assert_cmpuint (largest, ==, (1u << bits) - 1);
    gst_video_frame_unmap (&frame);
    gst_buffer_unref (buffer);
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/testsrc/same-bits", test_same_bits);
  g_test_add_func ("/testsrc/same-bits-16", test_same_bits_16);
  g_test_add_func ("/testsrc/seek", test_seek);
  g_test_add_func ("/testsrc/restart", test_restart);
  g_test_add_func ("/testsrc/far-seek-stops", test_far_seek_stops);
  g_test_add_func ("/testsrc/counts", test_counts);
  g_test_add_func ("/testsrc/sizes", test_sizes);
  g_test_add_func ("/testsrc/bad-caps", test_bad_caps);
  g_test_add_func ("/testsrc/default-caps", test_default_caps);
  g_test_add_func ("/testsrc/properties", test_properties);
  g_test_add_func ("/testsrc/significant-bits", test_significant_bits);
  return nst_run ();
}
