/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-frames.c: nucsegfilter with CUDA memory on either side: which caps
 * become which, the same pictures and labels as in system memory, and what is
 * said without a GPU. No GPU here: see meson.build.
 */
#include "cuda-support.h"

static const EmulatedLog *device;

/* --- Caps ----------------------------------------------------------------- */

static void
test_caps (void)
{
  static const struct {
    gboolean from_cuda;
    GstVideoFormat from;
    const gchar *downstream, *expected;
  } cases[] = {
    { TRUE, GST_VIDEO_FORMAT_RGBA, "ANY", "(memory:CUDAMemory),format=RGBA" },
    { TRUE, GST_VIDEO_FORMAT_NV12, "ANY", "(memory:CUDAMemory),format=NV12" },
    { TRUE, GST_VIDEO_FORMAT_NV12, "video/x-raw", ",format=NV12" },
    { FALSE, GST_VIDEO_FORMAT_RGBA, "ANY", ",format=RGBA" },
    { FALSE, GST_VIDEO_FORMAT_RGBA, "video/x-raw(memory:CUDAMemory)",
        "(memory:CUDAMemory),format=RGBA" },
    { FALSE, GST_VIDEO_FORMAT_GRAY8,
        "video/x-raw(memory:CUDAMemory),format={NV12,RGBA}",
        "(memory:CUDAMemory),format=RGBA" },
    { FALSE, GST_VIDEO_FORMAT_GRAY8,
        "video/x-raw(memory:CUDAMemory),format=I420",
        "(memory:CUDAMemory),format=I420" },
    /* what there is not: grey, and such orders, in CUDA memory */
    { TRUE, GST_VIDEO_FORMAT_GRAY8, "ANY", NULL },
    { TRUE, GST_VIDEO_FORMAT_xRGB, "ANY", NULL },
    { FALSE, GST_VIDEO_FORMAT_xRGB, "video/x-raw(memory:CUDAMemory)", NULL },
    { FALSE, GST_VIDEO_FORMAT_RGBA, "video/x-raw(memory:GLMemory)", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *sink = nst_cuda_caps (cases[i].from_cuda, cases[i].from);
    GstHarness *h = nst_harness_new (nst_cuda_filter_new ("auto"), NULL);
    GstCaps *caps = gst_caps_from_string (sink), *src;
    GstCaps *possible;

    gst_harness_set_sink_caps_str (h, cases[i].downstream);
    possible = gst_pad_peer_query_caps (h->srcpad, caps);
    g_assert_cmpint (
        gst_caps_is_empty (possible), ==, cases[i].expected == NULL);
    gst_caps_unref (possible);
    if (cases[i].expected) {
      g_autofree gchar *text = g_strdup_printf (
          "video/x-raw%s,width=%d", cases[i].expected, NST_CUDA_WIDTH);
      g_autoptr (GstCaps) expected = gst_caps_from_string (text);

      g_assert_true (gst_pad_push_event (h->srcpad, gst_event_new_caps (caps)));
      src = gst_pad_get_current_caps (h->sinkpad);
      if (!src || !gst_caps_can_intersect (src, expected))
        g_error ("%s -> %s gave %s", sink, cases[i].downstream,
            src ? gst_caps_to_string (src) : "nothing");
      gst_caps_unref (src);
    }
    gst_caps_unref (caps);
    gst_harness_teardown (h);
  }
  nst_assert_driver_clean ();
}

/* --- Frames --------------------------------------------------------------- */

static void
assert_same_picture (GstBuffer *a, GstBuffer *b, const GstVideoInfo *info)
{
  GstVideoFrame one, two;

  g_assert_true (gst_video_frame_map (&one, info, a, GST_MAP_READ));
  g_assert_true (gst_video_frame_map (&two, info, b, GST_MAP_READ));
  for (guint p = 0; p < GST_VIDEO_INFO_N_PLANES (info); p++) {
    gint component[GST_VIDEO_MAX_COMPONENTS];
    gsize bytes;

    gst_video_format_info_component (info->finfo, p, component);
    bytes = (gsize) GST_VIDEO_FRAME_COMP_WIDTH (&one, component[0])
        * GST_VIDEO_FRAME_COMP_PSTRIDE (&one, component[0]);
    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (&one, component[0]); y++)
      g_assert_cmpmem ((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&one, p)
              + y * GST_VIDEO_FRAME_PLANE_STRIDE (&one, p),
          bytes,
          (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&two, p)
              + y * GST_VIDEO_FRAME_PLANE_STRIDE (&two, p),
          bytes);
  }
  gst_video_frame_unmap (&two);
  gst_video_frame_unmap (&one);
}

typedef struct {
  GstVideoFormat from, to;
  const gchar *overlay, *backend;
} Case;

