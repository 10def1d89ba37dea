/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-watch.c: `nucseg watch` as a user runs it: recordings are decoded again
 * and counted, lines of JSON parsed.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>

#include "fixtures.h"
#include "image.h"

/* --- Reading what was written ------------------------------------------- */

typedef struct {
  guint n;
  gint width, height;
} Video;

static void
on_handoff (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer user)
{
  Video *video = user;
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
  GstStructure *s = gst_caps_get_structure (caps, 0);

  gst_structure_get_int (s, "width", &video->width);
  gst_structure_get_int (s, "height", &video->height);
  video->n++;
}

/* Plays a file to its end, with nothing of ours. */
static Video
decode (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = NULL;
  g_autoptr (GstElement) source = NULL, sink = NULL;
  g_autoptr (GstBus) bus = NULL;
  g_autoptr (GstMessage) message = NULL;
  Video video = { 0 };

  gst_init (NULL, NULL);
  pipeline = gst_parse_launch (
      "filesrc name=source ! matroskademux ! decodebin ! fakesink name=sink "
      "signal-handoffs=true",
      &error);
  g_assert_no_error (error);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_object_set (source, "location", path, NULL);
  g_signal_connect (sink, "handoff", G_CALLBACK (on_handoff), &video);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  return video;
}

/* Every line an object; (transfer full). */
static GPtrArray *
parse_lines (const gchar *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GPtrArray *nodes =
      g_ptr_array_new_with_free_func ((GDestroyNotify) json_node_unref);

  g_assert_true (g_str_has_suffix (text, "\n"));
  for (guint i = 0; lines[i] && lines[i][0]; i++) {
    g_autoptr (GError) error = NULL;
    JsonNode *node = json_from_string (lines[i], &error);

    g_assert_no_error (error);
    g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
    g_ptr_array_add (nodes, node);
  }
  return nodes;
}

static GPtrArray *
parse_file (const gchar *path)
{
  g_autofree gchar *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return parse_lines (text);
}

static gint64
number (GPtrArray *nodes, guint i, const gchar *name)
{
  JsonObject *o = json_node_get_object (nodes->pdata[i]);

  g_assert_true (json_object_has_member (o, name));
  return json_object_get_int_member (o, name);
}

/* --- The tests ---------------------------------------------------------- */

static void
test_record (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "a.mkv");
  g_autofree gchar *jsonl = folder_file (folder, "a.jsonl");
  g_autofree gchar *snapshot = folder_file (folder, "a.png");
  g_autoptr (GError) error = NULL;

  g_autoptr (Run) run = run_nucseg ("watch", "test", "--model", model,
      "--backend", "reference", "--size", "160x120", "--fps", "25", "--frames",
      "30", "--pixel-size", "0.5", "--record", video, "--jsonl", jsonl,
      "--snapshot", snapshot, NULL);
  assert_exits (run, 0);
  g_assert_cmpstr (run->err, ==, "");
  assert_says (run, "30 frames in ");
  assert_says (run, "p99");
  assert_says (run, "back end reference, precision f32");

  Video decoded = decode (video);
  g_assert_cmpuint (decoded.n, ==, 30);
  g_assert_cmpint (decoded.width, ==, 160);
  g_assert_cmpint (decoded.height, ==, 120);

  g_autoptr (GPtrArray) lines = parse_file (jsonl);
  g_assert_cmpuint (lines->len, ==, 30);
  for (guint i = 0; i < lines->len; i++) {
    JsonObject *o = json_node_get_object (lines->pdata[i]);
    gdouble area = json_object_get_double_member (o, "mean_area");

    g_assert_cmpint (number (lines, i, "frame"), ==, i);
    g_assert_cmpint (number (lines, i, "count"), >=, 1);
    g_assert_cmpfloat (area, >=, 4);
    g_assert_cmpfloat_with_epsilon (
        json_object_get_double_member (o, "mean_area_um2"), area / 4, 0.01);
    g_assert_true (json_object_get_boolean_member (o, "inferred"));
    g_assert_cmpint (number (lines, i, "age_ns"), ==, 0);
    g_assert_cmpint (number (lines, i, "age_frames"), ==, 0);
    g_assert_cmpint (
        number (lines, i, "latency_us"), >=, number (lines, i, "total_us"));
    g_assert_cmpint (
        number (lines, i, "total_us"), >=, number (lines, i, "network_us"));
    for (guint k = 0; k < 3; k++)
      number (lines, i,
          k == 0       ? "prepare_us"
              : k == 1 ? "decode_us"
                       : "overlay_us");
    /* None is missing between two. */
    if (i > 0)
      g_assert_cmpint (ABS (number (lines, i, "pts_ns")
                           - number (lines, i - 1, "pts_ns") - 40000000),
          <=, 1);
  }

  g_autoptr (ToolReader) reader = tool_reader_open (snapshot, &error);
  g_assert_no_error (error);
  g_autoptr (ToolImage) image = tool_reader_read (reader, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (image->format, ==, NUCSEG_FORMAT_RGB);
  g_assert_cmpint (image->width, ==, 160);
  g_assert_cmpint (image->height, ==, 120);
}

