#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Watches a live source with contours, tinted nuclei and their number. In place
# of nuctestsrc, the synthetic microscope, put your camera: v4l2src ! videoconvert,
# or aravissrc for GigE Vision and USB3 Vision.
gst-launch-1.0 nuctestsrc ! nucsegfilter overlay=both draw-count=true \
  ! queue ! videoconvert ! autovideosink