/* Two frames through a filter with interval=2: inferred and reused. */
static void
run (const Case *c, gboolean in_cuda, gboolean out_cuda,
    GstCudaContext *context, GstBuffer *out[2])
{
  const GstVideoInfo in = nst_info (c->from, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GstElement *filter = nst_cuda_filter_new (c->backend);
  g_autofree gchar *sink = nst_cuda_caps (in_cuda, c->from);
  g_autofree gchar *src = nst_cuda_caps (out_cuda, c->to);
  const HostDriverLog *log = nst_driver_log ();
  const gboolean on_gpu = g_str_equal (c->backend, "auto");
  gint n_graphs = device->n_graphs;
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "overlay", c->overlay);
  g_object_set (filter, "interval", 2, NULL);
  nst_give_context (filter, context);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, sink, src);
  nst_assert_count (device->n_graphs > n_graphs, ==, on_gpu);
  n_graphs = device->n_graphs;
  for (guint i = 0; i < 2; i++) {
    GstBuffer *buffer = in_cuda ? nst_cuda_frame_new (context, &in, i)
                                : nst_frame_new (&in, i, NULL);
    const gint copies = log->n_uploads + log->n_downloads;
#if GST_CHECK_VERSION(1, 24, 0)
    const gint waits = log->n_default_waits;
#endif

    out[i] = nst_push_and_pull (h, buffer);
    g_assert_cmpint (nst_is_cuda (out[i]), ==, out_cuda);
    /* a GPU's back end works where the pictures are */
    if (on_gpu)
      nst_assert_count (log->n_uploads + log->n_downloads, ==, copies);
#if GST_CHECK_VERSION(1, 24, 0)
    /* memory of no stream is the default one's */
    if (on_gpu && (in_cuda || out_cuda))
      nst_assert_count (log->n_default_waits, >, waits);
#endif
    /* what they need was made before they came */
    nst_assert_count (device->n_graphs, ==, n_graphs);
    g_assert_cmpint (nst_inferred (out[i]), ==, i == 0);
    nst_assert_scene (out[i], NST_CUDA_WIDTH, NST_CUDA_HEIGHT,
        c->from == GST_VIDEO_FORMAT_P010_10LE ? 1023 : 255);
  }
  gst_harness_teardown (h);
}

