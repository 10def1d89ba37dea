#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Annotates a video file that was recorded earlier, without an overlay.
gst-launch-1.0 filesrc location=raw.mkv ! decodebin ! videoconvert \
  ! nucsegfilter overlay=contour contour-color=0xffff00 ! videoconvert \
  ! jpegenc ! matroskamux ! filesink location=annotated.mkv