static void
test_codecs (void)
{
  static const struct {
    const gchar *codec, *encoders[2];
  } codecs[] = { { "jpeg", { "jpegenc" } }, { "vp8", { "vp8enc" } },
    { "h264", { "x264enc", "openh264enc" } }, { "theora", { "theoraenc" } },
    { "ffv1", { "avenc_ffv1" } } };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  guint tried = 0;

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    g_autofree gchar *video =
        g_strdup_printf ("%s/%s.mkv", folder->path, codecs[i].codec);
    gboolean there = have_element (codecs[i].encoders[0])
        || (codecs[i].encoders[1] && have_element (codecs[i].encoders[1]));
    g_autoptr (Run) run = run_nucseg ("watch", "test", "--model", model,
        "--size", "65x49", "--frames", "5", "--codec", codecs[i].codec,
        "--record", video, NULL);

    if (!there) {
      assert_exits (run, 1);
      assert_says (run, "install the package gstreamer1.0-");
      continue;
    }
    assert_exits (run, 0);
    g_test_message ("%s", codecs[i].codec);
    /* H.264 can be written where nothing can read it. */
    if (strcmp (codecs[i].codec, "h264") != 0 || have_element ("avdec_h264")
        || have_element ("openh264dec"))
      g_assert_cmpuint (decode (video).n, ==, 5);
    tried++;
  }
  g_assert_cmpuint (tried, >=, 2);
}

/* A recording as a source: as many frames as went in. */
static void
test_video_file (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "with space & more.mkv");
  g_autofree gchar *uri = g_filename_to_uri (video, NULL, NULL);

  g_autoptr (Run) first = run_nucseg ("watch", "test", "--model", model,
      "--size", "96x64", "--frames", "12", "--overlay", "none", "--no-count",
      "--record", video, NULL);
  assert_exits (first, 0);
  g_autoptr (Run) again = run_nucseg ("watch", video, "--model", model,
      "--sink", "fakesink", "--jsonl", "-", NULL);
  assert_exits (again, 0);
  assert_quiet (again);
  g_autoptr (GPtrArray) lines = parse_lines (again->out);
  g_assert_cmpuint (lines->len, ==, 12);
  g_autoptr (Run) part = run_nucseg ("watch", uri, "--model", model, "--sink",
      "fakesink", "--jsonl", "-", "--frames", "7", NULL);
  assert_exits (part, 0);
  g_autoptr (GPtrArray) fewer = parse_lines (part->out);
  g_assert_cmpuint (fewer->len, ==, 7);
}

