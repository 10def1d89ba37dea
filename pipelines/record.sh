#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Records annotated video from a 12-bit camera. The picture is stretched to what
# the eye can see; -e finishes the file when Ctrl-C ends it.
gst-launch-1.0 -e nuctestsrc num-buffers=100 ! video/x-raw,format=GRAY16_LE \
  ! nucsegfilter significant-bits=12 ! videoconvert ! jpegenc quality=90 \
  ! matroskamux ! filesink location=nuclei.mkv
