/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-pipeline.c: nucsegfilter in whole pipelines: restarts from READY and
 * from NULL, seeks, and ends in the middle, with one frame in work or several.
 */
#include "support.h"

static GstFlowReturn
on_sample (GstElement *sink, gpointer data)
{
  guint *n = data;
  GstSample *sample = NULL;

  g_signal_emit_by_name (sink, "pull-sample", &sample);
  g_assert_nonnull (sample);
  (*n)++;
  g_assert_true (gst_buffer_get_custom_meta (
      gst_sample_get_buffer (sample), NUCSEG_META_NAME));
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static void
wait_eos (GstElement *pipeline)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  g_assert_nonnull (message);
  g_assert_cmpstr (GST_MESSAGE_TYPE_NAME (message), ==, "eos");
  gst_message_unref (message);
  gst_object_unref (bus);
}

static GstElement *
pipeline_new (guint *n, const gchar *rest, guint depth)
{
  g_autofree gchar *line =
      g_strdup_printf ("videotestsrc num-buffers=20 pattern=ball ! "
                       "video/x-raw,format=GRAY8,width=96,height=64 ! "
                       "nucsegfilter name=f model=affine backend=reference "
                       "pipeline-depth=%u ! %s appsink name=s sync=false "
                       "emit-signals=true",
          depth, rest);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error), *sink;

  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_signal_connect (sink, "new-sample", G_CALLBACK (on_sample), n);
  gst_object_unref (sink);
  return pipeline;
}

/* From READY and from NULL, each a few times, with another depth each. */
static void
test_restart (void)
{
  guint n = 0;
  GstElement *pipeline = pipeline_new (&n, "", 1);
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "f");

  for (guint i = 0; i < 6; i++) {
    GstStructure *stats;
    guint64 frames = 0;

    n = 0;
    g_object_set (filter, "pipeline-depth", i % 4 + 1, NULL);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    wait_eos (pipeline);
    g_assert_cmpuint (n, ==, 20);
    g_object_get (filter, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "frames", &frames);
    g_assert_cmpuint (frames, ==, 20);
    gst_structure_free (stats);
    gst_element_set_state (pipeline, i & 1 ? GST_STATE_NULL : GST_STATE_READY);
    g_object_get (filter, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "frames", &frames);
    g_assert_cmpuint (frames, ==, 0);
    gst_structure_free (stats);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
}

/* A model of the tests under a name of its own, in place of what has it. */
static void
write_as (const gchar *name, const gchar *model)
{
  g_autofree gchar *from =
      g_strdup_printf ("%s/%s.safetensors", nst_folder (), model);
  g_autofree gchar *to =
      g_strdup_printf ("%s/%s.safetensors", nst_folder (), name);
  g_autofree gchar *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (from, &data, &size, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize) size, NULL));
}

/* Who trains a model writes it anew under one name: what is started finds it.
 */
static void
test_new_model (void)
{
  static const gchar *const models[] = { "affine", "affine", "affine-bright",
    "affine" };
  guint n = 0;
  GstElement *pipeline = pipeline_new (&n, "", 1);
  GstElement *filter = gst_bin_get_by_name (GST_BIN (pipeline), "f");

  g_object_set (filter, "model", "own", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (models); i++) {
    GstStructure *stats;

    write_as ("own", models[i]);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    wait_eos (pipeline);
    g_object_get (filter, "stats", &stats, NULL);
    g_assert_cmpstr (gst_structure_get_string (stats, "model"), ==, models[i]);
    gst_structure_free (stats);
    gst_element_set_state (pipeline, GST_STATE_READY);
  }
  g_assert_cmpuint (n, ==, 20 * G_N_ELEMENTS (models));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (filter);
  gst_object_unref (pipeline);
}

static void
test_seek (gconstpointer data)
{
  const guint depth = GPOINTER_TO_UINT (data);
  guint n = 0;
  GstElement *pipeline = pipeline_new (&n, "", depth);

  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_assert_cmpint (
      gst_element_get_state (pipeline, NULL, NULL, 30 * GST_SECOND), ==,
      GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < 3; i++) {
    g_assert_true (gst_element_seek_simple (
        pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, i * GST_SECOND / 10));
    gst_element_get_state (pipeline, NULL, NULL, 30 * GST_SECOND);
  }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  wait_eos (pipeline);
  g_assert_cmpuint (n, >, 0);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* An end while frames are on their way. */
static void
test_abrupt_end (gconstpointer data)
{
  const guint depth = GPOINTER_TO_UINT (data);

  for (guint i = 0; i < 10; i++) {
    guint n = 0;
    GstElement *pipeline = pipeline_new (&n, "queue ! ", depth);

    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_usleep (i * 2000);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/pipeline/restart", test_restart);
  g_test_add_func ("/filter/pipeline/new-model", test_new_model);
  for (guint depth = 1; depth <= 4; depth += 3) {
    g_autofree gchar *seek =
        g_strdup_printf ("/filter/pipeline/seek-%u", depth);
    g_autofree gchar *end =
        g_strdup_printf ("/filter/pipeline/abrupt-end-%u", depth);

    g_test_add_data_func (seek, GUINT_TO_POINTER (depth), test_seek);
    g_test_add_data_func (end, GUINT_TO_POINTER (depth), test_abrupt_end);
  }
  return nst_run ();
}
