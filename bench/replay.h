/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay.h: frames of nuctestsrc that are drawn once, and a source that plays
 * them again and again: drawing one takes longer than what is timed, and a GPU
 * that waits for frames lowers its clocks. */
#ifndef NUCSEG_BENCH_REPLAY_H
#define NUCSEG_BENCH_REPLAY_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _BenchFrames BenchFrames;

/**
 * bench_frames_new:
 * @format: as GStreamer calls it
 * @size: pixels a side
 * @n: how many are wanted; fewer where they are large, 4 at least
 * @error: return location
 *
 * Draws frames whose nuclei move from one to the next.
 *
 * Returns: (nullable): free with bench_frames_free()
 */
BenchFrames *bench_frames_new (
    const gchar *format, const gchar *size, guint n, GError **error);
void bench_frames_free (BenchFrames *frames);

/* Makes the element benchreplay known, which copies one frame after the other
 * into buffers of the pool that is proposed to it, as a camera would. */
gboolean bench_replay_register (void);

/* What benchreplay @element plays; before it starts, and it must not outlive
 * @frames. */
void bench_replay_set_frames (GstElement *element, BenchFrames *frames);

/**
 * bench_replay_set_camera:
 * @element: a benchreplay that hasn't started
 * @rate: frames a second, at least 1
 * @n_frames: in how many of them it ends
 * @offset: the first of the drawn frames, so that cameras differ
 *
 * Makes it a camera: frames come when the pipeline's clock says so, and those
 * that nobody takes until four wait are lost; @n_frames less those that come
 * are how many.
 */
void bench_replay_set_camera (
    GstElement *element, gint rate, guint64 n_frames, guint offset);

/* Ends all streams of benchreplay, now and later; may be called by a signal's
 * handler. */
void bench_replay_stop (void);
gboolean bench_replay_is_stopped (void);

G_END_DECLS

#endif /* NUCSEG_BENCH_REPLAY_H */