static void
test_frames (gconstpointer data)
{
  const Case *c = data;
  const GstVideoInfo info = nst_info (c->to, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  const gboolean grey = c->from == GST_VIDEO_FORMAT_GRAY8;
  GstCudaContext *context = nst_cuda_context_new ();
  GstBuffer *expected[2], *out[2];

  run (c, FALSE, FALSE, context, expected);
  for (guint memories = 1; memories < 4; memories++) {
    const gboolean in_cuda = memories & 1, out_cuda = memories >> 1;

    if (grey && in_cuda)
      continue;
    run (c, in_cuda, out_cuda, context, out);
    for (guint i = 0; i < 2; i++) {
      if (out_cuda)
        g_assert_true (nst_cuda_context_of (out[i]) == context);
      assert_same_picture (out[i], expected[i], &info);
      gst_buffer_unref (out[i]);
    }
  }
  for (guint i = 0; i < 2; i++)
    gst_buffer_unref (expected[i]);
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

/* Drawing that is switched on and off while frames come: what either needs was
 * made before the first. */
static void
test_switched (void)
{
  static const gchar *const overlays[] = { "none", "contour", "none", "both" };
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GstCudaContext *context = nst_cuda_context_new ();

  for (guint k = 0; k < 4; k++) {
    const gboolean cuda = k & 1;
    const guint first = k >> 1; /* of the overlays */
    GstElement *filter = nst_cuda_filter_new ("auto");
    g_autofree gchar *caps = nst_cuda_caps (cuda, GST_VIDEO_FORMAT_RGBA);
    GstHarness *h;
    gint n_graphs;

    gst_util_set_object_arg (G_OBJECT (filter), "overlay", overlays[first]);
    nst_give_context (filter, context);
    h = nst_harness_new (filter, NULL);
    gst_harness_set_caps_str (h, caps, caps);
    n_graphs = device->n_graphs;
    for (guint i = first; i < G_N_ELEMENTS (overlays); i++) {
      GstBuffer *frame = cuda ? nst_cuda_frame_new (context, &info, i)
                              : nst_frame_new (&info, i, NULL);
      GstBuffer *plain = nst_frame_new (&info, i, NULL), *out;

      gst_util_set_object_arg (G_OBJECT (filter), "overlay", overlays[i]);
      out = nst_push_and_pull (h, frame);
      nst_assert_count (device->n_graphs, ==, n_graphs);
      if (g_str_equal (overlays[i], "none"))
        assert_same_picture (out, plain, &info);
      gst_buffer_unref (plain);
      gst_buffer_unref (out);
    }
    gst_harness_teardown (h);
  }
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

#define N_MANY 8

/* Frames of CUDA memory or not, @depth of them in work. */
static void
run_many (const Case *c, gboolean cuda, guint depth, GstCudaContext *context,
    GstBuffer *out[N_MANY])
{
  const GstVideoInfo in = nst_info (c->from, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GstElement *filter = nst_cuda_filter_new (c->backend);
  g_autofree gchar *sink = nst_cuda_caps (cuda, c->from);
  g_autofree gchar *src = nst_cuda_caps (cuda, c->to);
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "overlay", c->overlay);
  g_object_set (filter, "pipeline-depth", depth, NULL);
  nst_give_context (filter, context);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, sink, src);
  for (guint i = 0; i < N_MANY; i++)
    g_assert_cmpint (gst_harness_push (h,
                         cuda ? nst_cuda_frame_new (context, &in, i)
                              : nst_frame_new (&in, i, NULL)),
        ==, GST_FLOW_OK);
  g_assert_true (gst_harness_push_event (h, gst_event_new_eos ()));
  for (guint i = 0; i < N_MANY; i++) {
    out[i] = gst_harness_try_pull (h);
    g_assert_nonnull (out[i]);
    g_assert_cmpuint (GST_BUFFER_PTS (out[i]), ==, i * 40 * GST_MSECOND);
    nst_assert_scene (out[i], NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
  }
  gst_harness_teardown (h);
}

static void
test_depth (void)
{
  static const Case cases[] = {
    { GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_RGBA, "both", "auto" },
    { GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_NV12, "none", "auto" },
    { GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_NV12, "contour", "reference" },
  };
  GstCudaContext *context = nst_cuda_context_new ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const GstVideoInfo info =
        nst_info (cases[i].to, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
    GstBuffer *expected[N_MANY], *out[N_MANY];

    run_many (&cases[i], FALSE, 1, context, expected);
    for (guint cuda = 0; cuda < 2; cuda++) {
      run_many (&cases[i], cuda, 3, context, out);
      for (guint n = 0; n < N_MANY; n++) {
        assert_same_picture (out[n], expected[n], &info);
        gst_buffer_unref (out[n]);
      }
    }
    for (guint n = 0; n < N_MANY; n++)
      gst_buffer_unref (expected[n]);
  }
  gst_object_unref (context);
  nst_assert_driver_clean ();
}

/* Without a GPU: an error for CUDA memory, and system memory as ever. */
static void
test_no_device (void)
{
  const GstVideoInfo info =
      nst_info (GST_VIDEO_FORMAT_RGBA, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  g_autofree gchar *cuda = nst_cuda_caps (TRUE, GST_VIDEO_FORMAT_RGBA);
  g_autofree gchar *system = nst_cuda_caps (FALSE, GST_VIDEO_FORMAT_RGBA);
  g_autoptr (GError) error = NULL;
  GstElement *filter;
  GstBus *bus;
  GstCaps *caps;
  GstHarness *h;

  if (nst_needs_emulation ("a real driver sees its GPU"))
    return;
  filter = nst_cuda_filter_new ("reference");
  bus = gst_bus_new ();
  caps = gst_caps_from_string (cuda);
  g_setenv ("NUCSEG_HOST_DRIVER", "no-device", TRUE);
  gst_element_set_bus (filter, bus);
  h = nst_harness_new (filter, NULL);
  /* TRUE whatever the element says: a pad keeps caps */
  gst_pad_push_event (h->srcpad, gst_event_new_caps (caps));
  error = nst_wait_error (filter, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT);
  gst_caps_unref (caps);
  gst_harness_set_caps_str (h, system, system);
  gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&info, 0, NULL)));
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
  g_unsetenv ("NUCSEG_HOST_DRIVER");
  nst_assert_driver_clean ();
}

int
main (int argc, char **argv)
{
  static const Case cases[] = {
    { GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_RGBA, "contour", "auto" },
    { GST_VIDEO_FORMAT_RGBA, GST_VIDEO_FORMAT_RGBA, "none", "auto" },
    { GST_VIDEO_FORMAT_BGRx, GST_VIDEO_FORMAT_BGRx, "both", "auto" },
    { GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_RGB, "fill", "auto" },
    { GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_NV12, "contour", "auto" },
    { GST_VIDEO_FORMAT_I420, GST_VIDEO_FORMAT_I420, "both", "auto" },
    { GST_VIDEO_FORMAT_P010_10LE, GST_VIDEO_FORMAT_P010_10LE, "both", "auto" },
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_P010_10LE, "contour", "auto" },
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_BGRA, "contour", "auto" },
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_NV12, "none", "auto" },
    { GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_NV12, "contour", "reference" },
    { GST_VIDEO_FORMAT_GRAY8, GST_VIDEO_FORMAT_RGBA, "contour", "reference" },
  };

  device = nst_cuda_init (&argc, &argv);
  g_test_add_func ("/cuda/caps", test_caps);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/frames/%s-%s-%s-%s",
        gst_video_format_to_string (cases[i].from),
        gst_video_format_to_string (cases[i].to), cases[i].overlay,
        cases[i].backend);

    g_test_add_data_func (path, &cases[i], test_frames);
  }
  g_test_add_func ("/cuda/switched", test_switched);
  g_test_add_func ("/cuda/depth", test_depth);
  g_test_add_func ("/cuda/no-device", test_no_device);
  return nst_run ();
}
