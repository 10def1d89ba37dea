/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch.h: the parts of `nucseg watch`: where frames come from, where they go,
 * and what is noted of each.
 */
#ifndef NUCSEG_TOOL_WATCH_H
#define NUCSEG_TOOL_WATCH_H

#include <stdio.h>
#include "command.h"
#include "histogram.h"
#include "output.h"

G_BEGIN_DECLS

/**
 * ToolWatchOptions:
 *
 * The command line. Texts that were not given are NULL, numbers 0.
 */
typedef struct {
  ToolModelOptions model;
  gchar *source, *record, *codec, *jsonl, *snapshot, *sink;
  gchar *size, *overlay;
  gdouble fps;
  gint64 frames;
  gboolean no_count, quiet;
  gint width, height; /* from size */
} ToolWatchOptions;

/* --- watch-options.c ---------------------------------------------------- */

/* FALSE after a message: the command line is wrong. */
gboolean tool_watch_parse (ToolWatchOptions *options, int argc, char **argv);
void tool_watch_options_clear (ToolWatchOptions *options);

/* --- watch-source.c ----------------------------------------------------- */

typedef enum {
  TOOL_SOURCE_TEST, /* nuctestsrc */
  TOOL_SOURCE_CAMERA, /* a V4L2 device */
  TOOL_SOURCE_FILE, /* a video file */
  TOOL_SOURCE_IMAGE, /* an image file */
  TOOL_SOURCE_URI /* what uridecodebin reads: RTSP and others */
} ToolSourceKind;

/**
 * tool_source_kind:
 * @source: what the user gave
 * @kind: (out): what it is
 * @error: NUCSEG_ERROR_NOT_FOUND, NUCSEG_ERROR_UNSUPPORTED
 */
gboolean
tool_source_kind (const gchar *source, ToolSourceKind *kind, GError **error);

/**
 * tool_source_add:
 * @bin: the pipeline
 * @kind: of the source
 * @options: source, size, fps
 * @still: TRUE: an image is repeated, as a window needs it
 * @error: return location
 *
 * Adds and links all elements up to raw video.
 *
 * Returns: (transfer none) (nullable): the last of them; it belongs to @bin
 */
GstElement *tool_source_add (GstBin *bin, ToolSourceKind kind,
    const ToolWatchOptions *options, gboolean still, GError **error);

/* --- watch-files.c ------------------------------------------------------ */

/* The files that are written from the first frame on; NULL: not asked for. */
typedef struct {
  ToolOutput *record, *jsonl;
} ToolWatchFiles;

/* Opens what the options ask for; with what is read they are checked against
 * each other. G_OPTION_ERROR, NUCSEG_ERROR_IO. What is open already when it
 * fails, tool_files_abandon() closes. */
gboolean tool_files_open (ToolWatchFiles *files,
    const ToolWatchOptions *options, ToolSourceKind kind, GError **error);

/* The end of a run that had frames. */
gboolean tool_files_commit (ToolWatchFiles *files, GError **error);

/* The end of any other: what frames were written to stays. */
void tool_files_abandon (ToolWatchFiles *files);

/* --- watch-sink.c ------------------------------------------------------- */

/* Adds and links an encoder, a multiplexer and @file after @from. The file is
 * published with its first bytes, and must outlive the pipeline's playing. */
gboolean tool_sink_add_recorder (GstBin *bin, GstElement *from,
    const gchar *codec, ToolOutput *file, GError **error);

/* Adds and links the window after @from. */
gboolean tool_sink_add_window (GstBin *bin, GstElement *from,
    const ToolWatchOptions *options, GError **error);

/* Names of the codecs, for messages. */
#define TOOL_CODECS "jpeg, vp8, h264, theora or ffv1"
gboolean tool_codec_is_known (const gchar *codec);

/* --- watch-frames.c ----------------------------------------------------- */

/**
 * ToolFrames:
 *
 * What is noted of the frames, by probes around nucsegfilter. The streaming
 * thread writes it; others read it under the lock.
 */
typedef struct {
  GMutex lock;
  guint64 limit; /* frames after which the stream ends; 0: none */
  guint64 seen; /* frames that entered */
  guint64 n; /* frames that came out */
  guint64 inferred, nuclei;
  guint last_nuclei;
  gint64 first_out, last_out; /* monotonic microseconds */
  gint64 entered;
  ToolHistogram latency, delay; /* in the element; since capture */
  gchar *backend, *precision;
  FILE *jsonl; /* borrowed */
  ToolOutput *jsonl_file; /* what it belongs to, published with its first line;
                             NULL for standard output; borrowed */
  int jsonl_errno; /* of the first write that failed */
  GError *error; /* frames without metadata */
  gboolean keep_last;
  GstSample *last; /* the last picture, for the snapshot */
  GstElement *pipeline; /* its clock, borrowed */
  GstElement *filter; /* nucsegfilter, borrowed */
  GstPad *entrance; /* of it */
  gboolean enough; /* the stream is being ended */
  gboolean live;
} ToolFrames;

/* Puts the probes on @filter. @frames is all zero but for its limit, jsonl,
 * jsonl_file and keep_last, and must outlive the pipeline's playing. */
void tool_frames_attach (
    ToolFrames *frames, GstElement *pipeline, GstElement *filter);

/* Ends the stream behind the frame that is in work (from any thread). */
void tool_frames_stop (ToolFrames *frames);
void tool_frames_clear (ToolFrames *frames);

/* Prints what is noted, of one frame at least. */
void tool_frames_print_summary (const ToolFrames *frames);

/* Writes the last picture as a PNG. */
gboolean tool_frames_write_snapshot (
    ToolFrames *frames, const gchar *path, GError **error);

/* --- watch-pipeline.c --------------------------------------------------- */

/* A run. */
typedef struct {
  ToolWatchOptions o;
  ToolSourceKind kind;
  ToolFrames frames;
  ToolWatchFiles files;
  GstElement *pipeline;
  GstElement *intake; /* the queue before the network */
  GMainLoop *loop;
  guint signals; /* how often the user asked to end */
  guint silent; /* times that no frame came since */
  guint64 n_before;
  gchar *missing; /* what a plug-in is missing for */
  GError *error;
} ToolWatch;

/* Makes the pipeline and all of its elements. NUCSEG_ERROR_NOT_FOUND,
 * NUCSEG_ERROR_UNSUPPORTED. */
gboolean tool_watch_build (ToolWatch *watch, GError **error);

/* Once it is known whether the source is live: what may wait in front of the
 * network. A recording must not lose a frame, so
 * what a camera gives may pile up there. In a live window old frames make room
 * for new ones. Files, and the test source when it is recorded, can wait. */
void tool_watch_set_intake (ToolWatch *watch);

G_END_DECLS

#endif /* NUCSEG_TOOL_WATCH_H */
