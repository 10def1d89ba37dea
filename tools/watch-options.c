/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch-options.c: the command line of `nucseg watch`.
 */
#include "watch.h"

#include <nucseg.h>

/* What --frames and --fps hold before the command line is read; nobody gives
 * these values. */
#define NO_FRAMES G_MININT64
#define NO_FPS (-G_MAXDOUBLE)

/* Far above any camera; the synthetic one simulates each frame that is late. */
#define MAX_FPS 1000

/* Names of files that are not what is written. */
static const gchar *const other_videos[] = { ".avi", ".m4v", ".mov", ".mp4",
  ".mpg", ".ogg", ".ogv", ".ts", ".webm", ".wmv", NULL };
static const gchar *const other_pictures[] = { ".bmp", ".gif", ".jpeg", ".jpg",
  ".tif", ".tiff", ".webp", NULL };

static gboolean
ends_in (const gchar *path, const gchar *const *suffixes)
{
  g_autofree gchar *name = g_ascii_strdown (path, -1);

  for (; *suffixes; suffixes++)
    if (g_str_has_suffix (name, *suffixes))
      return TRUE;
  return FALSE;
}

/* A side of a picture and the character behind it; FALSE: it is none. */
static gboolean
take_side (const gchar **text, gchar end, gint *side)
{
  gchar *behind;
  guint64 value;

  /* strtoull takes blanks and signs too */
  if (!g_ascii_isdigit (**text))
    return FALSE;
  value = g_ascii_strtoull (*text, &behind, 10);
  if (*behind != end || value < NUCSEG_MIN_SIZE || value > NUCSEG_MAX_SIZE)
    return FALSE;
  *side = (gint) value;
  *text = behind + 1;
  return TRUE;
}

/* Whether there is a fraction for it. */
static gboolean
is_rate (gdouble fps)
{
  gint n, d;

  if (!(fps > 0 && fps <= MAX_FPS))
    return FALSE;
  gst_util_double_to_fraction (fps, &n, &d);
  return n > 0;
}

static gboolean
check (ToolWatchOptions *o)
{
  if (o->size) {
    const gchar *text = o->size;

    if (!take_side (&text, 'x', &o->width)
        || !take_side (&text, '\0', &o->height)) {
      tool_message ("--size %s: WIDTHxHEIGHT from %dx%d to %dx%d expected",
          o->size, NUCSEG_MIN_SIZE, NUCSEG_MIN_SIZE, NUCSEG_MAX_SIZE,
          NUCSEG_MAX_SIZE);
      return FALSE;
    }
  }
  if (o->frames < 1 && o->frames != NO_FRAMES)
    tool_message ("--frames %" G_GINT64_FORMAT ": a number from 1 up expected",
        o->frames);
  else if (!is_rate (o->fps) && o->fps != NO_FPS)
    tool_message ("--fps %g: more than 0 frames a second, %d at most, expected",
        o->fps, MAX_FPS);
  else if (o->record && ends_in (o->record, other_videos))
    tool_message ("--record %s: a name that ends in .mkv expected, as that is "
                  "what is written",
        o->record);
  else if (o->snapshot && ends_in (o->snapshot, other_pictures))
    tool_message ("--snapshot %s: a name that ends in .png expected, as that "
                  "is what is written",
        o->snapshot);
  else if (o->codec && !o->record)
    tool_message ("--codec needs --record FILE.mkv");
  else if (o->codec && !tool_codec_is_known (o->codec))
    tool_message ("--codec %s: %s expected", o->codec, TOOL_CODECS);
  else if (o->overlay
      && !g_strv_contains (
          (const gchar *const[]){ "none", "fill", "contour", "both", NULL },
          o->overlay))
    tool_message (
        "--overlay %s: none, fill, contour or both expected", o->overlay);
  else
    return TRUE;
  return FALSE;
}

gboolean
tool_watch_parse (ToolWatchOptions *o, int argc, char **argv)
{
  g_auto (GStrv) rest = NULL;
  const GOptionEntry entries[] = {
    { "record", 'r', 0, G_OPTION_ARG_FILENAME, &o->record,
        "Write the frames with their overlay to a Matroska file; no window",
        "FILE.mkv" },
    { "codec", 0, 0, G_OPTION_ARG_STRING, &o->codec,
        TOOL_CODECS " (default: jpeg)", "NAME" },
    { "jsonl", 'j', 0, G_OPTION_ARG_FILENAME, &o->jsonl,
        "Write a line of JSON for each frame; - for standard output", "FILE" },
    { "snapshot", 's', 0, G_OPTION_ARG_FILENAME, &o->snapshot,
        "Write the last frame with its overlay", "FILE.png" },
    { "frames", 'n', 0, G_OPTION_ARG_INT64, &o->frames, "End after N frames",
        "N" },
    { "size", 0, 0, G_OPTION_ARG_STRING, &o->size,
        "Size to ask a camera or 'test' for", "WxH" },
    { "fps", 0, 0, G_OPTION_ARG_DOUBLE, &o->fps,
        "Frames a second to ask a camera or 'test' for", "N" },
    { "overlay", 0, 0, G_OPTION_ARG_STRING, &o->overlay,
        "none, fill, contour or both (default: contour)", "NAME" },
    { "no-count", 0, 0, G_OPTION_ARG_NONE, &o->no_count,
        "Do not write the number of nuclei into the picture", NULL },
    { "sink", 0, 0, G_OPTION_ARG_STRING, &o->sink,
        "Show frames through this GStreamer element, beside a recording too "
        "(default without --record: autovideosink)",
        "ELEMENT" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet,
        "Print neither progress nor a summary", NULL },
    { NULL },
  };

  o->frames = NO_FRAMES;
  o->fps = NO_FPS;
  if (!tool_parse (argc, argv, "SOURCE",
          "Finds nuclei in a stream and shows or records it with an overlay.\n"
          "SOURCE is a camera (/dev/video0), a video or image file, an "
          "address\n(rtsp://...) or 'test', a synthetic microscope. Ctrl-C "
          "ends it cleanly.",
          entries, &o->model, &rest))
    return FALSE;
  if (!rest || g_strv_length (rest) != 1) {
    tool_message (rest ? "one SOURCE expected, not %u" : "no SOURCE given",
        rest ? g_strv_length (rest) : 0);
    g_printerr ("Try 'nucseg watch --help'.\n");
    return FALSE;
  }
  o->source = g_strdup (rest[0]);
  if (!check (o))
    return FALSE;
  o->frames = MAX (o->frames, 0);
  o->fps = MAX (o->fps, 0);
  if (!o->codec)
    o->codec = g_strdup ("jpeg");
  return TRUE;
}

void
tool_watch_options_clear (ToolWatchOptions *o)
{
  gchar *texts[] = { o->source, o->record, o->codec, o->jsonl, o->snapshot,
    o->sink, o->size, o->overlay };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  tool_model_options_clear (&o->model);
}
