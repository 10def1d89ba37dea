/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-shot.h: frames of nuctestsrc with their truth, pixel by pixel.
 */
#ifndef TESTS_ELEMENTS_TESTSRC_SHOT_H
#define TESTS_ELEMENTS_TESTSRC_SHOT_H

#include "testsrc-support.h"

#define CAPS8 "video/x-raw,format=GRAY8,width=301,height=257,framerate=25/1"
#define CAPS16                                                                 \
  "video/x-raw,format=GRAY16_LE,width=301,height=257,framerate=25/1"

/* A frame with its truth, mapped. */
typedef struct {
  GstBuffer *buffer;
  GstVideoInfo info;
  GstVideoFrame frame;
  NucsegMasks truth;
} Shot;

static inline void
shot_pull (Shot *shot, GstHarness *h)
{
  GstCaps *caps;

  shot->buffer = gst_harness_pull (h);
  g_assert_nonnull (shot->buffer);
  caps = gst_pad_get_current_caps (h->sinkpad);
  g_assert_true (gst_video_info_from_caps (&shot->info, caps));
  gst_caps_unref (caps);
  g_assert_true (gst_video_frame_map (
      &shot->frame, &shot->info, shot->buffer, GST_MAP_READ));
  g_assert_true (
      nucseg_masks_map (shot->buffer, NUCSEG_TRUTH_META_NAME, &shot->truth));
}

static inline void
shot_free (Shot *shot)
{
  nucseg_masks_unmap (&shot->truth);
  gst_video_frame_unmap (&shot->frame);
  gst_buffer_unref (shot->buffer);
}

static inline guint
label_at (const Shot *shot, gint x, gint y)
{
  return x < 0 || y < 0 || x >= shot->truth.width || y >= shot->truth.height
      ? 0
      : shot->truth.labels[(gsize) y * shot->truth.width + x];
}

#endif /* TESTS_ELEMENTS_TESTSRC_SHOT_H */
