/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memories.c: whole pipelines with a trained model, with and without cudaupload
 * and cudadownload: whichever memory the frames come and go in, the labels and
 * the pictures are those of system memory.
 *
 *   memories [--backend=NAME]     (cuda)
 *
 * What needs cudaupload is skipped where there is none, as on any machine
 * without a GPU, unless NUCSEG_REQUIRE names cuda.
 */
#include "nucsegmeta.h"

#include <gst/video/video.h>
#include <string.h>

/* Small, as emulated kernels take their time. */
#define N_FRAMES 2
#define SIZE "width=96,height=64"

static const gchar *backend = "cuda";
static GHashTable *plain_outputs;

/* What came out of a pipeline, frame by frame. */
typedef struct {
  GPtrArray *labels; /* GBytes */
  GPtrArray *pictures; /* GBytes; none from CUDA memory */
  guint n_nuclei; /* of all frames */
} Output;

/* --- Pipelines ------------------------------------------------------------ */

/* Only what is used, without a registry. */
static void
load_plugins (void)
{
  static const gchar *const names[] = { "coreelements", "videotestsrc",
    "videoconvertscale", "videoconvert", "nvcodec" };
  const gchar *dir = g_getenv ("NUCSEG_TEST_GST_PLUGINS");
  g_autoptr (GError) error = NULL;
  GstPlugin *loaded =
      gst_plugin_load_file (g_getenv ("NUCSEG_TEST_PLUGIN"), &error);

  g_assert_no_error (error);
  gst_object_unref (loaded);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *file = g_strdup_printf ("%s/libgst%s.so", dir, names[i]);

    loaded = gst_plugin_load_file (file, NULL);
    gst_clear_object (&loaded);
  }
}

static GstPadProbeReturn
take_labels (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Output *output = data;
  NucsegMasks masks;

  g_assert_true (nucseg_masks_map (
      GST_PAD_PROBE_INFO_BUFFER (info), NUCSEG_META_NAME, &masks));
  output->n_nuclei += masks.n_objects;
  g_ptr_array_add (output->labels,
      g_bytes_new (masks.labels,
          sizeof *masks.labels * (gsize) masks.width * (gsize) masks.height));
  nucseg_masks_unmap (&masks);
  return GST_PAD_PROBE_OK;
}

/* Row by row: rows are of other lengths where a GPU's memory was. */
static void
add_planes (GByteArray *bytes, GstVideoFrame *frame)
{
  for (guint p = 0; p < GST_VIDEO_FRAME_N_PLANES (frame); p++) {
    gint component[GST_VIDEO_MAX_COMPONENTS];
    guint length;

    gst_video_format_info_component (frame->info.finfo, p, component);
    length = (guint) (GST_VIDEO_FRAME_COMP_WIDTH (frame, component[0])
        * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component[0]));
    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (frame, component[0]); y++)
      g_byte_array_append (bytes,
          (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, p)
              + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, p),
          length);
  }
}

static GstPadProbeReturn
take_picture (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GByteArray *bytes = g_byte_array_new ();
  Output *output = data;
  GstVideoFrame frame;
  GstVideoInfo video;

  g_assert_true (gst_video_info_from_caps (&video, caps));
  g_assert_true (gst_video_frame_map (
      &frame, &video, GST_PAD_PROBE_INFO_BUFFER (info), GST_MAP_READ));
  add_planes (bytes, &frame);
  gst_video_frame_unmap (&frame);
  g_ptr_array_add (output->pictures, g_byte_array_free_to_bytes (bytes));
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *pipeline, const gchar *name, const gchar *pad_name,
    GstPadProbeCallback probe, Output *output)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (pipeline), name);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, pad_name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, probe, output, NULL);
}

static void
play (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* @source, @before, the filter with @properties, @after. */
static Output
run (const gchar *source, const gchar *before, const gchar *properties,
    const gchar *after)
{
  Output output = { g_ptr_array_new_with_free_func (
                        (GDestroyNotify) g_bytes_unref),
    g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref), 0 };
  g_autofree gchar *line =
      g_strdup_printf ("%s ! %s nucsegfilter name=filter backend=%s "
                       "model=nuclei-live overlay=both %s ! %s "
                       "fakesink name=sink sync=false",
          source, before, backend, properties, after);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);

  g_test_message ("%s", line);
  g_assert_no_error (error);
  add_probe (pipeline, "filter", "src", take_labels, &output);
  if (!strstr (after, "memory:CUDAMemory") || strstr (after, "cudadownload"))
    add_probe (pipeline, "sink", "sink", take_picture, &output);
  play (pipeline);
  g_assert_cmpuint (output.labels->len, ==, N_FRAMES);
  return output;
}

static void
clear (Output *output)
{
  g_ptr_array_unref (output->labels);
  g_ptr_array_unref (output->pictures);
}

static guint
count_differing (GPtrArray *a, GPtrArray *b)
{
  guint n = 0;

  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    n += !g_bytes_equal (g_ptr_array_index (a, i), g_ptr_array_index (b, i));
  return n;
}

static gchar *
describe_source (guint seed, const gchar *format)
{
  return g_strdup_printf ("nuctestsrc is-live=false num-buffers=%d seed=%u ! "
                          "video/x-raw,format=GRAY8," SIZE " ! videoconvert ! "
                          "video/x-raw,format=%s",
      N_FRAMES, seed, format);
}

