#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Keeps the raw frames losslessly while the annotated ones are on the screen. The
# queue in front of the file may grow, the one in front of the screen may not.
gst-launch-1.0 -e nuctestsrc ! video/x-raw,format=GRAY8 ! tee name=frames \
  frames. ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=10000000000 \
    ! matroskamux ! filesink location=raw.mkv \
  frames. ! queue max-size-buffers=2 leaky=downstream \
    ! nucsegfilter ! queue ! videoconvert ! autovideosink
