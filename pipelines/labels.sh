#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes the label map of each frame as a 16-bit PNG (0 background, 1..n nuclei),
# which ImageJ, CellProfiler, napari and tracking programs read.
gst-launch-1.0 nuctestsrc num-buffers=20 is-live=false \
  ! nucsegfilter overlay=none ! nucsegmask ! video/x-raw,format=GRAY16_LE \
  ! videoconvert ! video/x-raw,format=GRAY16_BE ! pngenc \
  ! multifilesink location=labels-%05d.png