/* --- Tests ---------------------------------------------------------------- */

/* What the others compare can differ, and is the same from run to run. */
static void
test_told_apart (void)
{
  g_autofree gchar *one = describe_source (1, "NV12"),
                   *two = describe_source (2, "NV12");
  Output first = run (one, "", "", ""), again = run (one, "", "", ""),
         other = run (two, "", "", "");

  g_assert_cmpuint (first.n_nuclei, >, N_FRAMES);
  g_assert_cmpuint (first.pictures->len, ==, N_FRAMES);
  g_assert_cmpuint (count_differing (first.labels, again.labels), ==, 0);
  g_assert_cmpuint (count_differing (first.pictures, again.pictures), ==, 0);
  g_assert_cmpuint (count_differing (first.labels, other.labels), ==, N_FRAMES);
  g_assert_cmpuint (
      count_differing (first.pictures, other.pictures), ==, N_FRAMES);
  clear (&first);
  clear (&again);
  clear (&other);
}

typedef struct {
  const gchar *name, *format, *before, *properties, *after;
  gboolean cuda; /* needs it */
} Case;

#define IN_CUDA "video/x-raw(memory:CUDAMemory)"

static const Case cases[] = {
  { "queues", "GRAY8", "queue !", "pipeline-depth=2", "queue !", FALSE },
  { "queues-nv12", "NV12", "queue !", "pipeline-depth=3", "queue !", FALSE },
  { "up", "NV12", "cudaupload !", "", "video/x-raw !", TRUE },
  { "up-stay", "NV12", "cudaupload !", "", IN_CUDA " !", TRUE },
  { "up-down", "NV12", "cudaupload !", "", "cudadownload !", TRUE },
  { "up-down-both", "NV12", "cudaupload !", "",
      IN_CUDA " ! cudadownload ! video/x-raw,format=NV12 !", TRUE },
  { "up-down-rgba", "RGBA", "cudaupload !", "pipeline-depth=2",
      IN_CUDA " ! cudadownload ! video/x-raw,format=RGBA !", TRUE },
  { "down", "NV12", "", "",
      IN_CUDA ",format=NV12 ! cudadownload ! video/x-raw,format=NV12 !", TRUE },
  { "queues-cuda", "NV12", "cudaupload ! queue !", "pipeline-depth=3",
      IN_CUDA " ! queue ! cudadownload ! video/x-raw,format=NV12 !", TRUE },
};

static gboolean
lacks_cuda (void)
{
  GstElementFactory *factory = gst_element_factory_find ("cudaupload");
  const gchar *required = g_getenv ("NUCSEG_REQUIRE");

  if (factory) {
    gst_object_unref (factory);
    return FALSE;
  }
  if (required && strstr (required, "cuda"))
    g_error ("no cudaupload: GStreamer's plug-in nvcodec is not here, or finds "
             "no GPU");
  g_test_skip ("no cudaupload: GStreamer's plug-in nvcodec is not here, or "
               "finds no GPU");
  return TRUE;
}

static void
free_output (gpointer output)
{
  clear (output);
  g_free (output);
}

/* What comes of @source in system memory; run once. */
static const Output *
find_plain (const gchar *source)
{
  Output *plain = g_hash_table_lookup (plain_outputs, source);

  if (!plain) {
    plain = g_new (Output, 1);
    *plain = run (source, "", "", "");
    g_hash_table_insert (plain_outputs, g_strdup (source), plain);
  }
  return plain;
}

static void
compare (const Case *c, const gchar *source, gboolean nuclei)
{
  const Output *plain = find_plain (source);
  Output other = run (source, c->before, c->properties, c->after);

  g_assert_cmpint (plain->n_nuclei > 0, >=, nuclei);
  g_assert_cmpuint (other.n_nuclei, ==, plain->n_nuclei);
  g_assert_cmpuint (count_differing (other.labels, plain->labels), ==, 0);
  if (other.pictures->len > 0)
    g_assert_cmpuint (count_differing (other.pictures, plain->pictures), ==, 0);
  clear (&other);
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autofree gchar *source = describe_source (3, c->format);
  g_autofree gchar *ball =
      g_strdup_printf ("videotestsrc pattern=ball num-buffers=%d ! "
                       "video/x-raw,format=%s," SIZE,
          N_FRAMES, c->format);

  if (c->cuda && lacks_cuda ())
    return;
  compare (c, source, TRUE);
  compare (c, ball, FALSE);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  for (gint i = 1; i < argc; i++) {
    if (g_str_has_prefix (argv[i], "--backend="))
      backend = argv[i] + strlen ("--backend=");
  }
  g_setenv ("GST_PLUGIN_SYSTEM_PATH_1_0", "", TRUE);
  g_setenv ("GST_PLUGIN_PATH_1_0", "", TRUE);
  g_setenv ("GST_REGISTRY_DISABLE", "yes", TRUE);
  gst_init (&argc, &argv);
  load_plugins ();
  plain_outputs =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_output);
  g_test_add_func ("/memories/told-apart", test_told_apart);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strdup_printf ("/memories/%s", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  status = g_test_run ();
  g_hash_table_unref (plain_outputs);
  return status;
}