/* A picture of which the number of nuclei is known. */
static void
test_image_file (void)
{
  enum { WIDTH = 96, HEIGHT = 64 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *picture = folder_file (folder, "blobs.png");
  g_autofree gchar *video = folder_file (folder, "blobs.mkv");
  g_autofree guint16 *labels = g_new (guint16, WIDTH * HEIGHT);
  guint n;
  g_autoptr (Samples) samples =
      samples_new_blobs (WIDTH, HEIGHT, 1, 16, 100, 3000, 1, labels, &n);

  write_png (picture, samples, (PngKind){ 0 });
  g_autoptr (Run) run = run_nucseg ("watch", picture, "--model", model,
      "--min-area", "0", "--record", video, "--jsonl", "-", NULL);
  assert_exits (run, 0);
  g_autoptr (GPtrArray) lines = parse_lines (run->out);
  g_assert_cmpuint (lines->len, ==, 1);
  g_assert_cmpint (number (lines, 0, "count"), ==, n);
  g_assert_cmpuint (decode (video).n, ==, 1);
  g_autoptr (Run) told = run_nucseg ("watch", picture, "--model", model,
      "--min-area", "0", "--sink", "fakesink", "--jsonl", "-", NULL);
  assert_exits (told, 0);
  g_autoptr (GPtrArray) one = parse_lines (told->out);
  g_assert_cmpuint (one->len, ==, 1);
  g_assert_cmpint (number (one, 0, "count"), ==, n);
  g_autoptr (Run) theora = run_nucseg ("watch", picture, "--model", model,
      "--record", video, "--codec", "theora", NULL);
  assert_exits (theora, 2);
  assert_says (theora, "--codec theora");
  /* in a window it stays until somebody ends it */
  g_autoptr (Run) still = run_nucseg ("watch", picture, "--model", model,
      "--min-area", "0", "--sink", "fakesink", "--frames", "1", NULL);
  assert_exits (still, 0);
  assert_says (still, "1 frame,");
}

/* A window that can't keep up drops pictures; what is recorded and noted lacks
 * none. */
static void
test_late_window (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "a.mkv");
  g_autofree gchar *again = folder_file (folder, "b.mkv");

  if (!have_element ("fakevideosink")) {
    g_test_skip ("no sink here waits as a screen does");
    return;
  }
  g_autoptr (Run) first = run_nucseg ("watch", "test", "--model", model,
      "--size", "640x480", "--fps", "240", "--frames", "30", "--overlay",
      "none", "--no-count", "--record", video, NULL);
  assert_exits (first, 0);
  g_autoptr (Run) late =
      run_nucseg ("watch", video, "--model", model, "--backend", "reference",
          "--record", again, "--sink", "fakevideosink", "--jsonl", "-", NULL);
  assert_exits (late, 0);
  g_autoptr (GPtrArray) lines = parse_lines (late->out);
  g_assert_cmpuint (lines->len, ==, 30);
  g_assert_cmpuint (decode (again).n, ==, 30);
}

static guint
count_lines (const gchar *path)
{
  g_autofree gchar *text = NULL;
  guint n = 0;

  if (g_file_get_contents (path, &text, NULL, NULL))
    for (const gchar *c = text; *c; c++)
      n += *c == '\n';
  return n;
}

