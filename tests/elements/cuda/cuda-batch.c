/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cuda-batch.c: batch-streams: elements of one process whose frames share a
 * batch put out what each puts out by itself, in order, from system memory and
 * from CUDA memory, also with several frames in work. No GPU here: see
 * meson.build.
 */
#include "cuda-support.h"

#define N_STREAMS 3
#define N_FRAMES 6

static const EmulatedLog *device;

typedef struct {
  gboolean cuda;
  GstVideoFormat from;
  guint depth;
} Case;

typedef struct {
  GstHarness *h;
  GstCudaContext *context; /* NULL: system memory */
  GstVideoInfo info;
  guint first; /* number of its first frame */
  GstBuffer *out[N_FRAMES];
} Stream;

static GstHarness *
start (const Case *c, guint batch, GstCudaContext *context)
{
  GstElement *filter = nst_cuda_filter_new ("auto");
  g_autofree gchar *sink = nst_cuda_caps (c->cuda, c->from);
  g_autofree gchar *src = nst_cuda_caps (c->cuda, GST_VIDEO_FORMAT_RGBA);
  GstHarness *h;

  gst_util_set_object_arg (G_OBJECT (filter), "overlay", "both");
  /* so long that frames that are on their way are waited for; the last ones, of
   * streams that have ended, are not on their way */
  g_object_set (filter, "batch-streams", batch, "batch-deadline", 300000,
      "pipeline-depth", c->depth, NULL);
  if (context)
    nst_give_context (filter, context);
  h = nst_harness_new (filter, NULL);
  gst_harness_set_caps_str (h, sink, src);
  return h;
}

static gpointer
run (gpointer data)
{
  Stream *stream = data;

  for (guint i = 0; i < N_FRAMES; i++) {
    const guint n = stream->first + i;
    GstBuffer *frame = stream->context
        ? nst_cuda_frame_new (stream->context, &stream->info, n)
        : nst_frame_new (&stream->info, n, NULL);

    g_assert_cmpint (gst_harness_push (stream->h, frame), ==, GST_FLOW_OK);
  }
  g_assert_true (gst_harness_push_event (stream->h, gst_event_new_eos ()));
  for (guint i = 0; i < N_FRAMES; i++)
    stream->out[i] = gst_harness_pull (stream->h);
  return NULL;
}

static gdouble
mean_batch (GstHarness *h)
{
  g_autoptr (GstStructure) stats = NULL;
  gdouble mean = 0;

  g_object_get (h->element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get_double (stats, "batch", &mean));
  return mean;
}

static void
assert_same_frames (const Stream *a, const Stream *b)
{
  for (guint i = 0; i < N_FRAMES; i++) {
    g_assert_cmpuint (
        GST_BUFFER_PTS (a->out[i]), ==, GST_BUFFER_PTS (b->out[i]));
    nst_assert_scene (a->out[i], NST_CUDA_WIDTH, NST_CUDA_HEIGHT, 255);
    nst_assert_same_bytes (a->out[i], b->out[i]);
  }
}

static void
end (Stream *stream)
{
  for (guint i = 0; i < N_FRAMES; i++)
    gst_buffer_unref (stream->out[i]);
  gst_harness_teardown (stream->h);
  *stream = (Stream){ NULL };
}

static void
test_streams (gconstpointer data)
{
  const Case *c = data;
  GstCudaContext *context = c->cuda ? nst_cuda_context_new () : NULL;
  Stream streams[N_STREAMS] = { { NULL } }, alone = { NULL };
  const GstVideoInfo info = nst_info (c->from, NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
  GThread *threads[N_STREAMS];
  gdouble most = 0;

  for (guint i = 0; i < N_STREAMS; i++)
    streams[i] = (Stream){ start (c, N_STREAMS, context), context, info, 10 * i,
      { NULL } };
  for (guint i = 0; i < N_STREAMS; i++)
    threads[i] = g_thread_new ("stream", run, &streams[i]);
  for (guint i = 0; i < N_STREAMS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < N_STREAMS; i++) {
    const gdouble mean = mean_batch (streams[i].h);

    g_assert_cmpfloat (mean, <=, N_STREAMS);
    most = MAX (most, mean);
    alone = (Stream){ start (c, 1, context), context, info, 10 * i, { NULL } };
    run (&alone);
    g_assert_cmpfloat (mean_batch (alone.h), ==, 1);
    assert_same_frames (&streams[i], &alone);
    end (&alone);
  }
  g_assert_cmpfloat (most, >, 1);
  for (guint i = 0; i < N_STREAMS; i++)
    end (&streams[i]);
  if (context)
    gst_object_unref (context);
  nst_assert_count (device->live, ==, 0);
  nst_assert_driver_clean ();
}

int
main (int argc, char **argv)
{
  static const Case cases[] = { { FALSE, GST_VIDEO_FORMAT_GRAY8, 1 },
    { TRUE, GST_VIDEO_FORMAT_RGBA, 1 }, { FALSE, GST_VIDEO_FORMAT_GRAY8, 2 } };

  device = nst_cuda_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *name = g_strdup_printf ("/cuda/batch/%s-depth-%u",
        cases[i].cuda ? "cuda" : "system", cases[i].depth);

    g_test_add_data_func (name, &cases[i], test_streams);
  }
  return nst_run ();
}