/* Frames of nuctestsrc, a hundred seconds apart. */
static void
write_slow_video (const gchar *path, guint n)
{
  g_autofree gchar *line = g_strdup_printf (
      "nuctestsrc is-live=false num-buffers=%u "
      "! video/x-raw,format=GRAY8,width=64,height=64,framerate=1/100 "
      "! videoconvert ! jpegenc ! matroskamux ! filesink location=\"%s\"",
      n, path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;

  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* Whoever shows the frames may be long about each: the third Ctrl-C ends at
 * once all the same. */
static void
test_interrupt_shown (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "slow.mkv");
  g_autofree gchar *jsonl = folder_file (folder, "slow.jsonl");
  const gchar *arguments[] = { "watch", video, "--quiet", "--model", model,
    "--sink", "fakevideosink", "--jsonl", jsonl, NULL };
  g_auto (GStrv) argv = nucseg_argv (arguments);
  g_autoptr (GError) error = NULL;
  GPid pid;
  gint status, ended = 0;

  if (!have_element ("fakevideosink")) {
    g_test_skip ("no sink here waits as a screen does");
    return;
  }
  /* a hundred seconds a frame */
  write_slow_video (video, 12);
  g_spawn_async (
      NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  /* until the sink holds one, and what is in front of it is full */
  for (guint n = 0; n < 3 || count_lines (jsonl) > n;) {
    g_assert_cmpint (waitpid (pid, &status, WNOHANG), ==, 0);
    n = count_lines (jsonl);
    g_usleep (500000);
  }
  for (guint i = 0; ended == 0 && i < 60; i++) {
    if (i < 3)
      g_assert_cmpint (kill (pid, SIGINT), ==, 0);
    g_usleep (500000);
    ended = waitpid (pid, &status, WNOHANG);
  }
  if (ended == 0)
    kill (pid, SIGKILL);
  g_assert_cmpint (ended, ==, pid);
  g_assert_true (WIFEXITED (status));
}

/* The stream ends with the last frame that was asked for, not with the one
 * behind it, which comes a hundred seconds later. */
static void
test_enough (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "a.mkv");
  const gint64 begin = g_get_monotonic_time ();

  g_autoptr (Run) run = run_nucseg ("watch", "test", "--model", model, "--fps",
      "0.01", "--size", "64x64", "--frames", "1", "--record", video, NULL);
  assert_exits (run, 0);
  assert_says (run, "1 frame,");
  g_assert_cmpuint (decode (video).n, ==, 1);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 60 * G_USEC_PER_SEC);
}

static void
test_record_and_show (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "a.mkv");

  g_autoptr (Run) run = run_nucseg ("watch", "test", "--model", model, "--size",
      "64x64", "--frames", "10", "--record", video, "--sink", "fakesink", NULL);
  assert_exits (run, 0);
  g_assert_cmpuint (decode (video).n, ==, 10);
}

/* Ctrl-C: the file is whole and has all frames that were noted. */
static void
test_interrupt (gconstpointer user_data)
{
  int signum = GPOINTER_TO_INT (user_data);
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *video = folder_file (folder, "a.mkv");
  g_autofree gchar *jsonl = folder_file (folder, "a.jsonl");
  const gchar *arguments[] = { "watch", "test", "--quiet", "--model", model,
    "--size", "64x64", "--record", video, "--jsonl", jsonl, NULL };
  g_auto (GStrv) argv = nucseg_argv (arguments);
  g_autoptr (GError) error = NULL;
  GPid pid;
  gint status;

  g_spawn_async (
      NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
  g_assert_no_error (error);
  while (count_lines (jsonl) < 4) {
    g_assert_cmpint (waitpid (pid, &status, WNOHANG), ==, 0);
    g_usleep (5000);
  }
  g_assert_cmpint (kill (pid, signum), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  g_assert_cmpuint (decode (video).n, ==, count_lines (jsonl));
}

static void
add_tests (void)
{
  g_test_add_func ("/watch/record", test_record);
  g_test_add_func ("/watch/codecs", test_codecs);
  g_test_add_func ("/watch/video-file", test_video_file);
  g_test_add_func ("/watch/image-file", test_image_file);
  g_test_add_func ("/watch/record-and-show", test_record_and_show);
  g_test_add_func ("/watch/late-window", test_late_window);
  g_test_add_func ("/watch/enough", test_enough);
  g_test_add_func ("/watch/interrupt-shown", test_interrupt_shown);
  g_test_add_data_func (
      "/watch/interrupt", GINT_TO_POINTER (SIGINT), test_interrupt);
  g_test_add_data_func (
      "/watch/terminate", GINT_TO_POINTER (SIGTERM), test_interrupt);
}

int
main (int argc, char **argv)
{
  return tests_run (argc, argv, add_tests);
}
